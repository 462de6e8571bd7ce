//! Rows in blocks of eight, laid out class by class: lane r of every vector is
//! row r, so that what runs over the classes of a row runs over eight rows at
//! once, whatever the number of classes.

use wonderland_linalg::MatRef;

/// Rows of a block.
pub(crate) const LANES: usize = 8;

/// One number for each row of a block.
pub(crate) type Lanes = [f64; LANES];

/// What is done with eight rows at a time, compiled for the vectors there are.
pub(crate) trait RowWork {
    /// `rows[r]` is row first + r. Only the first `n_rows` count: where there
    /// are fewer than eight, the last is repeated.
    fn rows<S: pulp::Simd>(&mut self, simd: S, first: usize, n_rows: usize, rows: &[&[f64]; LANES]);
}

/// Does the work on all rows.
pub(crate) fn work_on_rows(mat: MatRef<'_, f64>, work: &mut impl RowWork) {
    pulp::Arch::new().dispatch(AllRows { mat, stride: 1, work });
}

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
    f: impl FnMut(usize, usize, &[Lanes]),
) {
    let block = vec![[0.0; LANES]; mat.ncols()];
    pulp::Arch::new().dispatch(AllRows { mat, stride, work: &mut Turn { block, f } });
}

struct AllRows<'a, W> {
    mat: MatRef<'a, f64>,
    stride: usize,
    work: &'a mut W,
}

impl<W: RowWork> pulp::WithSimd for AllRows<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { mat, stride, work } = self;
        let (n, m) = (mat.nrows().div_ceil(stride), mat.ncols());
        let contiguous = mat.try_as_row_major();
        let mut copies = vec![0.0; if contiguous.is_some() { 0 } else { LANES * m }];
        for first in (0..n).step_by(LANES) {
            let n_rows = LANES.min(n - first);
            let place = |r: usize| (first + r.min(n_rows - 1)) * stride;
            let mut rows: [&[f64]; LANES] = [&[]; LANES];
            if let Some(mat) = contiguous {
                for (r, row) in rows.iter_mut().enumerate() {
                    *row = mat.row(place(r)).as_slice();
                }
            } else {
                for (r, copy) in copies.chunks_exact_mut(m).enumerate() {
                    for (k, x) in copy.iter_mut().enumerate() {
                        *x = mat[(place(r), k)];
                    }
                }
                for (row, copy) in rows.iter_mut().zip(copies.chunks_exact(m)) {
                    *row = copy;
                }
            }
            work.rows(simd, first, n_rows, &rows);
        }
    }
}

/// What is done with one class of as many rows as a vector has lanes.
pub(crate) trait ClassWork<S: pulp::Simd> {
    /// Class by class from the first.
    fn class(&mut self, simd: S, p: S::f64s);
}

/// Does the work on every class of `rows`, one for each lane.
///
/// Four rows of four classes are turned in registers; where vectors are not
/// that wide, and for the last classes, lanes are put together one by one.
#[inline(always)]
pub(crate) fn work_on_classes<S: pulp::Simd>(
    simd: S,
    rows: &[&[f64]],
    work: &mut impl ClassWork<S>,
) {
    let m = rows[0].len();
    if let (4, &[a, b, c, d]) = (S::F64_LANES, rows) {
        let [(a, last_a), (b, last_b), (c, last_c), (d, last_d)] =
            [a, b, c, d].map(|row| S::as_simd_f64s(&row[..m]));
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            for p in simd.deinterleave_shfl_f64s([*a, *b, *c, *d]) {
                work.class(simd, p);
            }
        }
        for (((a, b), c), d) in last_a.iter().zip(last_b).zip(last_c).zip(last_d) {
            work.class(simd, S::as_simd_f64s(&[*a, *b, *c, *d]).0[0]);
        }
        return;
    }
    for k in 0..m {
        let mut lanes = [0.0; LANES];
        for (lane, row) in lanes.iter_mut().zip(rows) {
            *lane = row[k];
        }
        work.class(simd, S::as_simd_f64s(&lanes).0[0]);
    }
}

/// Writes rows to a block and hands it on.
struct Turn<F> {
    block: Vec<Lanes>,
    f: F,
}

impl<F: FnMut(usize, usize, &[Lanes])> RowWork for Turn<F> {
    #[inline(always)]
    fn rows<S: pulp::Simd>(
        &mut self,
        simd: S,
        first: usize,
        n_rows: usize,
        rows: &[&[f64]; LANES],
    ) {
        for (v, rows) in rows.chunks_exact(S::F64_LANES).enumerate() {
            let to =
                vectors_mut::<S>(&mut self.block)[v..].iter_mut().step_by(LANES / S::F64_LANES);
            work_on_classes(simd, rows, &mut Write { to });
        }
        (self.f)(first, n_rows, &self.block);
    }
}

struct Write<I> {
    to: I,
}

impl<'a, S: pulp::Simd, I: Iterator<Item = &'a mut S::f64s>> ClassWork<S> for Write<I> {
    #[inline(always)]
    fn class(&mut self, _: S, p: S::f64s) {
        if let Some(lanes) = self.to.next() {
            *lanes = p;
        }
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
