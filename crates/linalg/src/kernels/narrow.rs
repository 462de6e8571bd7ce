//! A few rows of a tall matrix times a narrow one: z = b + x W, the first half of a
//! step of a linear model; `back.rs` is the other.
//!
//! The one idea: the outputs of a row lie beside each other, padded to whole
//! vectors, so that one element of x meets all outputs at once and no sum runs
//! across a vector. A tile of three rows by up to three vectors of outputs stays
//! in registers. For a single output, which has no neighbours, see `two_classes.rs`.
//!
//! Rows are meant to be in the cache already: while it multiplies these, the
//! product asks the memory for the block of rows that comes next, which leaves
//! the memory all the time until then.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use pulp::{Arch, Simd, WithSimd};

use crate::ahead::RowsAhead;
use crate::simd::vector_lanes;

/// Places per row that [`rows_times`] wants for `k` outputs: whole vectors of this processor.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::padded_width;
/// assert!(padded_width(10) >= 10 && padded_width(10) % 4 == 0);
/// ```
#[must_use]
pub fn padded_width(k: usize) -> usize {
    k.next_multiple_of(vector_lanes())
}

/// zᵢ = b + xᵢ W for every row xᵢ, while the rows `next` are fetched, which only
/// the speed of their later use depends on.
///
/// # Shapes
/// `rows` n × (c), `W ~ (c, width)`, `b ~ (width)`, `z ~ (n, width)`, row-major;
/// `width` is a [`padded_width`].
///
/// # Numerics
/// Products are not rounded; each output is summed in the order of the columns.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::{padded_width, rows_times};
/// let width = padded_width(2);
/// let (mut W, mut b, mut z) = (vec![0.0; 3 * width], vec![0.0; width], vec![0.0; width]);
/// (W[0], W[width], W[2 * width + 1], b[1]) = (1.0, 10.0, 1.0, 100.0);
/// rows_times(&[&[1.0, 2.0, 3.0]], &[], &W, &b, &mut z);
/// assert_eq!(z[..2], [21.0, 103.0]);
/// ```
#[track_caller]
pub fn rows_times(rows: &[&[f64]], next: &[&[f64]], W: &[f64], b: &[f64], z: &mut [f64]) {
    let width = b.len();
    assert_eq!(width, padded_width(width), "outputs per row");
    assert_eq!(z.len(), rows.len() * width, "{} rows of {width} outputs", rows.len());
    let c = W.len() / width;
    assert!(W.len() == c * width && rows.iter().all(|row| row.len() == c), "rows of {c}");
    let next = RowsAhead::spread(next, rows.len().div_ceil(3));
    Arch::new().dispatch(Products { rows, next, W, b, z });
}

/// z = b + X W.
struct Products<'a> {
    rows: &'a [&'a [f64]],
    next: RowsAhead<'a>,
    W: &'a [f64],
    b: &'a [f64],
    z: &'a mut [f64],
}

impl WithSimd for Products<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, mut next, W, b, z } = self;
        let vectors = b.len() / S::F64_LANES;
        let (W, b) = (S::as_simd_f64s(W).0, S::as_simd_f64s(b).0);
        for (rows, z) in rows.chunks(3).zip(z.chunks_mut(3 * b.len() * S::F64_LANES)) {
            next.fetch();
            let first = rows[0];
            // Missing rows repeat the first, and their results are dropped.
            let x = [first, *rows.get(1).unwrap_or(&first), *rows.get(2).unwrap_or(&first)];
            let z = S::as_mut_simd_f64s(z).0;
            for at in (0..vectors).step_by(3) {
                match vectors - at {
                    1 => product_tile::<S, 1>(simd, x, W, b, at, z),
                    2 => product_tile::<S, 2>(simd, x, W, b, at, z),
                    _ => product_tile::<S, 3>(simd, x, W, b, at, z),
                }
            }
        }
    }
}

/// Three rows by V vectors of outputs. A fourth row would fill the registers with
/// sums alone, and one of them would live in memory, at twice the time.
#[inline(always)]
fn product_tile<S: Simd, const V: usize>(
    simd: S,
    x: [&[f64]; 3],
    W: &[S::f64s],
    b: &[S::f64s],
    at: usize,
    z: &mut [S::f64s],
) {
    let vectors = b.len();
    let Some(b) = b.get(at..).and_then(|b| b.first_chunk::<V>()) else { return };
    let mut sums = [*b; 3];
    for (w, ((x0, x1), x2)) in W.chunks_exact(vectors).zip(x[0].iter().zip(x[1]).zip(x[2])) {
        let Some(w) = w.get(at..).and_then(|w| w.first_chunk::<V>()) else { return };
        for (sums, x) in sums.iter_mut().zip([*x0, *x1, *x2]) {
            let x = simd.splat_f64s(x);
            for v in 0..V {
                sums[v] = simd.mul_add_f64s(x, w[v], sums[v]);
            }
        }
    }
    for (sums, z) in sums.iter().zip(z.chunks_exact_mut(vectors)) {
        z[at..at + V].copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::{padded_width, rows_times};

    /// Small whole numbers: every order of summation gives the same.
    fn entry(i: usize, j: usize) -> f64 {
        ((i * 7 + j * 13) % 11) as f64 - 5.0
    }

    #[expect(clippy::float_cmp, reason = "whole numbers are exact")]
    fn check(n: usize, c: usize, k: usize) {
        let width = padded_width(k);
        let X: Vec<Vec<f64>> = (0..n).map(|i| (0..c).map(|j| entry(i, j)).collect()).collect();
        let rows: Vec<&[f64]> = X.iter().map(Vec::as_slice).collect();
        let at = |i: usize, l: usize| if l < k { entry(i + 3, 2 * l) } else { 0.0 };
        let W: Vec<f64> = (0..c * width).map(|at_| at(at_ / width, at_ % width)).collect();
        let b: Vec<f64> = (0..width).map(|l| entry(3, l)).collect();
        let mut z = vec![f64::NAN; n * width];
        rows_times(&rows, &rows, &W, &b, &mut z);
        for l in 0..width {
            for i in 0..n {
                let sum: f64 = (0..c).map(|j| X[i][j] * W[j * width + l]).sum();
                assert_eq!(z[i * width + l], b[l] + sum, "z {n} {c} {k}: {i} {l}");
            }
        }
    }

    #[test]
    fn all_shapes_agree_with_the_definition() {
        for n in [0, 1, 3, 4, 5, 9] {
            for c in [1, 2, 3, 4, 5, 7, 8, 23, 24, 25, 50] {
                for k in [1, 2, 4, 5, 8, 10, 12, 13, 17, 20, 24, 28, 33] {
                    check(n, c, k);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "rows of 1")]
    fn lengths_must_fit() {
        let b = vec![0.0; padded_width(1)];
        rows_times(&[&[1.0, 2.0, 3.0]], &[], &b, &b, &mut b.clone());
    }
}
