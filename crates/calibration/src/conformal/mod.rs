//! Conformal prediction: sets and intervals that hold the truth with a chosen
//! probability, for exchangeable data and any model (notes §4.3.4).

mod alpha;
mod classify;
mod plain;
mod score;
mod sets;
mod threshold;

pub use alpha::Alpha;
pub use classify::{ConformalClassification, ConformalClassifier, Grouping};
pub use plain::plain_threshold_sets;
pub use score::ClassScore;
pub use sets::PredictionSets;
pub use threshold::{Threshold, conformal_threshold};
