//! The objective of logistic regression in one fused pass over X: per block of
//! rows the logits, their softmax, and the product back into the gradient while
//! the block is in cache. No array of size n × m exists.
//!
//! Rows are cut into at most 64 stripes, by n alone; each stripe sums into its
//! own gradient and the stripes are added in order, so the bits do not depend on
//! which thread computed which.

mod hessian;
mod stripe;

use std::cell::Cell;
use std::ops::RangeInclusive;

use wonderland_linalg::{MatRef, Team};
use wonderland_optim::Objective;

use super::columns::Columns;
use crate::workspace::renew;
use hessian::Curvature;
use stripe::{Pass, Stripe, block_rows, width};

/// Most stripes, that is, partial gradients.
const STRIPES: usize = 64;

/// Rows per pair of L-BFGS. A pair takes 4 multiplications per parameter and
/// iteration, a sweep 4 per parameter and row in kernels about five times as fast: a
/// direction then costs at most a twentieth of a sweep.
const ROWS_PER_PAIR: usize = 100;
/// Fewest and most pairs. For MNIST (60,000 rows of 784 columns, ten classes) to a
/// gradient of 1e-5, 10 pairs take 207 iterations, 40 take 177, 64 take 159 and 100
/// take 164.
const PAIRS: RangeInclusive<usize> = 10..=64;

/// The data of a fit with the workspaces of its passes.
pub(super) struct Sweep<'a> {
    pub(super) X: MatRef<'a, f64>,
    y: &'a [usize],
    weights: Option<&'a [f64]>,
    /// 1 / Σ weights.
    per_weight: f64,
    /// Outputs k: 1 for the sigmoid, m for the softmax.
    outputs: usize,
    pub(super) l2: f64,
    columns: &'a Columns,
    memory: &'a mut SweepMemory,
    team: Team,
    /// Rows of positive weight, all of which a separating W must get right.
    n_counted: usize,
    /// Whether the last pass found a separating W while nothing bounds it; to be read
    /// while the sweep is lent to a minimiser.
    pub(super) separates: &'a Cell<bool>,
}

/// The workspaces of passes.
#[derive(Debug, Default)]
pub(super) struct SweepMemory {
    /// The first `n_stripes` are those of this sweep.
    stripes: Vec<Stripe>,
    n_stripes: usize,
    pub(super) W: Vec<f64>,
    pub(super) b: Vec<f64>,
    /// The same padded to whole vectors, as the stripes take them.
    padded_W: Vec<f64>,
    padded_b: Vec<f64>,
    gradient_b: Vec<f64>,
    /// For the change of variables.
    pub(super) scratch: Vec<f64>,
    /// Of the classes, of the sum of weights.
    shares: Vec<f64>,
    curvature: Curvature,
}

impl SweepMemory {
    /// Makes room for passes over n rows of c columns.
    fn renew(&mut self, n: usize, c: usize, outputs: usize) {
        let block = block_rows(c);
        let rows_each = n.div_ceil(block).div_ceil(STRIPES) * block;
        self.n_stripes = n.div_ceil(rows_each);
        let most = self.stripes.len().max(self.n_stripes);
        self.stripes.resize_with(most, Stripe::default);
        for (k, stripe) in self.stripes[..self.n_stripes].iter_mut().enumerate() {
            stripe.renew(k * rows_each..((k + 1) * rows_each).min(n), c, outputs);
        }
        let width = width(outputs);
        renew(&mut self.W, c * outputs, 0.0);
        renew(&mut self.b, outputs, 0.0);
        renew(&mut self.padded_W, c * width, 0.0);
        renew(&mut self.padded_b, width, 0.0);
        renew(&mut self.gradient_b, outputs, 0.0);
    }
}

/// What a pass is over.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) X: MatRef<'a, f64>,
    pub(super) y: &'a [usize],
    pub(super) weights: Option<&'a [f64]>,
    /// Outputs k: 1 for the sigmoid, m for the softmax.
    pub(super) outputs: usize,
    pub(super) l2: f64,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(
        team: Team,
        data: Data<'a>,
        columns: &'a Columns,
        memory: &'a mut SweepMemory,
        separates: &'a Cell<bool>,
    ) -> Self {
        let Data { X, y, weights, outputs, l2 } = data;
        let (n, c) = (X.nrows(), X.ncols());
        let total: f64 = weights.map_or(n as f64, |w| w.iter().sum());
        memory.renew(n, c, outputs);
        Self {
            X,
            y,
            weights,
            per_weight: 1.0 / total,
            outputs,
            l2,
            columns,
            memory,
            team,
            n_counted: weights.map_or(n, |w| w.iter().filter(|&&w| w > 0.0).count()),
            separates,
        }
    }

    /// Makes of u W = 0 and, with an intercept, the logarithms of the classes'
    /// shares: the best answer that looks at no column.
    pub(super) fn start(&mut self, u: &mut Vec<f64>) {
        let SweepMemory { W, b, scratch, shares, .. } = &mut *self.memory;
        W.fill(0.0);
        b.fill(0.0);
        if self.columns.intercept {
            renew(shares, self.outputs.max(2), 0.0);
            for (i, &k) in self.y.iter().enumerate() {
                shares[k] += self.weights.map_or(1.0, |w| w[i]) * self.per_weight;
            }
            shares.iter_mut().for_each(|p| *p = p.max(f64::MIN_POSITIVE).ln());
            if let [b] = &mut b[..] {
                *b = shares[1] - shares[0];
            } else {
                let mean = shares.iter().sum::<f64>() / shares.len() as f64;
                b.iter_mut().zip(&*shares).for_each(|(b, log)| *b = log - mean);
            }
        }
        self.columns.to_variables(W, b, u, scratch);
    }

    /// Pairs that L-BFGS is to keep of this objective: as many as rows pay for, and
    /// one per parameter of few, which then span all directions (30 parameters of 569
    /// rows take 47 iterations rather than 86).
    pub(super) fn pairs(&self) -> usize {
        let (least, most) = (*PAIRS.start(), *PAIRS.end());
        let parameters = self.columns.n_rows() * self.outputs;
        let few = if parameters <= most { parameters } else { least };
        (self.X.nrows() / ROWS_PER_PAIR).max(few).clamp(least, most)
    }

    /// W and b of the original columns.
    pub(super) fn parameters(&mut self, u: &[f64]) -> (&[f64], &[f64]) {
        let SweepMemory { W, b, scratch, .. } = &mut *self.memory;
        self.columns.to_original(u, W, b, scratch);
        (W, b)
    }

    /// The threads that ran the last pass.
    #[cfg(test)]
    pub(super) fn workers(&self) -> Vec<std::thread::ThreadId> {
        let mut workers: Vec<_> = Vec::new();
        for worker in
            self.memory.stripes[..self.memory.n_stripes].iter().filter_map(|stripe| stripe.worker)
        {
            if !workers.contains(&worker) {
                workers.push(worker);
            }
        }
        workers
    }
}

/// The factor of ½‖W‖²: with one output w = w₁ − w₀ and W = (−w/2, w/2), whose
/// squares sum to w²/2.
pub(super) fn strength(outputs: usize, l2: f64) -> f64 {
    if outputs == 1 { 0.5 * l2 } else { l2 }
}

impl Objective for Sweep<'_> {
    fn value_and_gradient(&mut self, u: &[f64], gradient: &mut [f64]) -> f64 {
        let memory = &mut *self.memory;
        let stripes = &mut memory.stripes[..memory.n_stripes];
        let SweepMemory { W, b, padded_W, padded_b, gradient_b, scratch, .. } = memory;
        self.columns.to_original(u, W, b, scratch);
        let (k, c, width) = (self.outputs, self.X.ncols(), padded_b.len());
        let padded = padded_W.chunks_exact_mut(width).zip(W.chunks_exact(k));
        padded.for_each(|(padded, w)| padded[..k].copy_from_slice(w));
        padded_b[..k].copy_from_slice(b);
        let pass = Pass {
            X: self.X,
            y: self.y,
            weights: self.weights,
            per_weight: self.per_weight,
            W: padded_W,
            b: padded_b,
        };
        self.team.for_each_chunk_mut(stripes, 1, |_, stripes| {
            stripes.iter_mut().for_each(|stripe| stripe.run(&pass));
        });

        let (mut value, mut confident) = (0.0, 0);
        gradient_b.fill(0.0);
        let g_W = &mut gradient[..W.len()];
        g_W.fill(0.0);
        for stripe in &*stripes {
            value += stripe.value;
            confident += stripe.confident;
            for (j, g) in g_W.chunks_exact_mut(k).enumerate() {
                let column = stripe.gradient.iter().skip(j).step_by(c);
                g.iter_mut().zip(column).for_each(|(g, s)| *g += s);
            }
            let lanes = gradient_b.iter_mut().zip(&stripe.gradient_b);
            lanes.for_each(|(g, s)| *g += s.iter().sum::<f64>());
        }
        self.separates.set(self.l2 == 0.0 && confident == self.n_counted);
        let strength = strength(self.outputs, self.l2);
        self.columns.to_scaled(gradient, gradient_b);
        let penalised = gradient.chunks_exact_mut(k).zip(W.chunks_exact(k));
        let mut squares = 0.0;
        for (j, (g, w)) in penalised.enumerate() {
            for (g, w) in g.iter_mut().zip(w) {
                // The chain rule divides by d once more; the product of the two
                // small factors must not underflow before it is used.
                *g += strength * w / self.columns.scale[j];
                squares += strength * w * w;
            }
        }
        self.columns.to_whitened(gradient, scratch);
        value + 0.5 * squares
    }
}
