//! `wonderland recalibrate`: a saved map applied to new forecasts.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;
use wonderland::calibration::Probabilities;
use wonderland::data::Snippet;
use wonderland::forecasts::CalibrationMap;

use crate::Done;
use crate::arguments::{OutTable, Reading, Shared};
use crate::forecasts::{self, Forecasts, KeptColumns, OutRows};
use crate::voice::Voice;

/// Recalibrate new probabilities by a saved map
///
/// Prints one row per input row, in order: `prediction`, `p:CLASS` for every
/// class, then the kept columns. The columns are those the map was fitted on,
/// found by name, unless others are named.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland calibration predictions.csv --label y --fit isotonic --out y.map
  wonderland recalibrate y.map new.csv --out recalibrated.csv
  wonderland recalibrate y.map new.csv --keep id --keep y

JSON keys: map, kind, classes, n, predictions, probabilities (one list per row), kept.")]
pub(crate) struct Recalibrate {
    /// A map that `calibration --fit … --out` wrote
    #[arg(value_hint = ValueHint::FilePath)]
    map: PathBuf,
    /// The forecasts: a CSV file, or - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    #[command(flatten)]
    forecasts: Forecasts,
    #[command(flatten)]
    out: OutTable,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Serialize)]
struct Report<'a> {
    map: String,
    kind: &'static str,
    classes: &'a [String],
    n: usize,
    predictions: Vec<&'a str>,
    probabilities: Vec<Vec<f64>>,
    kept: KeptColumns<'a>,
}

impl Recalibrate {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        let map = CalibrationMap::load(&self.map)?;
        let mut columns = map.forecast_columns();
        if self.forecasts.are_named() {
            let negative = columns.negative.take();
            let positive = columns.positive.take();
            columns = self.forecasts.columns();
            columns.negative = negative;
            columns.positive = columns.positive.or(positive);
        }
        columns.keep.clone_from(&self.out.keep);
        let names = names(&map);
        let rows = OutRows::new(&names, &self.out.keep)?;
        let table = forecasts::read(&columns, &self.data, &self.reading, voice)?;
        let proba = voice.during("recalibrating", || map.apply(&table))?;
        voice.note(format_args!("{}: {}", Snippet::path(&self.map), map.describe()));
        let matrix = proba.as_mat();
        let prediction = |i: usize| map.classes[proba.predicted()[i] as usize].as_str();
        let m = map.classes.len();
        if shared.json {
            let report = Report {
                map: map.describe(),
                kind: map.kind.name(),
                classes: &map.classes,
                n: proba.n_samples(),
                predictions: (0..proba.n_samples()).map(prediction).collect(),
                probabilities: rows_of(&proba),
                kept: KeptColumns(&table.kept),
            };
            return rows.deliver_json(&self.out, &report);
        }
        let bytes =
            rows.csv(self.reading.delimiter, proba.n_samples(), &table.kept, |csv, i| {
                csv.text(prediction(i))?;
                (0..m).try_for_each(|k| csv.number(matrix[(i, k)]))
            })?;
        rows.deliver(&self.out, bytes, "", voice)
    }
}

fn names(map: &CalibrationMap) -> Vec<String> {
    let classes = map.classes.iter().map(|class| format!("p:{class}"));
    std::iter::once("prediction".to_owned()).chain(classes).collect()
}

fn rows_of(proba: &Probabilities<'_>) -> Vec<Vec<f64>> {
    let matrix = proba.as_mat();
    (0..matrix.nrows()).map(|i| (0..matrix.ncols()).map(|k| matrix[(i, k)]).collect()).collect()
}
