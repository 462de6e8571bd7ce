//! Results as people read them and as machines do: every report is one value
//! that prints as text or as JSON.

mod calibration;
mod evaluation;
mod fit;
mod folds;
mod grid;
mod model;
mod number;
mod prediction;

pub(crate) use calibration::{CalibrationReport, Judged};
pub(crate) use evaluation::EvaluationReport;
pub(crate) use fit::{FitReport, SplitReport};
pub(crate) use grid::{Align, Grid};
pub(crate) use model::ModelReport;
pub(crate) use number::{counted, interval, significant};
pub(crate) use prediction::PredictionReport;

use serde::Serialize;
use wonderland::data::Task;

use crate::Done;

/// One JSON value, ended by a line break.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<Done> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(Done::print(text))
}

pub(crate) fn task_name(task: Task) -> &'static str {
    match task {
        Task::Regression => "regression",
        Task::Classification => "classification",
    }
}
