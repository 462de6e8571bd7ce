//! Options that say which columns of a file are forecasts, and the reading of
//! such files; the same for every command on anybody's probabilities.

use std::io::{self, Cursor, Read};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use serde::{Serialize, Serializer};
use wonderland::data::{Csv, CsvWriter, Snippet, Text, open_file, write_atomically};
use wonderland::forecasts::{ForecastColumns, ForecastTable, Kind, Scores};

use crate::arguments::{OutTable, Reading};
use crate::exit::UsageError;
use crate::input::Source;
use crate::voice::Voice;
use crate::{Done, interrupt, show};

/// Which columns are forecasts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns of forecasts")]
pub(crate) struct Forecasts {
    /// A column of probabilities, named as its class (repeat: one per class)
    #[arg(long, value_name = "COLUMN", group = "scores")]
    proba: Vec<String>,
    /// All columns that begin so hold probabilities; the rest of the name is the class
    /// [default: p:]
    #[arg(long, value_name = "PREFIX", group = "scores")]
    proba_prefix: Option<String>,
    /// A column of scores before softmax, named as its class (repeat: one per class)
    #[arg(long, value_name = "COLUMN", group = "scores")]
    logits: Vec<String>,
    /// All columns that begin so hold scores before softmax
    #[arg(long, value_name = "PREFIX", group = "scores")]
    logits_prefix: Option<String>,
    /// The class of a column, where its name is another (repeat: one per column, in order)
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// The class of a single column; of two, the one whose probability is judged
    /// [default: the last]
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
}

impl Forecasts {
    /// Whether an option names the columns.
    pub(crate) fn are_named(&self) -> bool {
        !self.proba.is_empty()
            || self.proba_prefix.is_some()
            || !self.logits.is_empty()
            || self.logits_prefix.is_some()
    }

    pub(crate) fn columns(&self) -> ForecastColumns {
        let (scores, kind) = match (&self.proba_prefix, &self.logits_prefix) {
            (Some(prefix), _) => (Scores::Prefixed(prefix.clone()), Kind::Probabilities),
            (_, Some(prefix)) => (Scores::Prefixed(prefix.clone()), Kind::Logits),
            _ if !self.proba.is_empty() => (Scores::Named(self.proba.clone()), Kind::Probabilities),
            _ if !self.logits.is_empty() => (Scores::Named(self.logits.clone()), Kind::Logits),
            _ => (ForecastColumns::default().scores, Kind::Probabilities),
        };
        ForecastColumns {
            scores,
            kind,
            classes: self.classes.clone(),
            positive: self.positive.clone(),
            ..ForecastColumns::default()
        }
    }
}

/// Reads forecasts, and says what was read as what.
pub(crate) fn read(
    columns: &ForecastColumns,
    path: &Path,
    reading: &Reading,
    voice: &Voice,
) -> wonderland::Result<ForecastTable> {
    let (stream, name) = open(path)?;
    let csv = reading.apply(Csv::default());
    let table = voice.during("reading", || columns.read(&csv, stream, &name))?;
    voice.note(format_args!("{}: {}", table.source, table.reading));
    Ok(table)
}

/// A stream of bytes and what messages call it.
pub(crate) fn open(path: &Path) -> wonderland::Result<(Box<dyn Read>, String)> {
    Ok(match Source::of(path) {
        Source::BuiltIn(set) => {
            (Box::new(Cursor::new(set.csv().into_owned())), set.name.to_owned())
        }
        Source::Stdin => (Box::new(io::stdin().lock()), "standard input".to_owned()),
        Source::File(path) | Source::Images { images: path, .. } => {
            (Box::new(open_file(path)?), path.to_string_lossy().into_owned())
        }
    })
}

/// Kept columns as JSON: an object of lists by name.
pub(crate) struct KeptColumns<'a>(pub(crate) &'a [(String, Text)]);

impl Serialize for KeptColumns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.0.iter().map(|(name, text)| (name, text.iter().collect::<Vec<_>>()));
        serializer.collect_map(columns)
    }
}

/// A table of results: columns of its own, then the kept ones.
pub(crate) struct OutRows<'a> {
    names: &'a [String],
}

impl<'a> OutRows<'a> {
    /// Checks that no two columns of the result have the same name.
    pub(crate) fn new(names: &'a [String], keep: &[String]) -> Result<Self, UsageError> {
        for (i, name) in keep.iter().enumerate() {
            if names.contains(name) || keep[..i].contains(name) {
                return Err(UsageError(format!(
                    "two columns of the output would be called `{}`: keep a column once, and none of that name",
                    Snippet::new(name)
                )));
            }
        }
        Ok(Self { names })
    }

    /// The table as CSV; `cells` writes the cells of a row.
    pub(crate) fn csv(
        &self,
        delimiter: u8,
        n: usize,
        kept: &[(String, Text)],
        mut cells: impl FnMut(&mut CsvWriter<Vec<u8>>, usize) -> io::Result<()>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut csv = CsvWriter::new(Vec::new(), delimiter);
        let mut write = || {
            self.names.iter().try_for_each(|name| csv.text(name))?;
            kept.iter().try_for_each(|(name, _)| csv.text(name))?;
            csv.end_row()?;
            for row in 0..n {
                cells(&mut csv, row)?;
                kept.iter().try_for_each(|(_, column)| csv.text(column.get(row)))?;
                csv.end_row()?;
            }
            Ok::<_, io::Error>(())
        };
        write().context("cannot write the table of results")?;
        Ok(csv.into_inner())
    }

    /// The table to its file and the summary to standard output, or the table
    /// to standard output and the summary to people.
    pub(crate) fn deliver(
        &self,
        out: &OutTable,
        table: Vec<u8>,
        summary: &str,
        voice: &Voice,
    ) -> anyhow::Result<Done> {
        let Some(path) = out.file() else {
            if !summary.is_empty() {
                voice.say(summary.trim_end());
            }
            return Ok(Done::print(table));
        };
        let _saving = interrupt::while_saving();
        write_atomically(path, |file| file.write_all(&table))?;
        Ok(Done::print(summary))
    }

    /// The same as JSON, summary included.
    pub(crate) fn deliver_json(
        &self,
        out: &OutTable,
        report: &impl Serialize,
    ) -> anyhow::Result<Done> {
        let done = show::json(report)?;
        let Some(path) = out.file() else { return Ok(done) };
        let _saving = interrupt::while_saving();
        write_atomically(path, |file| file.write_all(&done.stdout))?;
        Ok(Done::default())
    }
}
