//! What most programs need: `use wonderland::prelude::*;`.

pub use crate::{Evaluation, Metrics, ModelSettings, Pipeline, Prediction, Predictions, Recipe};
pub use wonderland_data::{Cell, Csv, SplitSettings, Table, builtin};
pub use wonderland_linalg::Tensor;
pub use wonderland_models::{LinearRegression, Ridge};
