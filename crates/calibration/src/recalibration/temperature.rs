//! Temperature scaling (notes §4.3.2, §4.3.4): softmax(z/T) with the one T > 0
//! that minimises the log loss of held-out labels.
//!
//! In β = 1/T the mean loss is convex, with slope mean(E_β[z] − z_y) and
//! curvature mean(Var_β[z]), so a bracketed third-order Newton iteration
//! finds the optimum to the last digits. Where the slope has no zero there is
//! no optimum, and the result says so.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

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
            if high - low <= self.rtol * high {
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
        let mut impossible = None;
        let mut i = 0;
        let Z = self.Z.as_mat();
        let mut buffer = vec![0.0; Z.ncols()];
        while i < Z.nrows() {
            let z = row_of(self.Z, i, &mut buffer);
            let own = z[self.labels[i]];
            if own == f64::NEG_INFINITY && impossible.is_none() {
                impossible = Some(i);
            }
            let (mut top, mut low, mut sum, mut count) = (f64::NEG_INFINITY, own, 0.0, 0.0);
            for &x in z {
                top = f64::max(top, x);
                low = f64::min(low, x);
                if x > f64::NEG_INFINITY {
                    sum += x - own;
                    count += 1.0;
                }
            }
            let w = self.weights.map_or(1.0, |w| w[i]);
            if w > 0.0 {
                flat &= top == low;
                at_zero += w * sum / count;
                at_infinity += w * (top - own);
            }
            i += self.stride;
        }
        match impossible {
            Some(row) => Err(Error::ImpossibleLabel { row, label: self.labels[row] }),
            None => Ok(Ends { at_zero, at_infinity, flat }),
        }
    }

    /// First, second and third derivative of the mean loss at β.
    fn at(&self, beta: f64) -> [f64; 3] {
        const BLOCK: usize = 64;
        let (n, m) = (self.Z.n_samples(), self.Z.n_classes());
        let mut distance = vec![0.0; BLOCK * m];
        let mut weight = vec![0.0; BLOCK * m];
        let mut own = [0.0; BLOCK];
        let mut buffer = vec![0.0; m];
        let (mut total, mut sums) = (0.0, [0.0; 3]);
        let mut i = 0;
        while i < n {
            // Distances to the largest logit of a block of rows, all
            // exponentials at once, then the moments of each row.
            let first = i;
            let mut rows = 0;
            while rows < BLOCK && i < n {
                let z = row_of(self.Z, i, &mut buffer);
                let top =
                    z.iter().copied().fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a });
                own[rows] = z[self.labels[i]] - top;
                let out = &mut distance[rows * m..(rows + 1) * m];
                let scaled = &mut weight[rows * m..(rows + 1) * m];
                for ((d, e), &z) in out.iter_mut().zip(scaled).zip(z) {
                    let x = z - top;
                    *d = if x > FAR { x } else { FAR };
                    *e = if x > FAR { beta * x } else { f64::NEG_INFINITY };
                }
                rows += 1;
                i += self.stride;
            }
            exp_in_place(&mut weight[..rows * m]);
            let mut block = [0.0; 3];
            let mut mass = 0.0;
            for r in 0..rows {
                let (d, e) = (&distance[r * m..(r + 1) * m], &weight[r * m..(r + 1) * m]);
                let [mut s0, mut s1, mut s2, mut s3] = [0.0; 4];
                for (&d, &e) in d.iter().zip(e) {
                    s0 += e;
                    s1 += e * d;
                    s2 += e * d * d;
                    s3 += e * d * d * d;
                }
                let (m1, m2, m3) = (s1 / s0, s2 / s0, s3 / s0);
                let w = self.weights.map_or(1.0, |w| w[first + r * self.stride]);
                block[0] += w * (m1 - own[r]);
                block[1] += w * (m2 - m1 * m1).max(0.0);
                block[2] += w * (m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1);
                mass += w;
            }
            total += mass;
            for (s, b) in sums.iter_mut().zip(block) {
                *s += b;
            }
        }
        sums.map(|s| s / total)
    }
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

fn exp_in_place(x: &mut [f64]) {
    x.iter_mut().for_each(|x| *x = x.exp());
}
