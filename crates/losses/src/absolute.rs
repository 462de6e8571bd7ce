//! The absolute loss (notes §4.1.2).

use wonderland_linalg::Real;

use crate::Loss;

/// l(y, ŷ) = |ŷ − y|, with ∂l/∂ŷ = sign(ŷ − y).
///
/// The negative log-likelihood of Laplace noise of scale 1, up to ln 2; its
/// minimiser over a constant is the median.
///
/// # Numerics
/// At the kink ŷ = y the subgradient taken is 0, the middle of \[−1, 1\].
///
/// # References
/// Notes §4.1.2.
///
/// # Examples
/// ```
/// use wonderland_losses::{Absolute, Loss};
/// assert_eq!(Absolute.value(1.0, 3.5), 2.5);
/// assert_eq!(Absolute.derivative(1.0, 1.0), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Absolute;

impl Loss for Absolute {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        (y_hat - y).abs()
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        if y_hat > y {
            T::ONE
        } else if y_hat < y {
            -T::ONE
        } else {
            T::ZERO
        }
    }
}
