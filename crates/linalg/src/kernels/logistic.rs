//! Softmax and sigmoid with the sums their losses need, on blocks of rows that
//! are in the cache: exponentials once, and few logarithms.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use super::back::Sixteen;
use super::double::{exp_negative, ln};
use super::inner::{LANES, pairwise};
use crate::simd::dispatch;

/// What [`softmax_residuals`] finds besides the residuals.
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

/// The cross-entropy of two classes from one score per row, that of the second
/// class above the first, and sᵢ (σ(zᵢ) − yᵢ), its gradient in them.
///
/// # Shapes
/// `z ~ (n)`; `y ~ (n)` of 0 and 1; sᵢ is `scale`, times wᵢ ≥ 0 if there are
/// weights `w ~ (n)`; `r ~ (n.div_ceil(16))` takes the gradient, with 0 in places
/// without a row; `total` has it added, lane by lane.
///
/// # Numerics
/// Σ max(zᵢ, 0) + ln Π (1 + e^(−|zᵢ|)) with zᵢ negated for the second class: one
/// exponential per row, and a logarithm for every 64 rows of a lane, or for every
/// row if they are weighted; no cancellation in the gradient, absolute error of
/// the value below ε per row and 100 ε of itself. A row of weight 0 adds nothing.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::sigmoid_residuals;
/// let (mut r, mut total) = ([[0.0; 16]], [0.0; 16]);
/// let found = sigmoid_residuals(&[0.0, 1000.0], &[1, 0], None, 2.0, &mut r, &mut total);
/// assert!((found.value - 2.0 * (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// assert_eq!((r[0][0], r[0][1], found.confident), (-1.0, 2.0, 0));
/// ```
#[track_caller]
pub fn sigmoid_residuals(
    z: &[f64],
    y: &[usize],
    w: Option<&[f64]>,
    scale: f64,
    r: &mut [Sixteen],
    total: &mut Sixteen,
) -> CrossEntropy {
    let n = z.len();
    assert!(y.len() == n && w.is_none_or(|w| w.len() == n), "classes and weights of {n} rows");
    assert_eq!(r.len(), n.div_ceil(LANES), "residuals of {n} rows");
    if let Some(w) = w {
        return dispatch!(weighted_losses(
            z: &'a [f64],
            y: &'a [usize],
            w: &'a [f64],
            scale: f64,
            r: &'a mut [Sixteen],
            total: &'a mut Sixteen,
        ) -> CrossEntropy);
    }
    dispatch!(losses(
        z: &'a [f64],
        y: &'a [usize],
        scale: f64,
        r: &'a mut [Sixteen],
        total: &'a mut Sixteen,
    ) -> CrossEntropy)
}

/// Rows whose factors 1 + e^(−|z|), at most 2, are multiplied before a logarithm.
const FACTORS: usize = 64;

#[inline(always)]
fn losses(
    z: &[f64],
    y: &[usize],
    scale: f64,
    r: &mut [Sixteen],
    total: &mut Sixteen,
) -> CrossEntropy {
    let (mut linear, mut logs, mut right) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let runs = z.chunks(FACTORS * LANES).zip(y.chunks(FACTORS * LANES));
    for ((z, y), r) in runs.zip(r.chunks_mut(FACTORS)) {
        let mut products = [1.0; LANES];
        for ((z, y), r) in z.chunks(LANES).zip(y.chunks(LANES)).zip(r) {
            let rows = TwoClasses::new(z, y);
            let e = rows.step(&[scale; LANES], z.len(), r, total);
            for l in 0..LANES {
                linear[l] += if rows.z[l] > 0.0 { rows.z[l] } else { 0.0 };
                products[l] *= 1.0 + e[l];
                right[l] += if rows.z[l] < 0.0 { 1.0 } else { 0.0 };
            }
            // σ and softplus of −∞ are 0, but such a place is no row.
            for right in &mut right[z.len()..] {
                *right -= 1.0;
            }
        }
        for l in 0..LANES {
            logs[l] += ln(products[l]);
        }
    }
    let value = scale * (pairwise(&mut linear) + pairwise(&mut logs));
    CrossEntropy { value, confident: pairwise(&mut right) as usize }
}

#[inline(always)]
fn weighted_losses(
    z: &[f64],
    y: &[usize],
    w: &[f64],
    scale: f64,
    r: &mut [Sixteen],
    total: &mut Sixteen,
) -> CrossEntropy {
    let (mut value, mut right) = ([0.0; LANES], [0.0; LANES]);
    let groups = z.chunks(LANES).zip(y.chunks(LANES)).zip(w.chunks(LANES));
    for (((z, y), w), r) in groups.zip(r) {
        let rows = TwoClasses::new(z, y);
        let mut s = [0.0; LANES];
        s.iter_mut().zip(w).for_each(|(s, w)| *s = scale * w);
        let e = rows.step(&s, z.len(), r, total);
        for l in 0..LANES {
            let loss = if rows.z[l] > 0.0 { rows.z[l] } else { 0.0 } + ln(1.0 + e[l]);
            value[l] += if s[l] > 0.0 { s[l] * loss } else { 0.0 };
            right[l] += if rows.z[l] < 0.0 && s[l] > 0.0 { 1.0 } else { 0.0 };
        }
    }
    CrossEntropy { value: pairwise(&mut value), confident: pairwise(&mut right) as usize }
}

/// Sixteen rows of two classes.
struct TwoClasses {
    /// How wrong each is: the score, negated for the second class; −∞ without a
    /// row.
    z: Sixteen,
    /// 1 for the first class, −1 for the second.
    sign: Sixteen,
}

impl TwoClasses {
    #[inline(always)]
    fn new(z: &[f64], y: &[usize]) -> Self {
        let mut rows = Self { z: [f64::NEG_INFINITY; LANES], sign: [1.0; LANES] };
        if let (Some(z), Some(y)) = (z.first_chunk::<LANES>(), y.first_chunk::<LANES>()) {
            for l in 0..LANES {
                rows.sign[l] = if y[l] == 0 { 1.0 } else { -1.0 };
                rows.z[l] = z[l] * rows.sign[l];
            }
            return rows;
        }
        for (l, (z, y)) in z.iter().zip(y).enumerate() {
            rows.sign[l] = if *y == 0 { 1.0 } else { -1.0 };
            rows.z[l] = z * rows.sign[l];
        }
        rows
    }

    /// Writes the gradient of the `n` rows, adds it to the total, and gives
    /// e^(−|z|).
    #[inline(always)]
    fn step(&self, s: &Sixteen, n: usize, r: &mut Sixteen, total: &mut Sixteen) -> Sixteen {
        let mut e = self.z;
        for e in &mut e {
            *e = exp_negative(-e.abs());
        }
        for l in 0..LANES {
            let wrong = if self.z[l] > 0.0 { 1.0 } else { e[l] } / (1.0 + e[l]);
            r[l] = s[l] * self.sign[l] * wrong;
        }
        if n < LANES {
            r[n..].fill(0.0);
        }
        for l in 0..LANES {
            total[l] += r[l];
        }
        e
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, sigmoid_residuals, softmax_residuals};
    use crate::Real;
    use crate::kernels::{logsumexp, softmax};

    #[test]
    fn two_classes_agree_with_one_row_at_a_time() {
        for n in [0, 1, 15, 16, 17, 1025, 5000] {
            let z: Vec<f64> = (0..n).map(|i| ((i * 37 % 1000) as f64 - 500.0) / 9.0).collect();
            let y: Vec<usize> = (0..n).map(|i| i / 3 % 2).collect();
            let w: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
            for w in [None, Some(&w[..])] {
                let (mut r, mut total) = (vec![[f64::NAN; LANES]; n.div_ceil(LANES)], [0.0; LANES]);
                let found = sigmoid_residuals(&z, &y, w, 0.5, &mut r, &mut total);
                let (mut value, mut sum, mut confident) = (0.0, 0.0, 0);
                for i in 0..r.len() * LANES {
                    let found = r[i / LANES][i % LANES];
                    if i >= n {
                        assert!(found.abs() < f64::MIN_POSITIVE, "{i}: {found}");
                        continue;
                    }
                    let (weight, sign) = (0.5 * w.map_or(1.0, |w| w[i]), [1.0, -1.0][y[i]]);
                    let wrong = sign * z[i];
                    value += weight * Real::softplus(wrong);
                    let slope = weight * sign * Real::sigmoid(wrong);
                    confident += usize::from(wrong < 0.0 && weight > 0.0);
                    sum += slope;
                    assert!((found - slope).abs() <= 4.0 * f64::EPSILON * slope.abs(), "{i}");
                }
                let rounding = f64::EPSILON * (n as f64 + 100.0 * value);
                assert!((found.value - value).abs() <= rounding, "{n}: {found:?} {value}");
                assert_eq!(found.confident, confident, "{n}");
                let total: f64 = total.iter().sum();
                assert!((total - sum).abs() <= f64::EPSILON * n as f64 * n as f64);
            }
        }
        let (mut r, mut total) = ([[0.0; LANES]], [0.0; LANES]);
        let mut value =
            |z: &[f64], w| sigmoid_residuals(z, &[0, 0], w, 1.0, &mut r, &mut total).value;
        assert!(value(&[1.0, f64::NAN], None).is_nan());
        assert!(value(&[1.0, f64::NAN], Some(&[1.0, 2.0])).is_nan());
        assert!(value(&[1.0, f64::INFINITY], Some(&[1.0, 0.0])).is_finite());
    }

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
