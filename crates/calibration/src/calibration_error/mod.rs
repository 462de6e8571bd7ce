//! Binned calibration errors (notes §4.3.4): bins, their table, and the three
//! multiclass readings under three names.

mod bins;
mod exact;
mod measure;
mod streaming;
mod table;
#[cfg(test)]
mod tests;

pub use bins::{Bins, Closed};
pub(crate) use bins::{Edges, equal_mass_ends};
pub use measure::{
    CalibrationError, calibration_error, classwise_calibration_error, confidence_calibration_error,
    ece_sweep, top_label_calibration_error,
};
pub use streaming::BinCounts;
pub(crate) use table::bin_of_samples;
pub use table::{BinRow, BinTable, reliability_table};
