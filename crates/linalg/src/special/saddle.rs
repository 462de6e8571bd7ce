//! Saddle-point forms of the gamma and binomial kernels (Loader 2000, "Fast
//! and accurate computation of binomial probabilities").
//!
//! Γ is split into Stirling's formula and its small error δ, and what remains
//! of the exponent is a *deviance*, which vanishes at the mode instead of
//! being the difference of large logarithms.

use std::f64::consts::TAU;

/// ½ ln 2π.
pub(super) const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// δ(x) = ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π for x > 0.
///
/// From 10 on eight terms of the asymptotic series; their rest is below 2e-18.
pub(super) fn stirling_error(x: f64) -> f64 {
    if x < 10.0 {
        return libm::lgamma(x + 1.0) - (x + 0.5) * x.ln() + x - HALF_LN_TAU;
    }
    // B_{2k} / (2k (2k − 1)), highest power first.
    const SERIES: [f64; 8] = [
        -3617.0 / 122_400.0,
        1.0 / 156.0,
        -691.0 / 360_360.0,
        1.0 / 1188.0,
        -1.0 / 1680.0,
        1.0 / 1260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ];
    let z = 1.0 / (x * x);
    SERIES.iter().fold(0.0, |sum, c| sum * z + c) / x
}

/// D(x, μ) = x ln(x / μ) + μ − x ≥ 0 for x ≥ 0 and μ > 0.
pub(super) fn deviance(x: f64, mu: f64) -> f64 {
    if x == 0.0 {
        return mu;
    }
    let gap = x - mu;
    // The series needs up to fifty terms; beyond it little cancels.
    if gap.abs() >= 0.7 * (x + mu) {
        return x * (x / mu).ln() + mu - x;
    }
    // ln(x / μ) = 2 artanh v with v = (x − μ) / (x + μ).
    let v = gap / (x + mu);
    let v2 = v * v;
    let mut sum = gap * v;
    let mut power = 2.0 * x * v;
    let mut odd = 3.0;
    loop {
        power *= v2;
        sum += power / odd;
        if power.abs() <= 1e-17 * sum {
            return sum;
        }
        odd += 2.0;
    }
}

/// ln(xᵃ yᵇ / B(a, b)) for y = 1 − x.
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x)
        - deviance(b, n * y)
        + 0.5 * (a / TAU * (b / n)).ln()
}

/// ln(xᵃ e⁻ˣ / Γ(a)).
pub(super) fn ln_gamma_kernel(a: f64, x: f64) -> f64 {
    0.5 * (a / TAU).ln() - stirling_error(a) - deviance(a, x)
}

/// ln of Γ(n + 1) / (Γ(k + 1) Γ(n − k + 1)) · pᵏ qⁿ⁻ᵏ for q = 1 − p and
/// 0 ≤ k ≤ n: the binomial mass, k and n real.
pub(super) fn ln_binomial_mass(k: f64, n: f64, p: f64, q: f64) -> f64 {
    let rest = n - k;
    if k == 0.0 {
        // n ln q, by whichever of p and q is the more accurate.
        return if p < 0.5 { n * (-p).ln_1p() } else { n * q.ln() };
    }
    if rest == 0.0 {
        return if q < 0.5 { n * (-q).ln_1p() } else { n * p.ln() };
    }
    if p == 0.0 || q == 0.0 {
        return f64::NEG_INFINITY;
    }
    stirling_error(n)
        - stirling_error(k)
        - stirling_error(rest)
        - deviance(k, n * p)
        - deviance(rest, n * q)
        - 0.5 * (TAU * k * (rest / n)).ln()
}
