//! From a table to numbers: ECE, MCE, RMS, debiased; and the three multiclass
//! readings, which differ and therefore have three names (notes §4.3.4).

use serde::{Deserialize, Serialize};

use super::bins::{Bins, equal_mass_ends};
use super::table::{BinRow, reliability_table};
use crate::{ClassForecasts, Forecasts, Result};

/// Calibration errors of one binning, with gapₘ = |frequencyₘ − mean pₘ|.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationError {
    /// Expected calibration error Σ (nₘ/n) gapₘ.
    pub ece: f64,
    /// Maximum calibration error over the bins that are not empty.
    pub mce: f64,
    /// Root mean square √(Σ (nₘ/n) gapₘ²).
    pub rms: f64,
    /// Σ (nₘ/n) [gapₘ² − aₘ(1 − aₘ)/(nₘ − 1)], the squared error without the
    /// sampling noise of the frequencies aₘ; it may be negative, and is then
    /// no evidence of miscalibration. Bins with fewer than two samples add 0.
    pub debiased_squared: f64,
    /// Mean gap over the bins that are not empty, each counted once (called
    /// ACE in some libraries).
    pub unweighted_gap: f64,
    /// Number of bins that are not empty.
    pub n_filled: usize,
}

impl CalibrationError {
    pub(crate) fn of_rows(rows: &[BinRow], total: f64) -> Self {
        let mut error = Self {
            ece: 0.0,
            mce: 0.0,
            rms: 0.0,
            debiased_squared: 0.0,
            unweighted_gap: 0.0,
            n_filled: 0,
        };
        let mut square = 0.0;
        for row in rows {
            let (Some(gap), Some(a)) = (row.gap(), row.frequency) else { continue };
            let share = row.weight / total;
            error.ece += share * gap;
            error.mce = error.mce.max(gap);
            square += share * gap * gap;
            if row.effective >= 2.0 {
                error.debiased_squared +=
                    share * (gap * gap - a * (1.0 - a) / (row.effective - 1.0));
            }
            error.unweighted_gap += gap;
            error.n_filled += 1;
        }
        error.rms = square.sqrt();
        error.unweighted_gap /= error.n_filled.max(1) as f64;
        error
    }

    /// √max(0, debiased squared error).
    #[must_use]
    pub fn debiased_rms(&self) -> f64 {
        self.debiased_squared.max(0.0).sqrt()
    }

    /// Σ shareᵢ errorᵢ; the RMS is averaged as a square, the MCE is the largest.
    fn combine(parts: impl Iterator<Item = (f64, Self)>) -> Self {
        let zero = Self::of_rows(&[], 1.0);
        let (mut all, mut filled, mut gaps) = (zero, 0, 0.0);
        for (share, e) in parts {
            all.ece += share * e.ece;
            all.mce = all.mce.max(e.mce);
            all.rms += share * e.rms * e.rms;
            all.debiased_squared += share * e.debiased_squared;
            gaps += e.unweighted_gap * e.n_filled as f64;
            filled += e.n_filled;
        }
        all.rms = all.rms.sqrt();
        all.unweighted_gap = gaps / filled.max(1) as f64;
        all.n_filled = filled;
        all
    }
}

/// The calibration error of binary forecasts.
///
/// # Errors
/// [`BadParameter`](crate::Error::BadParameter) when the number of bins is 0
/// or beyond a million.
///
/// # Numerics
/// f64 sums, exact without weights, so that the order of the samples does not
/// matter. A bin without samples counts nothing.
///
/// # References
/// Notes §4.3.4; Guo et al. 2017; Kumar et al. 2019 for the debiased square.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, Forecasts, calibration_error};
/// let f = Forecasts::new(&[0.25, 0.75, 0.75, 0.75], &[false, true, true, false])?;
/// let e = calibration_error(&f, &Bins::equal_width(2))?;
/// // Gaps 1/4 with weight 1/4, and |2/3 − 3/4| = 1/12 with weight 3/4.
/// assert!((e.ece - 0.125).abs() < 1e-15);
/// assert_eq!(e.mce, 0.25);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn calibration_error(f: &Forecasts<'_>, bins: &Bins) -> Result<CalibrationError> {
    reliability_table(f, bins)?.error()
}

/// The error of the top class: confidence maxₖ Pₖ against "the top class is
/// the true one". This is the ECE of the notes.
///
/// # Errors
/// As [`calibration_error`].
///
/// # References
/// Notes §4.3.4; Guo et al. 2017.
pub fn confidence_calibration_error(
    f: &ClassForecasts<'_>,
    bins: &Bins,
) -> Result<CalibrationError> {
    calibration_error(&f.confidence(), bins)
}

/// The error of the top class given which class it is:
/// Σₖ P(predicted = k) · error(confidence, hit given predicted = k).
///
/// Never smaller than [`confidence_calibration_error`] with the same
/// equal-width bins, because classes can no longer cancel.
///
/// # Errors
/// As [`calibration_error`].
///
/// # References
/// Gupta and Ramdas 2022.
pub fn top_label_calibration_error(
    f: &ClassForecasts<'_>,
    bins: &Bins,
) -> Result<CalibrationError> {
    let total: f64 = (0..f.n_samples()).map(|i| f.weight(i)).sum();
    let mut parts = Vec::new();
    for part in (0..f.n_classes()).filter_map(|k| f.predicted_as(k)) {
        let share = (0..part.len()).map(|i| part.weight(i)).sum::<f64>() / total;
        parts.push((share, calibration_error(&part, bins)?));
    }
    Ok(CalibrationError::combine(parts.into_iter()))
}

/// The error of every class against the rest, averaged over the m classes:
/// (1/m) Σₖ error(Pₖ, y = k).
///
/// # Errors
/// As [`calibration_error`].
///
/// # References
/// Kull et al. 2019 (classwise), Nixon et al. 2019 (static calibration error).
pub fn classwise_calibration_error(
    f: &ClassForecasts<'_>,
    bins: &Bins,
) -> Result<CalibrationError> {
    let m = f.n_classes();
    let parts: Result<Vec<_>> =
        (0..m).map(|k| Ok((1.0 / m as f64, calibration_error(&f.class(k), bins)?))).collect();
    Ok(CalibrationError::combine(parts?.into_iter()))
}

/// The equal-mass calibration error with the largest number of bins whose
/// frequencies do not decrease, scanning up from one and stopping at the first
/// failure; returns that number and the error.
///
/// # Errors
/// Cannot fail on checked forecasts.
///
/// # References
/// Roelofs et al. 2022.
#[expect(clippy::float_cmp, reason = "ties are equal to the last bit")]
pub fn ece_sweep(f: &Forecasts<'_>) -> Result<(usize, CalibrationError)> {
    // Sorted once; each number of bins then needs only cumulative sums.
    let order = f.order();
    let p: Vec<f64> = order.iter().map(|&i| f.p()[i as usize]).collect();
    let w: Vec<f64> = order.iter().map(|&i| f.weight(i as usize)).collect();
    let equal = w.iter().all(|&x| x == w[0]);
    let (mut events, mut weight) = (vec![0.0], vec![0.0]);
    for (&i, &w) in order.iter().zip(&w) {
        let y = if f.y()[i as usize] { w } else { 0.0 };
        events.push(events[events.len() - 1] + y);
        weight.push(weight[weight.len() - 1] + w);
    }
    let monotone = |n_bins: usize| {
        let (mut start, mut before) = (0, f64::NEG_INFINITY);
        equal_mass_ends(&p, (!equal).then_some(&w), n_bins).into_iter().all(|end| {
            let mass = weight[end] - weight[start];
            let frequency = (events[end] - events[start]) / mass;
            start = end;
            let rises = mass <= 0.0 || frequency >= before;
            before = if mass > 0.0 { frequency } else { before };
            rises
        })
    };
    let n_bins = (2..=f.len()).take_while(|&b| monotone(b)).last().unwrap_or(1);
    Ok((n_bins, calibration_error(f, &Bins::equal_mass(n_bins))?))
}
