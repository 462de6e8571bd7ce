//! The Gaussian likelihood behind the squared loss (notes §4.1.2, §4.1.4).

use wonderland_linalg::{Real, Scalar};

use crate::loss::{same_length, scale, weight};
use crate::sum::Sum;
use crate::{Error, Loss, Reduction, Result, Squared};

/// l(y, ŷ) = ln σ + ½ ln 2π + (y − ŷ)² / (2σ²), the negative log-likelihood of
/// y under N(ŷ, σ²); ∂l/∂ŷ = (ŷ − y)/σ².
///
/// For a fixed σ its minimiser is that of the squared loss. The derivative in
/// σ is [`derivative_in_sigma`](GaussianNll::derivative_in_sigma), and the
/// best σ² for given predictions is [`sigma2_mle`].
///
/// # References
/// Notes §4.1.2.
///
/// # Examples
/// ```
/// use wonderland_losses::{GaussianNll, Loss};
/// // A standard normal at its mean has density 1/√(2π).
/// let nll = GaussianNll { sigma: 1.0 };
/// assert!((nll.value(0.0, 0.0) - 0.918_938_533_204_672_7_f64).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianNll {
    /// Standard deviation σ > 0 of the noise.
    pub sigma: f64,
}

impl Default for GaussianNll {
    fn default() -> Self {
        Self { sigma: 1.0 }
    }
}

/// ½ ln 2π.
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_7;

impl GaussianNll {
    /// Returns ∂l/∂σ = 1/σ − (y − ŷ)²/σ³.
    pub fn derivative_in_sigma<T: Real>(&self, y: T, y_hat: T) -> T {
        let sigma = T::from_f64(self.sigma);
        let z = (y - y_hat) / sigma;
        (T::ONE - z * z) / sigma
    }
}

impl Loss for GaussianNll {
    fn value<T: Real>(&self, y: T, y_hat: T) -> T {
        let z = (y - y_hat) / T::from_f64(self.sigma);
        T::from_f64(0.5) * z * z + T::from_f64(self.sigma.ln() + HALF_LN_TAU)
    }

    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T {
        let sigma = T::from_f64(self.sigma);
        ((y_hat - y) / sigma) / sigma
    }

    fn check_settings(&self) -> Result<()> {
        if self.sigma > 0.0 && self.sigma.is_finite() {
            return Ok(());
        }
        Err(Error::BadSetting {
            name: "sigma",
            value: self.sigma,
            rule: "a standard deviation must be positive and finite",
        })
    }
}

/// Returns the σ² of highest likelihood, the mean squared residual
/// Σᵢ wᵢ (yᵢ − ŷᵢ)² / Σᵢ wᵢ (notes §4.1.4).
///
/// # Errors
/// As [`Loss::reduced`].
///
/// # Examples
/// ```
/// let sigma2 = wonderland_losses::sigma2_mle(&[1.0, 2.0], &[0.0, 4.0], None)?;
/// assert_eq!(sigma2, 2.5); // (1 + 4) / 2
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn sigma2_mle<T: Scalar>(y: &[T], y_hat: &[T], weights: Option<&[T]>) -> Result<T> {
    Squared.reduced(y, y_hat, weights, Reduction::Mean)
}

/// Returns the log-likelihood Σᵢ wᵢ ln p(yᵢ) of `y` under N(ŷᵢ, σᵢ²), a σ per
/// sample.
///
/// # Errors
/// Wrong lengths; a σ that is not positive and finite; bad weights.
///
/// # Examples
/// ```
/// let ll = wonderland_losses::gaussian_log_likelihood(&[0.0], &[0.0], &[1.0], None)?;
/// assert!((ll + 0.918_938_533_204_672_7_f64).abs() < 1e-15);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn gaussian_log_likelihood<T: Scalar>(
    y: &[T],
    y_hat: &[T],
    sigma: &[T],
    weights: Option<&[T]>,
) -> Result<T> {
    same_length("sigma", sigma.len(), y.len())?;
    scale(y, weights, Reduction::Sum)?;
    for s in sigma {
        GaussianNll { sigma: s.to_f64() }.check_settings()?;
    }
    Squared.each(y, y_hat)?;
    let mut sum = Sum::default();
    for i in 0..y.len() {
        let nll = GaussianNll { sigma: sigma[i].to_f64() }.value(y[i], y_hat[i]);
        sum.add(-(weight(weights, i) * nll));
    }
    Ok(sum.total())
}
