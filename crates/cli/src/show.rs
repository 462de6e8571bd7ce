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

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use wonderland::data::Task;

use crate::Done;

/// One JSON value, ended by a line break.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<Done> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(Done::print(text))
}

/// Measures under their keys: `KEY` holds the value, `KEY_ci` the interval or null.
pub(crate) struct WithIntervals(pub(crate) Vec<(&'static str, f64, Option<[f64; 2]>)>);

impl Serialize for WithIntervals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2 * self.0.len()))?;
        for (key, value, interval) in &self.0 {
            map.serialize_entry(key, value)?;
            map.serialize_entry(&format!("{key}_ci"), interval)?;
        }
        map.end()
    }
}

pub(crate) fn task_name(task: Task) -> &'static str {
    match task {
        Task::Regression => "regression",
        Task::Classification => "classification",
    }
}
