//! Scores on rows the model has not seen, beside the baseline.

mod classification;
mod coverage;
mod regression;

use serde::Serialize;
use wonderland::data::Task;
use wonderland::{ColumnImportance, Evaluation, Metrics, Pipeline};

use super::model::ByName;
use super::{Align, Grid, significant};

pub(super) use coverage::ConformalKeys;

/// The scores of one table.
#[derive(Serialize)]
pub(crate) struct EvaluationReport<'a> {
    task: Task,
    model: &'static str,
    target: &'a str,
    n_test: usize,
    metrics: MetricKeys<'a>,
    conformal: Option<ConformalKeys<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importance: Option<ByName<'a, f64>>,
    #[serde(skip)]
    columns: Option<&'a [ColumnImportance]>,
    #[serde(skip)]
    pipeline: &'a Pipeline,
    #[serde(skip)]
    evaluation: &'a Evaluation,
}

/// The keys of metrics in JSON.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum MetricKeys<'a> {
    Regression(regression::Keys),
    Classification(Box<classification::Keys<'a>>),
}

impl<'a> MetricKeys<'a> {
    pub(super) fn new(metrics: &'a Metrics) -> Self {
        match metrics {
            Metrics::Regression(metrics) => {
                Self::Regression(regression::Keys::new(&metrics.scores))
            }
            Metrics::Classification(metrics) => {
                Self::Classification(Box::new(classification::Keys::new(metrics)))
            }
        }
    }
}

impl<'a> EvaluationReport<'a> {
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        evaluation: &'a Evaluation,
        columns: Option<&'a [ColumnImportance]>,
    ) -> Self {
        Self {
            task: pipeline.task(),
            model: pipeline.model().name(),
            target: pipeline.target(),
            n_test: evaluation.n,
            metrics: MetricKeys::new(&evaluation.metrics),
            conformal: ConformalKeys::new(pipeline, &evaluation.metrics),
            importance: columns
                .map(|found| ByName(found.iter().map(|c| (c.column.as_str(), c.mean)).collect())),
            columns,
            pipeline,
            evaluation,
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = scores(self.pipeline, self.evaluation, "row");
        if let Some(columns) = self.columns {
            text.push('\n');
            text.push_str(&importance(self.pipeline, columns));
        }
        text
    }
}

/// How much the loss grows without each column.
fn importance(pipeline: &Pipeline, columns: &[ColumnImportance]) -> String {
    let loss = match pipeline.task() {
        Task::Regression => "RMSE",
        Task::Classification => "log loss",
    };
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right]);
    grid.row(["shuffled column", &format!("{loss} grows by"), "standard deviation"]);
    for c in columns {
        grid.row([&c.column, &significant(c.mean), &significant(c.standard_deviation)]);
    }
    grid.to_string()
}

/// The scores as a table, and what they say.
pub(super) fn scores(pipeline: &Pipeline, evaluation: &Evaluation, what: &str) -> String {
    let mut text = match &evaluation.metrics {
        Metrics::Regression(metrics) => regression::text(&metrics.scores, evaluation.n, what),
        Metrics::Classification(metrics) => {
            classification::text(pipeline, metrics, evaluation.n, what)
        }
    };
    if let Some(conformal) = ConformalKeys::new(pipeline, &evaluation.metrics) {
        text.push('\n');
        text.push_str(&conformal.text());
    }
    text
}
