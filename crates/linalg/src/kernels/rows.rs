//! Softmax and log-sum-exp of a row (one sample, many classes) and of
//! class-major blocks (many samples, few classes: lanes are samples), and the
//! two moments of a slice.
//!
//! All take the largest score out first: softmax(z) = softmax(z − max z)
//! (notes §4.3.4), so that nothing overflows and one term is exactly 1.

use pulp::{Arch, Simd, WithSimd};

use super::inner::{LANES, pairwise, sum_twofold};
use crate::Scalar;

/// ln Σ e^(zᵢ), without overflow.
///
/// # Numerics
/// max + ln Σ e^(zᵢ − max); −∞ for no scores or all −∞, +∞ if one is; NaN if
/// one is.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::logsumexp;
/// assert!((logsumexp(&[1000.0, 1000.0]) - (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// assert_eq!(logsumexp(&[f64::NEG_INFINITY; 3]), f64::NEG_INFINITY);
/// ```
#[must_use]
pub fn logsumexp<T: Scalar>(z: &[T]) -> T {
    struct Row<'a, T>(&'a [T]);
    impl<T: Scalar> WithSimd for Row<'_, T> {
        type Output = (T, T);
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> (T, T) {
            let max = largest(self.0);
            (max, exp_sum(self.0, max))
        }
    }
    let (max, sum) = Arch::new().dispatch(Row(z));
    if max.is_finite() { max + sum.ln() } else { max }
}

/// Replaces the scores z by the probabilities e^(zᵢ)/Σ e^(zⱼ) (notes §4.3.4).
///
/// # Numerics
/// Scores of −∞ get probability 0. When no score is finite: the probability is
/// shared by the scores of +∞, or else by all, if all are −∞. Probabilities
/// below 1e-37 (`f32`) and 1e-307 (`f64`) become 0. NaN spreads over the row.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::softmax;
/// let mut z = [0.0, 3.0_f64.ln()];
/// softmax(&mut z);
/// assert!((z[1] - 0.75).abs() < 1e-15);
/// ```
pub fn softmax<T: Scalar>(z: &mut [T]) {
    struct Row<'a, T>(&'a mut [T]);
    impl<T: Scalar> WithSimd for Row<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let z = self.0;
            let max = largest(z);
            if !max.is_finite() {
                share(z, max);
                return;
            }
            let mut lanes = [T::ZERO; LANES];
            let (chunks, rest) = z.as_chunks_mut::<LANES>();
            for chunk in chunks {
                for l in 0..LANES {
                    chunk[l] = T::exp_negative(chunk[l] - max);
                    lanes[l] += chunk[l];
                }
            }
            for (l, x) in rest.iter_mut().enumerate() {
                *x = T::exp_negative(*x - max);
                lanes[l] += *x;
            }
            let scale = T::ONE / pairwise(&mut lanes);
            for x in z {
                *x *= scale;
            }
        }
    }
    Arch::new().dispatch(Row(z));
}

/// Replaces the scores z by zᵢ − ln Σ e^(zⱼ), the logarithms of the softmax.
///
/// # Numerics
/// Keeps the digits of probabilities that softmax rounds to 0 or 1: the
/// largest score is subtracted before the logarithm is. Rows without a finite
/// score are treated as in [`softmax`].
pub fn log_softmax<T: Scalar>(z: &mut [T]) {
    struct Row<'a, T>(&'a mut [T]);
    impl<T: Scalar> WithSimd for Row<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let z = self.0;
            let max = largest(z);
            if !max.is_finite() {
                share(z, max);
                for x in z {
                    *x = x.ln();
                }
                return;
            }
            let ln_sum = exp_sum(z, max).ln();
            for x in z {
                *x = (*x - max) - ln_sum;
            }
        }
    }
    Arch::new().dispatch(Row(z));
}

/// Softmax of n samples whose scores lie class by class: `z[k * n + i]` is the
/// score of class k for sample i.
///
/// # Shapes
/// z ~ (m, n), m = z.len() / n.
///
/// # Numerics
/// As [`softmax`]; the classes are added in order.
///
/// # Panics
/// When n does not divide the number of scores.
#[track_caller]
pub fn softmax_class_major<T: Scalar>(z: &mut [T], n: usize) {
    struct Block<'a, T>(&'a mut [T], usize);
    impl<T: Scalar> WithSimd for Block<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(z, n) = self;
            let mut first = 0;
            while first + LANES <= n {
                columns::<T, LANES>(z, n, first);
                first += LANES;
            }
            while first < n {
                columns::<T, 1>(z, n, first);
                first += 1;
            }
        }
    }
    check_classes(z.len(), n);
    if n > 0 {
        Arch::new().dispatch(Block(z, n));
    }
}

/// ln Σₖ e^(zₖᵢ) of n samples whose scores lie class by class, as in
/// [`softmax_class_major`].
///
/// # Panics
/// When `out` has not one place per sample, or n does not divide the number
/// of scores.
#[track_caller]
pub fn logsumexp_class_major<T: Scalar>(z: &[T], out: &mut [T]) {
    struct Block<'a, T>(&'a [T], &'a mut [T]);
    impl<T: Scalar> WithSimd for Block<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(z, out) = self;
            let n = out.len();
            let mut first = 0;
            while first + LANES <= n {
                column_sums::<T, LANES>(z, n, first, out);
                first += LANES;
            }
            while first < n {
                column_sums::<T, 1>(z, n, first, out);
                first += 1;
            }
        }
    }
    let n = out.len();
    check_classes(z.len(), n);
    if n == 0 {
        return;
    }
    Arch::new().dispatch(Block(z, out));
}

/// (mean, Σ(xᵢ − mean)²/(n − ddof)) of a slice: `ddof` 0 for the population, 1
/// for a sample. `None` when there are no more than `ddof` numbers.
///
/// # Numerics
/// Two passes in twofold arithmetic with the mean's rounding corrected: the
/// digits are those of the data, whatever their common offset (NIST's NumAcc
/// sets).
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::mean_variance;
/// assert_eq!(mean_variance(&[1.0, 2.0, 3.0, 6.0], 1), Some((3.0, 14.0 / 3.0)));
/// ```
#[must_use]
pub fn mean_variance<T: Scalar>(x: &[T], ddof: usize) -> Option<(f64, f64)> {
    struct Squares<'a, T>(&'a [T], f64);
    impl<T: Scalar> WithSimd for Squares<'_, T> {
        type Output = (f64, f64);
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> (f64, f64) {
            let Self(x, mean) = self;
            let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
            for chunk in x.chunks(LANES) {
                for (l, x) in chunk.iter().enumerate() {
                    let gap = x.wide() - mean;
                    sums[l] += gap;
                    squares[l] = gap.mul_add(gap, squares[l]);
                }
            }
            (pairwise(&mut sums), pairwise(&mut squares))
        }
    }
    if x.len() <= ddof {
        return None;
    }
    let n = x.len() as f64;
    let mean = sum_twofold(x) / n;
    let (gaps, squares) = Arch::new().dispatch(Squares(x, mean));
    // Σ(x − m)² − (Σ(x − m))²/n: the second term is what the rounding of the
    // mean has added (Chan, Golub and LeVeque 1983).
    Some((mean, (squares - gaps * gaps / n).max(0.0) / (n - ddof as f64)))
}

/// The largest of z; NaN if one is NaN, −∞ of nothing.
#[inline(always)]
fn largest<T: Scalar>(z: &[T]) -> T {
    let mut lanes = [-T::INFINITY; LANES];
    let (chunks, rest) = z.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    let mut max = lanes[0];
    for &lane in &lanes[1..] {
        max = larger(max, lane);
    }
    max
}

/// The larger of two, not losing a NaN of either.
#[inline(always)]
fn larger<T: Scalar>(max: T, x: T) -> T {
    // False for every comparison with NaN, so NaN is taken and then kept.
    if max > x || T::nan(max) { max } else { x }
}

/// Σ e^(zᵢ − max).
#[inline(always)]
fn exp_sum<T: Scalar>(z: &[T], max: T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (chunks, rest) = z.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += T::exp_negative(x - max);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += T::exp_negative(x - max);
    }
    pairwise(&mut lanes)
}

/// Softmax of W samples from sample `first` on.
#[inline(always)]
pub(super) fn columns<T: Scalar, const W: usize>(z: &mut [T], n: usize, first: usize) {
    let max = column_max::<T, W>(z, n, first);
    if !max.iter().all(|m| m.is_finite()) {
        for i in first..first + W {
            single_column(z, n, i);
        }
        return;
    }
    let mut sums = [T::ZERO; W];
    for class in z.chunks_exact_mut(n) {
        let scores = &mut class[first..first + W];
        for l in 0..W {
            scores[l] = T::exp_negative(scores[l] - max[l]);
            sums[l] += scores[l];
        }
    }
    let mut scale = [T::ZERO; W];
    for l in 0..W {
        scale[l] = T::ONE / sums[l];
    }
    for class in z.chunks_exact_mut(n) {
        let scores = &mut class[first..first + W];
        for l in 0..W {
            scores[l] *= scale[l];
        }
    }
}

/// Softmax of one sample that may have no finite largest score.
#[inline(always)]
fn single_column<T: Scalar>(z: &mut [T], n: usize, i: usize) {
    let [max] = column_max::<T, 1>(z, n, i);
    let mut sum = T::ZERO;
    for class in z.chunks_exact_mut(n) {
        class[i] = if max.is_finite() {
            T::exp_negative(class[i] - max)
        } else {
            indicator(class[i], max)
        };
        sum += class[i];
    }
    let scale = T::ONE / sum;
    for class in z.chunks_exact_mut(n) {
        class[i] *= scale;
    }
}

#[inline(always)]
pub(super) fn column_sums<T: Scalar, const W: usize>(
    z: &[T],
    n: usize,
    first: usize,
    out: &mut [T],
) {
    let max = column_max::<T, W>(z, n, first);
    let mut sums = [T::ZERO; W];
    for class in z.chunks_exact(n) {
        let scores = &class[first..first + W];
        for l in 0..W {
            sums[l] += T::exp_negative(scores[l] - max[l]);
        }
    }
    let out = &mut out[first..first + W];
    for l in 0..W {
        // 1 ≤ sum ≤ m.
        out[l] = T::ln_lane(sums[l]) + max[l];
    }
    if !max.iter().all(|m| m.is_finite()) {
        for l in 0..W {
            if !max[l].is_finite() {
                out[l] = max[l];
            }
        }
    }
}

#[inline(always)]
fn column_max<T: Scalar, const W: usize>(z: &[T], n: usize, first: usize) -> [T; W] {
    let mut max = [-T::INFINITY; W];
    for class in z.chunks_exact(n) {
        let scores = &class[first..first + W];
        for l in 0..W {
            max[l] = larger(max[l], scores[l]);
        }
    }
    max
}

/// Softmax of a row whose largest score `max` is not finite.
fn share<T: Scalar>(z: &mut [T], max: T) {
    let mut count = T::ZERO;
    for x in z.iter_mut() {
        *x = indicator(*x, max);
        count += *x;
    }
    for x in z {
        *x /= count;
    }
}

/// 1 where a score is the largest; NaN if that is NaN.
fn indicator<T: Scalar>(x: T, max: T) -> T {
    if T::nan(max) {
        max
    } else if x == max {
        T::ONE
    } else {
        T::ZERO
    }
}

#[track_caller]
fn check_classes(len: usize, n: usize) {
    let fits = if n == 0 { len == 0 } else { len.is_multiple_of(n) };
    assert!(fits, "{len} scores are not whole classes of {n} samples");
}
