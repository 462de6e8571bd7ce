//! Intervals about anybody's predicted numbers: about a point prediction (split
//! conformal), or about two predicted quantiles (CQR).

use std::io::Read;

use wonderland_calibration::{
    Alpha, CoverageReport, PredictionIntervals, QuantileRegression, SplitRegression, Threshold,
    coverage_report,
};
use wonderland_data::{Csv, Error as DataError, ReadAs, Snippet, Table, Text, Values};

use super::Fault;
use super::sets::too_few;
use crate::Result;

/// Which columns hold predicted numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberColumns {
    /// A point prediction.
    Prediction(String),
    /// A lower and an upper predicted quantile.
    Quantiles {
        /// The lower one.
        lower: String,
        /// The upper one.
        upper: String,
    },
}

impl NumberColumns {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Prediction(name) => vec![name],
            Self::Quantiles { lower, upper } => vec![lower, upper],
        }
    }
}

/// Which columns of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntervalColumns {
    /// The predictions.
    pub predicted: NumberColumns,
    /// The truth.
    pub label: String,
    /// Whether a file without the truth is read all the same.
    pub label_optional: bool,
    /// Columns kept exactly as written.
    pub keep: Vec<String>,
}

/// Predicted numbers of the rows of a table.
#[derive(Debug, Clone)]
pub struct NumberTable {
    /// Where they came from.
    pub source: Snippet,
    /// One column of point predictions, or two of quantiles.
    pub predicted: Vec<Vec<f64>>,
    /// The truth, if it was read.
    pub truth: Option<Vec<f64>>,
    /// Kept columns by name, exactly as written.
    pub kept: Vec<(String, Text)>,
    /// What was read as what, in a sentence.
    pub reading: String,
}

impl IntervalColumns {
    /// Reads a whole stream; `name` is what messages call it.
    ///
    /// # Errors
    /// The first fault of the file: a column that is not there, a cell that is
    /// missing or no number.
    pub fn read(&self, csv: &Csv, stream: impl Read, name: &str) -> Result<NumberTable> {
        let names = self.predicted.names();
        let mut csv = Csv {
            others: ReadAs::Skip,
            verbatim: self.keep.clone(),
            allow_absent: true,
            ..csv.clone()
        };
        for column in names.iter().copied().chain([self.label.as_str()]) {
            csv = csv.rule(column, ReadAs::Numbers);
        }
        let mut reader = csv.reader(stream, name)?;
        let header = reader.names().to_vec();
        let file = Snippet::new(name);
        let truth = (!self.label_optional).then_some(self.label.as_str());
        for column in names.iter().copied().chain(truth) {
            if !header.iter().any(|name| name == column) {
                return Err(DataError::UnknownColumn {
                    file: file.clone(),
                    name: Snippet::new(column),
                    known: Snippet::list(header.iter().map(String::as_str)),
                }
                .into());
            }
        }
        let table = match reader.next_rows(usize::MAX).map_err(no_number)? {
            Some(table) => table,
            None => return Err(DataError::NoRows { file }.into()),
        };
        let predicted = names.iter().map(|name| numbers(&table, name)).collect::<Result<_>>()?;
        let has_truth = header.contains(&self.label);
        let truth = has_truth.then(|| numbers(&table, &self.label)).transpose()?;
        let kept = (self.keep.iter())
            .map(|name| Ok((name.clone(), table.verbatim(name)?.clone())))
            .collect::<Result<_>>()?;
        let role = if names.len() == 1 { "the prediction" } else { "the lower and upper quantile" };
        let mut reading = format!("read {} as {role}", Snippet::list(names));
        if has_truth {
            reading.push_str(&format!(", {} as the truth", Snippet::new(&self.label)));
        }
        Ok(NumberTable { source: table.source().clone(), predicted, truth, kept, reading })
    }
}

/// The mends of a table of features do not fit a column of predictions.
fn no_number(fault: DataError) -> crate::Error {
    match fault {
        DataError::NotANumber { file, line, column, value }
        | DataError::NotFinite { file, line, column, value } => {
            Fault::NotANumber { file, line, column, value, wanted: "a finite number" }.into()
        }
        fault => fault.into(),
    }
}

fn numbers(table: &Table, name: &str) -> Result<Vec<f64>> {
    let column = table.column(name)?;
    let Values::Numbers(numbers) = &column.values else {
        unreachable!("the column was read as numbers");
    };
    match numbers.iter().position(|x| x.is_nan()) {
        None => Ok(numbers.clone()),
        Some(row) => Err(Fault::Missing {
            file: table.source().clone(),
            line: table.line_of(row),
            column: Snippet::new(name),
        }
        .into()),
    }
}

/// Intervals for new rows.
#[derive(Debug, Clone)]
pub struct Intervals {
    /// The ends.
    pub intervals: PredictionIntervals,
    /// How far the lower end lies below what was predicted.
    pub below: Threshold,
    /// How far the upper end lies above it.
    pub above: Threshold,
    /// Calibration rows.
    pub n_calibration: usize,
    /// Whether the intervals held the truth, where the new rows have it.
    pub coverage: Option<CoverageReport>,
}

impl Intervals {
    /// Finds the widths on `calibration` and the intervals of `new`.
    ///
    /// # Errors
    /// Calibration rows without the truth, or too few of them.
    pub fn run(alpha: Alpha, calibration: &NumberTable, new: &NumberTable) -> Result<Self> {
        let Some(y) = &calibration.truth else {
            let file = calibration.source.clone();
            return Err(Fault::NoLabels { file, what: "conformal prediction" }.into());
        };
        if alpha.rank(y.len()) > y.len() {
            return Err(too_few(alpha, y.len()));
        }
        let (intervals, below, above) = match (&*calibration.predicted, &*new.predicted) {
            ([y_hat], [new]) => {
                let fit = SplitRegression { alpha }.fit(y, y_hat)?;
                (fit.predict(new)?, fit.threshold, fit.threshold)
            }
            ([lo, hi], [new_lo, new_hi]) => {
                let fit = QuantileRegression { alpha, symmetric: true }.fit(y, lo, hi)?;
                (fit.predict(new_lo, new_hi)?, fit.lower, fit.upper)
            }
            _ => unreachable!("both tables were read with the same columns"),
        };
        let coverage = (new.truth.as_ref())
            .map(|y| {
                coverage_report(&intervals.covers(y)?, calibration_rows(calibration), alpha, 0.95)
            })
            .transpose()?;
        Ok(Self { intervals, below, above, n_calibration: calibration_rows(calibration), coverage })
    }
}

fn calibration_rows(table: &NumberTable) -> usize {
    table.predicted[0].len()
}
