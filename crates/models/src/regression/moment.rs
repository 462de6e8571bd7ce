//! The size of a vector of errors (root mean square or mean absolute value)
//! and how much each row moves its logarithm: all that an interval needs.

use crate::{Error, Result};

/// A size, with the influence of each row on its logarithm.
pub(super) struct Moment {
    /// √(Σ wᵢvᵢ² / Σ wᵢ) or Σ wᵢ|vᵢ| / Σ wᵢ.
    pub(super) size: f64,
    /// Row i's derivative of ln(size) by its share of the weight: 0 on average.
    /// Empty when the size is 0, where the logarithm has no derivative.
    pub(super) influence: Vec<f64>,
}

impl Moment {
    /// √(Σ wᵢvᵢ² / Σ wᵢ); influence ½ (vᵢ²/mean − 1).
    pub(super) fn root_mean_square(v: &[f64], weights: Option<&[f64]>) -> Self {
        let (scale, mean, q) = scaled_mean(v, weights, |v| v * v);
        Self { size: scale * mean.sqrt(), influence: influence(&q, mean, 0.5) }
    }

    /// Σ wᵢ|vᵢ| / Σ wᵢ; influence |vᵢ|/mean − 1.
    pub(super) fn mean_absolute(v: &[f64], weights: Option<&[f64]>) -> Self {
        let (scale, mean, q) = scaled_mean(v, weights, f64::abs);
        Self { size: scale * mean, influence: influence(&q, mean, 1.0) }
    }
}

/// The largest |vᵢ|, and the weighted mean of f(vᵢ / largest): dividing first
/// keeps squares from overflowing, or from vanishing.
fn scaled_mean(v: &[f64], weights: Option<&[f64]>, f: impl Fn(f64) -> f64) -> (f64, f64, Vec<f64>) {
    let scale = v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if scale == 0.0 {
        return (0.0, 0.0, Vec::new());
    }
    let q: Vec<f64> = v.iter().map(|v| f(v / scale)).collect();
    let mean = mean(&q, weights);
    (scale, mean, q)
}

fn influence(q: &[f64], mean: f64, power: f64) -> Vec<f64> {
    if mean > 0.0 { q.iter().map(|q| power * (q / mean - 1.0)).collect() } else { Vec::new() }
}

/// Σ wᵢvᵢ / Σ wᵢ, without overflow: values are halved until the sum fits.
pub(crate) fn mean(v: &[f64], weights: Option<&[f64]>) -> f64 {
    mean_of(v.len(), |i| v[i], weights)
}

fn mean_of(n: usize, v: impl Fn(usize) -> f64, weights: Option<&[f64]>) -> f64 {
    let largest = (0..n).fold(0.0_f64, |m, i| m.max(v(i).abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    // A running mean would round once per row; one sum of values within ±1 and
    // a second pass over the remainders leaves about one rounding in all.
    let total: f64 = (0..n).map(weight).sum();
    let first = (0..n).map(|i| weight(i) * (v(i) / largest)).sum::<f64>() / total;
    let rest = (0..n).map(|i| weight(i) * (v(i) / largest - first)).sum::<f64>() / total;
    (first + rest) * largest
}

/// √(Σ wᵢvᵢ² / Σ wᵢ) of n values, safe for those of any size.
pub(crate) fn root_mean_square(n: usize, v: impl Fn(usize) -> f64, weights: Option<&[f64]>) -> f64 {
    let scale = (0..n).fold(0.0_f64, |m, i| m.max(v(i).abs()));
    if scale == 0.0 {
        return 0.0;
    }
    scale * mean_of(n, |i| (v(i) / scale) * (v(i) / scale), weights).sqrt()
}

/// (Σw)² / Σw²: the number of equally weighted rows that know as much.
pub(super) fn effective_rows(n: usize, weights: Option<&[f64]>) -> f64 {
    match weights {
        None => n as f64,
        Some(w) => {
            let sum: f64 = w.iter().sum();
            sum * sum / w.iter().map(|w| w * w).sum::<f64>()
        }
    }
}

/// √(Σ wᵢ² ψᵢ²) / Σ wᵢ with the small-sample factor n/(n−1): the standard error
/// of a quantity whose influence is ψ.
pub(super) fn standard_error(psi: &[f64], weights: Option<&[f64]>) -> f64 {
    let n = effective_rows(psi.len(), weights);
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let total: f64 = (0..psi.len()).map(weight).sum();
    let squares: f64 = (0..psi.len()).map(|i| (weight(i) / total * psi[i]).powi(2)).sum();
    (squares * n / (n - 1.0)).sqrt()
}

/// Equal lengths, at least one row, finite values.
pub(super) fn check_pair(y: &[f64], y_hat: &[f64]) -> Result<()> {
    if y.len() != y_hat.len() {
        return Err(Error::LengthMismatch {
            name: "ŷ",
            actual: y_hat.len(),
            rows_of: "y",
            expected: y.len(),
        });
    }
    if y.is_empty() {
        return Err(Error::TooFewRows { what: "a regression score", needed: 1, actual: 0 });
    }
    for (name, v) in [("y", y), ("ŷ", y_hat)] {
        if let Some(index) = v.iter().position(|v| !v.is_finite()) {
            return Err(Error::NonFinite { name, index, value: v[index] });
        }
    }
    Ok(())
}

/// Weights that are finite, not negative, not all zero, one per row.
pub(crate) fn check_weights(weights: &[f64], n: usize) -> Result<()> {
    if weights.len() != n {
        return Err(Error::LengthMismatch {
            name: "weights",
            actual: weights.len(),
            rows_of: "y",
            expected: n,
        });
    }
    if let Some(i) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Error::InvalidWeights { reason: format!("{} at position {i}", weights[i]) });
    }
    let sum: f64 = weights.iter().sum();
    if sum == 0.0 {
        return Err(Error::InvalidWeights { reason: "all are 0".into() });
    }
    if !(sum * sum).is_finite() || weights.iter().map(|w| w * w).sum::<f64>() < f64::MIN_POSITIVE {
        return Err(Error::InvalidWeights { reason: format!("their sum is {sum}") });
    }
    Ok(())
}
