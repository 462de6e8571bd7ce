//! Conformal prediction: sets and intervals that hold the truth with a chosen
//! probability, for exchangeable data and any model (notes §4.3.4).

mod adaptive;
mod alpha;
mod classify;
mod coverage;
mod cross;
mod intervals;
mod p_values;
mod plain;
mod regression;
mod risk;
mod score;
mod sets;
mod threshold;
mod weighted;

pub use adaptive::AdaptiveConformal;
pub use alpha::Alpha;
pub use classify::{ConformalClassification, ConformalClassifier, Grouping};
pub use coverage::{Coverage, CoverageReport, Verdict, calibration_size, coverage_report};
pub use cross::{CrossConformal, CrossMethod};
pub use intervals::PredictionIntervals;
pub use p_values::{CalibrationScores, ClassPValues, FittedClassPValues};
pub use plain::plain_threshold_sets;
pub use regression::{QuantileRegression, QuantileRegressor, SplitRegression, SplitRegressor};
pub use risk::{FamilyWise, LearnThenTest, conformal_risk_control};
pub use score::ClassScore;
pub use sets::PredictionSets;
pub use threshold::{Threshold, conformal_threshold};
pub use weighted::{WeightedConformalClassification, WeightedConformalClassifier, WeightedScores};
