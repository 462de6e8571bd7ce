#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod description;
mod error;
mod evaluation;
mod model;
mod model_file;
mod pipeline;
mod recipe;
mod rows;
mod training;

pub mod prelude;

pub use description::{Coefficient, Description, Penalty, Warning};
pub use error::{Error, Result};
pub use evaluation::{Evaluation, Metrics};
pub use model::{Model, ModelSettings};
pub use model_file::Fault;
pub use pipeline::{Pipeline, Prediction, Predictions};
pub use recipe::{Categorical, MissingRows, Recipe};
pub use training::Training;

pub use wonderland_autodiff as autodiff;
pub use wonderland_calibration as calibration;
pub use wonderland_data as data;
pub use wonderland_linalg as linalg;
pub use wonderland_losses as losses;
pub use wonderland_models as models;
pub use wonderland_optim as optim;
pub use wonderland_report as report;
