//! The standard normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::is_probability;
use super::saddle::HALF_LN_TAU;

/// 1/√2 − FRAC_1_SQRT_2: what the constant lost in rounding.
const FRAC_1_SQRT_2_LOW: f64 = -4.833_646_656_726_457e-17;
/// 1/√(2π).
const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// The density φ(x) = e^(−x²/2) / √(2π).
///
/// # Numerics
/// x² is formed in two parts, so the digits hold to x = ±38, where φ underflows.
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    let square = x * x;
    let main = (-0.5 * square).exp() * FRAC_1_SQRT_TAU;
    // Beyond the range of f64 the rest of the square is not a number.
    if main == 0.0 {
        return main;
    }
    let lost = x.mul_add(x, -square);
    main - main * 0.5 * lost
}

/// The distribution function Φ(x) = ½ erfc(−x/√2).
///
/// # Numerics
/// Within 4 ulp down to the subnormal numbers: the rounding of x/√2, which
/// the tail would magnify x² times, is put back to first order.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::normal_cdf;
/// assert_eq!(normal_cdf(0.0), 0.5);
/// assert!((normal_cdf(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
/// ```
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    normal_sf(-x)
}

/// The upper tail 1 − Φ(x) = ½ erfc(x/√2), without the cancellation.
#[must_use]
pub fn normal_sf(x: f64) -> f64 {
    if x.is_infinite() {
        return if x > 0.0 { 0.0 } else { 1.0 };
    }
    let (z, lost) = over_sqrt_2(x);
    let slope = -FRAC_2_SQRT_PI * (-z * z).exp();
    let correction = if slope == 0.0 { 0.0 } else { slope * lost };
    0.5 * (libm::erfc(z) + correction)
}

/// ln Φ(x), finite for every finite x above −1e154.
///
/// # Numerics
/// Below −10 by the continued fraction of Mills' ratio, where Φ would
/// underflow; above 0 by ln(1 − tail).
#[must_use]
pub fn ln_normal_cdf(x: f64) -> f64 {
    if x > 0.0 {
        return (-normal_sf(x)).ln_1p();
    }
    if x > -10.0 || x.is_nan() {
        return normal_cdf(x).ln();
    }
    if x == f64::NEG_INFINITY {
        return x;
    }
    // (1 − Φ(t))/φ(t) = 1/(t + 1/(t + 2/(t + …))); 30 levels suffice from 10 on.
    let t = -x;
    let bottom = (1..=30).rev().fold(t, |below, k| t + f64::from(k) / below);
    -0.5 * t * t - HALF_LN_TAU - bottom.ln()
}

/// The quantile Φ⁻¹(p), for p in \[0, 1\]; ∓∞ at the ends.
///
/// # Numerics
/// A rational first guess (Hastings) and Halley's iteration on Φ, in the
/// middle on Φ − ½, so that the digits hold near p = 0 and near p = ½. Near
/// p = 1 the rounding of p itself decides: pass the small tail and change the
/// sign.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::normal_quantile;
/// assert_eq!(normal_quantile(0.5), 0.0);
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if !is_probability(p) {
        return f64::NAN;
    }
    if p > 0.5 {
        // Exact: 1 − p has no more bits than p.
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let ln_p = p.ln();
    let t = (-2.0 * ln_p).sqrt();
    let mut x = (2.515_517 + t * (0.802_853 + t * 0.010_328))
        / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)))
        - t;
    // The guess is good to 5e-4 and each step cubes the error.
    for _ in 0..3 {
        // (Φ(x) − p)/p, near the subnormal numbers from the logarithm.
        let miss = if p > 0.25 {
            let (z, lost) = over_sqrt_2(x);
            let half = 0.5 * (libm::erf(z) + FRAC_2_SQRT_PI * (-z * z).exp() * lost);
            (half - (p - 0.5)) / p
        } else if p > 1e-290 {
            (normal_cdf(x) - p) / p
        } else {
            (ln_normal_cdf(x) - ln_p).exp_m1()
        };
        // p over the density: unlike its factors it has the size of 1/|x|.
        let step = miss * (ln_p + 0.5 * x * x + HALF_LN_TAU).exp();
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

/// x/√2 in two parts.
fn over_sqrt_2(x: f64) -> (f64, f64) {
    let z = x * FRAC_1_SQRT_2;
    (z, x.mul_add(FRAC_1_SQRT_2, -z) + x * FRAC_1_SQRT_2_LOW)
}
