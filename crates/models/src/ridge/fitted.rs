//! A fitted ridge regression.

use std::fmt;

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Scalar};

use super::LambdaChoice;
use crate::affine::predict;
use crate::{Error, Result};

/// A fitted ridge regression.
///
/// There are no standard errors: the penalty biases every coefficient towards
/// 0, by an amount that no formula for their scatter would show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Scalar"), deny_unknown_fields)]
pub struct FittedRidge<T: Scalar = f64> {
    /// w ~ (c).
    pub coefficients: Vec<T>,
    /// b; 0 when none was fitted.
    pub intercept: T,
    /// Whether an intercept was fitted.
    pub has_intercept: bool,
    /// Rows with a positive weight.
    pub n_samples: usize,
    /// The penalty's strength.
    pub lambda: f64,
    /// How it was chosen, if it was not given.
    pub choice: Option<LambdaChoice>,
    /// Σ sᵢ (yᵢ − ŷᵢ)².
    pub residual_ss: f64,
    /// The minimum of the objective: residual_ss + λ‖w‖².
    pub minimum: f64,
    /// Trace of the map from y to ŷ: between the intercept's 1 and the number of
    /// columns.
    pub effective_df: f64,
}

impl<T: Scalar> FittedRidge<T> {
    /// ŷ = Xw + 1b ~ (n).
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`], non-finite X, or [`Error::Overflow`] when a
    /// prediction is beyond the number range.
    pub fn predict(&self, X: MatRef<'_, T>) -> Result<Vec<T>> {
        predict(X, &self.coefficients, self.intercept)
    }

    /// ŷ = xᵀw + b of one row; bit for bit what [`predict`](Self::predict) gives.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_row(&self, x: &[T]) -> Result<T> {
        Ok(self.predict(MatRef::from_row_major_slice(x, 1, x.len()))?[0])
    }

    /// Whether the parts fit together and every number is finite: what a model
    /// from a file has to show before it is used.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] with the first contradiction.
    pub fn check(&self) -> Result<()> {
        let finite = self.coefficients.iter().all(|w| w.is_finite()) && self.intercept.is_finite();
        let path = self.choice.iter().flat_map(|choice| &choice.path);
        let not_negative = [self.lambda, self.residual_ss, self.minimum, self.effective_df]
            .into_iter()
            .chain(path.clone().map(|point| point.lambda))
            .chain(path.filter_map(|point| point.rmse))
            .all(|v| v.is_finite() && v >= 0.0);
        let why = match () {
            () if !finite => "a coefficient is not finite",
            () if !not_negative => "its penalty or an error is negative or not finite",
            () if self.n_samples == 0 => "it was fitted on no rows",
            () if !self.has_intercept && self.intercept != T::ZERO => {
                "an intercept that was not fitted"
            }
            () => return Ok(()),
        };
        Err(Error::Inconsistent { model: "ridge", why })
    }
}

impl<T: Scalar> fmt::Display for FittedRidge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ridge regression of {} columns on {} rows, λ = {:.6e}, {:.1} effective degrees of freedom",
            self.coefficients.len(),
            self.n_samples,
            self.lambda,
            self.effective_df
        )
    }
}
