//! Prediction intervals of many samples.

use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// One interval [lower, upper] per sample.
///
/// An end may be ±∞ where the calibration set was too small for a finite
/// promise, and lower may exceed upper: then the interval is empty. (JSON
/// cannot hold infinities.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionIntervals {
    /// Lower ends.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
}

impl PredictionIntervals {
    /// Number of intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Which intervals hold their y; the ends belong to them.
    ///
    /// # Errors
    /// [`LengthMismatch`](crate::Error::LengthMismatch),
    /// [`NonFinite`](crate::Error::NonFinite).
    pub fn covers(&self, y: &[f64]) -> Result<Vec<bool>> {
        check::length("y", y.len(), self.len(), "interval")?;
        check::finite("y", y)?;
        let ends = self.lower.iter().zip(&self.upper);
        Ok(ends.zip(y).map(|((lo, hi), y)| lo <= y && y <= hi).collect())
    }

    /// Number of intervals with lower > upper.
    #[must_use]
    pub fn n_empty(&self) -> usize {
        self.lower.iter().zip(&self.upper).filter(|(lo, hi)| lo > hi).count()
    }

    /// Mean width, an empty interval counting 0; infinite if one is unbounded.
    #[must_use]
    pub fn mean_width(&self) -> f64 {
        let widths = self.lower.iter().zip(&self.upper).map(|(lo, hi)| (hi - lo).max(0.0));
        widths.sum::<f64>() / self.len().max(1) as f64
    }
}
