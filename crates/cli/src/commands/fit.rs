//! `wonderland fit`: from a table to a saved, evaluated model.

mod options;
mod stream;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueHint};
use wonderland::data::{SplitSettings, Table};
use wonderland::{Evaluation, FoldScores, MissingRows, Pipeline, Provenance, Recipe};

use crate::arguments::{Reading, Shared};
use crate::exit::{Exit, UsageError};
use crate::input::{Loaded, Source};
use crate::output::write_report;
use crate::show::{self, FitReport, SplitReport};
use crate::voice::Voice;
use crate::{Done, interrupt};
use options::{Learning, TestRows};

/// Fit a model to a table, score it on rows it has not seen, and save it
///
/// The target and every text column are named; nothing is guessed silently.
/// A built-in data set knows its target. Rows are dealt to four disjoint parts:
/// to train, to calibrate, to find the threshold of sets or intervals, to test.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland fit diabetes
  wonderland fit digits --calibrate temperature --coverage 0.9 --out digits.wl --report digits.html
  wonderland fit houses.csv --target price --out houses.wl
  wonderland fit houses.csv --target price --model ridge --categorical auto --missing impute
  wonderland fit curve.csv --target y --polynomial x:3 --test none
  wonderland fit sales.csv --target sold --split-by-order --ignore id --json
  wonderland fit images.gz --labels labels.gz --test more.gz --test-labels more-labels.gz
  zcat big.csv.gz | wonderland fit - --target y --test fresh.csv
  wonderland fit huge.csv --target y --stream --test none --out huge.wl")]
pub(crate) struct Fit {
    /// The table: a CSV file, the name of a built-in set, - for standard input, or images in IDX
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    /// The labels of the images in DATA: they are the target
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "target")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    learning: Learning,
    /// Rows to test on: a share of the table, another table, or none
    #[arg(
        long,
        value_name = "FRACTION|FILE|none",
        default_value = "0.2",
        help_heading = "Testing"
    )]
    test: TestRows,
    /// The labels of the images that --test names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Testing")]
    test_labels: Option<PathBuf>,
    /// Test on the last rows instead of random ones: rows are in order of time
    #[arg(long, conflicts_with = "group", help_heading = "Testing")]
    split_by_order: bool,
    /// Also score by K-fold cross-validation: every row tests once
    #[arg(long, value_name = "K", help_heading = "Testing")]
    cv: Option<usize>,
    /// Read the rows once, piece by piece, in memory that does not grow with them (linear models)
    #[arg(long, conflicts_with_all = ["labels", "cv", "split_by_order", "report"])]
    stream: bool,
    /// End with exit code 3 if the solver stopped before the minimum
    #[arg(long)]
    strict: bool,
    /// Seed of everything that is random
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Testing")]
    seed: u64,
    /// Save the model here (whole or not at all), - for standard output
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Write a page about the model here: one HTML file that opens from disk
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    report: Option<PathBuf>,
    /// How many coefficients to list, those of the largest effect first
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    reading: Reading,
}

impl Fit {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        self.check_outputs(shared)?;
        if self.stream {
            return self.run_streamed(shared, voice);
        }
        let source = Source::with_labels(&self.data, self.labels.as_deref(), "--labels")?;
        let tests = self.test_source()?;
        let recipe = self.learning.recipe(source, self.seed)?;
        let recipe = Recipe { threads: shared.threads(), ..recipe };
        let (table, dropped) = self.read(source, &recipe, voice).map_err(as_usage)?;
        let split = recipe.split(&table, &self.split_settings(), self.split_by_order)?;
        let test = match (&self.test, tests) {
            (TestRows::Fraction(_), _) => Some(table.select(&split.test)),
            (_, Some(tests)) => Some(self.read(tests, &recipe, voice)?.0),
            (_, None) => None,
        };
        let (fitted, seconds) = timed(|| voice.during("fitting", || recipe.fit(&table, &split)));
        let pipeline = fitted?;
        let evaluation = evaluate(&pipeline, test.as_ref(), voice)?;
        let folds = voice.during("cross-validating", || self.cross_validate(&recipe, &table))?;
        let how = self.how_split(&recipe);
        let page = match (&self.report, &evaluation, &test) {
            (None, ..) => None,
            (Some(path), Some(evaluation), Some(test)) => {
                let parts = [
                    ("train the model", split.train.len()),
                    ("calibrate its probabilities", split.calibration.len()),
                    ("fix the size of its sets or intervals", split.conformal.len()),
                    ("test it", evaluation.n),
                ];
                let parts = parts.into_iter().filter(|(_, n)| *n > 0);
                let provenance = Provenance {
                    data: table.source().as_str().to_owned(),
                    parts: parts.map(|(part, n)| (part.to_owned(), n)).collect(),
                    how: how.clone(),
                };
                Some((path, pipeline.report(evaluation, test, &provenance)?))
            }
            (Some(_), ..) => {
                let text = "--report shows scores on test rows, and there are none: give --test";
                return Err(UsageError(text.into()).into());
            }
        };
        let split = SplitReport {
            rows: table.n_rows(),
            dropped,
            train: split.train.len(),
            calibration: split.calibration.len(),
            conformal: split.conformal.len(),
            test: evaluation.as_ref().map_or(0, |e| e.n),
            how,
        };
        let source = table.source().as_str();
        let report = FitReport::new(
            &pipeline,
            evaluation.as_ref(),
            folds.as_deref(),
            split,
            source,
            seconds,
        );
        for warning in report.warnings() {
            voice.warn(warning);
        }
        if let Some((path, page)) = page {
            write_report(path, &page, voice)?;
        }
        self.deliver(&pipeline, &report, shared, voice)
    }

    fn cross_validate(
        &self,
        recipe: &Recipe,
        table: &Table,
    ) -> wonderland::Result<Option<Vec<FoldScores>>> {
        let run = |k| recipe.cross_validate(table, k, self.seed, self.split_by_order);
        self.cv.map(run).transpose()
    }

    /// Only one thing can be written to standard output.
    fn check_outputs(&self, shared: &Shared) -> Result<(), UsageError> {
        if self.out_is_stdout() && shared.json {
            let text = "--out - and --json both write to standard output: give the model a file";
            return Err(UsageError(text.into()));
        }
        Ok(())
    }

    fn out_is_stdout(&self) -> bool {
        self.out.as_deref().is_some_and(|out| out.as_os_str() == "-")
    }

    /// The rows that take part, and how many do not.
    fn read(
        &self,
        source: Source<'_>,
        recipe: &Recipe,
        voice: &Voice,
    ) -> wonderland::Result<(Table, usize)> {
        let csv = self.reading.apply(recipe.csv()?);
        let Loaded { table, .. } = voice.during("reading", || source.read(&csv))?;
        if recipe.missing != MissingRows::Drop {
            return Ok((table, 0));
        }
        let usable = recipe.usable_rows(&table)?;
        let dropped = table.n_rows() - usable.len();
        if dropped == 0 {
            return Ok((table, 0));
        }
        voice.note(format_args!("{dropped} of {} rows dropped: they miss a value", table.n_rows()));
        Ok((table.select(&usable), dropped))
    }

    fn split_settings(&self) -> SplitSettings {
        let test = if let TestRows::Fraction(fraction) = self.test { fraction } else { 0.0 };
        SplitSettings { test, seed: self.seed, ..SplitSettings::default() }
    }

    /// The table to test on, if another one was named.
    fn test_source(&self) -> Result<Option<Source<'_>>, UsageError> {
        match (&self.test, &self.test_labels) {
            (TestRows::File(path), labels) => {
                Source::with_labels(path, labels.as_deref(), "--test-labels").map(Some)
            }
            (_, None) => Ok(None),
            (_, Some(_)) => {
                let text = "--test-labels is for images to test on: name them with --test";
                Err(UsageError(text.into()))
            }
        }
    }

    fn how_split(&self, recipe: &Recipe) -> String {
        match (&self.test, &recipe.group) {
            (TestRows::None, _) => "nothing held out".into(),
            (TestRows::File(path), _) => {
                format!("tested on {}", wonderland::data::Snippet::path(path))
            }
            (TestRows::Fraction(_), Some(group)) => {
                format!(
                    "groups of `{}` kept together, seed {}",
                    wonderland::data::Snippet::new(group),
                    self.seed
                )
            }
            (TestRows::Fraction(_), None) if self.split_by_order => "the last rows test".into(),
            (TestRows::Fraction(_), None) => format!("at random, seed {}", self.seed),
        }
    }

    /// Saves the model first, so that a result on standard output says that
    /// everything is done.
    fn deliver(
        &self,
        pipeline: &Pipeline,
        report: &FitReport,
        shared: &Shared,
        voice: &Voice,
    ) -> anyhow::Result<Done> {
        let exit = if self.strict && !report.converged() { Exit::NotConverged } else { Exit::Done };
        if self.out_is_stdout() {
            voice.say(report.text(self.top));
            return Ok(Done { stdout: pipeline.to_bytes()?, exit });
        }
        if let Some(path) = &self.out {
            let _saving = interrupt::while_saving();
            pipeline.save(path)?;
            voice.note(format_args!("model saved to {}", wonderland::data::Snippet::path(path)));
        }
        let done =
            if shared.json { show::json(report)? } else { Done::print(report.text(self.top)) };
        Ok(Done { exit, ..done })
    }
}

/// What `work` gives, and the seconds it took.
#[expect(clippy::disallowed_methods, reason = "the program may say how long a fit took")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed().as_secs_f64())
}

fn evaluate(
    pipeline: &Pipeline,
    test: Option<&Table>,
    voice: &Voice,
) -> wonderland::Result<Option<Evaluation>> {
    test.map(|test| voice.during("evaluating", || pipeline.evaluate(test))).transpose()
}

/// Every column that fitting looks for was named by an option: one that is not
/// there is a fault of the command line.
fn as_usage(error: wonderland::Error) -> anyhow::Error {
    match &error {
        wonderland::Error::Data(wonderland::data::Error::UnknownColumn { .. }) => {
            UsageError(error.to_string()).into()
        }
        _ => error.into(),
    }
}
