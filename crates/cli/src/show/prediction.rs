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
    predictions: Values<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proba: Option<Vec<Vec<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sets: Option<Vec<Vec<&'a str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<&'a [[f64; 2]]>,
    kept: ByName<'a, Vec<&'a str>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values<'a> {
    Numbers(&'a [f64]),
    Classes(Vec<&'a str>),
}

impl<'a> PredictionReport<'a> {
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        predictions: &'a Predictions,
        kept: Vec<(&'a str, &'a Text)>,
    ) -> Self {
        let n = predictions.len();
        let mut report = Self {
            task: pipeline.task(),
            target: pipeline.target(),
            n,
            predictions: Values::Classes(Vec::new()),
            classes: pipeline.model().classes(),
            proba: None,
            sets: None,
            intervals: None,
            kept: ByName(
                kept.into_iter().map(|(name, text)| (name, text.iter().collect())).collect(),
            ),
        };
        match predictions {
            Predictions::Numbers(numbers) => {
                report.predictions = Values::Numbers(&numbers.values);
                report.intervals = numbers.intervals.as_deref();
            }
            Predictions::Classes(classes) => {
                let row = |i: usize| {
                    (0..classes.classes.len()).map(move |k| classes.proba.as_mat()[(i, k)])
                };
                report.predictions = Values::Classes((0..n).map(|i| classes.class(i)).collect());
                report.proba = Some((0..n).map(|i| row(i).collect()).collect());
                report.sets = (0..n).map(|i| classes.set(i).map(Iterator::collect)).collect();
            }
        }
        report
    }
}
