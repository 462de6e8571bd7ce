//! The squared hinge loss: the hinge without its kink (notes §3.2).

use wonderland_linalg::Real;

use crate::{Loss, margin, sign};

/// l(y, ŷ) = max(0, 1 − yŷ)² for y ∈ {−1, +1}, with
/// ∂l/∂ŷ = −2y max(0, 1 − yŷ).
///
/// Continuously differentiable everywhere, unlike [`Hinge`](crate::Hinge).
///
/// # Examples
/// ```
/// use wonderland_losses::{Loss, SquaredHinge};
/// assert_eq!(SquaredHinge.value(-1.0, 1.0), 4.0);
/// assert_eq!(SquaredHinge.derivative(-1.0, 1.0), 4.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SquaredHinge;

impl Loss for SquaredHinge {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        let h = (T::ONE - margin(y, y_hat)).maximum(T::ZERO);
        h * h
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        let h = (T::ONE - margin(y, y_hat)).maximum(T::ZERO);
        -(y * (h + h))
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        sign::target_rule(y)
    }
}
