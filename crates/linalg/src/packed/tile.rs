//! A tile of C in registers, and the operands it is summed from.
//!
//! The one idea: six rows by two vectors of columns are twelve sums, which with
//! two vectors of B and one element of A fill the sixteen registers there are.
//! What a step multiplies may come from anywhere; the tile is one text.

use faer::prelude::{Reborrow, ReborrowMut};
use faer::{MatMut, RowMut};
use pulp::{Simd, WithSimd};

use super::{InRows, Product};
use crate::Scalar;
use crate::ahead::{prefetch_place, prefetch_slice};

/// Rows of a tile; with two vectors of columns its sums fill twelve registers.
pub(super) const ROWS: usize = 6;
/// Columns of a tile on the widest vectors there are, of `f32`.
pub(super) const WIDEST: usize = 32;

/// Steps ahead for which a column of A is asked for.
const AHEAD: isize = 4;

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

/// Sums of a tile.
type Sums<V> = [[V; 2]; ROWS];

/// Where the elements of six rows of A come from.
pub(super) trait Left<S: Simd, T: Vectors<S>> {
    /// The rows from `row` on, as far as there are, times a panel of B.
    fn tile(&self, simd: S, row: usize, B: &[[T::Vector; 2]]) -> Sums<T::Vector>;
}

/// Panels of six rows, column by column.
pub(super) struct Packed<'a, T>(pub(super) &'a [T]);

impl<S: Simd, T: Vectors<S>> Left<S, T> for Packed<'_, T> {
    #[inline(always)]
    fn tile(&self, simd: S, row: usize, B: &[[T::Vector; 2]]) -> Sums<T::Vector> {
        let panel = &self.0.as_chunks::<ROWS>().0[row / ROWS * B.len()..];
        sum::<S, T>(simd, panel.iter().zip(B).map(|(a, b)| (*a, *b)))
    }
}

/// Rows as they lie, each in one piece.
pub(super) struct Rows<'a, T>(pub(super) InRows<'a, T>);

impl<S: Simd, T: Vectors<S>> Left<S, T> for Rows<'_, T> {
    #[inline(always)]
    fn tile(&self, simd: S, row: usize, B: &[[T::Vector; 2]]) -> Sums<T::Vector> {
        // Missing rows repeat the first.
        let at = |i: usize| if row + i < self.0.nrows() { row + i } else { row };
        let line = |i: usize| self.0.row(at(i)).as_slice();
        let first = line(0).iter().zip(line(1)).zip(line(2));
        let last = line(3).iter().zip(line(4)).zip(line(5));
        let steps = first.zip(last).zip(B);
        let steps = steps.map(|((((a, b), c), ((d, e), f)), g)| ([*a, *b, *c, *d, *e, *f], *g));
        sum::<S, T>(simd, steps)
    }
}

/// Six columns as they lie, side by side: rows of Aᵀ.
pub(super) struct Columns<'a, T> {
    pub(super) A: InRows<'a, T>,
    /// The first so many of the six do not belong to the tile.
    pub(super) missing: usize,
}

impl<S: Simd, T: Vectors<S>> Left<S, T> for Columns<'_, T> {
    #[inline(always)]
    fn tile(&self, simd: S, _: usize, B: &[[T::Vector; 2]]) -> Sums<T::Vector> {
        let ahead = AHEAD * self.A.row_stride();
        let columns = self.A.row_iter().filter_map(|column| {
            let column = column.as_slice();
            prefetch_place(column.as_ptr().wrapping_offset(ahead));
            column.first_chunk()
        });
        if self.missing == 0 {
            return sum::<S, T>(simd, columns.zip(B).map(|(a, b)| (*a, *b)));
        }
        let at: [usize; ROWS] = std::array::from_fn(|i| (i + self.missing).min(ROWS - 1));
        sum::<S, T>(simd, columns.zip(B).map(|(a, b)| (at.map(|i| a[i]), *b)))
    }
}

/// A tile from a panel of A and rows of B that lie apart, each two vectors long.
#[inline(always)]
pub(super) fn streamed<S: Simd, T: Vectors<S>>(
    simd: S,
    A: &[[T; ROWS]],
    B: InRows<'_, T>,
) -> Sums<T::Vector> {
    let rows = B.row_iter().filter_map(|row| T::vectors(row.as_slice()).first_chunk::<2>());
    sum::<S, T>(simd, A.iter().zip(rows).map(|(a, b)| (*a, *b)))
}

/// Six rows by two vectors of columns, summed in registers.
#[inline(always)]
fn sum<S: Simd, T: Vectors<S>>(
    simd: S,
    steps: impl Iterator<Item = ([T; ROWS], [T::Vector; 2])>,
) -> Sums<T::Vector> {
    let mut sums = [[T::splat(simd, T::ZERO); 2]; ROWS];
    for (a, b) in steps {
        for i in 0..ROWS {
            let a = T::splat(simd, a[i]);
            for j in 0..2 {
                sums[i][j] = T::mul_add(simd, a, b[j], sums[i][j]);
            }
        }
    }
    sums
}

/// A block of C from rows of A and packed panels of B.
#[inline(always)]
pub(super) fn block<S: Simd, T: Vectors<S>, L: Left<S, T>>(
    simd: S,
    A: &L,
    B: &[T],
    depth: usize,
    mut C: MatMut<'_, T>,
    onto: Option<T>,
) {
    let width = 2 * T::LANES;
    for (b, column) in B.chunks_exact(depth * width).zip((0..C.ncols()).step_by(width)) {
        let columns = width.min(C.ncols() - column);
        let b = T::vectors(b).as_chunks::<2>().0;
        for row in (0..C.nrows()).step_by(ROWS) {
            let rows = ROWS.min(C.nrows() - row);
            let mut C = C.rb_mut().submatrix_mut(row, column, rows, columns);
            // Where C is large its rows are far away: by the end they are here.
            for row in C.rb().row_iter() {
                if let Some(row) = row.try_as_row_major() {
                    prefetch_slice(row.as_slice());
                }
            }
            let sums = A.tile(simd, row, b);
            store::<S, T>(simd, C.rb_mut(), sums, onto);
        }
    }
}

/// Writes the part of a tile that belongs to C, or adds it.
///
/// Row by row by name: sums looked up by a number that is not known before would
/// have a place in memory, where the loop of [`tile`] would write all of them in
/// every step, at half the speed.
#[inline(always)]
pub(super) fn store<S: Simd, T: Vectors<S>>(
    simd: S,
    C: MatMut<'_, T>,
    sums: Sums<T::Vector>,
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
