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
use crate::scale::pow2;
use crate::simd::dispatch;
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
    /// Ratio of two successive corrections, the largest seen or expected.
    pub(super) contraction: f64,
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
}

struct State {
    x: Vec<Twofold>,
    g: Vec<Twofold>,
    residual_ss: Twofold,
    /// Length of R δ at the last correction; of the target at first.
    step: f64,
    done: bool,
    correction: f64,
    contraction: f64,
}

/// Residuals of one block: high and low parts.
struct Residual {
    hi: Vec<f64>,
    lo: Vec<f64>,
}

/// Solves min ‖√w (y − A₁ x)‖ for the independent columns A₁.
pub(super) fn refine<T: Scalar>(
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
            (Start { x, lengths, contraction: 0.5 }, Some(rank))
        }
    };
    let inverse = factor.inverse_lengths();
    let mut states: Vec<State> = start
        .x
        .iter()
        .zip(&start.lengths)
        .map(|(x, &step)| State {
            x: x.iter().map(|&hi| Twofold { hi, lo: 0.0 }).collect(),
            g: vec![Twofold::ZERO; rank],
            residual_ss: Twofold::ZERO,
            step: 2.0 * step,
            done: false,
            correction: 0.0,
            contraction: start.contraction,
        })
        .collect();
    let mut block = design.block();
    let mut r = Residual { hi: vec![0.0; block.ld], lo: vec![0.0; block.ld] };
    let mut sweeps = 0;
    while sweeps < MAX_SWEEPS && states.iter().any(|s| !s.done) {
        sweeps += 1;
        for state in states.iter_mut().filter(|s| !s.done) {
            state.g.fill(Twofold::ZERO);
            state.residual_ss = Twofold::ZERO;
        }
        let mut at = 0;
        while design.load(&mut block, at) {
            at += block.rows;
            for (k, state) in states.iter_mut().enumerate().filter(|(_, s)| !s.done) {
                let y = first_target.map_or(factor.p + k, |first| factor.order[first + k]);
                sweep_block(&block, &factor.order[..rank], y, state, &mut r);
            }
        }
        for state in states.iter_mut().filter(|s| !s.done) {
            correct(factor, &design.penalties, &inverse, state);
        }
    }
    Refined {
        residual_ss: states.iter().map(|s| s.residual_ss.hi.max(0.0)).collect(),
        last_correction: states.iter().map(|s| s.correction).fold(0.0, f64::max),
        contraction: states.iter().map(|s| s.contraction).fold(0.0, f64::max),
        x: states.into_iter().map(|s| s.x).collect(),
        sweeps,
    }
}

/// Adds one block to g = AᵀW(y − A x) and to Σ w r²; y is column `y`.
fn sweep_block(block: &Block, columns: &[usize], y: usize, state: &mut State, r: &mut Residual) {
    let m = block.rows;
    let (hi, lo) = (&mut r.hi[..m], &mut r.lo[..m]);
    hi.copy_from_slice(block.column(y));
    lo.fill(0.0);
    for (columns, x) in columns.chunks(4).zip(state.x.chunks(4)) {
        if let ([i, j, k, l], [x0, x1, x2, x3]) = (columns, x) {
            let a = [*i, *j, *k, *l].map(|j| block.column(j));
            let x = [*x0, *x1, *x2, *x3];
            dispatch!(
                subtract(a: [&'a [f64]; 4], x: [Twofold; 4], hi: &'a mut [f64], lo: &'a mut [f64]) -> ()
            );
            continue;
        }
        for (&j, &x) in columns.iter().zip(x) {
            let (a, x) = ([block.column(j)], [x]);
            dispatch!(
                subtract(a: [&'a [f64]; 1], x: [Twofold; 1], hi: &'a mut [f64], lo: &'a mut [f64]) -> ()
            );
        }
    }
    let w = &block.w[..m];
    let ss = dispatch!(weigh(w: &'a [f64], hi: &'a mut [f64], lo: &'a mut [f64]) -> Twofold);
    state.residual_ss = state.residual_ss.plus_twofold(ss);
    for (&j, g) in columns.iter().zip(&mut state.g) {
        let a = block.column(j);
        let (hi, lo) = (&*hi, &*lo);
        *g = g.plus_twofold(
            dispatch!(twofold_dot(a: &'a [f64], hi: &'a [f64], lo: &'a [f64]) -> Twofold),
        );
    }
}

/// r ← r − Σ aⱼ xⱼ for a few columns, error terms gathered in the low parts.
#[inline(always)]
fn subtract<const N: usize>(a: [&[f64]; N], x: [Twofold; N], hi: &mut [f64], lo: &mut [f64]) {
    let m = hi.len();
    let a = a.map(|a| &a[..m]);
    let lo = &mut lo[..m];
    for i in 0..m {
        let (mut high, mut low) = (hi[i], lo[i]);
        for j in 0..N {
            let (p, e) = two_prod(a[j][i], -x[j].hi);
            let (s, t) = two_sum(high, p);
            high = s;
            low += t + a[j][i].mul_add(-x[j].lo, e);
        }
        hi[i] = high;
        lo[i] = low;
    }
}

/// r ← w r, returning Σ w r².
#[inline(always)]
fn weigh(w: &[f64], hi: &mut [f64], lo: &mut [f64]) -> Twofold {
    const LANES: usize = 4;
    let mut sums = [0.0_f64; LANES];
    let mut errors = [0.0_f64; LANES];
    let (w4, w_rest) = w.as_chunks::<LANES>();
    let (h4, h_rest) = hi.as_chunks_mut::<LANES>();
    let (l4, l_rest) = lo.as_chunks_mut::<LANES>();
    for ((w, hi), lo) in w4.iter().zip(h4).zip(l4) {
        for i in 0..LANES {
            weigh_one(w[i], &mut hi[i], &mut lo[i], &mut sums[i], &mut errors[i]);
        }
    }
    for (i, ((w, hi), lo)) in w_rest.iter().zip(h_rest).zip(l_rest).enumerate() {
        weigh_one(*w, hi, lo, &mut sums[i], &mut errors[i]);
    }
    gathered(&sums, &errors)
}

#[inline(always)]
fn weigh_one(w: f64, hi: &mut f64, lo: &mut f64, sum: &mut f64, error: &mut f64) {
    let (r, low) = fast_two_sum(*hi, *lo);
    let (p, e) = two_prod(w, r);
    let (wr, wr_low) = fast_two_sum(p, w.mul_add(low, e));
    let (q, f) = two_prod(wr, r);
    let (s, t) = two_sum(*sum, q);
    *sum = s;
    *error += t + wr.mul_add(low, wr_low.mul_add(r, f));
    *hi = wr;
    *lo = wr_low;
}

/// Σ aᵢ rᵢ in twofold arithmetic, eight lanes.
#[inline(always)]
pub(super) fn twofold_dot(a: &[f64], hi: &[f64], lo: &[f64]) -> Twofold {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let mut errors = [0.0_f64; LANES];
    let (a8, a_rest) = a.as_chunks::<LANES>();
    let (h8, h_rest) = hi.as_chunks::<LANES>();
    let (l8, l_rest) = lo.as_chunks::<LANES>();
    for ((a, h), l) in a8.iter().zip(h8).zip(l8) {
        for i in 0..LANES {
            let (p, e) = two_prod(a[i], h[i]);
            let (s, t) = two_sum(sums[i], p);
            sums[i] = s;
            errors[i] += t + a[i].mul_add(l[i], e);
        }
    }
    let mut sum = gathered(&sums, &errors);
    for ((a, h), l) in a_rest.iter().zip(h_rest).zip(l_rest) {
        sum = sum.plus_twofold(Twofold { hi: *h, lo: *l }.times(*a));
    }
    sum
}

/// The sum of lanes, in order.
#[inline(always)]
fn gathered(sums: &[f64], errors: &[f64]) -> Twofold {
    sums.iter().zip(errors).fold(Twofold::ZERO, |total, (&s, &e)| {
        let (hi, lo) = fast_two_sum(s, e);
        total.plus_twofold(Twofold { hi, lo })
    })
}

/// x ← x + δ with RᵀR δ = g, unless the corrections stopped shrinking.
fn correct(factor: &PivotedFactor, penalties: &[f64], inverse: &[f64], state: &mut State) {
    // The gradient of the penalty, −Λ x.
    for ((g, x), &j) in state.g.iter_mut().zip(&state.x).zip(&factor.order) {
        *g = g.plus_twofold(x.times(-penalties[j]));
    }
    // The factor's columns are 2^shift shorter than the block's.
    let shift = |i: usize| pow2(-factor.shifts[factor.order[i]]);
    let mut delta: Vec<f64> = state.g.iter().enumerate().map(|(i, g)| g.hi * shift(i)).collect();
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
    let (mut largest, mut worst, mut small) = (0.0_f64, 0.0_f64, true);
    for (i, (x, d)) in state.x.iter_mut().zip(&delta).enumerate() {
        let d = d * shift(i);
        *x = x.plus(d);
        small &= left * inverse[i] * shift(i) <= f64::EPSILON / 16.0 * x.hi.abs();
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
