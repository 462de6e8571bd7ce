//! Two classes: the cross-entropy of X w + b and its gradient, in one pass over X.
//!
//! The one idea: sixteen rows at a time, all the way. Their scores, their residuals
//! and the product back into the gradient are done while the rows are in the first
//! cache, a few hundred cycles after they came: reading X is most of the time, and
//! no step is so long that the memory has nothing left to bring. The exponentials
//! read nothing; before them the next rows are asked for.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use faer::{ContiguousFwd, MatRef};
use pulp::{Arch, Simd, WithSimd};

use super::back::Sixteen;
use super::double::{exp_negative, ln};
use super::inner::{LANES, pairwise};
use super::logistic::CrossEntropy;
use crate::ahead::Ahead;

/// Rows of two classes, told apart by the score zᵢ = xᵢᵀw + b of the second class
/// above the first.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, kernels::TwoClasses};
/// let X = Tensor::from_rows(&[[0.0], [1000.0]]);
/// let rows = TwoClasses { X: X.as_mat(), y: &[1, 0], weights: None, scale: 2.0 };
/// let (mut gradient, mut gradient_b) = ([0.0], [0.0; 16]);
/// let found = rows.add_gradient(&[1.0], 0.0, &mut gradient, &mut gradient_b);
/// assert!((found.value - 2.0 * (1000.0 + 2.0_f64.ln())).abs() < 1e-12);
/// assert_eq!((gradient[0], gradient_b[0], gradient_b[1]), (2000.0, -1.0, 2.0));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TwoClasses<'a> {
    /// (n, c), each row in one piece.
    pub X: MatRef<'a, f64>,
    /// (n) of 0 and 1.
    pub y: &'a [usize],
    /// wᵢ ≥ 0 of the rows, or 1 for each.
    pub weights: Option<&'a [f64]>,
    /// What the weights are multiplied by.
    pub scale: f64,
}

impl TwoClasses<'_> {
    /// The cross-entropy Σ sᵢ ln(1 + e^(∓zᵢ)), sᵢ the scaled weights; adds its gradient
    /// Σ sᵢ (σ(zᵢ) − yᵢ) xᵢ in w, and lane by lane that in b.
    ///
    /// # Shapes
    /// `w ~ (c)`, `gradient ~ (c)`.
    ///
    /// # Numerics
    /// Scores are summed in as many lanes as the processor's vectors have. The value
    /// is Σ max(zᵢ, 0) + ln Π (1 + e^(−|zᵢ|)) with zᵢ negated for the second class: one
    /// exponential per row, and a logarithm for every 64 rows of a lane, or for every
    /// row if they are weighted; no cancellation in the residuals, absolute error of
    /// the value below ε per row and 100 ε of itself. A row of weight 0 adds nothing.
    ///
    /// # Panics
    /// When the lengths do not fit, or a row does not lie in one piece.
    #[track_caller]
    pub fn add_gradient(
        &self,
        w: &[f64],
        b: f64,
        gradient: &mut [f64],
        gradient_b: &mut Sixteen,
    ) -> CrossEntropy {
        let Self { X, y, weights, scale } = *self;
        let (n, c) = (X.nrows(), X.ncols());
        assert!(w.len() == c && gradient.len() == c, "w and its gradient of {c} columns");
        assert!(
            y.len() == n && weights.is_none_or(|w| w.len() == n),
            "classes and weights of {n} rows"
        );
        let X = X.try_as_row_major().expect("rows in one piece");
        let (y, weights) = (Sixteens::new(y, 0), weights.map(|w| Sixteens::new(w, 1.0)));
        Arch::new().dispatch(Pass { X, y, weights, scale, w, b, gradient, gradient_b })
    }
}

/// Rows whose factors 1 + e^(−|z|), at most 2, are multiplied before a logarithm.
const FACTORS: usize = 64;

/// Columns from which rows are asked for all the way, a few lines at a time.
const LONG: usize = 32;

/// Vectors of the gradient that stay in registers.
const MOST: usize = 6;

type InRows<'a> = MatRef<'a, f64, usize, usize, isize, ContiguousFwd>;

struct Pass<'a> {
    X: InRows<'a>,
    y: Sixteens<'a, usize>,
    weights: Option<Sixteens<'a, f64>>,
    scale: f64,
    w: &'a [f64],
    b: f64,
    gradient: &'a mut [f64],
    gradient_b: &'a mut Sixteen,
}

impl WithSimd for Pass<'_> {
    type Output = CrossEntropy;
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> CrossEntropy {
        let (X, n) = (self.X, self.X.nrows());
        let mut found = CrossEntropy { value: 0.0, confident: 0 };
        let mut ahead = self.ahead::<S>();
        for first in (0..n).step_by(FACTORS * LANES) {
            let (mut losses, end) = (Losses::new(), n.min(first + FACTORS * LANES));
            for start in (first..end).step_by(LANES) {
                if end - start >= LANES {
                    let rows = Rows::<true>(X.subrows(start, LANES));
                    self.sixteen(simd, start, &rows, &mut ahead, &mut losses);
                } else {
                    let rows = Rows::<false>(X.subrows(start, end - start));
                    self.sixteen(simd, start, &rows, &mut ahead, &mut losses);
                }
            }
            found.value += losses.value();
            found.confident += pairwise(&mut losses.right) as usize;
        }
        found.value *= self.scale;
        // Places without a row count as right.
        found.confident -= n.next_multiple_of(LANES) - n;
        found
    }
}

impl Pass<'_> {
    /// The rows from `start` on, up to sixteen.
    #[inline(always)]
    fn sixteen<S: Simd, const WHOLE: bool>(
        &mut self,
        simd: S,
        start: usize,
        rows: &Rows<'_, WHOLE>,
        ahead: &mut Ahead,
        losses: &mut Losses,
    ) {
        let z = rows.scores(simd, self.w, self.b, ahead);
        ahead.fetch();
        let wrong = Wrong::new(z, self.y.from(start));
        let weights = self.weights.as_ref().map(|w| w.from(start));
        let mut s = *weights.unwrap_or(&[1.0; LANES]);
        s.iter_mut().for_each(|s| *s *= self.scale);
        let (r, e) = wrong.residuals(&s);
        self.gradient_b.iter_mut().zip(r).for_each(|(g, r)| *g += r);
        losses.add(&wrong, &e, weights);
        rows.add_gradient(simd, &r, self.gradient, ahead);
    }

    /// All of X, of which the first rows are asked for here: short rows once for
    /// every sixteen, long ones by every four and every few columns.
    #[inline(always)]
    fn ahead<S: Simd>(&self) -> Ahead {
        let vectors = self.X.ncols() / S::F64_LANES;
        let long = vectors * S::F64_LANES >= LONG;
        let calls = if long { 1 + LANES / 4 + vectors.div_ceil(MOST) } else { 1 };
        let mut ahead = Ahead::of(self.X.as_dyn_stride());
        ahead.spread(calls * self.X.nrows().div_ceil(LANES));
        (0..calls).for_each(|_| ahead.fetch());
        ahead
    }
}

/// A slice by sixteens, the last filled up.
struct Sixteens<'a, T> {
    whole: &'a [[T; LANES]],
    last: [T; LANES],
}

impl<'a, T: Copy> Sixteens<'a, T> {
    #[inline(always)]
    fn new(x: &'a [T], missing: T) -> Self {
        let (whole, rest) = x.as_chunks();
        let mut last = [missing; LANES];
        last[..rest.len()].copy_from_slice(rest);
        Self { whole, last }
    }

    /// Those from `start` on, a multiple of sixteen.
    #[inline(always)]
    fn from(&self, start: usize) -> &[T; LANES] {
        self.whole.get(start / LANES).unwrap_or(&self.last)
    }
}

/// Up to sixteen rows, and at least one; sixteen if they are `WHOLE`.
struct Rows<'a, const WHOLE: bool>(InRows<'a>);

impl<'a, const WHOLE: bool> Rows<'a, WHOLE> {
    /// Missing rows repeat the last.
    #[inline(always)]
    fn at(&self, i: usize) -> &'a [f64] {
        let i = if WHOLE { i } else { i.min(self.0.nrows() - 1) };
        self.0.row(i).as_slice()
    }

    /// zᵢ = b + xᵢᵀw, four rows at a time; −∞ without a row.
    #[inline(always)]
    fn scores<S: Simd>(&self, simd: S, w: &[f64], b: f64, ahead: &mut Ahead) -> Sixteen {
        let mut z = [b; LANES];
        let (vectors, w_rest) = S::as_simd_f64s(w);
        let (whole, rest) = (vectors.len(), w.len() - w_rest.len());
        for (i, z) in (0..).step_by(4).zip(z.as_chunks_mut::<4>().0) {
            if rest >= LONG {
                ahead.fetch();
            }
            let rows = [self.at(i), self.at(i + 1), self.at(i + 2), self.at(i + 3)];
            let [x0, x1, x2, x3] = rows.map(|row| &S::as_simd_f64s(row).0[..whole]);
            let mut sums = [simd.splat_f64s(0.0); 4];
            for (j, w) in vectors.iter().enumerate() {
                sums[0] = simd.mul_add_f64s(x0[j], *w, sums[0]);
                sums[1] = simd.mul_add_f64s(x1[j], *w, sums[1]);
                sums[2] = simd.mul_add_f64s(x2[j], *w, sums[2]);
                sums[3] = simd.mul_add_f64s(x3[j], *w, sums[3]);
            }
            for i in 0..4 {
                z[i] += simd.reduce_sum_f64s(sums[i]);
            }
            if !w_rest.is_empty() {
                for (z, row) in z.iter_mut().zip(rows) {
                    *z = row[rest..].iter().zip(w_rest).fold(*z, |z, (x, w)| x.mul_add(*w, z));
                }
            }
        }
        if !WHOLE {
            z[self.0.nrows()..].fill(f64::NEG_INFINITY);
        }
        z
    }

    /// g += Σᵢ rᵢ xᵢ.
    #[inline(always)]
    fn add_gradient<S: Simd>(&self, simd: S, r: &Sixteen, g: &mut [f64], ahead: &mut Ahead) {
        let (vectors, g_rest) = S::as_mut_simd_f64s(g);
        let whole = vectors.len();
        for (from, g) in (0..).step_by(MOST).zip(vectors.chunks_mut(MOST)) {
            if whole * S::F64_LANES >= LONG {
                ahead.fetch();
            }
            match g.len() {
                1 => self.add::<S, 1>(simd, r, from, g),
                2 => self.add::<S, 2>(simd, r, from, g),
                3 => self.add::<S, 3>(simd, r, from, g),
                4 => self.add::<S, 4>(simd, r, from, g),
                5 => self.add::<S, 5>(simd, r, from, g),
                _ => self.add::<S, MOST>(simd, r, from, g),
            }
        }
        for (j, g) in (whole * S::F64_LANES..).zip(g_rest) {
            *g += (0..LANES).fold(0.0, |sum, i| r[i].mul_add(self.at(i)[j], sum));
        }
    }

    /// The same for V vectors of columns from that of number `from` on.
    #[inline(always)]
    fn add<S: Simd, const V: usize>(&self, simd: S, r: &Sixteen, from: usize, g: &mut [S::f64s]) {
        let mut sums = [simd.splat_f64s(0.0); V];
        for (i, r) in r.iter().enumerate() {
            let x = &S::as_simd_f64s(self.at(i)).0[from..from + V];
            let r = simd.splat_f64s(*r);
            for v in 0..V {
                sums[v] = simd.mul_add_f64s(r, x[v], sums[v]);
            }
        }
        for (g, sum) in g.iter_mut().zip(sums) {
            *g = simd.add_f64s(*g, sum);
        }
    }
}

/// What the losses of up to `FACTORS` times sixteen rows are made of, lane by lane.
struct Losses {
    /// Σ wᵢ max(zᵢ, 0), of weighted rows with their logarithms.
    linear: Sixteen,
    /// Π (1 + e^(−|zᵢ|)) of rows without weights.
    product: Sixteen,
    /// Rows with more than one half on their class.
    right: Sixteen,
}

impl Losses {
    #[inline(always)]
    fn new() -> Self {
        Self { linear: [0.0; LANES], product: [1.0; LANES], right: [0.0; LANES] }
    }

    /// Adds rows, given e^(−|zᵢ|).
    #[inline(always)]
    fn add(&mut self, wrong: &Wrong, e: &Sixteen, weights: Option<&Sixteen>) {
        let z = &wrong.z;
        match weights {
            None => {
                for l in 0..LANES {
                    self.linear[l] += if z[l] > 0.0 { z[l] } else { 0.0 };
                    self.product[l] *= 1.0 + e[l];
                    self.right[l] += if z[l] < 0.0 { 1.0 } else { 0.0 };
                }
            }
            Some(w) => {
                for l in 0..LANES {
                    let loss = if z[l] > 0.0 { z[l] } else { 0.0 } + ln(1.0 + e[l]);
                    self.linear[l] += if w[l] > 0.0 { w[l] * loss } else { 0.0 };
                    self.right[l] += if z[l] < 0.0 && w[l] > 0.0 { 1.0 } else { 0.0 };
                }
            }
        }
    }

    #[inline(always)]
    fn value(&mut self) -> f64 {
        for l in 0..LANES {
            self.linear[l] += ln(self.product[l]);
        }
        pairwise(&mut self.linear)
    }
}

/// How wrong sixteen rows are.
struct Wrong {
    /// The scores, negated for the second class; −∞ without a row.
    z: Sixteen,
    /// 1 for the first class, −1 for the second.
    sign: Sixteen,
}

impl Wrong {
    #[inline(always)]
    fn new(mut z: Sixteen, y: &[usize; LANES]) -> Self {
        let sign = y.map(|y| if y == 0 { 1.0 } else { -1.0 });
        for l in 0..LANES {
            z[l] *= sign[l];
        }
        Self { z, sign }
    }

    /// The residuals, 0 without a row, and e^(−|z|).
    #[inline(always)]
    fn residuals(&self, s: &Sixteen) -> (Sixteen, Sixteen) {
        let (mut r, mut e) = ([0.0; LANES], self.z);
        for e in &mut e {
            *e = exp_negative(-e.abs());
        }
        for l in 0..LANES {
            let wrong = if self.z[l] > 0.0 { 1.0 } else { e[l] } / (1.0 + e[l]);
            r[l] = s[l] * self.sign[l] * wrong;
        }
        (r, e)
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, Sixteen, TwoClasses};
    use crate::kernels::{CrossEntropy, sum_twofold};
    use crate::{MatRef, Real, Tensor};

    fn fused(rows: &TwoClasses<'_>, w: &[f64], b: f64) -> (CrossEntropy, Vec<f64>, Sixteen) {
        let (mut gradient, mut gradient_b) = (vec![0.0; w.len()], [0.0; LANES]);
        let found = rows.add_gradient(w, b, &mut gradient, &mut gradient_b);
        (found, gradient, gradient_b)
    }

    /// Weight and residual of row i by the definition, and its loss.
    fn slow(rows: &TwoClasses<'_>, i: usize, z: f64) -> (f64, f64, f64) {
        let (weight, sign) = (rows.weights.map_or(1.0, |w| w[i]), [1.0, -1.0][rows.y[i]]);
        let s = rows.scale * weight;
        (weight, s * sign * Real::sigmoid(sign * z), s * Real::softplus(sign * z))
    }

    /// Scores that are exact in any order of summation.
    fn check(X: MatRef<'_, f64>) {
        let (n, c) = (X.nrows(), X.ncols());
        let y: Vec<usize> = (0..n).map(|i| i / 3 % 2).collect();
        let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
        let w: Vec<f64> = (0..c).map(|j| (j * 11 % 17) as f64 / 8.0 - 1.0).collect();
        for weights in [None, Some(&weights[..])] {
            let rows = TwoClasses { X, y: &y, weights, scale: 0.5 };
            let (found, gradient, gradient_b) = fused(&rows, &w, 0.375);
            let (mut losses, mut sum, mut size, mut confident) = (Vec::new(), 0.0, 0.0, 0);
            let (mut sums, mut sizes) = (vec![0.0; c], vec![0.0; c]);
            for i in 0..n {
                let z = 0.375 + (0..c).map(|j| X[(i, j)] * w[j]).sum::<f64>();
                let (weight, r, loss) = slow(&rows, i, z);
                confident += usize::from(weight > 0.0 && z * [1.0, -1.0][y[i]] < 0.0);
                losses.push(loss);
                (sum, size) = (sum + r, size + r.abs());
                for j in 0..c {
                    sums[j] += r * X[(i, j)];
                    sizes[j] += (r * X[(i, j)]).abs();
                }
            }
            let value = sum_twofold(&losses);
            let rounding = f64::EPSILON * (n as f64 + 100.0 * value);
            assert!((found.value - value).abs() <= rounding, "{n} x {c}: {found:?} {value}");
            assert_eq!(found.confident, confident, "{n} x {c}");
            let rounding = f64::EPSILON * (n + 4) as f64;
            assert!((gradient_b.iter().sum::<f64>() - sum).abs() <= rounding * size);
            for j in 0..c {
                let off = (gradient[j] - sums[j]).abs();
                assert!(off <= rounding * sizes[j], "{n} x {c}: {off} at {j}");
            }
        }
    }

    #[test]
    fn a_pass_agrees_with_one_row_at_a_time() {
        let entry = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 - 5.0;
        for n in [0, 1, 15, 16, 17, 1025, 3000] {
            for c in [1, 2, 3, 4, 5, 7, 8, 20, 23, 24, 25, 50, 70] {
                if n * c < 80_000 {
                    check(Tensor::from_fn(n, c, entry).as_mat());
                }
            }
        }
        // Rows apart, and in the other direction.
        let X = Tensor::from_fn(40, 30, entry);
        check(X.as_mat().subcols(3, 20));
        check(X.as_mat().reverse_rows());
    }

    #[test]
    fn every_residual_is_that_of_its_row() {
        for n in [1, 15, 16, 17, 50] {
            let X = Tensor::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
            let z: Vec<f64> = (0..n).map(|i| ((i * 37 % 100) as f64 - 50.0) / 0.9).collect();
            let y: Vec<usize> = (0..n).map(|i| i / 3 % 2).collect();
            let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
            for weights in [None, Some(&weights[..])] {
                let rows = TwoClasses { X: X.as_mat(), y: &y, weights, scale: 0.5 };
                for (i, found) in fused(&rows, &z, 0.0).1.into_iter().enumerate() {
                    let (_, r, _) = slow(&rows, i, z[i]);
                    assert!((found - r).abs() <= 4.0 * f64::EPSILON * r.abs(), "{i} of {n}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_seen_unless_it_does_not_count() {
        let value = |x: f64, weights| {
            let X = [1.0, x];
            let X = MatRef::from_row_major_slice(&X, 2, 1);
            fused(&TwoClasses { X, y: &[0, 0], weights, scale: 1.0 }, &[1.0], 0.0).0.value
        };
        assert!(value(f64::NAN, None).is_nan());
        assert!(value(f64::NAN, Some(&[1.0, 2.0])).is_nan());
        assert!(value(f64::INFINITY, Some(&[1.0, 0.0])).is_finite());
    }

    #[test]
    #[should_panic(expected = "rows in one piece")]
    fn columns_are_not_rows() {
        let X = Tensor::zeros(&[3, 2]);
        let X = X.as_mat().transpose();
        fused(&TwoClasses { X, y: &[0, 0], weights: None, scale: 1.0 }, &[0.0; 3], 0.0);
    }

    #[test]
    #[should_panic(expected = "classes and weights of 3 rows")]
    fn lengths_must_fit() {
        let X = Tensor::zeros(&[3, 2]);
        let rows = TwoClasses { X: X.as_mat(), y: &[0, 0], weights: None, scale: 1.0 };
        fused(&rows, &[0.0; 2], 0.0);
    }
}
