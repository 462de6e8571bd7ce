//! How good a regression is: R², RMSE and MAE on rows the model has not seen,
//! each with an interval, beside the baseline that always answers the training
//! mean (notes §3.2, §4.1.2).

mod moment;
mod scores;
#[cfg(test)]
mod tests;

use crate::{Error, Result};
use moment::{Moment, check_pair};
pub(crate) use moment::{check_weights, mean as weighted_mean, root_mean_square};
pub use scores::{Baseline, Estimate, RegressionScores, regression_scores};

/// R² = 1 − Σ(yᵢ − ŷᵢ)² / Σ(yᵢ − ȳ)², the share of the variance explained.
///
/// `None` when every yᵢ is the same, because nothing is left to explain.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::TooFewRows`] for no rows,
/// [`Error::NonFinite`].
///
/// # Examples
/// ```
/// # use wonderland_models::r2;
/// // Squared errors 1 + 0 + 1 against deviations 4 + 0 + 4 from the mean 3.
/// assert_eq!(r2(&[1.0, 3.0, 5.0], &[2.0, 3.0, 4.0])?, Some(0.75));
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn r2(y: &[f64], y_hat: &[f64]) -> Result<Option<f64>> {
    Ok(regression_scores(y, y_hat, None, 0.0, DEFAULT_CONFIDENCE)?.r2.map(|r2| r2.value))
}

/// RMSE = √(1/n Σ(yᵢ − ŷᵢ)²), in the units of y.
///
/// # Errors
/// As [`r2`].
///
/// # Examples
/// ```
/// # use wonderland_models::rmse;
/// assert_eq!(rmse(&[0.0, 0.0], &[1.0, -7.0])?, 5.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn rmse(y: &[f64], y_hat: &[f64]) -> Result<f64> {
    check_pair(y, y_hat)?;
    Ok(Moment::root_mean_square(&errors(y, y_hat)?, None).size)
}

/// MAE = 1/n Σ|yᵢ − ŷᵢ|, in the units of y.
///
/// # Errors
/// As [`r2`].
///
/// # Examples
/// ```
/// # use wonderland_models::mae;
/// assert_eq!(mae(&[0.0, 0.0], &[1.0, -7.0])?, 4.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn mae(y: &[f64], y_hat: &[f64]) -> Result<f64> {
    check_pair(y, y_hat)?;
    Ok(Moment::mean_absolute(&errors(y, y_hat)?, None).size)
}

/// Confidence of the intervals unless another is asked for.
pub(crate) const DEFAULT_CONFIDENCE: f64 = 0.95;

/// yᵢ − ŷᵢ, refused where two finite numbers are further apart than any number.
fn errors(y: &[f64], y_hat: &[f64]) -> Result<Vec<f64>> {
    let e: Vec<f64> = y.iter().zip(y_hat).map(|(y, y_hat)| y - y_hat).collect();
    if e.iter().all(|e| e.is_finite()) { Ok(e) } else { Err(Error::Overflow { what: "y − ŷ" }) }
}
