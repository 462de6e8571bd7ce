#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod chart;
mod page;
mod picture;
mod scale;
mod style;
mod threshold;

pub use page::{Block, Report, Section};
pub use picture::coefficients::{Coefficient, coefficients};
pub use picture::confusion::confusion_matrix;
pub use picture::coverage::{ClassCoverage, class_coverage, set_sizes};
pub use picture::curve::{Curve, precision_recall, roc};
pub use picture::histogram::confidence_histogram;
pub use picture::reliability::reliability_diagram;
pub use picture::residual::{Interval, intervals, residuals};
pub use picture::{Picture, Theme};
pub use threshold::ThresholdTool;
