//! The squared loss (notes §4.1.2).

use wonderland_linalg::Real;

use crate::Loss;

/// l(y, ŷ) = (ŷ − y)², with ∂l/∂ŷ = 2(ŷ − y).
///
/// Minimising it is maximum likelihood under Gaussian noise of constant
/// variance ([`GaussianNll`](crate::GaussianNll)); an error twice as large
/// costs four times as much, so outliers pull hard.
///
/// # References
/// Notes §4.1.2.
///
/// # Examples
/// ```
/// use wonderland_losses::{Loss, Squared};
/// assert_eq!(Squared.mean(&[1.0, 2.0], &[1.0, 5.0])?, 4.5); // (0 + 9) / 2
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Squared;

impl Loss for Squared {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        let e = y_hat - y;
        e * e
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        let e = y_hat - y;
        e + e
    }
}
