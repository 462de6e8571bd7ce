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

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use faer::prelude::ReborrowMut;
use faer::{MatMut, MatRef, RowMut};
use pulp::{Simd, WithSimd};

use crate::Scalar;

/// Rows of a tile; with two vectors of columns its sums fill twelve registers.
const ROWS: usize = 6;
/// Elements of the inner dimension per block: a panel of each operand fits the
/// first cache.
const DEPTH: usize = 512;
/// Rows of A per block: with their depth they fit the second cache.
const BLOCK_ROWS: usize = 72;
/// Columns of B per block: with their depth they fit the third cache.
const BLOCK_COLUMNS: usize = 1024;
/// Columns of a tile on the widest vectors there are, of `f32`.
const WIDEST: usize = 32;

/// Inner dimension from which a transposed A is worth packing, and size of the
/// whole product: at k = 128, or 256² · 64, both ways are as fast; at 512³
/// packing is 1.4 times as fast in `f32` and in `f64`, at 1024³ 1.6 times.
const TRANSPOSED_DEPTH: usize = 256;
const TRANSPOSED_WORK: usize = 1 << 23;
/// Smallest side from which other products are worth it: 1.05 times as fast as
/// faer at 512³ in `f32`, 1.08 in `f64`; slower at 256³.
const LARGE: usize = 512;

/// Whether C = A B is faster from packed operands than by faer (measured with
/// AVX2). C is row-major; see [`Product`].
pub(crate) fn pays<T>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> bool {
    let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
    let large = n.min(k).min(m) >= LARGE;
    let transposed = A.row_stride() == 1 && A.col_stride() != 1;
    let work = n.saturating_mul(k).saturating_mul(m);
    large || transposed && k >= TRANSPOSED_DEPTH && m >= 32 && work >= TRANSPOSED_WORK
}

/// Vectors of `T` on the processor `S`.
pub(crate) trait Vectors<S: Simd>: Scalar {
    type Vector: Copy;
    const LANES: usize;
    fn splat(simd: S, x: Self) -> Self::Vector;
    /// a b + c.
    fn mul_add(simd: S, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    fn plus(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn times(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn vectors(x: &[Self]) -> &[Self::Vector];
    fn vectors_mut(x: &mut [Self]) -> &mut [Self::Vector];
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

macro_rules! impl_vectors {
    ($t:ident, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $mul:ident, $as:ident, $as_mut:ident) => {
        impl<S: Simd> Vectors<S> for $t {
            type Vector = S::$vector;
            const LANES: usize = S::$lanes;
            #[inline(always)]
            fn splat(simd: S, x: $t) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn plus(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn times(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn vectors(x: &[$t]) -> &[S::$vector] {
                S::$as(x).0
            }
            #[inline(always)]
            fn vectors_mut(x: &mut [$t]) -> &mut [S::$vector] {
                S::$as_mut(x).0
            }
        }
        impl WithSimd for Product<'_, $t> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                self.run(simd);
            }
        }
    };
}
impl_vectors!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    add_f32s,
    mul_f32s,
    as_simd_f32s,
    as_mut_simd_f32s
);
impl_vectors!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    add_f64s,
    mul_f64s,
    as_simd_f64s,
    as_mut_simd_f64s
);

impl<T: Scalar> Product<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vectors<S>,
    {
        let Self { mut C, onto, A, B, scratch } = self;
        let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
        let width = 2 * T::LANES;
        // Blocks of equal depth: a short last one would not pay for itself.
        let depth = k.div_ceil(k.div_ceil(DEPTH).max(1));
        let (rows, columns) = (BLOCK_ROWS.min(n), BLOCK_COLUMNS.min(m));
        let size_A = depth * rows.next_multiple_of(ROWS);
        let size_B = depth * columns.next_multiple_of(width);
        // A cache line more than needed, so that panels may start on one.
        let line = 64 / size_of::<T>();
        if scratch.len() < size_A + size_B + line {
            scratch.resize(size_A + size_B + line, T::ZERO);
        }
        let start = scratch.as_ptr().align_offset(64).min(line);
        let (packed_B, packed_A) = scratch[start..].split_at_mut(size_B);
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
                    let A = A.submatrix(row, from, rows, depth);
                    let packed_A = &mut packed_A[..depth * rows.next_multiple_of(ROWS)];
                    pack(A.transpose(), ROWS, packed_A);
                    let C = C.rb_mut().submatrix_mut(row, column, rows, columns);
                    block::<S, T>(simd, packed_A, packed_B, depth, C, onto);
                }
            }
        }
    }
}

/// Copies X ~ (k, w) into panels of `width` columns, each row by row. Columns
/// that fill up the last panel hold anything finite or not: what they yield is
/// dropped.
#[inline(always)]
fn pack<T: Scalar>(X: MatRef<'_, T>, width: usize, out: &mut [T]) {
    let (k, w) = (X.nrows(), X.ncols());
    for (panel, first) in out.chunks_exact_mut(k * width).zip((0..w).step_by(width)) {
        let X = X.subcols(first, width.min(w - first));
        if X.col_stride() == 1 {
            for (out, row) in panel.chunks_exact_mut(width).zip(X.row_iter()) {
                let Some(row) = row.try_as_row_major() else { return };
                if row.ncols() == width {
                    out.copy_from_slice(row.as_slice());
                } else {
                    out[..row.ncols()].copy_from_slice(row.as_slice());
                }
            }
            continue;
        }
        match width {
            ROWS => interleave::<T, ROWS>(X, panel),
            4 => interleave::<T, 4>(X, panel),
            8 => interleave::<T, 8>(X, panel),
            16 => interleave::<T, 16>(X, panel),
            WIDEST => interleave::<T, WIDEST>(X, panel),
            _ => place(X, width, panel),
        }
    }
}

/// A panel from up to W columns, each in one piece.
#[inline(always)]
fn interleave<T: Scalar, const W: usize>(X: MatRef<'_, T>, panel: &mut [T]) {
    if X.row_stride() != 1 {
        return place(X, W, panel);
    }
    let mut columns: [&[T]; W] = [&[]; W];
    for (j, column) in columns.iter_mut().enumerate() {
        // Missing columns repeat the first.
        let Some(x) = X.col(if j < X.ncols() { j } else { 0 }).try_as_col_major() else { return };
        *column = &x.as_slice()[..X.nrows()];
    }
    for (l, out) in panel.as_chunks_mut::<W>().0.iter_mut().enumerate() {
        for (out, column) in out.iter_mut().zip(&columns) {
            *out = column[l];
        }
    }
}

/// A panel of columns that lie anyhow.
fn place<T: Scalar>(X: MatRef<'_, T>, width: usize, panel: &mut [T]) {
    for (out, row) in panel.chunks_exact_mut(width).zip(X.row_iter()) {
        out.iter_mut().zip(row.iter()).for_each(|(out, x)| *out = *x);
    }
}

/// A block of C from the packed panels.
#[inline(always)]
fn block<S: Simd, T: Vectors<S>>(
    simd: S,
    A: &[T],
    B: &[T],
    depth: usize,
    mut C: MatMut<'_, T>,
    onto: Option<T>,
) {
    let width = 2 * T::LANES;
    for (b, column) in B.chunks_exact(depth * width).zip((0..C.ncols()).step_by(width)) {
        let columns = width.min(C.ncols() - column);
        for (a, row) in A.chunks_exact(depth * ROWS).zip((0..C.nrows()).step_by(ROWS)) {
            let rows = ROWS.min(C.nrows() - row);
            let sums = tile::<S, T>(simd, a, T::vectors(b));
            let C = C.rb_mut().submatrix_mut(row, column, rows, columns);
            store::<S, T>(simd, C, sums, onto);
        }
    }
}

/// Six rows by two vectors of columns, summed in registers.
#[inline(always)]
fn tile<S: Simd, T: Vectors<S>>(simd: S, A: &[T], B: &[T::Vector]) -> [[T::Vector; 2]; ROWS] {
    let mut sums = [[T::splat(simd, T::ZERO); 2]; ROWS];
    let (A, B) = (A.as_chunks::<ROWS>().0, B.as_chunks::<2>().0);
    // One length for both, known before the loop: else it is found again in
    // every step, which costs a quarter of the speed.
    let depth = A.len().min(B.len());
    for (a, b) in A[..depth].iter().zip(&B[..depth]) {
        for i in 0..ROWS {
            let a = T::splat(simd, a[i]);
            for j in 0..2 {
                sums[i][j] = T::mul_add(simd, a, b[j], sums[i][j]);
            }
        }
    }
    sums
}

/// Writes the part of a tile that belongs to C, or adds it.
///
/// Row by row by name: sums looked up by a number that is not known before would
/// have a place in memory, where the loop of [`tile`] would write all of them in
/// every step, at half the speed.
#[inline(always)]
fn store<S: Simd, T: Vectors<S>>(
    simd: S,
    C: MatMut<'_, T>,
    sums: [[T::Vector; 2]; ROWS],
    onto: Option<T>,
) {
    let mut rows = C.row_iter_mut();
    let [first, second, third, fourth, fifth, sixth] = sums;
    store_row::<S, T>(simd, rows.next(), first, onto);
    store_row::<S, T>(simd, rows.next(), second, onto);
    store_row::<S, T>(simd, rows.next(), third, onto);
    store_row::<S, T>(simd, rows.next(), fourth, onto);
    store_row::<S, T>(simd, rows.next(), fifth, onto);
    store_row::<S, T>(simd, rows.next(), sixth, onto);
}

/// Writes what belongs to a row of C, if there is one.
#[inline(always)]
fn store_row<S: Simd, T: Vectors<S>>(
    simd: S,
    row: Option<RowMut<'_, T>>,
    sums: [T::Vector; 2],
    onto: Option<T>,
) {
    let Some(mut row) = row else { return };
    if row.ncols() == 2 * T::LANES
        && let Some(row) = row.rb_mut().try_as_row_major_mut()
    {
        for (c, sum) in T::vectors_mut(row.as_slice_mut()).iter_mut().zip(sums) {
            *c = match onto {
                Some(alpha) => T::plus(simd, *c, T::times(simd, T::splat(simd, alpha), sum)),
                None => sum,
            };
        }
        return;
    }
    let mut found = [T::ZERO; WIDEST];
    for (found, sum) in T::vectors_mut(&mut found).iter_mut().zip(sums) {
        *found = sum;
    }
    for (c, x) in row.iter_mut().zip(found) {
        *c = onto.map_or(x, |alpha| *c + alpha * x);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "small integers: every result is exact")]

    use super::*;
    use crate::scalar::sealed::Kernels;
    use crate::{Tensor, matmul_into};

    /// Small whole numbers: every order of summation gives the same.
    fn counted<T: Scalar>(n: usize, c: usize) -> Tensor<T> {
        Tensor::from_fn(n, c, |i, j| T::from_f64(((i * 7 + j * 13) % 11) as f64 - 5.0))
    }

    fn naive<T: Scalar>(A: MatRef<'_, T>, B: MatRef<'_, T>, old: T) -> Tensor<T> {
        Tensor::from_fn(A.nrows(), B.ncols(), |i, j| {
            (0..A.ncols()).fold(old, |sum, l| sum + A[(i, l)] * B[(l, j)])
        })
    }

    /// The product from every layout of the operands and of C.
    #[track_caller]
    fn check<T: Scalar + Kernels>(n: usize, k: usize, m: usize)
    where
        for<'a> Product<'a, T>: WithSimd,
    {
        let (A, B) = (counted::<T>(n, k), counted::<T>(k, m));
        let (A_turned, B_turned) = (A.transpose(), B.transpose());
        // Written backwards and read backwards: neighbours are −1 apart.
        let back = |X: &Tensor<T>| {
            let (r, c) = (X.nrows(), X.ncols());
            Tensor::from_fn(r, c, |i, j| X[[r - 1 - i, c - 1 - j]])
        };
        let (A_back, B_back) = (back(&A), back(&B));
        let layouts_A =
            [A.as_mat(), A_turned.as_mat().transpose(), A_back.as_mat().reverse_rows_and_cols()];
        let layouts_B =
            [B.as_mat(), B_turned.as_mat().transpose(), B_back.as_mat().reverse_rows_and_cols()];
        let mut scratch = Vec::new();
        for onto in [None, Some(T::ONE)] {
            let old = if onto.is_some() { T::ONE } else { T::ZERO };
            let expected = naive(A.as_mat(), B.as_mat(), old);
            for (A, B) in layouts_A.iter().flat_map(|A| layouts_B.map(|B| (*A, B))) {
                // Overwriting does not read what was there.
                let fill = if onto.is_some() { T::ONE } else { T::NAN };
                let (mut C, mut turned) =
                    (Tensor::full(&[n, m], fill), Tensor::full(&[m, n], fill));
                let scratch = &mut scratch;
                let product = Product { C: C.as_mat_mut(), onto, A, B, scratch };
                pulp::Arch::new().dispatch(product);
                assert_eq!(C, expected, "{n} x {k} x {m}");
                let C = turned.as_mat_mut().transpose_mut();
                pulp::Arch::new().dispatch(Product { C, onto, A, B, scratch });
                assert_eq!(turned.transpose(), expected, "{n} x {k} x {m}, C turned");
            }
        }
    }

    #[test]
    fn packed_products_are_sums_of_products() {
        for (n, k, m) in [(1, 1, 1), (5, 3, 7), (6, 17, 16), (13, 33, 40), (75, 5, 1), (2, 600, 9)]
        {
            check::<f32>(n, k, m);
            check::<f64>(n, k, m);
        }
        check::<f32>(7, 2, 1030);
        check::<f64>(80, 520, 35);
    }

    #[test]
    fn a_large_product_with_the_first_transposed_is_the_naive_one() {
        let (A, B) = (counted::<f64>(300, 170), counted::<f64>(300, 170));
        let A = A.as_mat().transpose();
        assert!(pays(A, B.as_mat()) && !pays(B.as_mat(), A));
        let expected = naive(A, B.as_mat(), 1.0);
        let mut C = Tensor::full(&[170, 170], 1.0);
        matmul_into(C.as_mat_mut(), true, A, B.as_mat()).unwrap();
        assert_eq!(C, expected);
        let mut turned = Tensor::full(&[170, 170], 1.0);
        matmul_into(turned.as_mat_mut().transpose_mut(), true, A, B.as_mat()).unwrap();
        assert_eq!(turned.transpose(), expected);
    }

    #[test]
    fn only_the_first_large_product_allocates() {
        let (A, B) = (counted::<f32>(300, 200), counted::<f32>(300, 200));
        let mut C = Tensor::zeros(&[200, 200]);
        let mut multiply = || {
            matmul_into(C.as_mat_mut(), false, A.as_mat().transpose(), B.as_mat()).unwrap();
        };
        multiply();
        assert_eq!(allocation_counter::measure(multiply).count_total, 0);
    }
}
