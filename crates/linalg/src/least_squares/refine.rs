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

use super::design::{Block, Design};
use super::householder::PivotedFactor;
use crate::Scalar;
use crate::twofold::{Twofold, fast_two_sum, two_prod, two_sum};

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
}

/// Which right-hand sides to solve for.
pub(super) enum Targets {
    /// The targets of the design.
    Given,
    /// The dependent columns `order[rank..]` of the design itself.
    Dependent,
}

struct State {
    x: Vec<Twofold>,
    g: Vec<Twofold>,
    residual_ss: Twofold,
    /// Length of R δ at the last correction.
    step: f64,
    done: bool,
    correction: f64,
}

/// Solves min ‖√w (y − A₁ x)‖ for the independent columns A₁.
pub(super) fn refine<T: Scalar>(
    design: &Design<'_, T>,
    factor: &PivotedFactor,
    targets: &Targets,
) -> Refined {
    let rank = factor.rank;
    let count = match targets {
        Targets::Given => design.n_targets(),
        Targets::Dependent => factor.p - rank,
    };
    let mut states: Vec<State> = (0..count)
        .map(|_| State {
            x: vec![Twofold::ZERO; rank],
            g: vec![Twofold::ZERO; rank],
            residual_ss: Twofold::ZERO,
            step: f64::INFINITY,
            done: false,
            correction: 0.0,
        })
        .collect();
    let mut block = design.block();
    let mut r = vec![Twofold::ZERO; block.ld];
    let mut sweeps = 0;
    while sweeps < MAX_SWEEPS && states.iter().any(|s| !s.done) {
        sweeps += 1;
        for state in states.iter_mut().filter(|s| !s.done) {
            state.g.fill(Twofold::ZERO);
            state.residual_ss = Twofold::ZERO;
        }
        let mut start = 0;
        while design.load(&mut block, start) {
            start += block.rows;
            for (k, state) in states.iter_mut().enumerate().filter(|(_, s)| !s.done) {
                sweep_block(&block, factor, targets, k, state, &mut r);
            }
        }
        for state in states.iter_mut().filter(|s| !s.done) {
            correct(factor, &design.penalties, state);
        }
    }
    Refined {
        residual_ss: states.iter().map(|s| s.residual_ss.hi.max(0.0)).collect(),
        last_correction: states.iter().map(|s| s.correction).fold(0.0, f64::max),
        x: states.into_iter().map(|s| s.x).collect(),
        sweeps,
    }
}

/// Adds one block to g = AᵀW(y − A x) and to Σ w r².
fn sweep_block(
    block: &Block,
    factor: &PivotedFactor,
    targets: &Targets,
    k: usize,
    state: &mut State,
    r: &mut [Twofold],
) {
    let y = match targets {
        Targets::Given => block.column(factor.p + k),
        Targets::Dependent => block.column(factor.order[factor.rank + k]),
    };
    pulp::Arch::new().dispatch(|| sweep_kernel(block, &factor.order[..factor.rank], y, state, r));
}

#[inline(always)]
fn sweep_kernel(block: &Block, columns: &[usize], y: &[f64], state: &mut State, r: &mut [Twofold]) {
    let r = &mut r[..block.rows];
    for (r, y) in r.iter_mut().zip(y) {
        *r = Twofold { hi: *y, lo: 0.0 };
    }
    for (&j, x) in columns.iter().zip(&state.x) {
        for (r, &a) in r.iter_mut().zip(block.column(j)) {
            let (p, e) = two_prod(a, -x.hi);
            let (s, t) = two_sum(r.hi, p);
            r.hi = s;
            r.lo += t + a.mul_add(-x.lo, e);
        }
    }
    for (r, &w) in r.iter_mut().zip(&block.w) {
        let (hi, lo) = fast_two_sum(r.hi, r.lo);
        let wr = Twofold { hi, lo }.times(w);
        state.residual_ss = state.residual_ss.plus_twofold(wr.times(hi));
        *r = wr;
    }
    for (&j, g) in columns.iter().zip(&mut state.g) {
        *g = g.plus_twofold(twofold_dot(block.column(j), r));
    }
}

/// Σ aᵢ rᵢ in twofold arithmetic, four lanes.
#[inline(always)]
fn twofold_dot(a: &[f64], r: &[Twofold]) -> Twofold {
    let mut hi = [0.0_f64; 4];
    let mut lo = [0.0_f64; 4];
    let (a4, a_rest) = a.as_chunks::<4>();
    let (r4, r_rest) = r.as_chunks::<4>();
    for (a, r) in a4.iter().zip(r4) {
        for l in 0..4 {
            let (p, e) = two_prod(a[l], r[l].hi);
            let (s, t) = two_sum(hi[l], p);
            hi[l] = s;
            lo[l] += t + a[l].mul_add(r[l].lo, e);
        }
    }
    let mut sum = Twofold::ZERO;
    for l in 0..4 {
        let (hi, lo) = fast_two_sum(hi[l], lo[l]);
        sum = sum.plus_twofold(Twofold { hi, lo });
    }
    for (a, r) in a_rest.iter().zip(r_rest) {
        sum = sum.plus_twofold(r.times(*a));
    }
    sum
}

/// x ← x + δ with RᵀR δ = g, unless the corrections stopped shrinking.
fn correct(factor: &PivotedFactor, penalties: &[f64], state: &mut State) {
    // The gradient of the penalty, −Λ x.
    for ((g, x), &j) in state.g.iter_mut().zip(&state.x).zip(&factor.order) {
        *g = g.plus_twofold(x.times(-penalties[j]));
    }
    // The factor's columns are 2^shift shorter than the block's.
    let shift = |i: usize| crate::scale::pow2(-factor.shifts[factor.order[i]]);
    let mut delta: Vec<f64> = state.g.iter().enumerate().map(|(i, g)| g.hi * shift(i)).collect();
    factor.solve_transposed(&mut delta);
    // ‖R δ‖ is the length of what the correction changes in A x.
    let step = delta.iter().map(|d| d * d).sum::<f64>().sqrt();
    factor.solve(&mut delta);
    if step.is_nan() || step >= state.step / 2.0 {
        // Rounding level (or no contraction): keep the x before.
        state.done = true;
        return;
    }
    state.step = step;
    let mut largest = 0.0_f64;
    let mut worst = 0.0_f64;
    let mut small = true;
    for (i, (x, d)) in state.x.iter_mut().zip(&delta).enumerate() {
        let d = d * shift(i);
        *x = x.plus(d);
        small &= d.abs() <= f64::EPSILON / 16.0 * x.hi.abs();
        largest = largest.max(x.hi.abs() / shift(i));
        worst = worst.max(d.abs() / shift(i));
    }
    state.correction = if largest > 0.0 { worst / largest } else { 0.0 };
    if small || step == 0.0 {
        state.done = true;
    }
    if penalties.iter().all(|&l| l == 0.0) {
        // The residual was taken before this last, vanishing correction, which
        // takes ‖R δ‖² off its square.
        state.residual_ss = state.residual_ss.plus(-step * step);
    }
}
