//! Residuals of a few rows back into the gradient: G += rᵀ x, the second half of a
//! step of a linear model; `narrow.rs` is the first.
//!
//! The one idea: vectors run along x, which needs no padding of the outputs, and
//! a tile of columns by outputs stays in registers over all rows. Residuals come
//! sixteen rows at a time, class by class, as the softmax leaves them.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use pulp::{Arch, Simd, WithSimd};

use super::inner::LANES;
use crate::ahead::RowsAhead;

/// One number for each of sixteen rows.
pub type Sixteen = [f64; LANES];

/// Most outputs of a tile.
const OUTPUTS: usize = 5;

/// Gₖ += Σᵢ rᵢₖ xᵢ over the rows xᵢ, while the rows `next` are fetched, which only
/// the speed of their later use depends on.
///
/// # Shapes
/// `rows` n × (c); `G ~ (m, c)` row-major; `r` holds for rows 0 to 15 one
/// [`Sixteen`] per output, then those of rows 16 to 31, and so on: `n.div_ceil(16)
/// * m`. Places without a row are not read.
///
/// # Numerics
/// Products are not rounded; every entry is summed in the order of the rows and
/// then added.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::rows_gradient;
/// let rows: [&[f64]; 2] = [&[1.0, 2.0], &[3.0, 4.0]];
/// let mut residuals = [[0.0; 16]; 1];
/// residuals[0][..2].copy_from_slice(&[1.0, -1.0]);
/// let mut gradient = [0.0; 2];
/// rows_gradient(&rows, &[], &residuals, &mut gradient);
/// assert_eq!(gradient, [-2.0, -2.0]);
/// ```
#[track_caller]
pub fn rows_gradient(rows: &[&[f64]], next: &[&[f64]], r: &[Sixteen], G: &mut [f64]) {
    let groups = rows.len().div_ceil(LANES);
    let (Some(first), Some(m)) = (rows.first(), r.len().checked_div(groups)) else { return };
    let c = first.len();
    assert_eq!(r.len(), groups * m, "residuals of {} rows", rows.len());
    assert!(G.len() == m * c && rows.iter().all(|row| row.len() == c), "rows of {c}");
    Arch::new().dispatch(Back { rows, next, r, m, G });
}

struct Back<'a> {
    rows: &'a [&'a [f64]],
    next: &'a [&'a [f64]],
    r: &'a [Sixteen],
    m: usize,
    G: &'a mut [f64],
}

impl WithSimd for Back<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, next, r, m, mut G } = self;
        // By every tile at every sixteen rows: a few at a time, all the way.
        let tiles = m.div_ceil(OUTPUTS) * (rows[0].len() / S::F64_LANES).div_ceil(2);
        let mut next = RowsAhead::spread(next, tiles * rows.len().div_ceil(LANES));
        let mut first = 0;
        while first < m {
            // Strips of about as many outputs each.
            let outputs = (m - first).div_ceil((m - first).div_ceil(OUTPUTS));
            let (here, rest) = G.split_at_mut(outputs * rows[0].len());
            let residuals = Residuals { r, m, first };
            // As many vectors of columns as leave registers for x and r.
            match outputs {
                1 => strip::<S, 1, 6>(simd, rows, residuals, here, &mut next),
                2 => strip::<S, 2, 4>(simd, rows, residuals, here, &mut next),
                3 => strip::<S, 3, 3>(simd, rows, residuals, here, &mut next),
                4 => strip::<S, 4, 2>(simd, rows, residuals, here, &mut next),
                _ => strip::<S, OUTPUTS, 2>(simd, rows, residuals, here, &mut next),
            }
            (first, G) = (first + outputs, rest);
        }
    }
}

/// Of m outputs, those from `first` on.
#[derive(Clone, Copy)]
struct Residuals<'a> {
    r: &'a [Sixteen],
    m: usize,
    first: usize,
}

/// K outputs by all columns, up to `MOST` vectors of them at a time.
#[inline(always)]
fn strip<S: Simd, const K: usize, const MOST: usize>(
    simd: S,
    rows: &[&[f64]],
    r: Residuals<'_>,
    G: &mut [f64],
    next: &mut RowsAhead<'_>,
) {
    let c = rows[0].len();
    let whole = c - c % S::F64_LANES;
    for from in (0..whole).step_by(MOST * S::F64_LANES) {
        match (whole - from) / S::F64_LANES {
            1 => add::<S, K, 1>(simd, rows, r, from, G, next),
            2 if MOST > 2 => add::<S, K, 2>(simd, rows, r, from, G, next),
            3 if MOST > 3 => add::<S, K, 3>(simd, rows, r, from, G, next),
            4 if MOST > 4 => add::<S, K, 4>(simd, rows, r, from, G, next),
            5 if MOST > 5 => add::<S, K, 5>(simd, rows, r, from, G, next),
            _ => add::<S, K, MOST>(simd, rows, r, from, G, next),
        }
    }
    if whole < c {
        add_last::<S, K>(simd, rows, r, whole, G, next);
    }
}

/// V vectors of columns from `from` on.
#[inline(always)]
fn add<S: Simd, const K: usize, const V: usize>(
    simd: S,
    rows: &[&[f64]],
    r: Residuals<'_>,
    from: usize,
    G: &mut [f64],
    next: &mut RowsAhead<'_>,
) {
    let sums = sums::<S, K, V>(simd, rows, r, from, next);
    for (k, sums) in sums.into_iter().enumerate() {
        let g = &mut G[k * rows[0].len() + from..];
        for (g, sum) in S::as_mut_simd_f64s(g).0.iter_mut().zip(sums) {
            *g = simd.add_f64s(*g, sum);
        }
    }
}

/// The columns from `whole` on, which do not fill a vector: as the end of the
/// last vector that fits, or one by one where none does.
#[inline(always)]
fn add_last<S: Simd, const K: usize>(
    simd: S,
    rows: &[&[f64]],
    r: Residuals<'_>,
    whole: usize,
    G: &mut [f64],
    next: &mut RowsAhead<'_>,
) {
    let c = rows[0].len();
    let Some(from) = c.checked_sub(S::F64_LANES) else {
        let groups = || rows.chunks(LANES).zip(r.r.chunks_exact(r.m));
        for (k, g) in G.chunks_exact_mut(c).enumerate() {
            for (j, g) in g.iter_mut().enumerate() {
                let pairs = groups().flat_map(|(rows, r_)| rows.iter().zip(&r_[r.first + k]));
                *g += pairs.fold(0.0, |sum, (x, r)| r.mul_add(x[j], sum));
            }
        }
        return;
    };
    let sums = sums::<S, K, 1>(simd, rows, r, from, next);
    for (g, [sum]) in G.chunks_exact_mut(c).zip(sums) {
        let mut found = [0.0; LANES];
        S::as_mut_simd_f64s(&mut found).0[0] = sum;
        for (g, found) in g[whole..].iter_mut().zip(&found[whole - from..]) {
            *g += found;
        }
    }
}

/// Σᵢ rᵢₖ xᵢ for K outputs and V vectors of columns, in registers.
#[inline(always)]
fn sums<S: Simd, const K: usize, const V: usize>(
    simd: S,
    rows: &[&[f64]],
    Residuals { r, m, first }: Residuals<'_>,
    from: usize,
    next: &mut RowsAhead<'_>,
) -> [[S::f64s; V]; K] {
    let mut sums = [[simd.splat_f64s(0.0); V]; K];
    for (rows, r) in rows.chunks(LANES).zip(r.chunks_exact(m)) {
        next.fetch();
        let Some(r) = r.get(first..).and_then(|r| r.first_chunk::<K>()) else { break };
        for (i, x) in rows.iter().enumerate() {
            let Some(x) = vectors::<S, V>(x, from) else { break };
            for k in 0..K {
                // The remainder spares a check of the bounds.
                let r = simd.splat_f64s(r[k][i % LANES]);
                for v in 0..V {
                    sums[k][v] = simd.mul_add_f64s(r, x[v], sums[k][v]);
                }
            }
        }
    }
    sums
}

/// V vectors from place `from` on, if there are so many.
#[inline(always)]
pub(super) fn vectors<S: Simd, const V: usize>(x: &[f64], from: usize) -> Option<&[S::f64s; V]> {
    let x = x.get(from..from + V * S::F64_LANES)?;
    S::as_simd_f64s(x).0.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::{LANES, rows_gradient};

    /// Small whole numbers: every order of summation gives the same.
    fn entry(i: usize, j: usize) -> f64 {
        ((i * 7 + j * 13) % 11) as f64 - 5.0
    }

    #[expect(clippy::float_cmp, reason = "whole numbers are exact")]
    fn check(n: usize, c: usize, m: usize) {
        let X: Vec<Vec<f64>> = (0..n).map(|i| (0..c).map(|j| entry(i, j)).collect()).collect();
        let rows: Vec<&[f64]> = X.iter().map(Vec::as_slice).collect();
        let residual = |i: usize, k: usize| entry(i + 3, 2 * k);
        // Places without a row hold what must not be read.
        let mut r = vec![[f64::NAN; LANES]; n.div_ceil(LANES) * m];
        for i in 0..n {
            (0..m).for_each(|k| r[i / LANES * m + k][i % LANES] = residual(i, k));
        }
        let mut G = vec![1.0; m * c];
        rows_gradient(&rows, &rows, &r, &mut G);
        for k in 0..m {
            for j in 0..c {
                let sum: f64 = (0..n).map(|i| X[i][j] * residual(i, k)).sum();
                assert_eq!(G[k * c + j], 1.0 + sum, "{n} {c} {m}: {k} {j}");
            }
        }
    }

    #[test]
    fn all_shapes_agree_with_the_definition() {
        for n in [0, 1, 15, 16, 17, 40] {
            for c in [1, 2, 3, 4, 5, 7, 8, 23, 24, 25, 50] {
                for m in [1, 2, 3, 4, 5, 6, 7, 10, 13, 20] {
                    check(n, c, m);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "rows of 3")]
    fn lengths_must_fit() {
        rows_gradient(&[&[1.0, 2.0, 3.0]], &[], &[[0.0; LANES]], &mut [0.0]);
    }
}
