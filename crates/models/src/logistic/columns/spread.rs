//! Means and deviations of columns, in memory that is kept.

use std::ops::Range;

use wonderland_linalg::kernels::add_moments;
use wonderland_linalg::{MatRef, Team};

use crate::Result;
use crate::classes::check_finite_matrix;
use crate::logistic::rows::{MOST_ROWS, copy, lend};
use crate::workspace::{Spare, renew};

/// Means (0 without an intercept) and deviations about them, of columns.
#[derive(Debug, Default)]
pub(super) struct Spread {
    pub(super) centre: Vec<f64>,
    pub(super) deviation: Vec<f64>,
    /// Powers of two, about the largest numbers of the columns.
    unit: Vec<f64>,
    /// Moments of some of the rows.
    moments: Spare<Vec<f64>>,
    /// Rows that do not lie in one piece.
    copies: Spare<Vec<f64>>,
}

impl Spread {
    /// Becomes that of other columns.
    ///
    /// # Errors
    /// NaN and infinities.
    pub(super) fn renew(
        &mut self,
        team: Team,
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        intercept: bool,
    ) -> Result<()> {
        if !self.in_one_pass(team, X, weights, intercept) {
            check_finite_matrix(X)?;
            self.with_care(X, weights, intercept);
        }
        Ok(())
    }

    /// From sums of x − x₀ and of its squares, x₀ the first row: one pass, which
    /// also sees every value that is not finite. False where that is not
    /// accurate, or the numbers are extreme: a variance may be off in its fifth
    /// digit without harm, but no more.
    fn in_one_pass(
        &mut self,
        team: Team,
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        intercept: bool,
    ) -> bool {
        let (n, c) = (X.nrows(), X.ncols());
        let Self { centre, deviation, moments: spare, copies, .. } = self;
        centre.clear();
        centre.extend((0..c).map(|j| if intercept { X[(0, j)] } else { 0.0 }));
        let sums = spare.sums(team, n, LEAF, 2 * c, |rows, sums| {
            add_rows(X, weights, centre, rows, sums, copies);
        });
        let (shifts, squares) = sums.split_at(c);
        let total: f64 = weights.map_or(n as f64, |w| w.iter().sum());
        renew(deviation, c, 0.0);
        let mut accurate = true;
        for j in 0..c {
            let (mean, square) = (shifts[j] / total, squares[j] / total);
            let variance = if intercept { square - mean * mean } else { square };
            let usual = (1e-200..1e200).contains(&square) && variance > 1e-11 * n as f64 * square;
            // Zero on all rows, and not by underflow.
            let constant = square == 0.0 && shifts[j] == 0.0;
            accurate &= usual || constant;
            if intercept {
                centre[j] += mean;
            }
            deviation[j] = variance.max(0.0).sqrt();
        }
        spare.give(sums);
        accurate
    }

    /// In three passes over numbers brought to about 1, where nothing overflows,
    /// underflows or cancels.
    fn with_care(&mut self, X: MatRef<'_, f64>, weights: Option<&[f64]>, intercept: bool) {
        let (n, c) = (X.nrows(), X.ncols());
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let Self { centre, deviation, unit, copies, .. } = self;
        let mut row = copies.take().unwrap_or_default();
        renew(unit, c, 0.0);
        for_each_row(X, &mut row, |i, x| {
            if weight(i) > 0.0 {
                unit.iter_mut().zip(x).for_each(|(m, x)| *m = x.abs().max(*m));
            }
        });
        // By a power of two, so exactly.
        unit.iter_mut().for_each(|unit| *unit = power_of_two(*unit));
        let total: f64 = (0..n).map(weight).sum();
        renew(centre, c, 0.0);
        if intercept {
            for_each_row(X, &mut row, |i, x| {
                let weight = weight(i);
                let columns = centre.iter_mut().zip(x).zip(&*unit);
                columns.for_each(|((m, x), unit)| *m += weight * (x / unit));
            });
            centre.iter_mut().for_each(|m| *m /= total);
        }
        renew(deviation, c, 0.0);
        for_each_row(X, &mut row, |i, x| {
            let weight = weight(i);
            let columns = deviation.iter_mut().zip(&*centre).zip(x).zip(&*unit);
            for (((square, centre), x), unit) in columns {
                let d = x / unit - centre;
                *square += weight * (d * d);
            }
        });
        for ((centre, deviation), unit) in centre.iter_mut().zip(deviation).zip(&*unit) {
            *deviation = unit * (*deviation / total).sqrt();
            *centre *= unit;
        }
        copies.give(row);
    }
}

/// Rows of one leaf of the pass over all, whatever the number of threads.
const LEAF: usize = 8192;
/// Rows at a time: few enough for the first cache.
const BLOCK: usize = 64;

/// Adds Σ w (x − x₀) and then Σ w (x − x₀)² of every column over some rows.
fn add_rows(
    X: MatRef<'_, f64>,
    weights: Option<&[f64]>,
    first: &[f64],
    rows: Range<usize>,
    found: &mut [f64],
    copies: &Spare<Vec<f64>>,
) {
    let (sums, squares) = found.split_at_mut(first.len());
    let mut kept = copies.take().unwrap_or_default();
    for start in rows.clone().step_by(BLOCK) {
        let n = BLOCK.min(rows.end - start);
        let mut places: [&[f64]; MOST_ROWS] = [&[]; MOST_ROWS];
        if X.col_stride() == 1 {
            lend(X, start, n, &mut places);
        } else {
            lend(copy(X.subrows(start, n), &mut kept), 0, n, &mut places);
        }
        let w = weights.map(|w| &w[start..start + n]);
        add_moments(&places[..n], w, first, sums, squares);
    }
    copies.give(kept);
}

/// Visits the rows of X; contiguous ones without a copy.
fn for_each_row(X: MatRef<'_, f64>, copy: &mut Vec<f64>, mut f: impl FnMut(usize, &[f64])) {
    for (i, row) in X.row_iter().enumerate() {
        match row.try_as_row_major() {
            Some(row) => f(i, row.as_slice()),
            None => {
                copy.clear();
                copy.extend(row.iter());
                f(i, copy);
            }
        }
    }
}

/// The power of two at or below a positive x, kept where its inverse is a normal
/// number; 1 for 0.
fn power_of_two(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    // The bits of the exponent alone.
    let power = f64::from_bits(x.to_bits() & 0x7FF0_0000_0000_0000);
    power.clamp(f64::MIN_POSITIVE, f64::MIN_POSITIVE.recip())
}
