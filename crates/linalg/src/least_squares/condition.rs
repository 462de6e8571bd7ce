//! The 2-norm condition number of a triangular factor, estimated.
//!
//! Power iteration on RᵀR for the largest singular value and inverse iteration
//! for the smallest; both approach from the safe side only in that they never
//! exceed the true condition, and a dozen steps come within a few per cent of
//! it for all but contrived spectra.

use super::householder::PivotedFactor;
use super::scratch::Scratch;
use crate::scale::ldexp;

/// Steps of either iteration: each costs one product or solve with R twice.
const STEPS: usize = 12;

/// σ₁/σ_r of R₁₁ with column i multiplied by 2^exponents\[i\], if there are any;
/// at most `f64::MAX`.
pub(super) fn condition(scratch: &Scratch, factor: &PivotedFactor, exponents: &[i32]) -> f64 {
    let r = factor.rank;
    if r == 0 {
        return 1.0;
    }
    // Relative exponents: only their spread matters.
    let top = exponents.iter().copied().max().unwrap_or(0);
    let spread = top - exponents.iter().copied().min().unwrap_or(0);
    if spread > 900 {
        // The columns' lengths alone differ by more than 2⁹⁰⁰.
        return f64::MAX;
    }
    let (mut scale, mut x) = (scratch.floats.lend(r), scratch.floats.lend(r));
    scale.fill(1.0);
    scale.iter_mut().zip(exponents).for_each(|(scale, &e)| *scale = ldexp(1.0, e - top));
    let largest = iterate(&mut x, |x| {
        x.iter_mut().zip(&*scale).for_each(|(x, s)| *x *= s);
        factor.multiply(x);
        let length = norm(x);
        factor.multiply_transposed(x);
        x.iter_mut().zip(&*scale).for_each(|(x, s)| *x *= s);
        length
    });
    let inverse = iterate(&mut x, |x| {
        x.iter_mut().zip(&*scale).for_each(|(x, s)| *x /= s);
        factor.solve_transposed(x);
        let length = norm(x);
        factor.solve(x);
        x.iter_mut().zip(&*scale).for_each(|(x, s)| *x /= s);
        length
    });
    let kappa = largest * inverse;
    if kappa.is_finite() { kappa.max(1.0) } else { f64::MAX }
}

/// The largest growth seen while `step` maps the normalised iterate by MᵀM and
/// returns ‖M x‖.
fn iterate(x: &mut [f64], mut step: impl FnMut(&mut [f64]) -> f64) -> f64 {
    // A fixed start with all frequencies in it.
    for (i, x) in x.iter_mut().enumerate() {
        *x = 1.0 + ((i * 7919 + 13) % 101) as f64 / 101.0;
    }
    let mut best = 0.0_f64;
    for _ in 0..STEPS {
        let length = norm(x);
        if !(length > 0.0 && length.is_finite()) {
            return f64::INFINITY;
        }
        x.iter_mut().for_each(|x| *x /= length);
        best = best.max(step(x));
    }
    best
}

/// ‖x‖, scaled by its largest element.
fn norm(x: &[f64]) -> f64 {
    let top = x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if top == 0.0 || !top.is_finite() {
        return top;
    }
    top * x.iter().map(|x| (x / top).powi(2)).sum::<f64>().sqrt()
}
