//! Smooth calibration error: residuals smeared by a Gaussian folded at 0 and
//! 1, at the one bandwidth that equals the error it measures.
//!
//! s(σ) = ∫₀¹ |Σᵢ wᵢ (yᵢ − pᵢ) K_σ(t, pᵢ)| dt / Σ wᵢ does not increase in σ,
//! so s(σ) = σ has one solution: no bins, no choice left to the user.

mod exact;
mod fourier;
mod pooled;
mod transform;

use serde::{Deserialize, Serialize};

use crate::Forecasts;
use exact::ExactSmoother;
use fourier::FourierSmoother;
use pooled::{Residuals, residuals};

/// How a [`SmoothEce`] was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SmoothMethod {
    /// The antiderivative between sign changes, for up to 2000 distinct p.
    Exact,
    /// On a grid with this many cells, by fast Fourier transform.
    Fourier {
        /// Number of cells.
        cells: usize,
    },
}

/// A smooth calibration error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SmoothEce {
    /// The error, in [0, 1], which is also its bandwidth.
    pub value: f64,
    /// A bound on |value − exact value|.
    pub error_bound: f64,
    /// How it was computed.
    pub method: SmoothMethod,
}

/// The smooth calibration error of binary forecasts.
///
/// # Numerics
/// The folded kernel is the full one (no cut tails, full weight at p = 0 and
/// p = 1). Up to 2000 distinct p: exact to about 10⁻¹⁰. Beyond: residuals are
/// spread on a grid by cubic interpolation; the grid is refined until the
/// reported bound is below 10⁻⁶ (or has 2²⁰ cells).
///
/// # References
/// Błasiok and Nakkiran 2023.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, smooth_ece};
/// // All residuals have one sign: no smoothing can cancel them.
/// let f = Forecasts::new(&[1.0, 1.0, 0.5, 0.5], &[true, true, false, false])?;
/// assert!((smooth_ece(&f).value - 0.25).abs() < 1e-12);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[must_use]
pub fn smooth_ece(f: &Forecasts<'_>) -> SmoothEce {
    match residuals(f) {
        Residuals::Few { p, r } => exact_value(p, r),
        Residuals::Many => fourier_value(f, 1e-6),
    }
}

/// s(σ) of [`smooth_ece`] at a given bandwidth σ > 0.
///
/// # Errors
/// [`BadParameter`](crate::Error::BadParameter) unless 0 < σ ≤ 1.
pub fn smoothed_error(f: &Forecasts<'_>, sigma: f64) -> crate::Result<f64> {
    let rule = "it must lie in (0, 1]";
    crate::check::parameter("sigma", sigma, sigma > 0.0 && sigma <= 1.0, rule)?;
    Ok(match residuals(f) {
        Residuals::Few { p, r } => ExactSmoother::new(p, r).integral(sigma),
        Residuals::Many => FourierSmoother::new(f, cells_for(sigma)).integral(sigma).0,
    })
}

fn exact_value(p: Vec<f64>, r: Vec<f64>) -> SmoothEce {
    let (total, signed) = (r.iter().map(|r| r.abs()).sum::<f64>(), r.iter().sum::<f64>().abs());
    let smoother = ExactSmoother::new(p, r);
    let value = fixed_point(signed, total, 1e-13, |sigma| smoother.integral(sigma));
    SmoothEce { value, error_bound: 1e-10, method: SmoothMethod::Exact }
}

/// The same on the grid whatever the number of distinct p, for values that are
/// wanted many times over, as in resampling: the exact method takes time that
/// grows with the square of n, this one hardly depends on it.
///
/// # Numerics
/// As [`smooth_ece`] for many p, but the grid is refined to a bound of 10⁻⁴
/// only: far below the spread that resampling is there to show.
#[must_use]
pub fn smooth_ece_on_grid(f: &Forecasts<'_>) -> SmoothEce {
    fourier_value(f, 1e-4)
}

fn fourier_value(f: &Forecasts<'_>, wanted: f64) -> SmoothEce {
    // Few samples are deposited again faster than a wide grid is transformed.
    let mut cells = if f.len() < 100_000 { 1 << 12 } else { 1 << 14 };
    loop {
        let smoother = FourierSmoother::new(f, cells);
        let mut bound = 0.0;
        let value = fixed_point(smoother.signed(), smoother.total(), 1e-9, |sigma| {
            let (s, error) = smoother.integral(sigma);
            bound = error;
            s
        });
        // The last bandwidth tried differs from the value by less than the
        // tolerance; s falls, so an error of s moves the solution no further.
        let error_bound = bound + 1e-9;
        if error_bound <= wanted || cells >= 1 << 20 {
            return SmoothEce { value, error_bound, method: SmoothMethod::Fourier { cells } };
        }
        cells *= 2;
    }
}

/// Cells that resolve a given bandwidth.
fn cells_for(sigma: f64) -> usize {
    ((200.0 / sigma) as usize).next_power_of_two().clamp(1 << 14, 1 << 20)
}

/// The σ with s(σ) = σ for a non-increasing s with |Σ r| ≤ s ≤ Σ |r|: regula
/// falsi with the Illinois rule, halving when that is slow.
fn fixed_point(low: f64, high: f64, tol: f64, mut s: impl FnMut(f64) -> f64) -> f64 {
    // Residuals of one sign, or none at all.
    if high - low <= 1e-15 * high {
        return high;
    }
    let (mut low, mut high) = (low, high);
    let (mut f_low, mut f_high) = (high - low, f64::NAN);
    let mut side = 0;
    for round in 0..200 {
        if high - low <= tol {
            break;
        }
        let secant = if f_high.is_nan() || round % 4 == 3 {
            0.5 * (low + high)
        } else {
            low + (high - low) * f_low / (f_low - f_high)
        };
        // Step a little past the secant's guess so that both ends move.
        let sigma = secant.clamp(low + 0.25 * tol, high - 0.25 * tol);
        let value = s(sigma) - sigma;
        if value == 0.0 {
            return sigma;
        }
        if value > 0.0 {
            (low, f_low) = (sigma, value);
            if side == 1 {
                f_high *= 0.5;
            }
            side = 1;
        } else {
            (high, f_high) = (sigma, value);
            if side == -1 {
                f_low *= 0.5;
            }
            side = -1;
        }
        // |s(σ) − σ| bounds the distance to the solution, because s falls.
        if value.abs() <= 0.5 * tol {
            return sigma;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests;
