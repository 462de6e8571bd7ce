//! Log loss: mean −ln of the probability given to what happened, honestly
//! infinite when something ruled out happens.

use serde::{Deserialize, Serialize};

use super::brier::weighted_mean;
use crate::{ClassForecasts, Forecasts, Result, check};

/// The binary log loss −(1/n) Σ [y ln p + (1 − y) ln(1 − p)], natural log.
///
/// # Numerics
/// +∞ when an outcome had probability 0; nothing is clipped. See
/// [`clipped_log_loss`] for a bounded variant that says how often it clipped.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, log_loss};
/// let f = Forecasts::new(&[0.5, 0.5], &[true, false])?;
/// assert_eq!(log_loss(&f), std::f64::consts::LN_2);
/// assert_eq!(log_loss(&Forecasts::new(&[1.0], &[false])?), f64::INFINITY);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[must_use]
pub fn log_loss(f: &Forecasts<'_>) -> f64 {
    weighted_mean(f.iter().map(|(p, y, w)| (surprise(p, y), w)))
}

/// The multiclass log loss −(1/n) Σ ln Pᵢ\[yᵢ\], natural log; see [`log_loss`].
#[must_use]
pub fn log_loss_multiclass(f: &ClassForecasts<'_>) -> f64 {
    let P = f.proba().as_mat();
    weighted_mean(f.labels().iter().enumerate().map(|(i, &y)| (-P[(i, y)].ln(), f.weight(i))))
}

/// A log loss with clipped probabilities, and how many were clipped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogLoss {
    /// The loss.
    pub value: f64,
    /// Samples whose outcome had a probability below the floor.
    pub n_clipped: usize,
}

/// The binary log loss with the probability of what happened raised to at
/// least `floor`.
///
/// # Errors
/// [`BadParameter`](crate::Error::BadParameter) unless 0 < floor < 1.
pub fn clipped_log_loss(f: &Forecasts<'_>, floor: f64) -> Result<LogLoss> {
    check::open_unit("floor", floor)?;
    let limit = -floor.ln();
    let n_clipped = f.iter().filter(|&(p, y, _)| surprise(p, y) > limit).count();
    let value = weighted_mean(f.iter().map(|(p, y, w)| (surprise(p, y).min(limit), w)));
    Ok(LogLoss { value, n_clipped })
}

/// −ln of the probability given to the outcome.
pub(crate) fn surprise(p: f64, y: bool) -> f64 {
    if y { -p.ln() } else { -(-p).ln_1p() }
}
