//! The smooth calibration error against its definition, and what holds for every forecast.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{ExactSmoother, SmoothMethod, smooth_ece, smoothed_error};
use crate::smooth::fourier::FourierSmoother;
use crate::{
    Forecasts,
    smooth::pooled::{Residuals, residuals},
};

fn sample(n: usize, seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let p: f64 = rng.random();
            (p, rng.random::<f64>() < p * p)
        })
        .unzip()
}

#[track_caller]
fn close(a: f64, b: f64, tol: f64) {
    assert!((a - b).abs() <= tol, "{a} against {b}");
}

/// Anti-calibrated {0, 1}: s(σ) = ½ ∫ |K(t, 0) − K(t, 1)| dt; the value is
/// SciPy's, as in testdata/smooth.json. A kernel that gave half weight to the
/// ends would answer 1.
#[test]
fn anticalibrated_extremes() {
    let f = Forecasts::new(&[0.0, 1.0], &[true, false]).unwrap();
    close(smooth_ece(&f).value, 0.456_091_649_149_069_5, 1e-10);
}

/// Trapezoids on a fine grid, with the images summed one by one.
fn brute(f: &Forecasts<'_>, sigma: f64) -> f64 {
    let n = 20_000;
    let value = |t: f64| {
        let kernel = |p: f64| {
            (-6..=6)
                .flat_map(|m| [2.0 * f64::from(m) + p, 2.0 * f64::from(m) - p])
                .map(|q| (-0.5 * ((t - q) / sigma).powi(2)).exp())
                .sum::<f64>()
                / (sigma * (2.0 * std::f64::consts::PI).sqrt())
        };
        let n = f.len() as f64;
        f.iter().map(|(p, y, _)| kernel(p) * (f64::from(u8::from(y)) - p) / n).sum::<f64>().abs()
    };
    let inner: f64 = (1..n).map(|i| value(f64::from(i) / f64::from(n))).sum();
    (inner + 0.5 * (value(0.0) + value(1.0))) / f64::from(n)
}

#[test]
fn exact_matches_brute_force() {
    let (p, y) = sample(7, 3);
    let f = Forecasts::new(&p, &y).unwrap();
    for sigma in [0.01, 0.03, 0.049, 0.051, 0.1, 0.5, 1.0] {
        close(smoothed_error(&f, sigma).unwrap(), brute(&f, sigma), 3e-7);
    }
}

#[test]
fn fourier_matches_exact_within_its_bound() {
    let (p, y) = sample(1500, 5);
    let f = Forecasts::new(&p, &y).unwrap();
    let Residuals::Few { p, r } = residuals(&f) else { panic!("1500 points are few") };
    let exact = ExactSmoother::new(p, r);
    let fourier = FourierSmoother::new(&f, 1 << 14);
    for sigma in [0.003, 0.01, 0.03, 0.06, 0.2, 0.9] {
        let (s, bound) = fourier.integral(sigma);
        close(s, exact.integral(sigma), bound + 1e-10);
        assert!(bound < 1e-4, "bound {bound} at {sigma}");
    }
}

#[test]
fn many_points_meet_the_promise() {
    let (p, y) = sample(20_000, 7);
    let e = smooth_ece(&Forecasts::new(&p, &y).unwrap());
    assert!(matches!(e.method, SmoothMethod::Fourier { .. }));
    assert!(e.error_bound <= 1e-6, "{e:?}");
    // ∫ (p − p²) dp = 1/6, a residual of one sign.
    close(e.value, 1.0 / 6.0, 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bounds_flip_and_fixed_point(seed in 0_u64..10_000, n in 1_usize..60) {
        let (p, y) = sample(n, seed);
        let f = Forecasts::new(&p, &y).unwrap();
        let e = smooth_ece(&f).value;
        let signed: f64 = f.iter().map(|(p, y, _)| f64::from(u8::from(y)) - p).sum::<f64>() / n as f64;
        let total: f64 = f.iter().map(|(p, y, _)| (f64::from(u8::from(y)) - p).abs()).sum::<f64>() / n as f64;
        prop_assert!(signed.abs() <= e + 1e-12 && e <= total + 1e-12);
        if e > 1e-9 {
            prop_assert!((smoothed_error(&f, e).unwrap() - e).abs() < 1e-9);
            prop_assert!(smoothed_error(&f, (1.5 * e).min(1.0)).unwrap() <= e + 1e-9);
        }
        let flipped: Vec<f64> = p.iter().map(|p| 1.0 - p).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        let g = smooth_ece(&Forecasts::new(&flipped, &not).unwrap()).value;
        prop_assert!((g - e).abs() < 1e-9);
    }

    /// The binned error jumps when a probability crosses an edge; this one
    /// moves no further than the probabilities.
    #[test]
    fn continuous_in_p(seed in 0_u64..10_000) {
        let (p, y) = sample(12, seed);
        let moved: Vec<f64> = p.iter().map(|p| (p + 1e-7).min(1.0)).collect();
        let a = smooth_ece(&Forecasts::new(&p, &y).unwrap()).value;
        let b = smooth_ece(&Forecasts::new(&moved, &y).unwrap()).value;
        prop_assert!((a - b).abs() < 1e-5);
    }
}
