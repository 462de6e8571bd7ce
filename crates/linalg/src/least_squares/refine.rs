//! Iterative refinement of least squares with residuals in twofold arithmetic.
//!
//! The one idea: with r = y − A x and g = Aᵀ W r computed in twice the working
//! precision, the correction RᵀR δ = g contracts the error by about κ ε per
//! sweep when R comes from a QR factorisation (κ² ε from a Cholesky factor), so
//! a few sweeps give the solution of the float data rounded once. x itself is
//! kept twofold: the residual of a rounded x could not be small enough.
//!
//! # References
//! Björck 1967 and 1987 (corrected semi-normal equations); Demmel, Hida, Riedy
//! and Li 2009 (extra-precise refinement for least squares).

use super::design::Design;
use super::householder::PivotedFactor;
use super::scratch::{Lent, Scratch};
use super::sweep::{Aims, MAX_ANCHORED, Sweep};
use crate::scale::pow2;
use crate::twofold::{Twofold, two_prod};
use crate::{Scalar, Team};

/// Sweeps after which refinement gives up.
const MAX_SWEEPS: usize = 60;

/// Refined solutions over the independent columns.
pub(super) struct Refined<'a> {
    /// x\[k rank + i\] belongs to target k and column `order[i]`, in scaled units.
    pub(super) x: Lent<'a, Twofold>,
    /// Σ w r² for each target, in scaled units.
    pub(super) residual_ss: Lent<'a, f64>,
    /// Sweeps over the data.
    pub(super) sweeps: usize,
    /// The last correction relative to the solution, the worst target's.
    pub(super) last_correction: f64,
    /// Ratio of two successive corrections, the largest seen or expected.
    pub(super) contraction: f64,
    /// That of the start.
    pub(super) condition: f64,
    /// Lengths of the rows of R₁₁⁻¹, in the factor's order and units.
    pub(super) inverse: Lent<'a, f64>,
}

/// Which right-hand sides to solve for.
pub(super) enum Targets<'a> {
    /// The targets of the design.
    Given(Start<'a>),
    /// The dependent columns `order[rank..]` of the design itself.
    Dependent,
}

/// Where refinement of the given targets starts.
pub(super) struct Start<'a> {
    /// A first solution for each target, one after another, in the units of the
    /// scaled columns.
    pub(super) x: Lent<'a, f64>,
    /// ‖√w y‖ of each scaled target.
    pub(super) lengths: Lent<'a, f64>,
    /// By how much a sweep should shrink the error, from the condition.
    pub(super) contraction: f64,
    /// Estimate of the condition of the scaled design.
    pub(super) condition: f64,
}

impl<'a> Start<'a> {
    /// Zero for each of the dependent columns.
    fn of_dependent<T: Scalar>(design: &Design<'a, T>, factor: &PivotedFactor) -> Self {
        let floats = &design.scratch.floats;
        let count = factor.p - factor.rank;
        let mut lengths = floats.lend(count);
        // Scaled columns are no longer than √n.
        lengths.fill((design.nrows() as f64).sqrt());
        let x = floats.lend(count * factor.rank);
        Self { x, lengths, contraction: 0.5, condition: f64::MAX }
    }
}

/// How far one target is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    residual_ss: Twofold,
    /// Length of R δ at the last correction; of the target at first.
    step: f64,
    done: bool,
    correction: f64,
    contraction: f64,
}

/// Solves min ‖√w (y − A₁ x)‖ for the independent columns A₁.
pub(super) fn refine<'a, T: Scalar>(
    team: Team,
    design: &Design<'a, T>,
    factor: &PivotedFactor,
    targets: Targets<'a>,
) -> Refined<'a> {
    let scratch = design.scratch;
    let rank = factor.rank;
    let (start, dependent) = match targets {
        Targets::Given(start) => (start, false),
        Targets::Dependent => (Start::of_dependent(design, factor), true),
    };
    let count = start.lengths.len();
    let mut y = scratch.places.lend(count);
    for (k, y) in y.iter_mut().enumerate() {
        *y = if dependent { factor.order[rank + k] } else { factor.p + k };
    }
    let mut x = scratch.twofolds.lend(start.x.len());
    x.iter_mut().zip(&*start.x).for_each(|(x, &hi)| *x = Twofold { hi, lo: 0.0 });
    let inverse = factor.inverse_lengths(scratch);
    let mut states = scratch.states.lend(count);
    for (state, length) in states.iter_mut().zip(&*start.lengths) {
        *state = State { step: 2.0 * length, contraction: start.contraction, ..State::default() };
    }
    let sweep = Sweep {
        design,
        columns: &factor.order[..rank],
        anchored: start.condition <= MAX_ANCHORED && design.is_in_range(),
    };
    let correction =
        Correction { scratch, factor, penalties: &design.penalties, inverse: &inverse };
    // The targets that are not done come first.
    let mut active = scratch.places.lend(count);
    active.iter_mut().enumerate().for_each(|(i, k)| *k = i);
    let (mut sweeps, mut left) = (0, count);
    while sweeps < MAX_SWEEPS && left > 0 {
        sweeps += 1;
        let sums = sweep.run(team, &Aims { y: &y, x: &x, active: &active[..left] });
        let before = left;
        left = 0;
        for (i, sums) in (0..before).zip(sums.chunks_exact(rank + 1)) {
            let k = active[i];
            correction.apply(&mut states[k], &mut x[k * rank..(k + 1) * rank], sums);
            if !states[k].done {
                active[left] = k;
                left += 1;
            }
        }
    }
    let mut residual_ss = scratch.floats.lend(count);
    residual_ss.iter_mut().zip(&*states).for_each(|(ss, s)| *ss = s.residual_ss.hi.max(0.0));
    Refined {
        residual_ss,
        last_correction: states.iter().map(|s| s.correction).fold(0.0, f64::max),
        contraction: states.iter().map(|s| s.contraction).fold(0.0, f64::max),
        x,
        sweeps,
        condition: start.condition,
        inverse,
    }
}

/// What a correction takes.
struct Correction<'a> {
    scratch: &'a Scratch,
    factor: &'a PivotedFactor,
    penalties: &'a [f64],
    inverse: &'a [f64],
}

impl Correction<'_> {
    /// x ← x + δ with RᵀR δ = g, unless the corrections stopped shrinking; `sums`
    /// holds g and then Σ w r².
    fn apply(&self, state: &mut State, x: &mut [Twofold], sums: &[Twofold]) {
        let Self { scratch, factor, penalties, inverse } = *self;
        let rank = x.len();
        state.residual_ss = sums[rank];
        // The factor's columns are 2^shift shorter than the block's.
        let shift = |i: usize| pow2(-factor.shifts[factor.order[i]]);
        let mut delta = scratch.floats.lend(rank);
        for (i, delta) in delta.iter_mut().enumerate() {
            // With the gradient of the penalty, −Λ x.
            let penalty = x[i].times(-penalties[factor.order[i]]);
            *delta = sums[i].plus_twofold(penalty).hi * shift(i);
        }
        factor.solve_transposed(&mut delta);
        // ‖R δ‖ is the length of what the correction changes in A x.
        let step = delta.iter().map(|d| d * d).sum::<f64>().sqrt();
        factor.solve(&mut delta);
        if step.is_nan() || (step > 0.0 && step >= state.step / 2.0) {
            // Rounding level (or no contraction): keep the x before.
            state.done = true;
            if state.correction == 0.0 || state.correction > 1e-12 {
                state.contraction = 1.0;
            }
            return;
        }
        if state.correction > 0.0 {
            state.contraction = state.contraction.max(step / state.step);
        }
        state.step = step;
        // What later sweeps could still change: a geometric series in R's norm.
        let left = step * state.contraction / (1.0 - state.contraction);
        // A coefficient this far below the others is a zero: no sum has its digits.
        let floor = f64::EPSILON.powi(2) * x.iter().fold(0.0_f64, |m, x| m.max(x.hi.abs()));
        let (mut largest, mut worst, mut small) = (0.0_f64, 0.0_f64, true);
        for (i, (x, d)) in x.iter_mut().zip(&*delta).enumerate() {
            let d = d * shift(i);
            *x = x.plus(d);
            small &= left * inverse[i] * shift(i) <= f64::EPSILON / 16.0 * x.hi.abs().max(floor);
            largest = largest.max(x.hi.abs() / shift(i));
            worst = worst.max(d.abs() / shift(i));
        }
        state.correction = if largest > 0.0 { worst / largest } else { 0.0 };
        state.done = small || step == 0.0;
        if penalties.iter().all(|&l| l == 0.0) {
            // The residual was taken before this last correction, which takes
            // ‖R δ‖² off its square.
            state.residual_ss = state.residual_ss.plus_twofold(square(step).negated());
        }
    }
}

fn square(x: f64) -> Twofold {
    let (hi, lo) = two_prod(x, x);
    Twofold { hi, lo }
}
