//! How sure a number is: bootstrap intervals for any statistic, and the test
//! whether perfect calibration could have given it.

mod bootstrap;
mod error_interval;
mod null_test;
mod resample;

pub(crate) use bootstrap::quantile;
pub use bootstrap::{Bootstrap, Interval, IntervalKind};
pub use error_interval::ErrorInterval;
pub use null_test::{NullTest, PerfectCalibrationTest};
pub use resample::Resample;
