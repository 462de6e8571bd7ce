//! The Brier score: mean squared distance between probabilities and outcomes.

use crate::probabilities::for_rows;
use crate::sum::Sum;
use crate::{ClassForecasts, Forecasts};

/// The binary Brier score (1/n) Σ (pᵢ − yᵢ)², in [0, 1].
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, brier};
/// assert_eq!(brier(&Forecasts::new(&[0.5, 1.0], &[true, true])?), 0.125);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
///
/// # References
/// Brier 1950.
#[must_use]
pub fn brier(f: &Forecasts<'_>) -> f64 {
    weighted_mean(f.iter().map(|(p, y, w)| {
        let d = p - f64::from(u8::from(y));
        (d * d, w)
    }))
}

/// The multiclass Brier score (1/n) Σᵢ Σₖ (Pᵢₖ − [yᵢ = k])², in [0, 2]: for
/// two classes it is twice [`brier`].
#[must_use]
pub fn brier_multiclass(f: &ClassForecasts<'_>) -> f64 {
    let (mut total, mut weight) = (Sum::default(), Sum::default());
    for_rows(f.proba().as_mat(), |i, row| {
        let y = f.labels()[i];
        let square = |(k, p): (usize, &f64)| {
            let d = p - f64::from(u8::from(k == y));
            d * d
        };
        total.add(f.weight(i) * row.iter().enumerate().map(square).sum::<f64>());
        weight.add(f.weight(i));
    });
    total.value() / weight.value()
}

/// Σ wx / Σ w over pairs (x, w), compensated; rows of weight 0 count nothing
/// even where x is infinite.
pub(crate) fn weighted_mean(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut total, mut weight) = (Sum::default(), Sum::default());
    for (x, w) in pairs {
        if w > 0.0 {
            total.add(w * x);
            weight.add(w);
        }
    }
    total.value() / weight.value()
}
