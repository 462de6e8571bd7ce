//! Softmax and sigmoid with the sums their losses need, on blocks of rows that
//! are in the cache: exponentials once, and few logarithms.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use super::double::{exp_negative, ln};
use super::inner::{LANES, pairwise};
use crate::simd::dispatch;

/// Replaces the scores zᵢₖ of every row by e^(zᵢₖ − topᵢ), topᵢ the largest of
/// them, and gives their sums: the softmax before its division, with what the
/// cross-entropy topᵢ + ln sumᵢ − zᵢ_y needs.
///
/// # Shapes
/// `z ~ (n, width)` row-major, `top ~ (n)`, `sum ~ (n)`; `width` is a multiple
/// of 4, places without a class hold −∞.
///
/// # Numerics
/// 1 ≤ sumᵢ ≤ width for finite scores; NaN where one is NaN or the largest is
/// infinite.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::exp_rows;
/// let mut z = [1000.0, 1000.0, f64::NEG_INFINITY, f64::NEG_INFINITY];
/// let (mut top, mut sum) = ([0.0], [0.0]);
/// exp_rows(&mut z, 4, &mut top, &mut sum);
/// assert_eq!((z, top, sum), ([1.0, 1.0, 0.0, 0.0], [1000.0], [2.0]));
/// ```
#[track_caller]
pub fn exp_rows(z: &mut [f64], width: usize, top: &mut [f64], sum: &mut [f64]) {
    assert!(width > 0 && width.is_multiple_of(4), "{width} places per row");
    assert!(z.len() == top.len() * width && top.len() == sum.len(), "{} scores", z.len());
    dispatch!(rows(z: &'a mut [f64], width: usize, top: &'a mut [f64], sum: &'a mut [f64]) -> ());
}

#[inline(always)]
fn rows(z: &mut [f64], width: usize, top: &mut [f64], sum: &mut [f64]) {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    for (row, top) in z.chunks_exact_mut(width).zip(top) {
        let quads = row.as_chunks_mut::<4>().0;
        let mut most = quads[0];
        for quad in &quads[1..] {
            for l in 0..4 {
                most[l] = larger(most[l], quad[l]);
            }
        }
        *top = larger(larger(most[0], most[2]), larger(most[1], most[3]));
        for x in row {
            *x -= *top;
        }
    }
    for x in z.iter_mut() {
        *x = exp_negative(*x);
    }
    for (row, sum) in z.chunks_exact(width).zip(sum) {
        let mut lanes = [0.0; 4];
        for quad in row.as_chunks::<4>().0 {
            for l in 0..4 {
                lanes[l] += quad[l];
            }
        }
        *sum = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
    }
}

/// zᵢ ← sᵢ zᵢ for every row, and t += Σᵢ sᵢ zᵢ: the division of a softmax and the
/// gradient in its intercepts.
///
/// # Shapes
/// `z ~ (n, width)` row-major, `scale ~ (n)`, `total ~ (width)`; `width` is a
/// multiple of 4.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::scale_rows;
/// let (mut z, mut total) = ([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 10.0]);
/// scale_rows(&mut z, 4, &[0.5], &mut total);
/// assert_eq!((z, total), ([0.5, 1.0, 1.5, 2.0], [0.5, 1.0, 1.5, 12.0]));
/// ```
#[track_caller]
pub fn scale_rows(z: &mut [f64], width: usize, scale: &[f64], total: &mut [f64]) {
    assert!(width > 0 && width.is_multiple_of(4), "{width} places per row");
    assert!(z.len() == scale.len() * width && total.len() == width, "{} scores", z.len());
    dispatch!(scaled(z: &'a mut [f64], scale: &'a [f64], total: &'a mut [f64]) -> ());
}

#[inline(always)]
fn scaled(z: &mut [f64], scale: &[f64], total: &mut [f64]) {
    for (row, scale) in z.chunks_exact_mut(total.len()).zip(scale) {
        let quads = row.as_chunks_mut::<4>().0.iter_mut().zip(total.as_chunks_mut::<4>().0);
        for (z, total) in quads {
            for l in 0..4 {
                z[l] *= scale;
                total[l] += z[l];
            }
        }
    }
}

/// Replaces every zᵢ by the sigmoid of it and returns Σ softplus(zᵢ): the
/// derivative and the value of the logistic loss at once.
///
/// # Numerics
/// Σ max(zᵢ, 0) + ln Π (1 + e^(−|zᵢ|)): one exponential per element, and a
/// logarithm for every 64 of a lane; no cancellation in the sigmoid, absolute
/// error of the sum below ε per element and 100 ε of itself.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::softplus_sigmoid;
/// let mut z = [0.0, 1000.0];
/// assert!((softplus_sigmoid(&mut z) - (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// assert_eq!(z, [0.5, 1.0]);
/// ```
#[must_use]
pub fn softplus_sigmoid(z: &mut [f64]) -> f64 {
    dispatch!(losses(z: &'a mut [f64]) -> f64)
}

#[inline(always)]
fn losses(z: &mut [f64]) -> f64 {
    let (mut linear, mut logs) = ([0.0; LANES], [0.0; LANES]);
    for run in z.chunks_mut(64 * LANES) {
        let mut products = [1.0; LANES];
        let (chunks, rest) = run.as_chunks_mut::<LANES>();
        for chunk in chunks {
            step(chunk, &mut linear, &mut products);
        }
        if !rest.is_empty() {
            // σ and softplus of −∞ are 0.
            let mut last = [f64::NEG_INFINITY; LANES];
            last[..rest.len()].copy_from_slice(rest);
            step(&mut last, &mut linear, &mut products);
            rest.copy_from_slice(&last[..rest.len()]);
        }
        for l in 0..LANES {
            logs[l] += ln(products[l]);
        }
    }
    pairwise(&mut linear) + pairwise(&mut logs)
}

#[inline(always)]
fn step(z: &mut [f64; LANES], linear: &mut [f64; LANES], products: &mut [f64; LANES]) {
    for l in 0..LANES {
        let up = z[l] > 0.0;
        let e = exp_negative(if up { -z[l] } else { z[l] });
        linear[l] += if up { z[l] } else { 0.0 };
        let one_plus = 1.0 + e;
        products[l] *= one_plus;
        z[l] = (if up { 1.0 } else { e }) / one_plus;
    }
}

#[cfg(test)]
mod tests {
    use super::{exp_rows, softplus_sigmoid};
    use crate::Real;

    #[test]
    fn a_sum_of_losses_and_their_slopes() {
        for n in [0, 1, 15, 16, 17, 1025, 5000] {
            let given: Vec<f64> = (0..n).map(|i| ((i * 37 % 1000) as f64 - 500.0) / 9.0).collect();
            let mut z = given.clone();
            let total = softplus_sigmoid(&mut z);
            let expected: f64 = given.iter().map(|z| Real::softplus(*z)).sum();
            let rounding = f64::EPSILON * (n as f64 + 100.0 * expected);
            assert!((total - expected).abs() <= rounding, "{n}: {total} {expected}");
            for (given, slope) in given.iter().zip(z) {
                let expected = Real::sigmoid(*given);
                assert!((slope - expected).abs() <= 4.0 * f64::EPSILON * expected, "{given}");
            }
        }
        assert!(softplus_sigmoid(&mut [1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn rows_of_exponentials() {
        let width = 12;
        let score = |i: usize, l: usize| match l {
            10.. => f64::NEG_INFINITY,
            _ => ((i * 31 + l * 57) % 97) as f64 / 3.0 - 700.0,
        };
        let n = 33;
        let mut z: Vec<f64> = (0..n * width).map(|at| score(at / width, at % width)).collect();
        let (mut top, mut sum) = (vec![0.0; n], vec![0.0; n]);
        exp_rows(&mut z, width, &mut top, &mut sum);
        for i in 0..n {
            let largest = (0..10).map(|l| score(i, l)).fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(top[i].to_bits(), largest.to_bits());
            let terms: Vec<f64> = (0..width).map(|l| (score(i, l) - largest).exp()).collect();
            for (z, term) in z[i * width..].iter().zip(&terms) {
                assert!((z - term).abs() <= 4.0 * f64::EPSILON * term, "{z} {term}");
            }
            let total: f64 = terms.iter().sum();
            assert!((sum[i] - total).abs() <= 1e-14 * total);
        }
        let (mut top, mut sum) = ([0.0], [0.0]);
        exp_rows(&mut [0.0, f64::NAN, 1.0, 2.0], 4, &mut top, &mut sum);
        assert!(sum[0].is_nan());
    }
}
