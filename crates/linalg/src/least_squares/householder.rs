//! Householder QR of a small column-major block, R only, and its
//! column-pivoted form on a triangular factor.
//!
//! faer's QR stops at columns below 16 m ε and returns a staircase; here every
//! column is reflected, and the rank is decided once, afterwards, on the
//! factor of the whole design.

use super::scratch::{Lent, Scratch};
use super::tsqr::Triangle;
use crate::scale::{exponent, pow2};
use crate::simd::dispatch;

/// Replaces the upper triangle of the (m, p) block `a` by R of its QR
/// factorisation; what lies below is left undefined.
pub(super) fn triangularise(a: &mut [f64], ld: usize, m: usize, p: usize) {
    dispatch!(triangularise_kernel(a: &'a mut [f64], ld: usize, m: usize, p: usize) -> ());
}

#[inline(always)]
fn triangularise_kernel(a: &mut [f64], ld: usize, m: usize, p: usize) {
    for k in 0..p.min(m) {
        let (head, tail) = a.split_at_mut((k + 1) * ld);
        let v = &mut head[k * ld + k..k * ld + m];
        let Some((beta, tau)) = reflector(v) else { continue };
        let rest = (p - k - 1) * ld;
        let mut fours = tail[..rest].chunks_exact_mut(4 * ld);
        for four in &mut fours {
            reflect_four(v, tau, four, ld, k, m);
        }
        for column in fours.into_remainder().chunks_exact_mut(ld) {
            reflect(v, tau, &mut column[k..m]);
        }
        v[0] = beta;
    }
}

/// Reflects four columns at once, so that v is read once for all of them.
#[inline(always)]
fn reflect_four(v: &[f64], tau: f64, columns: &mut [f64], ld: usize, k: usize, m: usize) {
    let (a, rest) = columns.split_at_mut(ld);
    let (b, rest) = rest.split_at_mut(ld);
    let (c, d) = rest.split_at_mut(ld);
    let (a, b, c, d) = (&mut a[k..m], &mut b[k..m], &mut c[k..m], &mut d[k..m]);
    let mut lanes = [[0.0_f64; 4]; 4];
    let mut sums = [0.0_f64; 4];
    {
        let (v4, v_rest) = v.as_chunks::<4>();
        let (a4, a_rest) = a.as_chunks::<4>();
        let (b4, b_rest) = b.as_chunks::<4>();
        let (c4, c_rest) = c.as_chunks::<4>();
        let (d4, d_rest) = d.as_chunks::<4>();
        for ((((v, a), b), c), d) in v4.iter().zip(a4).zip(b4).zip(c4).zip(d4) {
            for l in 0..4 {
                lanes[0][l] = v[l].mul_add(a[l], lanes[0][l]);
                lanes[1][l] = v[l].mul_add(b[l], lanes[1][l]);
                lanes[2][l] = v[l].mul_add(c[l], lanes[2][l]);
                lanes[3][l] = v[l].mul_add(d[l], lanes[3][l]);
            }
        }
        for ((((v, a), b), c), d) in v_rest.iter().zip(a_rest).zip(b_rest).zip(c_rest).zip(d_rest) {
            sums[0] = v.mul_add(*a, sums[0]);
            sums[1] = v.mul_add(*b, sums[1]);
            sums[2] = v.mul_add(*c, sums[2]);
            sums[3] = v.mul_add(*d, sums[3]);
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum = -tau * (*sum + ((lanes[0] + lanes[2]) + (lanes[1] + lanes[3])));
    }
    for ((((v, a), b), c), d) in v.iter().zip(a).zip(b).zip(c).zip(d) {
        *a = v.mul_add(sums[0], *a);
        *b = v.mul_add(sums[1], *b);
        *c = v.mul_add(sums[2], *c);
        *d = v.mul_add(sums[3], *d);
    }
}

/// Turns x into the Householder vector v with v₀ = 1 and H = I − τ v vᵀ taking
/// x to (β, 0, …, 0); `None` when x is zero below its head already.
#[inline(always)]
pub(crate) fn reflector(x: &mut [f64]) -> Option<(f64, f64)> {
    let tail = dot(&x[1..], &x[1..]);
    if tail == 0.0 {
        return None;
    }
    let alpha = x[0];
    let norm = (alpha * alpha + tail).sqrt();
    let beta = if alpha > 0.0 { -norm } else { norm };
    let scale = 1.0 / (alpha - beta);
    for x in &mut x[1..] {
        *x *= scale;
    }
    x[0] = 1.0;
    Some((beta, (beta - alpha) / beta))
}

#[inline(always)]
pub(crate) fn reflect(v: &[f64], tau: f64, y: &mut [f64]) {
    let s = -tau * dot(v, y);
    for (y, v) in y.iter_mut().zip(v) {
        *y = v.mul_add(s, *y);
    }
}

/// A dot product in eight lanes.
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (xs, x_rest) = x.as_chunks::<8>();
    let (ys, y_rest) = y.as_chunks::<8>();
    for (x, y) in xs.iter().zip(ys) {
        for l in 0..8 {
            lanes[l] = x[l].mul_add(y[l], lanes[l]);
        }
    }
    for (l, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        lanes[l] = x.mul_add(*y, lanes[l]);
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5]))
        + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// R of A P = Q R with the columns ordered, and how many of them count.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PivotedFactor {
    /// Upper triangular (rows, p), column-major, columns permuted and scaled
    /// by 2^(−shifts) of their original column.
    pub(super) R: Vec<f64>,
    /// Rows of R.
    pub(super) rows: usize,
    /// Column `order[k]` of the design stands at place k.
    pub(super) order: Vec<usize>,
    /// Binary exponents taken out of the columns, in the design's order.
    pub(super) shifts: Vec<i32>,
    /// Number of independent columns.
    pub(super) rank: usize,
    /// Number of columns; those of R beyond are targets, rotated along.
    pub(super) p: usize,
}

/// Pivots the first p columns of a triangular or trapezoidal factor with `rows`
/// rows; what columns follow are targets, which are only reflected.
///
/// The first `fixed` columns keep their places. A column counts as dependent
/// when what is left of it is at most `tol` times its own length. Among the
/// others the one with the most left comes next, measured against its own
/// length, or, with `exponents`, in units of 2^exponent.
pub(super) fn pivot(
    scratch: &Scratch,
    triangle: &Triangle<'_>,
    p: usize,
    fixed: usize,
    tol: f64,
    exponents: Option<&[i32]>,
) -> PivotedFactor {
    let rows = triangle.rows;
    let mut R = scratch.floats.take(triangle.R.len());
    R.copy_from_slice(&triangle.R);
    // Columns were scaled by their largest element; now by their length.
    let mut shifts = scratch.exponents.take(p);
    let total = R.len() / rows.max(1);
    for (column, shift) in R.chunks_exact_mut(rows.max(1)).zip(&mut shifts) {
        *shift = exponent(dot(column, column).sqrt());
        let factor = pow2(-*shift);
        column.iter_mut().for_each(|x| *x *= factor);
    }
    let mut lengths = scratch.floats.lend(total);
    for (length, column) in lengths.iter_mut().zip(R.chunks_exact(rows.max(1))) {
        *length = dot(column, column).sqrt();
    }
    let mut order = scratch.places.take(p);
    order.iter_mut().enumerate().for_each(|(k, j)| *j = k);
    let mut rank = 0;
    for k in 0..p.min(rows) {
        // What is left of each column is recomputed, not downdated: nothing
        // cancels, and the factor is small.
        let mut best = None;
        for j in k..if k < fixed { k + 1 } else { p } {
            let c = &R[j * rows + k..(j + 1) * rows];
            let left = dot(c, c).sqrt();
            let id = order[j];
            if left <= tol * lengths[id] || left == 0.0 {
                continue;
            }
            let merit = exponents.map_or(left / lengths[id], |e| {
                left.log2() + f64::from(e[id]) + f64::from(shifts[id])
            });
            if best.is_none_or(|(_, m)| merit > m) {
                best = Some((j, merit));
            }
        }
        let Some((best, _)) = best else { break };
        order.swap(k, best);
        if best != k {
            let (a, b) = R.split_at_mut(best * rows);
            a[k * rows..(k + 1) * rows].swap_with_slice(&mut b[..rows]);
        }
        let (head, tail) = R.split_at_mut((k + 1) * rows);
        let v = &mut head[k * rows + k..(k + 1) * rows];
        if let Some((beta, tau)) = reflector(v) {
            for j in 0..total - k - 1 {
                reflect(v, tau, &mut tail[j * rows + k..(j + 1) * rows]);
            }
            v[0] = beta;
            v[1..].fill(0.0);
        }
        rank += 1;
    }
    PivotedFactor { R, rows, order, shifts, rank, p }
}

impl PivotedFactor {
    /// The factor R = Lᵀ of a Cholesky factorisation, L row-major ~ (p, p).
    pub(super) fn from_cholesky(scratch: &Scratch, L: Vec<f64>, p: usize) -> Self {
        let mut order = scratch.places.take(p);
        order.iter_mut().enumerate().for_each(|(k, j)| *j = k);
        Self { R: L, rows: p, order, shifts: scratch.exponents.take(p), rank: p, p }
    }

    /// Keeps the buffers for another factor.
    pub(super) fn give_back(self, scratch: &Scratch) {
        scratch.floats.give(self.R);
        scratch.places.give(self.order);
        scratch.exponents.give(self.shifts);
    }

    /// The rotated target `t`; the first `rank` entries belong to the columns.
    pub(super) fn rotated(&self, t: usize) -> &[f64] {
        let start = (self.p + t) * self.rows;
        &self.R[start..start + self.rows]
    }

    /// x ← R₁₁⁻¹ x for the leading (rank, rank) triangle.
    pub(super) fn solve(&self, x: &mut [f64]) {
        let (R, rows, x) = (&self.R[..], self.rows, &mut x[..self.rank]);
        dispatch!(solve(R: &'a [f64], rows: usize, x: &'a mut [f64]) -> ());
    }

    /// x ← R₁₁⁻ᵀ x.
    pub(super) fn solve_transposed(&self, x: &mut [f64]) {
        let (R, rows, x) = (&self.R[..], self.rows, &mut x[..self.rank]);
        dispatch!(solve_transposed(R: &'a [f64], rows: usize, x: &'a mut [f64]) -> ());
    }

    /// x ← R₁₁ x.
    pub(super) fn multiply(&self, x: &mut [f64]) {
        let (R, rows, x) = (&self.R[..], self.rows, &mut x[..self.rank]);
        dispatch!(multiply(R: &'a [f64], rows: usize, x: &'a mut [f64]) -> ());
    }

    /// x ← R₁₁ᵀ x.
    pub(super) fn multiply_transposed(&self, x: &mut [f64]) {
        let (R, rows, x) = (&self.R[..], self.rows, &mut x[..self.rank]);
        dispatch!(multiply_transposed(R: &'a [f64], rows: usize, x: &'a mut [f64]) -> ());
    }

    /// Lengths of the rows of R₁₁⁻¹, in the factor's order and units.
    pub(super) fn inverse_lengths<'a>(&self, scratch: &'a Scratch) -> Lent<'a, f64> {
        let mut ss = scratch.floats.lend(self.rank);
        let mut column = scratch.floats.lend(self.rank);
        for k in 0..self.rank {
            column.fill(0.0);
            column[k] = 1.0;
            // Column k of the inverse has no entries below k.
            let (R, rows, x) = (&self.R[..], self.rows, &mut column[..=k]);
            dispatch!(solve(R: &'a [f64], rows: usize, x: &'a mut [f64]) -> ());
            for (ss, x) in ss.iter_mut().zip(&column[..=k]) {
                *ss += x * x;
            }
        }
        ss.iter_mut().for_each(|x| *x = x.sqrt());
        ss
    }
}

/// x ← R⁻¹ x for the leading triangle of as many columns as x has places.
#[inline(always)]
fn solve(R: &[f64], rows: usize, x: &mut [f64]) {
    for k in (0..x.len()).rev() {
        let (above, rest) = x.split_at_mut(k);
        let column = &R[k * rows..=k * rows + k];
        rest[0] /= column[k];
        let xk = rest[0];
        for (x, r) in above.iter_mut().zip(column) {
            *x -= xk * r;
        }
    }
}

/// x ← R⁻ᵀ x.
#[inline(always)]
fn solve_transposed(R: &[f64], rows: usize, x: &mut [f64]) {
    for k in 0..x.len() {
        let column = &R[k * rows..=k * rows + k];
        x[k] = (x[k] - dot(&column[..k], &x[..k])) / column[k];
    }
}

/// x ← R x.
#[inline(always)]
fn multiply(R: &[f64], rows: usize, x: &mut [f64]) {
    for k in 0..x.len() {
        let (above, rest) = x.split_at_mut(k);
        let column = &R[k * rows..=k * rows + k];
        for (x, r) in above.iter_mut().zip(column) {
            *x = r.mul_add(rest[0], *x);
        }
        rest[0] *= column[k];
    }
}

/// x ← Rᵀ x.
#[inline(always)]
fn multiply_transposed(R: &[f64], rows: usize, x: &mut [f64]) {
    for k in (0..x.len()).rev() {
        x[k] = dot(&R[k * rows..=k * rows + k], &x[..=k]);
    }
}
