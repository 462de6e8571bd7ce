//! What a sample of the rows tells before the first pass over all: where the
//! minimum is about, and how curved the objective is there.
//!
//! A Hessian of all rows is worth many passes; that of a few thousand rows is
//! nearly the same matrix. L-BFGS in the variables in which the sample's
//! curvature is the identity starts where others arrive, and what it finds does
//! not depend on the sample.
//!
//! With several outputs one matrix for all of them is a rough picture of the
//! curvature. There the steps that led to the sample's optimum tell more: their
//! memory goes on to the fit of all rows, which takes it a third fewer passes.

use std::ops::Range;

use wonderland_linalg::kernels::Elementary;
use wonderland_linalg::{MatRef, Team, Tensor, gram};
use wonderland_optim::{Lbfgs, LbfgsMemory, Stopping};

use super::columns::Columns;
use super::memory::{SampleMemory, renew};
use super::sweep::{Data, Sweep, SweepMemory, strength};
use crate::workspace::Spare;

/// Rows of a sample, and at least this many per column.
const ROWS: usize = 4096;
const ROWS_PER_COLUMN: usize = 8;
/// Rows per parameter of a sample that is fitted: with as many, its optimum and
/// what its steps found of the curvature are those of all rows, nearly.
const ROWS_PER_PARAMETER: usize = 16;
/// It is fitted only if all rows are this many times as many.
const WORTH_FITTING: usize = 4;
/// With pivots of the curvature within this ratio, the scales of the columns are
/// all there is to know about it.
const EVEN: f64 = 2.0;
/// Rows whose curvature one thread adds up at a time.
const LEAF: usize = 1024;
/// Passes over the data that the curvature may cost.
const PASSES: f64 = 20.0;

/// Rows at equal distances, with the variables of all rows.
pub(super) struct Sample<'a> {
    data: Data<'a>,
    /// Whether it has rows enough to be fitted, and few enough to be worth it.
    /// Never without a penalty: it may be separable where all rows are not.
    fits: bool,
    scaled: &'a Spare<Vec<f64>>,
}

impl<'a> Sample<'a> {
    /// The sample of `all`, where its curvature is worth its price.
    pub(super) fn of(
        all: Data<'_>,
        columns: &Columns,
        memory: &'a mut SampleMemory,
    ) -> Option<Self> {
        let Data { X, y, weights, outputs, l2 } = all;
        let (n, c, rows) = (X.nrows(), X.ncols(), columns.n_rows());
        let least = n.min(ROWS.max(ROWS_PER_COLUMN * rows));
        let fitted = least.max(ROWS_PER_PARAMETER * rows * outputs);
        let fits = l2 > 0.0 && n >= WORTH_FITTING * fitted;
        let size = if fits { fitted } else { least };
        let price = (size as f64 + rows as f64 / 3.0) * (rows * rows) as f64;
        if c == 0 || price > PASSES * 4.0 * (n * c * outputs) as f64 {
            return None;
        }
        let row = |i: usize| i * n / size;
        let kept = memory;
        kept.weights.clear();
        kept.weights.extend(weights.into_iter().flat_map(|w| (0..size).map(|i| w[row(i)])));
        if weights.is_some() && kept.weights.iter().sum::<f64>() <= 0.0 {
            return None;
        }
        kept.X.reset(&[size, c]);
        for (i, out) in kept.X.as_mut_slice().chunks_exact_mut(c).enumerate() {
            out.iter_mut().enumerate().for_each(|(j, x)| *x = X[(row(i), j)]);
        }
        kept.y.clear();
        kept.y.extend((0..size).map(|i| y[row(i)]));
        let weights = weights.map(|_| &kept.weights[..]);
        let data = Data { X: kept.X.as_mat(), y: &kept.y, weights, outputs, l2 };
        Some(Self { data, fits, scaled: &kept.scaled })
    }

    /// Gives `columns` the sample's curvature, and says where the fit of all rows
    /// is to start if the sample was fitted; what is known of the curvature there
    /// is left to `lbfgs`.
    pub(super) fn prepare(
        &self,
        team: Team,
        columns: &mut Columns,
        memory: &mut SweepMemory,
        lbfgs: &mut LbfgsMemory,
    ) -> Option<Vec<f64>> {
        let strength = strength(self.data.outputs, self.data.l2);
        columns.whiten(self.curvature(team, columns, None), strength);
        if columns.pivot_ratio() < EVEN {
            columns.unwhiten();
        }
        if !self.fits {
            return None;
        }
        let mut sweep = Sweep::new(team, self.data, columns.clone(), memory);
        // Sampling moved the optimum by far more than this; and the curvature that
        // late steps find is that of the sample rather than of all rows.
        let gradient = if self.data.outputs == 1 { 1e-4 } else { 3e-3 };
        let stopping = Stopping { gradient, max_iterations: 50, ..Stopping::default() };
        let solver = Lbfgs { stopping, ..Lbfgs::default() };
        let start = sweep.start();
        let Ok(found) = solver.minimise_knowing(lbfgs, &mut sweep, &start, &mut ()) else {
            lbfgs.forget();
            return None;
        };
        if self.data.outputs > 1 {
            return Some(found.x);
        }
        lbfgs.forget();
        // With one output this is the Hessian itself, in other variables.
        let (W, b) = sweep.parameters(&found.x);
        columns.whiten(self.curvature(team, columns, Some((&W, &b))), strength);
        Some(columns.to_variables(&W, &b))
    }

    /// Σ sᵢ hᵢ x̃ᵢ x̃ᵢᵀ / Σ sᵢ over the scaled rows, hᵢ the mean of p(1 − p) over
    /// the outputs: at W, or where all classes are equally likely.
    fn curvature(&self, team: Team, columns: &Columns, at: Option<(&Tensor, &[f64])>) -> Tensor {
        let Data { X, weights, outputs, .. } = self.data;
        let n = X.nrows();
        let total = weights.map_or(n as f64, |w| w.iter().sum());
        let of_rows = |rows: Range<usize>| {
            let (n, c) = (rows.len(), columns.n_rows());
            let mut scaled = self.scaled.take().unwrap_or_default();
            renew(&mut scaled, n * c, 0.0);
            let mut z = vec![0.0; outputs];
            for (row, i) in scaled.chunks_exact_mut(c).zip(rows) {
                let share = weights.map_or(1.0, |w| w[i]) / total;
                let root = (share * self.spread(i, at, &mut z)).sqrt();
                columns.scaled_row(X, i, row);
                row.iter_mut().for_each(|x| *x *= root);
            }
            let sum = gram(MatRef::from_row_major_slice(&scaled, n, c));
            self.scaled.give(scaled);
            sum
        };
        let sum = |mut left: Tensor, right: Tensor| {
            let entries = left.as_mut_slice().iter_mut().zip(right.as_slice());
            entries.for_each(|(left, right)| *left += right);
            left
        };
        let whole = team.map_reduce(n, LEAF, of_rows, sum);
        whole.unwrap_or_else(|| Tensor::zeros(&[columns.n_rows(), columns.n_rows()]))
    }

    /// The mean of p(1 − p) over the outputs in row i; `z` has room for them.
    fn spread(&self, i: usize, at: Option<(&Tensor, &[f64])>, z: &mut [f64]) -> f64 {
        let Some((W, b)) = at else {
            let equal = 1.0 / self.data.outputs.max(2) as f64;
            return equal * (1.0 - equal);
        };
        z.copy_from_slice(b);
        for (x, w) in self.data.X.row(i).iter().zip(W.as_slice().chunks_exact(z.len())) {
            z.iter_mut().zip(w).for_each(|(z, w)| *z += x * w);
        }
        if z.len() == 1 {
            Elementary::Sigmoid.apply(z);
        } else {
            wonderland_losses::softmax_in_place(z);
        }
        z.iter().map(|p| p * (1.0 - p)).sum::<f64>() / z.len() as f64
    }
}
