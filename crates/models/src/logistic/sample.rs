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

use std::cell::Cell;

use wonderland_linalg::kernels::Elementary;
use wonderland_linalg::{MatMut, MatRef, Team, matmul_into};
use wonderland_optim::{Lbfgs, LbfgsMemory, Stopping};

use super::columns::Columns;
use super::memory::SampleMemory;
use super::sweep::{Data, Sweep, SweepMemory, strength};
use crate::workspace::renew;

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
/// Columns of the curvature that are summed at a time, of which only the upper
/// triangle is wanted.
const SPAN: usize = 64;
/// Passes over the data that the curvature may cost.
const PASSES: f64 = 20.0;

/// Rows at equal distances, with the variables of all rows.
pub(super) struct Sample<'a> {
    data: Data<'a>,
    /// Whether it has rows enough to be fitted, and few enough to be worth it.
    /// Never without a penalty: it may be separable where all rows are not.
    fits: bool,
    memory: &'a SampleMemory,
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
        let kept = &mut *memory;
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
        let weights = weights.map(|_| &memory.weights[..]);
        let data = Data { X: memory.X.as_mat(), y: &memory.y, weights, outputs, l2 };
        Some(Self { data, fits, memory })
    }

    /// Gives `columns` the sample's curvature; true if the sample was fitted and
    /// `u` is where the fit of all rows is to start. What is known of the curvature
    /// there is left to `lbfgs`.
    pub(super) fn prepare(
        &self,
        team: Team,
        columns: &mut Columns,
        memory: &mut SweepMemory,
        lbfgs: &mut LbfgsMemory,
        u: &mut Vec<f64>,
    ) -> bool {
        self.whiten(team, columns, None);
        if columns.pivot_ratio() < EVEN {
            columns.unwhiten();
        }
        if !self.fits {
            return false;
        }
        let separates = Cell::new(false);
        let mut sweep = Sweep::new(team, self.data, columns, memory, &separates);
        // Sampling moved the optimum by far more than this; and the curvature that
        // late steps find is that of the sample rather than of all rows.
        let gradient = if self.data.outputs == 1 { 1e-4 } else { 3e-3 };
        let stopping = Stopping { gradient, max_iterations: 50, ..Stopping::default() };
        let solver = Lbfgs { stopping, memory: sweep.pairs() };
        sweep.start(u);
        let start = std::mem::take(u);
        let Ok(found) = solver.minimise_knowing(lbfgs, &mut sweep, start, &mut ()) else {
            lbfgs.forget();
            return false;
        };
        *u = found.x;
        if self.data.outputs == 1 {
            lbfgs.forget();
            // With one output this is the Hessian itself, in other variables.
            sweep.parameters(u);
            self.whiten(team, columns, Some((&memory.W, &memory.b)));
            columns.to_variables(&memory.W, &memory.b, u, &mut memory.scratch);
        }
        true
    }

    /// Gives `columns` the curvature at W, or that where all classes are equally
    /// likely.
    fn whiten(&self, team: Team, columns: &mut Columns, at: Option<(&[f64], &[f64])>) {
        let H = self.curvature(team, columns, at);
        columns.whiten(&H, strength(self.data.outputs, self.data.l2));
        self.memory.sums.give(H);
    }

    /// Σ sᵢ hᵢ x̃ᵢ x̃ᵢᵀ / Σ sᵢ over the scaled rows, hᵢ the mean of p(1 − p) over
    /// the outputs; its upper triangle.
    fn curvature(&self, team: Team, columns: &Columns, at: Option<(&[f64], &[f64])>) -> Vec<f64> {
        let Data { X, weights, outputs, .. } = self.data;
        let (n, c) = (X.nrows(), columns.n_rows());
        let total = weights.map_or(n as f64, |w| w.iter().sum());
        self.memory.sums.sums(team, n, LEAF, c * c, |rows, sums| {
            let n = rows.len();
            let mut room = self.memory.scaled.take().unwrap_or_default();
            renew(&mut room, n * c + outputs, 0.0);
            let (scaled, z) = room.split_at_mut(n * c);
            for (row, i) in scaled.chunks_exact_mut(c).zip(rows) {
                let share = weights.map_or(1.0, |w| w[i]) / total;
                let root = (share * self.spread(i, at, z)).sqrt();
                columns.scaled_row(X, i, row);
                row.iter_mut().for_each(|x| *x *= root);
            }
            add_gram(sums, MatRef::from_row_major_slice(scaled, n, c));
            self.memory.scaled.give(room);
        })
    }

    /// The mean of p(1 − p) over the outputs in row i; `z` has room for them.
    fn spread(&self, i: usize, at: Option<(&[f64], &[f64])>, z: &mut [f64]) -> f64 {
        let Some((W, b)) = at else {
            let equal = 1.0 / self.data.outputs.max(2) as f64;
            return equal * (1.0 - equal);
        };
        z.copy_from_slice(b);
        for (x, w) in self.data.X.row(i).iter().zip(W.chunks_exact(z.len())) {
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

/// The upper triangle of G += XᵀX.
fn add_gram(G: &mut [f64], X: MatRef<'_, f64>) {
    let c = X.ncols();
    for start in (0..c).step_by(SPAN) {
        let span = SPAN.min(c - start);
        let (left, right) = (X.subcols(start, span), X.subcols(start, c - start));
        let G = MatMut::from_row_major_slice_mut(G, c, c);
        let G = G.submatrix_mut(start, start, span, c - start);
        matmul_into(G, true, left.transpose(), right).expect("G has a row per column of X");
    }
}
