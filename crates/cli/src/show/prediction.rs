//! Predictions as JSON.

use serde::Serialize;
use wonderland::data::{Task, Text};
use wonderland::{Pipeline, Predictions};

use super::model::ByName;

/// All predictions of a table.
#[derive(Serialize)]
pub(crate) struct PredictionReport<'a> {
    task: Task,
    target: &'a str,
    n: usize,
    predictions: &'a [f64],
    kept: ByName<'a, Vec<&'a str>>,
}

impl<'a> PredictionReport<'a> {
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        predictions: &'a Predictions,
        kept: Vec<(&'a str, &'a Text)>,
    ) -> Self {
        let Predictions::Numbers(numbers) = predictions;
        Self {
            task: pipeline.task(),
            target: pipeline.target(),
            n: numbers.len(),
            predictions: numbers,
            kept: ByName(
                kept.into_iter().map(|(name, text)| (name, text.iter().collect())).collect(),
            ),
        }
    }
}
