//! Bootstrap intervals of any statistic of forecasts.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use wonderland_linalg::special::{normal_cdf, normal_quantile};

use super::resample::Resample;
use crate::random::{Purpose, stream};
use crate::{Error, Result, check};

/// How the ends are read off the resampled values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum IntervalKind {
    /// Bias-corrected and accelerated (BCa); the acceleration comes from
    /// leaving out up to 200 groups of samples in turn.
    #[default]
    Bca,
    /// Plain percentiles.
    Percentile,
}

/// Settings of a bootstrap interval.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bootstrap, Forecasts, brier};
/// let p = [0.1, 0.4, 0.35, 0.8, 0.9, 0.6, 0.2, 0.7];
/// let y = [false, false, true, true, true, true, false, false];
/// let f = Forecasts::new(&p, &y)?;
/// let interval = Bootstrap { seed: 1, ..Default::default() }.interval(&f, |f| Ok(brier(f)))?;
/// assert!(interval.lower < brier(&f) && brier(&f) < interval.upper);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Number of resamples.
    pub resamples: usize,
    /// Confidence level, 0.95 for a 95 % interval.
    pub level: f64,
    /// How the ends are read.
    pub kind: IntervalKind,
    /// Seed of the resampling.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// A 95 % BCa interval from a thousand resamples: the ends are the 25th
    /// value from either side, stable to a few per cent.
    fn default() -> Self {
        Self { resamples: 1000, level: 0.95, kind: IntervalKind::Bca, seed: 0 }
    }
}

/// A statistic with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic of the data themselves.
    pub estimate: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Confidence level.
    pub level: f64,
}

impl Bootstrap {
    /// The interval of `statistic` on `data`, resampling whole rows with their
    /// weights.
    ///
    /// A plug-in calibration error is biased upwards, and its resampled values
    /// more so; for the interval of an error use the debiased square, or read
    /// the interval together with [`PerfectCalibrationTest`].
    ///
    /// # Errors
    /// [`Error::BadParameter`] for fewer than two resamples or a level outside
    /// (0, 1); [`Error::NonFinite`] when the statistic is not finite, as the
    /// log loss of an impossible outcome; whatever `statistic` returns.
    ///
    /// # References
    /// Efron 1987.
    ///
    /// [`PerfectCalibrationTest`]: crate::PerfectCalibrationTest
    pub fn interval<D: Resample>(
        &self,
        data: &D,
        mut statistic: impl FnMut(&D) -> Result<f64>,
    ) -> Result<Interval> {
        check::open_unit("level", self.level)?;
        check::parameter(
            "resamples",
            self.resamples as f64,
            self.resamples >= 2,
            "it must be at least 2",
        )?;
        let n = data.n_samples();
        let mut value = |rows: &[usize]| {
            let value = statistic(&data.rows(rows))?;
            if value.is_finite() {
                Ok(value)
            } else {
                Err(Error::NonFinite { what: "the statistic", row: 0, column: 0, value })
            }
        };
        let mut rows: Vec<usize> = (0..n).collect();
        let estimate = value(&rows)?;
        let mut rng = stream(self.seed, Purpose::Bootstrap);
        let mut values = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            rows.iter_mut().for_each(|row| *row = rng.random_range(0..n));
            values.push(value(&rows)?);
        }
        values.sort_unstable_by(f64::total_cmp);

        let tail = 0.5 * (1.0 - self.level);
        let (low, high) = match self.kind {
            IntervalKind::Percentile => (tail, 1.0 - tail),
            IntervalKind::Bca => {
                let below = values.partition_point(|&v| v < estimate) as f64;
                let up_to = values.partition_point(|&v| v <= estimate) as f64;
                let b = self.resamples as f64;
                // Ties count half; a share of 0 or 1 would be an infinite bias.
                let share = (0.5 * (below + up_to)).clamp(0.5, b - 0.5) / b;
                let bias = normal_quantile(share);
                let acceleration = acceleration(n, value)?;
                let level = |q: f64| {
                    let z = bias + normal_quantile(q);
                    normal_cdf(bias + z / (1.0 - acceleration * z))
                };
                (level(tail), level(1.0 - tail))
            }
        };
        Ok(Interval {
            estimate,
            lower: quantile(&values, low),
            upper: quantile(&values, high),
            level: self.level,
        })
    }
}

/// The sample quantile at rank q (B + 1), interpolated and held to the ends.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, (sorted.len() - 1) as f64);
    let (i, part) = (rank.floor() as usize, rank.fract());
    let next = sorted[(i + 1).min(sorted.len() - 1)];
    sorted[i] + part * (next - sorted[i])
}

/// Σ d³ / (6 (Σ d²)^{3/2}) over the deviations d of the leave-a-group-out values.
fn acceleration(n: usize, mut value: impl FnMut(&[usize]) -> Result<f64>) -> Result<f64> {
    let groups = n.min(200);
    if groups < 2 {
        return Ok(0.0);
    }
    let mut left_out = Vec::with_capacity(groups);
    for g in 0..groups {
        let rows: Vec<usize> = (0..n).filter(|i| i % groups != g).collect();
        left_out.push(value(&rows)?);
    }
    let mean = left_out.iter().sum::<f64>() / groups as f64;
    let (mut square, mut cube) = (0.0, 0.0);
    for v in left_out {
        let d = mean - v;
        square += d * d;
        cube += d * d * d;
    }
    Ok(if square > 0.0 { cube / (6.0 * square.powf(1.5)) } else { 0.0 })
}
