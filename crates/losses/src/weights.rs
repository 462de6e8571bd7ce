//! Weights of samples and of classes. A weight of k counts a sample k times,
//! a weight of 0 leaves it out.

use wonderland_linalg::Scalar;

use crate::loss::check_values;
use crate::sum::Sum;
use crate::{Error, Result};

/// Checks that weights are finite and not negative; returns their sum.
///
/// # Errors
/// [`Error::OutOfDomain`] at the first bad weight.
///
/// # Examples
/// ```
/// use wonderland_losses::check_weights;
/// assert_eq!(check_weights(&[1.0, 0.0, 2.5])?, 3.5);
/// assert!(check_weights(&[1.0, -1.0]).is_err());
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn check_weights<T: Scalar>(weights: &[T]) -> Result<T> {
    check_values("weights", weights, |w| (w < 0.0).then_some("weights must not be negative"))?;
    let mut sum = Sum::default();
    weights.iter().for_each(|&w| sum.add(w));
    let total = sum.total();
    if total.is_finite() {
        return Ok(total);
    }
    Err(Error::BadSetting {
        name: "the sum of the weights",
        value: total.to_f64(),
        rule: "it must be finite: scale the weights down",
    })
}

/// Returns the weight of each sample from a weight per class.
///
/// # Shapes
/// `y ~ (n)` codes below m, `class_weights ~ (m)`, returns `(n)`.
///
/// # Errors
/// [`Error::UnknownClass`] for a code without a weight; bad weights.
///
/// # Examples
/// ```
/// let w = wonderland_losses::sample_weights(&[0, 1, 1], &[2.0, 0.5])?;
/// assert_eq!(w, [2.0, 0.5, 0.5]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn sample_weights<T: Scalar>(y: &[usize], class_weights: &[T]) -> Result<Vec<T>> {
    check_weights(class_weights)?;
    check_classes(y, class_weights.len())?;
    Ok(y.iter().map(|&k| class_weights[k]).collect())
}

/// Returns class weights n / (m nₖ), m counting the classes that occur, so that
/// every one of them weighs
/// the same in total; a class without samples gets 0.
///
/// # Errors
/// [`Error::UnknownClass`]; [`Error::Empty`] without samples.
///
/// # Examples
/// ```
/// let w = wonderland_losses::balanced_class_weights::<f64>(&[0, 0, 0, 1], 2)?;
/// assert_eq!(w, [4.0 / 6.0, 2.0]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn balanced_class_weights<T: Scalar>(y: &[usize], n_classes: usize) -> Result<Vec<T>> {
    if y.is_empty() {
        return Err(Error::Empty { name: "y" });
    }
    check_classes(y, n_classes)?;
    let mut counts = vec![0_usize; n_classes];
    y.iter().for_each(|&k| counts[k] += 1);
    let present = counts.iter().filter(|&&n| n > 0).count();
    let share = |n: usize| if n == 0 { 0.0 } else { y.len() as f64 / (present * n) as f64 };
    Ok(counts.into_iter().map(|n| T::from_f64(share(n))).collect())
}

/// Refuses the first code that is not below the number of classes.
pub(crate) fn check_classes(y: &[usize], n_classes: usize) -> Result<()> {
    match y.iter().position(|&k| k >= n_classes) {
        Some(index) => Err(Error::UnknownClass { index, class: y[index], n_classes }),
        None => Ok(()),
    }
}
