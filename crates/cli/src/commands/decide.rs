//! `wonderland decide`: the cheapest action for every row.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;
use wonderland::data::Snippet;
use wonderland::forecasts::{CostTable, Decisions, ForecastTable};

use crate::Done;
use crate::arguments::{OutTable, Reading, Shared};
use crate::exit::UsageError;
use crate::forecasts::{self, Forecasts, KeptColumns, OutRows};
use crate::show::{Align, Grid, significant};
use crate::voice::Voice;

/// Decide every row by the expected cost of each action
///
/// The cost table has one row per action (its name in the first column), such
/// as predicting a class, and one column per true class, by name. Prints one
/// row per input row: `action`, `expected_cost`, then the kept columns. The
/// costs mean what they say only for calibrated probabilities: see
/// `wonderland calibration`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  printf 'action,no,yes\\nno,0,10\\nyes,1,0\\n' > costs.csv     # a miss costs ten false alarms
  wonderland decide predictions.csv --costs costs.csv --out actions.csv
  wonderland decide predictions.csv --costs costs.csv --reject 0.5 --keep id
  wonderland decide predictions.csv --costs costs.csv --label y --json

JSON keys: classes, actions, n, decisions, expected_costs, counts, threshold (two classes),
comparison.{mean_cost, mean_expected_cost, mean_argmax_cost} with --label, kept.")]
pub(crate) struct Decide {
    /// The forecasts: a CSV file, or - for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    data: PathBuf,
    /// The costs: a CSV file, rows are actions, columns true classes
    #[arg(long, value_name = "COSTS.csv", value_hint = ValueHint::FilePath)]
    costs: PathBuf,
    /// Adds the action `reject`, at this cost whatever the truth
    #[arg(long, value_name = "COST", allow_negative_numbers = true)]
    reject: Option<f64>,
    /// The column with the true class, to say what the decisions cost
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    #[command(flatten)]
    forecasts: Forecasts,
    #[command(flatten)]
    out: OutTable,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Serialize)]
struct Report<'a> {
    classes: &'a [String],
    actions: &'a [String],
    n: usize,
    decisions: Vec<&'a str>,
    expected_costs: &'a [f64],
    counts: Vec<usize>,
    threshold: Option<f64>,
    comparison: Option<ComparisonKeys>,
    kept: KeptColumns<'a>,
}

#[derive(Serialize)]
struct ComparisonKeys {
    mean_cost: f64,
    mean_expected_cost: f64,
    mean_argmax_cost: Option<f64>,
}

impl Decide {
    pub(crate) fn run(&self, shared: &Shared, voice: &Voice) -> anyhow::Result<Done> {
        let names = ["action".to_owned(), "expected_cost".to_owned()];
        let rows = OutRows::new(&names, &self.out.keep)?;
        let costs = self.costs()?;
        let mut columns = self.forecasts.columns();
        columns.label.clone_from(&self.label);
        columns.keep.clone_from(&self.out.keep);
        if let Some(positive) = &columns.positive {
            columns.negative = costs.other_than(positive).map(str::to_owned);
        }
        let table = forecasts::read(&columns, &self.data, &self.reading, voice)?;
        let decisions = voice.during("deciding", || costs.decide(&table))?;
        let action = |i: usize| decisions.names[decisions.actions[i]].as_str();
        if shared.json {
            let report = Report {
                classes: &table.classes,
                actions: &decisions.names,
                n: table.n(),
                decisions: (0..table.n()).map(action).collect(),
                expected_costs: &decisions.expected,
                counts: decisions.counts(),
                threshold: decisions.threshold,
                comparison: decisions.comparison.map(|c| ComparisonKeys {
                    mean_cost: c.mean_cost,
                    mean_expected_cost: c.mean_expected_cost,
                    mean_argmax_cost: c.mean_argmax_cost,
                }),
                kept: KeptColumns(&table.kept),
            };
            return rows.deliver_json(&self.out, &report);
        }
        let bytes = rows.csv(self.reading.delimiter, table.n(), &table.kept, |csv, i| {
            csv.text(action(i))?;
            csv.number(decisions.expected[i])
        })?;
        rows.deliver(&self.out, bytes, &summary(&table, &decisions), voice)
    }

    fn costs(&self) -> anyhow::Result<CostTable> {
        if self.costs == self.data {
            return Err(UsageError("the forecasts and the costs are one file".into()).into());
        }
        let (stream, name) = forecasts::open(&self.costs)?;
        let costs =
            CostTable::read(&self.reading.apply(wonderland::data::Csv::default()), stream, &name)?;
        match self.reject {
            Some(cost) if !cost.is_finite() => {
                Err(UsageError("--reject is a finite cost".into()).into())
            }
            Some(cost) => Ok(costs.with_reject(cost)?),
            None => Ok(costs),
        }
    }
}

fn summary(table: &ForecastTable, decisions: &Decisions) -> String {
    let mut grid = Grid::new(&[Align::Left, Align::Right]);
    grid.row(["action", "rows"]);
    for (name, count) in decisions.names.iter().zip(decisions.counts()) {
        grid.row([name, &count.to_string()]);
    }
    let mut text = grid.to_string();
    if let Some(threshold) = decisions.threshold {
        let class = Snippet::new(&table.classes[1]);
        let _ = writeln!(
            text,
            "`{class}` is chosen where its probability is at least {}",
            significant(threshold)
        );
    }
    if let Some(c) = decisions.comparison {
        let _ = write!(
            text,
            "mean cost {} (the probabilities expected {})",
            significant(c.mean_cost),
            significant(c.mean_expected_cost)
        );
        let _ = match c.mean_argmax_cost {
            Some(argmax) => writeln!(
                text,
                "; always taking the most likely class costs {}",
                significant(argmax)
            ),
            None => writeln!(text),
        };
    }
    text
}
