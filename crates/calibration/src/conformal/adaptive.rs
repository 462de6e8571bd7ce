//! Adaptive conformal inference: a level that is raised after every hit and
//! lowered after every miss, so that misses average α on any sequence.

use serde::{Deserialize, Serialize};

use super::alpha::Alpha;
use super::p_values::CalibrationScores;
use super::threshold::Threshold;
use crate::{Result, check};

/// The running level αₜ of adaptive conformal inference.
///
/// # Guarantee
/// After T steps |mean miss − α| ≤ (max(α, 1 − α) + γ)/(γT), whatever the
/// data, as long as sets at αₜ ≤ 0 hold everything and sets at αₜ ≥ 1 are
/// empty.
///
/// # References
/// Gibbs and Candès 2021.
///
/// # Examples
/// ```
/// use wonderland_calibration::{AdaptiveConformal, Alpha};
/// let mut aci = AdaptiveConformal::new(Alpha::new(1, 10)?, 0.05)?;
/// aci.update(false); // a miss: promise more
/// assert!((aci.alpha() - (0.1 - 0.05 * 0.9)).abs() < 1e-15);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveConformal {
    target: f64,
    gamma: f64,
    alpha: f64,
    steps: u64,
    misses: u64,
}

impl AdaptiveConformal {
    /// Starts at the target α with step size γ; γ = 0 never adapts.
    ///
    /// # Errors
    /// [`BadParameter`](crate::Error::BadParameter) unless γ is finite and not
    /// negative.
    pub fn new(alpha: Alpha, gamma: f64) -> Result<Self> {
        let rule = "it must be finite and not negative";
        check::parameter("gamma", gamma, gamma.is_finite() && gamma >= 0.0, rule)?;
        let alpha = alpha.to_f64();
        Ok(Self { target: alpha, gamma, alpha, steps: 0, misses: 0 })
    }

    /// The level αₜ in force; it is not clipped to [0, 1].
    #[must_use]
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The threshold in force; `None` means the empty set.
    #[must_use]
    pub fn threshold(&self, scores: &CalibrationScores) -> Option<Threshold> {
        scores.threshold_at(self.alpha)
    }

    /// αₜ₊₁ = αₜ + γ(α − miss).
    pub fn update(&mut self, covered: bool) {
        let miss = if covered { 0.0 } else { 1.0 };
        self.alpha += self.gamma * (self.target - miss);
        self.steps += 1;
        self.misses += u64::from(!covered);
    }

    /// Mean miss so far; `None` before the first step.
    #[must_use]
    pub fn miss_rate(&self) -> Option<f64> {
        (self.steps > 0).then(|| self.misses as f64 / self.steps as f64)
    }

    /// The bound on |mean miss − α| so far; infinite without steps or with γ = 0.
    #[must_use]
    pub fn bound(&self) -> f64 {
        let start = self.target.max(1.0 - self.target);
        (start + self.gamma) / (self.gamma * self.steps as f64)
    }
}
