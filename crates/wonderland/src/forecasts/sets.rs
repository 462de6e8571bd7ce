//! Prediction sets from anybody's probabilities: thresholds from rows with the
//! truth, sets for new rows, and whether they held what they promised.

use wonderland_calibration::{
    Alpha, ClassScore, ConformalClassification, ConformalClassifier, CoverageReport, Grouping,
    PredictionSets, Threshold,
};

use super::ForecastTable;
use crate::{Error, Result};

/// Settings of prediction sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetPrediction {
    /// One minus the coverage.
    pub alpha: Alpha,
    /// The score.
    pub score: ClassScore,
    /// Whether the promise holds within every class.
    pub by_class: bool,
    /// Puts the top class into a set that would be empty.
    pub force_nonempty: bool,
    /// Seed of randomised scores.
    pub seed: u64,
}

/// Sets for new rows.
#[derive(Debug, Clone)]
pub struct Sets {
    /// The new rows, their classes in the order of the calibration rows.
    pub table: ForecastTable,
    /// The sets.
    pub sets: PredictionSets,
    /// What was fitted.
    pub classifier: ConformalClassifier,
    /// Whether the sets held the truth, where the new rows have it.
    pub coverage: Option<CoverageReport>,
}

impl SetPrediction {
    /// Finds thresholds on `calibration` and the sets of `new`.
    ///
    /// # Errors
    /// Calibration rows without labels, or too few for a finite threshold (by
    /// class, a class with too few is in every set instead); other classes.
    pub fn run(&self, calibration: &ForecastTable, new: &ForecastTable) -> Result<Sets> {
        let f = calibration.forecasts("conformal prediction")?;
        let settings = ConformalClassification {
            alpha: self.alpha,
            score: self.score,
            grouping: if self.by_class { Grouping::ByClass } else { Grouping::Marginal },
            force_nonempty: self.force_nonempty,
            seed: self.seed,
        };
        let classifier = settings.fit(&f)?;
        if !self.by_class && classifier.require_finite().is_err() {
            return Err(too_few(self.alpha, calibration.n()));
        }
        let table = new.reorder(&calibration.classes, "the calibration rows")?;
        let sets = classifier.predict(&table.proba, self.seed)?;
        let coverage = (table.labels.as_deref())
            .map(|labels| classifier.coverage_report(&sets, labels, 0.95))
            .transpose()?;
        Ok(Sets { table, sets, classifier, coverage })
    }
}

impl Sets {
    /// Classes with too few calibration rows, which are in every set.
    #[must_use]
    pub fn always(&self) -> Vec<&str> {
        let thresholds = self.classifier.thresholds.iter().enumerate();
        thresholds
            .filter(|(_, q)| **q == Threshold::Unbounded)
            .map(|(k, _)| self.table.classes[k].as_str())
            .collect()
    }
}

pub(super) fn too_few(alpha: Alpha, actual: usize) -> Error {
    Error::TooFewConformal { coverage: alpha.coverage(), needed: alpha.least_n(), actual }
}
