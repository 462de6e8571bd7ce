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
use super::sweep::Sweep;

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
pub(super) struct Sample {
    X: Tensor,
    y: Vec<usize>,
    weights: Option<Vec<f64>>,
    /// Whether it has rows enough to be fitted, and few enough to be worth it.
    /// Never without a penalty: it may be separable where all rows are not.
    fits: bool,
    outputs: usize,
    l2: f64,
}

/// Where the fit of all rows starts, and what is known of its curvature, in the
/// variables that `columns` was left with.
pub(super) struct Start {
    pub(super) u: Vec<f64>,
    pub(super) memory: LbfgsMemory,
}

impl Sample {
    /// The sample, where its curvature is worth its price.
    pub(super) fn of(
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
        outputs: usize,
        l2: f64,
        columns: &Columns,
    ) -> Option<Self> {
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
        let weights: Option<Vec<f64>> =
            weights.map(|weights| (0..size).map(|i| weights[row(i)]).collect());
        if weights.as_ref().is_some_and(|w| w.iter().sum::<f64>() <= 0.0) {
            return None;
        }
        Some(Self {
            X: Tensor::from_fn(size, c, |i, j| X[(row(i), j)]),
            y: (0..size).map(|i| y[row(i)]).collect(),
            weights,
            fits,
            outputs,
            l2,
        })
    }

    /// Gives `columns` the sample's curvature, and says where the fit of all rows
    /// is to start if the sample was fitted.
    pub(super) fn prepare(&self, team: Team, columns: &mut Columns) -> Option<Start> {
        columns.whiten(self.curvature(team, columns, None), self.strength());
        if columns.pivot_ratio() < EVEN {
            columns.unwhiten();
        }
        if !self.fits {
            return None;
        }
        let weights = self.weights.as_deref();
        let (X, y) = (self.X.as_mat(), &self.y);
        let mut sweep = Sweep::new(team, X, y, weights, self.outputs, self.l2, columns.clone());
        // Sampling moved the optimum by far more than this; and the curvature that
        // late steps find is that of the sample rather than of all rows.
        let gradient = if self.outputs == 1 { 1e-4 } else { 3e-3 };
        let stopping = Stopping { gradient, max_iterations: 50, ..Stopping::default() };
        let solver = Lbfgs { stopping, ..Lbfgs::default() };
        let (start, mut memory) = (sweep.start(), LbfgsMemory::default());
        let found = solver.minimise_knowing(&mut memory, &mut sweep, &start, &mut ()).ok()?;
        if self.outputs > 1 {
            return Some(Start { u: found.x, memory });
        }
        // With one output this is the Hessian itself, in other variables.
        let (W, b) = sweep.parameters(&found.x);
        columns.whiten(self.curvature(team, columns, Some((&W, &b))), self.strength());
        Some(Start { u: columns.to_variables(&W, &b), memory: LbfgsMemory::default() })
    }

    fn strength(&self) -> f64 {
        if self.outputs == 1 { 0.5 * self.l2 } else { self.l2 }
    }

    /// Σ sᵢ hᵢ x̃ᵢ x̃ᵢᵀ / Σ sᵢ over the scaled rows, hᵢ the mean of p(1 − p) over
    /// the outputs: at W, or where all classes are equally likely.
    fn curvature(&self, team: Team, columns: &Columns, at: Option<(&Tensor, &[f64])>) -> Tensor {
        let n = self.X.nrows();
        let total = self.weights.as_ref().map_or(n as f64, |w| w.iter().sum());
        let of_rows = |rows: Range<usize>| {
            let mut scaled = Tensor::zeros(&[rows.len(), columns.n_rows()]);
            let mut z = vec![0.0; self.outputs];
            for (place, i) in rows.enumerate() {
                let share = self.weights.as_ref().map_or(1.0, |w| w[i]) / total;
                let root = (share * self.spread(i, at, &mut z)).sqrt();
                let row = scaled.row_mut(place);
                columns.scaled_row(self.X.as_mat(), i, row);
                row.iter_mut().for_each(|x| *x *= root);
            }
            gram(scaled.as_mat())
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
            let equal = 1.0 / self.outputs.max(2) as f64;
            return equal * (1.0 - equal);
        };
        z.copy_from_slice(b);
        for (x, w) in self.X.row(i).iter().zip(W.as_slice().chunks_exact(z.len())) {
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
