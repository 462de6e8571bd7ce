//! How good a pipeline is on rows it has not seen.

use serde::Serialize;
use wonderland_data::Table;
use wonderland_models::{RegressionScores, regression_scores};

use crate::{Pipeline, Predictions, Result, rows};

/// Confidence of the intervals of metrics.
const CONFIDENCE: f64 = 0.95;

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
    Regression(RegressionScores),
}

impl Metrics {
    /// Whether the model beats the baseline by more than chance explains.
    #[must_use]
    pub fn beats_baseline(&self) -> bool {
        match self {
            Self::Regression(scores) => scores.beats_baseline(),
        }
    }
}

impl Pipeline {
    /// Scores the pipeline on a table that holds the target too (and the
    /// weights, if it was fitted with weights), beside the mean of the training
    /// rows.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict); a target that is missing or no number.
    pub fn evaluate(&self, table: &Table) -> Result<Evaluation> {
        let y = rows::numbers(table, self.target())?;
        let weights = rows::weights(table, self.training().weights.as_deref())?;
        let Predictions::Numbers(y_hat) = self.predict(table)?;
        let mean = self.training().target_mean;
        let scores = regression_scores(&y, &y_hat, weights.as_deref(), mean, CONFIDENCE)?;
        Ok(Evaluation { n: y.len(), metrics: Metrics::Regression(scores) })
    }
}
