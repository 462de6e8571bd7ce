//! How good a pipeline is on rows it has not seen.

use serde::Serialize;
use wonderland_calibration::{
    Bins, ClassForecasts, CoverageReport, ErrorInterval, Forecasts, Interval, NullTest,
    PerfectCalibrationTest, Probabilities, Reliability, ReliabilityDiagram, SmoothEce,
    confidence_calibration_error, coverage_report, smooth_ece,
};
use wonderland_data::Table;
use wonderland_models::{
    ClassificationScores, RegressionScores, classification_scores, regression_scores,
};

use crate::{
    Baseline, ClassPredictions, Conformal, NumberPredictions, Pipeline, Predictions, Result, rows,
};

/// Confidence of the intervals of metrics, and of the band of coverage.
const CONFIDENCE: f64 = 0.95;
/// Bins of the calibration error.
const BINS: usize = 15;
/// Resampled values behind an interval of a calibration error: fewer for more
/// rows, whose intervals vary less.
const RESAMPLED: usize = 4_000_000;

/// Scores on one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Rows that were scored.
    pub n: usize,
    /// The scores.
    pub metrics: Metrics,
}

/// Scores, by task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metrics {
    /// Of a regression.
    Regression(Box<RegressionMetrics>),
    /// Of a classification.
    Classification(Box<ClassificationMetrics>),
}

/// Scores of a regression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegressionMetrics {
    /// R², RMSE and MAE beside the mean of the training rows.
    pub scores: RegressionScores,
    /// Coverage of the intervals, if there are any.
    pub coverage: Option<CoverageReport>,
    /// Mean width of the intervals, if there are any.
    pub mean_width: Option<f64>,
}

/// Scores of a classification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassificationMetrics {
    /// Accuracy and proper scores beside the shares of the training rows.
    pub scores: ClassificationScores,
    /// How well confidence matches accuracy.
    pub calibration: CalibrationScores,
    /// The same before calibration, if the pipeline is calibrated.
    pub uncalibrated: Option<UncalibratedMetrics>,
    /// Coverage of the sets, if there are any.
    pub coverage: Option<CoverageReport>,
    /// Rows whose true class got probability 0, each counted as 708 in the log
    /// loss.
    pub n_impossible: usize,
    /// The p-value of a χ² test that the classes come in the shares of the
    /// training rows; `None` where a class is expected less than once.
    pub label_shift: Option<f64>,
}

/// Scores of a classification before its probabilities are calibrated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UncalibratedMetrics {
    /// Accuracy and proper scores.
    pub scores: ClassificationScores,
    /// How well confidence matches accuracy.
    pub calibration: CalibrationScores,
}

/// How well confidence matches accuracy (notes §4.3.4).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationScores {
    /// Expected calibration error of the confidence, with its interval.
    pub ece: Interval,
    /// Maximum calibration error over the bins.
    pub mce: f64,
    /// The smooth calibration error, which needs no bins.
    pub smooth: SmoothEce,
    /// Whether perfect calibration could have given this error at this n.
    pub test: NullTest,
    /// Number of bins of the first two.
    pub n_bins: usize,
}

impl Metrics {
    /// Whether the model beats the baseline by more than chance explains.
    #[must_use]
    pub fn beats_baseline(&self) -> bool {
        match self {
            Self::Regression(metrics) => metrics.scores.beats_baseline(),
            Self::Classification(metrics) => metrics.scores.beats_baseline(),
        }
    }

    /// Coverage of sets or intervals, if there are any.
    #[must_use]
    pub fn coverage(&self) -> Option<&CoverageReport> {
        match self {
            Self::Regression(metrics) => metrics.coverage.as_ref(),
            Self::Classification(metrics) => metrics.coverage.as_ref(),
        }
    }
}

impl Pipeline {
    /// Scores the pipeline on a table that holds the target too (and the
    /// weights, if a regression was fitted with weights), beside the baseline
    /// of the training rows. A classification counts every row once.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict); a target that is missing, no number
    /// for a regression, or an unknown class for a classification.
    pub fn evaluate(&self, table: &Table) -> Result<Evaluation> {
        let metrics = match self.predict(table)? {
            Predictions::Numbers(numbers) => {
                Metrics::Regression(Box::new(self.score_numbers(table, &numbers)?))
            }
            Predictions::Classes(classes) => {
                Metrics::Classification(Box::new(self.score_classes(table, &classes)?))
            }
        };
        Ok(Evaluation { n: table.n_rows(), metrics })
    }

    fn score_numbers(
        &self,
        table: &Table,
        numbers: &NumberPredictions,
    ) -> Result<RegressionMetrics> {
        let y = rows::numbers(table, self.target())?;
        let weights = rows::weights(table, self.training().weights.as_deref())?;
        let mean = match self.training().baseline {
            Baseline::Mean(mean) => mean,
            Baseline::ClassCounts(_) => 0.0,
        };
        let scores = regression_scores(y, &numbers.values, weights, mean, CONFIDENCE)?;
        let (mut coverage, mut mean_width) = (None, None);
        if let (Some(Conformal::Intervals(fit)), Some(intervals)) =
            (self.conformal(), &numbers.intervals)
        {
            let covered: Vec<bool> =
                y.iter().zip(intervals).map(|(y, [low, high])| low <= y && y <= high).collect();
            coverage = Some(coverage_report(&covered, fit.n_calibration, fit.alpha, CONFIDENCE)?);
            mean_width = Some(2.0 * fit.threshold.value());
        }
        Ok(RegressionMetrics { scores, coverage, mean_width })
    }

    fn score_classes(
        &self,
        table: &Table,
        predictions: &ClassPredictions,
    ) -> Result<ClassificationMetrics> {
        let labels = rows::labels_among(table, self.target(), &predictions.classes)?;
        let counts = match &self.training().baseline {
            Baseline::ClassCounts(counts) => counts.clone(),
            Baseline::Mean(_) => Vec::new(),
        };
        let seed = self.training().seed;
        let score = |proba: &Probabilities<'_>| -> Result<_> {
            let P = proba.as_mat();
            let scores = classification_scores(&labels, P, &counts, CONFIDENCE, seed)?;
            Ok((scores, calibration_scores(proba, &labels, seed)?))
        };
        let (scores, calibration) = score(&predictions.proba)?;
        let uncalibrated = match &predictions.uncalibrated {
            None => None,
            Some(proba) => {
                let (scores, calibration) = score(proba)?;
                Some(UncalibratedMetrics { scores, calibration })
            }
        };
        let coverage = match (self.conformal(), &predictions.sets) {
            (Some(Conformal::Sets(fit)), Some(sets)) => {
                Some(fit.coverage_report(sets, &labels, CONFIDENCE)?)
            }
            _ => None,
        };
        let P = predictions.proba.as_mat();
        Ok(ClassificationMetrics {
            scores,
            calibration,
            uncalibrated,
            coverage,
            n_impossible: labels.iter().enumerate().filter(|&(i, &y)| P[(i, y)] <= 0.0).count(),
            label_shift: label_shift(&counts, &labels),
        })
    }

    /// Everything a reliability diagram of the confidence shows, on the rows of
    /// a table that holds the target too: after calibration, and before it if
    /// the pipeline is calibrated. `None` for a regression.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate).
    pub fn reliability(&self, table: &Table) -> Result<Option<(Reliability, Option<Reliability>)>> {
        let Predictions::Classes(predictions) = self.predict(table)? else { return Ok(None) };
        let labels = rows::labels_among(table, self.target(), &predictions.classes)?;
        let diagram =
            ReliabilityDiagram { seed: self.training().seed, ..ReliabilityDiagram::default() };
        let draw = |proba: &Probabilities<'_>| -> Result<Reliability> {
            Ok(diagram.of(&confidence(proba, &labels)?)?)
        };
        let before = predictions.uncalibrated.as_ref().map(draw).transpose()?;
        Ok(Some((draw(&predictions.proba)?, before)))
    }
}

fn calibration_scores(
    proba: &Probabilities<'_>,
    labels: &[usize],
    seed: u64,
) -> Result<CalibrationScores> {
    let bins = Bins::equal_width(BINS);
    let forecasts = confidence(proba, labels)?;
    let ece = |f: &Forecasts<'_>| Ok(wonderland_calibration::calibration_error(f, &bins)?.ece);
    let draws = (RESAMPLED / forecasts.len().max(1)).clamp(100, 1000);
    let interval = ErrorInterval { draws, level: CONFIDENCE, seed };
    let error = confidence_error(proba, labels, &bins)?;
    Ok(CalibrationScores {
        ece: interval.of(&forecasts, &bins, |e| e.ece)?,
        mce: error.mce,
        smooth: smooth_ece(&forecasts),
        test: PerfectCalibrationTest { draws, seed }.run(&forecasts, ece)?,
        n_bins: BINS,
    })
}

fn confidence_error(
    proba: &Probabilities<'_>,
    labels: &[usize],
    bins: &Bins,
) -> Result<wonderland_calibration::CalibrationError> {
    Ok(confidence_calibration_error(&ClassForecasts::new(proba.as_mat(), labels)?, bins)?)
}

/// Confidence against being right.
fn confidence(proba: &Probabilities<'_>, labels: &[usize]) -> Result<Forecasts<'static>> {
    let hits = proba.predicted().iter().zip(labels).map(|(&k, &y)| k as usize == y).collect();
    Ok(Forecasts::from_vecs(proba.confidence().to_vec(), hits)?)
}

/// The p-value of Pearson's χ² test of the classes against their shares in
/// training; `None` where the test is too coarse to be read.
fn label_shift(train_counts: &[usize], labels: &[usize]) -> Option<f64> {
    let n_train: usize = train_counts.iter().sum();
    let mut observed = vec![0.0_f64; train_counts.len()];
    labels.iter().for_each(|&y| observed[y] += 1.0);
    let (n, total) = (labels.len() as f64, n_train as f64);
    let mut statistic = 0.0;
    for (&count, observed) in train_counts.iter().zip(observed) {
        // Both samples vary: the test of homogeneity of a 2 × m table.
        let pooled = (count as f64 + observed) / (total + n);
        if pooled * n < 1.0 || pooled * total < 1.0 {
            return None;
        }
        statistic += (observed - n * pooled).powi(2) / (n * pooled)
            + (count as f64 - total * pooled).powi(2) / (total * pooled);
    }
    let degrees = train_counts.len() as f64 - 1.0;
    Some(wonderland_linalg::special::chi_squared_sf(statistic, degrees))
}
