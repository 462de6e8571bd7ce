//! Empirical risk and the generalisation gap (notes §3.2, §3.2.1): the mean
//! loss on the samples at hand, and how much worse unseen samples fare.

use wonderland_linalg::Scalar;

use crate::loss::{check_values, scale, weight};
use crate::sum::Sum;
use crate::{Reduction, Result};

/// Returns the empirical risk of losses already computed:
/// Σᵢ wᵢ lᵢ / Σᵢ wᵢ, the mean when no weights are given.
///
/// # Errors
/// No losses; losses that are not finite; bad weights.
///
/// # References
/// Notes §3.2, §3.2.1.
///
/// # Examples
/// ```
/// use wonderland_losses::empirical_risk;
/// assert_eq!(empirical_risk(&[1.0, 3.0], None)?, 2.0);
/// assert_eq!(empirical_risk(&[1.0, 3.0], Some(&[3.0, 1.0]))?, 1.5);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn empirical_risk<T: Scalar>(losses: &[T], weights: Option<&[T]>) -> Result<T> {
    let scale: T = scale(losses, weights, Reduction::Mean)?;
    check_values("losses", losses, |_| None)?;
    let mut sum = Sum::default();
    losses.iter().enumerate().for_each(|(i, &l)| sum.add(weight(weights, i) * l));
    Ok(sum.total() * scale)
}

/// The estimate of a generalisation gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneralisationGap {
    /// Mean loss on the training samples.
    pub train: f64,
    /// Mean loss on samples never seen, the estimate of the expected risk.
    pub test: f64,
    /// `test − train`: positive for a model that memorises.
    pub gap: f64,
    /// Standard error of `test`, from the spread of its losses; infinite for
    /// one sample, which shows no spread.
    pub standard_error: f64,
}

/// Estimates the generalisation gap, expected minus empirical risk, by the
/// mean loss on a test set.
///
/// # Errors
/// As [`empirical_risk`].
///
/// # References
/// Notes §3.2.1.
///
/// # Examples
/// ```
/// let gap = wonderland_losses::generalisation_gap(&[0.0, 1.0], &[1.0, 3.0])?;
/// assert_eq!((gap.train, gap.test, gap.gap, gap.standard_error), (0.5, 2.0, 1.5, 1.0));
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn generalisation_gap(train: &[f64], test: &[f64]) -> Result<GeneralisationGap> {
    let (on_train, on_test) = (empirical_risk(train, None)?, empirical_risk(test, None)?);
    let n = test.len() as f64;
    let squares: f64 = test.iter().map(|l| (l - on_test).powi(2)).sum();
    let standard_error =
        if test.len() > 1 { (squares / (n - 1.0) / n).sqrt() } else { f64::INFINITY };
    Ok(GeneralisationGap {
        train: on_train,
        test: on_test,
        gap: on_test - on_train,
        standard_error,
    })
}
