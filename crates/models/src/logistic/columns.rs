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
        let mut largest = vec![0.0_f64; c];
        for_each_row(X, |i, x| {
            if weight(i) > 0.0 {
                largest.iter_mut().zip(x).for_each(|(m, x)| *m = x.abs().max(*m));
            }
        });
        // Entries are brought to about 1 first, exactly, by a power of two, so that
        // nothing overflows or underflows.
        let unit: Vec<f64> = largest.iter().map(|&v| power_of_two(v)).collect();
        let per_unit: Vec<f64> = unit.iter().map(|u| 1.0 / u).collect();
        let total: f64 = (0..n).map(weight).sum();
        let mut centre = vec![0.0; c];
        if intercept {
            for_each_row(X, |i, x| {
                let weight = weight(i);
                for ((m, x), per_unit) in centre.iter_mut().zip(x).zip(&per_unit) {
                    *m += weight * (x * per_unit);
                }
            });
            centre.iter_mut().for_each(|m| *m /= total);
        }
        let mut square = vec![0.0; c];
        for_each_row(X, |i, x| {
            let weight = weight(i);
            let columns = square.iter_mut().zip(&centre).zip(x).zip(&per_unit);
            for (((square, centre), x), per_unit) in columns {
                let d = x * per_unit - centre;
                *square += weight * (d * d);
            }
        });
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
        match X.row(i).try_as_row_major() {
            Some(row) => {
                out.iter_mut().zip(row.as_slice()).for_each(|(out, x)| *out = *x);
            }
            None => (0..self.scale.len()).for_each(|j| out[j] = X[(i, j)]),
        }
        for ((out, centre), d) in out.iter_mut().zip(&self.centre).zip(&self.scale) {
            *out = (*out - centre) / d;
        }
        if self.intercept {
            out[self.scale.len()] = 1.0 / self.intercept_scale;
        }
    }
}

/// Visits the rows of X; contiguous ones without a copy.
fn for_each_row(X: MatRef<'_, f64>, mut f: impl FnMut(usize, &[f64])) {
    let mut copy = vec![0.0; X.ncols()];
    for i in 0..X.nrows() {
        match X.row(i).try_as_row_major() {
            Some(row) => f(i, row.as_slice()),
            None => {
                copy.iter_mut().enumerate().for_each(|(j, x)| *x = X[(i, j)]);
                f(i, &copy);
            }
        }
    }
}

/// The power of two at or below a positive x, kept where its inverse is a normal
/// number; 1 for 0.
fn power_of_two(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    // The bits of the exponent alone.
    let power = f64::from_bits(x.to_bits() & 0x7FF0_0000_0000_0000);
    power.clamp(f64::MIN_POSITIVE, f64::MIN_POSITIVE.recip())
}
