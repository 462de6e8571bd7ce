//! `wonderland evaluate`: how good a saved model is on new rows.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use wonderland::{ColumnImportance, Evaluation, Metrics, Pipeline, Provenance};

use crate::Done;
use crate::arguments::{Reading, Shared};
use crate::input::{Loaded, Source};
use crate::output::write_report;
use crate::show::{self, EvaluationReport};
use crate::voice::Voice;

/// Score a saved model on a table that holds the target too
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland evaluate model.wl new.csv
  wonderland evaluate digits.wl images.gz --labels labels.gz
  cat new.csv | wonderland evaluate model.wl - --json")]
pub(crate) struct Evaluate {
    /// A model that `fit --out` wrote
    #[arg(value_hint = ValueHint::FilePath)]
    model: PathBuf,
    /// The rows to score: a CSV file, the name of a built-in set, - for standard input, or images in
    /// IDX
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    /// The labels of the images in DATA
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    labels: Option<PathBuf>,
    /// Write a page about the scores here: one HTML file that opens from disk
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    report: Option<PathBuf>,
    /// Also tell how much worse it gets when each column is shuffled
    #[arg(long)]
    importance: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Shuffles behind an importance.
const SHUFFLES: usize = 10;

impl Evaluate {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        let pipeline = Pipeline::load(&self.model)?;
        let csv = self.reading.apply(pipeline.csv_with_target());
        let source = Source::with_labels(&self.data, self.labels.as_deref(), "--labels")?;
        let loaded = voice.during("reading", || source.read(&csv))?;
        let evaluation = voice.during("evaluating", || pipeline.evaluate(&loaded.table))?;
        if let Some(warning) = label_shift(&evaluation) {
            voice.warn(warning);
        }
        if let Some(path) = &self.report {
            let provenance = Provenance {
                data: loaded.table.source().as_str().to_owned(),
                parts: vec![("test it".to_owned(), evaluation.n)],
                how: "before: this model was saved and is tested here on new rows".to_owned(),
            };
            let page = pipeline.report(&evaluation, &loaded.table, &provenance)?;
            write_report(path, &page, voice)?;
        }
        let importance =
            voice.during("shuffling columns", || self.importance(&pipeline, &loaded))?;
        let report = EvaluationReport::new(&pipeline, &evaluation, importance.as_deref());
        if shared.json { show::json(&report) } else { Ok(Done::print(report.text())) }
    }

    fn importance(
        &self,
        pipeline: &Pipeline,
        loaded: &Loaded,
    ) -> wonderland::Result<Option<Vec<ColumnImportance>>> {
        let seed = pipeline.training().seed;
        let run = || pipeline.importance(&loaded.table, SHUFFLES, seed);
        self.importance.then(run).transpose()
    }
}

/// Says so where the classes come in other shares than in training: accuracy,
/// calibration and coverage were promised for those.
fn label_shift(evaluation: &Evaluation) -> Option<String> {
    const SURPRISING: f64 = 1e-3;
    let Metrics::Classification(metrics) = &evaluation.metrics else { return None };
    let p = metrics.label_shift.filter(|&p| p < SURPRISING)?;
    Some(format!(
        "the classes come in other shares than in training (p = {p:.1e}): probabilities and coverage were made for those; if it stays so, fit or calibrate on rows like these"
    ))
}
