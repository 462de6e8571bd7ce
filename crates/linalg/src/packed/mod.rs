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
/// first cache.
const ALIAS: usize = 2048;

/// Inner dimension from which a transposed A is worth packing, and size of the
/// whole product: at k = 128, or 256² · 64, both ways are as fast; at 512³
/// packing is 1.4 times as fast in `f32` and 1.6 in `f64`.
const TRANSPOSED_DEPTH: usize = 256;
const TRANSPOSED_WORK: usize = 1 << 23;
/// Columns of B for it where they fill their tiles, and where they need not.
const TRANSPOSED_COLUMNS: usize = 32;
const TRANSPOSED_RAGGED: usize = 128;
/// Smallest side from which other products are worth it: 1.03 times as fast as
/// faer at 512³ in `f32`, 1.05 in `f64`, 1.1 at 1024³; slower at 256³.
const LARGE: usize = 512;
/// The same for rows and columns of C where A need not be packed: 1.03 times as
/// fast at 512 × 784 × 256; 0.98 with 128 rows, slower with half of the columns or a
/// third of k.
const LARGE_OF_ROWS: usize = 256;
/// Columns of B of the narrow products in `f32` with A transposed, and fewest
/// rows of C and inner dimension: 1.4 times as fast as faer at 256 × 32 × 10 and
/// 256 × 512 × 10, 2.5 times at 256 × 32 × 4; slower with 16 columns, 32 rows or in
/// `f64`.
const NARROW: RangeInclusive<usize> = 4..=12;
const NARROW_ROWS: usize = 64;
const NARROW_DEPTH: usize = 32;
/// Bytes of a row of B for which it pays to read the columns of a transposed A where
/// they lie, if they fill their tiles: 1.2 to 1.35 times as fast as faer at
/// 784 × 512 × 16 and 300 × 300 × 32, 1.1 at 300 × 300 × 64, as fast as packing A
/// beyond. Where the columns of A share few places in the first cache, or C has few
/// rows, only the first tiles pay.
const FEW: usize = 512;
const FEWER: usize = 128;
/// Rows of C from which there are not few, fewest of all, and inner dimension.
const FEW_ROWS: usize = 96;
const FEWER_ROWS: usize = 64;
const FEW_DEPTH: usize = 128;
/// Bytes of a row of a tile with vectors of four or eight numbers.
const TILE_ROW: usize = 64;

/// How the operands are read. An entry of C depends on nothing else but its row of A
/// and its column of B.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// A and B copied.
    Copied,
    /// A where it lies, in rows, and B copied.
    Rows,
    /// Aᵀ where it lies, in rows, and B copied; at least a tile of rows of C.
    Columns,
    /// The same with vectors along the rows of Aᵀ, for the fewest columns of B.
    Narrow,
}

/// The way of C = A B or C += α A B that is faster than faer's (measured with AVX2 in
/// one run with it) or rounds where [`Product`] does and faer does not, if one is.
pub(crate) fn best<T: Scalar>(onto: Option<T>, A: MatRef<'_, T>, B: MatRef<'_, T>) -> Option<Way> {
    let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
    let work = n.saturating_mul(k).saturating_mul(m);
    let wide = m >= TRANSPOSED_RAGGED || m >= TRANSPOSED_COLUMNS && fills_tiles(B);
    let deep = k >= TRANSPOSED_DEPTH && wide && work >= TRANSPOSED_WORK;
    let large = n.min(k).min(m) >= LARGE;
    let way = way(A, B);
    let pays = match way {
        Way::Copied => large || is_transposed(A) && deep,
        Way::Rows => k >= LARGE && n.min(m) >= LARGE_OF_ROWS,
        Way::Columns | Way::Narrow => true,
    };
    // By one the product is exact.
    let exact = onto.is_none_or(|alpha| alpha.abs() == T::ONE);
    (pays || !exact).then_some(way)
}

/// The best way without faer.
fn way<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> Way {
    if is_narrow(A, B) {
        Way::Narrow
    } else if has_few_columns(A, B) {
        Way::Columns
    } else if A.try_as_row_major().is_some() && !shares_places::<T>(A.row_stride()) {
        Way::Rows
    } else {
        Way::Copied
    }
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

/// Whether so few columns of B do not pay for a copy of a transposed A.
fn has_few_columns<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> bool {
    let n = A.nrows();
    let few = if n < FEW_ROWS || shares_places::<T>(A.col_stride()) { FEWER } else { FEW };
    let fit = (1..=few).contains(&(B.ncols() * size_of::<T>())) && fills_tiles(B);
    is_transposed(A) && fit && n >= FEWER_ROWS && A.ncols() >= FEW_DEPTH
}

fn fills_tiles<T>(B: MatRef<'_, T>) -> bool {
    (B.ncols() * size_of::<T>()).is_multiple_of(TILE_ROW)
}

/// Whether rows so far apart are better copied out of each other's way.
fn shares_places<T>(apart: isize) -> bool {
    (apart.unsigned_abs() * size_of::<T>()).is_multiple_of(ALIAS)
}

/// A matrix of which each row is one piece.
type InRows<'a, T> = MatRef<'a, T, usize, usize, isize, ContiguousFwd>;

/// C = A B, or C += α A B, rounded before it is added, with `onto` = Some(α);
/// fastest where C is row-major.
pub(crate) struct Product<'a, T: Scalar> {
    pub(crate) way: Way,
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
        if self.way == Way::Narrow {
            return self.run_narrow(simd);
        }
        let Self { way, mut C, onto, A, B, scratch } = self;
        let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
        let width = 2 * T::LANES;
        let in_rows = A.try_as_row_major().filter(|_| way == Way::Rows);
        let in_columns = A.transpose().try_as_row_major().filter(|_| way == Way::Columns);
        // Where A is not copied its rows are not bound to a cache: four panels of B
        // are used up before the next are copied, or few of them by six rows after six.
        let (limit, block_rows, block_columns) = match way {
            Way::Rows => (DEPTH_OF_ROWS, n, 4 * width),
            // Not below: up to there an entry is one sum.
            Way::Columns if k > DEPTH => (DEPTH_OF_COLUMNS, ROWS, BLOCK_COLUMNS),
            Way::Columns => (DEPTH, ROWS, BLOCK_COLUMNS),
            _ => (DEPTH, BLOCK_ROWS, BLOCK_COLUMNS),
        };
        // Blocks of equal depth: a short last one would not pay for itself.
        let depth = k.div_ceil(k.div_ceil(limit).max(1)).max(1);
        let size_A = depth * BLOCK_ROWS.min(n).next_multiple_of(ROWS);
        let size_B = depth * block_columns.min(m).next_multiple_of(width);
        let (packed_B, packed_A) = aligned(scratch, size_A + size_B).split_at_mut(size_B);
        for column in (0..m).step_by(block_columns) {
            let columns = block_columns.min(m - column);
            for from in (0..k).step_by(depth) {
                let onto = if from > 0 { onto.or(Some(T::ONE)) } else { onto };
                let depth = depth.min(k - from);
                let B = B.submatrix(from, column, depth, columns);
                let packed_B = &mut packed_B[..depth * columns.next_multiple_of(width)];
                pack(B, width, packed_B);
                for row in (0..n).step_by(block_rows) {
                    let rows = block_rows.min(n - row);
                    let C = C.rb_mut().submatrix_mut(row, column, rows, columns);
                    if let Some(A) = in_rows {
                        let A = Rows(A.submatrix(row, from, rows, depth));
                        block::<S, T, _>(simd, &A, packed_B, depth, C, onto);
                    } else if let Some(A) = in_columns {
                        let missing = ROWS - rows;
                        let A = A.submatrix(from, row - missing, depth, ROWS);
                        block::<S, T, _>(simd, &Columns { A, missing }, packed_B, depth, C, onto);
                    } else {
                        let A = A.submatrix(row, from, rows, depth);
                        let packed_A = &mut packed_A[..depth * rows.next_multiple_of(ROWS)];
                        pack(A.transpose(), ROWS, packed_A);
                        block::<S, T, _>(simd, &Packed(packed_A), packed_B, depth, C, onto);
                    }
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
        let Self { C, onto, A, B, scratch, .. } = self;
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
