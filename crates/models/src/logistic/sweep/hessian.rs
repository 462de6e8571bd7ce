//! The Hessian of the objective: for few parameters, where a step of Newton's
//! method is worth its price.

use std::ops::Range;

use wonderland_linalg::kernels::{Elementary, softmax_class_major};
use wonderland_linalg::{MatMut, MatRef, Tensor, matmul_into};
use wonderland_optim::Hessian;

use super::{Sweep, SweepMemory, strength};
use crate::logistic::columns::Columns;
use crate::workspace::{Spare, renew};

/// Rows per block: 256 rows of 50 columns are 100 KiB, in the second cache.
const BLOCK: usize = 256;
/// Rows of one leaf, whatever the number of threads.
const LEAF: usize = 4096;

impl Hessian for Sweep<'_> {
    /// Per pair of outputs X̃ᵀ diag(s pₐ(δ − p_b)) X̃ over the centred and scaled
    /// rows X̃, plus the penalty.
    fn hessian(&mut self, u: &[f64], H: &mut Tensor) {
        let SweepMemory { W, b, scratch, curvature, .. } = &mut *self.memory;
        self.columns.to_original(u, W, b, scratch);
        let (k, rows) = (self.outputs, self.columns.n_rows());
        let Curvature { pairs, sums, blocks } = curvature;
        pairs.clear();
        pairs.extend((0..k).flat_map(|a| (a..k).map(move |b| (a, b))));
        let at = At {
            X: self.X,
            weights: self.weights,
            per_weight: self.per_weight,
            columns: self.columns,
            W,
            b,
            pairs,
            blocks,
        };
        let (n, len) = (self.X.nrows(), pairs.len() * rows * rows);
        let found = sums.sums(self.team, n, LEAF, len, |rows, sums| at.add(rows, sums));
        let strength = strength(k, self.l2);
        for (&(a, b), sum) in pairs.iter().zip(found.chunks_exact(rows * rows)) {
            for j in 0..rows {
                for l in 0..rows {
                    let mut entry = sum[j * rows + l];
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
        sums.give(found);
    }
}

/// What Hessians are added up in.
#[derive(Debug, Default)]
pub(super) struct Curvature {
    /// Pairs of outputs.
    pairs: Vec<(usize, usize)>,
    /// A matrix for each of them.
    sums: Spare<Vec<f64>>,
    blocks: Spare<Block>,
}

/// A block of rows: centred and scaled, the same weighted, and probabilities.
#[derive(Debug, Default)]
struct Block {
    packed: Vec<f64>,
    scaled: Vec<f64>,
    z: Vec<f64>,
}

/// Where the Hessian is wanted.
struct At<'a> {
    X: MatRef<'a, f64>,
    weights: Option<&'a [f64]>,
    per_weight: f64,
    columns: &'a Columns,
    W: &'a [f64],
    b: &'a [f64],
    pairs: &'a [(usize, usize)],
    blocks: &'a Spare<Block>,
}

impl At<'_> {
    /// Adds the share of some rows, a matrix for each pair of outputs.
    fn add(&self, range: Range<usize>, sums: &mut [f64]) {
        let (k, rows) = (self.b.len(), self.columns.n_rows());
        let mut block = self.blocks.take().unwrap_or_default();
        let Block { packed, scaled, z } = &mut block;
        renew(packed, BLOCK * rows, 0.0);
        renew(scaled, BLOCK * rows, 0.0);
        renew(z, BLOCK * k, 0.0);
        for start in range.clone().step_by(BLOCK) {
            let r = BLOCK.min(range.end - start);
            let X = self.X.subrows(start, r);
            for (i, row) in packed.chunks_exact_mut(rows).take(r).enumerate() {
                self.columns.scaled_row(X, i, row);
            }
            let z = &mut z[..r * k];
            self.probabilities(X, z);
            for (&(a, b), sum) in self.pairs.iter().zip(sums.chunks_exact_mut(rows * rows)) {
                for i in 0..r {
                    let weight = self.weights.map_or(1.0, |w| w[start + i]) * self.per_weight;
                    let factor = weight * curvature(z, r, i, a, b);
                    let (from, to) = (i * rows, (i + 1) * rows);
                    let pair = scaled[from..to].iter_mut().zip(&packed[from..to]);
                    pair.for_each(|(s, x)| *s = factor * x);
                }
                let X = MatRef::from_row_major_slice(&packed[..r * rows], r, rows);
                let S = MatRef::from_row_major_slice(&scaled[..r * rows], r, rows);
                let sum = MatMut::from_row_major_slice_mut(sum, rows, rows);
                multiply(sum, X.transpose(), S);
            }
        }
        self.blocks.give(block);
    }

    /// Those of the rows of X, class by class.
    fn probabilities(&self, X: MatRef<'_, f64>, z: &mut [f64]) {
        let (r, k) = (X.nrows(), self.b.len());
        for (z, b) in z.chunks_exact_mut(r).zip(self.b) {
            z.fill(*b);
        }
        let W = MatRef::from_row_major_slice(self.W, X.ncols(), k);
        multiply(MatMut::from_column_major_slice_mut(z, r, k), X, W);
        if k == 1 {
            Elementary::Sigmoid.apply(z);
        } else {
            softmax_class_major(z, r);
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

/// C += A B.
fn multiply(C: MatMut<'_, f64>, A: MatRef<'_, f64>, B: MatRef<'_, f64>) {
    matmul_into(C, true, A, B).expect("the workspaces were made for these shapes");
}
