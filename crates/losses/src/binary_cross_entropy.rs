//! Binary cross-entropy (notes §4.3.1), from the logit s and from the
//! probability σ(s). The first is the one to use: it is exact where the
//! probability has already rounded to 0 or 1.

use wonderland_linalg::Real;

use crate::Loss;

/// l(y, s) = −y ln σ(s) − (1 − y) ln(1 − σ(s)) of a logit s, for y ∈ \[0, 1\];
/// ∂l/∂s = σ(s) − y.
///
/// # Numerics
/// y·softplus(−s) + (1 − y)·softplus(s): no overflow, no cancellation, exact to
/// a few roundings for every finite logit. The derivative is
/// (1 − y)σ(s) − yσ(−s), which keeps its digits when σ(s) is near y = 1.
///
/// # References
/// Notes §4.3.1, §4.3.2.
///
/// # Examples
/// ```
/// use wonderland_losses::{BinaryCrossEntropy, Loss};
/// assert_eq!(BinaryCrossEntropy.value(1.0, 0.0), 2f64.ln());
/// assert_eq!(BinaryCrossEntropy.value(0.0, 1000.0), 1000.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BinaryCrossEntropy;

impl Loss for BinaryCrossEntropy {
    fn value<T: Real>(&self, y: T, s: T) -> T {
        y * (-s).softplus() + (T::ONE - y) * s.softplus()
    }

    fn derivative<T: Real>(&self, y: T, s: T) -> T {
        (T::ONE - y) * s.sigmoid() - y * (-s).sigmoid()
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        target_rule(y)
    }
}

/// l(y, p) = −y ln p − (1 − y) ln(1 − p) of a probability p, for y ∈ \[0, 1\];
/// ∂l/∂p = (p − y) / (p(1 − p)).
///
/// # Numerics
/// A term of weight 0 counts 0 whatever its logarithm; a probability 0 given
/// to what happened costs +∞, and its derivative is infinite, as they are.
/// Where logits are at hand use [`BinaryCrossEntropy`].
///
/// # References
/// Notes §4.3.1.
///
/// # Examples
/// ```
/// use wonderland_losses::{BinaryCrossEntropyFromProba, Loss};
/// assert_eq!(BinaryCrossEntropyFromProba.value(1.0, 0.5), 2f64.ln());
/// assert_eq!(BinaryCrossEntropyFromProba.value(0.0, 0.0), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BinaryCrossEntropyFromProba;

impl Loss for BinaryCrossEntropyFromProba {
    fn value<T: Real>(&self, y: T, p: T) -> T {
        let not_y = T::ONE - y;
        let second = if not_y == T::ZERO { T::ZERO } else { not_y * (-p).ln_1p() };
        // Adding 0 turns −0 into 0.
        T::ZERO - y.xlogy(p) - second
    }

    fn derivative<T: Real>(&self, y: T, p: T) -> T {
        let not_y = T::ONE - y;
        let first = if y == T::ZERO { T::ZERO } else { y / p };
        let second = if not_y == T::ZERO { T::ZERO } else { not_y / (T::ONE - p) };
        second - first
    }

    fn target_rule(&self, y: f64) -> Option<&'static str> {
        target_rule(y)
    }

    fn prediction_rule(&self, p: f64) -> Option<&'static str> {
        (!(0.0..=1.0).contains(&p)).then_some("probabilities lie in [0, 1]")
    }
}

fn target_rule(y: f64) -> Option<&'static str> {
    (!(0.0..=1.0).contains(&y)).then_some("targets of this loss lie in [0, 1]")
}
