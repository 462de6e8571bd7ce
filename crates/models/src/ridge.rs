//! Ridge regression (notes §4.1.6): least squares with a penalty on the size of
//! the coefficients, its strength given or chosen by cross-validation.
//!
//! The notes write LS-Reg with factors 2/n and λ/2 but solve
//! (XᵀX + λI)⁻¹Xᵀy; that closed form minimises ‖y − Xw − 1b‖² + λ‖w‖², which is
//! the one objective here. The intercept b is never penalised.

mod choice;
mod fitted;
mod memory;
#[cfg(test)]
mod tests;

use wonderland_linalg::{LeastSquares, LeastSquaresSolver, MatRef, Scalar, Team};

use crate::affine::{as_column, predict_into};
use crate::regression::{check_weights, root_mean_square};
use crate::{Error, Result, Workspace};
pub use choice::{Lambda, LambdaChoice, PathPoint};
pub use fitted::FittedRidge;
pub(crate) use memory::Memory;
use memory::{Paths, Rows};

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
        self.fit_with(&mut Workspace::default(), team, X, y, weights)
    }

    /// The same in memory that is kept for the next fit; but with more columns than
    /// rows, folds and all rows have factors of unlike shapes, which are allocated.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_with<T: Scalar>(
        &self,
        workspace: &mut Workspace<T>,
        team: Team,
        X: MatRef<'_, T>,
        y: &[T],
        weights: Option<&[T]>,
    ) -> Result<FittedRidge<T>> {
        let Workspace { least_squares, ridge: memory, .. } = workspace;
        let Memory { s, y_hat, choice, paths } = memory;
        s.clear();
        s.extend(weights.into_iter().flatten().map(|w| w.to_f64()));
        let s = weights.map(|_| &s[..]);
        if let Some(s) = s {
            check_weights(s, X.nrows())?;
        }
        let rows = Rows { team, X, y, Y: as_column(X, y)?, weights, s };
        let (lambda, chosen) = self.choose(&rows, paths, choice)?;
        let solved = self.solve(&rows, paths, least_squares, lambda)?;

        predict_into(y_hat, X, &solved.w, solved.b)?;
        let error = |i: usize| y[i].to_f64() - y_hat[i].to_f64();
        let n_samples = s.map_or(y.len(), |s| s.iter().filter(|s| **s > 0.0).count());
        let total: f64 = s.map_or(y.len() as f64, |s| s.iter().sum());
        // Σ s r² from the root mean square: it overflows only if it must.
        let residual_ss = (root_mean_square(y.len(), error, s) * total.sqrt()).powi(2);
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
            choice: chosen,
            residual_ss,
            minimum,
            effective_df: solved.effective_df,
        })
    }

    /// The λ that are tried by default: from 1e-7 to 1e3 times the mean square
    /// length of the centred columns, three to each power of ten.
    #[must_use]
    pub fn default_path<T: Scalar>(&self, X: MatRef<'_, T>) -> Vec<f64> {
        self.path_of(X, &mut Vec::new())
    }

    /// The same, with room for a column.
    fn path_of<T: Scalar>(&self, X: MatRef<'_, T>, column: &mut Vec<f64>) -> Vec<f64> {
        let scale = choice::mean_square_length(X, self.intercept, column);
        (-21..=9).map(|k| scale * 10.0_f64.powf(f64::from(k) / 3.0)).collect()
    }

    fn solve<T: Scalar>(
        &self,
        rows: &Rows<'_, T>,
        paths: &mut Paths<T>,
        solver: &mut LeastSquaresSolver<T>,
        lambda: f64,
    ) -> Result<Solved<T>> {
        if rows.X.ncols() + usize::from(self.intercept) > rows.X.nrows() {
            // Unless it was that of these rows already.
            if matches!(self.lambda, Lambda::Given(_) | Lambda::Folds { .. }) {
                paths.renew(rows, self.intercept)?;
            }
            let Paths { path, solution, .. } = paths;
            path.solve_into(solution, lambda)?;
            return Ok(Solved {
                b: solution.intercept[0],
                w: solution.coefficients.as_slice().to_vec(),
                effective_df: path.effective_df(lambda)?,
            });
        }
        solver.settings =
            LeastSquares { intercept: self.intercept, l2: lambda, ..LeastSquares::default() };
        let solution = solver.solve(rows.team, rows.X, rows.Y, rows.weights)?;
        Ok(Solved {
            b: solution.intercept[0],
            effective_df: solution.effective_df,
            w: solution.coefficients.as_slice().to_vec(),
        })
    }
}

/// One solution.
struct Solved<T> {
    w: Vec<T>,
    b: T,
    effective_df: f64,
}
