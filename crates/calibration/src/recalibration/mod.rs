//! Maps that mend miscalibrated probabilities (notes §4.3.4).

mod temperature;

pub use temperature::{TemperatureFit, TemperatureOptimum, TemperatureScaling};
