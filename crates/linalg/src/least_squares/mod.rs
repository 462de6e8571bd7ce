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
mod sweep;
mod tsqr;

pub use normal_equations::NormalEquations;
pub use ridge_path::{RidgePath, RidgeSolution};

use faer::MatRef;

use crate::scale::ldexp;
use crate::twofold::Twofold;
use crate::{Error, Result, Scalar, Team, Tensor};
use condition::condition;
use design::Design;
use householder::{PivotedFactor, pivot};
pub(crate) use householder::{dot, reflect, reflector};
pub(crate) use load::{pack_rows, transpose_tile};
use refine::{Refined, Start, Targets, refine};

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

/// Contraction beyond which the fast route gives way to the stable one.
const MAX_CONTRACTION: f64 = 0.1;

/// R₁₁⁻¹ Qᵀy of every target, in the units of the scaled columns.
fn first_solutions<T: Scalar>(design: &Design<'_, T>, factor: &PivotedFactor) -> Start {
    let x = (0..design.n_targets())
        .map(|t| {
            let mut x = factor.rotated(t)[..factor.rank].to_vec();
            factor.solve(&mut x);
            for (x, &j) in x.iter_mut().zip(&factor.order) {
                *x *= crate::scale::pow2(-factor.shifts[j]);
            }
            x
        })
        .collect();
    let length = |t: usize| dot(factor.rotated(t), factor.rotated(t)).sqrt();
    let lengths = (0..design.n_targets()).map(length).collect();
    let condition = condition(factor, &vec![0; factor.rank]);
    let contraction = 4.0 * (factor.p as f64).sqrt() * f64::EPSILON * condition;
    Start { x, lengths, contraction: contraction.min(0.5), condition }
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
        self.solve_design(team, Design::new(X, Y, weights, self.intercept)?)
    }

    fn solve_design<T: Scalar>(
        &self,
        team: Team,
        mut design: Design<'_, T>,
    ) -> Result<LeastSquaresSolution<T>> {
        let p = design.ncols();
        let tol = match self.rank_tol {
            None => 4.0 * f64::EPSILON * (p as f64).sqrt(),
            Some(tol) if (0.0..1.0).contains(&tol) => tol,
            Some(tol) => return Err(Error::InvalidTolerance { name: "rank_tol", value: tol }),
        };
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(Error::InvalidPenalty { value: self.l2 });
        }
        let fast = !matches!(self.route, Route::Qr | Route::MinNorm)
            && tol * gram_route::MAX_CONDITION < 0.1;
        if fast && design.is_weighted() {
            // Weights hide what stands in rows of weight zero, so those are
            // looked over first.
            design.measure()?;
            design.exponents.fill(0);
            design.target_exponents.fill(0);
        }
        if fast && let Some(found) = gram_route::factor(team, &mut design, self.l2) {
            let refined = refine(team, &design, &found.factor, Targets::Given(found.start));
            if refined.contraction <= MAX_CONTRACTION {
                return self.finish(&design, found.factor, refined, Route::Gram, None);
            }
        }
        design.measure()?;
        design.penalise(self.l2)?;
        let free = usize::from(self.intercept);
        let triangle = tsqr::factor(team, &design, true);
        let mut factor = pivot(triangle.clone(), p, free, tol, None);
        if factor.rank < p {
            // Prefer a basis of columns that are long in the units of X: then
            // the others are short combinations of it.
            factor = pivot(triangle, p, free, tol, Some(&design.exponents));
            // A penalty below rounding is its own limit: the shortest solution.
            design.penalties.fill(0.0);
            let T = refine(team, &design, &factor, Targets::Dependent).x;
            let start = first_solutions(&design, &factor);
            let refined = refine(team, &design, &factor, Targets::Given(start));
            return self.finish(&design, factor, refined, Route::MinNorm, Some(T));
        }
        let start = first_solutions(&design, &factor);
        let refined = refine(team, &design, &factor, Targets::Given(start));
        self.finish(&design, factor, refined, Route::Qr, None)
    }

    /// Puts the refined solution into the units of the data, with its report.
    fn finish<T: Scalar>(
        &self,
        design: &Design<'_, T>,
        factor: PivotedFactor,
        refined: Refined,
        route: Route,
        dependent: Option<Vec<Vec<Twofold>>>,
    ) -> Result<LeastSquaresSolution<T>> {
        let p = design.ncols();
        let free = usize::from(self.intercept);
        let deficient = dependent.is_some();
        let columns: Vec<Vec<(f64, i32)>> = match &dependent {
            Some(T) => min_norm::min_norm(&factor, &design.exponents, free, &refined.x, T),
            None => refined.x.iter().map(|x| unpermuted(&factor, &design.exponents, x)).collect(),
        };
        let reason = match route {
            Route::Gram => "the condition is low enough for XᵀX to steer the refinement",
            Route::MinNorm if design.n_samples < p => {
                "fewer rows than columns: the shortest minimiser"
            }
            Route::MinNorm => "dependent columns: the shortest minimiser",
            _ => "all columns are independent",
        };
        let mut coefficients = Tensor::zeros(&[p - free, design.n_targets()]);
        let mut intercept = vec![T::ZERO; design.n_targets()];
        for (k, column) in columns.iter().enumerate() {
            let y = design.target_exponents[k];
            for (j, &(x, e)) in column.iter().enumerate() {
                let value = T::from_f64(ldexp(x, e + y));
                if !value.is_finite() {
                    return Err(Error::Overflow { what: "least-squares coefficient", column: j });
                }
                if j < free {
                    intercept[k] = value;
                } else {
                    coefficients[[j - free, k]] = value;
                }
            }
        }
        let rank = factor.rank;
        let lengths: Vec<i32> =
            factor.order[..rank].iter().map(|&j| design.exponents[j] + factor.shifts[j]).collect();
        let half_weight = design.weight_exponent / 2;
        let residual_norm = refined.residual_ss.iter().zip(&design.target_exponents);
        let inverse = &refined.inverse;
        let shrinkage: f64 = (0..rank)
            .map(|i| {
                let j = factor.order[i];
                design.penalties[j] * ldexp(inverse[i] * inverse[i], -2 * factor.shifts[j])
            })
            .sum();
        Ok(LeastSquaresSolution {
            effective_df: (rank as f64 - shrinkage).max(0.0),
            coefficients,
            intercept,
            has_intercept: self.intercept,
            rank,
            n_columns: p,
            n_samples: design.n_samples,
            condition: condition(&factor, &lengths),
            scaled_condition: refined.condition,
            residual_norm: residual_norm
                .map(|(ss, &y)| ldexp(ss.sqrt(), y + half_weight))
                .collect(),
            unscaled_std_errors: (!deficient && self.l2 == 0.0).then(|| {
                let mut out = vec![0.0; p];
                for i in 0..p {
                    out[factor.order[i]] = ldexp(inverse[i], -lengths[i] - half_weight);
                }
                out
            }),
            route,
            reason,
            refinement_sweeps: refined.sweeps,
            last_correction: refined.last_correction,
            factor,
            lengths,
            weight_exponent: design.weight_exponent,
        })
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
        let free = usize::from(self.has_intercept);
        if X.ncols() + free != self.n_columns {
            return Err(Error::ShapeMismatch {
                op: "leverage",
                left: vec![X.nrows(), X.ncols()],
                right: self.coefficients.shape().to_vec(),
                rule: "X must have one column per coefficient",
            });
        }
        crate::factor::check_finite(X, "X")?;
        let factor = &self.factor;
        let mut z = vec![0.0; self.rank];
        Ok((0..X.nrows())
            .map(|i| {
                for ((z, &j), &e) in z.iter_mut().zip(&factor.order).zip(&self.lengths) {
                    let a = if j < free { 1.0 } else { X[(i, j - free)].to_f64() };
                    *z = ldexp(a, -e);
                }
                factor.solve_transposed(&mut z);
                ldexp(householder::dot(&z, &z), -self.weight_exponent)
            })
            .collect())
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
        let leverage = self.leverage(X)?;
        let mut out = Tensor::zeros(&[n, Y.ncols()]);
        for i in 0..n {
            let left = 1.0 - weights.map_or(1.0, |w| w[i].to_f64()) * leverage[i];
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
        Ok(out)
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

/// The solution in the design's order, each value with its binary exponent.
fn unpermuted(factor: &PivotedFactor, exponents: &[i32], x: &[Twofold]) -> Vec<(f64, i32)> {
    let mut out = vec![(0.0, 0); factor.p];
    for (x, &j) in x.iter().zip(&factor.order) {
        out[j] = (x.hi, -exponents[j]);
    }
    out
}
