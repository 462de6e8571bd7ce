//! Scores by hand, their laws, and whether their intervals cover.

#![expect(clippy::float_cmp, reason = "worked examples are exact")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn scores(y: &[f64], y_hat: &[f64]) -> RegressionScores {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    regression_scores(y, y_hat, None, mean, 0.95).unwrap()
}

/// A standard normal number (Box and Muller 1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[test]
fn worked_by_hand() {
    let s = scores(&[1.0, 3.0, 5.0, 7.0], &[2.0, 3.0, 5.0, 8.0]);
    // Errors −1, 0, 0, −1; deviations −3, −1, 1, 3 from the mean 4.
    assert_eq!(s.rmse.value, 0.5_f64.sqrt());
    assert_eq!(s.mae.value, 0.5);
    assert!((s.r2.unwrap().value - 0.9).abs() < 4.0 * f64::EPSILON);
    assert_eq!(s.baseline.r2, Some(0.0));
    assert_eq!(s.baseline.rmse, 5.0_f64.sqrt());
    assert_eq!(s.baseline.mae, 2.0);
    assert_eq!(s.n, 4);
    // ln MAE has influence |e|/0.5 − 1 = 1, −1, −1, 1: standard error
    // √(4/16 · 4/3) = 1/√3; t(3) = 3.182446.
    let [low, high] = s.mae.interval.unwrap();
    let factor = (3.182_446_305_284_263 / 3.0_f64.sqrt()).exp();
    assert!((low * factor - 0.5).abs() < 1e-12 && (high / factor - 0.5).abs() < 1e-12);
}

#[test]
fn intervals_hold_their_values() {
    let s = scores(&[1.0, 3.0, 5.0, 7.5, 9.0], &[2.0, 3.5, 4.0, 8.0, 8.5]);
    for e in [s.r2.unwrap(), s.rmse, s.mae, s.skill.unwrap()] {
        let [low, high] = e.interval.unwrap();
        assert!(low < e.value && e.value < high, "{e:?}");
    }
    assert!(s.r2.unwrap().interval.unwrap()[1] < 1.0);
    assert!(s.rmse.interval.unwrap()[0] > 0.0);
}

#[test]
fn an_exact_fit_is_exact() {
    let s = scores(&[1.0, 2.0, 4.0], &[1.0, 2.0, 4.0]);
    assert_eq!(s.rmse, Estimate { value: 0.0, interval: Some([0.0, 0.0]) });
    assert_eq!(s.r2, Some(Estimate { value: 1.0, interval: Some([1.0, 1.0]) }));
    assert!(s.beats_baseline());
}

#[test]
fn a_constant_target_has_no_r2() {
    let s = scores(&[3.0, 3.0, 3.0], &[3.0, 4.0, 3.0]);
    assert_eq!((s.r2, s.skill), (None, None));
    assert!(!s.beats_baseline());
}

#[test]
fn one_row_has_no_interval() {
    let s = regression_scores(&[3.0], &[5.0], None, 0.0, 0.95).unwrap();
    assert_eq!(s.rmse, Estimate { value: 2.0, interval: None });
    assert_eq!(s.r2, None);
    assert!(!s.beats_baseline());
}

#[test]
fn extreme_sizes_stay_finite() {
    for size in [1e-300, 1e-160, 1e160, 1e300] {
        let y = [1.0, 2.0, 4.0, 3.0].map(|v| v * size);
        let y_hat = [1.5, 2.0, 3.5, 3.5].map(|v| v * size);
        let (scaled, plain) =
            (scores(&y, &y_hat), scores(&y.map(|v| v / size), &[1.5, 2.0, 3.5, 3.5]));
        assert!((scaled.rmse.value / size - plain.rmse.value).abs() < 8.0 * f64::EPSILON, "{size}");
        assert!((scaled.r2.unwrap().value - plain.r2.unwrap().value).abs() < 64.0 * f64::EPSILON);
        assert!(scaled.rmse.interval.unwrap().iter().all(|v| v.is_finite()));
    }
    let far = regression_scores(&[1e308, -1e308], &[-1e308, 1e308], None, 0.0, 0.95);
    assert_eq!(far, Err(Error::Overflow { what: "y − ŷ" }));
}

#[test]
fn an_integer_weight_is_a_repeated_row_for_values() {
    let (y, y_hat, w) = ([1.0, 4.0, 6.0], [2.0, 3.0, 6.5], [2.0, 1.0, 3.0]);
    let (mut long_y, mut long_hat) = (Vec::new(), Vec::new());
    for i in 0..3 {
        for _ in 0..w[i] as usize {
            long_y.push(y[i]);
            long_hat.push(y_hat[i]);
        }
    }
    let weighted = regression_scores(&y, &y_hat, Some(&w), 3.0, 0.9).unwrap();
    let repeated = regression_scores(&long_y, &long_hat, None, 3.0, 0.9).unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 8.0 * f64::EPSILON * b.abs(), "{a} {b}");
    close(weighted.rmse.value, repeated.rmse.value);
    close(weighted.mae.value, repeated.mae.value);
    close(weighted.r2.unwrap().value, repeated.r2.unwrap().value);
    close(weighted.baseline.rmse, repeated.baseline.rmse);
}

#[test]
fn faults_are_named() {
    let fault = |y: &[f64], y_hat: &[f64], w: Option<&[f64]>, b, c| {
        regression_scores(y, y_hat, w, b, c).unwrap_err()
    };
    let two = [1.0, 2.0];
    assert!(matches!(
        fault(&two, &[1.0], None, 0.0, 0.9),
        Error::LengthMismatch { actual: 1, expected: 2, .. }
    ));
    assert!(matches!(
        fault(&[], &[], None, 0.0, 0.9),
        Error::TooFewRows { needed: 1, actual: 0, .. }
    ));
    assert!(matches!(
        fault(&two, &[1.0, f64::NAN], None, 0.0, 0.9),
        Error::NonFinite { index: 1, .. }
    ));
    assert!(matches!(
        fault(&two, &two, None, f64::NAN, 0.9),
        Error::NonFinite { name: "baseline", .. }
    ));
    assert!(matches!(
        fault(&two, &two, None, 0.0, 1.0),
        Error::InvalidSetting { name: "confidence", .. }
    ));
    for w in
        [&[1.0][..], &[-1.0, 1.0], &[0.0, 0.0], &[f64::NAN, 1.0], &[1e300, 1e300], &[1e-200, 0.0]]
    {
        let fault = fault(&two, &two, Some(w), 0.0, 0.9);
        assert!(
            matches!(fault, Error::InvalidWeights { .. } | Error::LengthMismatch { .. }),
            "{fault}"
        );
    }
    assert_eq!(r2(&two, &two), Ok(Some(1.0)));
}

/// How often nominal 95 % intervals hold the true RMSE, MAE and R² of a model
/// whose errors are drawn by `noise`.
fn coverage(
    n: usize,
    rounds: usize,
    noise: impl Fn(&mut ChaCha8Rng) -> f64,
    truth: [f64; 3],
) -> [f64; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_727);
    let mut hits = [0; 3];
    for _ in 0..rounds {
        let y_hat: Vec<f64> = (0..n).map(|_| 2.0 * normal(&mut rng)).collect();
        let y: Vec<f64> = y_hat.iter().map(|p| p + noise(&mut rng)).collect();
        let s = regression_scores(&y, &y_hat, None, 0.0, 0.95).unwrap();
        for (k, e) in [s.rmse, s.mae, s.r2.unwrap()].into_iter().enumerate() {
            let [low, high] = e.interval.unwrap();
            hits[k] += usize::from(low <= truth[k] && truth[k] <= high);
        }
    }
    hits.map(|h| h as f64 / rounds as f64)
}

#[test]
fn intervals_cover_gaussian_errors() {
    // Unit errors around predictions of standard deviation 2.
    let truth = [1.0, (2.0 / std::f64::consts::PI).sqrt(), 0.8];
    // 4000 rounds: one standard error of the coverage is 0.0035.
    for (n, floor) in [(40, 0.92), (400, 0.935)] {
        let covered = coverage(n, 4000, normal, truth);
        assert!(covered.iter().all(|c| (floor..0.965).contains(c)), "n = {n}: {covered:?}");
    }
}

#[test]
fn intervals_cover_heavy_tails_roughly() {
    // Laplace errors: E e² = 2, E|e| = 1.
    let laplace = |rng: &mut ChaCha8Rng| {
        let u: f64 = rng.random::<f64>() - 0.5;
        -u.signum() * (1.0 - 2.0 * u.abs()).ln()
    };
    let covered = coverage(100, 4000, laplace, [2.0_f64.sqrt(), 1.0, 4.0 / 6.0]);
    assert!(covered.iter().all(|c| (0.90..0.965).contains(c)), "{covered:?}");
}

#[test]
fn noise_seldom_beats_the_baseline() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let beats = (0..2000)
        .filter(|_| {
            let y: Vec<f64> = (0..60).map(|_| normal(&mut rng)).collect();
            let y_hat: Vec<f64> = (0..60).map(|_| 0.3 * normal(&mut rng)).collect();
            regression_scores(&y, &y_hat, None, 0.0, 0.95).unwrap().beats_baseline()
        })
        .count();
    // A useless model is never better than 2.5 % of the time at this level.
    assert!(beats <= 50, "{beats} of 2000");
}
