//! The 0/1 loss (notes §3.2).

use wonderland_linalg::Real;

use crate::{Loss, sign};

/// l(y, ŷ) = 0 if sign(ŷ) = y, else 1, for y ∈ {−1, +1}.
///
/// A score of 0 decides nothing and counts as a mistake for both labels.
///
/// # Numerics
/// The derivative is 0 wherever it exists, and is reported as 0 at ŷ = 0 too:
/// no gradient method can minimise this loss.
///
/// # References
/// Notes §3.2, with sign(0) settled.
///
/// # Examples
/// ```
/// use wonderland_losses::{Loss, ZeroOne};
/// assert_eq!(ZeroOne.mean(&[1.0, -1.0, 1.0, -1.0], &[2.0, -0.1, -3.0, 0.0])?, 0.5);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ZeroOne;

impl Loss for ZeroOne {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        if (y > T::ZERO && y_hat > T::ZERO) || (y < T::ZERO && y_hat < T::ZERO) {
            T::ZERO
        } else {
            T::ONE
        }
    }

    fn derivative<T: Real>(&self, _y: T, _y_hat: T) -> T {
        T::ZERO
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        sign::target_rule(y)
    }
}
