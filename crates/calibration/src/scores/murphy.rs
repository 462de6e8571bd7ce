//! Murphy's decomposition of the Brier score, with the two within-bin terms
//! that make it an identity.

use serde::{Deserialize, Serialize};

use super::brier::brier;
use crate::calibration_error::bin_of_samples;
use crate::sum::Sum;
use crate::{Bins, Forecasts, Result};

/// Brier = reliability − resolution + uncertainty + within_variance − within_covariance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Murphy {
    /// The Brier score.
    pub brier: f64,
    /// Σ (nₘ/n) (mean pₘ − aₘ)², smaller is better.
    pub reliability: f64,
    /// Σ (nₘ/n) (aₘ − ā)², larger is better.
    pub resolution: f64,
    /// ā (1 − ā).
    pub uncertainty: f64,
    /// Mean within-bin variance of p.
    pub within_variance: f64,
    /// Twice the mean within-bin covariance of p and y.
    pub within_covariance: f64,
}

/// The five terms for one binning.
///
/// # Errors
/// [`BadParameter`](crate::Error::BadParameter) for a bad number of bins.
///
/// # References
/// Murphy 1973; Stephenson, Coelho and Jolliffe 2008 for the within-bin terms.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, Forecasts, murphy};
/// let f = Forecasts::new(&[0.2, 0.4, 0.8], &[false, true, true])?;
/// let m = murphy(&f, &Bins::equal_width(2))?;
/// let sum = m.reliability - m.resolution + m.uncertainty + m.within_variance
///     - m.within_covariance;
/// assert!((sum - m.brier).abs() < 1e-15);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn murphy(f: &Forecasts<'_>, bins: &Bins) -> Result<Murphy> {
    let bin = bin_of_samples(f, bins)?;
    let n_bins = bins.n_bins();
    let mut weight = vec![Sum::default(); n_bins];
    let (mut p_sum, mut y_sum) = (weight.clone(), weight.clone());
    for (i, (p, y, w)) in f.iter().enumerate() {
        weight[bin[i]].add(w);
        p_sum[bin[i]].add(w * p);
        y_sum[bin[i]].add(if y { w } else { 0.0 });
    }
    let total: f64 = weight.iter().map(Sum::value).sum();
    let base = y_sum.iter().map(Sum::value).sum::<f64>() / total;
    let mean = |s: &Sum, m: usize| s.value() / weight[m].value();
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for m in (0..n_bins).filter(|&m| weight[m].value() > 0.0) {
        let share = weight[m].value() / total;
        let (p, a) = (mean(&p_sum[m], m), mean(&y_sum[m], m));
        reliability += share * (p - a) * (p - a);
        resolution += share * (a - base) * (a - base);
    }
    // Deviations from the bin's own means: no cancellation of squares.
    let (mut variance, mut covariance) = (Sum::default(), Sum::default());
    for (i, (p, y, w)) in f.iter().enumerate().filter(|(_, s)| s.2 > 0.0) {
        let m = bin[i];
        let dp = p - mean(&p_sum[m], m);
        let dy = f64::from(u8::from(y)) - mean(&y_sum[m], m);
        variance.add(w * dp * dp);
        covariance.add(w * dp * dy);
    }
    Ok(Murphy {
        brier: brier(f),
        reliability,
        resolution,
        uncertainty: base * (1.0 - base),
        within_variance: variance.value() / total,
        within_covariance: 2.0 * covariance.value() / total,
    })
}
