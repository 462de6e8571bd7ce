//! The CORP decomposition: score = miscalibration − discrimination +
//! uncertainty, where the calibrated forecast is the isotonic regression, so
//! that no bins are chosen.

use serde::{Deserialize, Serialize};

use super::brier::{brier, weighted_mean};
use super::log_loss::{log_loss, surprise};
use crate::Forecasts;
use crate::pav::{blocks, pool_ties};

/// score = miscalibration − discrimination + uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Corp {
    /// The mean score of the forecasts.
    pub score: f64,
    /// MCB ≥ 0: what recalibration by PAV would gain.
    pub miscalibration: f64,
    /// DSC ≥ 0: what the recalibrated forecasts gain over the base rate.
    pub discrimination: f64,
    /// UNC: the score of the base rate.
    pub uncertainty: f64,
}

/// The CORP decomposition of the Brier score.
///
/// # References
/// Dimitriadis, Gneiting and Jordan 2021.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, corp_brier};
/// // Recalibrated, the two halves become 0 and 1.
/// let c = corp_brier(&Forecasts::new(&[0.4, 0.4, 0.6, 0.6], &[false, false, true, true])?);
/// assert!((c.miscalibration - 0.16).abs() < 1e-15);
/// assert_eq!((c.discrimination, c.uncertainty), (0.25, 0.25));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[must_use]
pub fn corp_brier(f: &Forecasts<'_>) -> Corp {
    decompose(f, brier(f), |p, y| {
        let d = p - f64::from(u8::from(y));
        d * d
    })
}

/// The CORP decomposition of the log loss; score and miscalibration are +∞
/// when an outcome had probability 0.
#[must_use]
pub fn corp_log_loss(f: &Forecasts<'_>) -> Corp {
    decompose(f, log_loss(f), surprise)
}

fn decompose(f: &Forecasts<'_>, score: f64, loss: impl Fn(f64, bool) -> f64) -> Corp {
    // Every forecast of a block has the block's mean; within it, `sum` of the
    // weight are events.
    let parts = blocks(&pool_ties(f.iter()));
    let mean_loss = |p: f64, sum: f64, weight: f64| {
        let (yes, no) = (sum, weight - sum);
        let of = |w: f64, y: bool| if w > 0.0 { w * loss(p, y) } else { 0.0 };
        (of(yes, true) + of(no, false)) / weight
    };
    let calibrated =
        weighted_mean(parts.iter().map(|b| (mean_loss(b.mean(), b.sum, b.weight), b.weight)));
    let (sum, weight) = parts.iter().fold((0.0, 0.0), |a, b| (a.0 + b.sum, a.1 + b.weight));
    let uncertainty = mean_loss(sum / weight, sum, weight);
    Corp {
        score,
        // Both are differences of nearly equal means when small; they are
        // not negative but for rounding.
        miscalibration: (score - calibrated).max(0.0),
        discrimination: (uncertainty - calibrated).max(0.0),
        uncertainty,
    }
}
