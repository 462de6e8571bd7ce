//! Temperature scaling (notes §4.3.2, §4.3.4): softmax(z/T) with the one T > 0
//! that minimises the log loss of held-out labels.
//!
//! In β = 1/T the mean loss is convex, with slope mean(E_β[z] − z_y) and
//! curvature mean(Var_β[z]), so a bracketed third-order Newton iteration
//! finds the optimum to the last digits. Where the slope has no zero there is
//! no optimum, and the result says so.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;
use wonderland_linalg::kernels::Elementary;

use crate::class_forecasts::check_labels;
use crate::probabilities::for_rows;
use crate::{Error, Logits, Probabilities, Result, check};

/// Settings of temperature scaling.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Logits, TemperatureScaling};
/// use wonderland_linalg::Tensor;
/// // Logit gap 4, right three times of four: ln 3 is the calibrated gap.
/// let Z = Tensor::from_rows(&[[4.0, 0.0]; 4]);
/// let Z = Logits::new(Z.as_mat())?;
/// let fit = TemperatureScaling::default().fit(&Z, &[0, 0, 0, 1])?;
/// assert!((fit.temperature() - 4.0 / 3_f64.ln()).abs() < 1e-12);
/// assert!((fit.transform(&Z)?.confidence()[0] - 0.75).abs() < 1e-12);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TemperatureScaling {
    /// Relative tolerance on β = 1/T.
    pub rtol: f64,
    /// Most evaluations of the whole data.
    pub max_evaluations: usize,
}

impl Default for TemperatureScaling {
    /// 10⁻¹²: the iteration is cubic, so the last digits are nearly free.
    fn default() -> Self {
        Self { rtol: 1e-12, max_evaluations: 200 }
    }
}

/// Where the log loss is smallest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum TemperatureOptimum {
    /// At a temperature T = 1/β inside (0, ∞).
    Interior {
        /// The inverse temperature β = 1/T.
        beta: f64,
    },
    /// In the limit T → 0: every label already has the largest logit, so
    /// sharper is always better. Transforms to the top class (shared between
    /// equal largest logits).
    TToZero,
    /// In the limit T → ∞ (or beyond): the logits point away from the labels,
    /// so flatter is always better. Transforms to equal probabilities.
    TToInfinity,
}

/// A fitted temperature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TemperatureFit {
    /// The optimum, or on which side there is none.
    pub optimum: TemperatureOptimum,
    /// Number of classes.
    pub n_classes: usize,
    /// Evaluations of the whole data.
    pub evaluations: usize,
}

impl TemperatureScaling {
    /// Finds the temperature for logits Z ~ (n, m) and labels y ~ (n).
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::UnknownLabel`];
    /// [`Error::ImpossibleLabel`] when a true class has logit −∞;
    /// [`Error::NotConverged`] when the evaluations run out.
    ///
    /// # Numerics
    /// The slope is summed over rows in blocks of fixed shape. Large data are
    /// first solved on every k-th row, which only chooses the start. If no row
    /// distinguishes the classes every T is optimal, and T = 1 is returned.
    ///
    /// # References
    /// Notes §4.3.4; Guo et al. 2017.
    pub fn fit(&self, Z: &Logits<'_>, labels: &[usize]) -> Result<TemperatureFit> {
        self.fit_inner(Z, labels, None)
    }

    /// The same with sample weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and for unusable weights.
    pub fn fit_weighted(
        &self,
        Z: &Logits<'_>,
        labels: &[usize],
        weights: &[f64],
    ) -> Result<TemperatureFit> {
        check::weights(weights, Z.n_samples())?;
        self.fit_inner(Z, labels, Some(weights))
    }

    fn fit_inner(
        &self,
        Z: &Logits<'_>,
        labels: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<TemperatureFit> {
        check::open_unit("rtol", self.rtol)?;
        check_labels(labels, Z.n_samples(), Z.n_classes())?;
        let full = Slope { Z, labels, weights, stride: 1 };
        let fit = |optimum, evaluations| TemperatureFit {
            optimum,
            n_classes: Z.n_classes(),
            evaluations,
        };
        match full.ends()? {
            Ends { flat: true, .. } => {
                return Ok(fit(TemperatureOptimum::Interior { beta: 1.0 }, 0));
            }
            Ends { at_zero, .. } if at_zero >= 0.0 => {
                return Ok(fit(TemperatureOptimum::TToInfinity, 0));
            }
            Ends { at_infinity, .. } if at_infinity <= 0.0 => {
                return Ok(fit(TemperatureOptimum::TToZero, 0));
            }
            Ends { .. } => {}
        }
        // A strided subset has an optimum near that of the whole, if it has one.
        let stride = Z.n_samples() / 16_384;
        let mut start = 1.0;
        if stride > 1 {
            let part = Slope { stride, ..full };
            let ends = part.ends()?;
            if !ends.flat && ends.at_zero < 0.0 && ends.at_infinity > 0.0 {
                let rough = Self { rtol: 1e-4, ..*self };
                start = rough.solve(&part, 1.0).map_or(1.0, |(beta, _)| beta);
            }
        }
        let (beta, evaluations) = self.solve(&full, start)?;
        Ok(fit(TemperatureOptimum::Interior { beta }, evaluations))
    }

    /// The zero of the slope, which is negative near 0 and positive far out.
    fn solve(&self, slope: &Slope<'_>, start: f64) -> Result<(f64, usize)> {
        let (mut low, mut high, mut beta) = (0.0, f64::INFINITY, start);
        let mut gradient = f64::NAN;
        for evaluation in 1..=self.max_evaluations {
            let [g, h, t] = slope.at(beta);
            gradient = g;
            if g == 0.0 {
                return Ok((beta, evaluation));
            }
            if g < 0.0 {
                low = beta
            } else {
                high = beta
            }
            // Halley's step: third order, from the third cumulant t.
            let step = -2.0 * g * h / (2.0 * h * h - g * t);
            let newton = -g / h;
            let step = if step.is_finite() && step * newton > 0.0 { step } else { newton };
            let next = beta + step;
            if next > low && next < high {
                beta = next;
                // The step after one of relative size r is of size r³.
                let r = (step / next).abs();
                if r <= self.rtol || r * r * r <= self.rtol * 1e-4 {
                    return Ok((beta, evaluation));
                }
            } else if high.is_infinite() {
                beta = 8.0 * low;
            } else if low == 0.0 {
                beta = high / 8.0;
            } else {
                beta = (low * high).sqrt();
            }
            if high.is_finite() && high - low <= self.rtol * high {
                return Ok((beta, evaluation));
            }
        }
        Err(Error::NotConverged {
            what: "temperature scaling",
            iterations: self.max_evaluations,
            gradient,
        })
    }
}

impl TemperatureFit {
    /// T; 0 or ∞ where the optimum is that limit.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        match self.optimum {
            TemperatureOptimum::Interior { beta } => 1.0 / beta,
            TemperatureOptimum::TToZero => 0.0,
            TemperatureOptimum::TToInfinity => f64::INFINITY,
        }
    }

    /// softmax(z/T) of every row.
    ///
    /// # Errors
    /// [`Error::ClassCount`] when the columns are not those of the fit.
    pub fn transform(&self, Z: &Logits<'_>) -> Result<Probabilities<'static>> {
        if Z.n_classes() != self.n_classes {
            return Err(Error::ClassCount { expected: self.n_classes, actual: Z.n_classes() });
        }
        let mut P = Tensor::zeros(&[Z.n_samples(), Z.n_classes()]);
        for_rows(Z.as_mat(), |i, z| {
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let row = P.row_mut(i);
            for (p, &z) in row.iter_mut().zip(z) {
                let d = z - top;
                *p = match self.optimum {
                    TemperatureOptimum::Interior { beta } => (beta * d).exp(),
                    TemperatureOptimum::TToZero => f64::from(u8::from(d == 0.0)),
                    // Also a class with logit −∞ stays impossible.
                    TemperatureOptimum::TToInfinity => f64::from(u8::from(d.is_finite())),
                };
            }
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
        });
        Probabilities::from_tensor(P)
    }
}

/// The mean loss as a function of β: its first three derivatives.
#[derive(Clone, Copy)]
struct Slope<'a> {
    Z: &'a Logits<'a>,
    labels: &'a [usize],
    weights: Option<&'a [f64]>,
    /// Only every stride-th row counts.
    stride: usize,
}

/// The slope at both ends of (0, ∞).
struct Ends {
    at_zero: f64,
    at_infinity: f64,
    /// Whether every row has equal logits only.
    flat: bool,
}

/// Below this distance from the largest logit a class has no weight at any
/// β in use; it also stands for −∞, so that moments stay finite.
const FAR: f64 = -1e100;

impl Slope<'_> {
    #[expect(clippy::float_cmp, reason = "flat rows have the very same logits")]
    fn ends(&self) -> Result<Ends> {
        let (mut at_zero, mut at_infinity, mut flat) = (0.0, 0.0, true);
        let (n, m) = (self.Z.n_samples(), self.Z.n_classes() as f64);
        let mut buffer = vec![0.0; self.Z.n_classes()];
        let mut i = 0;
        while i < n {
            let z = row_of(self.Z, i, &mut buffer);
            let own = z[self.labels[i]];
            let w = self.weights.map_or(1.0, |w| w[i]);
            let sum: f64 = z.iter().sum();
            if sum.is_finite() {
                at_zero += w * (sum / m - own);
            } else {
                // The limit leaves out the classes that stay impossible.
                if own == f64::NEG_INFINITY {
                    return Err(Error::ImpossibleLabel { row: i, label: self.labels[i] });
                }
                let possible = z.iter().filter(|x| x.is_finite());
                let mean = possible.clone().map(|x| x - own).sum::<f64>() / possible.count() as f64;
                at_zero += w * mean;
            }
            // Only their signs matter, which few rows settle.
            if w > 0.0 && (flat || at_infinity <= 0.0) {
                let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                flat &= z.iter().all(|&x| x == top);
                at_infinity += w * (top - own);
            }
            i += self.stride;
        }
        Ok(Ends { at_zero, at_infinity, flat })
    }

    /// First, second and third derivative of the mean loss at β.
    ///
    /// Blocks of rows are laid out class after class, so that exponentials
    /// and moments run over long slices whatever the number of classes.
    fn at(&self, beta: f64) -> [f64; 3] {
        const BLOCK: usize = 64;
        let (n, m) = (self.Z.n_samples(), self.Z.n_classes());
        let mut distance = vec![0.0; BLOCK * m];
        let mut weight = vec![0.0; BLOCK * m];
        let mut buffer = vec![0.0; m];
        let (mut total, mut sums) = (0.0, [0.0; 3]);
        let mut i = 0;
        while i < n {
            let (mut own, mut w, mut rows) = ([0.0; BLOCK], [0.0; BLOCK], 0);
            while rows < BLOCK && i < n {
                let z = row_of(self.Z, i, &mut buffer);
                let top = largest(z);
                own[rows] = z[self.labels[i]] - top;
                w[rows] = self.weights.map_or(1.0, |w| w[i]);
                for (d, z) in distance[rows..].iter_mut().step_by(BLOCK).zip(z) {
                    *d = z - top;
                }
                rows += 1;
                i += self.stride;
            }
            for (d, e) in distance.iter_mut().zip(&mut weight) {
                *e = if *d > FAR { beta * *d } else { f64::NEG_INFINITY };
                *d = if *d > FAR { *d } else { FAR };
            }
            Elementary::Exp.apply(&mut weight);
            let [mut s0, mut s1, mut s2, mut s3] = [[0.0; BLOCK]; 4];
            for (d, e) in distance.chunks_exact(BLOCK).zip(weight.chunks_exact(BLOCK)) {
                for r in 0..BLOCK {
                    let (d, e) = (d[r], e[r]);
                    let (ed, dd) = (e * d, d * d);
                    s0[r] += e;
                    s1[r] += ed;
                    s2[r] += e * dd;
                    s3[r] += ed * dd;
                }
            }
            // The last block may be short; what an earlier one left behind is not read.
            for r in 0..rows {
                let (m1, m2, m3) = (s1[r] / s0[r], s2[r] / s0[r], s3[r] / s0[r]);
                sums[0] += w[r] * (m1 - own[r]);
                sums[1] += w[r] * (m2 - m1 * m1).max(0.0);
                sums[2] += w[r] * (m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1);
                total += w[r];
            }
        }
        sums.map(|s| s / total)
    }
}

/// max z without a branch per element.
fn largest(z: &[f64]) -> f64 {
    z.iter().copied().fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

/// Row i as a slice, copied to the buffer only when it is not contiguous.
fn row_of<'a>(Z: &'a Logits<'_>, i: usize, buffer: &'a mut [f64]) -> &'a [f64] {
    let mat = Z.as_mat();
    match mat.row(i).try_as_row_major() {
        Some(row) => row.as_slice(),
        None => {
            for (j, x) in buffer.iter_mut().enumerate() {
                *x = mat[(i, j)];
            }
            buffer
        }
    }
}
