//! Conformal prediction inside a pipeline (notes §4.3.4): sets of classes and
//! intervals of quantities that hold the truth with a wanted frequency.

use serde::{Deserialize, Serialize};
use wonderland_calibration::{
    Alpha, ClassForecasts, ClassScore, ConformalClassification, ConformalClassifier,
    PredictionSets, Probabilities, SplitRegression, SplitRegressor,
};

use crate::{Error, Result};

/// What coverage is wanted, and by which score of unusualness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conformalise {
    /// The share of cases that may be missed.
    pub alpha: Alpha,
    /// The score of classes; intervals of quantities take |y − ŷ|.
    pub score: ClassScore,
}

impl Conformalise {
    /// The given coverage, with the score that makes the smallest sets (LAC).
    ///
    /// # Errors
    /// A coverage outside (0, 1).
    pub fn to_cover(coverage: f64) -> Result<Self> {
        Ok(Self { alpha: Alpha::from_coverage(coverage)?, score: ClassScore::Lac })
    }

    /// Fits the threshold of sets on rows that neither model nor calibration saw.
    pub(crate) fn fit_sets(
        &self,
        proba: Probabilities<'static>,
        labels: &[usize],
        seed: u64,
    ) -> Result<Conformal> {
        self.check_rows(labels.len())?;
        let settings = ConformalClassification {
            score: self.score,
            seed,
            ..ConformalClassification::new(self.alpha)
        };
        let forecasts = ClassForecasts::from_probabilities(proba, labels)?;
        Ok(Conformal::Sets(settings.fit(&forecasts)?))
    }

    /// Fits the half-width of intervals on such rows.
    pub(crate) fn fit_intervals(&self, y: &[f64], y_hat: &[f64]) -> Result<Conformal> {
        self.check_rows(y.len())?;
        Ok(Conformal::Intervals(SplitRegression { alpha: self.alpha }.fit(y, y_hat)?))
    }

    /// With fewer rows the threshold would be infinite: an answer without content.
    fn check_rows(&self, actual: usize) -> Result<()> {
        let needed = self.alpha.least_n();
        if actual >= needed {
            return Ok(());
        }
        Err(Error::TooFewConformal { coverage: self.alpha.coverage(), needed, actual })
    }
}

/// A fitted conformal predictor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conformal {
    /// Sets of classes.
    Sets(ConformalClassifier),
    /// Intervals ŷ ± half-width.
    Intervals(SplitRegressor),
}

impl Conformal {
    /// The share of cases that may be missed.
    #[must_use]
    pub fn alpha(&self) -> Alpha {
        match self {
            Self::Sets(sets) => sets.settings.alpha,
            Self::Intervals(intervals) => intervals.alpha,
        }
    }

    /// The threshold of the score: of sets the largest score that is let in, of
    /// intervals the half-width.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        match self {
            Self::Sets(sets) => sets.thresholds.first().map_or(f64::INFINITY, |t| t.value()),
            Self::Intervals(intervals) => intervals.threshold.value(),
        }
    }

    /// The set of every row of probabilities, where sets were fitted.
    pub(crate) fn sets(&self, proba: &Probabilities<'_>) -> Result<Option<PredictionSets>> {
        match self {
            Self::Sets(sets) => Ok(Some(sets.predict(proba, sets.settings.seed)?)),
            Self::Intervals(_) => Ok(None),
        }
    }

    /// The interval about every prediction, where intervals were fitted.
    pub(crate) fn intervals(&self, y_hat: &[f64]) -> Result<Option<Vec<[f64; 2]>>> {
        let Self::Intervals(intervals) = self else { return Ok(None) };
        let ends = intervals.predict(y_hat)?;
        Ok(Some(ends.lower.into_iter().zip(ends.upper).map(|(low, high)| [low, high]).collect()))
    }

    /// What contradicts itself in a predictor that came from a file.
    pub(crate) fn fault(&self, n_classes: Option<usize>) -> Option<String> {
        match (self, n_classes) {
            (Self::Sets(sets), Some(m)) => {
                let fits = sets.n_classes == m
                    && (sets.thresholds.len() == 1 || sets.thresholds.len() == m)
                    && sets.n_calibration.len() == sets.thresholds.len()
                    && sets.thresholds.iter().all(|t| t.value().is_finite());
                (!fits).then(|| format!("prediction sets that are not for {m} classes"))
            }
            (Self::Intervals(intervals), None) => {
                let half_width = intervals.threshold.value();
                let fits = half_width.is_finite() && half_width >= 0.0 && !intervals.normalised;
                (!fits).then(|| "an interval without a finite width".into())
            }
            (Self::Sets(_), None) => Some("prediction sets for a quantity".into()),
            (Self::Intervals(_), Some(_)) => Some("intervals for classes".into()),
        }
    }
}
