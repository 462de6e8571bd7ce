//! A small Cholesky factorisation that repairs matrices without curvature: it
//! raises the diagonal until the factorisation exists (Nocedal & Wright,
//! algorithm 3.3). Dense, for the few parameters Newton's method is meant for.

use wonderland_linalg::Tensor;

use crate::vector::reset;

/// The lower factor L of A + τI = LLᵀ for the smallest τ tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cholesky {
    factor: Vec<f64>,
    d: usize,
    /// The shift τ ≥ 0 that was needed.
    pub(crate) shift: f64,
}

impl Cholesky {
    /// Makes it one of d × d matrices.
    pub(crate) fn reset(&mut self, d: usize) {
        reset(&mut self.factor, d * d);
        self.d = d;
    }

    /// Factorises `A` (both triangles given); false for a matrix that is not
    /// finite.
    pub(crate) fn factorise(&mut self, A: &Tensor) -> bool {
        if A.as_slice().iter().any(|v| !v.is_finite()) {
            return false;
        }
        let diagonal = (0..self.d).map(|i| A[[i, i]]);
        let lowest = diagonal.fold(f64::INFINITY, f64::min);
        let size = A.as_slice().iter().fold(0.0_f64, |m, v| m.max(v.abs())).max(f64::MIN_POSITIVE);
        // A thousandth of the largest entry is far above rounding and still
        // leaves a Newton-like step in the other directions.
        let least = 1e-3 * size;
        self.shift = if lowest > 0.0 { 0.0 } else { least - lowest };
        while !self.attempt(A, size) {
            self.shift = (2.0 * self.shift).max(least);
            if !self.shift.is_finite() {
                return false;
            }
        }
        true
    }

    fn attempt(&mut self, A: &Tensor, size: f64) -> bool {
        let d = self.d;
        for j in 0..d {
            let (done, row_j) = self.factor.split_at_mut(j * d);
            let row_j = &mut row_j[..d];
            for k in 0..j {
                let row_k = &done[k * d..(k + 1) * d];
                let sum: f64 = row_j[..k].iter().zip(row_k).map(|(a, b)| a * b).sum();
                row_j[k] = (A[[j, k]] - sum) / row_k[k];
            }
            let sum: f64 = row_j[..j].iter().map(|v| v * v).sum();
            let pivot = A[[j, j]] + self.shift - sum;
            // A pivot at the level of rounding carries no information.
            if pivot <= f64::EPSILON * d as f64 * size {
                return false;
            }
            row_j[j] = pivot.sqrt();
        }
        true
    }

    /// Solves (A + τI) x = b in place.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        let d = self.d;
        let l = |i: usize, j: usize| self.factor[i * d + j];
        for i in 0..d {
            let sum: f64 = (0..i).map(|k| l(i, k) * b[k]).sum();
            b[i] = (b[i] - sum) / l(i, i);
        }
        for i in (0..d).rev() {
            let sum: f64 = (i + 1..d).map(|k| l(k, i) * b[k]).sum();
            b[i] = (b[i] - sum) / l(i, i);
        }
    }
}
