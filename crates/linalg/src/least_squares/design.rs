//! The design as the solvers read it: checked once, in blocks of rows, columns
//! scaled by powers of two, a column of ones in front for the intercept.
//!
//! X is never copied as a whole; elements are widened to `f64` block by block,
//! so `f32` data is solved with the digits of `f64`.

use std::ops::Range;

use faer::MatRef;

use super::load::{column_exponents, factors, load_scaled};
use super::scratch::{Lent, Scratch};
use crate::scale::{exponent, ldexp};
use crate::{Error, Result, Scalar};

/// Rows that one block holds: small enough for a cache with its columns.
pub(super) fn block_rows(n_columns: usize) -> usize {
    (32_768 / n_columns.max(1)).clamp(64, 1024)
}

/// A checked problem min ‖√w ∘ (Y − [1 X] B)‖.
pub(super) struct Design<'a, T> {
    /// Where buffers come from.
    pub(super) scratch: &'a Scratch,
    pub(super) X: MatRef<'a, T>,
    pub(super) Y: MatRef<'a, T>,
    pub(super) weights: Option<&'a [T]>,
    /// The weights are multiplied by 2^(−weight_exponent), which is even.
    pub(super) weight_exponent: i32,
    pub(super) intercept: bool,
    /// Column j of the design is multiplied by 2^(−exponents\[j\]).
    pub(super) exponents: Lent<'a, i32>,
    /// Target k is multiplied by 2^(−target_exponents\[k\]).
    pub(super) target_exponents: Lent<'a, i32>,
    /// λ of the penalty λ‖w‖² on each scaled column; zero for the intercept.
    pub(super) penalties: Lent<'a, f64>,
    /// Rows with a positive weight.
    pub(super) n_samples: usize,
}

/// A block of rows, column-major with `ld` rows reserved per column.
pub(super) struct Block<'a> {
    pub(super) ld: usize,
    /// Rows loaded.
    pub(super) rows: usize,
    /// Scaled design, then the scaled targets.
    pub(super) A: Lent<'a, f64>,
    /// Scaled weights, all 1 when none were given.
    pub(super) w: Lent<'a, f64>,
}

impl Block<'_> {
    pub(super) fn column(&self, j: usize) -> &[f64] {
        &self.A[j * self.ld..j * self.ld + self.rows]
    }
}

impl<'a, T: Scalar> Design<'a, T> {
    /// Checks shapes and weights; the columns are not yet scaled, and X and Y
    /// not yet known to be finite.
    pub(super) fn new(
        scratch: &'a Scratch,
        X: MatRef<'a, T>,
        Y: MatRef<'a, T>,
        weights: Option<&'a [T]>,
        intercept: bool,
    ) -> Result<Self> {
        let n = X.nrows();
        if Y.nrows() != n {
            return Err(Error::ShapeMismatch {
                op: "least squares",
                left: vec![n, X.ncols()],
                right: vec![Y.nrows(), Y.ncols()],
                rule: "give one row of targets per row of X",
            });
        }
        if n == 0 {
            return Err(Error::Empty { op: "least squares" });
        }
        let mut n_samples = n;
        let mut weight_exponent = 0;
        if let Some(w) = weights {
            if w.len() != n {
                return Err(Error::ShapeMismatch {
                    op: "least squares",
                    left: vec![n, X.ncols()],
                    right: vec![w.len()],
                    rule: "give one weight per row of X",
                });
            }
            let mut largest = 0.0;
            n_samples = 0;
            for (row, &w) in w.iter().enumerate() {
                let w = w.to_f64();
                if !(w.is_finite() && w >= 0.0) {
                    return Err(Error::InvalidWeight { row, value: w });
                }
                n_samples += usize::from(w > 0.0);
                largest = f64::max(largest, w);
            }
            if n_samples == 0 {
                return Err(Error::NoWeight { rows: n });
            }
            weight_exponent = exponent(largest).div_euclid(2) * 2;
        }
        let p = X.ncols() + usize::from(intercept);
        Ok(Self {
            scratch,
            X,
            Y,
            weights,
            weight_exponent,
            intercept,
            exponents: scratch.exponents.lend(p),
            target_exponents: scratch.exponents.lend(Y.ncols()),
            penalties: scratch.floats.lend(p),
            n_samples,
        })
    }

    /// Scales every column by its largest element.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN and infinities in X or Y.
    pub(super) fn measure(&mut self) -> Result<()> {
        let first = usize::from(self.intercept);
        self.exponents[..first].fill(1);
        let (scratch, weights) = (self.scratch, self.weights);
        column_exponents(scratch, self.X, weights, "X", &mut self.exponents[first..])?;
        column_exponents(scratch, self.Y, weights, "y", &mut self.target_exponents)
    }

    /// Adds l2 ‖w‖² to the objective; the intercept stays free.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`] unless l2 is finite and not negative.
    pub(super) fn penalise(&mut self, l2: f64) -> Result<()> {
        if !(l2.is_finite() && l2 >= 0.0) {
            return Err(Error::InvalidPenalty { value: l2 });
        }
        if l2 > 0.0 {
            // The penalty's row √λ belongs to the column and to its scale.
            let own = exponent(l2).div_euclid(2) + 1 - self.weight_exponent / 2;
            let first = usize::from(self.intercept);
            for j in first..self.ncols() {
                self.exponents[j] = self.exponents[j].max(own);
                self.penalties[j] = ldexp(l2, -self.weight_exponent - 2 * self.exponents[j]);
            }
        }
        Ok(())
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }
    pub(super) fn nrows(&self) -> usize {
        self.X.nrows()
    }
    /// Columns of the design, the intercept's included.
    pub(super) fn ncols(&self) -> usize {
        self.exponents.len()
    }
    pub(super) fn n_targets(&self) -> usize {
        self.Y.ncols()
    }

    /// An empty block, to be filled column by column.
    pub(super) fn block(&self) -> Block<'a> {
        self.block_of_rows(block_rows(self.ncols() + self.n_targets()))
    }

    /// The same, for `rows` rows at a time.
    pub(super) fn block_of_rows(&self, rows: usize) -> Block<'a> {
        let ld = rows.min(self.nrows());
        let mut w = self.scratch.floats.lend(ld);
        w.fill(1.0);
        let A = self.scratch.floats.lend(ld * (self.ncols() + self.n_targets()));
        Block { ld, rows: 0, A, w }
    }

    /// Calls `f` with the rows of `range`, block after block.
    pub(super) fn for_each_column_block(
        &self,
        range: Range<usize>,
        block: &mut Block<'_>,
        mut f: impl FnMut(&mut Block<'_>),
    ) {
        for start in range.clone().step_by(block.ld) {
            self.load(block, start, block.ld.min(range.end - start));
            f(block);
        }
    }

    /// Fills `block` with `rows` rows from `start` on.
    fn load(&self, block: &mut Block<'_>, start: usize, rows: usize) {
        block.rows = rows;
        let ld = block.ld;
        let first = usize::from(self.intercept);
        if self.intercept {
            block.A[..rows].fill(ldexp(1.0, -self.exponents[0]));
        }
        let X = self.X.subrows(start, rows);
        let (A, targets) = block.A.split_at_mut(self.ncols() * ld);
        load_scaled(self.scratch, X, &self.exponents[first..], &mut A[first * ld..], ld);
        let Y = self.Y.subrows(start, rows);
        load_scaled(self.scratch, Y, &self.target_exponents, targets, ld);
        if let Some(w) = self.weights {
            let (a, b) = factors(-self.weight_exponent);
            for (out, w) in block.w.iter_mut().zip(&w[start..start + rows]) {
                *out = w.to_f64() * a * b;
            }
            // A row without weight takes no part, whatever it holds.
            for i in (0..rows).filter(|&i| block.w[i] == 0.0) {
                for column in block.A.chunks_exact_mut(ld) {
                    column[i] = 0.0;
                }
            }
        }
    }

    /// Multiplies the loaded rows by √w.
    pub(super) fn weigh(&self, block: &mut Block<'_>) {
        if self.weights.is_none() {
            return;
        }
        let mut roots = self.scratch.floats.lend(block.rows);
        roots.iter_mut().zip(&*block.w).for_each(|(root, w)| *root = w.sqrt());
        for column in block.A.chunks_exact_mut(block.ld) {
            column.iter_mut().zip(&*roots).for_each(|(a, root)| *a *= root);
        }
    }
}
