//! Maps that mend miscalibrated probabilities (notes §4.3.4).

mod classwise;
mod family;
mod histogram;
mod isotonic;
mod platt;
mod scaling_binning;
mod temperature;
#[cfg(test)]
mod tests;
mod venn_abers;
mod venn_abers_cross;
mod venn_abers_pairwise;

pub use classwise::{ClassRecalibration, ClassRecalibrator};
pub use family::{BinaryTemperature, Recalibration, Recalibrator};
pub use histogram::{HistogramBinning, HistogramMap};
pub use isotonic::{IsotonicCalibration, IsotonicCurve, IsotonicMap};
pub use platt::{PlattMap, PlattScaling};
pub use scaling_binning::{ScalingBinning, ScalingBinningMap};
pub use temperature::{TemperatureFit, TemperatureOptimum, TemperatureScaling};
pub use venn_abers::{Merge, VennAbers, VennAbersMap, VennAbersPair};
pub use venn_abers_cross::{CrossVennAbers, CrossVennAbersMap};
pub use venn_abers_pairwise::{PairwiseVennAbers, PairwiseVennAbersMap};
