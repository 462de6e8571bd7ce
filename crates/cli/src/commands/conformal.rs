//! `wonderland conformal`: prediction sets and intervals from anybody's
//! forecasts, with a promised coverage.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use serde::Serialize;
use wonderland::calibration::{Alpha, ClassScore, Coverage, CoverageReport, Threshold, Verdict};
use wonderland::data::{Csv, Snippet};
use wonderland::forecasts::{
    Fault, ForecastTable, IntervalColumns, Intervals, NumberColumns, NumberTable, SetPrediction,
    Sets,
};

use crate::Done;
use crate::arguments::{OutTable, Reading, Shared};
use crate::exit::UsageError;
use crate::forecasts::{self, Forecasts, KeptColumns, OutRows};
use crate::show::{Align, Grid, counted, significant};
use crate::voice::Voice;

/// Prediction sets or intervals that hold the truth as often as promised
///
/// Reads forecasts beside the truth for rows that nothing was fitted on, and
/// answers for new rows: a set of classes from probabilities, or an interval
/// from predicted numbers. The promise holds on average over rows like the
/// calibration rows, whatever the model.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland conformal calibration.csv --label species --coverage 0.9 --apply new.csv
  wonderland conformal calibration.csv --label y --score aps --by-class --apply new.csv --out sets.csv
  wonderland conformal cal.csv --label price --prediction predicted --apply new.csv
  wonderland conformal cal.csv --label price --lower q05 --upper q95 --apply new.csv

Prints one row per new row: `prediction` and `set` (classes joined by |), or `lower` and `upper`,
then the kept columns. If the new rows hold the truth as well, says how often it was covered.

JSON keys: target_coverage, n_calibration, thresholds (null: unbounded), n, coverage.{n, covered,
coverage, interval, band, verdict, per_class} or null, kept; for sets: classes, score, by_class,
sets, mean_set_size, n_empty; for intervals: lower, upper, mean_width, n_empty.")]
pub(crate) struct Conformal {
    /// Forecasts beside the truth: a CSV file, or - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    calibration: PathBuf,
    /// The column with the truth
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// How often the truth is to be covered: 0.9 or 9/10
    #[arg(long, value_name = "SHARE", default_value = "0.9", value_parser = coverage)]
    coverage: Alpha,
    /// The new rows: a CSV file, or - for standard input
    #[arg(long, value_name = "NEW.csv", value_hint = ValueHint::FilePath)]
    apply: PathBuf,
    #[command(flatten)]
    forecasts: Forecasts,
    #[command(flatten)]
    sets: SetOptions,
    #[command(flatten)]
    intervals: IntervalOptions,
    #[command(flatten)]
    out: OutTable,
    #[command(flatten)]
    reading: Reading,
}

/// How sets are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sets of classes")]
struct SetOptions {
    /// What ranks the classes of a row
    #[arg(long, value_name = "SCORE", default_value = "lac")]
    score: Score,
    /// Keep the promise within every true class, not only on average
    #[arg(long)]
    by_class: bool,
    /// Put the most likely class into sets that would be empty
    #[arg(long)]
    non_empty: bool,
    /// Penalty of `raps` for every class beyond --free-classes
    #[arg(long, value_name = "λ", default_value_t = 0.01)]
    penalty: f64,
    /// Classes that `raps` does not penalise
    #[arg(long, value_name = "K", default_value_t = 5)]
    free_classes: usize,
    /// Seed of the randomised scores `aps` and `raps`
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Which columns hold predicted numbers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Intervals about numbers")]
struct IntervalOptions {
    /// The column with the predicted number: the interval is centred on it
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["scores", "lower", "upper"])]
    prediction: Option<String>,
    /// The column with a predicted lower quantile
    #[arg(long, value_name = "COLUMN", requires = "upper", conflicts_with = "scores")]
    lower: Option<String>,
    /// The column with a predicted upper quantile
    #[arg(long, value_name = "COLUMN", requires = "lower", conflicts_with = "scores")]
    upper: Option<String>,
}

/// Conformal scores.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Score {
    /// One minus the probability: the smallest sets on average
    Lac,
    /// The probability of the best other class, minus its own
    Margin,
    /// Probability of all likelier classes: sets grow where rows are hard
    Aps,
    /// The same with a penalty on long sets, for many classes
    Raps,
}

impl Score {
    fn name(self) -> &'static str {
        match self {
            Self::Lac => "lac",
            Self::Margin => "margin",
            Self::Aps => "aps",
            Self::Raps => "raps",
        }
    }
}

fn coverage(text: &str) -> Result<Alpha, String> {
    let fault = |_| "give a share between 0 and 1, both excluded, such as 0.9 or 9/10".to_owned();
    // 1 − coverage, without rounding.
    let (missing, of) = text.parse::<Alpha>().map_err(fault)?.fraction();
    Alpha::new(of - missing, of).map_err(fault)
}

/// The keys of coverage in JSON.
#[derive(Serialize)]
struct CoverageKeys<'a> {
    #[serde(flatten)]
    overall: &'a Coverage,
    per_class: &'a [Coverage],
}

impl<'a> CoverageKeys<'a> {
    fn new(report: &'a CoverageReport) -> Self {
        Self { overall: &report.overall, per_class: &report.per_class }
    }
}

#[derive(Serialize)]
struct SetReport<'a> {
    target_coverage: f64,
    score: &'static str,
    by_class: bool,
    n_calibration: &'a [usize],
    thresholds: Vec<Option<f64>>,
    classes: &'a [String],
    n: usize,
    sets: Vec<Vec<&'a str>>,
    mean_set_size: f64,
    n_empty: usize,
    coverage: Option<CoverageKeys<'a>>,
    kept: KeptColumns<'a>,
}

#[derive(Serialize)]
struct IntervalReport<'a> {
    target_coverage: f64,
    n_calibration: usize,
    thresholds: [Option<f64>; 2],
    n: usize,
    lower: &'a [f64],
    upper: &'a [f64],
    mean_width: f64,
    n_empty: usize,
    coverage: Option<CoverageKeys<'a>>,
    kept: KeptColumns<'a>,
}

fn finite(threshold: Threshold) -> Option<f64> {
    match threshold {
        Threshold::Finite(q) => Some(q),
        Threshold::Unbounded => None,
    }
}

impl Conformal {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        if self.calibration == self.apply {
            let text = if self.apply.as_os_str() == "-" {
                "only one table can come from standard input"
            } else {
                "the calibration rows and the new rows are one file: thresholds promise nothing for the rows they were set on"
            };
            return Err(UsageError(text.into()).into());
        }
        match self.numbers() {
            Some(predicted) => self.run_intervals(predicted, shared, voice),
            None => self.run_sets(shared, voice),
        }
    }

    fn numbers(&self) -> Option<NumberColumns> {
        let IntervalOptions { prediction, lower, upper } = &self.intervals;
        match (prediction, lower, upper) {
            (Some(name), ..) => Some(NumberColumns::Prediction(name.clone())),
            (_, Some(lower), Some(upper)) => {
                Some(NumberColumns::Quantiles { lower: lower.clone(), upper: upper.clone() })
            }
            _ => None,
        }
    }

    fn run_sets(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        let names = ["prediction".to_owned(), "set".to_owned()];
        let rows = OutRows::new(&names, &self.out.keep)?;
        let mut columns = self.forecasts.columns();
        columns.label = Some(self.label.clone());
        let calibration = forecasts::read(&columns, &self.calibration, &self.reading, voice)
            .map_err(about_numbers)?;
        if calibration.columns.len() == 1 {
            columns.negative = Some(calibration.classes[0].clone());
        }
        columns.label_optional = true;
        columns.keep.clone_from(&self.out.keep);
        let new = forecasts::read(&columns, &self.apply, &self.reading, voice)?;
        let settings = self.set_prediction()?;
        let sets = voice.during("predicting", || settings.run(&calibration, &new))?;
        if !sets.always().is_empty() {
            voice.warn(format_args!(
                "too few calibration rows for a threshold of their own, so in every set: {}",
                Snippet::list(sets.always())
            ));
        }
        if shared.json {
            return rows.deliver_json(&self.out, &self.set_report(&sets));
        }
        let table = &sets.table;
        if let Some(class) = table.classes.iter().find(|class| class.contains('|')) {
            return Err(UsageError(format!(
                "the class `{}` holds a |, which separates the classes of a set: use --json",
                Snippet::new(class)
            ))
            .into());
        }
        let bytes = rows.csv(self.reading.delimiter, table.n(), &table.kept, |csv, i| {
            csv.text(&table.classes[table.proba.predicted()[i] as usize])?;
            csv.text(&members(&sets, i).join("|"))
        })?;
        let mut text = format!(
            "{} sets of {} classes on average, {} empty; target coverage {}, {} calibration rows, score {}\n",
            table.n(),
            significant(sets.sets.mean_size()),
            sets.sets.n_empty(),
            self.coverage.coverage(),
            calibration.n(),
            self.sets.score.name()
        );
        if let Some(report) = &sets.coverage {
            text.push_str(&covered(report, table));
        }
        rows.deliver(&self.out, bytes, &text, voice)
    }

    fn set_prediction(&self) -> anyhow::Result<SetPrediction> {
        let options = &self.sets;
        if !(options.penalty.is_finite() && options.penalty >= 0.0) {
            return Err(UsageError("--penalty is a number of at least 0".into()).into());
        }
        Ok(SetPrediction {
            alpha: self.coverage,
            score: match options.score {
                Score::Lac => ClassScore::Lac,
                Score::Margin => ClassScore::Margin,
                Score::Aps => ClassScore::Aps { randomised: true },
                Score::Raps => ClassScore::Raps {
                    lambda: options.penalty,
                    k_reg: options.free_classes,
                    randomised: true,
                },
            },
            by_class: options.by_class,
            force_nonempty: options.non_empty,
            seed: options.seed,
        })
    }

    fn set_report<'a>(&self, sets: &'a Sets) -> SetReport<'a> {
        SetReport {
            target_coverage: self.coverage.coverage(),
            score: self.sets.score.name(),
            by_class: self.sets.by_class,
            n_calibration: &sets.classifier.n_calibration,
            thresholds: sets.classifier.thresholds.iter().map(|&q| finite(q)).collect(),
            classes: &sets.table.classes,
            n: sets.table.n(),
            sets: (0..sets.table.n()).map(|i| members(sets, i)).collect(),
            mean_set_size: sets.sets.mean_size(),
            n_empty: sets.sets.n_empty(),
            coverage: sets.coverage.as_ref().map(CoverageKeys::new),
            kept: KeptColumns(&sets.table.kept),
        }
    }

    fn run_intervals(
        &self,
        predicted: NumberColumns,
        shared: &Shared,
        voice: &Voice,
    ) -> anyhow::Result<Done> {
        let names = ["lower".to_owned(), "upper".to_owned()];
        let rows = OutRows::new(&names, &self.out.keep)?;
        let mut columns = IntervalColumns {
            predicted,
            label: self.label.clone(),
            label_optional: false,
            keep: Vec::new(),
        };
        let calibration = self.read_numbers(&columns, &self.calibration, voice)?;
        warn_of_crossed(&columns.predicted, &calibration, voice);
        columns.label_optional = true;
        columns.keep.clone_from(&self.out.keep);
        let new = self.read_numbers(&columns, &self.apply, voice)?;
        let answer = Intervals::run(self.coverage, &calibration, &new)?;
        let intervals = &answer.intervals;
        if shared.json {
            let report = IntervalReport {
                target_coverage: self.coverage.coverage(),
                n_calibration: answer.n_calibration,
                thresholds: [finite(answer.below), finite(answer.above)],
                n: intervals.len(),
                lower: &intervals.lower,
                upper: &intervals.upper,
                mean_width: intervals.mean_width(),
                n_empty: intervals.n_empty(),
                coverage: answer.coverage.as_ref().map(CoverageKeys::new),
                kept: KeptColumns(&new.kept),
            };
            return rows.deliver_json(&self.out, &report);
        }
        let bytes = rows.csv(self.reading.delimiter, intervals.len(), &new.kept, |csv, i| {
            csv.number(intervals.lower[i])?;
            csv.number(intervals.upper[i])
        })?;
        let mut text = format!(
            "{} intervals of mean width {}, {} empty; target coverage {}, {} calibration rows\n",
            intervals.len(),
            significant(intervals.mean_width()),
            intervals.n_empty(),
            self.coverage.coverage(),
            answer.n_calibration
        );
        if let Some(report) = &answer.coverage {
            text.push_str(&in_words(&report.overall));
        }
        rows.deliver(&self.out, bytes, &text, voice)
    }

    fn read_numbers(
        &self,
        columns: &IntervalColumns,
        path: &std::path::Path,
        voice: &Voice,
    ) -> wonderland::Result<NumberTable> {
        let (stream, name) = forecasts::open(path)?;
        let csv = self.reading.apply(Csv::default());
        let table = voice.during("reading", || columns.read(&csv, stream, &name))?;
        voice.note(format_args!("{}: {}", table.source, table.reading));
        Ok(table)
    }
}

/// Without columns of probabilities, numbers may be what was meant.
fn about_numbers(fault: wonderland::Error) -> anyhow::Error {
    match fault {
        wonderland::Error::Forecasts(fault) if matches!(*fault, Fault::NoColumns { .. }) => UsageError(format!(
            "{fault}; for intervals about numbers, say `--prediction`, or `--lower` and `--upper`"
        ))
        .into(),
        fault => fault.into(),
    }
}

/// Quantiles may cross here and there; where most do, they were named the wrong
/// way round.
fn warn_of_crossed(columns: &NumberColumns, table: &NumberTable, voice: &Voice) {
    let (NumberColumns::Quantiles { lower, upper }, [lo, hi]) = (columns, &*table.predicted) else {
        return;
    };
    let crossed = lo.iter().zip(hi).filter(|(lo, hi)| lo > hi).count();
    if crossed > 0 {
        let (lower, upper) = (Snippet::new(lower), Snippet::new(upper));
        let swapped = 2 * crossed > lo.len();
        voice.warn(format_args!(
            "`{lower}` lies above `{upper}` in {crossed} of {}: {}",
            counted(lo.len(), "row"),
            if swapped { "are --lower and --upper swapped?" } else { "they are used as they are" }
        ));
    }
}

fn members(sets: &Sets, i: usize) -> Vec<&str> {
    sets.sets.classes(i).map(|k| sets.table.classes[k].as_str()).collect()
}

/// Coverage in all and by class.
fn covered(report: &CoverageReport, table: &ForecastTable) -> String {
    let mut text = in_words(&report.overall);
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Left, Align::Left]);
    grid.row(["true class", "rows", "coverage", "95 % interval", ""]);
    for (class, coverage) in table.classes.iter().zip(&report.per_class) {
        grid.row([
            class,
            &coverage.n.to_string(),
            &coverage.coverage.map(|c| format!("{c:.4}")).unwrap_or_default(),
            &coverage.interval.map(|(a, b)| format!("[{a:.4}, {b:.4}]")).unwrap_or_default(),
            coverage.verdict.map_or("", verdict),
        ]);
    }
    let _ = write!(text, "{grid}");
    text
}

fn in_words(coverage: &Coverage) -> String {
    let Some((share, (low, high))) = coverage.coverage.zip(coverage.interval) else {
        return String::new();
    };
    let mut text = format!(
        "covered {} of {}: {share:.4}, 95 % interval [{low:.4}, {high:.4}]",
        coverage.covered, coverage.n
    );
    if let Some(((low, high), verdict_of)) = coverage.band.zip(coverage.verdict) {
        let _ = write!(text, "; {} (the promise allows {low} to {high})", verdict(verdict_of));
    }
    text.push('\n');
    text
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Below => "BELOW the promise: these rows are not like the calibration rows",
        Verdict::Within => "as promised",
        Verdict::Above => "above the promise",
    }
}
