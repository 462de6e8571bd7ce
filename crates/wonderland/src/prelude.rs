//! What most programs need: `use wonderland::prelude::*;`.

pub use crate::{
    Calibrate, Conformalise, Evaluation, Metrics, ModelSettings, Pipeline, Prediction, Predictions,
    Recipe,
};
pub use wonderland_data::{Cell, Csv, SplitSettings, Table, Task, builtin};
pub use wonderland_linalg::Tensor;
pub use wonderland_models::{LinearRegression, LogisticRegression, Ridge};
