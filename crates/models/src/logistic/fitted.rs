//! What a fit of logistic regression returns.

use std::fmt;

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Tensor};
use wonderland_optim::Stop;

use crate::Result;
use crate::classes::{check_columns, scores};

/// Why a fit stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FitStop {
    /// The gradient met its tolerance.
    Gradient,
    /// The arithmetic allows no better point.
    Precision,
    /// No lower point was found although the gradient is not small.
    Stalled,
    /// The iterations ran out.
    Iterations,
    /// The observer asked to stop.
    Observer,
    /// The classes are separable and nothing bounds the coefficients: there is
    /// no optimum. The model gets every training row right, but its
    /// probabilities mean nothing; set `l2` above 0.
    Separable,
    /// The gradient fades, but along a ray that no penalty bounds: classes that
    /// are separable but for ties have no optimum either. Coefficients along the
    /// ray mean nothing; set `l2` above 0.
    Unbounded,
}

impl FitStop {
    /// Whether the fit reached the optimum.
    #[must_use]
    pub fn converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Precision)
    }
}

impl From<Stop> for FitStop {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Gradient | Stop::Step => Self::Gradient,
            Stop::Precision => Self::Precision,
            Stop::Stalled => Self::Stalled,
            Stop::Observer => Self::Observer,
            _ => Self::Iterations,
        }
    }
}

impl fmt::Display for FitStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gradient => "the gradient met its tolerance",
            Self::Precision => "no step lowers the objective further in floating point",
            Self::Stalled => "no lower point was found, but the gradient is not small",
            Self::Iterations => "the iterations ran out",
            Self::Observer => "stopped from outside",
            Self::Separable => {
                "the classes are separable and no penalty bounds the coefficients: give one above 0"
            }
            Self::Unbounded => {
                "the classes are separable but for ties and no penalty bounds the coefficients: give one above 0"
            }
        })
    }
}

/// A fitted logistic regression: P(class | x) = softmax(xW + b).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLogisticRegression {
    /// W ~ (c, m); its rows have mean 0.
    pub coefficients: Tensor,
    /// b ~ (m), of mean 0; zeros when none was fitted.
    pub intercept: Vec<f64>,
    /// Whether an intercept was fitted.
    pub has_intercept: bool,
    /// The penalty of the objective.
    pub l2: f64,
    /// The minimum: mean cross-entropy + (l2/2)‖W‖².
    pub objective: f64,
    /// Largest entry of the gradient in the scaled parameters.
    pub gradient_norm: f64,
    /// Iterations of the solver.
    pub iterations: usize,
    /// Passes over the data for the objective and its gradient.
    pub evaluations: usize,
    /// Why the solver stopped.
    pub stop: FitStop,
}

impl FittedLogisticRegression {
    /// Number of classes m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.intercept.len()
    }

    /// The logits xW + b (notes §4.2.2).
    ///
    /// Each row is summed in the same fixed order, so a row alone gives the same
    /// bits as among others, whatever the strides of X.
    ///
    /// # Shapes
    /// X ~ (n, c), returns (n, m).
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`](crate::Error::ColumnMismatch), NaN or infinities in X, and
    /// [`Error::Overflow`](crate::Error::Overflow) when a logit is beyond the number range.
    pub fn decision(&self, X: MatRef<'_, f64>) -> Result<Tensor> {
        check_columns(X, self.coefficients.nrows())?;
        scores(X, &self.coefficients, &self.intercept)
    }

    /// The probability of each class.
    ///
    /// # Shapes
    /// X ~ (n, c), returns (n, m), rows summing to 1.
    ///
    /// # Errors
    /// As [`decision`](Self::decision).
    pub fn predict_proba(&self, X: MatRef<'_, f64>) -> Result<Tensor> {
        let mut proba = self.decision(X)?;
        let m = self.n_classes();
        proba.as_mut_slice().chunks_exact_mut(m).for_each(wonderland_losses::softmax_in_place);
        Ok(proba)
    }

    /// The most likely class of each row; of equal ones the first.
    ///
    /// # Errors
    /// As [`decision`](Self::decision).
    pub fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<usize>> {
        Ok(wonderland_losses::argmax_rows(self.decision(X)?.as_mat())?)
    }
}

impl fmt::Display for FittedLogisticRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "logistic regression, {} columns, {} classes",
            self.coefficients.nrows(),
            self.n_classes()
        )?;
        writeln!(
            f,
            "objective {:.10} = mean cross-entropy + ({:e}/2) ‖W‖²",
            self.objective, self.l2
        )?;
        write!(f, "{} iterations: {}", self.iterations, self.stop)
    }
}
