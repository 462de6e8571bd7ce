//! Intervals of a binned calibration error that stay right where forecasts are
//! nearly calibrated.
//!
//! An error is a sum of sizes of gaps: noise adds to it, resampled noise adds
//! twice, and where the true gaps are small the whole bootstrap lies above the
//! estimate. Instead, every truth on a ray is tested: outcomes that follow
//! p + t · gap of its bin, from perfect calibration (t = 0) over the gaps as
//! observed (t = 1) and on. The interval holds the errors of the truths that
//! are not rejected.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::bootstrap::Interval;
use crate::calibration_error::{BinRow, CalibrationError, bin_of_samples};
use crate::random::{Purpose, stream};
use crate::{Bins, Forecasts, Result, check};

/// Settings of the interval of a binned calibration error.
///
/// # Guarantee
/// The interval begins at 0 exactly when [`PerfectCalibrationTest`]'s
/// construction does not reject perfect calibration at half of 1 − level, and
/// it always holds its own estimate. Its coverage is at least the level for
/// truths on the ray, up to the draws; elsewhere it is an approximation, because
/// the gaps may be distributed over the bins in other ways.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, ErrorInterval, Forecasts};
/// // Half of the hits that 0.6 promises, ten samples: no proof of anything.
/// let p = [0.6; 10];
/// let y: Vec<bool> = (0..10).map(|i| i < 5).collect();
/// let f = Forecasts::new(&p, &y)?;
/// let interval = ErrorInterval::default().of(&f, &Bins::default(), |e| e.ece)?;
/// assert_eq!(interval.lower, 0.0);
/// assert!(interval.upper > 0.1);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
///
/// [`PerfectCalibrationTest`]: crate::PerfectCalibrationTest
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorInterval {
    /// Draws of each test.
    pub draws: usize,
    /// Confidence level, 0.95 for a 95 % interval.
    pub level: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for ErrorInterval {
    /// 95 % from a thousand draws.
    fn default() -> Self {
        Self { draws: 1000, level: 0.95, seed: 0 }
    }
}

impl ErrorInterval {
    /// The interval of one part of the calibration error, such as `|e| e.ece`.
    ///
    /// # Errors
    /// [`Error::BadParameter`](crate::Error::BadParameter) for no draws, a
    /// level outside (0, 1), or bad bins.
    ///
    /// # Numerics
    /// The ends are found by bisection to 1/256 of their bracket, rounded
    /// outwards; all tests share their random numbers. The upper end is at
    /// least the estimate, which exceeds the true error on average (Jensen).
    /// Without any observed gap the ray points towards ½.
    ///
    /// # References
    /// Dawid 1982 and Bröcker and Smith 2007 for the draws under calibration;
    /// Kumar, Liang and Ma 2019 for the bias.
    pub fn of(
        &self,
        f: &Forecasts<'_>,
        bins: &Bins,
        part: impl Fn(&CalibrationError) -> f64,
    ) -> Result<Interval> {
        check::open_unit("level", self.level)?;
        check::parameter("draws", self.draws as f64, self.draws > 0, "it must be at least 1")?;
        let ray = Ray::new(f, bin_of_samples(f, bins)?, bins.n_bins());
        let estimate = part(&ray.error(|i| f64::from(u8::from(f.y()[i]))));
        let truth = |t: f64| part(&ray.error(|i| ray.rate(i, t)));
        let tail = 0.5 * (1.0 - self.level);
        // Sums in another order differ by rounding: a tie must stay a tie.
        let slack = 1e-12 * estimate;
        let as_large = |t: f64| self.share(&ray, t, |e| part(e) >= estimate - slack) > tail;
        let as_small = |t: f64| self.share(&ray, t, |e| part(e) <= estimate + slack) > tail;

        let lower = if as_large(0.0) { 0.0 } else { truth(last_true(1.0, 0.0, as_large).1) };
        let upper = if as_small(1.0) {
            let mut far = 2.0;
            // Beyond the ends of [0, 1] the truth no longer moves.
            while as_small(far) && truth(2.0 * far) > truth(far) {
                far *= 2.0;
            }
            if as_small(far) { truth(far) } else { truth(last_true(0.5 * far, far, as_small).1) }
        } else {
            estimate
        };
        Ok(Interval {
            estimate,
            lower: lower.min(estimate),
            upper: upper.max(estimate),
            level: self.level,
        })
    }

    /// (1 + number of draws at t that satisfy the condition) / (1 + draws).
    fn share(&self, ray: &Ray<'_>, t: f64, holds: impl Fn(&CalibrationError) -> bool) -> f64 {
        let rates: Vec<f64> = (0..ray.f.len()).map(|i| ray.rate(i, t)).collect();
        let mut rng = stream(self.seed, Purpose::Consistency);
        let draw =
            |_: &usize| holds(&ray.error(|i| f64::from(u8::from(rng.random::<f64>() < rates[i]))));
        (1 + (0..self.draws).filter(draw).count()) as f64 / (1 + self.draws) as f64
    }
}

/// Bisects between a t that holds and one that does not, eight times; returns
/// both ends of what is left.
fn last_true(mut yes: f64, mut no: f64, holds: impl Fn(f64) -> bool) -> (f64, f64) {
    for _ in 0..8 {
        let middle = f64::midpoint(yes, no);
        if holds(middle) { yes = middle } else { no = middle }
    }
    (yes, no)
}

/// Truths p + t · gap, with the samples' bins found once.
struct Ray<'a> {
    f: &'a Forecasts<'a>,
    bin: Vec<usize>,
    /// The direction of each bin.
    gaps: Vec<f64>,
    /// Rows without frequencies.
    rows: Vec<BinRow>,
    total: f64,
}

impl<'a> Ray<'a> {
    fn new(f: &'a Forecasts<'a>, bin: Vec<usize>, n_bins: usize) -> Self {
        let empty = BinRow {
            lower: 0.0,
            upper: 1.0,
            count: 0,
            weight: 0.0,
            effective: 0.0,
            mean_p: None,
            frequency: None,
        };
        let mut rows = vec![empty; n_bins];
        let (mut p_sum, mut y_sum, mut squares) =
            (vec![0.0; n_bins], vec![0.0; n_bins], vec![0.0; n_bins]);
        for ((p, y, w), &m) in f.iter().zip(&bin) {
            rows[m].count += 1;
            rows[m].weight += w;
            squares[m] += w * w;
            p_sum[m] += w * p;
            y_sum[m] += if y { w } else { 0.0 };
        }
        let mut gaps = vec![0.0; n_bins];
        for (m, row) in rows.iter_mut().enumerate().filter(|(_, row)| row.weight > 0.0) {
            row.mean_p = Some(p_sum[m] / row.weight);
            row.effective = row.weight * row.weight / squares[m];
            gaps[m] = (y_sum[m] - p_sum[m]) / row.weight;
        }
        if gaps.iter().all(|g| g.abs() <= 1e-15) {
            for (gap, row) in gaps.iter_mut().zip(&rows) {
                *gap = row.mean_p.map_or(0.0, |p| if p < 0.5 { 0.01 } else { -0.01 });
            }
        }
        let total = rows.iter().map(|row| row.weight).sum();
        Self { f, bin, gaps, rows, total }
    }

    /// How often sample i happens at t.
    fn rate(&self, i: usize, t: f64) -> f64 {
        (self.f.p()[i] + t * self.gaps[self.bin[i]]).clamp(0.0, 1.0)
    }

    /// The error of given outcomes, or of their rates.
    fn error(&self, mut outcome: impl FnMut(usize) -> f64) -> CalibrationError {
        let mut sums = vec![0.0; self.rows.len()];
        for (i, &m) in self.bin.iter().enumerate() {
            sums[m] += self.f.weight(i) * outcome(i);
        }
        let mut rows = self.rows.clone();
        for (row, sum) in rows.iter_mut().zip(sums).filter(|(row, _)| row.weight > 0.0) {
            row.frequency = Some(sum / row.weight);
        }
        CalibrationError::of_rows(&rows, self.total)
    }
}
