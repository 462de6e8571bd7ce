//! Cox's recalibration line: logit P(y = 1) = intercept + slope · logit p.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Real;

use crate::logistic::{fit_logistic, separates};
use crate::sum::Sum;
use crate::{Error, Forecasts, Result};

/// Slope and intercept of the recalibration line; (1, 0) when calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cox {
    /// Slope: below 1 when forecasts are too extreme.
    pub slope: f64,
    /// Its standard error.
    pub slope_se: f64,
    /// Intercept at that slope.
    pub intercept: f64,
    /// Its standard error.
    pub intercept_se: f64,
    /// Calibration in the large: the intercept when the slope is held at 1.
    pub in_the_large: f64,
    /// p-value of slope 1 and intercept 0 together, by the likelihood ratio.
    pub p_value: f64,
}

/// Fits the line by maximum likelihood.
///
/// # Errors
/// [`Error::NonFinite`] when a p is 0 or 1, whose logit is infinite;
/// [`Error::OneOutcome`]; [`Error::Separable`] when p splits the outcomes.
///
/// # References
/// Cox 1958; Miller, Hui and Tierney 1991.
pub fn cox(f: &Forecasts<'_>) -> Result<Cox> {
    if let Some(row) = f.p().iter().position(|p| p.logit().is_infinite()) {
        let value = f.p()[row].logit();
        return Err(Error::NonFinite { what: "logit p", row, column: 0, value });
    }
    one_outcome(f.iter().filter(|s| s.2 > 0.0).map(|s| s.1), f.len())?;
    let constant = f.p().iter().all(|p| p.total_cmp(&f.p()[0]).is_eq());
    if !constant && separates(f.iter()) {
        return Err(Error::Separable {
            what: "Cox's recalibration line",
            remedy: "use a larger sample",
        });
    }
    let samples: Vec<_> =
        f.iter().map(|(p, y, w)| (p.logit(), f64::from(u8::from(y)), w)).collect();
    let fit = fit_logistic("Cox's recalibration line", &samples)?;
    let deviance = |slope: f64, intercept: f64| {
        let mut sum = Sum::default();
        for &(x, t, w) in &samples {
            let eta = slope * x + intercept;
            sum.add(2.0 * w * (eta.softplus() - t * eta));
        }
        sum.value()
    };
    let ratio = (deviance(1.0, 0.0) - deviance(fit.slope, fit.intercept)).max(0.0);
    Ok(Cox {
        slope: fit.slope,
        slope_se: fit.slope_se,
        intercept: fit.intercept,
        intercept_se: fit.intercept_se,
        in_the_large: offset_intercept(&samples),
        // The χ² law with two degrees of freedom is exponential.
        p_value: (-0.5 * ratio).exp(),
    })
}

/// The b with Σ w [t − σ(x + b)] = 0: a decreasing function of b, bisected
/// and polished by Newton steps that stay in the bracket.
fn offset_intercept(samples: &[(f64, f64, f64)]) -> f64 {
    let slope = |b: f64| {
        let (mut g, mut h) = (0.0, 0.0);
        for &(x, t, w) in samples {
            let p = (x + b).sigmoid();
            g += w * (t - p);
            h += w * p * (1.0 - p);
        }
        (g, h)
    };
    let (mut low, mut high) = (-1.0, 1.0);
    while slope(low).0 < 0.0 {
        low *= 2.0;
    }
    while slope(high).0 > 0.0 {
        high *= 2.0;
    }
    let mut b = 0.0;
    for _ in 0..200 {
        let (g, h) = slope(b);
        if g > 0.0 {
            low = b
        } else {
            high = b
        }
        let next = b + g / h;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - b).abs() <= 1e-15 * (1.0 + b.abs()) {
            return next;
        }
        b = next;
    }
    b
}

/// Fails when only one outcome occurs.
pub(crate) fn one_outcome(mut y: impl Iterator<Item = bool>, n: usize) -> Result<()> {
    let Some(first) = y.next() else { return Err(Error::Empty { what: "y" }) };
    if y.all(|y| y == first) { Err(Error::OneOutcome { n, outcome: first }) } else { Ok(()) }
}
