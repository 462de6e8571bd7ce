//! The hinge loss (notes §3.2).

use wonderland_linalg::Real;

use crate::{Loss, margin, sign};

/// l(y, ŷ) = max(0, 1 − yŷ) for y ∈ {−1, +1}, the loss of support-vector
/// machines; ∂l/∂ŷ = −y while the margin is below 1, else 0.
///
/// It bounds the 0/1 loss from above.
///
/// # Numerics
/// At the kink (margin 1) the subgradient taken is 0.
///
/// # References
/// Notes §3.2, with the arguments the erratum settles.
///
/// # Examples
/// ```
/// use wonderland_losses::{Hinge, Loss};
/// assert_eq!(Hinge.value(1.0, 0.25), 0.75);
/// assert_eq!(Hinge.derivative(1.0, 1.0), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hinge;

impl Loss for Hinge {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        (T::ONE - margin(y, y_hat)).maximum(T::ZERO)
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        if margin(y, y_hat) < T::ONE { -y } else { T::ZERO }
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        sign::target_rule(y)
    }
}
