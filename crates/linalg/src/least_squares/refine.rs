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
use super::sweep::{Aim, MAX_ANCHORED, Sums, Sweep};
use crate::scale::pow2;
use crate::twofold::{Twofold, two_prod};
use crate::{Scalar, Team};

/// Sweeps after which refinement gives up.
const MAX_SWEEPS: usize = 60;

/// Refined solutions over the independent columns.
pub(super) struct Refined {
    /// x\[k\]\[i\] belongs to target k and column `order[i]`, in scaled units.
    pub(super) x: Vec<Vec<Twofold>>,
    /// Σ w r² for each target, in scaled units.
    pub(super) residual_ss: Vec<f64>,
    /// Sweeps over the data.
    pub(super) sweeps: usize,
    /// The last correction relative to the solution, the worst target's.
    pub(super) last_correction: f64,
    /// Ratio of two successive corrections, the largest seen or expected.
    pub(super) contraction: f64,
    /// That of the start.
    pub(super) condition: f64,
    /// Lengths of the rows of R₁₁⁻¹, in the factor's order and units.
    pub(super) inverse: Vec<f64>,
}

/// Which right-hand sides to solve for.
pub(super) enum Targets {
    /// The targets of the design.
    Given(Start),
    /// The dependent columns `order[rank..]` of the design itself.
    Dependent,
}

/// Where refinement of the given targets starts.
pub(super) struct Start {
    /// A first solution for each target, in the units of the scaled columns.
    pub(super) x: Vec<Vec<f64>>,
    /// ‖√w y‖ of each scaled target.
    pub(super) lengths: Vec<f64>,
    /// By how much a sweep should shrink the error, from the condition.
    pub(super) contraction: f64,
    /// Estimate of the condition of the scaled design.
    pub(super) condition: f64,
}

struct State {
    x: Vec<Twofold>,
    residual_ss: Twofold,
    /// Length of R δ at the last correction; of the target at first.
    step: f64,
    done: bool,
    correction: f64,
    contraction: f64,
}

/// Solves min ‖√w (y − A₁ x)‖ for the independent columns A₁.
pub(super) fn refine<T: Scalar>(
    team: Team,
    design: &Design<'_, T>,
    factor: &PivotedFactor,
    targets: Targets,
) -> Refined {
    let rank = factor.rank;
    let (start, first_target) = match targets {
        Targets::Given(start) => (start, None),
        Targets::Dependent => {
            let count = factor.p - rank;
            // Scaled columns are no longer than √n.
            let lengths = vec![(design.nrows() as f64).sqrt(); count];
            let x = vec![vec![0.0; rank]; count];
            (Start { x, lengths, contraction: 0.5, condition: f64::MAX }, Some(rank))
        }
    };
    let inverse = factor.inverse_lengths();
    let mut states: Vec<State> = start
        .x
        .iter()
        .zip(&start.lengths)
        .map(|(x, &step)| State {
            x: x.iter().map(|&hi| Twofold { hi, lo: 0.0 }).collect(),
            residual_ss: Twofold::ZERO,
            step: 2.0 * step,
            done: false,
            correction: 0.0,
            contraction: start.contraction,
        })
        .collect();
    let sweep = Sweep {
        design,
        columns: &factor.order[..rank],
        anchored: start.condition <= MAX_ANCHORED && design.is_in_range(),
    };
    let mut sweeps = 0;
    while sweeps < MAX_SWEEPS && states.iter().any(|s| !s.done) {
        sweeps += 1;
        let aims: Vec<Aim<'_>> = states
            .iter()
            .enumerate()
            .filter(|(_, state)| !state.done)
            .map(|(k, state)| Aim {
                y: first_target.map_or(factor.p + k, |first| factor.order[first + k]),
                x: &state.x,
            })
            .collect();
        let sums = sweep.run(team, &aims);
        for (state, sums) in states.iter_mut().filter(|s| !s.done).zip(sums) {
            correct(factor, &design.penalties, &inverse, state, sums);
        }
    }
    Refined {
        residual_ss: states.iter().map(|s| s.residual_ss.hi.max(0.0)).collect(),
        last_correction: states.iter().map(|s| s.correction).fold(0.0, f64::max),
        contraction: states.iter().map(|s| s.contraction).fold(0.0, f64::max),
        x: states.into_iter().map(|s| s.x).collect(),
        sweeps,
        condition: start.condition,
        inverse,
    }
}

/// x ← x + δ with RᵀR δ = g, unless the corrections stopped shrinking.
fn correct(
    factor: &PivotedFactor,
    penalties: &[f64],
    inverse: &[f64],
    state: &mut State,
    sums: Sums,
) {
    state.residual_ss = sums.residual_ss;
    let mut g = sums.g;
    // The gradient of the penalty, −Λ x.
    for ((g, x), &j) in g.iter_mut().zip(&state.x).zip(&factor.order) {
        *g = g.plus_twofold(x.times(-penalties[j]));
    }
    // The factor's columns are 2^shift shorter than the block's.
    let shift = |i: usize| pow2(-factor.shifts[factor.order[i]]);
    let mut delta: Vec<f64> = g.iter().enumerate().map(|(i, g)| g.hi * shift(i)).collect();
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
    let floor = f64::EPSILON.powi(2) * state.x.iter().fold(0.0_f64, |m, x| m.max(x.hi.abs()));
    let (mut largest, mut worst, mut small) = (0.0_f64, 0.0_f64, true);
    for (i, (x, d)) in state.x.iter_mut().zip(&delta).enumerate() {
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

fn square(x: f64) -> Twofold {
    let (hi, lo) = two_prod(x, x);
    Twofold { hi, lo }
}
