#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;

mod class_forecasts;
mod forecasts;
mod probabilities;

mod calibration_error;
mod conformal;
mod recalibration;
mod scores;

mod check;
mod random;
mod sum;

pub use calibration_error::{
    BinCounts, BinRow, BinTable, Bins, CalibrationError, Closed, calibration_error,
    classwise_calibration_error, confidence_calibration_error, ece_sweep, reliability_table,
    top_label_calibration_error,
};
pub use class_forecasts::ClassForecasts;
pub use conformal::{
    Alpha, ClassScore, ConformalClassification, ConformalClassifier, Grouping, PredictionSets,
    Threshold, conformal_threshold, plain_threshold_sets,
};
pub use error::{Error, Result};
pub use forecasts::Forecasts;
pub use probabilities::{Logits, Probabilities};
pub use recalibration::{TemperatureFit, TemperatureOptimum, TemperatureScaling};
pub use scores::{
    LogLoss, brier, brier_multiclass, clipped_log_loss, log_loss, log_loss_multiclass,
};
