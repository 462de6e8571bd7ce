//! One solve from the data to the report, by a solver that keeps its memory.

use super::condition::condition;
use super::design::Design;
use super::householder::{PivotedFactor, dot, pivot};
use super::refine::{Refined, Start, Targets, refine};
use super::rows::LEAF;
use super::scratch::{Lent, Scratch};
use super::{LeastSquares, LeastSquaresSolution, Route, gram_route, min_norm, tsqr};
use crate::scale::{ldexp, pow2};
use crate::twofold::Twofold;
use crate::{Error, Result, Scalar, Team, Tensor};
use faer::MatRef;

/// Contraction beyond which the fast route gives way to the stable one.
const MAX_CONTRACTION: f64 = 0.1;

/// Elements of X from which on another thread is kept awake: a millisecond or so
/// of one thread.
const WORTH_WAKING: usize = 1 << 19;

/// A [`LeastSquares`] that keeps its memory, for many solves of one shape.
///
/// The first solve allocates what it needs, and further ones of the same shape
/// and route nothing, by one thread or two. What is kept does not grow with the
/// rows, but for the residuals of [`leave_one_out`](Self::leave_one_out).
///
/// # Examples
/// ```
/// use wonderland_linalg::{LeastSquares, LeastSquaresSolver, Team, Tensor, column};
/// let X = Tensor::from_rows(&[[1.0], [2.0]]);
/// let mut solver = LeastSquaresSolver::new(LeastSquares::default());
/// for scale in [1.0, 10.0] {
///     let y = [5.0 * scale, 10.0 * scale];
///     let fit = solver.solve(Team::alone(), X.as_mat(), column(&y), None)?;
///     assert_eq!(fit.coefficients[[0, 0]], 5.0 * scale);
/// }
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
#[derive(Debug)]
pub struct LeastSquaresSolver<T: Scalar = f64> {
    /// What is to be solved; may change from solve to solve.
    pub settings: LeastSquares,
    scratch: Scratch,
    solution: LeastSquaresSolution<T>,
    left_out: Tensor<T>,
}

impl<T: Scalar> LeastSquaresSolver<T> {
    /// A solver that holds no memory yet.
    #[must_use]
    pub fn new(settings: LeastSquares) -> Self {
        Self {
            settings,
            scratch: Scratch::default(),
            solution: LeastSquaresSolution::empty(),
            left_out: Tensor::zeros(&[0, 0]),
        }
    }

    /// As [`LeastSquares::solve_by`], to the same bits; the solution is kept until
    /// the next solve.
    ///
    /// # Errors
    /// Those of [`LeastSquares::solve_by`]; the solver can be used on.
    pub fn solve(
        &mut self,
        team: Team,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<&LeastSquaresSolution<T>> {
        let Self { settings, scratch, solution, .. } = self;
        scratch.serve(team, X.nrows().div_ceil(LEAF));
        let design = Design::new(scratch, X, Y, weights, settings.intercept)?;
        // Between the sweeps of a large one there is too little to do to fall asleep.
        if X.nrows() * X.ncols() < WORTH_WAKING || team.is_alone() {
            settings.solve_design(team, design, solution)?;
        } else {
            team.awake(|| settings.solve_design(team, design, solution))?;
        }
        Ok(solution)
    }

    /// As [`LeastSquaresSolution::leave_one_out`] of the last solve, in memory that
    /// is kept.
    ///
    /// # Errors
    /// Those of [`LeastSquaresSolution::leave_one_out`].
    pub fn leave_one_out(
        &mut self,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<&Tensor<T>> {
        let Self { scratch, solution, left_out, .. } = self;
        let mut z = scratch.floats.lend(solution.rank);
        solution.write_left_out(&mut z, X, Y, weights, left_out)?;
        Ok(left_out)
    }

    pub(super) fn into_solution(self) -> LeastSquaresSolution<T> {
        self.solution
    }
}

impl<T: Scalar> LeastSquaresSolution<T> {
    /// What a solve will fill.
    fn empty() -> Self {
        Self {
            coefficients: Tensor::zeros(&[0, 0]),
            intercept: Vec::new(),
            has_intercept: false,
            rank: 0,
            n_columns: 0,
            n_samples: 0,
            effective_df: 0.0,
            condition: 1.0,
            scaled_condition: 1.0,
            residual_norm: Vec::new(),
            unscaled_std_errors: None,
            route: Route::Auto,
            reason: "",
            refinement_sweeps: 0,
            last_correction: 0.0,
            factor: PivotedFactor::default(),
            lengths: Vec::new(),
            weight_exponent: 0,
        }
    }

    /// Room for c coefficients and an intercept of each target.
    fn make_room(&mut self, c: usize, targets: usize) {
        self.coefficients.reset(&[c, targets]);
        self.intercept.clear();
        self.intercept.resize(targets, T::ZERO);
    }

    /// x 2^e for column j of the design, of which the first is the intercept's
    /// when one is fitted, and target k.
    fn store(&mut self, j: usize, k: usize, x: f64, e: i32) -> Result<()> {
        let value = T::from_f64(ldexp(x, e));
        if !value.is_finite() {
            return Err(Error::Overflow { what: "least-squares coefficient", column: j });
        }
        match j.checked_sub(usize::from(self.has_intercept)) {
            Some(j) => self.coefficients[[j, k]] = value,
            None => self.intercept[k] = value,
        }
        Ok(())
    }
}

/// R₁₁⁻¹ Qᵀy of every target, in the units of the scaled columns.
fn first_solutions<'a, T: Scalar>(design: &Design<'a, T>, factor: &PivotedFactor) -> Start<'a> {
    let floats = &design.scratch.floats;
    let (rank, targets) = (factor.rank, design.n_targets());
    let (mut x, mut lengths) = (floats.lend(targets * rank), floats.lend(targets));
    for t in 0..targets {
        let rotated = factor.rotated(t);
        lengths[t] = dot(rotated, rotated).sqrt();
        let x = &mut x[t * rank..(t + 1) * rank];
        x.copy_from_slice(&rotated[..rank]);
        factor.solve(x);
        for (x, &j) in x.iter_mut().zip(&factor.order) {
            *x *= pow2(-factor.shifts[j]);
        }
    }
    let condition = condition(design.scratch, factor, &[]);
    let contraction = 4.0 * (factor.p as f64).sqrt() * f64::EPSILON * condition;
    Start { x, lengths, contraction: contraction.min(0.5), condition }
}

impl LeastSquares {
    /// The bound below which a column counts as dependent.
    fn tolerance(&self, p: usize) -> Result<f64> {
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(Error::InvalidPenalty { value: self.l2 });
        }
        match self.rank_tol {
            None => Ok(4.0 * f64::EPSILON * (p as f64).sqrt()),
            Some(tol) if (0.0..1.0).contains(&tol) => Ok(tol),
            Some(tol) => Err(Error::InvalidTolerance { name: "rank_tol", value: tol }),
        }
    }

    fn solve_design<T: Scalar>(
        &self,
        team: Team,
        mut design: Design<'_, T>,
        out: &mut LeastSquaresSolution<T>,
    ) -> Result<()> {
        let (p, scratch) = (design.ncols(), design.scratch);
        let tol = self.tolerance(p)?;
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
                return self.finish(&design, found.factor, &refined, Route::Gram, None, out);
            }
            found.factor.give_back(scratch);
        }
        design.measure()?;
        design.penalise(self.l2)?;
        let free = usize::from(self.intercept);
        let triangle = tsqr::factor(team, &design, true);
        let mut factor = pivot(scratch, &triangle, p, free, tol, None);
        let (mut route, mut dependent) = (Route::Qr, None);
        if factor.rank < p {
            route = Route::MinNorm;
            factor.give_back(scratch);
            // Prefer a basis of columns that are long in the units of X: then
            // the others are short combinations of it.
            factor = pivot(scratch, &triangle, p, free, tol, Some(&design.exponents));
            // A penalty below rounding is its own limit: the shortest solution.
            design.penalties.fill(0.0);
            dependent = Some(refine(team, &design, &factor, Targets::Dependent).x);
        }
        let start = first_solutions(&design, &factor);
        let refined = refine(team, &design, &factor, Targets::Given(start));
        self.finish(&design, factor, &refined, route, dependent, out)
    }

    /// Puts the refined solution into the units of the data, with its report.
    fn finish<T: Scalar>(
        &self,
        design: &Design<'_, T>,
        factor: PivotedFactor,
        refined: &Refined<'_>,
        route: Route,
        dependent: Option<Lent<'_, Twofold>>,
        out: &mut LeastSquaresSolution<T>,
    ) -> Result<()> {
        let (p, rank, scratch) = (design.ncols(), factor.rank, design.scratch);
        let (free, targets) = (usize::from(self.intercept), design.n_targets());
        let (inverse, half_weight) = (&refined.inverse, design.weight_exponent / 2);
        out.has_intercept = self.intercept;
        out.make_room(p - free, targets);
        if let Some(T) = &dependent {
            let (x, exponents) = (&refined.x, &design.exponents);
            let found = min_norm::min_norm(scratch, &factor, exponents, free, targets, x, T);
            let all = found.values.iter().zip(&*found.exponents).enumerate();
            for (i, (&x, &e)) in all {
                let (k, j) = (i / p, i % p);
                out.store(j, k, x, e + design.target_exponents[k])?;
            }
        } else {
            for k in 0..targets {
                for (x, &j) in refined.x[k * rank..].iter().zip(&factor.order) {
                    out.store(j, k, x.hi, design.target_exponents[k] - design.exponents[j])?;
                }
            }
        }
        let basis = &factor.order[..rank];
        out.lengths.clear();
        out.lengths.extend(basis.iter().map(|&j| design.exponents[j] + factor.shifts[j]));
        out.residual_norm.clear();
        let squares = refined.residual_ss.iter().zip(&*design.target_exponents);
        out.residual_norm.extend(squares.map(|(ss, &y)| ldexp(ss.sqrt(), y + half_weight)));
        let mut errors = out.unscaled_std_errors.take().unwrap_or_default();
        if dependent.is_none() && self.l2 == 0.0 {
            errors.clear();
            errors.resize(p, 0.0);
            for ((&j, x), &e) in basis.iter().zip(&**inverse).zip(&out.lengths) {
                errors[j] = ldexp(*x, -e - half_weight);
            }
            out.unscaled_std_errors = Some(errors);
        }
        let shrinkage = basis
            .iter()
            .zip(&**inverse)
            .map(|(&j, x)| design.penalties[j] * ldexp(x * x, -2 * factor.shifts[j]));
        out.effective_df = (rank as f64 - shrinkage.sum::<f64>()).max(0.0);
        out.condition = condition(scratch, &factor, &out.lengths);
        out.scaled_condition = refined.condition;
        (out.rank, out.n_columns, out.n_samples) = (rank, p, design.n_samples);
        (out.route, out.reason) = (route, reason(route, design.n_samples < p));
        out.refinement_sweeps = refined.sweeps;
        out.last_correction = refined.last_correction;
        out.weight_exponent = design.weight_exponent;
        std::mem::replace(&mut out.factor, factor).give_back(scratch);
        Ok(())
    }
}

/// Why a route was taken.
fn reason(route: Route, few_rows: bool) -> &'static str {
    match route {
        Route::Gram => "the condition is low enough for XᵀX to steer the refinement",
        Route::MinNorm if few_rows => "fewer rows than columns: the shortest minimiser",
        Route::MinNorm => "dependent columns: the shortest minimiser",
        _ => "all columns are independent",
    }
}
