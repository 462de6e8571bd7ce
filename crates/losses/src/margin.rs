//! The margin as a loss (notes §3.2).

use wonderland_linalg::Real;

use crate::{Loss, sign};

/// l(y, ŷ) = −yŷ for y ∈ {−1, +1}, with ∂l/∂ŷ = −y.
///
/// The margin yŷ is positive for a correct sign and wants to be large, so the
/// loss is its negative. It is unbounded below: it needs a penalty or a bound
/// on the scores.
///
/// # References
/// Notes §3.2, with the sign the erratum settles.
///
/// # Examples
/// ```
/// use wonderland_losses::{Loss, Margin, margin};
/// assert_eq!(margin(-1.0, 2.0), -2.0); // on the wrong side
/// assert_eq!(Margin.value(-1.0, 2.0), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margin;

/// Returns the margin yŷ of a score for y ∈ {−1, +1}: positive when the sign
/// is right (notes §3.2).
pub fn margin<T: Real>(y: T, y_hat: T) -> T {
    y * y_hat
}

impl Loss for Margin {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        -margin(y, y_hat)
    }

    fn derivative<T: Real>(&self, y: T, _y_hat: T) -> T {
        -y
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        sign::target_rule(y)
    }
}
