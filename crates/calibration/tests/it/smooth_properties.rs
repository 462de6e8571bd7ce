//! What the smooth error does and binned ones do not, and how scores behave
//! when forecasts are calibrated.

use proptest::prelude::*;
use rand::RngExt;
use wonderland_calibration::*;

use crate::support::{rng, uniform_ks};

fn sample(seed: u64, n: usize) -> (Vec<f64>, Vec<bool>) {
    let mut rng = rng(seed);
    (0..n)
        .map(|_| {
            let p: f64 = rng.random();
            (p, rng.random::<f64>() < 0.5 + 0.3 * (7.0 * p).sin())
        })
        .unzip()
}

fn smooth(p: &[f64], y: &[bool]) -> f64 {
    smooth_ece(&Forecasts::new(p, y).unwrap()).value
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn smooth_error(seed in 0_u64..10_000, n in 1_usize..60) {
        let (p, y) = sample(seed, n);
        let f = Forecasts::new(&p, &y).unwrap();
        let gaps = || p.iter().zip(&y).map(|(p, &y)| f64::from(u8::from(y)) - p);
        // The exact method is good to 10⁻¹⁰.
        let (value, tiny) = (smooth(&p, &y), 1e-9);
        prop_assert!(mean(gaps()).abs() <= value + tiny && value <= mean(gaps().map(f64::abs)) + tiny);
        let at = [0.01, 0.03, 0.1, 0.3, 1.0].map(|sigma| smoothed_error(&f, sigma).unwrap());
        prop_assert!(at.windows(2).all(|s| s[1] <= s[0] + tiny), "{at:?}");
        // The other outcome, at the other probability.
        let flipped: Vec<f64> = p.iter().map(|p| 1.0 - p).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        prop_assert!((smooth(&flipped, &not) - value).abs() <= tiny);
        // A step of p moves a residual as far, and its kernel by at most
        // √(2/π)/σ in area; s falls, so σ = s(σ) moves no further than s.
        let step = 1e-5;
        let moved: Vec<f64> = p.iter().map(|p| (p + step).min(1.0)).collect();
        let bound = step * (1.0 + 0.8 * mean(gaps().map(f64::abs)) / value) + tiny;
        prop_assert!((smooth(&moved, &y) - value).abs() <= bound);
    }
}

/// Half of the error depends on the ninth digit where there are bins.
#[test]
fn binned_errors_jump_and_the_smooth_one_does_not() {
    let y = [false, true];
    let binned = |p: &[f64]| {
        calibration_error(&Forecasts::new(p, &y).unwrap(), &Bins::equal_width(10)).unwrap().ece
    };
    let (together, apart) = ([0.1, 0.1], [0.1, 0.1 + 1e-9]);
    assert!((binned(&together) - 0.4).abs() < 1e-9 && (binned(&apart) - 0.5).abs() < 1e-9);
    assert!((smooth(&together, &y) - smooth(&apart, &y)).abs() < 1e-8);
}

/// Of calibrated forecasts, the p-value of Spiegelhalter's test is uniform.
#[test]
fn spiegelhalter_keeps_its_level() {
    let mut rng = rng(51);
    let p_values = (0..2000).map(|_| {
        let p: Vec<f64> = (0..400).map(|_| rng.random()).collect();
        let y: Vec<bool> = p.iter().map(|&p| rng.random::<f64>() < p).collect();
        spiegelhalter(&Forecasts::new(&p, &y).unwrap()).unwrap().p_value
    });
    let p = uniform_ks(p_values.collect());
    assert!(p > 1e-4, "KS p-value {p}");
}
