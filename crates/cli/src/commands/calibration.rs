//! `wonderland calibration`: whether anybody's probabilities can be believed,
//! and a map that mends them.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use wonderland::calibration::Bins;
use wonderland::data::write_atomically;
use wonderland::forecasts::{
    Assessing, CalibrationPage, ForecastTable, Holdout, MapFit, MapKind, Refitted,
};

use crate::arguments::{Reading, Shared};
use crate::exit::UsageError;
use crate::forecasts::{self, Forecasts};
use crate::show::{self, CalibrationReport, Judged};
use crate::voice::Voice;
use crate::{Done, interrupt};

/// Judge the probabilities of any classifier, and fit a map that mends them
///
/// Needs a table with one row per sample: a column of probabilities per class
/// (or one of the positive class) and a column with the true class. Nothing is
/// guessed: probabilities outside [0, 1], or rows that do not sum to 1, are
/// errors.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland calibration predictions.csv --label species
  wonderland calibration predictions.csv --label y --proba-prefix proba_ --report report.html
  wonderland calibration scores.csv --label churned --proba score --positive yes
  wonderland calibration net.csv --label digit --logits-prefix z --fit temperature --out t.map
  wonderland recalibrate t.map new.csv --out recalibrated.csv

JSON keys: source, kind, columns, classes, positive, event, n, frequency, mean_forecast, seed,
metrics.{accuracy, ece, mce, rms, smooth_ece, confidence_ece, top_label_ece, classwise_ece, brier,
log_loss, miscalibration, discrimination} each with KEY_ci, metrics.{debiased_rms, uncertainty,
n_impossible, spiegelhalter, cox}, test.{consistent, p_value, null_mean, null_q95}, reliability
(one object per bin), and with --fit: recalibration.{kind, how, map, metrics, test, reliability}.
An infinite log loss is null.")]
pub(crate) struct Calibration {
    /// The forecasts: a CSV file, or - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    /// The column with the true class
    #[arg(long, value_name = "COLUMN")]
    label: String,
    #[command(flatten)]
    forecasts: Forecasts,
    #[command(flatten)]
    measuring: Measuring,
    #[command(flatten)]
    fitting: Fitting,
    /// Write a report with pictures here (whole or not at all)
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    report: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// How calibration is measured.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
struct Measuring {
    /// Bins of equal width of the calibration errors and of the reliability table
    #[arg(long, value_name = "M", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    bins: u32,
    /// Bins of as equal numbers of rows as possible instead
    #[arg(long)]
    equal_mass: bool,
    /// Bootstrap resamples behind every 95 % interval, 0 for none
    /// [default: 1000, fewer beyond 5000 rows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    resamples: Option<u32>,
    /// Seed of everything that is random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// How a map is fitted and judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recalibrating")]
struct Fitting {
    /// Fit a map that makes the probabilities believable, and judge it on rows it did not see
    #[arg(long, value_name = "METHOD")]
    fit: Option<Method>,
    /// Save the map here, for `wonderland recalibrate` (whole or not at all)
    #[arg(long, value_name = "MAP", requires = "fit", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Judge the map by cross-fitting over this many folds [default: 5]
    #[arg(long, value_name = "K", requires = "fit", conflicts_with = "test", value_parser = clap::value_parser!(u16).range(2..=1000))]
    folds: Option<u16>,
    /// Judge the map on this share of the rows instead, which it is not fitted on
    #[arg(long, value_name = "FRACTION", requires = "fit")]
    test: Option<f64>,
}

/// The maps there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// One temperature on the logits: the order of classes stays, one number is learned
    Temperature,
    /// Slope and intercept on the log-odds
    Platt,
    /// Any non-decreasing map; wants about 1000 rows or more
    Isotonic,
    /// The frequencies of bins with equally many rows
    Histogram,
    /// Isotonic twice, as if the answer were no and yes; careful with few rows
    VennAbers,
}

impl Method {
    fn kind(self) -> MapKind {
        match self {
            Self::Temperature => MapKind::Temperature,
            Self::Platt => MapKind::Platt,
            Self::Isotonic => MapKind::Isotonic,
            Self::Histogram => MapKind::Histogram,
            Self::VennAbers => MapKind::VennAbers,
        }
    }
}

impl Calibration {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        if self.report.is_some() && self.report == self.fitting.out {
            return Err(UsageError("--report and --out name the same file".into()).into());
        }
        let mut columns = self.forecasts.columns();
        columns.label = Some(self.label.clone());
        let table = forecasts::read(&columns, &self.data, &self.reading, voice)?;
        let refitted = match self.map_fit() {
            Some(fit) => Some(voice.during("fitting", || fit.run(&table))?),
            None => None,
        };
        let judged = self.judge(&table, refitted.as_ref(), voice)?;
        self.save(&table, refitted.as_ref(), &judged, voice)?;
        if refitted.is_none() && !judged.before.is_consistent() {
            let method = if table.n_classes() == 2 { "platt" } else { "temperature" };
            voice.note(format_args!(
                "`--fit {method} --out FILE.map` learns to mend this; `wonderland recalibrate FILE.map` does it"
            ));
        }
        let report = CalibrationReport::new(&table, refitted.as_ref(), &judged);
        if shared.json { show::json(&report) } else { Ok(Done::print(report.text())) }
    }

    fn map_fit(&self) -> Option<MapFit> {
        let holdout = match self.fitting.test {
            Some(share) => Holdout::Share(share),
            None => Holdout::Folds(self.fitting.folds.unwrap_or(5).into()),
        };
        let seed = self.measuring.seed;
        self.fitting.fit.map(|method| MapFit { kind: method.kind(), holdout, seed })
    }

    fn assessing(&self, n: usize) -> Assessing {
        let n_bins = self.measuring.bins as usize;
        Assessing {
            bins: if self.measuring.equal_mass {
                Bins::equal_mass(n_bins)
            } else {
                Bins::equal_width(n_bins)
            },
            resamples: match self.measuring.resamples {
                Some(resamples) => resamples as usize,
                None => Assessing::resamples_for(n),
            },
            seed: self.measuring.seed,
            ..Assessing::default()
        }
    }

    fn judge(
        &self,
        table: &ForecastTable,
        refitted: Option<&Refitted>,
        voice: &Voice,
    ) -> wonderland::Result<Judged> {
        let before = refitted.map_or(table, |refitted| &refitted.before);
        let assessing = self.assessing(before.n());
        voice.during("measuring", || {
            Ok(Judged {
                before: assessing.assess(before)?,
                after: refitted.map(|refitted| assessing.assess(&refitted.after)).transpose()?,
            })
        })
    }

    /// The map first: a report on disk says that everything is done.
    fn save(
        &self,
        table: &ForecastTable,
        refitted: Option<&Refitted>,
        judged: &Judged,
        voice: &Voice,
    ) -> anyhow::Result<()> {
        let _saving = interrupt::while_saving();
        if let (Some(path), Some(refitted)) = (&self.fitting.out, refitted) {
            let bytes = refitted.map.to_bytes()?;
            write_atomically(path, |file| file.write_all(&bytes))?;
            voice.note(format_args!("map saved to {}", wonderland::data::Snippet::path(path)));
        }
        if let Some(path) = &self.report {
            let page = CalibrationPage {
                table: refitted.map_or(table, |refitted| &refitted.before),
                before: &judged.before,
                refitted: refitted.zip(judged.after.as_ref()),
            };
            let html = page.to_html()?;
            write_atomically(path, |file| file.write_all(html.as_bytes()))?;
            voice.note(format_args!("report written to {}", wonderland::data::Snippet::path(path)));
        }
        Ok(())
    }
}
