//! What every loss of one target and one prediction is (notes §3.2): a value
//! l(y, ŷ), its derivative in ŷ, and from these the batch forms.
//!
//! A new loss states the two formulas and its domain; reductions, weights and
//! checks are written here, once.

use wonderland_linalg::{Real, Scalar};

use crate::sum::Sum;
use crate::weights::check_weights;
use crate::{Error, Result};

/// How the losses of the samples become one number.
///
/// No reduction at all is [`Loss::each`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Reduction {
    /// Σᵢ wᵢ lᵢ.
    Sum,
    /// Σᵢ wᵢ lᵢ / Σᵢ wᵢ: the empirical risk.
    #[default]
    Mean,
}

/// A loss l(y, ŷ) of one target and one prediction.
///
/// # Numerics
/// Sums over samples are compensated (Neumaier), in the order of the rows.
pub trait Loss {
    /// l(y, ŷ).
    fn value<T: Real>(&self, y: T, y_hat: T) -> T;

    /// ∂l/∂ŷ, at a kink the subgradient that the loss documents.
    fn derivative<T: Real>(&self, y: T, y_hat: T) -> T;

    /// Checks the settings of the loss.
    ///
    /// # Errors
    /// [`Error::BadSetting`].
    fn check_settings(&self) -> Result<()> {
        Ok(())
    }

    /// What a finite target breaks, if it is outside the domain.
    fn target_rule(&self, _y: f64) -> Option<&'static str> {
        None
    }

    /// What a finite prediction breaks, if it is outside the domain.
    fn prediction_rule(&self, _y_hat: f64) -> Option<&'static str> {
        None
    }

    /// The loss of each sample: no reduction.
    ///
    /// # Shapes
    /// `y ~ (n)`, `y_hat ~ (n)`, returns `(n)`.
    ///
    /// # Errors
    /// Wrong lengths, values that are not finite or outside the domain.
    fn each<T: Scalar>(&self, y: &[T], y_hat: &[T]) -> Result<Vec<T>>
    where
        Self: Sized,
    {
        check_batch(self, y, y_hat)?;
        Ok(y.iter().zip(y_hat).map(|(&y, &y_hat)| self.value(y, y_hat)).collect())
    }

    /// The sum or the mean of the losses, with a weight per sample if given.
    ///
    /// # Shapes
    /// `y ~ (n)`, `y_hat ~ (n)`, `weights ~ (n)`.
    ///
    /// # Errors
    /// As [`each`](Loss::each); no samples; weights that are negative or not
    /// finite, or all zero.
    fn reduced<T: Scalar>(
        &self,
        y: &[T],
        y_hat: &[T],
        weights: Option<&[T]>,
        reduction: Reduction,
    ) -> Result<T>
    where
        Self: Sized,
    {
        let scale = scale(y, weights, reduction)?;
        check_batch(self, y, y_hat)?;
        let mut sum = Sum::default();
        for (i, (&y, &y_hat)) in y.iter().zip(y_hat).enumerate() {
            sum.add(weight(weights, i) * self.value(y, y_hat));
        }
        Ok(sum.total() * scale)
    }

    /// The mean loss: the empirical risk (notes §3.2).
    ///
    /// # Errors
    /// As [`reduced`](Loss::reduced).
    fn mean<T: Scalar>(&self, y: &[T], y_hat: &[T]) -> Result<T>
    where
        Self: Sized,
    {
        self.reduced(y, y_hat, None, Reduction::Mean)
    }

    /// The reduced loss; its gradient in the predictions goes to `gradient`.
    ///
    /// # Shapes
    /// `y`, `y_hat`, `weights` and `gradient ~ (n)`.
    ///
    /// # Errors
    /// As [`reduced`](Loss::reduced).
    fn with_gradient<T: Scalar>(
        &self,
        y: &[T],
        y_hat: &[T],
        weights: Option<&[T]>,
        reduction: Reduction,
        gradient: &mut [T],
    ) -> Result<T>
    where
        Self: Sized,
    {
        same_length("gradient", gradient.len(), y.len())?;
        let scale = scale(y, weights, reduction)?;
        check_batch(self, y, y_hat)?;
        let mut sum = Sum::default();
        for (i, (&y, &y_hat)) in y.iter().zip(y_hat).enumerate() {
            let w = weight(weights, i);
            sum.add(w * self.value(y, y_hat));
            gradient[i] = scale * w * self.derivative(y, y_hat);
        }
        Ok(sum.total() * scale)
    }
}

/// The factor that turns the weighted sum into the reduction.
pub(crate) fn scale<Y, T: Scalar>(
    y: &[Y],
    weights: Option<&[T]>,
    reduction: Reduction,
) -> Result<T> {
    let total = match weights {
        Some(weights) => {
            same_length("weights", weights.len(), y.len())?;
            check_weights(weights)?
        }
        None => T::from_f64(y.len() as f64),
    };
    match reduction {
        Reduction::Sum => Ok(T::ONE),
        Reduction::Mean if y.is_empty() => Err(Error::Empty { name: "y" }),
        Reduction::Mean if total == T::ZERO => Err(Error::NoWeight { n: y.len() }),
        Reduction::Mean => Ok(T::ONE / total),
    }
}

/// The weight of sample `i`: 1 unless weights are given.
pub(crate) fn weight<T: Scalar>(weights: Option<&[T]>, i: usize) -> T {
    weights.map_or(T::ONE, |w| w[i])
}

pub(crate) fn same_length(name: &'static str, actual: usize, expected: usize) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    Err(Error::WrongLength { name, actual, expected, per: "sample" })
}

/// The checks at the door of every batch form.
fn check_batch<L: Loss, T: Scalar>(loss: &L, y: &[T], y_hat: &[T]) -> Result<()> {
    loss.check_settings()?;
    same_length("y_hat", y_hat.len(), y.len())?;
    check_values("y", y, |v| loss.target_rule(v))?;
    check_values("y_hat", y_hat, |v| loss.prediction_rule(v))
}

/// Refuses the first value that is not finite or breaks `rule`.
pub(crate) fn check_values<T: Scalar>(
    name: &'static str,
    values: &[T],
    rule: impl Fn(f64) -> Option<&'static str>,
) -> Result<()> {
    for (index, value) in values.iter().enumerate() {
        let value = value.to_f64();
        let broken =
            if value.is_finite() { rule(value) } else { Some("every value must be finite") };
        if let Some(rule) = broken {
            return Err(Error::OutOfDomain { name, index, value, rule });
        }
    }
    Ok(())
}
