//! Conformal p-values: how many calibration scores are at least as unusual.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

use super::alpha::Alpha;
use super::classify::{Grouping, grouped_scores};
use super::score::{ClassScore, Scorer};
use super::threshold::Threshold;
use crate::random::{Purpose, uniforms};
use crate::{ClassForecasts, Error, Probabilities, Result, check};

/// The calibration scores, sorted: thresholds and p-values of any level.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, CalibrationScores, Threshold};
/// let scores = CalibrationScores::new(vec![0.3, 0.1, 0.2])?;
/// assert_eq!(scores.p_value(0.2), 0.75); // (1 + 2)/4
/// assert_eq!(scores.p_value_smoothed(0.2, 0.5), 0.5); // (1 + ½ (1 + 1))/4
/// assert_eq!(scores.threshold(Alpha::new(1, 4)?), Threshold::Finite(0.3));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationScores {
    sorted: Vec<f64>,
}

impl CalibrationScores {
    /// Sorts the scores of the calibration set; it may be empty.
    ///
    /// # Errors
    /// [`Error::NonFinite`].
    pub fn new(mut scores: Vec<f64>) -> Result<Self> {
        check::finite("scores", &scores)?;
        scores.sort_unstable_by(f64::total_cmp);
        Ok(Self { sorted: scores })
    }

    /// Number of scores n.
    #[must_use]
    pub fn n(&self) -> usize {
        self.sorted.len()
    }

    /// The ⌈(n + 1)(1 − α)⌉-th smallest score.
    #[must_use]
    pub fn threshold(&self, alpha: Alpha) -> Threshold {
        self.sorted
            .get(alpha.rank(self.n()) - 1)
            .map_or(Threshold::Unbounded, |&q| Threshold::Finite(q))
    }

    /// The same for any real α, as adaptive methods need it: everything
    /// belongs for α ≤ 0, nothing (`None`) for α ≥ 1.
    ///
    /// # Numerics
    /// (n + 1)α within 10⁻⁹ relative of a whole number is that number.
    #[must_use]
    pub fn threshold_at(&self, alpha: f64) -> Option<Threshold> {
        if alpha <= 0.0 {
            return Some(Threshold::Unbounded);
        }
        let t = (self.n() + 1) as f64 * alpha;
        let t = if (t - t.round()).abs() <= 1e-9 * t { t.round() } else { t.floor() };
        if alpha >= 1.0 || t >= (self.n() + 1) as f64 {
            return None;
        }
        let k = self.n() + 1 - t as usize;
        Some(self.sorted.get(k - 1).map_or(Threshold::Unbounded, |&q| Threshold::Finite(q)))
    }

    /// #{sᵢ ≥ s} + 1, the numerator of the p-value over n + 1.
    #[must_use]
    pub fn rank_from_top(&self, score: f64) -> usize {
        self.n() - self.sorted.partition_point(|&s| s < score) + 1
    }

    /// (1 + #{sᵢ ≥ s}) / (n + 1): at most α with probability at most α.
    #[must_use]
    pub fn p_value(&self, score: f64) -> f64 {
        self.rank_from_top(score) as f64 / (self.n() + 1) as f64
    }

    /// (#{sᵢ > s} + u (1 + #{sᵢ = s})) / (n + 1): uniform on [0, 1] exactly,
    /// for u uniform on [0, 1].
    #[must_use]
    pub fn p_value_smoothed(&self, score: f64, u: f64) -> f64 {
        let below = self.sorted.partition_point(|&s| s < score);
        let up_to = self.sorted.partition_point(|&s| s <= score);
        let ties = (1 + up_to - below) as f64;
        ((self.n() - up_to) as f64 + u * ties) / (self.n() + 1) as f64
    }
}

/// Settings of p-values for every class.
///
/// The set {k : p_k > α} of plain p-values is the set of
/// [`ConformalClassification`](crate::ConformalClassification) at α.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassPValues {
    /// The score.
    pub score: ClassScore,
    /// Compare with all calibration samples or with those of the class.
    pub grouping: Grouping,
    /// Whether ties are smoothed by one random number per sample.
    pub smoothed: bool,
    /// Seed of the calibration's random numbers.
    pub seed: u64,
}

/// Fitted p-values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedClassPValues {
    /// The settings.
    pub settings: ClassPValues,
    /// Number of classes m.
    pub n_classes: usize,
    /// The scores of all samples, or of each class.
    pub scores: Vec<CalibrationScores>,
}

impl ClassPValues {
    /// Scores the calibration set.
    ///
    /// # Errors
    /// [`Error::BadParameter`], [`Error::UnexpectedWeights`].
    pub fn fit(&self, f: &ClassForecasts<'_>) -> Result<FittedClassPValues> {
        if f.weights().is_some() {
            return Err(Error::UnexpectedWeights {
                method: "the p-value",
                instead: "WeightedConformalClassification",
            });
        }
        let groups = grouped_scores(self.score, self.grouping, f, self.seed)?;
        let scores: Result<_> = groups.into_iter().map(CalibrationScores::new).collect();
        Ok(FittedClassPValues { settings: *self, n_classes: f.n_classes(), scores: scores? })
    }
}

impl FittedClassPValues {
    /// The p-value of every class, (n, m).
    ///
    /// # Errors
    /// [`Error::ClassCount`].
    pub fn p_values(&self, P: &Probabilities<'_>, seed: u64) -> Result<Tensor> {
        let (n, m) = (P.n_samples(), P.n_classes());
        if m != self.n_classes {
            return Err(Error::ClassCount { expected: self.n_classes, actual: m });
        }
        let u = uniforms(seed, Purpose::ConformalPredict, n);
        let smoothing = uniforms(seed, Purpose::Ties, if self.settings.smoothed { n } else { 0 });
        let mut out = Tensor::zeros(&[n, m]);
        let scorer = Scorer::new(self.settings.score, m);
        scorer.for_blocks(
            P.as_mat(),
            |i| u[i],
            |first, rows, block| {
                for (k, scored) in block.iter().enumerate() {
                    let scores = &self.scores[k.min(self.scores.len() - 1)];
                    for (i, &s) in (first..).zip(&scored[..rows]) {
                        out[[i, k]] = match smoothing.get(i) {
                            Some(&v) => scores.p_value_smoothed(s, v),
                            None => scores.p_value(s),
                        };
                    }
                }
            },
        );
        Ok(out)
    }
}
