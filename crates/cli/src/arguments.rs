//! What may be written on the command line: one variant per command, whose
//! options stand beside its code, and the options all commands share.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueHint};
use wonderland::data::Csv;

use crate::commands::{
    calibration, completions, conformal, datasets, decide, evaluate, fit, inspect, predict,
    recalibrate,
};

/// Fit, predict, evaluate and describe models of tables.
///
/// Results go to standard output, everything said to people goes to standard
/// error. Files are written whole or not at all.
#[derive(Debug, Parser)]
#[command(
    name = "wonderland",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  wonderland fit diabetes --out model.wl        fit a built-in data set, save the model
  wonderland fit houses.csv --target price      fit a table of your own
  wonderland predict model.wl new.csv           one prediction per row
  wonderland inspect model.wl                   what a model is made of
  wonderland calibration probs.csv --label y    judge the probabilities of any classifier

Exit codes: 0 done, 1 a problem with data or a file, 2 a problem with the command line,
3 not converged under --strict, 130 interrupted."
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Fit(Box<fit::Fit>),
    Predict(predict::Predict),
    Evaluate(evaluate::Evaluate),
    Inspect(inspect::Inspect),
    Calibration(Box<calibration::Calibration>),
    Recalibrate(Box<recalibrate::Recalibrate>),
    Conformal(Box<conformal::Conformal>),
    Decide(Box<decide::Decide>),
    Datasets(datasets::Datasets),
    Completions(completions::Completions),
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// Print one JSON object on standard output, for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// At most this many threads: no result depends on it (logistic regression uses them)
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

impl Shared {
    /// Threads to compute with.
    pub(crate) fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }
}

/// How a table is read from text; the same for training and for new rows.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reading {
    /// Separator of columns: one character, or `tab`
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = delimiter)]
    pub(crate) delimiter: u8,
}

impl Reading {
    /// The given reading rules with these settings.
    pub(crate) fn apply(&self, csv: Csv) -> Csv {
        Csv { delimiter: self.delimiter, ..csv }
    }
}

/// A table of answers: what stands beside them, and the file to write, `-` for
/// standard output.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutTable {
    /// Copy this input column beside the answer, exactly as written (repeat for more)
    #[arg(long, value_name = "COLUMN")]
    pub(crate) keep: Vec<String>,
    /// Write the table here instead of standard output (whole or not at all)
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
}

impl OutTable {
    /// The file, unless it is standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|path| path.as_os_str() != "-")
    }
}

/// A separator: one ASCII character that is no quote and no line break.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        &[byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err("give one ASCII character other than a quote, or `tab`".into()),
    }
}
