//! From an output to a class (notes §4.2, §4.2.1, §4.3.1): by rounding one
//! number, by the largest of several, by the sign of a score.

use wonderland_linalg::{MatRef, Scalar};

use crate::loss::check_values;
use crate::softmax::argmax_unchecked;
use crate::{Error, Result};

/// Returns the code nearest to ŷ, kept within 0..m; halves go up.
///
/// This is the rule for regression on codes, which pretends that neighbouring
/// codes are related; [`argmax`] of m outputs does not.
///
/// # Errors
/// [`Error::OutOfDomain`] for a value that is not finite; [`Error::Empty`] for
/// no classes.
///
/// # References
/// Notes §4.2.
///
/// # Examples
/// ```
/// use wonderland_losses::class_by_rounding;
/// assert_eq!(class_by_rounding(1.6, 3)?, 2);
/// assert_eq!(class_by_rounding(-4.0, 3)?, 0);
/// assert_eq!(class_by_rounding(9.0, 3)?, 2);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn class_by_rounding<T: Scalar>(y_hat: T, n_classes: usize) -> Result<usize> {
    if n_classes == 0 {
        return Err(Error::Empty { name: "the set of classes" });
    }
    check_values("y_hat", &[y_hat], |_| None)?;
    let nearest = (y_hat.to_f64() + 0.5).floor().clamp(0.0, (n_classes - 1) as f64);
    Ok(nearest as usize)
}

/// Returns 1 if p > ½, else 0: a probability of exactly one half is class 0.
///
/// # Errors
/// [`Error::OutOfDomain`] outside \[0, 1\].
///
/// # References
/// Notes §4.3.1.
///
/// # Examples
/// ```
/// use wonderland_losses::class_by_half;
/// assert_eq!((class_by_half(0.5)?, class_by_half(0.51)?), (0, 1));
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn class_by_half<T: Scalar>(p: T) -> Result<usize> {
    check_values("p", &[p], |v| {
        (!(0.0..=1.0).contains(&v)).then_some("probabilities lie in [0, 1]")
    })?;
    Ok(usize::from(p.to_f64() > 0.5))
}

/// Returns the position of the largest entry; the first of equal ones.
///
/// # Errors
/// [`Error::Empty`]; [`Error::OutOfDomain`] for NaN or an infinity.
///
/// # References
/// Notes §4.2.1.
///
/// # Examples
/// ```
/// // dog, cat, bird: bird it is.
/// assert_eq!(wonderland_losses::argmax(&[0.2, 0.3, 0.4])?, 2);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn argmax<T: Scalar>(x: &[T]) -> Result<usize> {
    check_values("x", x, |_| None)?;
    argmax_unchecked(x).ok_or(Error::Empty { name: "x" })
}

/// Returns [`argmax`] of each row.
///
/// # Shapes
/// `X ~ (n, m)`, returns `(n)`.
///
/// # Errors
/// As [`argmax`].
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.1, 0.9], [0.5, 0.5]]);
/// assert_eq!(wonderland_losses::argmax_rows(P.as_mat())?, [1, 0]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn argmax_rows<T: Scalar>(X: MatRef<'_, T>) -> Result<Vec<usize>> {
    let mut row = vec![T::ZERO; X.ncols()];
    (0..X.nrows())
        .map(|i| {
            row.iter_mut().enumerate().for_each(|(j, v)| *v = X[(i, j)]);
            argmax(&row)
        })
        .collect()
}
