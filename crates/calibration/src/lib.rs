#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;

mod class_forecasts;
mod forecasts;
mod probabilities;

mod calibration_error;
mod scores;
mod smooth;

mod reliability;
mod uncertainty;

mod conformal;
mod decisions;
mod recalibration;
mod roles;

mod blocks;
mod check;
mod logistic;
mod pav;
mod random;
mod scored;
mod sum;

pub use calibration_error::{
    BinCounts, BinRow, BinTable, Bins, CalibrationError, Closed, calibration_error,
    classwise_calibration_error, confidence_calibration_error, ece_sweep, reliability_table,
    top_label_calibration_error,
};
pub use class_forecasts::ClassForecasts;
pub use conformal::{
    AdaptiveConformal, Alpha, CalibrationScores, ClassPValues, ClassScore, ConformalClassification,
    ConformalClassifier, Coverage, CoverageReport, CrossConformal, CrossMethod, FamilyWise,
    FittedClassPValues, Grouping, LearnThenTest, PredictionIntervals, PredictionSets,
    QuantileRegression, QuantileRegressor, SplitRegression, SplitRegressor, Threshold, Verdict,
    WeightedConformalClassification, WeightedConformalClassifier, WeightedScores, calibration_size,
    conformal_risk_control, conformal_threshold, coverage_report, plain_threshold_sets,
};
pub use decisions::{CostMatrix, NetBenefit, decide_or_reject, net_benefit};
pub use error::{Error, Result};
pub use forecasts::Forecasts;
pub use pav::pav;
pub use probabilities::{Logits, Probabilities};
pub use recalibration::{
    BinaryTemperature, ClassRecalibration, ClassRecalibrator, CrossVennAbers, CrossVennAbersMap,
    HistogramBinning, HistogramMap, IsotonicCalibration, IsotonicCurve, IsotonicMap, Merge,
    PairwiseVennAbers, PairwiseVennAbersMap, PlattMap, PlattScaling, Recalibration, Recalibrator,
    ScalingBinning, ScalingBinningMap, TemperatureFit, TemperatureOptimum, TemperatureScaling,
    VennAbers, VennAbersMap, VennAbersPair,
};
pub use reliability::{BandPoint, CurvePoint, Density, Reliability, ReliabilityDiagram};
pub use roles::{
    CalibratedConformal, Calibration, Conformal, DisjointRows, FittedCalibratedConformal, Rows,
    Test, Train,
};
pub use scores::{
    Corp, Cox, LogLoss, Murphy, ScoreSums, Spiegelhalter, brier, brier_multiclass,
    clipped_log_loss, corp_brier, corp_log_loss, cox, log_loss, log_loss_multiclass, murphy,
    spiegelhalter,
};
pub use smooth::{SmoothEce, SmoothMethod, smooth_ece, smooth_ece_on_grid, smoothed_error};
pub use uncertainty::{
    Bootstrap, ErrorInterval, Interval, IntervalKind, NullTest, PerfectCalibrationTest, Resample,
};
