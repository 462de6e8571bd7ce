//! Rows in blocks of eight, laid out class by class: lane r of every vector is
//! row r, so that what runs over the classes of a row runs over eight rows at
//! once, whatever the number of classes.

use wonderland_linalg::MatRef;

/// Rows of a block.
pub(crate) const LANES: usize = 8;

/// One number for each row of a block.
pub(crate) type Lanes = [f64; LANES];

/// Calls `f(first, rows, block)` for each block of rows; `block[k][r]` is
/// entry (first + r, k). Only the first `rows` lanes count: a last, short
/// block repeats its last row.
pub(crate) fn for_blocks(mat: MatRef<'_, f64>, f: impl FnMut(usize, usize, &[Lanes])) {
    for_strided_blocks(mat, 1, f);
}

/// The same of every `stride`-th row only: lane r is row (first + r) · stride.
pub(crate) fn for_strided_blocks(
    mat: MatRef<'_, f64>,
    stride: usize,
    mut f: impl FnMut(usize, usize, &[Lanes]),
) {
    let n = mat.nrows().div_ceil(stride);
    let mut block = vec![[0.0; LANES]; mat.ncols()];
    for first in (0..n).step_by(LANES) {
        let rows = LANES.min(n - first);
        let place = |r: usize| (first + r.min(rows - 1)) * stride;
        for r in (0..LANES).step_by(2) {
            let (i, j) = (place(r), place(r + 1));
            match (mat.row(i).try_as_row_major(), mat.row(j).try_as_row_major()) {
                (Some(a), Some(b)) => interleave(&mut block, r, a.as_slice(), b.as_slice()),
                _ => {
                    for (k, lanes) in block.iter_mut().enumerate() {
                        (lanes[r], lanes[r + 1]) = (mat[(i, k)], mat[(j, k)]);
                    }
                }
            }
        }
        f(first, rows, &block);
    }
}

/// Writes two rows to lanes r and r + 1: pairs of rows and classes at a time,
/// because two numbers are stored as fast as one.
#[inline]
fn interleave(block: &mut [Lanes], r: usize, a: &[f64], b: &[f64]) {
    let (pairs, last) = block.as_chunks_mut::<2>();
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<2>(), b.as_chunks::<2>());
    for ((lanes, a), b) in pairs.iter_mut().zip(a).zip(b) {
        lanes[0][r..r + 2].copy_from_slice(&[a[0], b[0]]);
        lanes[1][r..r + 2].copy_from_slice(&[a[1], b[1]]);
    }
    for ((lanes, a), b) in last.iter_mut().zip(last_a).zip(last_b) {
        lanes[r..r + 2].copy_from_slice(&[*a, *b]);
    }
}

/// A block as vectors: `LANES / S::F64_LANES` for each class, in order.
#[inline(always)]
pub(crate) fn vectors<S: pulp::Simd>(block: &[Lanes]) -> &[S::f64s] {
    S::as_simd_f64s(block.as_flattened()).0
}

/// The same to write to.
#[inline(always)]
pub(crate) fn vectors_mut<S: pulp::Simd>(block: &mut [Lanes]) -> &mut [S::f64s] {
    S::as_mut_simd_f64s(block.as_flattened_mut()).0
}

/// The numbers of a block's rows as vectors.
#[inline(always)]
pub(crate) fn vectors_of_row<S: pulp::Simd>(lanes: &mut Lanes) -> &mut [S::f64s] {
    S::as_mut_simd_f64s(lanes).0
}
