//! Special functions and the distributions that standard errors, intervals and
//! coverage laws need: gamma, beta, normal, Student's t, F, binomial and
//! beta-binomial.
//!
//! Plain `f64` functions, one file per family. Two ideas carry them: every
//! density is written as a saddle point (Loader 2000), so that no large logarithms cancel; and every quantile is Newton's
//! iteration on the logarithm of a log-concave distribution function, which
//! converges from any start.
//!
//! # Contract
//! Inside the stated domain the answer is a number, never NaN; limits are
//! taken at the ends (a distribution function is 0 below and 1 above its
//! support). Outside the domain (a NaN, a parameter ≤ 0 or above 1e15, a probability
//! outside \[0, 1\], a shape above 1e15) the answer is NaN, as `f64::ln(-1.0)` is: callers check
//! settings at their public door.
//!
//! # Numerics
//! A tail that lies outward of the mean has a relative error of about
//! 2e-14 + 4 ε |ln tail| (one larger than ½ has that absolute error), for
//! parameters up to 1e5 or so; each `_sf` is computed as
//! itself, not as 1 − cdf. The fractions take about √(a + b) terms.

mod beta;
mod binomial;
mod gamma;
mod normal;
mod saddle;
mod student;

pub use beta::{
    beta_cdf, beta_pdf, beta_quantile, beta_sf, beta_upper_quantile, clopper_pearson, f_cdf,
    f_quantile, f_sf, ln_beta,
};
pub use binomial::{
    beta_binomial_cdf, beta_binomial_pmf, beta_binomial_quantile, beta_binomial_sf, binomial_cdf,
    binomial_pmf, binomial_quantile, binomial_sf,
};
pub use gamma::{
    chi_squared_cdf, chi_squared_quantile, chi_squared_sf, gamma_p, gamma_q, ln_gamma,
};
pub use normal::{ln_normal_cdf, normal_cdf, normal_pdf, normal_quantile, normal_sf};
pub use student::{student_t_cdf, student_t_pdf, student_t_quantile, student_t_sf};

#[cfg(test)]
mod tests;

/// Solves ln F(u) = `target` for a log-concave distribution function F.
///
/// `log_cdf(u)` returns ln F(u) and its derivative. The tangents of a concave
/// function lie above it, so from the first step on the iterates stay left of
/// the solution and rise towards it: no bracket is needed.
fn solve_log_concave(log_cdf: &dyn Fn(f64) -> (f64, f64), target: f64, start: f64) -> f64 {
    let mut u = start;
    for _ in 0..200 {
        let (value, slope) = log_cdf(u);
        let miss = target - value;
        let step = miss / slope;
        if !step.is_finite() {
            break;
        }
        u += step;
        // The error of the next iterate is of the order of `miss` squared.
        if miss.abs() <= 1e-9 {
            break;
        }
    }
    u
}

/// Whether `p` is a probability.
fn is_probability(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

/// Whether `a` can be a shape parameter.
fn is_shape(a: f64) -> bool {
    a > 0.0 && a <= 1e15
}
