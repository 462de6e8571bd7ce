//! Every scalar function against mpmath (`testdata/scalars.json`) within 4
//! units of the last place, as f64 and, on arguments rounded to f32, as f32;
//! and the values at zero and the infinities.

#![allow(clippy::float_cmp, reason = "limits are exact")]

use std::collections::BTreeMap;

use super::Real;

#[derive(serde::Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Infinite(Infinity),
}

#[derive(serde::Deserialize, Clone, Copy)]
enum Infinity {
    #[serde(rename = "inf")]
    Positive,
    #[serde(rename = "-inf")]
    Negative,
}

impl Number {
    fn get(self) -> f64 {
        match self {
            Number::Finite(x) => x,
            Number::Infinite(Infinity::Positive) => f64::INFINITY,
            Number::Infinite(Infinity::Negative) => f64::NEG_INFINITY,
        }
    }
}

/// Rows of arguments and the expected value.
pub(crate) fn cases(name: &str) -> Vec<Vec<f64>> {
    #[derive(serde::Deserialize)]
    struct File {
        cases: BTreeMap<String, Vec<Vec<Number>>>,
    }
    let file: File = serde_json::from_str(include_str!("../../testdata/scalars.json")).unwrap();
    file.cases[name].iter().map(|row| row.iter().map(|x| x.get()).collect()).collect()
}

/// |actual − expected| in units of the last place of `expected`.
fn ulps64(actual: f64, expected: f64) -> f64 {
    if actual == expected {
        return 0.0;
    }
    let step = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
    (actual - expected).abs() / step
}

fn ulps32(actual: f32, expected: f64) -> f64 {
    let rounded = expected as f32;
    if actual == rounded {
        return 0.0;
    }
    let step = f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs();
    (f64::from(actual) - expected).abs() / f64::from(step)
}

#[track_caller]
fn check(name: &str, f: fn(f64) -> f64, f32_version: fn(f32) -> f32) {
    for row in cases(name) {
        let (x, y) = (row[0], row[1]);
        let off = ulps64(f(x), y);
        assert!(off <= 4.0, "{name}({x:e}) = {:e} instead of {y:e}: {off} ulp", f(x));
        // As f32, against the tested f64 function at the rounded argument.
        let narrow = x as f32;
        let y = f(f64::from(narrow));
        let off = ulps32(f32_version(narrow), y);
        let got = f32_version(narrow);
        assert!(off <= 4.0, "{name}({narrow:e}) = {got:e} instead of {y:e} in f32: {off} ulp");
    }
}

macro_rules! check {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), <f64 as Real>::$name, <f32 as Real>::$name);
        })*
    };
}
check!(exp exp_m1 ln ln_1p sin cos tanh atan erf erfc);
check!(sigmoid softplus log_sigmoid log1mexp);

/// In f32 an argument near 1 rounds to 1 itself, where logit is infinite.
#[test]
fn logit() {
    check("logit", Real::logit, Real::logit);
}

/// x ln y and ln(eˣ + eʸ) cancel only where their own value vanishes.
#[test]
fn two_arguments() {
    for row in cases("xlogy") {
        let off = ulps64(row[0].xlogy(row[1]), row[2]);
        assert!(off <= 4.0, "{row:?}: {off} ulp");
    }
    for row in cases("logaddexp") {
        let (x, y, expected) = (row[0], row[1], row[2]);
        // Measured against the larger argument: where x ≈ −ln 2 the result
        // may be much smaller than both.
        let unit = f64::EPSILON * expected.abs().max(x.max(y).abs()).max(f64::MIN_POSITIVE);
        let error = (x.logaddexp(y) - expected).abs();
        assert!(x.logaddexp(y) == expected || error <= 2.0 * unit, "{row:?}: {error:e}");
    }
}

#[test]
fn limits() {
    const INF: f64 = f64::INFINITY;
    assert_eq!(((-INF).sigmoid(), INF.sigmoid(), 0.0_f64.sigmoid()), (0.0, 1.0, 0.5));
    assert_eq!((0.0_f64.logit(), 1.0_f64.logit(), 0.5_f64.logit()), (-INF, INF, 0.0));
    assert_eq!(((-INF).softplus(), INF.softplus()), (0.0, INF));
    assert_eq!(((-INF).log_sigmoid(), INF.log_sigmoid()), (-INF, 0.0));
    assert_eq!((0.0_f64.log1mexp(), INF.log1mexp()), (-INF, 0.0));
    assert_eq!((0.0_f64.xlogy(0.0), 0.0_f64.xlogy(INF), 2.0_f64.xlogy(0.0)), (0.0, 0.0, -INF));
    assert!(0.0_f64.xlogy(f64::NAN).is_nan());
    assert_eq!(((-INF).logaddexp(-INF), INF.logaddexp(-INF), INF.logaddexp(INF)), (-INF, INF, INF));
    assert_eq!(((-INF).logaddexp(2.0), 2.0.logaddexp(-INF)), (2.0, 2.0));
    assert_eq!((2.0.maximum(f64::NAN), 2.0.minimum(3.0)), (2.0, 2.0));
}

/// What the derivative rules rest on.
#[test]
fn slopes_of_the_logistic_family() {
    // σ'(x) = σ(x) σ(−x), softplus' = σ, (ln σ)' = σ(−x): central differences
    // of the f64 functions, whose truncation error h²/6 · f''' is below 1e-10.
    let h = 1e-5;
    for x in [-30.0, -1.0, -1e-3, 0.0, 1e-3, 2.0, 30.0_f64] {
        let slope = |f: fn(f64) -> f64| (f(x + h) - f(x - h)) / (2.0 * h);
        assert!((slope(Real::softplus) - x.sigmoid()).abs() < 1e-9);
        assert!((slope(Real::log_sigmoid) - (-x).sigmoid()).abs() < 1e-9);
        assert!((slope(Real::sigmoid) - x.sigmoid() * (-x).sigmoid()).abs() < 1e-9);
    }
}
