//! Conformal prediction under covariate shift: calibration samples count by
//! how likely they are under the new distribution.

use serde::{Deserialize, Serialize};

use super::alpha::Alpha;
use super::classify::true_class_scores;
use super::score::{ClassScore, Scorer};
use super::sets::PredictionSets;
use super::threshold::Threshold;
use crate::blocks::{LANES, Lanes};
use crate::random::{Purpose, uniforms};
use crate::sum::Sum;
use crate::{ClassForecasts, Error, Probabilities, Result, check};

/// Calibration scores with weights wᵢ = dP_new(xᵢ)/dP_calibration(xᵢ).
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, Threshold, WeightedScores};
/// let scores = WeightedScores::new(&[0.1, 0.2, 0.3], &[1.0, 1.0, 2.0])?;
/// // 1 + 1 reach half of 1 + 1 + 2 + w for w = 0, not for w = 1.
/// let half = Alpha::new(1, 2)?;
/// assert_eq!(scores.threshold(half, 0.0)?, Threshold::Finite(0.2));
/// assert_eq!(scores.threshold(half, 1.0)?, Threshold::Finite(0.3));
/// assert_eq!(scores.effective_sample_size(), 16.0 / 6.0);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedScores {
    scores: Vec<f64>,
    /// Σ of the weights up to and including each score.
    cumulative: Vec<f64>,
    effective: f64,
}

impl WeightedScores {
    /// Sorts scores with their weights.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::LengthMismatch`], [`Error::BadWeight`],
    /// [`Error::NoWeight`].
    pub fn new(scores: &[f64], weights: &[f64]) -> Result<Self> {
        check::finite("scores", scores)?;
        check::weights(weights, scores.len())?;
        let mut sorted: Vec<(f64, f64)> =
            scores.iter().copied().zip(weights.iter().copied()).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mut sum, mut square) = (Sum::default(), Sum::default());
        let cumulative: Vec<f64> = sorted
            .iter()
            .map(|&(_, w)| {
                sum.add(w);
                square.add(w * w);
                sum.value()
            })
            .collect();
        Ok(Self {
            scores: sorted.into_iter().map(|s| s.0).collect(),
            cumulative,
            effective: sum.value() * (sum.value() / square.value()),
        })
    }

    /// (Σw)²/Σw²: the unweighted sample that would be as informative.
    #[must_use]
    pub fn effective_sample_size(&self) -> f64 {
        self.effective
    }

    /// The smallest score t with Σ_{sᵢ ≤ t} wᵢ ≥ (1 − α)(Σ wᵢ + w), where w is
    /// the new sample's own weight; unbounded when there is none. Leaving w
    /// out would cover too little.
    ///
    /// # Errors
    /// [`Error::BadWeight`].
    ///
    /// # References
    /// Tibshirani, Barber, Candès and Ramdas 2019.
    pub fn threshold(&self, alpha: Alpha, weight: f64) -> Result<Threshold> {
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(Error::BadWeight { row: 0, weight });
        }
        // Cross-multiplied by the denominator of α: exact for whole weights.
        let (a, b) = alpha.fraction();
        let total = self.cumulative[self.cumulative.len() - 1] + weight;
        let needed = (b - a) as f64 * total;
        let i = self.cumulative.partition_point(|&c| c * (b as f64) < needed);
        Ok(self.scores.get(i).map_or(Threshold::Unbounded, |&q| Threshold::Finite(q)))
    }
}

/// Settings of weighted conformal classification.
///
/// # Guarantee
/// With the true likelihood ratios as weights, the set holds the true class
/// with probability at least 1 − α under the new distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeightedConformalClassification {
    /// The miscoverage α.
    pub alpha: Alpha,
    /// The score.
    pub score: ClassScore,
    /// Seed of the calibration's numbers u.
    pub seed: u64,
}

/// A fitted weighted conformal classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedConformalClassifier {
    /// The settings.
    pub settings: WeightedConformalClassification,
    /// Number of classes m.
    pub n_classes: usize,
    /// The calibration scores with their weights.
    pub scores: WeightedScores,
}

impl WeightedConformalClassification {
    /// Scores the calibration set; its sample weights are the likelihood
    /// ratios (all 1 when it has none).
    ///
    /// # Errors
    /// [`Error::BadParameter`] for a bad penalty.
    pub fn fit(&self, f: &ClassForecasts<'_>) -> Result<WeightedConformalClassifier> {
        let scores = true_class_scores(self.score, f, self.seed)?;
        let ones;
        let weights = match f.weights() {
            Some(w) => w,
            None => {
                ones = vec![1.0; f.n_samples()];
                &ones
            }
        };
        Ok(WeightedConformalClassifier {
            settings: *self,
            n_classes: f.n_classes(),
            scores: WeightedScores::new(&scores, weights)?,
        })
    }
}

impl WeightedConformalClassifier {
    /// The sets of new samples with their own weights.
    ///
    /// # Errors
    /// [`Error::ClassCount`], [`Error::LengthMismatch`], [`Error::BadWeight`].
    pub fn predict(
        &self,
        P: &Probabilities<'_>,
        weights: &[f64],
        seed: u64,
    ) -> Result<PredictionSets> {
        let (n, m) = (P.n_samples(), P.n_classes());
        if m != self.n_classes {
            return Err(Error::ClassCount { expected: self.n_classes, actual: m });
        }
        check::length("weights", weights.len(), n, "row")?;
        let thresholds: Result<Vec<_>> =
            weights.iter().map(|&w| self.scores.threshold(self.settings.alpha, w)).collect();
        let thresholds = thresholds?;
        let u = uniforms(seed, Purpose::ConformalPredict, n);
        let mut sets = PredictionSets::empty(n, m);
        let mut limits = vec![[0.0; LANES]; m];
        let scorer = Scorer::new(self.settings.score, m);
        scorer.for_blocks(
            P.as_mat(),
            |i| u[i],
            |first, rows, scores| {
                let limit: Lanes =
                    std::array::from_fn(|r| thresholds[first + r.min(rows - 1)].value());
                limits.fill(limit);
                sets.insert_block(first, rows, scores, &limits);
            },
        );
        Ok(sets)
    }
}
