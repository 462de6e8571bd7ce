//! Classes as vectors (notes §4.2): one-hot encoding, which puts every two
//! classes at the same distance √2, so that none is "closer" than another.

use wonderland_linalg::{Scalar, Tensor};

use crate::Result;
use crate::weights::check_classes;

/// Returns the one-hot rows of the codes: 1 in column yᵢ, 0 elsewhere.
///
/// # Shapes
/// `y ~ (n)` codes below m = `n_classes`, returns `(n, m)`.
///
/// # Errors
/// [`Error::UnknownClass`](crate::Error::UnknownClass).
///
/// # References
/// Notes §4.2.
///
/// # Examples
/// ```
/// let Y = wonderland_losses::one_hot::<f64>(&[2, 0], 3)?;
/// assert_eq!(Y.as_slice(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn one_hot<T: Scalar>(y: &[usize], n_classes: usize) -> Result<Tensor<T>> {
    one_hot_smoothed(y, n_classes, 0.0)
}

/// Returns one-hot rows with label smoothing: (1 − s) for the true class plus
/// s/m for every class.
///
/// # Errors
/// [`Error::UnknownClass`](crate::Error::UnknownClass);
/// [`Error::BadSetting`](crate::Error::BadSetting) unless 0 ≤ s ≤ 1.
///
/// # Examples
/// ```
/// let Y = wonderland_losses::one_hot_smoothed::<f64>(&[1], 2, 0.5)?;
/// assert_eq!(Y.row(0), [0.25, 0.75]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn one_hot_smoothed<T: Scalar>(
    y: &[usize],
    n_classes: usize,
    smoothing: f64,
) -> Result<Tensor<T>> {
    check_smoothing(smoothing)?;
    check_classes(y, n_classes)?;
    let share = smoothing / n_classes as f64;
    Ok(Tensor::from_fn(y.len(), n_classes, |i, j| {
        T::from_f64(if y[i] == j { 1.0 - smoothing + share } else { share })
    }))
}

pub(crate) fn check_smoothing(smoothing: f64) -> Result<()> {
    if (0.0..=1.0).contains(&smoothing) {
        return Ok(());
    }
    Err(crate::Error::BadSetting {
        name: "label_smoothing",
        value: smoothing,
        rule: "it must lie in [0, 1]",
    })
}
