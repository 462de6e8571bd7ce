//! Softmax and log-sum-exp of every row of a row-major matrix.
//!
//! A short row leaves most lanes of a vector empty. So sixteen rows of few
//! classes are turned in a small buffer and done class by class, lanes being
//! rows; rows of many classes are done one by one.

use pulp::{Arch, Simd, WithSimd};

use super::inner::LANES;
use super::rows::{column_sums, columns, logsumexp, softmax};
use crate::Scalar;

/// Classes up to which rows are turned.
const FEW: usize = 32;

/// Replaces the scores of every row by their softmax, as
/// [`softmax`](super::softmax) of each row does.
///
/// # Shapes
/// z ~ (n, m), row-major.
///
/// # Numerics
/// A row's bits depend on that row alone, whatever stands around it. Up to 32
/// classes are added in order.
///
/// # Panics
/// When m does not divide the number of scores.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::softmax_rows;
/// let mut z = [0.0, 3.0_f64.ln(), 5.0, 5.0];
/// softmax_rows(&mut z, 2);
/// assert!((z[1] - 0.75).abs() < 1e-15);
/// assert_eq!(z[2], 0.5);
/// ```
#[track_caller]
pub fn softmax_rows<T: Scalar>(z: &mut [T], m: usize) {
    struct Turned<'a, T>(&'a mut [T], usize);
    impl<T: Scalar> WithSimd for Turned<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(z, m) = self;
            let mut buffer = [T::ZERO; FEW * LANES];
            let turned = &mut buffer[..m * LANES];
            for rows in z.chunks_mut(m * LANES) {
                turn(rows, m, turned);
                columns::<T, LANES>(turned, LANES, 0);
                for (i, row) in rows.chunks_exact_mut(m).enumerate() {
                    for (x, class) in row.iter_mut().zip(turned.as_chunks::<LANES>().0) {
                        *x = class[i];
                    }
                }
            }
        }
    }
    check_rows(z.len(), m);
    if m > FEW {
        z.chunks_exact_mut(m).for_each(softmax);
    } else if m > 0 {
        Arch::new().dispatch(Turned(z, m));
    }
}

/// ln Σ e^(zᵢ) of every row.
///
/// # Shapes
/// z ~ (n, m), row-major; `out` ~ (n).
///
/// # Numerics
/// As [`softmax_rows`].
///
/// # Panics
/// When `out` has not one place per row of m scores.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::logsumexp_rows;
/// let mut out = [0.0; 2];
/// logsumexp_rows(&[0.0, 3.0_f64.ln(), 5.0, 5.0], 2, &mut out);
/// assert!((out[0] - 4.0_f64.ln()).abs() < 1e-15);
/// ```
#[track_caller]
pub fn logsumexp_rows<T: Scalar>(z: &[T], m: usize, out: &mut [T]) {
    struct Turned<'a, T>(&'a [T], usize, &'a mut [T]);
    impl<T: Scalar> WithSimd for Turned<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(z, m, out) = self;
            let mut buffer = [T::ZERO; FEW * LANES];
            let turned = &mut buffer[..m * LANES];
            let mut sums = [T::ZERO; LANES];
            for (rows, out) in z.chunks(m * LANES).zip(out.chunks_mut(LANES)) {
                turn(rows, m, turned);
                column_sums::<T, LANES>(turned, LANES, 0, &mut sums);
                out.copy_from_slice(&sums[..out.len()]);
            }
        }
    }
    check_rows(z.len(), m);
    assert_eq!(z.len(), m * out.len(), "{} places for the sums of rows of {m} scores", out.len());
    if m > FEW {
        for (out, row) in out.iter_mut().zip(z.chunks_exact(m)) {
            *out = logsumexp(row);
        }
    } else if m > 0 {
        Arch::new().dispatch(Turned(z, m, out));
    } else {
        out.fill(-T::INFINITY);
    }
}

/// Up to sixteen rows, class by class; places without a row keep what they had.
#[inline(always)]
fn turn<T: Scalar>(rows: &[T], m: usize, turned: &mut [T]) {
    for (i, row) in rows.chunks_exact(m).enumerate() {
        for (x, class) in row.iter().zip(turned.as_chunks_mut::<LANES>().0) {
            class[i] = *x;
        }
    }
}

#[track_caller]
fn check_rows(len: usize, m: usize) {
    let fits = if m == 0 { len == 0 } else { len.is_multiple_of(m) };
    assert!(fits, "{len} scores are not whole rows of {m} classes");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "bits are meant")]

    use super::*;

    fn scores<T: Scalar>(n: usize) -> Vec<T> {
        (0..n).map(|i| T::from_f64(((i * i) as f64 * 0.37).sin() * 9.0)).collect()
    }

    fn agrees<T: Scalar>() {
        for m in [1, 2, 3, 10, 32, 33, 100] {
            for n in [1, 15, 16, 17, 50] {
                let z = scores::<T>(m * n);
                let (mut p, mut lse) = (z.clone(), vec![T::ZERO; n]);
                softmax_rows(&mut p, m);
                logsumexp_rows(&z, m, &mut lse);
                for (i, row) in z.chunks_exact(m).enumerate() {
                    let mut alone = row.to_vec();
                    softmax_rows(&mut alone, m);
                    assert_eq!(&p[i * m..(i + 1) * m], alone, "row {i} of {n}, {m} classes");
                    let mut expected = row.to_vec();
                    softmax(&mut expected);
                    let units = T::from_f64(2.0 * m as f64 + 4.0) * T::EPSILON;
                    for (p, e) in alone.iter().zip(&expected) {
                        assert!((*p - *e).abs() <= units * *e);
                    }
                    let gap = (lse[i] - logsumexp(row)).abs();
                    assert!(gap <= units * (T::ONE + lse[i].abs()));
                }
            }
        }
    }

    #[test]
    fn rows_agree_with_one_row_at_a_time() {
        agrees::<f32>();
        agrees::<f64>();
    }

    #[test]
    fn rows_without_a_finite_score_do_not_touch_their_neighbours() {
        let mut z = scores::<f64>(60);
        let mut clean = z.clone();
        softmax_rows(&mut clean, 3);
        z[3..6].fill(f64::NEG_INFINITY);
        z[7] = f64::INFINITY;
        z[10] = f64::NAN;
        let mut lse = [0.0; 20];
        logsumexp_rows(&z, 3, &mut lse);
        assert_eq!((lse[1], lse[2]), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(lse[3].is_nan());
        softmax_rows(&mut z, 3);
        assert_eq!(z[3..9], [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0, 1.0, 0.0]);
        assert!(z[9..12].iter().all(|p| p.is_nan()));
        assert_eq!((&z[..3], &z[12..]), (&clean[..3], &clean[12..]));
    }

    #[test]
    fn no_rows_and_no_classes() {
        softmax_rows::<f64>(&mut [], 0);
        softmax_rows::<f64>(&mut [], 3);
        let mut out = [0.0; 2];
        logsumexp_rows(&[], 0, &mut out);
        assert_eq!(out, [f64::NEG_INFINITY; 2]);
    }

    #[test]
    #[should_panic(expected = "5 scores are not whole rows of 2 classes")]
    fn rows_are_whole() {
        softmax_rows(&mut [0.0; 5], 2);
    }
}
