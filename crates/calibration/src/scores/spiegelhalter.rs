//! Spiegelhalter's test of calibration through the Brier score.

use serde::{Deserialize, Serialize};
use wonderland_linalg::special::normal_sf;

use crate::Forecasts;
use crate::sum::Sum;

/// Spiegelhalter's statistic and its two-sided p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spiegelhalter {
    /// z, standard normal when the forecasts are calibrated and n is large.
    /// Positive for overconfident forecasts, negative for underconfident ones.
    pub z: f64,
    /// P(|Z| ≥ |z|): two-sided, so that underconfidence counts as well.
    pub p_value: f64,
}

/// z = Σ (y − p)(1 − 2p) / √(Σ (1 − 2p)² p(1 − p)); `None` when every p is
/// 0, ½ or 1, where the variance is zero and the test says nothing.
///
/// # References
/// Spiegelhalter 1986.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, spiegelhalter};
/// let f = Forecasts::new(&[0.25, 0.25, 0.25, 0.25], &[true, true, false, false])?;
/// let s = spiegelhalter(&f).unwrap();
/// // Σ (y − p) = 1 and Σ p(1 − p) = 3/4: z = 1/√(3/4), the 1 − 2p cancel.
/// assert!((s.z - 1.0 / 0.75_f64.sqrt()).abs() < 1e-15);
/// assert!(spiegelhalter(&Forecasts::new(&[0.5], &[true])?).is_none());
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[must_use]
pub fn spiegelhalter(f: &Forecasts<'_>) -> Option<Spiegelhalter> {
    let (mut top, mut variance) = (Sum::default(), Sum::default());
    for (p, y, w) in f.iter() {
        let slope = w * (1.0 - 2.0 * p);
        top.add((f64::from(u8::from(y)) - p) * slope);
        variance.add(slope * slope * p * (1.0 - p));
    }
    let variance = variance.value();
    (variance > 0.0).then(|| {
        let z = top.value() / variance.sqrt();
        Spiegelhalter { z, p_value: (2.0 * normal_sf(z.abs())).min(1.0) }
    })
}
