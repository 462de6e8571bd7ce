//! `wonderland predict`: one prediction per row of a table.

use std::io;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueHint};
use wonderland::data::{CsvWriter, Snippet, Text, write_atomically};
use wonderland::{Pipeline, Predictions};

use crate::arguments::{OutTable, Reading, Shared};
use crate::exit::UsageError;
use crate::input::{Loaded, Source};
use crate::show::{self, PredictionReport};
use crate::voice::Voice;
use crate::{Done, interrupt};

/// Predict the target for every row of a table
///
/// Prints one row per input row, in order: `prediction`, then what was asked for,
/// then the kept columns.
/// Columns are found by name: their order does not matter.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland predict model.wl new.csv --out predictions.csv
  wonderland predict model.wl new.csv --keep id --keep date
  wonderland predict digits.wl new.csv --proba --sets
  wonderland predict digits.wl images.gz --proba
  cut -d, -f1-9 new.csv | wonderland predict model.wl -")]
pub(crate) struct Predict {
    /// A model that `fit --out` wrote
    #[arg(value_hint = ValueHint::FilePath)]
    model: PathBuf,
    /// The rows: a CSV file, the name of a built-in set, - for standard input, or images in IDX
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    /// Add the probability of every class, in columns p:CLASS
    #[arg(long)]
    proba: bool,
    /// Add the prediction set of every row, its classes joined by |
    #[arg(long)]
    sets: bool,
    /// Add the prediction interval of every row, in columns lower and upper
    #[arg(long)]
    intervals: bool,
    #[command(flatten)]
    out: OutTable,
    #[command(flatten)]
    reading: Reading,
}

/// Name of the column of predictions.
const PREDICTION: &str = "prediction";

impl Predict {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        let pipeline = Pipeline::load(&self.model)?;
        let loaded = voice.during("reading", || self.read(&pipeline))?;
        let predictions = voice.during("predicting", || pipeline.predict(&loaded.table))?;
        self.check(&pipeline, &predictions)?;
        self.check_names(&predictions)?;
        self.note_unused(&pipeline, &loaded, voice);
        let kept = self.kept(&loaded)?;
        let output = if shared.json {
            show::json(&PredictionReport::new(&pipeline, &predictions, kept))?.stdout
        } else {
            self.csv(&predictions, &kept).context("cannot write the table of predictions")?
        };
        let Some(path) = self.out.file() else { return Ok(Done::print(output)) };
        let _saving = interrupt::while_saving();
        write_atomically(path, |file| file.write_all(&output))?;
        Ok(Done::default())
    }

    fn read(&self, pipeline: &Pipeline) -> wonderland::Result<Loaded> {
        let mut csv = self.reading.apply(pipeline.csv());
        csv.verbatim.clone_from(&self.out.keep);
        Source::of(&self.data).read(&csv)
    }

    /// Every column of the output has its own name.
    fn check_names(&self, predictions: &Predictions) -> Result<(), UsageError> {
        let mut names = self.columns(predictions);
        for name in &self.out.keep {
            if names.contains(name) {
                return Err(UsageError(format!(
                    "two columns of the output would be called `{}`: keep a column once, and none of that name",
                    Snippet::new(name)
                )));
            }
            names.push(name.clone());
        }
        Ok(())
    }

    fn kept<'a>(&'a self, loaded: &'a Loaded) -> anyhow::Result<Vec<(&'a str, &'a Text)>> {
        self.out.keep.iter().map(|name| Ok((name.as_str(), loaded.table.verbatim(name)?))).collect()
    }

    fn csv(&self, predictions: &Predictions, kept: &[(&str, &Text)]) -> io::Result<Vec<u8>> {
        let mut csv = CsvWriter::new(Vec::new(), self.reading.delimiter);
        self.columns(predictions).iter().try_for_each(|name| csv.text(name))?;
        kept.iter().try_for_each(|(name, _)| csv.text(name))?;
        csv.end_row()?;
        for row in 0..predictions.len() {
            match predictions {
                Predictions::Numbers(numbers) => {
                    csv.number(numbers.values[row])?;
                    if let Some(intervals) = numbers.intervals.as_ref().filter(|_| self.intervals) {
                        intervals[row].iter().try_for_each(|end| csv.number(*end))?;
                    }
                }
                Predictions::Classes(classes) => {
                    csv.text(classes.class(row))?;
                    if self.proba {
                        (0..classes.classes.len())
                            .try_for_each(|k| csv.number(classes.proba.as_mat()[(row, k)]))?;
                    }
                    if let Some(set) = classes.set(row).filter(|_| self.sets) {
                        csv.text(&set.collect::<Vec<_>>().join("|"))?;
                    }
                }
            }
            kept.iter().try_for_each(|(_, column)| csv.text(column.get(row)))?;
            csv.end_row()?;
        }
        Ok(csv.into_inner())
    }

    /// Names of the columns of predictions.
    fn columns(&self, predictions: &Predictions) -> Vec<String> {
        let mut columns = vec![PREDICTION.to_owned()];
        match predictions {
            Predictions::Numbers(_) if self.intervals => {
                columns.extend(["lower".to_owned(), "upper".to_owned()]);
            }
            Predictions::Numbers(_) => {}
            Predictions::Classes(classes) => {
                if self.proba {
                    columns.extend(classes.classes.iter().map(|class| format!("p:{class}")));
                }
                if self.sets {
                    columns.push("set".to_owned());
                }
            }
        }
        columns
    }

    /// Refuses what the model has not got, and two columns of one name.
    fn check(&self, pipeline: &Pipeline, predictions: &Predictions) -> Result<(), UsageError> {
        let is_classifier = pipeline.model().classes().is_some();
        let has = pipeline.conformal().is_some();
        let missing = if self.proba && !is_classifier {
            "--proba is for classes, and this model predicts a quantity: leave it out"
        } else if self.sets && !(is_classifier && has) {
            "this model has no prediction sets: fit a classification with --coverage"
        } else if self.intervals && (is_classifier || !has) {
            "this model has no intervals: fit a regression with --coverage"
        } else {
            let columns = self.columns(predictions);
            return match self.out.keep.iter().find(|name| columns.contains(name)) {
                None => Ok(()),
                Some(name) => Err(UsageError(format!(
                    "two columns of the output would be called `{}`: keep none of that name",
                    Snippet::new(name)
                ))),
            };
        };
        Err(UsageError(missing.into()))
    }

    /// Says which columns of the file play no part.
    fn note_unused(&self, pipeline: &Pipeline, loaded: &Loaded, voice: &Voice) {
        let names = loaded.header.iter().map(String::as_str);
        let (target, others): (Vec<&str>, Vec<&str>) = (pipeline.preprocessor())
            .extra_columns(names)
            .into_iter()
            .filter(|name| !self.out.keep.iter().any(|kept| kept == name))
            .partition(|name| *name == pipeline.target());
        if !target.is_empty() {
            voice.note(format_args!(
                "the target column `{}` is there and not used",
                Snippet::new(target[0])
            ));
        }
        if !others.is_empty() {
            voice.note(format_args!("columns not used: {}", Snippet::list(others)));
        }
    }
}
