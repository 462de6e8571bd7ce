//! Ridge regression (notes §4.1.6): least squares with a penalty on the size of
//! the coefficients, its strength given or chosen by cross-validation.
//!
//! The notes write LS-Reg with factors 2/n and λ/2 but solve
//! (XᵀX + λI)⁻¹Xᵀy; that closed form minimises ‖y − Xw − 1b‖² + λ‖w‖², which is
//! the one objective here. The intercept b is never penalised.

mod choice;
mod fitted;
#[cfg(test)]
mod tests;

use wonderland_linalg::{LeastSquares, MatRef, RidgePath, Scalar, Team, Tensor};

use crate::affine::{as_column, predict};
use crate::regression::{check_weights, root_mean_square};
use crate::{Error, Result};
pub use choice::{Lambda, LambdaChoice, PathPoint};
pub use fitted::FittedRidge;

/// Ridge regression: minimises ‖y − Xw − 1b‖² + λ‖w‖², or
/// Σ sᵢ (yᵢ − xᵢᵀw − b)² + λ‖w‖² with sample weights s.
///
/// The penalty treats all coefficients alike, so columns should be of like
/// scale: standardise them first, as a pipeline does.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::{Lambda, Ridge};
/// // w = xᵀy / (xᵀx + λ) = 10 / (2 + 3) without an intercept.
/// let X = Tensor::from_rows(&[[1.0], [1.0]]);
/// let ridge = Ridge { lambda: Lambda::Given(3.0), intercept: false, ..Ridge::default() };
/// let fit = ridge.fit(X.as_mat(), &[4.0, 6.0])?;
/// assert_eq!(fit.coefficients, [2.0]);
/// // The minimum: (4 − 2)² + (6 − 2)² + 3 · 2².
/// assert!((fit.minimum - 32.0).abs() < 1e-13);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// λ, or how it is chosen.
    pub lambda: Lambda,
    /// The values of λ to choose from; `None` is [`Ridge::default_path`].
    pub path: Option<Vec<f64>>,
    /// Whether an intercept b is fitted; without it b = 0.
    pub intercept: bool,
}

impl Default for Ridge {
    /// λ by leave-one-out along the default path, with an intercept.
    fn default() -> Self {
        Self { lambda: Lambda::LeaveOneOut, path: None, intercept: true }
    }
}

impl Ridge {
    /// Fits w and b, after choosing λ if it is not given.
    ///
    /// # Shapes
    /// X ~ (n, c), y ~ (n).
    ///
    /// # Errors
    /// [`Error::LengthMismatch`]; [`Error::InvalidSetting`] for a λ that is
    /// negative or not finite, an empty path, fewer than 2 folds or more folds
    /// than rows; [`Error::NoChoice`] when no λ can be judged; those of
    /// [`LeastSquares::solve`].
    ///
    /// # Numerics
    /// For the chosen λ the solution is refined to an ulp or so, as in
    /// [`LinearRegression`](crate::LinearRegression); with more columns than
    /// rows it is that of the dual problem, backward stable. All λ of a path
    /// share one factorisation (one per fold with folds).
    ///
    /// # References
    /// Notes §4.1.6; Golub, Heath and Wahba 1979 for leave-one-out and its
    /// generalised form.
    pub fn fit<T: Scalar>(&self, X: MatRef<'_, T>, y: &[T]) -> Result<FittedRidge<T>> {
        self.fit_by(Team::alone(), X, y, None)
    }

    /// Fits with one weight s ≥ 0 per row.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), and weights that are negative, not finite or
    /// all zero.
    pub fn fit_weighted<T: Scalar>(
        &self,
        X: MatRef<'_, T>,
        y: &[T],
        weights: &[T],
    ) -> Result<FittedRidge<T>> {
        self.fit_by(Team::alone(), X, y, Some(weights))
    }

    /// The same on the threads of a
    /// [`Threads::run`](wonderland_linalg::Threads::run), weighted or not; any
    /// number of threads gives the same bits.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_by<T: Scalar>(
        &self,
        team: Team,
        X: MatRef<'_, T>,
        y: &[T],
        weights: Option<&[T]>,
    ) -> Result<FittedRidge<T>> {
        let s: Option<Vec<f64>> = weights.map(|w| w.iter().map(|w| w.to_f64()).collect());
        if let Some(s) = &s {
            check_weights(s, X.nrows())?;
        }
        let Y = as_column(X, y)?;
        let (lambda, choice) = self.choose(team, X, y, weights)?;
        let solved = self.solve(team, X, Y, weights, lambda)?;

        let errors = residuals(X, y, &solved)?;
        let n_samples = s.as_ref().map_or(y.len(), |s| s.iter().filter(|s| **s > 0.0).count());
        let total: f64 = s.as_ref().map_or(y.len() as f64, |s| s.iter().sum());
        // Σ s r² from the root mean square: it overflows only if it must.
        let residual_ss = (root_mean_square(&errors, s.as_deref()) * total.sqrt()).powi(2);
        let penalty = solved.w.iter().map(|w| w.to_f64() * w.to_f64()).sum::<f64>() * lambda;
        let minimum = residual_ss + penalty;
        if !minimum.is_finite() {
            return Err(Error::Overflow { what: "the penalised sum of squared residuals" });
        }
        Ok(FittedRidge {
            coefficients: solved.w,
            intercept: solved.b,
            has_intercept: self.intercept,
            n_samples,
            lambda,
            choice,
            residual_ss,
            minimum,
            effective_df: solved.effective_df,
        })
    }

    /// The λ that are tried by default: from 1e-7 to 1e3 times the mean square
    /// length of the centred columns, three to each power of ten.
    #[must_use]
    pub fn default_path<T: Scalar>(&self, X: MatRef<'_, T>) -> Vec<f64> {
        let scale = choice::mean_square_length(X, self.intercept);
        (-21..=9).map(|k| scale * 10.0_f64.powf(f64::from(k) / 3.0)).collect()
    }

    fn solve<T: Scalar>(
        &self,
        team: Team,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
        lambda: f64,
    ) -> Result<Solved<T>> {
        if X.ncols() + usize::from(self.intercept) > X.nrows() {
            let path = RidgePath::new_by(team, X, Y, weights, self.intercept)?;
            let solution = path.solve(lambda)?;
            return Ok(Solved {
                b: solution.intercept[0],
                w: solution.coefficients.into_vec(),
                effective_df: path.effective_df(lambda)?,
            });
        }
        let solver =
            LeastSquares { intercept: self.intercept, l2: lambda, ..LeastSquares::default() };
        let solution = solver.solve_by(team, X, Y, weights)?;
        Ok(Solved {
            b: solution.intercept[0],
            effective_df: solution.effective_df,
            w: solution.coefficients.into_vec(),
        })
    }
}

/// One solution.
struct Solved<T> {
    w: Vec<T>,
    b: T,
    effective_df: f64,
}

/// y − ŷ of the fitted rows.
fn residuals<T: Scalar>(X: MatRef<'_, T>, y: &[T], solved: &Solved<T>) -> Result<Vec<f64>> {
    let y_hat = predict(X, &solved.w, solved.b)?;
    Ok(y.iter().zip(&y_hat).map(|(y, y_hat)| y.to_f64() - y_hat.to_f64()).collect())
}

/// The given rows of a matrix, copied.
fn rows_of<T: Scalar>(X: MatRef<'_, T>, rows: &[usize]) -> Tensor<T> {
    Tensor::from_fn(rows.len(), X.ncols(), |i, j| X[(rows[i], j)])
}
