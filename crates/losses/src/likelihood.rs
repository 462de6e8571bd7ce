//! Likelihood (notes §3.2.2, §3.2.3): what a model gives to what happened, for
//! one sample and for a whole set, and why one works with its logarithm.

use wonderland_linalg::Scalar;

use crate::loss::check_values;
use crate::sum::Sum;
use crate::{Error, Result, cross_entropy::probability_rule};

/// Returns Πⱼ pⱼ^(yⱼ), the probability of the class that the one-hot vector
/// `y_one_hot` marks; 0⁰ = 1.
///
/// # Errors
/// Wrong lengths; entries of `y_one_hot` other than 0 and 1, or not exactly one
/// 1; probabilities outside \[0, 1\].
///
/// # References
/// Notes §3.2.2.
///
/// # Examples
/// ```
/// let p = wonderland_losses::categorical_likelihood(&[0.0, 1.0, 0.0], &[0.2, 0.5, 0.3])?;
/// assert_eq!(p, 0.5);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn categorical_likelihood<T: Scalar>(y_one_hot: &[T], proba: &[T]) -> Result<T> {
    crate::loss::same_length("proba", proba.len(), y_one_hot.len())?;
    check_values("y_one_hot", y_one_hot, |v| {
        (![0.0, 1.0].contains(&v)).then_some("a one-hot vector holds 0 and 1 only")
    })?;
    check_values("proba", proba, probability_rule)?;
    let ones: T = y_one_hot.iter().copied().sum();
    if ones != T::ONE {
        return Err(Error::BadSetting {
            name: "the sum of a one-hot vector",
            value: ones.to_f64(),
            rule: "exactly one entry must be 1",
        });
    }
    let factor = |(&y, &p): (&T, &T)| if y == T::ONE { p } else { T::ONE };
    Ok(y_one_hot.iter().zip(proba).map(factor).fold(T::ONE, |product, f| product * f))
}

/// Returns Πᵢ pᵢ, the likelihood of independent samples that were given the
/// probabilities `p`.
///
/// It underflows to 0 for a few hundred samples; [`log_likelihood`] does not,
/// and has the same maximiser.
///
/// # Errors
/// Values outside \[0, 1\].
///
/// # References
/// Notes §3.2.3 (the product runs to n).
///
/// # Examples
/// ```
/// use wonderland_losses::{likelihood, log_likelihood};
/// let p = vec![0.1; 400];
/// assert_eq!(likelihood(&p)?, 0.0); // 10⁻⁴⁰⁰ is no f64
/// assert!((log_likelihood(&p)? / (400.0 * 0.1f64.ln()) - 1.0).abs() < 1e-14);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn likelihood<T: Scalar>(p: &[T]) -> Result<T> {
    check_values("p", p, probability_rule)?;
    Ok(p.iter().fold(T::ONE, |product, &p| product * p))
}

/// Returns Σᵢ ln pᵢ, the log-likelihood of independent samples; its negative
/// is what is minimised. −∞ when some pᵢ = 0.
///
/// # Errors
/// Values outside \[0, 1\].
///
/// # References
/// Notes §3.2.3.
///
/// # Examples
/// ```
/// assert_eq!(wonderland_losses::log_likelihood(&[0.5, 0.5])?, 0.25f64.ln());
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn log_likelihood<T: Scalar>(p: &[T]) -> Result<T> {
    check_values("p", p, probability_rule)?;
    let mut sum = Sum::default();
    p.iter().for_each(|&p| sum.add(p.ln()));
    Ok(sum.total())
}
