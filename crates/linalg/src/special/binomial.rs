//! The binomial and the beta-binomial distribution.
//!
//! The beta-binomial is the law of the number of covered test points given a
//! calibration set, so its tails are summed without cancellation.

use super::beta::tails;
use super::saddle::{ln_beta_kernel, ln_binomial_mass};
use super::{is_probability, is_shape};

/// P(K = k) for K ~ Binomial(n, p): C(n, k) pᵏ (1 − p)ⁿ⁻ᵏ, for p in \[0, 1\].
///
/// # Examples
/// ```
/// use wonderland_linalg::special::binomial_pmf;
/// assert!((binomial_pmf(2, 4, 0.5) - 0.375).abs() < 1e-15);
/// ```
#[must_use]
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if !is_probability(p) {
        return f64::NAN;
    }
    if k > n { 0.0 } else { ln_binomial_mass(k as f64, n as f64, p, 1.0 - p).exp() }
}

/// P(K ≤ k) for K ~ Binomial(n, p), for p in \[0, 1\].
///
/// # Examples
/// ```
/// use wonderland_linalg::special::binomial_cdf;
/// assert!((binomial_cdf(1, 4, 0.5) - 0.3125).abs() < 1e-15);
/// ```
#[must_use]
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    binomial_tails(k, n, p).0
}

/// P(K > k) for K ~ Binomial(n, p), for p in \[0, 1\].
#[must_use]
pub fn binomial_sf(k: u64, n: u64, p: f64) -> f64 {
    binomial_tails(k, n, p).1
}

/// The least k with P(K ≤ k) ≥ `probability` for K ~ Binomial(n, p); `None`
/// when an argument is outside its domain.
#[must_use]
pub fn binomial_quantile(probability: f64, n: u64, p: f64) -> Option<u64> {
    (is_probability(probability) && is_probability(p))
        .then(|| least(n, |k| binomial_cdf(k, n, p) >= probability))
}

/// P(K = k) for K ~ BetaBinomial(n, a, b):
/// C(n, k) B(k + a, n − k + b) / B(a, b), for a, b > 0.
///
/// # Examples
/// ```
/// use wonderland_linalg::special::beta_binomial_pmf;
/// // a = b = 1 is uniform on 0, …, n.
/// assert!((beta_binomial_pmf(3, 9, 1.0, 1.0) - 0.1).abs() < 1e-15);
/// ```
#[must_use]
pub fn beta_binomial_pmf(k: u64, n: u64, a: f64, b: f64) -> f64 {
    if !is_shape(a) || !is_shape(b) {
        return f64::NAN;
    }
    if k > n {
        return 0.0;
    }
    let (k, n) = (k as f64, n as f64);
    // Each factor as a saddle point at the posterior mean: the powers of p and
    // q cancel between them.
    let (hits, misses) = (k + a, n - k + b);
    let (p, q) = (hits / (hits + misses), misses / (hits + misses));
    (ln_binomial_mass(k, n, p, q) + ln_beta_kernel(a, b, p, q) - ln_beta_kernel(hits, misses, p, q))
        .exp()
}

/// P(K ≤ k) for K ~ BetaBinomial(n, a, b), for a, b > 0: a sum of at most n
/// masses over the shorter tail.
#[must_use]
pub fn beta_binomial_cdf(k: u64, n: u64, a: f64, b: f64) -> f64 {
    beta_binomial_tails(k, n, a, b).0
}

/// P(K > k) for K ~ BetaBinomial(n, a, b), for a, b > 0.
#[must_use]
pub fn beta_binomial_sf(k: u64, n: u64, a: f64, b: f64) -> f64 {
    beta_binomial_tails(k, n, a, b).1
}

/// The least k with P(K ≤ k) ≥ `probability` for K ~ BetaBinomial(n, a, b);
/// `None` when an argument is outside its domain.
#[must_use]
pub fn beta_binomial_quantile(probability: f64, n: u64, a: f64, b: f64) -> Option<u64> {
    (is_probability(probability) && is_shape(a) && is_shape(b))
        .then(|| least(n, |k| beta_binomial_cdf(k, n, a, b) >= probability))
}

fn binomial_tails(k: u64, n: u64, p: f64) -> (f64, f64) {
    if !is_probability(p) {
        return (f64::NAN, f64::NAN);
    }
    if k >= n {
        return (1.0, 0.0);
    }
    let (high, low) = tails(k as f64 + 1.0, (n - k) as f64, p, 1.0 - p);
    (low, high)
}

fn beta_binomial_tails(k: u64, n: u64, a: f64, b: f64) -> (f64, f64) {
    if !is_shape(a) || !is_shape(b) {
        return (f64::NAN, f64::NAN);
    }
    if k >= n {
        return (1.0, 0.0);
    }
    // Below the mean the lower tail is the short one; the upper tail is the
    // lower one of n − K ~ BetaBinomial(n, b, a).
    if (k as f64) * (a + b) <= n as f64 * a {
        let low = lower_sum(k, n, a, b);
        (low, 1.0 - low)
    } else {
        let high = lower_sum(n - k - 1, n, b, a);
        (1.0 - high, high)
    }
}

/// Σ_{j ≤ k} P(K = j), from k downwards by the ratio of neighbours: the terms
/// that matter come first, before rounding has piled up.
fn lower_sum(k: u64, n: u64, a: f64, b: f64) -> f64 {
    let unimodal = a >= 1.0 && b >= 1.0;
    let mut term = beta_binomial_pmf(k, n, a, b);
    let mut sum = term;
    for j in (1..=k).rev() {
        let (j, rest) = (j as f64, (n - j) as f64);
        term *= j * (rest + b) / ((j - 1.0 + a) * (rest + 1.0));
        sum += term;
        if unimodal && term < 1e-20 * sum {
            break;
        }
    }
    sum.min(1.0)
}

/// The least k in 0..=n where `reached` holds, given that it holds at n and
/// from its first k on.
fn least(n: u64, reached: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
