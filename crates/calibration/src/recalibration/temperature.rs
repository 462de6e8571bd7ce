//! Temperature scaling (notes §4.3.2, §4.3.4): softmax(z/T) with the one T > 0
//! that minimises the log loss of held-out labels.
//!
//! In β = 1/T the mean loss is convex, with slope mean(E_β[z] − z_y) and
//! curvature mean(Var_β[z]), so a bracketed third-order Newton iteration
//! finds the optimum to the last digits. Where the slope has no zero there is
//! no optimum, and the result says so.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;
use wonderland_linalg::kernels::{Elementary, softmax};

use crate::blocks::{LANES, Lanes, for_strided_blocks};
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
            let top = largest(z);
            let row = P.row_mut(i);
            for (p, &z) in row.iter_mut().zip(z) {
                let d = z - top;
                let impossible = |unless: bool| if unless { 0.0 } else { f64::NEG_INFINITY };
                *p = match self.optimum {
                    TemperatureOptimum::Interior { beta } => beta * d,
                    TemperatureOptimum::TToZero => impossible(d == 0.0),
                    // Also a class with logit −∞ stays impossible.
                    TemperatureOptimum::TToInfinity => impossible(d.is_finite()),
                };
            }
            softmax(row);
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
    /// Row i of the samples that count.
    fn row(&self, i: usize) -> (usize, f64) {
        let i = i * self.stride;
        (self.labels[i], self.weights.map_or(1.0, |w| w[i]))
    }

    fn ends(&self) -> Result<Ends> {
        let (mut at_zero, mut at_infinity, mut flat) = (0.0, 0.0, true);
        let mut impossible = None;
        let arch = pulp::Arch::new();
        for_strided_blocks(self.Z.as_mat(), self.stride, |first, rows, block| {
            let Shape { mean, top, low } = arch.dispatch(Shapes(block));
            for r in 0..rows {
                let (label, w) = self.row(first + r);
                let own = block[label][r];
                if own == f64::NEG_INFINITY {
                    impossible.get_or_insert((first + r, label));
                }
                // The mean leaves out the classes that stay impossible.
                at_zero += w * (mean[r] - own);
                at_infinity += w * (top[r] - own);
                flat &= w <= 0.0 || top[r] <= low[r];
            }
        });
        match impossible {
            None => Ok(Ends { at_zero, at_infinity, flat }),
            Some((i, label)) => Err(Error::ImpossibleLabel { row: i * self.stride, label }),
        }
    }

    /// First, second and third derivative of the mean loss at β.
    fn at(&self, beta: f64) -> [f64; 3] {
        let m = self.Z.n_classes();
        let (mut distance, mut weight) = (vec![[0.0; LANES]; m], vec![[0.0; LANES]; m]);
        let (mut total, mut sums) = (0.0, [0.0; 3]);
        let arch = pulp::Arch::new();
        for_strided_blocks(self.Z.as_mat(), self.stride, |first, rows, block| {
            let top = arch.dispatch(Distances {
                block,
                beta,
                distance: &mut distance,
                weight: &mut weight,
            });
            Elementary::Exp.apply(weight.as_flattened_mut());
            let moments = arch.dispatch(Moments { distance: &distance, weight: &weight });
            for r in 0..rows {
                let (label, w) = self.row(first + r);
                sums[0] += w * (moments[0][r] - (block[label][r] - top[r]));
                sums[1] += w * moments[1][r].max(0.0);
                sums[2] += w * moments[2][r];
                total += w;
            }
        });
        sums.map(|s| s / total)
    }
}

/// Mean, largest and smallest of the finite logits of each row of a block.
struct Shapes<'a>(&'a [Lanes]);

struct Shape {
    mean: Lanes,
    top: Lanes,
    /// Of all logits.
    low: Lanes,
}

impl pulp::WithSimd for Shapes<'_> {
    type Output = Shape;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Shape {
        let (mut sum, mut count) = ([0.0; LANES], [0.0; LANES]);
        let (mut top, mut low) = ([f64::NEG_INFINITY; LANES], [f64::INFINITY; LANES]);
        for z in self.0 {
            for r in 0..LANES {
                let finite = z[r] > f64::NEG_INFINITY;
                sum[r] += if finite { z[r] } else { 0.0 };
                count[r] += if finite { 1.0 } else { 0.0 };
                top[r] = if z[r] > top[r] { z[r] } else { top[r] };
                low[r] = if z[r] < low[r] { z[r] } else { low[r] };
            }
        }
        Shape { mean: std::array::from_fn(|r| sum[r] / count[r]), top, low }
    }
}

/// Writes z − max z, and β times that; returns max z.
struct Distances<'a> {
    block: &'a [Lanes],
    beta: f64,
    distance: &'a mut [Lanes],
    weight: &'a mut [Lanes],
}

impl pulp::WithSimd for Distances<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Lanes {
        let Self { block, beta, distance, weight } = self;
        let mut top = [f64::NEG_INFINITY; LANES];
        for z in block {
            for r in 0..LANES {
                top[r] = if z[r] > top[r] { z[r] } else { top[r] };
            }
        }
        for ((z, d), e) in block.iter().zip(distance).zip(weight) {
            for r in 0..LANES {
                let gap = z[r] - top[r];
                d[r] = if gap > FAR { gap } else { FAR };
                e[r] = if gap > FAR { beta * gap } else { f64::NEG_INFINITY };
            }
        }
        top
    }
}

/// Mean, variance and third central moment of the distances under weights e.
struct Moments<'a> {
    distance: &'a [Lanes],
    weight: &'a [Lanes],
}

impl pulp::WithSimd for Moments<'_> {
    type Output = [Lanes; 3];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [Lanes; 3] {
        let [mut s0, mut s1, mut s2, mut s3] = [[0.0; LANES]; 4];
        for (d, e) in self.distance.iter().zip(self.weight) {
            for r in 0..LANES {
                let (d, e) = (d[r], e[r]);
                let (ed, dd) = (e * d, d * d);
                s0[r] += e;
                s1[r] += ed;
                s2[r] += e * dd;
                s3[r] += ed * dd;
            }
        }
        let mut moments = [[0.0; LANES]; 3];
        for r in 0..LANES {
            let (m1, m2, m3) = (s1[r] / s0[r], s2[r] / s0[r], s3[r] / s0[r]);
            moments[0][r] = m1;
            moments[1][r] = m2 - m1 * m1;
            moments[2][r] = m3 - 3.0 * m1 * m2 + 2.0 * m1 * m1 * m1;
        }
        moments
    }
}

/// max z without a branch per element.
fn largest(z: &[f64]) -> f64 {
    z.iter().copied().fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a })
}
