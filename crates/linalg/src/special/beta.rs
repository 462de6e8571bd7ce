//! The beta function, its incomplete integral and inverse, and what follows:
//! the beta and F distributions and Clopper–Pearson intervals.

use super::saddle::ln_beta_kernel;
use super::{is_probability, is_shape, ln_gamma, solve_log_concave};
use crate::Real;

/// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0.
///
/// # Numerics
/// From the saddle-point form when both are large, where the logarithms would
/// cancel.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::ln_beta;
/// // B(2, 3) = 1! 2! / 4! = 1/12
/// assert!((ln_beta(2.0, 3.0) + 12.0_f64.ln()).abs() < 1e-14);
/// ```
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) {
        return f64::NAN;
    }
    if a.min(b) < 10.0 && a.max(b) < 100.0 {
        return ln_gamma(a) + (ln_gamma(b) - ln_gamma(a + b));
    }
    // At its own mode x = a/(a + b) the kernel has no deviance left.
    let (x, y) = (a / (a + b), b / (a + b));
    let (low, high) = (a.min(b), a.max(b));
    // low · ln(low / n) + high · ln(high / n)
    let entropy = low * x.min(y).ln() + high * (-low / (low + high)).ln_1p();
    entropy - ln_beta_kernel(a, b, x, y)
}

/// Density of the beta distribution, xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b), for a, b > 0;
/// 0 outside \[0, 1\], +∞ at an end where it has a pole.
#[must_use]
pub fn beta_pdf(x: f64, a: f64, b: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) || x.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&x) {
        return 0.0;
    }
    if x <= 0.0 || x >= 1.0 {
        let (near, far) = if x <= 0.0 { (a, b) } else { (b, a) };
        return if near < 1.0 {
            f64::INFINITY
        } else if near > 1.0 {
            0.0
        } else {
            far
        };
    }
    let y = 1.0 - x;
    (ln_beta_kernel(a, b, x, y) - x.ln() - (-x).ln_1p()).exp()
}

/// The regularised incomplete beta function
/// Iₓ(a, b) = 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt, for a, b > 0: the distribution
/// function of the beta distribution.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::beta_cdf;
/// // I_x(2, 2) = 3x² − 2x³
/// assert!((beta_cdf(0.25, 2.0, 2.0) - 0.15625).abs() < 1e-15);
/// ```
#[must_use]
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    tails(a, b, x, 1.0 - x).0
}

/// 1 − Iₓ(a, b) without the cancellation.
#[must_use]
pub fn beta_sf(x: f64, a: f64, b: f64) -> f64 {
    tails(a, b, x, 1.0 - x).1
}

/// The x with Iₓ(a, b) = p, for a, b > 0 and p in \[0, 1\].
///
/// # Examples
/// ```
/// use wonderland_linalg::special::beta_quantile;
/// // I_x(1, 3) = 1 − (1 − x)³
/// assert!((beta_quantile(0.875, 1.0, 3.0) - 0.5).abs() < 1e-15);
/// ```
#[must_use]
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    quantile_logit(p, 1.0 - p, a, b).sigmoid()
}

/// The x with 1 − Iₓ(a, b) = q: keeps its digits for tiny q.
#[must_use]
pub fn beta_upper_quantile(q: f64, a: f64, b: f64) -> f64 {
    quantile_logit(1.0 - q, q, a, b).sigmoid()
}

/// P(F ≤ x) for the F distribution with d₁ and d₂ degrees of freedom (> 0).
#[must_use]
pub fn f_cdf(x: f64, d1: f64, d2: f64) -> f64 {
    f_tails(x, d1, d2).0
}

/// P(F > x) for the F distribution with d₁ and d₂ degrees of freedom (> 0).
#[must_use]
pub fn f_sf(x: f64, d1: f64, d2: f64) -> f64 {
    f_tails(x, d1, d2).1
}

/// The x with P(F ≤ x) = p, for d₁, d₂ > 0 and p in \[0, 1\].
///
/// # Examples
/// ```
/// use wonderland_linalg::special::f_quantile;
/// // With d₁ = d₂ the median is 1.
/// assert!((f_quantile(0.5, 7.0, 7.0) - 1.0).abs() < 1e-14);
/// ```
#[must_use]
pub fn f_quantile(p: f64, d1: f64, d2: f64) -> f64 {
    d2 / d1 * quantile_logit(p, 1.0 - p, 0.5 * d1, 0.5 * d2).exp()
}

/// The Clopper–Pearson interval of a proportion: k successes in n trials.
///
/// The bounds are the proportions at which k is still within the two
/// (1 − level)/2 tails, so that the coverage is at least `level` for any true
/// proportion. Domain: k ≤ n, n > 0, level in (0, 1).
///
/// # Examples
/// ```
/// use wonderland_linalg::special::clopper_pearson;
/// // Without a success the upper bound solves (1 − p)ⁿ = 0.025.
/// let (low, high) = clopper_pearson(0, 10, 0.95);
/// assert_eq!(low, 0.0);
/// assert!((high - (1.0 - 0.025_f64.powf(0.1))).abs() < 1e-15);
/// ```
#[must_use]
pub fn clopper_pearson(k: u64, n: u64, level: f64) -> (f64, f64) {
    if k > n || n == 0 || !(level > 0.0 && level < 1.0) {
        return (f64::NAN, f64::NAN);
    }
    let tail = 0.5 * (1.0 - level);
    let (hits, misses) = (k as f64, (n - k) as f64);
    let low = if k == 0 { 0.0 } else { beta_quantile(tail, hits, misses + 1.0) };
    let high = if k == n { 1.0 } else { beta_upper_quantile(tail, hits + 1.0, misses) };
    (low, high)
}

fn f_tails(x: f64, d1: f64, d2: f64) -> (f64, f64) {
    if x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    // x/(x + d₂/d₁) and its complement, with limits at 0 and ∞.
    let ratio = (x * (d1 / d2)).max(0.0);
    tails(0.5 * d1, 0.5 * d2, 1.0 / (1.0 + 1.0 / ratio), 1.0 / (1.0 + ratio))
}

/// (Iₓ(a, b), 1 − Iₓ(a, b)) for y = 1 − x, each given with its own digits.
pub(super) fn tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if !is_shape(a) || !is_shape(b) || x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let kernel = ln_beta_kernel(a, b, x, y);
    if left_of_mean(a, b, x) {
        let low = (kernel + fraction(a, b, x, y).ln()).exp().min(1.0);
        (low, 1.0 - low)
    } else {
        let high = (kernel + fraction(b, a, y, x).ln()).exp().min(1.0);
        (1.0 - high, high)
    }
}

/// Where the fraction of (a, b, x) converges faster than that of (b, a, y).
fn left_of_mean(a: f64, b: f64, x: f64) -> bool {
    x * (a + b + 2.0) <= a + 1.0
}

/// logit of the x with Iₓ(a, b) = p = 1 − q.
///
/// The logit keeps the digits of x at both ends, and the density of a beta
/// variable's logit is log-concave for every a and b.
pub(super) fn quantile_logit(p: f64, q: f64, a: f64, b: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) || !is_probability(p) || !is_probability(q) {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if q == 0.0 {
        return f64::INFINITY;
    }
    let start = (a / b).ln();
    if p <= q {
        solve_log_concave(&|u| ln_lower(a, b, u), p.ln(), start)
    } else {
        -solve_log_concave(&|u| ln_lower(b, a, u), q.ln(), -start)
    }
}

/// ln Iₓ(a, b) at x = σ(u), and its derivative in u.
fn ln_lower(a: f64, b: f64, u: f64) -> (f64, f64) {
    /// Below e^−700 the integrand is tᵃ⁻¹ to the last bit.
    const LOW: f64 = -700.0;
    if u < LOW {
        return (ln_lower(a, b, LOW).0 + a * (u - LOW), a);
    }
    let (x, y) = (u.sigmoid(), (-u).sigmoid());
    if y == 0.0 {
        return (0.0, f64::MIN_POSITIVE);
    }
    let kernel = ln_beta_kernel(a, b, x, y);
    if left_of_mean(a, b, x) {
        let fraction = fraction(a, b, x, y);
        (kernel + fraction.ln(), 1.0 / fraction)
    } else {
        let (low, _) = tails(a, b, x, y);
        (low.ln(), kernel.exp() / low)
    }
}

/// Iₓ(a, b) · B(a, b) / (xᵃ yᵇ) by the continued fraction of DiDonato and
/// Morris (1992, eq. 9), with Lentz's method.
///
/// For a < 1 the fraction divides nearly equal numbers; while b x is small the
/// power series of DiDonato and Morris (eq. 3) stands in.
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    if a < 1.0 && b * x <= 0.7 {
        // Whichever of x and y is the small one holds the digits of y.
        let ln_y = if x < 0.5 { (-x).ln_1p() } else { y.ln() };
        return power_series(a, b, x) * (-b * ln_y).exp() / a;
    }
    let denominator = |m: f64| {
        let s = a + 2.0 * m;
        m + m * (b - m) * x / (s - 1.0)
            + (a + m) / (s + 1.0) * (a * y - b * x + 1.0 + m * (1.0 + y))
    };
    // At m = 0 the middle term is absent, also where a = 1 makes it 0/0.
    let mut h = a / (a + 1.0) * (a * y - b * x + 1.0);
    if h == 0.0 {
        h = TINY;
    }
    let mut c = h;
    let mut d = 0.0;
    let mut m = 0.0;
    loop {
        m += 1.0;
        let s = a + 2.0 * m - 1.0;
        let numerator = (a + m - 1.0) / s * ((a + b + m - 1.0) / s) * m * (b - m) * x * x;
        let bottom = denominator(m);
        d = bottom + numerator * d;
        c = bottom + numerator / c;
        if d == 0.0 {
            d = TINY;
        }
        if c == 0.0 {
            c = TINY;
        }
        d = 1.0 / d;
        let change = c * d;
        h *= change;
        // Once rounding dominates, `change` stays within an ulp or two of 1.
        if (change - 1.0).abs() <= 2.0 * f64::EPSILON {
            return 1.0 / h;
        }
    }
}

/// 1 + a Σₙ xⁿ/(a + n) Πⱼ₌₁ⁿ (1 − b/j), which times xᵃ/(a B(a, b)) is Iₓ(a, b).
fn power_series(a: f64, b: f64, x: f64) -> f64 {
    let mut product = 1.0;
    let mut sum = 0.0;
    let mut n = 0.0;
    loop {
        n += 1.0;
        product *= (1.0 - b / n) * x;
        sum += product / (a + n);
        // The terms fall at least as fast as those of the geometric series of x.
        if product.abs() <= 1e-17 * (1.0 - x) {
            return 1.0 + a * sum;
        }
    }
}
