//! The probability simplex (notes §4.2.1): vectors p with pᵢ ≥ 0 and Σ pᵢ = 1.

use wonderland_linalg::Scalar;

use crate::loss::check_values;
use crate::sum::Sum;
use crate::{Error, Result};

/// Checks that `p` lies on the simplex: entries not negative, and a sum within
/// `tolerance` of 1; the error reports the sum that came.
///
/// [`simplex_tolerance`] is what rounding alone may cause.
///
/// # Errors
/// [`Error::Empty`], [`Error::OutOfDomain`], [`Error::NotOnSimplex`].
///
/// # References
/// Notes §4.2.1; their example \[0.2, 0.3, 0.4\] sums to 0.9.
///
/// # Examples
/// ```
/// use wonderland_losses::{Error, check_simplex};
/// check_simplex(&[0.2, 0.3, 0.5], 1e-12)?;
/// let Err(Error::NotOnSimplex { sum, .. }) = check_simplex(&[0.2, 0.3, 0.4], 1e-12) else {
///     panic!("these are no probabilities");
/// };
/// assert!((sum - 0.9).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn check_simplex<T: Scalar>(p: &[T], tolerance: f64) -> Result<()> {
    if p.is_empty() {
        return Err(Error::Empty { name: "p" });
    }
    check_values("p", p, |v| (v < 0.0).then_some("probabilities must not be negative"))?;
    let mut sum = Sum::default();
    p.iter().for_each(|v| sum.add(v.to_f64()));
    let sum = sum.total();
    if (sum - 1.0).abs() <= tolerance {
        return Ok(());
    }
    Err(Error::NotOnSimplex { sum, tolerance })
}

/// Returns how far from 1 rounding may push the sum of m probabilities of
/// type `T` that were normalised in it: (m + 4) ε.
///
/// Each entry carries a relative error of at most about two roundings, and the
/// normalising sum of at most m/2.
///
/// # Examples
/// ```
/// assert_eq!(wonderland_losses::simplex_tolerance::<f64>(4), 8.0 * f64::EPSILON);
/// ```
#[must_use]
pub fn simplex_tolerance<T: Scalar>(m: usize) -> f64 {
    (m + 4) as f64 * T::EPSILON.to_f64()
}
