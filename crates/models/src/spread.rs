//! Mean and standard deviation of a column, safe for numbers of any size.

use wonderland_linalg::Tensor;

use crate::regression::{check_weights, weighted_mean};
use crate::{Error, Result};

/// The mean 1/n Σ xᵢ, or Σ sᵢxᵢ / Σ sᵢ with weights s.
///
/// # Errors
/// [`Error::TooFewRows`] for no entries, [`Error::NonFinite`],
/// [`Error::InvalidWeights`].
///
/// # Numerics
/// Two passes over values scaled by the largest: an error of an ulp or so, no
/// overflow.
///
/// # Examples
/// ```
/// # use wonderland_models::mean;
/// assert_eq!(mean(&[1.0, 2.0, 6.0], None)?, 3.0);
/// assert_eq!(mean(&[1.0, 5.0], Some(&[3.0, 1.0]))?, 2.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn mean(x: &[f64], weights: Option<&[f64]>) -> Result<f64> {
    check(x, "a mean")?;
    if let Some(weights) = weights {
        check_weights(weights, x.len())?;
    }
    Ok(weighted_mean(x, weights))
}

/// The standard deviation √(1/n Σ (xᵢ − x̄)²).
///
/// # Errors
/// [`Error::TooFewRows`] for no entries, [`Error::NonFinite`].
///
/// # Numerics
/// Two passes over values scaled by the largest; exactly 0 for a constant
/// column.
///
/// # Examples
/// ```
/// # use wonderland_models::standard_deviation;
/// assert_eq!(standard_deviation(&[1.0, 3.0, 1.0, 3.0])?, 1.0);
/// assert_eq!(standard_deviation(&[0.1, 0.1, 0.1])?, 0.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn standard_deviation(x: &[f64]) -> Result<f64> {
    check(x, "a standard deviation")?;
    Ok(deviations(x, 1)[0])
}

/// The [`standard_deviation`] of every column of X ~ (n, c), to the last bit.
///
/// # Errors
/// [`Error::TooFewRows`] for no rows, and the first entry that is not finite.
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::standard_deviations;
/// let X = Tensor::from_rows(&[[1.0, 5.0], [3.0, 5.0]]);
/// assert_eq!(standard_deviations(&X)?, [1.0, 0.0]);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn standard_deviations(X: &Tensor) -> Result<Vec<f64>> {
    let (x, c) = (X.as_slice(), X.ncols());
    if X.nrows() == 0 {
        return Err(Error::TooFewRows { what: "a standard deviation", needed: 1, actual: 0 });
    }
    if let Some(at) = x.iter().position(|x| !x.is_finite()) {
        let (row, column, value) = (at / c, at % c, x[at]);
        let fault = wonderland_linalg::Error::NonFinite { name: "X", row, column, value };
        return Err(fault.into());
    }
    Ok(deviations(x, c))
}

/// Deviations of the c columns of finite numbers that stand row by row: all
/// columns in one sweep, so that nothing is copied and no sum waits for itself.
fn deviations(x: &[f64], c: usize) -> Vec<f64> {
    if c == 0 {
        return Vec::new();
    }
    let n = (x.len() / c) as f64;
    let mut varies = vec![false; c];
    for row in x.chunks_exact(c) {
        let columns = varies.iter_mut().zip(&x[..c]).zip(row);
        columns.for_each(|((varies, first), x)| *varies |= x.to_bits() != first.to_bits());
    }
    let none = vec![0.0; c];
    let wider = |most: &mut f64, x: f64| *most = most.max(x.abs());
    let add = |sum: &mut f64, x: f64| *sum += x;
    let largest = sweep(x, &none, |_, x| x, wider);
    // The mean of values within ±1, and a second pass over what it leaves.
    let first = sweep(x, &largest, |largest, x| x / largest, add);
    let by = |a: &[f64], b: &[f64]| -> Vec<(f64, f64)> {
        a.iter().copied().zip(b.iter().copied()).collect()
    };
    let first: Vec<f64> = first.iter().map(|sum| sum / n).collect();
    let about = |(largest, centre): (f64, f64), x: f64| x / largest - centre;
    let rest = sweep(x, &by(&largest, &first), about, add);
    let centre: Vec<f64> = first.iter().zip(&rest).map(|(first, rest)| first + rest / n).collect();
    let scaling = by(&largest, &centre);
    // A second scaling: deviations may be so small that squares vanish.
    let widest = sweep(x, &scaling, about, wider);
    let scaling: Vec<_> = scaling.into_iter().zip(widest.iter().copied()).collect();
    let squares = sweep(x, &scaling, |(by, widest), x| (about(by, x) / widest).powi(2), add);
    let found = |j: usize| (squares[j] / n).sqrt() * widest[j] * largest[j];
    (0..c).map(|j| if varies[j] && widest[j] > 0.0 { found(j) } else { 0.0 }).collect()
}

/// Folds `value` of every number, with what is known of its column, into one
/// number per column, from 0 on and in the order of the rows.
fn sweep<K: Copy>(
    x: &[f64],
    known: &[K],
    value: impl Fn(K, f64) -> f64,
    fold: impl Fn(&mut f64, f64),
) -> Vec<f64> {
    let mut found = vec![0.0; known.len()];
    for row in x.chunks_exact(known.len()) {
        for ((found, &known), &x) in found.iter_mut().zip(known).zip(row) {
            fold(found, value(known, x));
        }
    }
    found
}

fn check(x: &[f64], what: &'static str) -> Result<()> {
    if x.is_empty() {
        return Err(Error::TooFewRows { what, needed: 1, actual: 0 });
    }
    match x.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NonFinite { name: "x", index, value: x[index] }),
        None => Ok(()),
    }
}
