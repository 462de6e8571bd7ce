//! Every function against mpmath at 60 digits (`testdata/special.json`), and
//! the contract at and beyond the ends of the domains.

#![allow(clippy::float_cmp, reason = "limits are exact")]

use std::collections::BTreeMap;

use super::*;

/// Rows of arguments and expected values.
fn cases(name: &str) -> Vec<Vec<f64>> {
    #[derive(serde::Deserialize)]
    struct File {
        cases: BTreeMap<String, Vec<Vec<f64>>>,
    }
    let file: File = serde_json::from_str(include_str!("../../testdata/special.json")).unwrap();
    file.cases[name].clone()
}

/// Asserts |actual − expected| ≤ `rtol` |expected|; below the normal numbers
/// one unit of the last place more.
#[track_caller]
fn close(actual: f64, expected: f64, rtol: f64, what: &[f64]) {
    let tolerance = rtol * expected.abs() + 2.0 * f64::from_bits(1);
    assert!(
        (actual - expected).abs() <= tolerance || actual == expected,
        "{what:?}: {actual:e} instead of {expected:e}, off by {:.1} eps",
        (actual / expected - 1.0) / f64::EPSILON
    );
}

const EPS: f64 = f64::EPSILON;

#[test]
fn ln_gamma_and_ln_beta() {
    for row in cases("ln_gamma") {
        close(ln_gamma(row[0]), row[1], 4.0 * EPS, &row);
    }
    for row in cases("ln_beta") {
        // Absolute near the zeros of ln B, where ln Γ terms of size ~1 cancel.
        let scale = 8.0 * EPS * (1.0 + 4.0 / row[2].abs());
        close(ln_beta(row[0], row[1]), row[2], scale, &row);
    }
}

/// The exponent of the kernel carries an error of a few eps times its size.
#[test]
fn beta_distribution() {
    for row in cases("beta") {
        let [x, a, b, low, high] = row[..] else { panic!() };
        let rtol =
            |value: f64| (2e-14 + 4.0 * EPS * value.ln().abs()).max(2.0 * EPS * (a + b).sqrt());
        // On the far side of the mean a tail is one minus the other.
        let left = x * (a + b + 2.0) <= a + 1.0;
        let (far_low, far_high) = if left { (0.0, 64.0 * EPS) } else { (64.0 * EPS, 0.0) };
        close(beta_cdf(x, a, b), low, rtol(low) + far_low / low, &row);
        close(beta_sf(x, a, b), high, rtol(high) + far_high / high, &row);
    }
    for row in cases("beta_quantile") {
        let [p, a, b, x] = row[..] else { panic!() };
        // A logit u carries the error eps |u| into x.
        close(beta_quantile(p, a, b), x, 1e-14 + 4.0 * EPS * x.max(1e-300).ln().abs(), &row);
    }
}

#[test]
fn gamma_distribution() {
    for row in cases("gamma") {
        let [a, x, low, high] = row[..] else { panic!() };
        let rtol = |value: f64| (2e-14 + 4.0 * EPS * value.ln().abs()).max(2.0 * EPS * a.sqrt());
        close(gamma_p(a, x), low, rtol(low), &row);
        close(gamma_q(a, x), high, rtol(high), &row);
    }
    for row in cases("chi_squared_quantile") {
        close(
            chi_squared_quantile(row[0], row[1]),
            row[2],
            1e-14 + 4.0 * EPS * row[2].ln().abs(),
            &row,
        );
    }
}

#[test]
fn normal_distribution() {
    for row in cases("normal") {
        close(normal_cdf(row[0]), row[1], 4.0 * EPS, &row);
        close(normal_sf(row[0]), row[2], 4.0 * EPS, &row);
        close(normal_pdf(row[0]), row[3], 4.0 * EPS, &row);
    }
    for row in cases("ln_normal_cdf") {
        close(ln_normal_cdf(row[0]), row[1], 8.0 * EPS, &row);
    }
    for row in cases("normal_quantile") {
        close(normal_quantile(row[0]), row[1], 4.0 * EPS, &row);
    }
}

#[test]
fn student_distribution() {
    for row in cases("student_t") {
        let [t, nu, cdf, sf, pdf] = row[..] else { panic!() };
        let rtol = 2e-14 + 4.0 * EPS * sf.ln().abs();
        close(student_t_cdf(t, nu), cdf, 4.0 * EPS + rtol * sf, &row);
        close(student_t_sf(t, nu), sf, rtol, &row);
        close(student_t_pdf(t, nu), pdf, rtol, &row);
    }
    for row in cases("student_t_quantile") {
        close(student_t_quantile(row[0], row[1]), row[2], 5e-14, &row);
    }
}

#[test]
fn f_distribution() {
    for row in cases("f") {
        let [x, d1, d2, low, high] = row[..] else { panic!() };
        close(f_cdf(x, d1, d2), low, 2e-14, &row);
        close(f_sf(x, d1, d2), high, 2e-14, &row);
        if low < 0.999 {
            // dx/x = dp/p · (p / (x density)): a few units at most here.
            close(f_quantile(low, d1, d2), x, 1e-13, &row);
        }
    }
}

#[test]
fn binomial_distributions() {
    for row in cases("binomial") {
        let (k, n, p) = (row[0] as u64, row[1] as u64, row[2]);
        close(binomial_pmf(k, n, p), row[3], 1e-13, &row);
        close(binomial_cdf(k, n, p), row[4], 1e-13, &row);
        close(binomial_sf(k, n, p), row[5], 1e-13, &row);
        // The quantile inverts the distribution function, steps included.
        assert_eq!(binomial_quantile(binomial_cdf(k, n, p), n, p), Some(k), "{row:?}");
    }
    for row in cases("beta_binomial") {
        let (k, n, a, b) = (row[0] as u64, row[1] as u64, row[2], row[3]);
        close(beta_binomial_pmf(k, n, a, b), row[4], 1e-13, &row);
        close(beta_binomial_cdf(k, n, a, b), row[5], 1e-13, &row);
        close(beta_binomial_sf(k, n, a, b), row[6], 1e-13, &row);
    }
    assert_eq!(beta_binomial_quantile(0.35, 9, 1.0, 1.0), Some(3));
}

#[test]
fn limits_and_the_outside_of_the_domain() {
    assert_eq!((beta_cdf(-1.0, 2.0, 3.0), beta_sf(2.0, 2.0, 3.0)), (0.0, 0.0));
    assert_eq!((beta_quantile(0.0, 2.0, 3.0), beta_quantile(1.0, 2.0, 3.0)), (0.0, 1.0));
    assert_eq!((beta_pdf(0.0, 0.5, 3.0), beta_pdf(1.0, 2.0, 1.0)), (f64::INFINITY, 2.0));
    assert_eq!((gamma_p(2.0, -1.0), gamma_q(2.0, f64::INFINITY)), (0.0, 0.0));
    assert_eq!(chi_squared_quantile(1.0, 3.0), f64::INFINITY);
    assert_eq!((normal_cdf(-1e300), normal_cdf(f64::INFINITY)), (0.0, 1.0));
    assert_eq!((normal_pdf(1e300), normal_pdf(f64::NEG_INFINITY)), (0.0, 0.0));
    assert_eq!(ln_normal_cdf(-1e200), f64::NEG_INFINITY);
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!((student_t_cdf(1e300, 3.0), student_t_sf(f64::INFINITY, 3.0)), (1.0, 0.0));
    assert_eq!(student_t_cdf(1.3, f64::INFINITY), normal_cdf(1.3));
    assert_eq!(student_t_quantile(1.0, 4.0), f64::INFINITY);
    assert_eq!((f_cdf(-1.0, 2.0, 2.0), f_cdf(f64::INFINITY, 2.0, 2.0)), (0.0, 1.0));
    assert_eq!((binomial_pmf(0, 5, 0.0), binomial_pmf(5, 5, 1.0)), (1.0, 1.0));
    assert_eq!((binomial_cdf(7, 5, 0.5), binomial_pmf(7, 5, 0.5)), (1.0, 0.0));
    assert_eq!(clopper_pearson(10, 10, 0.9).1, 1.0);

    let nan = [
        ln_gamma(-1.0),
        ln_beta(0.0, 1.0),
        beta_cdf(0.5, -1.0, 1.0),
        beta_cdf(f64::NAN, 1.0, 1.0),
        beta_quantile(1.5, 1.0, 1.0),
        gamma_p(0.0, 1.0),
        chi_squared_quantile(-0.1, 1.0),
        normal_quantile(1.1),
        normal_cdf(f64::NAN),
        student_t_cdf(0.0, 0.0),
        student_t_quantile(0.5, -1.0),
        f_cdf(f64::NAN, 1.0, 1.0),
        f_quantile(0.5, -1.0, 1.0),
        binomial_pmf(1, 2, 1.5),
        beta_binomial_cdf(1, 2, 0.0, 1.0),
        clopper_pearson(3, 2, 0.95).0,
    ];
    assert!(nan.iter().all(|x| x.is_nan()), "{nan:?}");
    assert_eq!(binomial_quantile(2.0, 5, 0.5), None);
}

/// Quantiles undo distribution functions over the whole range, also for
/// shapes far from those of the table.
#[test]
fn quantiles_undo_distribution_functions() {
    for a in [1e-3, 0.2, 1.0, 3.0, 80.0, 1e4, 1e6] {
        for b in [1e-3, 0.7, 1.0, 12.0, 1e3, 1e6] {
            for p in [1e-12, 0.01, 0.3, 0.5, 0.7, 0.99] {
                let x = beta_quantile(p, a, b);
                // Below the subnormal numbers, and within an ulp of 1, there
                // is no number left to answer with.
                if x > 1e-300 && x < 0.99 {
                    // A relative error of x is one of up to a·eps of p in the
                    // tail and √(a + b) in the middle.
                    let rtol =
                        1e-12 + 16.0 * EPS * (a + b) / (a + b).sqrt() + 4.0 * EPS * x.ln().abs();
                    close(beta_cdf(x, a, b), p, rtol, &[x, a, b, p]);
                }
            }
        }
    }
}

/// The interval is the one whose ends are the 2.5 % points of the binomial.
#[test]
fn clopper_pearson_tails() {
    for (k, n) in [(1_u64, 10_u64), (7, 20), (940, 1000), (99_000, 100_000)] {
        let (low, high) = clopper_pearson(k, n, 0.95);
        close(binomial_sf(k - 1, n, low), 0.025, 1e-10, &[low]);
        close(binomial_cdf(k, n, high), 0.025, 1e-10, &[high]);
    }
}
