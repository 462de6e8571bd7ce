//! Softmax with the sums that its loss needs, on blocks of rows that are in the
//! cache: exponentials once, and one logarithm per row.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use super::back::Sixteen;
use super::double::{exp_negative, ln};
use super::inner::{LANES, pairwise};
use crate::simd::dispatch;

/// What a pass finds besides residuals or gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossEntropy {
    /// Σ sᵢ (ln Σₖ e^zᵢₖ − zᵢ of its class).
    pub value: f64,
    /// Rows of sᵢ > 0 with more than one half on their class.
    pub confident: usize,
}

/// The cross-entropy of rows of scores, and sᵢ (softmax(zᵢ) − onehot(yᵢ)), its
/// gradient in them.
///
/// # Shapes
/// `z ~ (n, width)` row-major, `width` a multiple of 4, of which the first m places
/// of a row count;
/// `y ~ (n)` classes 0..m; `s ~ (n)` weights sᵢ ≥ 0; `r` takes the gradient, for
/// rows 0 to 15 one [`Sixteen`] per class, then for rows 16 to 31, and so on:
/// `n.div_ceil(16) * m`, with 0 in places without a row; `total ~ (m)` has it
/// added, lane by lane.
///
/// # Numerics
/// One exponential per score and one logarithm per row, after the largest score
/// has been taken from them. A row of weight 0 adds nothing to the value.
///
/// # Panics
/// When the lengths do not fit, or a class is not below m.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::softmax_residuals;
/// // Odds of 1 : 3, and the second class is right.
/// let (mut r, mut total) = ([[0.0; 16]; 2], [[0.0; 16]; 2]);
/// let z = [1000.0, 1000.0 + 3.0_f64.ln(), 0.0, 0.0];
/// let found = softmax_residuals(&z, 4, &[1], &[1.0], &mut r, &mut total);
/// assert!((found.value - (4.0_f64 / 3.0).ln()).abs() < 1e-12);
/// assert!((r[0][0] - 0.25).abs() < 1e-12 && (r[1][0] + 0.25).abs() < 1e-12);
/// assert_eq!((found.confident, total), (1, r));
/// ```
#[track_caller]
pub fn softmax_residuals(
    z: &[f64],
    width: usize,
    y: &[usize],
    s: &[f64],
    r: &mut [Sixteen],
    total: &mut [Sixteen],
) -> CrossEntropy {
    let (n, m) = (y.len(), total.len());
    assert!(
        0 < m && m <= width && width.is_multiple_of(4) && z.len() == n * width && s.len() == n,
        "{n} rows of {m} scores"
    );
    assert_eq!(r.len(), n.div_ceil(LANES) * m, "residuals of {n} rows of {m} scores");
    dispatch!(residuals(
        z: &'a [f64],
        width: usize,
        y: &'a [usize],
        s: &'a [f64],
        r: &'a mut [Sixteen],
        total: &'a mut [Sixteen],
    ) -> CrossEntropy)
}

#[inline(always)]
fn residuals(
    z: &[f64],
    width: usize,
    y: &[usize],
    s: &[f64],
    r: &mut [Sixteen],
    total: &mut [Sixteen],
) -> CrossEntropy {
    let (mut value, mut confident) = ([0.0; LANES], 0);
    let groups = z.chunks(LANES * width).zip(r.chunks_exact_mut(total.len()));
    for ((z, r), (y, s)) in groups.zip(y.chunks(LANES).zip(s.chunks(LANES))) {
        if y.len() < LANES {
            r.as_flattened_mut().fill(0.0);
        }
        turn(z, width, r);
        let (mut weight, mut of_class) = ([0.0; LANES], [0.0; LANES]);
        weight[..s.len()].copy_from_slice(s);
        for (i, class) in y.iter().enumerate() {
            of_class[i] = r[*class][i];
        }
        let (top, sum) = exponentials(r);
        for i in 0..LANES {
            let loss = (top[i] - of_class[i]) + ln(sum[i]);
            value[i] += if weight[i] > 0.0 { weight[i] * loss } else { 0.0 };
        }
        for (i, class) in y.iter().enumerate() {
            let e = &mut r[*class][i];
            // p > ½, which also rules out ties.
            confident += usize::from(weight[i] > 0.0 && 2.0 * *e > sum[i]);
            *e -= sum[i];
        }
        for i in 0..LANES {
            weight[i] /= sum[i];
        }
        for (r, total) in r.iter_mut().zip(&mut *total) {
            let mut scaled = *r;
            for i in 0..LANES {
                scaled[i] *= weight[i];
            }
            for i in 0..LANES {
                total[i] += scaled[i];
            }
            *r = scaled;
        }
    }
    CrossEntropy { value: pairwise(&mut value), confident }
}

/// Up to sixteen rows, class by class.
#[inline(always)]
fn turn(z: &[f64], width: usize, r: &mut [Sixteen]) {
    for (first, rows) in (0..).step_by(4).zip(z.chunks(4 * width)) {
        // Missing rows repeat the first; their weight is 0.
        let row = |i: usize| rows.get(i * width..(i + 1) * width).unwrap_or(&rows[..width]);
        let rows = row(0).as_chunks::<4>().0.iter().zip(row(1).as_chunks::<4>().0);
        let rows = rows.zip(row(2).as_chunks::<4>().0.iter().zip(row(3).as_chunks::<4>().0));
        for (r, ((a, b), (c, d))) in r.chunks_mut(4).zip(rows) {
            for (k, r) in r.iter_mut().enumerate() {
                r[first..first + 4].copy_from_slice(&[a[k], b[k], c[k], d[k]]);
            }
        }
    }
}

/// Replaces scores by e^(z − top), and gives the largest of each row and their
/// sums, which are at least 1.
#[inline(always)]
fn exponentials(z: &mut [Sixteen]) -> (Sixteen, Sixteen) {
    let (mut top, mut sum) = ([f64::NEG_INFINITY; LANES], [0.0; LANES]);
    for z in z.iter() {
        for i in 0..LANES {
            top[i] = if z[i] > top[i] { z[i] } else { top[i] };
        }
    }
    for z in z.iter_mut() {
        for i in 0..LANES {
            z[i] -= top[i];
        }
    }
    for z in z.as_flattened_mut() {
        *z = exp_negative(*z);
    }
    for z in z.iter() {
        for i in 0..LANES {
            sum[i] += z[i];
        }
    }
    (top, sum)
}

#[cfg(test)]
mod tests {
    use super::{LANES, softmax_residuals};
    use crate::kernels::{logsumexp, softmax};

    #[test]
    fn residuals_agree_with_one_row_at_a_time() {
        let width = 12;
        for (n, m) in [(0, 3), (1, 1), (16, 2), (33, 10), (50, 12)] {
            let score = |i: usize, k: usize| ((i * 31 + k * 57) % 97) as f64 / 3.0 - 700.0;
            let z: Vec<f64> = (0..n * width).map(|at| score(at / width, at % width)).collect();
            let y: Vec<usize> = (0..n).map(|i| i % m).collect();
            let s: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
            let mut r = vec![[f64::NAN; LANES]; n.div_ceil(LANES) * m];
            let mut total = vec![[0.0; LANES]; m];
            let found = softmax_residuals(&z, width, &y, &s, &mut r, &mut total);
            let (mut value, mut confident) = (0.0, 0);
            let mut sums = vec![0.0; m];
            for i in 0..r.len() / m * LANES {
                let (mut p, weight) = (vec![0.0; m], if i < n { s[i] } else { 0.0 });
                if i < n {
                    p.copy_from_slice(&z[i * width..][..m]);
                    value += weight * (logsumexp(&p) - p[y[i]]);
                    softmax(&mut p);
                    confident += usize::from(weight > 0.0 && p[y[i]] > 0.5);
                    p[y[i]] -= 1.0;
                }
                for (k, p) in p.iter().enumerate() {
                    let found = r[i / LANES * m + k][i % LANES];
                    assert!((found - weight * p).abs() <= 16.0 * f64::EPSILON * weight, "{i} {k}");
                    sums[k] += found;
                }
            }
            assert!((found.value - value).abs() <= 1e-13 * value, "{} {value}", found.value);
            assert_eq!(found.confident, confident);
            for (total, sum) in total.iter().zip(sums) {
                assert!((total.iter().sum::<f64>() - sum).abs() <= 1e-13 * n as f64);
            }
        }
    }

    #[test]
    fn rows_of_weight_zero_cost_nothing_and_ties_are_not_confident() {
        let z = [f64::INFINITY, 0.0, 0.0, 0.0, 5.0, 5.0, 0.0, 0.0];
        let (mut r, mut total) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
        let found = softmax_residuals(&z, 4, &[1, 0], &[0.0, 1.0], &mut r, &mut total);
        assert!((found.value - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(found.confident, 0);
        let z = [f64::NAN, 0.0, 0.0, 0.0];
        let found = softmax_residuals(&z, 4, &[1], &[1.0], &mut r, &mut total);
        assert!(found.value.is_nan());
    }
}
