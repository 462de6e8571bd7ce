//! Intervals of a binned calibration error that stay right where forecasts are
//! nearly calibrated.
//!
//! An error is a sum of sizes of gaps: noise adds to it, resampled noise adds
//! twice, and where the true gaps are small the whole bootstrap lies above the
//! estimate. Instead, every truth on a ray is tested: outcomes that follow
//! p + t · gap of its bin, from perfect calibration (t = 0) over the gaps as
//! observed (t = 1) and on. The interval holds the errors of the truths that
//! are not rejected.

use rand::{Rng, RngExt};
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
        let tails = |truths: &Truths| self.tails(&ray, truths, estimate, &part);
        let large = |truths: &Truths| tails(truths).map(|tail| tail.large);
        let small = |truths: &Truths| tails(truths).map(|tail| tail.small);
        let doubling: Truths = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        let at_doubling = tails(&doubling);
        let as_small = |t: f64| match doubling.iter().position(|s| s.total_cmp(&t).is_eq()) {
            Some(k) => at_doubling[k].small,
            None => small(&[t; TRUTHS])[0],
        };

        let lower = if at_doubling[0].large { 0.0 } else { truth(last_true(1.0, 0.0, large).1) };
        let upper = if as_small(1.0) {
            let mut far = 2.0;
            // Beyond the ends of [0, 1] the truth no longer moves.
            while as_small(far) && truth(2.0 * far) > truth(far) {
                far *= 2.0;
            }
            if as_small(far) { truth(far) } else { truth(last_true(0.5 * far, far, small).1) }
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

    /// Whether (1 + number of draws at t with an error as large, as small as the
    /// estimate) / (1 + draws) exceeds the tail.
    fn tails(
        &self,
        ray: &Ray<'_>,
        truths: &Truths,
        estimate: f64,
        part: impl Fn(&CalibrationError) -> f64,
    ) -> [Tail<bool>; TRUTHS] {
        // Sums in another order differ by rounding: a tie must stay a tie.
        let slack = 1e-12 * estimate;
        let mut counts = [Tail { large: 1_usize, small: 1 }; TRUTHS];
        let mut rng = stream(self.seed, Purpose::Consistency);
        for _ in 0..self.draws {
            let sums = ray.draw(truths, &mut rng);
            for (k, count) in counts.iter_mut().enumerate() {
                let error = part(&ray.error_of(sums.iter().map(|sums| sums[k])));
                count.large += usize::from(error >= estimate - slack);
                count.small += usize::from(error <= estimate + slack);
            }
        }
        let tail = 0.5 * (1.0 - self.level);
        let exceeds = |count: usize| count as f64 / (1 + self.draws) as f64 > tail;
        counts.map(|c| Tail { large: exceeds(c.large), small: exceeds(c.small) })
    }
}

/// Truths that are tested together: they share their random numbers, and to
/// draw those takes longer than to compare them.
const TRUTHS: usize = 8;
/// Samples of which the random numbers are drawn before any is compared.
const BLOCK: usize = 512;
/// Places t of truths on the ray.
type Truths = [f64; TRUTHS];

/// What is asked of the draws at a truth.
#[derive(Debug, Clone, Copy)]
struct Tail<C> {
    /// An error at least as large as the estimate.
    large: C,
    /// One at most as large.
    small: C,
}

/// Bisects between a t that holds and one that does not, eight times; returns
/// both ends of what is left.
///
/// All that three steps may ask for is asked at once: the middles of a tree, in
/// which the ends at 2i and 2i + 1 follow those at i.
fn last_true(mut yes: f64, mut no: f64, holds: impl Fn(&Truths) -> [bool; TRUTHS]) -> (f64, f64) {
    for steps in [3, 3, 2] {
        let mut ends = [(yes, no); TRUTHS];
        for i in 1..TRUTHS / 2 {
            let (yes, no) = ends[i];
            let middle = f64::midpoint(yes, no);
            (ends[2 * i], ends[2 * i + 1]) = ((middle, no), (yes, middle));
        }
        let middles = ends.map(|(yes, no)| f64::midpoint(yes, no));
        let held = holds(&middles);
        let mut at = 1;
        for _ in 0..steps {
            if held[at] {
                yes = middles[at];
                at *= 2;
            } else {
                no = middles[at];
                at = 2 * at + 1;
            }
        }
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
        self.error_of(sums.into_iter())
    }

    /// The error of given sums of weights of outcomes in every bin.
    fn error_of(&self, sums: impl Iterator<Item = f64>) -> CalibrationError {
        let mut rows = self.rows.clone();
        for (row, sum) in rows.iter_mut().zip(sums).filter(|(row, _)| row.weight > 0.0) {
            row.frequency = Some(sum / row.weight);
        }
        CalibrationError::of_rows(&rows, self.total)
    }

    /// Draws the outcomes at several truths from the same random numbers, and
    /// sums the weights of those that happen, in every bin.
    fn draw(&self, truths: &Truths, rng: &mut impl Rng) -> Vec<[f64; TRUTHS]> {
        let mut sums = vec![[0.0; TRUTHS]; self.rows.len()];
        let shifts: Vec<_> = self.gaps.iter().map(|gap| truths.map(|t| t * gap)).collect();
        let mut u = [0.0; BLOCK];
        let arch = pulp::Arch::new();
        for (block, (p, bin)) in
            self.f.p().chunks(u.len()).zip(self.bin.chunks(u.len())).enumerate()
        {
            let u = &mut u[..p.len()];
            u.iter_mut().for_each(|u| *u = rng.random());
            let weight = |i: usize| self.f.weight(block * BLOCK + i);
            arch.dispatch(|| {
                for (i, ((u, p), &m)) in u.iter().zip(p).zip(bin).enumerate() {
                    let w = weight(i);
                    for (sum, shift) in sums[m].iter_mut().zip(&shifts[m]) {
                        // The rate is clamped to [0, 1], where every u lies.
                        *sum += if *u < p + shift { w } else { 0.0 };
                    }
                }
            });
        }
        sums
    }
}
