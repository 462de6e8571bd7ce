//! Logistic regression on one score: minimises Σ w [softplus(η) − t η],
//! η = slope · x + intercept, by damped Newton steps on a standardised score.

use wonderland_linalg::Real;

use crate::{Error, Result};

/// The optimum with its observed information inverted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogisticFit {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    /// Standard errors of slope and intercept.
    pub(crate) slope_se: f64,
    pub(crate) intercept_se: f64,
}

/// Whether a score splits the outcomes, so that the likelihood has no maximum.
pub(crate) fn separates(samples: impl Iterator<Item = (f64, bool, f64)>) -> bool {
    let (mut no, mut yes) =
        ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
    for (x, y, w) in samples {
        if w > 0.0 {
            let range = if y { &mut yes } else { &mut no };
            range.0 = range.0.min(x);
            range.1 = range.1.max(x);
        }
    }
    no.1 <= yes.0 || yes.1 <= no.0
}

/// Fits targets t in [0, 1] with weights w over samples (x, t, w).
///
/// A constant score leaves the slope undetermined; it is then 0.
pub(crate) fn fit_logistic(what: &'static str, samples: &[(f64, f64, f64)]) -> Result<LogisticFit> {
    const MAX_ITERATIONS: usize = 200;
    let total: f64 = samples.iter().map(|s| s.2).sum();
    let mean = samples.iter().map(|&(x, _, w)| w * x).sum::<f64>() / total;
    let var = samples.iter().map(|&(x, _, w)| w * (x - mean) * (x - mean)).sum::<f64>() / total;
    let constant = var.sqrt() <= 1e-14 * mean.abs().max(f64::MIN_POSITIVE);
    let scale = if constant { 1.0 } else { var.sqrt() };
    let standard = |x: f64| if constant { 0.0 } else { (x - mean) / scale };

    let loss = |a: f64, b: f64| {
        samples
            .iter()
            .map(|&(x, t, w)| {
                let eta = a * standard(x) + b;
                w * (eta.softplus() - t * eta)
            })
            .sum::<f64>()
            / total
    };
    let rate = samples.iter().map(|&(_, t, w)| w * t).sum::<f64>() / total;
    let (mut a, mut b) = (0.0, rate.clamp(1e-12, 1.0 - 1e-12).logit());
    let mut current = loss(a, b);
    let (mut gradient, mut polish) = (f64::INFINITY, 0);
    for _ in 0..MAX_ITERATIONS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &(x, t, w) in samples {
            let x = standard(x);
            let p = (a * x + b).sigmoid();
            let (r, v) = (w * (p - t), w * p * (1.0 - p));
            ga += r * x;
            gb += r;
            haa += v * x * x;
            hab += v * x;
            hbb += v;
        }
        let [ga, gb, mut haa, hab, hbb] = [ga, gb, haa, hab, hbb].map(|s| s / total);
        if constant {
            haa = 1.0;
        }
        gradient = ga.abs().max(gb.abs());
        let det = haa * hbb - hab * hab;
        let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
        // Half the squared Newton decrement bounds the loss still to gain.
        let decrement = ga * da + gb * db;
        if !decrement.is_finite() {
            break;
        }
        // Close by, whole steps converge quadratically while differences of
        // the loss are noise: three more reach the last digits.
        let close = decrement <= 1e-9 * (1.0 + current.abs());
        polish += u32::from(close);
        let mut step = 1.0;
        while !close && loss(a - step * da, b - step * db) > current && step > 1e-12 {
            step *= 0.5;
        }
        (a, b) = (a - step * da, b - step * db);
        current = loss(a, b);
        if polish == 3 {
            let n = total;
            let (vaa, vbb, vab) = (hbb / det / n, haa / det / n, -hab / det / n);
            let shift = mean / scale;
            return Ok(LogisticFit {
                slope: if constant { 0.0 } else { a / scale },
                intercept: if constant { b } else { b - a * shift },
                slope_se: vaa.max(0.0).sqrt() / scale,
                intercept_se: (vbb + shift * shift * vaa - 2.0 * shift * vab).max(0.0).sqrt(),
            });
        }
    }
    Err(Error::NotConverged { what, iterations: MAX_ITERATIONS, gradient })
}
