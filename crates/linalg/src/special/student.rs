//! Student's t distribution, as a beta distribution of ν/(ν + t²).

use super::beta::{ln_beta, quantile_logit, tails};
use super::saddle::ln_beta_kernel;
use super::{is_probability, normal_cdf, normal_pdf, normal_quantile};

/// Density of Student's t distribution with ν > 0 degrees of freedom; ν = ∞ is
/// the normal distribution.
#[must_use]
pub fn student_t_pdf(t: f64, nu: f64) -> f64 {
    if t.is_nan() || nu.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    if nu == f64::INFINITY {
        return normal_pdf(t);
    }
    let (x, y) = shares(t, nu);
    if x == 0.0 {
        return 0.0;
    }
    // (1 + t²/ν)^(−(ν+1)/2) / (√ν B(ν/2, ½)), where 1 + t²/ν = 1/x.
    if y == 0.0 {
        return (-ln_beta(0.5 * nu, 0.5)).exp() / nu.sqrt();
    }
    ln_beta_kernel(0.5 * nu, 0.5, x, y).exp() * (x / y).sqrt() / nu.sqrt()
}

/// P(T ≤ t) for Student's t distribution with ν > 0 degrees of freedom; ν = ∞
/// is the normal distribution.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::student_t_cdf;
/// // With one degree of freedom it is ½ + arctan(t)/π.
/// assert!((student_t_cdf(1.0, 1.0) - 0.75).abs() < 1e-15);
/// ```
#[must_use]
pub fn student_t_cdf(t: f64, nu: f64) -> f64 {
    if t.is_nan() || nu.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    if nu == f64::INFINITY {
        return normal_cdf(t);
    }
    let (x, y) = shares(t, nu);
    let (tail, middle) = tails(0.5 * nu, 0.5, x, y);
    if t <= 0.0 { 0.5 * tail } else { 0.5 + 0.5 * middle }
}

/// P(T > t) for Student's t distribution with ν > 0 degrees of freedom.
#[must_use]
pub fn student_t_sf(t: f64, nu: f64) -> f64 {
    student_t_cdf(-t, nu)
}

/// The t with P(T ≤ t) = p, for ν > 0 (or ∞) and p in \[0, 1\].
///
/// # Examples
/// ```
/// use wonderland_linalg::special::student_t_quantile;
/// // With two degrees of freedom it is (2p − 1) / √(2 p (1 − p)).
/// assert!((student_t_quantile(0.9, 2.0) - 0.8 / 0.18_f64.sqrt()).abs() < 1e-14);
/// ```
#[must_use]
pub fn student_t_quantile(p: f64, nu: f64) -> f64 {
    if !is_probability(p) || nu.is_nan() || nu <= 0.0 {
        return f64::NAN;
    }
    if nu == f64::INFINITY {
        return normal_quantile(p);
    }
    if p > 0.5 {
        return -student_t_quantile(1.0 - p, nu);
    }
    if p >= 0.5 {
        return 0.0;
    }
    // x/y = ν/t² at the solution.
    let logit = quantile_logit(2.0 * p, 2.0 * (0.5 - p), 0.5 * nu, 0.5);
    -nu.sqrt() * (-0.5 * logit).exp()
}

/// ν/(ν + t²) and t²/(ν + t²), each to its last digits, also where t²
/// overflows.
fn shares(t: f64, nu: f64) -> (f64, f64) {
    let ratio = t / nu.sqrt();
    let square = ratio * ratio;
    (1.0 / (1.0 + square), 1.0 / (1.0 + 1.0 / square))
}
