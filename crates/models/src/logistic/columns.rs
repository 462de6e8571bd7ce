//! The change of variables that makes every column of about unit curvature:
//! u = (W ∘ d, b + μW) with μ the column means and dⱼ² = h sⱼ² + l2.
//!
//! X itself is never copied: W and b for the original columns are computed from
//! u before each pass, and the gradient is turned back after it.

use wonderland_linalg::MatRef;

use crate::{Error, Result};

/// Centres μ and scales d of the columns.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// μⱼ, 0 without an intercept, which alone can take up the shift.
    pub(super) centre: Vec<f64>,
    /// dⱼ > 0.
    pub(super) scale: Vec<f64>,
    /// √h, the scale of the intercept.
    pub(super) intercept_scale: f64,
    /// Whether there is an intercept.
    pub(super) intercept: bool,
}

impl Columns {
    pub(super) fn new(
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        n_classes: usize,
        l2: f64,
        intercept: bool,
    ) -> Result<Self> {
        let (n, c) = (X.nrows(), X.ncols());
        let share = 1.0 / n_classes as f64;
        // The curvature of the cross-entropy in a logit when all classes are
        // equally likely, p(1 − p).
        let h = share * (1.0 - share);
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let largest = per_column(X, |i, size: &mut f64, x: f64| {
            if weight(i) > 0.0 {
                *size = size.max(x.abs());
            }
        });
        // Entries are divided by their column's largest first, so that nothing
        // overflows or underflows.
        let unit: Vec<f64> = largest.iter().map(|&v| if v > 0.0 { v } else { 1.0 }).collect();
        let total: f64 = (0..n).map(weight).sum();
        let mut centre = vec![0.0; c];
        if intercept {
            for_each(X, |i, j, x| centre[j] += weight(i) * (x / unit[j]));
            centre.iter_mut().for_each(|m| *m /= total);
        }
        let mut square = vec![0.0; c];
        for_each(X, |i, j, x| square[j] += weight(i) * (x / unit[j] - centre[j]).powi(2));
        let scale: Vec<f64> = (0..c)
            .map(|j| {
                let spread = unit[j] * (square[j] / total).sqrt();
                let d = (h.sqrt() * spread).hypot(l2.sqrt());
                // A constant column without a penalty: any scale will do.
                if d > 0.0 { d } else { 1.0 }
            })
            .collect();
        centre.iter_mut().zip(&unit).for_each(|(m, unit)| *m *= unit);
        if scale.iter().any(|d| !d.is_finite()) {
            return Err(Error::Overflow { what: "the spread of a column" });
        }
        Ok(Self { centre, scale, intercept_scale: h.sqrt(), intercept })
    }

    /// Rows of u: one per column of X, and one for the intercept.
    pub(super) fn n_rows(&self) -> usize {
        self.scale.len() + usize::from(self.intercept)
    }

    /// W ~ (c, k) and b ~ (k) of the original columns from u ~ (rows, k).
    pub(super) fn to_original(&self, u: &[f64], W: &mut [f64], b: &mut [f64]) {
        let k = b.len();
        let (u_W, u_b) = u.split_at(self.scale.len() * k);
        b.fill(0.0);
        if self.intercept {
            b.iter_mut().zip(u_b).for_each(|(b, u)| *b = u / self.intercept_scale);
        }
        for (j, (w, u)) in W.chunks_exact_mut(k).zip(u_W.chunks_exact(k)).enumerate() {
            for ((w, u), b) in w.iter_mut().zip(u).zip(b.iter_mut()) {
                *w = u / self.scale[j];
                *b -= self.centre[j] * *w;
            }
        }
    }

    /// The gradient in u from that in W (over `gradient`, its first rows) and b.
    pub(super) fn to_scaled(&self, gradient: &mut [f64], gradient_b: &[f64]) {
        let k = gradient_b.len();
        let (g_W, g_b) = gradient.split_at_mut(self.scale.len() * k);
        for (j, g) in g_W.chunks_exact_mut(k).enumerate() {
            for (g, gb) in g.iter_mut().zip(gradient_b) {
                *g = (*g - self.centre[j] * gb) / self.scale[j];
            }
        }
        g_b.iter_mut().zip(gradient_b).for_each(|(g, gb)| *g = gb / self.intercept_scale);
    }

    /// Row i of the centred and scaled X, with the intercept's column.
    pub(super) fn scaled_row(&self, X: MatRef<'_, f64>, i: usize, out: &mut [f64]) {
        for (j, d) in self.scale.iter().enumerate() {
            out[j] = (X[(i, j)] - self.centre[j]) / d;
        }
        if self.intercept {
            out[self.scale.len()] = 1.0 / self.intercept_scale;
        }
    }
}

/// Visits X by rows.
fn for_each(X: MatRef<'_, f64>, mut f: impl FnMut(usize, usize, f64)) {
    for i in 0..X.nrows() {
        for j in 0..X.ncols() {
            f(i, j, X[(i, j)]);
        }
    }
}

/// Folds each column from 0.
fn per_column(X: MatRef<'_, f64>, mut f: impl FnMut(usize, &mut f64, f64)) -> Vec<f64> {
    let mut folded = vec![0.0; X.ncols()];
    for_each(X, |i, j, x| f(i, &mut folded[j], x));
    folded
}
