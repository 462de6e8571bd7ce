//! Linear least squares (notes §4.1.3 and §4.1.4): min ‖√w ∘ (y − Xw − 1b)‖².
//!
//! One sweep finds the triangular factor of the scaled design, the rank is
//! decided on that small factor, and sweeps with twofold residuals polish the
//! solution until it is that of the given floats, rounded.

mod absorb;
mod condition;
mod design;
mod gram_route;
mod householder;
mod load;
mod min_norm;
mod normal_equations;
mod panel;
mod refine;
mod ridge_path;
mod rows;
mod scratch;
mod solver;
mod sweep;
mod tsqr;

pub use normal_equations::NormalEquations;
pub use ridge_path::{RidgePath, RidgeSolution};
pub use solver::LeastSquaresSolver;

use faer::MatRef;

use crate::scale::ldexp;
use crate::{Error, Result, Scalar, Team, Tensor};
use householder::PivotedFactor;
pub(crate) use householder::{dot, reflect, reflector};
pub(crate) use load::{pack_rows, transpose_tile};
pub(crate) use panel::add_gram;
pub(crate) use rows::pack_columns;

/// Settings of a least-squares solve.
///
/// # Examples
/// ```
/// use wonderland_linalg::{LeastSquares, Tensor};
/// // y = 1 + 2x, exactly.
/// let X = Tensor::from_rows(&[[0.0], [1.0], [2.0]]);
/// let y = Tensor::from_rows(&[[1.0], [3.0], [5.0]]);
/// let fit = LeastSquares { intercept: true, ..Default::default() }.solve(X.as_mat(), y.as_mat())?;
/// assert_eq!(fit.coefficients[[0, 0]], 2.0);
/// assert_eq!(fit.intercept, [1.0]);
/// assert_eq!(fit.rank, 2);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LeastSquares {
    /// Fit an intercept, as a column of ones in front of X. Centring X instead
    /// would lose digits whenever a column's mean is large beside its spread.
    pub intercept: bool,
    /// A column is dependent on others when what they leave of it is at most
    /// this fraction of its length; `None` takes 4 ε √p for p columns, the
    /// level at which the rounding of the data itself drowns what is left.
    pub rank_tol: Option<f64>,
    /// λ ≥ 0 of the penalty λ‖w‖² (ridge, notes §4.1.6); the intercept stays
    /// free. For many values of λ, or many more columns than rows, take
    /// [`RidgePath`](crate::RidgePath).
    pub l2: f64,
    /// The route to take; by default the fastest that is safe.
    pub route: Route,
}

/// How a solution is to be found, and how it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Route {
    /// [`Gram`](Route::Gram) where the condition proves it safe, else
    /// [`Qr`](Route::Qr) or [`MinNorm`](Route::MinNorm); never what a solution
    /// reports.
    #[default]
    Auto,
    /// XᵀX and its Cholesky factor, refined to the same digits as the others.
    /// On request as [`Auto`](Route::Auto): it is left when it is not safe.
    Gram,
    /// QR of the scaled design in blocks of rows, columns pivoted on the factor.
    Qr,
    /// [`NormalEquations`], added up block by block; never taken by
    /// [`LeastSquares`], where it stands for [`Auto`](Route::Auto).
    NormalEquations,
    /// The same as [`Qr`](Route::Qr), completed to the minimum-norm solution of a rank-deficient design.
    MinNorm,
}

/// What [`LeastSquares::solve`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquaresSolution<T: Scalar = f64> {
    /// Coefficients ~ (c, k), one column per target.
    pub coefficients: Tensor<T>,
    /// Intercept of each target; zero when none was fitted.
    pub intercept: Vec<T>,
    /// Whether an intercept was fitted.
    pub has_intercept: bool,
    /// Number of independent columns, the intercept's included.
    pub rank: usize,
    /// Number of columns, the intercept's included.
    pub n_columns: usize,
    /// Number of rows with a positive weight.
    pub n_samples: usize,
    /// Effective degrees of freedom, the trace of the map from y to ŷ; the
    /// rank when nothing is penalised.
    pub effective_df: f64,
    /// Estimate of the condition number κ₂ of the independent columns of
    /// √w ∘ \[1 X\] as given.
    pub condition: f64,
    /// The same with every column scaled to a length near 1: what rounding
    /// errors depend on.
    pub scaled_condition: f64,
    /// (Σ w r²)^½ of each target.
    pub residual_norm: Vec<f64>,
    /// Square roots of the diagonal of (AᵀWA)⁻¹ for A = \[1 X\] (the intercept,
    /// when fitted, first): times σ they are the standard errors. `None` for a
    /// rank-deficient design, whose coefficients are not identified, and with a
    /// penalty, which biases them.
    pub unscaled_std_errors: Option<Vec<f64>>,
    /// The route taken.
    pub route: Route,
    /// Why that route.
    pub reason: &'static str,
    /// Sweeps over the data spent on refinement.
    pub refinement_sweeps: usize,
    /// The last correction relative to the solution; far above ε it says that
    /// the problem is too ill-conditioned to be refined.
    pub last_correction: f64,
    factor: PivotedFactor,
    /// Binary exponents of the factor's independent columns, in its order.
    lengths: Vec<i32>,
    weight_exponent: i32,
}

/// Solves min ‖Y − X B‖ without an intercept; see [`LeastSquares::solve`].
///
/// # Errors
/// Those of [`LeastSquares::solve`].
pub fn lstsq<T: Scalar>(X: MatRef<'_, T>, Y: MatRef<'_, T>) -> Result<LeastSquaresSolution<T>> {
    LeastSquares::default().solve(X, Y)
}

impl LeastSquares {
    /// Minimises ‖y − Xw − 1b‖² + λ‖w‖² for every column y of Y.
    ///
    /// When columns are dependent, returns the minimiser with the smallest ‖w‖
    /// (the intercept does not count).
    ///
    /// # Shapes
    /// X ~ (n, c), Y ~ (n, k); coefficients ~ (c, k).
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] for no rows,
    /// [`Error::NonFinite`] for NaN and infinities,
    /// [`Error::InvalidTolerance`], [`Error::InvalidPenalty`], and [`Error::Overflow`] when the solution
    /// exists but exceeds the range of `T`.
    ///
    /// # Numerics
    /// Columns are scaled by powers of two, so scaling rounds nothing; all
    /// arithmetic is in `f64`, also for `f32`; residuals are twofold. As long
    /// as the scaled condition stays below about 10¹⁴ the result is the
    /// solution of the given floats with an error of an ulp or so.
    ///
    /// # References
    /// Notes §4.1.4; Björck 1996, *Numerical Methods for Least Squares Problems*.
    pub fn solve<T: Scalar>(
        &self,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
    ) -> Result<LeastSquaresSolution<T>> {
        self.solve_by(Team::alone(), X, Y, None)
    }

    /// Minimises Σ wᵢ (yᵢ − xᵢᵀw − b)² + λ‖w‖²; rows of weight zero take no part.
    ///
    /// # Errors
    /// Those of [`solve`](LeastSquares::solve), [`Error::InvalidWeight`] for a
    /// negative, infinite or NaN weight, [`Error::NoWeight`] when all are zero.
    pub fn solve_weighted<T: Scalar>(
        &self,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: &[T],
    ) -> Result<LeastSquaresSolution<T>> {
        self.solve_by(Team::alone(), X, Y, Some(weights))
    }

    /// The same, weighted or not, on the threads of a
    /// [`Threads::run`](crate::Threads::run); any number of threads gives the
    /// same bits.
    ///
    /// # Errors
    /// Those of [`solve_weighted`](LeastSquares::solve_weighted).
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::{LeastSquares, Tensor, Threads, column};
    /// let X = Tensor::from_fn(20_000, 2, |i, j| ((i * (3 + j)) as f64).sin());
    /// let y: Vec<f64> = (0..20_000).map(|i| (i as f64).cos()).collect();
    /// let settings = LeastSquares::default();
    /// let alone = settings.solve(X.as_mat(), column(&y))?;
    /// let threads = Threads::new(2)?;
    /// let both = threads.run(|team| settings.solve_by(team, X.as_mat(), column(&y), None))?;
    /// assert_eq!(alone, both);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn solve_by<T: Scalar>(
        &self,
        team: Team,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<LeastSquaresSolution<T>> {
        let mut solver = LeastSquaresSolver::new(*self);
        solver.solve(team, X, Y, weights)?;
        Ok(solver.into_solution())
    }
}

impl<T: Scalar> LeastSquaresSolution<T> {
    /// Σ w r² of target k; infinite when it exceeds the range of `f64`.
    #[must_use]
    pub fn residual_ss(&self, k: usize) -> f64 {
        self.residual_norm[k] * self.residual_norm[k]
    }

    /// n − rank, the degrees of freedom left for the residual.
    #[must_use]
    pub fn df(&self) -> usize {
        self.n_samples.saturating_sub(self.rank)
    }

    /// xᵀ (AᵀWA)⁻¹ x for every row x of \[1 X\]: of the rows that were fitted the
    /// leverages (times their weights), of others the variance of the
    /// prediction in units of σ².
    ///
    /// Of a rank-deficient design only the independent columns count, which
    /// leaves the leverages of the fitted rows unchanged.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when X has not the columns of the fit,
    /// [`Error::NonFinite`] for NaN and infinities.
    pub fn leverage(&self, X: MatRef<'_, T>) -> Result<Vec<f64>> {
        self.check_columns(X)?;
        let mut z = vec![0.0; self.rank];
        Ok((0..X.nrows()).map(|i| self.leverage_of(X, i, &mut z)).collect())
    }

    fn check_columns(&self, X: MatRef<'_, T>) -> Result<()> {
        if X.ncols() + usize::from(self.has_intercept) != self.n_columns {
            return Err(Error::ShapeMismatch {
                op: "leverage",
                left: vec![X.nrows(), X.ncols()],
                right: self.coefficients.shape().to_vec(),
                rule: "X must have one column per coefficient",
            });
        }
        crate::factor::check_finite(X, "X")
    }

    /// That of row i; `z` has room for the independent columns.
    fn leverage_of(&self, X: MatRef<'_, T>, i: usize, z: &mut [f64]) -> f64 {
        let (factor, free) = (&self.factor, usize::from(self.has_intercept));
        for ((z, &j), &e) in z.iter_mut().zip(&factor.order).zip(&self.lengths) {
            let a = if j < free { 1.0 } else { X[(i, j - free)].to_f64() };
            *z = ldexp(a, -e);
        }
        factor.solve_transposed(z);
        ldexp(householder::dot(z, z), -self.weight_exponent)
    }

    /// Exact leave-one-out residuals: yᵢ minus the prediction of the fit
    /// without row i, for the data and weights that were fitted ~ (n, k).
    ///
    /// rᵢ / (1 − wᵢ hᵢ) with the leverage hᵢ; no refit is needed.
    ///
    /// # Errors
    /// Those of [`leverage`](Self::leverage), [`Error::ShapeMismatch`], and
    /// [`Error::Saturated`] when a row alone determines a coefficient.
    pub fn leave_one_out(
        &self,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<Tensor<T>> {
        let mut out = Tensor::zeros(&[0, 0]);
        self.write_left_out(&mut vec![0.0; self.rank], X, Y, weights, &mut out)?;
        Ok(out)
    }

    /// The same into `out`; `z` has room for the independent columns.
    fn write_left_out(
        &self,
        z: &mut [f64],
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
        out: &mut Tensor<T>,
    ) -> Result<()> {
        let n = X.nrows();
        if Y.nrows() != n || Y.ncols() != self.intercept.len() {
            return Err(Error::ShapeMismatch {
                op: "leave-one-out",
                left: vec![n, self.intercept.len()],
                right: vec![Y.nrows(), Y.ncols()],
                rule: "give one row of targets per row of X and the targets of the fit",
            });
        }
        if let Some(w) = weights.filter(|w| w.len() != n) {
            return Err(Error::ShapeMismatch {
                op: "leave-one-out",
                left: vec![n],
                right: vec![w.len()],
                rule: "give one weight per row of X",
            });
        }
        self.check_columns(X)?;
        out.reset(&[n, Y.ncols()]);
        for i in 0..n {
            let leverage = self.leverage_of(X, i, z);
            let left = 1.0 - weights.map_or(1.0, |w| w[i].to_f64()) * leverage;
            if left <= 64.0 * f64::EPSILON {
                return Err(Error::Saturated { row: Some(i) });
            }
            for k in 0..Y.ncols() {
                let fitted: f64 = (0..X.ncols())
                    .map(|j| X[(i, j)].to_f64() * self.coefficients[[j, k]].to_f64())
                    .sum();
                let residual = Y[(i, k)].to_f64() - fitted - self.intercept[k].to_f64();
                out[[i, k]] = T::from_f64(residual / left);
            }
        }
        Ok(())
    }

    /// The maximum-likelihood σ² = (1/n) Σ w r² of target k (notes §4.1.4).
    #[must_use]
    pub fn sigma2(&self, k: usize) -> f64 {
        let s = self.residual_norm[k] / (self.n_samples as f64).sqrt();
        s * s
    }

    /// Standard errors of target k, the intercept's first when one was fitted:
    /// (Σ w r² / df)^½ times [`unscaled_std_errors`](Self::unscaled_std_errors).
    ///
    /// `None` when columns are dependent or no degree of freedom is left.
    #[must_use]
    pub fn std_errors(&self, k: usize) -> Option<Vec<f64>> {
        let factors = self.unscaled_std_errors.as_ref()?;
        (self.df() > 0).then(|| {
            let s = self.residual_norm[k] / (self.df() as f64).sqrt();
            factors.iter().map(|f| s * f).collect()
        })
    }
}
