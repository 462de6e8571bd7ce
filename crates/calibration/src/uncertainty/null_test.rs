//! Could perfectly calibrated forecasts have given this statistic, at this n?

use serde::{Deserialize, Serialize};

use super::bootstrap::quantile;
use super::resample::Resample;
use crate::random::{Purpose, stream};
use crate::{Result, check};

/// Settings of the test of perfect calibration.
///
/// Outcomes are drawn from the forecasts themselves, the statistic is taken
/// of each draw, and the observed one is ranked among them: an exact test at
/// any n and for any statistic that grows with miscalibration.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, Forecasts, PerfectCalibrationTest, calibration_error};
/// let f = Forecasts::new(&[0.9; 40], &[false; 40])?;
/// let test = PerfectCalibrationTest::default();
/// let result = test.run(&f, |f| Ok(calibration_error(f, &Bins::equal_width(10))?.ece))?;
/// assert_eq!(result.p_value, 1.0 / 1001.0); // none of the thousand draws came close
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerfectCalibrationTest {
    /// Number of draws.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for PerfectCalibrationTest {
    /// A thousand draws: the smallest p-value is 1/1001.
    fn default() -> Self {
        Self { draws: 1000, seed: 0 }
    }
}

/// The outcome of a [`PerfectCalibrationTest`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NullTest {
    /// The observed statistic.
    pub statistic: f64,
    /// (1 + #{drawn ≥ observed}) / (1 + draws): small when perfect
    /// calibration is not believable.
    pub p_value: f64,
    /// Mean of the statistic under perfect calibration: its bias at this n.
    pub null_mean: f64,
    /// 95 % quantile of the statistic under perfect calibration.
    pub null_q95: f64,
}

impl PerfectCalibrationTest {
    /// Ranks the statistic of the data among those of calibrated draws.
    ///
    /// # Errors
    /// [`BadParameter`](crate::Error::BadParameter) without draws; whatever
    /// `statistic` returns.
    pub fn run<D: Resample>(
        &self,
        data: &D,
        mut statistic: impl FnMut(&D) -> Result<f64>,
    ) -> Result<NullTest> {
        check::parameter("draws", self.draws as f64, self.draws > 0, "it must be at least 1")?;
        let all: Vec<usize> = (0..data.n_samples()).collect();
        let observed = statistic(&data.rows(&all))?;
        let mut rng = stream(self.seed, Purpose::Consistency);
        let mut drawn = Vec::with_capacity(self.draws);
        for _ in 0..self.draws {
            drawn.push(statistic(&data.calibrated(&mut rng))?);
        }
        // Sums in another order differ by rounding: a tie must stay a tie.
        let limit = observed - 1e-12 * observed.abs();
        let reached = drawn.iter().filter(|&&v| v >= limit).count();
        let null_mean = drawn.iter().sum::<f64>() / self.draws as f64;
        drawn.sort_unstable_by(f64::total_cmp);
        Ok(NullTest {
            statistic: observed,
            p_value: (1 + reached) as f64 / (1 + self.draws) as f64,
            null_mean,
            null_q95: quantile(&drawn, 0.95),
        })
    }
}
