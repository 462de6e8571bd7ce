//! XᵀX of neither few nor many columns, from rows packed a few at a time.
//!
//! The kernel is that of the fast route to least squares: a block of rows stays
//! in the first caches while tiles of the triangle are summed in registers, and
//! the next block is fetched meanwhile.

use faer::{MatMut, MatRef};

use crate::ahead::Ahead;
use crate::least_squares::{add_gram, pack_columns};
use crate::simd::vector_lanes;

/// Columns from which faer's blocked product beats kernels that keep a block of
/// rows in the first-level cache.
pub(crate) const WIDE: usize = 192;

/// Columns from which it is worth packing: as fast as faer at 40, 1.35 times at
/// 100, half as fast at 10.
const NARROW: usize = 32;

/// Whether XᵀX of so many columns is faster from packed rows than by faer.
pub(crate) fn pays(columns: usize) -> bool {
    (NARROW..WIDE).contains(&columns)
}

/// Rows packed together.
const BLOCK: usize = 64;

/// The lower triangle of `dst += XᵀX`; the rest is left alone.
pub(crate) fn add_packed(mut dst: MatMut<'_, f64>, X: MatRef<'_, f64>) {
    let (n, c) = (X.nrows(), X.ncols());
    let ld = c.next_multiple_of(vector_lanes());
    let scales = vec![1.0; c];
    let mut block = vec![0.0; BLOCK * ld];
    let mut G = vec![0.0; c * ld];
    for start in (0..n).step_by(BLOCK) {
        let end = n.min(start + BLOCK);
        let block = &mut block[..(end - start) * ld];
        pack_columns(X.subrows(start, end - start), &scales, block, ld, 0);
        let mut ahead = Ahead::of(X.subrows(end, BLOCK.min(n - end)));
        add_gram(block, ld, c, &mut G, &mut ahead);
    }
    for (i, row) in G.chunks_exact(ld).enumerate() {
        for (j, sum) in row[..=i].iter().enumerate() {
            dst[(i, j)] += sum;
        }
    }
}
