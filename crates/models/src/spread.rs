//! Mean and standard deviation of a column, safe for numbers of any size.

use crate::regression::{check_weights, weighted_mean};
use crate::{Error, Result};

/// The mean 1/n Σ xᵢ, or Σ sᵢxᵢ / Σ sᵢ with weights s.
///
/// # Errors
/// [`Error::TooFewRows`] for no entries, [`Error::NonFinite`],
/// [`Error::InvalidWeights`].
///
/// # Numerics
/// Two passes over values scaled by the largest: an error of an ulp or so, no
/// overflow.
///
/// # Examples
/// ```
/// # use wonderland_models::mean;
/// assert_eq!(mean(&[1.0, 2.0, 6.0], None)?, 3.0);
/// assert_eq!(mean(&[1.0, 5.0], Some(&[3.0, 1.0]))?, 2.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn mean(x: &[f64], weights: Option<&[f64]>) -> Result<f64> {
    check(x, "a mean")?;
    if let Some(weights) = weights {
        check_weights(weights, x.len())?;
    }
    Ok(weighted_mean(x, weights))
}

/// The standard deviation √(1/n Σ (xᵢ − x̄)²).
///
/// # Errors
/// [`Error::TooFewRows`] for no entries, [`Error::NonFinite`].
///
/// # Numerics
/// Two passes over values scaled by the largest; exactly 0 for a constant
/// column.
///
/// # Examples
/// ```
/// # use wonderland_models::standard_deviation;
/// assert_eq!(standard_deviation(&[1.0, 3.0, 1.0, 3.0])?, 1.0);
/// assert_eq!(standard_deviation(&[0.1, 0.1, 0.1])?, 0.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn standard_deviation(x: &[f64]) -> Result<f64> {
    check(x, "a standard deviation")?;
    if x.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq()) {
        return Ok(0.0);
    }
    let largest = x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return Ok(0.0);
    }
    let scaled: Vec<f64> = x.iter().map(|x| x / largest).collect();
    let centre = weighted_mean(&scaled, None);
    let deviations: Vec<f64> = scaled.iter().map(|x| x - centre).collect();
    // A second scaling: deviations may be so small that squares vanish.
    let widest = deviations.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    let squares: f64 = deviations.iter().map(|d| (d / widest).powi(2)).sum();
    Ok((squares / x.len() as f64).sqrt() * widest * largest)
}

fn check(x: &[f64], what: &'static str) -> Result<()> {
    if x.is_empty() {
        return Err(Error::TooFewRows { what, needed: 1, actual: 0 });
    }
    match x.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NonFinite { name: "x", index, value: x[index] }),
        None => Ok(()),
    }
}
