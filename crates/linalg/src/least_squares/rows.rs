//! Blocks of rows as they stand, `[1 X Y]` row by row: what the fast kernels
//! (`panel.rs`) read.
//!
//! The one idea: a few rows at a time are copied into the same small block,
//! widened and scaled on the way, so that layout, element type, intercept and
//! weights end here. X itself is never copied.

use std::ops::Range;

use faer::MatRef;

use super::design::Design;
use super::load::factors;
use super::scratch::Lent;
use crate::Scalar;
use crate::ahead::Ahead;
use crate::scale::pow2;
use crate::simd::vector_lanes;

/// Rows of one leaf of the parallel sweeps: fixed, so that the tree of sums is
/// the same for any number of threads; few, so that a thread that was held up
/// leaves the others little to wait for.
pub(super) const LEAF: usize = 2048;

/// Rows of a block: few enough to stay in the first cache while the next ones are
/// fetched into it (`ahead.rs`), so that reading costs next to nothing; with 32
/// or 256 rows a sweep takes a fifth longer.
const BLOCK: usize = 64;

/// A block of rows, row-major with `ld` places per row; those beyond the last
/// column are zero.
pub(super) struct Rows<'a> {
    pub(super) ld: usize,
    /// Rows loaded.
    pub(super) rows: usize,
    /// Rows there is room for, a multiple of 4.
    pub(super) capacity: usize,
    A: Lent<'a, f64>,
    /// Scaled weights, all 1 when none were given.
    pub(super) w: Lent<'a, f64>,
    /// Powers of two by which the columns are multiplied.
    scales: Lent<'a, f64>,
    /// Bound of every |element|.
    pub(super) largest: f64,
}

impl Rows<'_> {
    /// The rows loaded, filled up with zero rows to a multiple of 4.
    pub(super) fn as_slice(&self) -> &[f64] {
        &self.A[..self.rows.next_multiple_of(4) * self.ld]
    }
}

impl<'a, T: Scalar> Design<'a, T> {
    /// Whether all scales are single normal powers of two.
    pub(super) fn is_in_range(&self) -> bool {
        self.exponents.iter().chain(&*self.target_exponents).all(|e| e.abs() <= 1000)
    }

    /// An empty block that fits the caches next to the core.
    pub(super) fn rows(&self) -> Rows<'a> {
        self.rows_of(BLOCK)
    }

    /// Places of one packed row.
    pub(super) fn row_length(&self) -> usize {
        (self.ncols() + self.n_targets()).next_multiple_of(vector_lanes())
    }

    /// An empty block of up to `capacity` rows.
    pub(super) fn rows_of(&self, capacity: usize) -> Rows<'a> {
        let ld = self.row_length();
        let capacity = capacity.min(self.nrows()).next_multiple_of(4);
        let floats = &self.scratch.floats;
        let mut w = floats.lend(capacity);
        w.fill(1.0);
        let mut scales = floats.lend(self.ncols() + self.n_targets());
        let exponents = self.exponents.iter().chain(&*self.target_exponents);
        scales.iter_mut().zip(exponents).for_each(|(scale, &e)| *scale = pow2(-e));
        Rows { ld, rows: 0, capacity, A: floats.lend(capacity * ld), w, scales, largest: 0.0 }
    }

    /// Calls `f` with the rows of `range`, block after block, and with those of
    /// X that come next, to be fetched meanwhile.
    pub(super) fn for_each_row_block(
        &self,
        range: Range<usize>,
        block: &mut Rows<'_>,
        mut f: impl FnMut(&mut Rows<'_>, &mut Ahead),
    ) {
        for start in range.clone().step_by(block.capacity) {
            let end = range.end.min(start + block.capacity);
            self.pack(block, start..end);
            let next = block.capacity.min(self.nrows() - end);
            Ahead::of(self.Y.subrows(end, next)).fetch();
            f(block, &mut Ahead::of(self.X.subrows(end, next)));
        }
    }

    /// Fills `block` with the rows of `range`, at most its capacity.
    fn pack(&self, block: &mut Rows<'_>, range: Range<usize>) {
        let rows = range.len();
        let (p, free, ld) = (self.ncols(), usize::from(self.intercept), block.ld);
        let A = &mut block.A[..rows * ld];
        if self.intercept {
            A.iter_mut().step_by(ld).for_each(|a| *a = block.scales[0]);
        }
        pack_columns(self.X.subrows(range.start, rows), &block.scales[free..p], A, ld, free);
        pack_columns(self.Y.subrows(range.start, rows), &block.scales[p..], A, ld, p);
        // Scaled columns are no longer than 1, or their elements no larger.
        block.largest = 2.0;
        if let Some(w) = self.weights {
            let (a, b) = factors(-self.weight_exponent);
            for (out, w) in block.w.iter_mut().zip(&w[range]) {
                *out = w.to_f64() * a * b;
            }
            // A row without weight takes no part, whatever it holds.
            for (row, _) in A.chunks_exact_mut(ld).zip(&*block.w).filter(|(_, w)| **w == 0.0) {
                row.fill(0.0);
            }
            // Rows of small weight may be longer than the weighted column.
            block.largest = A.iter().fold(2.0, |m: f64, a| m.max(a.abs()));
        }
        let filled = rows.next_multiple_of(4);
        block.A[rows * ld..filled * ld].fill(0.0);
        block.rows = rows;
    }

    /// Multiplies the loaded rows by √w.
    pub(super) fn weigh_rows(&self, block: &mut Rows<'_>) {
        if self.is_weighted() {
            for (row, w) in block.A.chunks_exact_mut(block.ld).zip(&block.w[..block.rows]) {
                let root = w.sqrt();
                row.iter_mut().for_each(|a| *a *= root);
            }
        }
    }
}

/// Columns `first`, `first` + 1, … of the packed rows = the columns of X, scaled.
pub(crate) fn pack_columns<T: Scalar>(
    X: MatRef<'_, T>,
    scales: &[f64],
    A: &mut [f64],
    ld: usize,
    first: usize,
) {
    let turned = X.transpose();
    if let Some(rows) = turned.try_as_col_major() {
        T::pack_rows(rows, scales, &mut A[first..], ld);
        return;
    }
    for (j, scale) in scales.iter().enumerate() {
        let places = A[first + j..].iter_mut().step_by(ld);
        if let Some(column) = X.col(j).try_as_col_major() {
            places.zip(column.as_slice()).for_each(|(a, x)| *a = x.to_f64() * scale);
        } else {
            places.zip(X.col(j).iter()).for_each(|(a, x)| *a = x.to_f64() * scale);
        }
    }
}
