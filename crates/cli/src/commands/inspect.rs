//! `wonderland inspect`: what a saved model is made of.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use wonderland::Pipeline;

use crate::Done;
use crate::arguments::Shared;
use crate::show::{self, ModelReport};

/// Describe a saved model: columns, coefficients, how it was fitted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland inspect model.wl
  wonderland inspect model.wl --json | jq .coefficients")]
pub(crate) struct Inspect {
    /// A model that `fit --out` wrote
    #[arg(value_hint = ValueHint::FilePath)]
    model: PathBuf,
    /// How many coefficients to list, those of the largest effect first [default: all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
}

impl Inspect {
    pub(crate) fn run(&self, shared: &Shared) -> anyhow::Result<Done> {
        let pipeline = Pipeline::load(&self.model)?;
        let report = ModelReport::new(&pipeline);
        if shared.json {
            return show::json(&report);
        }
        Ok(Done::print(report.text(self.top.unwrap_or(usize::MAX))))
    }
}
