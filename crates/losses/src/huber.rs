//! The Huber loss (notes §4.1.2): quadratic near 0, linear beyond δ.

use wonderland_linalg::Real;

use crate::{Error, Loss, Result};

/// l(y, ŷ) = ½e² for |e| ≤ δ and δ(|e| − δ/2) beyond, with e = ŷ − y; its
/// derivative is e clipped to \[−δ, δ\].
///
/// The notes give δ = 1, the default. As δ grows it becomes half the squared
/// loss; δ⁻¹ l tends to the absolute loss as δ falls to 0.
///
/// # References
/// Notes §4.1.2 (with the threshold the erratum adds); Huber, Ann. Math.
/// Statist. 35 (1964) 73.
///
/// # Examples
/// ```
/// use wonderland_losses::{Huber, Loss};
/// let huber = Huber { delta: 2.0 };
/// assert_eq!(huber.value(0.0, 1.0), 0.5);
/// assert_eq!(huber.value(0.0, 5.0), 8.0); // 2 (5 − 1)
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    /// The threshold δ > 0 between the quadratic and the linear part.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl Loss for Huber {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        let delta = T::from_f64(self.delta);
        let half = T::from_f64(0.5);
        let e = (y_hat - y).abs();
        if e <= delta { half * e * e } else { delta * (e - half * delta) }
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        let delta = T::from_f64(self.delta);
        (y_hat - y).minimum(delta).maximum(-delta)
    }

    fn check_settings(&self) -> Result<()> {
        if self.delta > 0.0 && self.delta.is_finite() {
            return Ok(());
        }
        Err(Error::BadSetting {
            name: "delta",
            value: self.delta,
            rule: "the threshold must be positive and finite",
        })
    }
}
