//! Operands copied into the order in which they will be read.

use faer::MatRef;

use super::InRows;
use super::tile::{ROWS, WIDEST};
use crate::Scalar;
use crate::ahead::prefetch_slice;

/// Rows asked for ahead of the one that is copied.
const FETCHED: usize = 16;

/// Copies X ~ (k, w) into panels of `width` columns, each row by row. Columns
/// that fill up the last panel hold anything finite or not: what they yield is
/// dropped.
#[inline(always)]
pub(super) fn pack<T: Scalar>(X: MatRef<'_, T>, width: usize, out: &mut [T]) {
    let (k, w) = (X.nrows(), X.ncols());
    let done = match (X.try_as_row_major(), width) {
        (Some(X), ROWS) => together::<T, ROWS>(X, out),
        (Some(X), 8) => together::<T, 8>(X, out),
        (Some(X), 16) => together::<T, 16>(X, out),
        (Some(X), WIDEST) => together::<T, WIDEST>(X, out),
        _ => 0,
    };
    let panels = out.chunks_exact_mut(k * width).zip((0..w).step_by(width));
    for (panel, first) in panels.skip(done / width) {
        let X = X.subcols(first, width.min(w - first));
        if let Some(X) = X.try_as_row_major() {
            copy(X, width, panel);
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

/// Four panels after four from rows in one piece, as far as there are columns for
/// them; returns the number of those. Neighbours in a row come into the cache together.
#[inline(always)]
fn together<T: Scalar, const W: usize>(X: InRows<'_, T>, out: &mut [T]) -> usize {
    let (k, done) = (X.nrows(), X.ncols() / (4 * W) * 4 * W);
    let fours = out.as_chunks_mut::<W>().0.chunks_exact_mut(4 * k);
    for (panels, first) in fours.zip((0..done).step_by(4 * W)) {
        let (front, back) = panels.split_at_mut(2 * k);
        let ((a, b), (c, d)) = (front.split_at_mut(k), back.split_at_mut(k));
        let X = X.subcols(first, 4 * W);
        for (l, ((a, b), (c, d))) in a.iter_mut().zip(b).zip(c.iter_mut().zip(d)).enumerate() {
            // Rows lie apart, where the processor does not fetch by itself.
            if l + FETCHED < k {
                prefetch_slice(X.row(l + FETCHED).as_slice());
            }
            if let [w, x, y, z, ..] = X.row(l).as_slice().as_chunks::<W>().0 {
                (*a, *b, *c, *d) = (*w, *x, *y, *z);
            }
        }
    }
    done
}

/// A panel from rows in one piece.
#[inline(always)]
fn copy<T: Scalar>(X: InRows<'_, T>, width: usize, panel: &mut [T]) {
    let places = panel.chunks_exact_mut(width).zip(X.row_iter());
    if X.ncols() < width {
        places.for_each(|(out, row)| out[..row.ncols()].copy_from_slice(row.as_slice()));
        return;
    }
    // A length that is known when this is compiled for its caller: no call for
    // so few elements.
    for (l, (out, row)) in places.enumerate() {
        // Rows lie apart, where the processor does not fetch by itself.
        if width > ROWS && l + FETCHED < X.nrows() {
            prefetch_slice(X.row(l + FETCHED).as_slice());
        }
        out.copy_from_slice(&row.as_slice()[..width]);
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
