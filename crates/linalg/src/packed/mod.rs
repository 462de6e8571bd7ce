//! Products of large matrices from packed operands, where faer's own way is slow.
//!
//! The one idea (Goto and van de Geijn 2008): a block of each operand is copied
//! once into the order in which it will be read, panels as wide as a tile, so
//! that however the matrices lie in memory the inner loop reads two streams and
//! keeps a tile of C in registers. A copy costs one move per element and is
//! paid back by as many multiply-adds as C has rows or columns.
//!
//! faer copies only one of the two. The other, when its elements lie a row
//! apart, it reads with a cache line per element: on AᵀB of large matrices
//! that costs half of the speed.
//!
//! Where one of the two lies well already it is not copied: rows of A in one
//! piece, and for few columns of B the long columns of Aᵀ.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

mod pack;
mod tile;

use std::ops::RangeInclusive;

use faer::prelude::ReborrowMut;
use faer::{ContiguousFwd, MatMut, MatRef};
use pulp::Simd;

use self::pack::pack;
use self::tile::{Columns, Packed, ROWS, Rows, Vectors, block, store, streamed};
use crate::Scalar;

/// Elements of the inner dimension per block: a panel of each operand fits the
/// first cache.
const DEPTH: usize = 512;
/// The same where A is not copied: a block more costs more than a panel that the
/// second cache holds.
const DEPTH_OF_ROWS: usize = 1024;
/// The same where the columns of A are not copied, which often share few places in
/// the first cache.
const DEPTH_OF_COLUMNS: usize = 256;
/// Rows of A per block: with their depth they fit the second cache.
const BLOCK_ROWS: usize = 72;
/// Columns of B per block: with their depth they fit the third cache.
const BLOCK_COLUMNS: usize = 1024;
/// Rows that are a multiple of so many bytes apart share a few places in the
/// first cache, and are better copied out of each other's way.
const ALIAS: usize = 2048;

/// Inner dimension from which a transposed A is worth packing, and size of the
/// whole product: at k = 128, or 256² · 64, both ways are as fast; at 512³
/// packing is 1.4 times as fast in `f32` and in `f64`, at 1024³ 1.6 times.
const TRANSPOSED_DEPTH: usize = 256;
const TRANSPOSED_WORK: usize = 1 << 23;
/// Smallest side from which other products are worth it: 1.03 times as fast as
/// faer at 512³ in `f32`, 1.05 in `f64`, 1.1 at 1024³; slower at 256³.
const LARGE: usize = 512;
/// The same for rows and columns of C where A need not be packed: 1.03 times as
/// fast at 512 × 784 × 256; slower with half as many rows, or a third of k.
const LARGE_OF_ROWS: usize = 256;
/// Columns of B of the narrow products in `f32` with A transposed, and fewest
/// rows of C and inner dimension: 1.4 times as fast as faer at 256 × 32 × 10 and
/// 256 × 512 × 10, 2.5 times at 256 × 32 × 4; slower with 16 columns, 32 rows or in
/// `f64`.
const NARROW: RangeInclusive<usize> = 4..=12;
const NARROW_ROWS: usize = 64;
const NARROW_DEPTH: usize = 32;
/// Columns of B, in `f64` with A transposed, for which it pays to read the columns of
/// A where they lie, and fewest rows of C and inner dimension: 1.1 times as fast as
/// faer at 64 × 2048 × 16, 256 × 128 × 16 and 784 × 512 × 16; slower with 8 columns, or
/// in `f32`.
const FEW: usize = 16;
const FEW_ROWS: usize = 64;
const FEW_DEPTH: usize = 128;

/// Whether C = A B is faster from packed operands than by faer (measured with
/// AVX2 in one run with it). C is row-major; see [`Product`].
pub(crate) fn pays<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> bool {
    let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
    let large = n.min(k).min(m) >= LARGE;
    let in_rows = k >= LARGE && n.min(m) >= LARGE_OF_ROWS && rows(A).is_some();
    let work = n.saturating_mul(k).saturating_mul(m);
    let deep = k >= TRANSPOSED_DEPTH && m >= 32 && work >= TRANSPOSED_WORK;
    large || in_rows || is_transposed(A) && deep || is_narrow(A, B) || has_few_columns(A, B)
}

fn is_transposed<T>(A: MatRef<'_, T>) -> bool {
    A.row_stride() == 1 && A.col_stride() != 1
}

/// Whether vectors better run along the columns of C, where they are.
fn is_narrow<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> bool {
    let single = size_of::<T>() == size_of::<f32>();
    let long = A.nrows() >= NARROW_ROWS && A.ncols() >= NARROW_DEPTH;
    single && is_transposed(A) && long && NARROW.contains(&B.ncols())
}

/// Whether so few columns of B do not pay for a copy of A, whose columns are read
/// where they lie.
fn has_few_columns<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> bool {
    let double = size_of::<T>() == size_of::<f64>();
    let long = A.nrows() >= FEW_ROWS && A.ncols() >= FEW_DEPTH;
    double && is_transposed(A) && long && B.ncols() == FEW
}

/// A matrix of which each row is one piece.
type InRows<'a, T> = MatRef<'a, T, usize, usize, isize, ContiguousFwd>;

/// A where its rows are best read as they lie.
fn rows<T>(A: MatRef<'_, T>) -> Option<InRows<'_, T>> {
    let apart = A.row_stride().unsigned_abs() * size_of::<T>();
    A.try_as_row_major().filter(|_| !apart.is_multiple_of(ALIAS))
}

/// C = A B, or C += α A B, rounded before it is added, with `onto` = Some(α);
/// fastest where C is row-major.
pub(crate) struct Product<'a, T: Scalar> {
    pub(crate) C: MatMut<'a, T>,
    pub(crate) onto: Option<T>,
    pub(crate) A: MatRef<'a, T>,
    pub(crate) B: MatRef<'a, T>,
    /// Kept between calls, so that only the first allocates.
    pub(crate) scratch: &'a mut Vec<T>,
}

impl<T: Scalar> Product<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vectors<S>,
    {
        if is_narrow(self.A, self.B) {
            return self.run_narrow(simd);
        }
        let Self { mut C, onto, A, B, scratch } = self;
        let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
        let width = 2 * T::LANES;
        let in_rows = rows(A);
        let in_columns = has_few_columns(A, B).then(|| A.transpose().try_as_row_major()).flatten();
        // Blocks of equal depth: a short last one would not pay for itself.
        let limit = match (in_rows, in_columns) {
            (Some(_), _) => DEPTH_OF_ROWS,
            // Not below: up to there an entry is one sum.
            (None, Some(_)) if k > DEPTH => DEPTH_OF_COLUMNS,
            _ => DEPTH,
        };
        let depth = k.div_ceil(k.div_ceil(limit).max(1)).max(1);
        let size_A = depth * BLOCK_ROWS.min(n).next_multiple_of(ROWS);
        let size_B = depth * BLOCK_COLUMNS.min(m).next_multiple_of(width);
        let (packed_B, packed_A) = aligned(scratch, size_A + size_B).split_at_mut(size_B);
        for column in (0..m).step_by(BLOCK_COLUMNS) {
            let columns = BLOCK_COLUMNS.min(m - column);
            for from in (0..k).step_by(depth) {
                let onto = if from > 0 { onto.or(Some(T::ONE)) } else { onto };
                let depth = depth.min(k - from);
                let B = B.submatrix(from, column, depth, columns);
                let packed_B = &mut packed_B[..depth * columns.next_multiple_of(width)];
                pack(B, width, packed_B);
                for row in (0..n).step_by(BLOCK_ROWS) {
                    let rows = BLOCK_ROWS.min(n - row);
                    let C = C.rb_mut().submatrix_mut(row, column, rows, columns);
                    if let Some(A) = in_rows {
                        let A = Rows(A.submatrix(row, from, rows, depth));
                        block::<S, T, _>(simd, &A, packed_B, depth, C, onto);
                        continue;
                    }
                    let (mut row, mut rows, mut C) = (row, rows, C);
                    if let Some(A) = in_columns {
                        let whole = rows - rows % ROWS;
                        let A = Columns(A.submatrix(from, row, depth, whole));
                        let (here, rest) = C.split_at_row_mut(whole);
                        block::<S, T, _>(simd, &A, packed_B, depth, here, onto);
                        (row, rows, C) = (row + whole, rows - whole, rest);
                        if rows == 0 {
                            continue;
                        }
                    }
                    let A = A.submatrix(row, from, rows, depth);
                    let packed_A = &mut packed_A[..depth * rows.next_multiple_of(ROWS)];
                    pack(A.transpose(), ROWS, packed_A);
                    block::<S, T, _>(simd, &Packed(packed_A), packed_B, depth, C, onto);
                }
            }
        }
    }

    /// Cᵀ = Bᵀ Aᵀ for few columns of B and Aᵀ in rows: the vectors run along the
    /// many columns of Aᵀ, which are read where they lie.
    #[inline(always)]
    fn run_narrow<S: Simd>(self, simd: S)
    where
        T: Vectors<S>,
    {
        let Self { C, onto, A, B, scratch } = self;
        let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
        let Some(A) = A.transpose().try_as_row_major() else { return };
        let mut C = C.transpose_mut();
        let width = 2 * T::LANES;
        let depth = DEPTH.min(k);
        let size_B = depth * m.next_multiple_of(ROWS);
        let (packed_B, last) = aligned(scratch, size_B + depth * width).split_at_mut(size_B);
        for from in (0..k).step_by(depth) {
            let depth = depth.min(k - from);
            let packed_B = &mut packed_B[..depth * m.next_multiple_of(ROWS)];
            pack(B.subrows(from, depth), ROWS, packed_B);
            let panels = packed_B.as_chunks::<ROWS>().0;
            let onto = if from > 0 { onto.or(Some(T::ONE)) } else { onto };
            for column in (0..n / width * width).step_by(width) {
                let A = A.submatrix(from, column, depth, width);
                for (panel, row) in panels.chunks_exact(depth).zip((0..m).step_by(ROWS)) {
                    let sums = streamed::<S, T>(simd, panel, A);
                    let C = C.rb_mut().submatrix_mut(row, column, ROWS.min(m - row), width);
                    store::<S, T>(simd, C, sums, onto);
                }
            }
            let column = n / width * width;
            if column < n {
                let last = &mut last[..depth * width];
                pack(A.as_dyn_stride().submatrix(from, column, depth, n - column), width, last);
                let C = C.rb_mut().subcols_mut(column, n - column);
                block::<S, T, _>(simd, &Packed(packed_B), last, depth, C, onto);
            }
        }
    }
}

/// A cache line's start in the scratch, and `size` elements from there.
fn aligned<T: Scalar>(scratch: &mut Vec<T>, size: usize) -> &mut [T] {
    let line = 64 / size_of::<T>();
    if scratch.len() < size + line {
        scratch.resize(size + line, T::ZERO);
    }
    let start = scratch.as_ptr().align_offset(64).min(line);
    &mut scratch[start..start + size]
}

#[cfg(test)]
mod tests;
