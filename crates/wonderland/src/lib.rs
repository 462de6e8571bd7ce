#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod calibrator;
mod classifier;
mod conformal;
mod cross_validation;
mod description;
mod error;
mod evaluation;
mod importance;
mod model;
mod model_file;
mod page;
mod pipeline;
mod predictions;
mod recipe;
mod rows;
mod streaming;
mod training;

pub mod forecasts;
pub mod prelude;

pub use calibrator::{Calibrate, Calibrator};
pub use classifier::Classifier;
pub use conformal::{Conformal, Conformalise};
pub use cross_validation::FoldScores;
pub use description::{Coefficient, Description, Output, Penalty, Search, Warning};
pub use error::{Error, Result};
pub use evaluation::{
    CalibrationScores, ClassificationMetrics, Evaluation, Metrics, RegressionMetrics,
    UncalibratedMetrics,
};
pub use importance::ColumnImportance;
pub use model::{Model, ModelSettings};
pub use model_file::Fault;
pub use page::Provenance;
pub use pipeline::Pipeline;
pub use predictions::{ClassPredictions, NumberPredictions, Prediction, Predictions};
pub use recipe::{Categorical, MissingRows, Recipe};
pub use training::{Baseline, Training};

pub use wonderland_autodiff as autodiff;
pub use wonderland_calibration as calibration;
pub use wonderland_data as data;
pub use wonderland_linalg as linalg;
pub use wonderland_losses as losses;
pub use wonderland_models as models;
pub use wonderland_optim as optim;
pub use wonderland_report as report;

/// The root README, whose example is tested here.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct RootReadme;
