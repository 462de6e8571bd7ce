//! What `fit` did: what was loaded, how it was split, what was minimised, how
//! good the model is, and what it is made of.

use std::fmt::Write as _;

use serde::Serialize;
use wonderland::{Evaluation, FoldScores, Pipeline};

use super::evaluation::{ConformalKeys, MetricKeys, scores};
use super::folds::{self, FoldKeys};
use super::model::{ByName, ModelKeys};
use super::{ModelReport, counted, task_name};

/// A fit as it is reported.
pub(crate) struct FitReport<'a> {
    data: &'a str,
    model: ModelReport<'a>,
    evaluation: Option<&'a Evaluation>,
    folds: Option<&'a [FoldScores]>,
    split: SplitReport,
    seconds: f64,
}

/// How the rows were shared out.
pub(crate) struct SplitReport {
    pub(crate) rows: usize,
    pub(crate) dropped: usize,
    pub(crate) train: usize,
    pub(crate) calibration: usize,
    pub(crate) conformal: usize,
    pub(crate) test: usize,
    pub(crate) how: String,
}

#[derive(Serialize)]
struct FitKeys<'a> {
    data: &'a str,
    #[serde(flatten)]
    model: ModelKeys<'a>,
    n_test: usize,
    n_dropped: usize,
    metrics: Option<MetricKeys<'a>>,
    conformal: Option<ConformalKeys<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_validation: Option<ByName<'a, FoldKeys<'a>>>,
}

impl SplitReport {
    /// The parts in the order they are used.
    fn text(&self) -> String {
        let mut text = format!("{} to train", self.train);
        for (rows, purpose) in [
            (self.calibration, "calibrate"),
            (self.conformal, "size sets or intervals"),
            (self.test, "test"),
        ] {
            if rows > 0 || purpose == "test" {
                let _ = write!(text, ", {rows} to {purpose}");
            }
        }
        format!("{text} ({})", self.how)
    }
}

impl<'a> FitReport<'a> {
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        evaluation: Option<&'a Evaluation>,
        folds: Option<&'a [FoldScores]>,
        split: SplitReport,
        data: &'a str,
        seconds: f64,
    ) -> Self {
        Self { data, model: ModelReport::new(pipeline), evaluation, folds, split, seconds }
    }

    /// Whether the solver reached the minimum.
    pub(crate) fn converged(&self) -> bool {
        self.model.description.search.as_ref().is_none_or(|search| search.stop.converged())
    }

    /// What to be careful about.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.model.description.warnings.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn text(&self, top: usize) -> String {
        let about = &self.model.description;
        let pipeline = self.model.pipeline;
        let mut text = format!(
            "{}: {}, {}, target `{}` ({})\n",
            self.data,
            counted(self.split.rows, "row"),
            counted(pipeline.preprocessor().n_features(), "feature"),
            wonderland::data::Snippet::new(pipeline.target()),
            task_name(pipeline.task()),
        );
        let _ = writeln!(text, "split: {}", self.split.text());
        let _ = writeln!(text, "model: {}", about.title);
        text.push_str(&self.model.objective());
        if let Some(evaluation) = self.evaluation {
            text.push('\n');
            text.push_str(&scores(pipeline, evaluation, "test row"));
        }
        if let Some(folds) = self.folds {
            text.push('\n');
            text.push_str(&folds::text(folds));
        }
        text.push('\n');
        text.push_str(&self.model.coefficients(top));
        text
    }
}

impl Serialize for FitReport<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FitKeys {
            data: self.data,
            model: self.model.keys(Some(self.seconds)),
            n_test: self.split.test,
            n_dropped: self.split.dropped,
            metrics: self.evaluation.map(|e| MetricKeys::new(&e.metrics)),
            conformal: self
                .evaluation
                .and_then(|e| ConformalKeys::new(self.model.pipeline, &e.metrics)),
            cross_validation: self.folds.map(folds::keys),
        }
        .serialize(serializer)
    }
}
