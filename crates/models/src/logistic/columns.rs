//! The change of variables that makes every column of about unit curvature:
//! v = (W ∘ d, b + μW) with μ the column means and dⱼ² = h sⱼ² + l2; and, where
//! the curvature between columns is known to be LLᵀ, that of all directions:
//! u = Lᵀv.
//!
//! X itself is never copied: W and b for the original columns are computed from
//! u before each pass, and the gradient is turned back after it.

mod spread;
mod whitener;

use wonderland_linalg::{MatMut, MatRef, Team, matmul_into};

use crate::workspace::renew;
use crate::{Error, Result};
use spread::Spread;
use whitener::Whitener;

/// Centres μ and scales d of the columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    spread: Spread,
    /// dⱼ > 0.
    pub(super) scale: Vec<f64>,
    /// √h, the scale of the intercept.
    pub(super) intercept_scale: f64,
    /// Whether there is an intercept.
    pub(super) intercept: bool,
    /// Where u is not v.
    whitens: bool,
    whitener: Whitener,
}

impl Columns {
    /// Becomes the variables of other columns, with u = v.
    pub(super) fn renew(
        &mut self,
        team: Team,
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        n_classes: usize,
        l2: f64,
        intercept: bool,
    ) -> Result<()> {
        let share = 1.0 / n_classes as f64;
        // The curvature of the cross-entropy in a logit when all classes are
        // equally likely, p(1 − p).
        let h = share * (1.0 - share);
        self.spread.renew(team, X, weights, intercept)?;
        self.scale.clear();
        self.scale.extend(self.spread.deviation.iter().map(|s| {
            let d = (h.sqrt() * s).hypot(l2.sqrt());
            // A constant column without a penalty: any scale will do.
            if d > 0.0 { d } else { 1.0 }
        }));
        if self.scale.iter().any(|d| !d.is_finite()) {
            return Err(Error::Overflow { what: "the spread of a column" });
        }
        (self.intercept_scale, self.intercept, self.whitens) = (h.sqrt(), intercept, false);
        Ok(())
    }

    /// Makes the curvature `H ~ (rows, rows)` of the cross-entropy in v, with that
    /// of the penalty (`strength`/2)‖W‖², the identity in u; only the upper triangle
    /// of H is read.
    pub(super) fn whiten(&mut self, H: &[f64], strength: f64) {
        let rows = self.n_rows();
        let mean = H.iter().step_by(rows + 1).sum::<f64>() / rows.max(1) as f64;
        // Without a factor the variables stay as they were.
        self.whitens = self.whitener.renew(H, rows, |j, diagonal| {
            let penalty = self.scale.get(j).map_or(0.0, |d| strength / d / d);
            // A column that a sample hardly shows is no flatter than half of the
            // others; and what is a copy of another column stays invertible.
            (1.0 + 1e-6) * (diagonal + penalty).max(0.5 * mean)
        });
    }

    /// u = v again.
    pub(super) fn unwhiten(&mut self) {
        self.whitens = false;
    }

    fn whitener(&self) -> Option<&Whitener> {
        self.whitens.then_some(&self.whitener)
    }

    /// The largest pivot of the curvature over the smallest, which its condition
    /// is not below; 1 where u = v.
    pub(super) fn pivot_ratio(&self) -> f64 {
        self.whitener().map_or(1.0, Whitener::pivot_ratio)
    }

    /// Puts u into what it was, from W and b of the original columns; `scratch` is
    /// kept between calls.
    pub(super) fn to_variables(
        &self,
        W: &[f64],
        b: &[f64],
        u: &mut Vec<f64>,
        scratch: &mut Vec<f64>,
    ) {
        let k = b.len();
        u.clear();
        for (w, scale) in W.chunks_exact(k).zip(&self.scale) {
            u.extend(w.iter().map(|w| w * scale));
        }
        if self.intercept {
            let shift = |l: usize| -> f64 {
                self.spread.centre.iter().zip(W.chunks_exact(k)).map(|(m, w)| m * w[l]).sum()
            };
            u.extend((0..k).map(|l| self.intercept_scale * (b[l] + shift(l))));
        }
        if let Some(whitener) = self.whitener() {
            multiply(whitener.upper(), u, k, scratch);
            u.copy_from_slice(scratch);
        }
    }

    /// Rows of u: one per column of X, and one for the intercept.
    pub(super) fn n_rows(&self) -> usize {
        self.scale.len() + usize::from(self.intercept)
    }

    /// W ~ (c, k) and b ~ (k) of the original columns from u ~ (rows, k); `scratch`
    /// is kept between calls.
    pub(super) fn to_original(
        &self,
        u: &[f64],
        W: &mut [f64],
        b: &mut [f64],
        scratch: &mut Vec<f64>,
    ) {
        let k = b.len();
        let v = match self.whitener() {
            Some(whitener) => {
                multiply(whitener.inverse().transpose(), u, k, scratch);
                scratch
            }
            None => u,
        };
        let (u_W, u_b) = v.split_at(self.scale.len() * k);
        b.fill(0.0);
        if self.intercept {
            b.iter_mut().zip(u_b).for_each(|(b, u)| *b = u / self.intercept_scale);
        }
        for (j, (w, u)) in W.chunks_exact_mut(k).zip(u_W.chunks_exact(k)).enumerate() {
            for ((w, u), b) in w.iter_mut().zip(u).zip(b.iter_mut()) {
                *w = u / self.scale[j];
                *b -= self.spread.centre[j] * *w;
            }
        }
    }

    /// The gradient in v from that in W (over `gradient`, its first rows) and b.
    pub(super) fn to_scaled(&self, gradient: &mut [f64], gradient_b: &[f64]) {
        let k = gradient_b.len();
        let (g_W, g_b) = gradient.split_at_mut(self.scale.len() * k);
        for (j, g) in g_W.chunks_exact_mut(k).enumerate() {
            for (g, gb) in g.iter_mut().zip(gradient_b) {
                *g = (*g - self.spread.centre[j] * gb) / self.scale[j];
            }
        }
        g_b.iter_mut().zip(gradient_b).for_each(|(g, gb)| *g = gb / self.intercept_scale);
    }

    /// The gradient in u from that in v.
    pub(super) fn to_whitened(&self, gradient: &mut [f64], scratch: &mut Vec<f64>) {
        if let Some(whitener) = self.whitener() {
            let k = gradient.len() / self.n_rows();
            multiply(whitener.inverse(), gradient, k, scratch);
            gradient.copy_from_slice(scratch);
        }
    }

    /// Row i of the centred and scaled X, with the intercept's column.
    pub(super) fn scaled_row(&self, X: MatRef<'_, f64>, i: usize, out: &mut [f64]) {
        match X.row(i).try_as_row_major() {
            Some(row) => {
                out.iter_mut().zip(row.as_slice()).for_each(|(out, x)| *out = *x);
            }
            None => (0..self.scale.len()).for_each(|j| out[j] = X[(i, j)]),
        }
        for ((out, centre), d) in out.iter_mut().zip(&self.spread.centre).zip(&self.scale) {
            *out = (*out - centre) / d;
        }
        if self.intercept {
            out[self.scale.len()] = 1.0 / self.intercept_scale;
        }
    }
}

/// out = A v for v ~ (rows, k), row-major.
fn multiply(A: MatRef<'_, f64>, v: &[f64], k: usize, out: &mut Vec<f64>) {
    renew(out, v.len(), 0.0);
    let out = MatMut::from_row_major_slice_mut(out, A.nrows(), k);
    let v = MatRef::from_row_major_slice(v, A.ncols(), k);
    matmul_into(out, false, A, v).expect("a square matrix and its vectors");
}
