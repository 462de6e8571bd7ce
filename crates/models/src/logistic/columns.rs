//! The change of variables that makes every column of about unit curvature:
//! v = (W ∘ d, b + μW) with μ the column means and dⱼ² = h sⱼ² + l2; and, where
//! the curvature between columns is known to be LLᵀ, that of all directions:
//! u = Lᵀv.
//!
//! X itself is never copied: W and b for the original columns are computed from
//! u before each pass, and the gradient is turned back after it.

use std::ops::Range;

use wonderland_linalg::kernels::add_moments;
use wonderland_linalg::{MatMut, MatRef, Team, Tensor, cholesky, matmul_into, solve_lower};

use super::rows::{MOST_ROWS, copy, lend};
use crate::classes::check_finite_matrix;
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
    whitener: Option<Whitener>,
}

/// L and its inverse.
#[derive(Debug, Clone)]
struct Whitener {
    lower: Tensor,
    inverse: Tensor,
}

impl Columns {
    pub(super) fn new(
        team: Team,
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        n_classes: usize,
        l2: f64,
        intercept: bool,
    ) -> Result<Self> {
        let share = 1.0 / n_classes as f64;
        // The curvature of the cross-entropy in a logit when all classes are
        // equally likely, p(1 − p).
        let h = share * (1.0 - share);
        let Spread { centre, deviation } = match Spread::in_one_pass(team, X, weights, intercept) {
            Some(spread) => spread,
            None => {
                check_finite_matrix(X)?;
                Spread::with_care(X, weights, intercept)
            }
        };
        let scale: Vec<f64> = (deviation.iter())
            .map(|s| {
                let d = (h.sqrt() * s).hypot(l2.sqrt());
                // A constant column without a penalty: any scale will do.
                if d > 0.0 { d } else { 1.0 }
            })
            .collect();
        if scale.iter().any(|d| !d.is_finite()) {
            return Err(Error::Overflow { what: "the spread of a column" });
        }
        Ok(Self { centre, scale, intercept_scale: h.sqrt(), intercept, whitener: None })
    }

    /// Makes the curvature `H ~ (rows, rows)` of the cross-entropy in v, with that
    /// of the penalty (`strength`/2)‖W‖², the identity in u.
    pub(super) fn whiten(&mut self, mut H: Tensor, strength: f64) {
        let rows = self.n_rows();
        let diagonal: Vec<f64> = (0..rows).map(|j| H[[j, j]]).collect();
        let mean = diagonal.iter().sum::<f64>() / rows.max(1) as f64;
        for j in 0..rows {
            let penalty = self.scale.get(j).map_or(0.0, |d| strength / d / d);
            // A column that a sample hardly shows is no flatter than half of the
            // others; and what is a copy of another column stays invertible.
            H[[j, j]] = (1.0 + 1e-6) * (diagonal[j] + penalty).max(0.5 * mean);
        }
        let identity = Tensor::from_fn(rows, rows, |i, j| if i == j { 1.0 } else { 0.0 });
        // Without a factor the variables stay as they were.
        self.whitener = cholesky(H.as_mat()).ok().and_then(|factor| {
            let lower = factor.lower();
            let inverse = solve_lower(lower.as_mat(), identity.as_mat()).ok()?;
            Some(Whitener { lower, inverse })
        });
    }

    /// u = v again.
    pub(super) fn unwhiten(&mut self) {
        self.whitener = None;
    }

    /// The largest pivot of the curvature over the smallest, which its condition
    /// is not below; 1 where u = v.
    pub(super) fn pivot_ratio(&self) -> f64 {
        let Some(Whitener { lower, .. }) = &self.whitener else { return 1.0 };
        let pivots = || (0..lower.nrows()).map(|j| lower[[j, j]] * lower[[j, j]]);
        pivots().fold(0.0, f64::max) / pivots().fold(f64::INFINITY, f64::min)
    }

    /// u from W and b of the original columns.
    pub(super) fn to_variables(&self, W: &Tensor, b: &[f64]) -> Vec<f64> {
        let k = b.len();
        let mut v: Vec<f64> = Vec::with_capacity(self.n_rows() * k);
        for (j, w) in W.as_slice().chunks_exact(k).enumerate() {
            v.extend(w.iter().map(|w| w * self.scale[j]));
        }
        if self.intercept {
            let shift = |l: usize| -> f64 {
                self.centre.iter().zip(W.as_slice().chunks_exact(k)).map(|(m, w)| m * w[l]).sum()
            };
            v.extend((0..k).map(|l| self.intercept_scale * (b[l] + shift(l))));
        }
        match &self.whitener {
            Some(whitener) => {
                let mut u = Vec::new();
                multiply(whitener.lower.as_mat().transpose(), &v, k, &mut u);
                u
            }
            None => v,
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
        let v = match &self.whitener {
            Some(whitener) => {
                multiply(whitener.inverse.as_mat().transpose(), u, k, scratch);
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
                *b -= self.centre[j] * *w;
            }
        }
    }

    /// The gradient in v from that in W (over `gradient`, its first rows) and b.
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

    /// The gradient in u from that in v.
    pub(super) fn to_whitened(&self, gradient: &mut [f64], scratch: &mut Vec<f64>) {
        if let Some(whitener) = &self.whitener {
            let k = gradient.len() / self.n_rows();
            multiply(whitener.inverse.as_mat(), gradient, k, scratch);
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
        for ((out, centre), d) in out.iter_mut().zip(&self.centre).zip(&self.scale) {
            *out = (*out - centre) / d;
        }
        if self.intercept {
            out[self.scale.len()] = 1.0 / self.intercept_scale;
        }
    }
}

/// out = A v for v ~ (rows, k), row-major.
fn multiply(A: MatRef<'_, f64>, v: &[f64], k: usize, out: &mut Vec<f64>) {
    out.resize(v.len(), 0.0);
    let out = MatMut::from_row_major_slice_mut(out, A.nrows(), k);
    let v = MatRef::from_row_major_slice(v, A.ncols(), k);
    matmul_into(out, false, A, v).expect("a square matrix and its vectors");
}

/// Means (0 without an intercept) and deviations about them, of columns.
struct Spread {
    centre: Vec<f64>,
    deviation: Vec<f64>,
}

impl Spread {
    /// From sums of x − x₀ and of its squares, x₀ the first row: one pass, which
    /// also sees every value that is not finite. `None` where that is not
    /// accurate, or the numbers are extreme: a variance may be off in its fifth
    /// digit without harm, but no more.
    fn in_one_pass(
        team: Team,
        X: MatRef<'_, f64>,
        weights: Option<&[f64]>,
        intercept: bool,
    ) -> Option<Self> {
        let (n, c) = (X.nrows(), X.ncols());
        let first: Vec<f64> = (0..c).map(|j| if intercept { X[(0, j)] } else { 0.0 }).collect();
        let leaf = |rows| moments(X, weights, &first, rows);
        let sums = team.map_reduce(n, LEAF, leaf, |mut a: Vec<f64>, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        })?;
        let (sums, squares) = sums.split_at(c);
        let total: f64 = weights.map_or(n as f64, |w| w.iter().sum());
        let (mut centre, mut deviation) = (vec![0.0; c], vec![0.0; c]);
        for j in 0..c {
            let (mean, square) = (sums[j] / total, squares[j] / total);
            let variance = if intercept { square - mean * mean } else { square };
            let usual = (1e-200..1e200).contains(&square) && variance > 1e-11 * n as f64 * square;
            // Zero on all rows, and not by underflow.
            let constant = square == 0.0 && sums[j] == 0.0;
            if !usual && !constant {
                return None;
            }
            centre[j] = if intercept { first[j] + mean } else { 0.0 };
            deviation[j] = variance.max(0.0).sqrt();
        }
        Some(Self { centre, deviation })
    }

    /// In three passes over numbers brought to about 1, where nothing overflows,
    /// underflows or cancels.
    fn with_care(X: MatRef<'_, f64>, weights: Option<&[f64]>, intercept: bool) -> Self {
        let (n, c) = (X.nrows(), X.ncols());
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mut largest = vec![0.0_f64; c];
        for_each_row(X, |i, x| {
            if weight(i) > 0.0 {
                largest.iter_mut().zip(x).for_each(|(m, x)| *m = x.abs().max(*m));
            }
        });
        // By a power of two, so exactly.
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
        let deviation = (0..c).map(|j| unit[j] * (square[j] / total).sqrt()).collect();
        centre.iter_mut().zip(&unit).for_each(|(m, unit)| *m *= unit);
        Self { centre, deviation }
    }
}

/// Rows of one leaf of the pass over all, whatever the number of threads.
const LEAF: usize = 8192;
/// Rows at a time: few enough for the first cache.
const BLOCK: usize = 64;

/// Σ w (x − x₀) and then Σ w (x − x₀)² of every column over some rows.
fn moments(
    X: MatRef<'_, f64>,
    weights: Option<&[f64]>,
    first: &[f64],
    rows: Range<usize>,
) -> Vec<f64> {
    let mut found = vec![0.0; 2 * first.len()];
    let (sums, squares) = found.split_at_mut(first.len());
    let mut copies = Vec::new();
    for start in rows.clone().step_by(BLOCK) {
        let n = BLOCK.min(rows.end - start);
        let mut places: [&[f64]; MOST_ROWS] = [&[]; MOST_ROWS];
        if X.col_stride() == 1 {
            lend(X, start, n, &mut places);
        } else {
            lend(copy(X.subrows(start, n), &mut copies), 0, n, &mut places);
        }
        let w = weights.map(|w| &w[start..start + n]);
        add_moments(&places[..n], w, first, sums, squares);
    }
    found
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
