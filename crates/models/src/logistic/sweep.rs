//! The objective of logistic regression in one fused pass over X: per block of
//! rows the logits (class-major, so that every loop runs along rows), their
//! softmax, and the product back into the gradient while the block is in cache.
//! No array of size n × m exists.
//!
//! Rows are cut into at most 64 stripes, by n alone; each stripe sums into its
//! own gradient and the stripes are added in order, so the bits do not depend on
//! which thread computed which.

use std::cell::Cell;
use std::rc::Rc;

use wonderland_linalg::kernels::{Elementary, softmax_class_major};
use wonderland_linalg::{MatMut, MatRef, Team, Tensor, matmul_into};
use wonderland_optim::{Hessian, Objective};

use super::columns::Columns;

/// Rows per block: 256 rows of 50 columns are 100 KiB, in the second cache.
const BLOCK: usize = 256;
/// Most stripes, that is, partial gradients.
const STRIPES: usize = 64;
/// Rows whose normalisers are multiplied before one logarithm is taken: 16 of at
/// most 2⁶⁰ classes stay below the largest number.
const PER_LOG: usize = 16;

/// The data of a fit with the workspaces of its passes.
pub(super) struct Sweep<'a> {
    X: MatRef<'a, f64>,
    y: &'a [usize],
    weights: Option<&'a [f64]>,
    /// 1 / Σ weights.
    per_weight: f64,
    /// Outputs k: 1 for the sigmoid, m for the softmax.
    outputs: usize,
    l2: f64,
    columns: Columns,
    stripes: Vec<Stripe>,
    W: Vec<f64>,
    b: Vec<f64>,
    team: Team,
    /// Rows of positive weight, all of which a separating W must get right.
    n_counted: usize,
    separates: Rc<Cell<bool>>,
}

/// A run of blocks with its share of the sums.
struct Stripe {
    rows: std::ops::Range<usize>,
    gradient: Vec<f64>,
    gradient_b: Vec<f64>,
    value: f64,
    /// Rows with more than one half on their class.
    confident: usize,
    /// Who ran it last.
    #[cfg(test)]
    worker: Option<std::thread::ThreadId>,
    block: Block,
}

/// The workspace of one block.
struct Block {
    /// Logits, then residuals: (rows, k) with classes contiguous.
    z: Vec<f64>,
    top: Vec<f64>,
    sum: Vec<f64>,
}

/// What a pass needs to know of the data, shared by the stripes.
struct Pass<'a> {
    X: MatRef<'a, f64>,
    y: &'a [usize],
    weights: Option<&'a [f64]>,
    per_weight: f64,
    W: &'a [f64],
    b: &'a [f64],
}

impl<'a> Sweep<'a> {
    pub(super) fn new(
        team: Team,
        X: MatRef<'a, f64>,
        y: &'a [usize],
        weights: Option<&'a [f64]>,
        outputs: usize,
        l2: f64,
        columns: Columns,
    ) -> Self {
        let (n, c) = (X.nrows(), X.ncols());
        let total: f64 = weights.map_or(n as f64, |w| w.iter().sum());
        let rows_each = n.div_ceil(BLOCK).div_ceil(STRIPES) * BLOCK;
        let stripe = |start: usize| Stripe {
            rows: start..(start + rows_each).min(n),
            gradient: vec![0.0; c * outputs],
            gradient_b: vec![0.0; outputs],
            value: 0.0,
            confident: 0,
            #[cfg(test)]
            worker: None,
            block: Block {
                z: vec![0.0; BLOCK * outputs],
                top: vec![0.0; BLOCK],
                sum: vec![0.0; BLOCK],
            },
        };
        Self {
            X,
            y,
            weights,
            per_weight: 1.0 / total,
            outputs,
            l2,
            columns,
            stripes: (0..n).step_by(rows_each).map(stripe).collect(),
            W: vec![0.0; c * outputs],
            b: vec![0.0; outputs],
            team,
            n_counted: weights.map_or(n, |w| w.iter().filter(|&&w| w > 0.0).count()),
            separates: Rc::new(Cell::new(false)),
        }
    }

    /// W = 0 and, with an intercept, the logarithms of the classes' shares: the
    /// best answer that looks at no column.
    pub(super) fn start(&self) -> Vec<f64> {
        let mut u = vec![0.0; self.columns.n_rows() * self.outputs];
        if !self.columns.intercept {
            return u;
        }
        let mut shares = vec![0.0; self.outputs.max(2)];
        for (i, &k) in self.y.iter().enumerate() {
            shares[k] += self.weights.map_or(1.0, |w| w[i]) * self.per_weight;
        }
        let logs: Vec<f64> = shares.iter().map(|p: &f64| p.max(f64::MIN_POSITIVE).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let b = u.len() - self.outputs;
        let of_output =
            |k: usize| if self.outputs == 1 { logs[1] - logs[0] } else { logs[k] - mean };
        for (k, u) in u[b..].iter_mut().enumerate() {
            *u = self.columns.intercept_scale * of_output(k);
        }
        u
    }

    /// Whether the last pass found a separating W while nothing bounds it.
    pub(super) fn separable(&self) -> bool {
        self.separates.get()
    }

    /// The same, to be read while the sweep is lent to a minimiser.
    pub(super) fn certificate(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.separates)
    }

    /// W and b of the original columns.
    pub(super) fn parameters(&self, u: &[f64]) -> (Tensor, Vec<f64>) {
        let mut W = Tensor::zeros(&[self.X.ncols(), self.outputs]);
        let mut b = vec![0.0; self.outputs];
        self.columns.to_original(u, W.as_mut_slice(), &mut b);
        (W, b)
    }

    /// The threads that ran the last pass.
    #[cfg(test)]
    pub(super) fn workers(&self) -> Vec<std::thread::ThreadId> {
        let mut workers: Vec<_> = Vec::new();
        for worker in self.stripes.iter().filter_map(|stripe| stripe.worker) {
            if !workers.contains(&worker) {
                workers.push(worker);
            }
        }
        workers
    }

    /// The factor of ½‖W‖²: with one output w = w₁ − w₀ and W = (−w/2, w/2),
    /// whose squares sum to w²/2.
    fn strength(&self) -> f64 {
        if self.outputs == 1 { 0.5 * self.l2 } else { self.l2 }
    }
}

impl Objective for Sweep<'_> {
    fn value_and_gradient(&mut self, u: &[f64], gradient: &mut [f64]) -> f64 {
        self.columns.to_original(u, &mut self.W, &mut self.b);
        let pass = Pass {
            X: self.X,
            y: self.y,
            weights: self.weights,
            per_weight: self.per_weight,
            W: &self.W,
            b: &self.b,
        };
        self.team.for_each_chunk_mut(&mut self.stripes, 1, |_, stripes| {
            stripes.iter_mut().for_each(|stripe| stripe.run(&pass));
        });

        let (mut value, mut confident) = (0.0, 0);
        let mut gradient_b = vec![0.0; self.outputs];
        let g_W = &mut gradient[..self.W.len()];
        g_W.fill(0.0);
        for stripe in &self.stripes {
            value += stripe.value;
            confident += stripe.confident;
            g_W.iter_mut().zip(&stripe.gradient).for_each(|(g, s)| *g += s);
            gradient_b.iter_mut().zip(&stripe.gradient_b).for_each(|(g, s)| *g += s);
        }
        self.separates.set(self.l2 == 0.0 && confident == self.n_counted);
        let strength = self.strength();
        self.columns.to_scaled(gradient, &gradient_b);
        let penalised =
            gradient.chunks_exact_mut(self.outputs).zip(self.W.chunks_exact(self.outputs));
        let mut squares = 0.0;
        for (j, (g, w)) in penalised.enumerate() {
            for (g, w) in g.iter_mut().zip(w) {
                // The chain rule divides by d once more; the product of the two
                // small factors must not underflow before it is used.
                *g += strength * w / self.columns.scale[j];
                squares += strength * w * w;
            }
        }
        value + 0.5 * squares
    }
}

impl Stripe {
    fn run(&mut self, pass: &Pass<'_>) {
        self.gradient.fill(0.0);
        self.gradient_b.fill(0.0);
        (self.value, self.confident) = (0.0, 0);
        #[cfg(test)]
        {
            self.worker = Some(std::thread::current().id());
        }
        let k = self.gradient_b.len();
        for start in self.rows.clone().step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(self.rows.end);
            let r = rows.len();
            let X = pass.X.subrows(start, r);
            let z = &mut self.block.z[..r * k];
            for (z, b) in z.chunks_exact_mut(r).zip(pass.b) {
                z.fill(*b);
            }
            let W = MatRef::from_row_major_slice(pass.W, X.ncols(), k);
            multiply(MatMut::from_column_major_slice_mut(z, r, k), X, W);
            let y = &pass.y[rows.clone()];
            let weights = pass.weights.map(|w| &w[rows]);
            let (value, confident) = if k == 1 {
                sigmoid_residuals(z, &mut self.block.sum, y, weights, pass.per_weight)
            } else {
                self.block.softmax_residuals(r, y, weights, pass.per_weight)
            };
            self.value += value;
            self.confident += confident;
            let z = &self.block.z[..r * k];
            for (g, z) in self.gradient_b.iter_mut().zip(z.chunks_exact(r)) {
                *g += z.iter().sum::<f64>();
            }
            let residuals = MatRef::from_column_major_slice(z, r, k);
            let G = MatMut::from_row_major_slice_mut(&mut self.gradient, X.ncols(), k);
            multiply(G, X.transpose(), residuals);
        }
    }
}

/// C += A B.
fn multiply(C: MatMut<'_, f64>, A: MatRef<'_, f64>, B: MatRef<'_, f64>) {
    matmul_into(C, true, A, B).expect("the workspaces were made for these shapes");
}

/// Turns logits z into weighted residuals s(σ(z) − y); returns the weighted
/// cross-entropy and the number of rows with more than one half on their class.
///
/// ln(1 + e^(−|z|)) is taken of the product over several rows when they weigh
/// the same: one logarithm instead of sixteen.
fn sigmoid_residuals(
    z: &mut [f64],
    e: &mut [f64],
    y: &[usize],
    weights: Option<&[f64]>,
    per_weight: f64,
) -> (f64, usize) {
    let e = &mut e[..z.len()];
    e.iter_mut().zip(&*z).for_each(|(e, z)| *e = -z.abs());
    Elementary::Exp.apply(e);
    let (mut value, mut confident) = (0.0, 0);
    for (i, z) in z.iter().enumerate() {
        let signed = if y[i] == 1 { *z } else { -*z };
        // softplus(−signed) = max(−signed, 0) + ln(1 + e^(−|z|))
        let linear = (-signed).max(0.0);
        let weight = weights.map_or(1.0, |w| w[i]);
        confident += usize::from(signed > 0.0 && weight > 0.0);
        value += match weights {
            Some(_) => weight * (linear + e[i].ln_1p()),
            None => linear,
        };
    }
    if weights.is_none() {
        value +=
            e.chunks(PER_LOG).map(|e| e.iter().map(|e| 1.0 + e).product::<f64>().ln()).sum::<f64>();
    }
    for (i, z) in z.iter_mut().enumerate() {
        let small = e[i] / (1.0 + e[i]);
        // σ(−|z|) is `small` and σ(|z|) is 1 − small; subtracting y from the
        // one on its side leaves small or −small without cancellation.
        let up = *z > 0.0;
        let residual = match (y[i] == 1, up) {
            (true, true) => -small,
            (false, false) => small,
            (true, false) => small - 1.0,
            (false, true) => 1.0 - small,
        };
        *z = residual * weights.map_or(per_weight, |w| w[i] * per_weight);
    }
    (value * per_weight, confident)
}

impl Block {
    /// The same for the softmax of k logits per row.
    fn softmax_residuals(
        &mut self,
        r: usize,
        y: &[usize],
        weights: Option<&[f64]>,
        per_weight: f64,
    ) -> (f64, usize) {
        let k = self.z.len() / BLOCK;
        let z = &mut self.z[..r * k];
        let (top, sum) = (&mut self.top[..r], &mut self.sum[..r]);
        top.copy_from_slice(&z[..r]);
        for z in z.chunks_exact(r).skip(1) {
            top.iter_mut().zip(z).for_each(|(top, z)| *top = if *z > *top { *z } else { *top });
        }
        // max − z_y before z is overwritten; the sum of these is the linear part.
        let (mut value, mut confident) = (0.0, 0);
        for (i, &class) in y.iter().enumerate() {
            let weight = weights.map_or(1.0, |w| w[i]);
            value += weight * (top[i] - z[class * r + i]);
        }
        sum.fill(0.0);
        for z in z.chunks_exact_mut(r) {
            z.iter_mut().zip(&*top).for_each(|(z, top)| *z -= top);
            Elementary::Exp.apply(z);
            sum.iter_mut().zip(&*z).for_each(|(sum, e)| *sum += e);
        }
        for (i, &class) in y.iter().enumerate() {
            let weight = weights.map_or(1.0, |w| w[i]);
            // e_y / sum > ½, which also rules out ties.
            confident += usize::from(weight > 0.0 && 2.0 * z[class * r + i] > sum[i]);
            if weights.is_some() {
                value += weight * sum[i].ln();
            }
        }
        if weights.is_none() {
            value += sum.chunks(PER_LOG).map(|s| s.iter().product::<f64>().ln()).sum::<f64>();
        }
        for (i, sum) in sum.iter_mut().enumerate() {
            *sum = weights.map_or(per_weight, |w| w[i] * per_weight) / *sum;
        }
        for z in z.chunks_exact_mut(r) {
            z.iter_mut().zip(&*sum).for_each(|(z, s)| *z *= s);
        }
        for (i, &class) in y.iter().enumerate() {
            z[class * r + i] -= weights.map_or(per_weight, |w| w[i] * per_weight);
        }
        (value * per_weight, confident)
    }
}

impl Hessian for Sweep<'_> {
    /// Per pair of outputs X̃ᵀ diag(s pₐ(δ − p_b)) X̃ over the centred and scaled
    /// rows X̃, plus the penalty.
    fn hessian(&mut self, u: &[f64], H: &mut Tensor) {
        self.columns.to_original(u, &mut self.W, &mut self.b);
        let (n, k, rows) = (self.X.nrows(), self.outputs, self.columns.n_rows());
        let mut packed = vec![0.0; BLOCK * rows];
        let mut scaled = vec![0.0; BLOCK * rows];
        let mut z = vec![0.0; BLOCK * k];
        let pairs: Vec<(usize, usize)> = (0..k).flat_map(|a| (a..k).map(move |b| (a, b))).collect();
        let mut blocks: Vec<Tensor> = pairs.iter().map(|_| Tensor::zeros(&[rows, rows])).collect();
        for start in (0..n).step_by(BLOCK) {
            let r = BLOCK.min(n - start);
            let X = self.X.subrows(start, r);
            for (i, row) in packed.chunks_exact_mut(rows).take(r).enumerate() {
                self.columns.scaled_row(X, i, row);
            }
            let z = &mut z[..r * k];
            for (z, b) in z.chunks_exact_mut(r).zip(&self.b) {
                z.fill(*b);
            }
            let W = MatRef::from_row_major_slice(&self.W, X.ncols(), k);
            multiply(MatMut::from_column_major_slice_mut(z, r, k), X, W);
            if k == 1 {
                Elementary::Sigmoid.apply(z);
            } else {
                softmax_class_major(z, r);
            }
            for (&(a, b), block) in pairs.iter().zip(&mut blocks) {
                for i in 0..r {
                    let weight = self.weights.map_or(1.0, |w| w[start + i]) * self.per_weight;
                    let factor = weight * curvature(z, r, i, a, b);
                    let (from, to) = (i * rows, (i + 1) * rows);
                    let pair = scaled[from..to].iter_mut().zip(&packed[from..to]);
                    pair.for_each(|(s, x)| *s = factor * x);
                }
                let X = MatRef::from_row_major_slice(&packed[..r * rows], r, rows);
                let S = MatRef::from_row_major_slice(&scaled[..r * rows], r, rows);
                multiply(block.as_mat_mut(), X.transpose(), S);
            }
        }
        let strength = self.strength();
        for (&(a, b), block) in pairs.iter().zip(&blocks) {
            for j in 0..rows {
                for l in 0..rows {
                    let mut entry = block[[j, l]];
                    if j == l && a == b && j < self.columns.scale.len() {
                        let d = self.columns.scale[j];
                        entry += strength / d / d;
                    }
                    if j == l && k > 1 {
                        // The direction that shifts all classes alike is flat,
                        // and the gradient has no part in it: any curvature
                        // given to it leaves the step as it is.
                        entry += 1.0 / k as f64;
                    }
                    H[[j * k + a, l * k + b]] = entry;
                    H[[l * k + b, j * k + a]] = entry;
                }
            }
        }
    }
}

/// pₐ(δ_ab − p_b) of row i from class-major probabilities; p(1 − p) of one.
fn curvature(p: &[f64], r: usize, i: usize, a: usize, b: usize) -> f64 {
    let at = |class: usize| p[class * r + i];
    let classes = p.len() / r;
    if classes == 1 {
        return at(0) * (1.0 - at(0));
    }
    if a == b {
        // 1 − pₐ as the sum of the others: exact where pₐ is near 1.
        at(a) * (0..classes).filter(|&c| c != a).map(at).sum::<f64>()
    } else {
        -at(a) * at(b)
    }
}
