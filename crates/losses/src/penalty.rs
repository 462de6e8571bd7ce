//! Penalties on weights and the priors they stand for (notes §3.3, §4.1.6):
//! the maximum a posteriori solution minimises
//! −ln p(S|w) − ln p(w), so each penalty is −ln of a prior density, up to a
//! constant.

use serde::{Deserialize, Serialize};
use wonderland_linalg::{Real, Scalar};

use crate::loss::check_values;
use crate::sum::Sum;
use crate::{Error, Result};

/// A penalty R(w), to be added to a negative log-likelihood (a *sum* over
/// samples; beside a mean loss divide its strength by n).
///
/// The bias is never penalised: pass the weights only.
///
/// # Examples
/// ```
/// use wonderland_losses::Penalty;
/// let w = [3.0, -4.0];
/// assert_eq!(Penalty::L1 { lambda: 2.0 }.value(&w)?, 14.0);
/// assert_eq!(Penalty::L2 { lambda: 2.0 }.value(&w)?, 25.0);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Penalty {
    /// R(w) = 0: maximum likelihood; the flat (improper) prior.
    #[default]
    None,
    /// R(w) = λ Σ |wᵢ|: the prior is Laplace of scale b = 1/λ.
    L1 {
        /// Strength λ ≥ 0.
        lambda: f64,
    },
    /// R(w) = (λ/2) Σ wᵢ²: the prior is N(0, τ²I) with τ² = 1/λ.
    L2 {
        /// Strength λ ≥ 0.
        lambda: f64,
    },
    /// R(w) = λ₁ Σ |wᵢ| + (λ₂/2) Σ wᵢ²: the prior is the normalised product
    /// of the two.
    ElasticNet {
        /// Strength λ₁ ≥ 0 of the absolute values.
        l1: f64,
        /// Strength λ₂ ≥ 0 of the squares.
        l2: f64,
    },
}

impl Penalty {
    /// Returns the two strengths (λ₁, λ₂) of |w| and w²/2.
    #[must_use]
    pub fn strengths(&self) -> (f64, f64) {
        match *self {
            Self::None => (0.0, 0.0),
            Self::L1 { lambda } => (lambda, 0.0),
            Self::L2 { lambda } => (0.0, lambda),
            Self::ElasticNet { l1, l2 } => (l1, l2),
        }
    }

    /// Checks that the strengths are finite and not negative.
    ///
    /// # Errors
    /// [`Error::BadSetting`].
    pub fn check(&self) -> Result<()> {
        let (l1, l2) = self.strengths();
        for (name, value) in [("the L1 strength", l1), ("the L2 strength", l2)] {
            if !(value >= 0.0 && value.is_finite()) {
                let rule = "a penalty must be at least 0 and finite";
                return Err(Error::BadSetting { name, value, rule });
            }
        }
        Ok(())
    }

    /// Returns R(w).
    ///
    /// # Errors
    /// [`Error::BadSetting`]; [`Error::OutOfDomain`] for a weight that is not
    /// finite.
    pub fn value<T: Scalar>(&self, w: &[T]) -> Result<T> {
        self.check()?;
        check_values("w", w, |_| None)?;
        let mut sum = Sum::default();
        w.iter().for_each(|&w| sum.add(self.of(w)));
        Ok(sum.total())
    }

    /// Adds ∇R(w) to `gradient` and returns R(w).
    ///
    /// # Errors
    /// As [`value`](Penalty::value); [`Error::WrongLength`].
    ///
    /// # Numerics
    /// At a weight of 0 the L1 part has subgradient 0.
    pub fn add_gradient<T: Scalar>(&self, w: &[T], gradient: &mut [T]) -> Result<T> {
        if gradient.len() != w.len() {
            return Err(Error::WrongLength {
                name: "gradient",
                actual: gradient.len(),
                expected: w.len(),
                per: "weight",
            });
        }
        let value = self.value(w)?;
        w.iter().zip(gradient).for_each(|(&w, g)| *g += self.derivative(w));
        Ok(value)
    }

    /// Returns the prior density's logarithm ln p(w), its constant included.
    ///
    /// # Errors
    /// As [`value`](Penalty::value); [`Error::BadSetting`] where there is no
    /// proper prior, that is, no strength at all.
    ///
    /// # Numerics
    /// The constant of the elastic net is −ln ∫ exp(−λ₁|w| − λ₂w²/2) dw =
    /// −ln(√(2π/λ₂) · erfcx(λ₁/√(2λ₂))); the scaled complementary error
    /// function is summed by its continued fraction beyond 2.
    ///
    /// # References
    /// Notes §3.3 with the priors the erratum settles; Tibshirani, J. R.
    /// Statist. Soc. B 58 (1996) 267, §5.
    ///
    /// # Examples
    /// ```
    /// use wonderland_losses::Penalty;
    /// // λ = 1/τ² = 1: the standard normal at 0.
    /// let p = Penalty::L2 { lambda: 1.0 }.ln_prior(&[0.0])?;
    /// assert!((p + 0.918_938_533_204_672_7_f64).abs() < 1e-15);
    /// # Ok::<(), wonderland_losses::Error>(())
    /// ```
    pub fn ln_prior<T: Scalar>(&self, w: &[T]) -> Result<T> {
        let value = self.value(w)?;
        let ln_mass = match self.strengths() {
            (0.0, 0.0) => {
                return Err(Error::BadSetting {
                    name: "the penalty strength",
                    value: 0.0,
                    rule: "without a penalty the prior is flat and has no density",
                });
            }
            (l1, 0.0) => (2.0 / l1).ln(),
            (l1, l2) => 0.5 * (std::f64::consts::TAU / l2).ln() + ln_erfcx(l1 / (2.0 * l2).sqrt()),
        };
        Ok(-(value + T::from_f64(ln_mass * w.len() as f64)))
    }

    /// The penalty of one weight.
    fn of<T: Real>(&self, w: T) -> T {
        let (l1, l2) = self.strengths();
        T::from_f64(l1) * w.abs() + T::from_f64(0.5 * l2) * w * w
    }

    fn derivative<T: Real>(&self, w: T) -> T {
        let (l1, l2) = self.strengths();
        let sign = if w > T::ZERO {
            T::ONE
        } else if w < T::ZERO {
            -T::ONE
        } else {
            T::ZERO
        };
        T::from_f64(l1) * sign + T::from_f64(l2) * w
    }
}

/// ln(e^(x²) erfc x) for x ≥ 0.
fn ln_erfcx(x: f64) -> f64 {
    if x < 2.0 {
        return x * x + (1.0 - Real::erf(x)).ln();
    }
    // erfcx x = (1/√π) / (x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), which has
    // converged to double precision after 60 terms for x ≥ 2.
    let tail = (1..=60).rev().fold(x, |t, k| x + 0.5 * f64::from(k) / t);
    -tail.ln() - 0.5 * std::f64::consts::PI.ln()
}

/// Returns the Gaussian prior N(0, τ²I) as a penalty: L2 of strength 1/τ².
///
/// # Errors
/// [`Error::BadSetting`] unless τ is positive and finite.
///
/// # References
/// Notes §3.3.
///
/// # Examples
/// ```
/// use wonderland_losses::{Penalty, gaussian_prior};
/// assert_eq!(gaussian_prior(0.5)?, Penalty::L2 { lambda: 4.0 });
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn gaussian_prior(tau: f64) -> Result<Penalty> {
    check_scale("tau", tau)?;
    Ok(Penalty::L2 { lambda: tau.powi(-2) })
}

/// Returns the Laplace prior of scale b as a penalty: L1 of strength 1/b.
///
/// # Errors
/// [`Error::BadSetting`] unless b is positive and finite.
///
/// # References
/// Notes §3.3.
///
/// # Examples
/// ```
/// use wonderland_losses::{Penalty, laplace_prior};
/// assert_eq!(laplace_prior(0.5)?, Penalty::L1 { lambda: 2.0 });
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn laplace_prior(b: f64) -> Result<Penalty> {
    check_scale("b", b)?;
    Ok(Penalty::L1 { lambda: 1.0 / b })
}

fn check_scale(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::BadSetting { name, value, rule: "the scale of a prior must be positive and finite" })
}
