//! Recalibration maps: known fits, and what holds for every score.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{Error, Forecasts, Logits, brier, log_loss, pav};
use wonderland_linalg::{Real, Tensor};

fn sample(n: usize, seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let p: f64 = rng.random_range(0.01..0.99);
            (p, rng.random::<f64>() < (2.0 * p.logit() + 0.3).sigmoid())
        })
        .unzip()
}

/// One contract for every member: fits, maps into [0, 1], survives JSON to
/// the last bit, is deterministic, and refuses what is no probability.
#[test]
fn conformance() {
    let (p, y) = sample(400, 1);
    let f = Forecasts::new(&p, &y).unwrap();
    let grid: Vec<f64> = (0..=200).map(|i| f64::from(i) / 200.0).collect();
    for member in Recalibration::all() {
        let map = member.fit(&f).unwrap();
        assert_eq!(map, member.fit(&f).unwrap());
        let q = map.transform(&grid).unwrap();
        assert!(q.iter().all(|q| (0.0..=1.0).contains(q)), "{member:?}");
        let text = serde_json::to_string(&map).unwrap();
        let read: Recalibrator = serde_json::from_str(&text).unwrap();
        assert_eq!(read, map);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let settings: Recalibration =
            serde_json::from_str(&serde_json::to_string(&member).unwrap()).unwrap();
        assert_eq!(settings, member);
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(map.transform(&[bad]), Err(Error::NotAProbability { .. })));
        }
        // A frequency table may dip; every other map keeps the order.
        if !matches!(map, Recalibrator::Histogram(_)) {
            assert!(q.windows(2).all(|w| w[0] <= w[1] + 1e-15), "{member:?} is not monotone");
        }
        assert!(brier(&Forecasts::new(&map.transform(&p).unwrap(), &y).unwrap()) < brier(&f));
    }
}

#[test]
fn platt_recovers_the_line() {
    let (p, y) = sample(40_000, 2);
    let z: Vec<f64> = p.iter().map(|p| p.logit()).collect();
    let map = PlattScaling { smoothed: false }.fit(&z, &y, None).unwrap();
    assert!((map.slope - 2.0).abs() < 0.05 && (map.intercept - 0.3).abs() < 0.05, "{map:?}");
    // Stationarity: residuals sum to zero, alone and times the score.
    let q = map.transform(&z).unwrap();
    let r = |i: usize| q[i] - f64::from(u8::from(y[i]));
    assert!((0..z.len()).map(r).sum::<f64>().abs() < 1e-8);
    assert!((0..z.len()).map(|i| r(i) * z[i]).sum::<f64>().abs() < 1e-8);
}

#[test]
fn platt_says_when_there_is_no_optimum() {
    let fit = |y: &[bool]| PlattScaling { smoothed: false }.fit(&[1.0, 2.0, 3.0], y, None);
    assert!(matches!(fit(&[false, false, true]), Err(Error::Separable { .. })));
    assert!(matches!(fit(&[true, true, true]), Err(Error::OneOutcome { outcome: true, .. })));
    let smoothed = PlattScaling::default().fit(&[1.0, 2.0, 3.0], &[true; 3], None).unwrap();
    // All targets are 4/5.
    assert!((smoothed.transform(&[2.0]).unwrap()[0] - 0.8).abs() < 1e-9);
}

#[test]
fn temperature_outcomes_are_typed() {
    let Z = Tensor::from_rows(&[[2.0, 0.0], [0.0, 3.0]]);
    let Z = Logits::new(Z.as_mat()).unwrap();
    let fit = |y: &[usize]| TemperatureScaling::default().fit(&Z, y).unwrap();
    assert_eq!(fit(&[0, 1]).optimum, TemperatureOptimum::TToZero);
    assert_eq!(fit(&[1, 0]).optimum, TemperatureOptimum::TToInfinity);
    assert_eq!(fit(&[0, 1]).transform(&Z).unwrap().confidence(), [1.0, 1.0]);
    assert_eq!(fit(&[1, 0]).transform(&Z).unwrap().confidence(), [0.5, 0.5]);
    let impossible = Tensor::from_rows(&[[f64::NEG_INFINITY, 0.0]]);
    let impossible = Logits::new(impossible.as_mat()).unwrap();
    let err = TemperatureScaling::default().fit(&impossible, &[0]);
    assert_eq!(err, Err(Error::ImpossibleLabel { row: 0, label: 0 }));
}

/// Softened logits need β > 1, where the first slope is negative: gap ½ and
/// three right of four is β = 2 ln 3. From far away too.
#[test]
fn temperature_below_one() {
    for gap in [0.5, 1e-3, 1e-9, 40.0, 1e6] {
        let Z = Tensor::from_rows(&[[gap, 0.0]; 4]);
        let fit = TemperatureScaling::default();
        let fit = fit.fit(&Logits::new(Z.as_mat()).unwrap(), &[0, 0, 0, 1]).unwrap();
        let expected = gap / 3_f64.ln();
        assert!((fit.temperature() / expected - 1.0).abs() < 1e-12, "{fit:?} at {gap}");
    }
}

/// Enough rows that a subset chooses the start; weights that are copies.
#[test]
fn temperature_of_many_rows() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let n = 40_000;
    let Z = Tensor::from_fn(n, 2, |_, k| if k == 0 { 0.0 } else { rng.random_range(-2.0..2.0) });
    let labels: Vec<usize> =
        (0..n).map(|i| usize::from(rng.random::<f64>() < (2.5 * Z[[i, 1]]).sigmoid())).collect();
    let view = Logits::new(Z.as_mat()).unwrap();
    let fit = TemperatureScaling::default().fit(&view, &labels).unwrap();
    let beta = 1.0 / fit.temperature();
    assert!((beta - 2.5).abs() < 0.1 && fit.evaluations <= 5, "{fit:?}");
    let slope = |beta: f64| -> f64 {
        let term = |i: usize| Z[[i, 1]] * ((beta * Z[[i, 1]]).sigmoid() - labels[i] as f64);
        (0..n).map(term).sum()
    };
    assert!(slope(beta * (1.0 - 1e-11)) < 0.0 && slope(beta * (1.0 + 1e-11)) > 0.0);
    let doubled =
        TemperatureScaling::default().fit_weighted(&view, &labels, &vec![2.0; n]).unwrap();
    assert!((doubled.temperature() * beta - 1.0).abs() < 1e-12);
}

/// The table for many queries answers as single searches do.
#[test]
fn many_venn_abers_queries_agree_with_single_ones() {
    let (p, y) = sample(500, 9);
    let z: Vec<f64> = p.iter().map(|p| p.logit()).collect();
    let map = VennAbers::default().fit(&z, &y).unwrap();
    let mut queries: Vec<f64> = z.iter().flat_map(|&z| [z, z.next_up(), z.next_down()]).collect();
    queries.extend([f64::NEG_INFINITY, f64::INFINITY, -1e300, 1e300, 0.0, -0.0]);
    for (&q, pair) in queries.iter().zip(map.pairs(&queries).unwrap()) {
        assert_eq!(map.pair(q).unwrap(), pair);
    }
    let one = VennAbers::default().fit(&[2.0], &[true]).unwrap();
    assert_eq!(one.pairs(&queries).unwrap()[0], one.pair(queries[0]).unwrap());
}

/// p₀ and p₁ by the definition: isotonic regressions with the score added.
#[expect(clippy::float_cmp, reason = "equal scores are equal to the last bit")]
fn brute(scores: &[f64], y: &[bool], s: f64) -> (f64, f64) {
    let value = |label: bool| {
        let mut all: Vec<(f64, f64)> =
            scores.iter().zip(y).map(|(&s, &y)| (s, f64::from(u8::from(y)))).collect();
        all.push((s, f64::from(u8::from(label))));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut x: Vec<f64> = all.iter().map(|a| a.0).collect();
        x.dedup();
        let of = |v: f64| all.iter().filter(move |a| a.0 == v).map(|a| a.1);
        let weight: Vec<f64> = x.iter().map(|&v| of(v).count() as f64).collect();
        let mean: Vec<f64> = x.iter().zip(&weight).map(|(&v, w)| of(v).sum::<f64>() / w).collect();
        pav(&mean, Some(&weight)).unwrap()[x.iter().position(|&v| v == s).unwrap()]
    };
    (value(false), value(true))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn venn_abers_is_its_definition(
        data in prop::collection::vec((0_u8..12, any::<bool>()), 1..25),
        s in 0_u8..26,
    ) {
        let (scores, y): (Vec<f64>, Vec<bool>) =
            data.into_iter().map(|(s, y)| (f64::from(s), y)).unzip();
        let map = VennAbers::default().fit(&scores, &y).unwrap();
        let s = f64::from(s) / 2.0 - 0.5;
        let pair = map.pair(s).unwrap();
        let (p0, p1) = brute(&scores, &y, s);
        prop_assert!((pair.p0 - p0).abs() < 1e-12 && (pair.p1 - p1).abs() < 1e-12,
            "{pair:?} against {p0}, {p1}");
        for merge in [Merge::Log, Merge::Brier] {
            let q = pair.merged(merge);
            prop_assert!(pair.p0 <= q && q <= pair.p1);
        }
        let next = map.pair(s + 0.5).unwrap();
        prop_assert!(next.p0 >= pair.p0 - 1e-15 && next.p1 >= pair.p1 - 1e-15);
    }

    #[test]
    fn isotonic_properties(seed in 0_u64..1000, n in 1_usize..60) {
        let (p, y) = sample(n, seed);
        let p: Vec<f64> = p.iter().map(|p| (p * 20.0).round() / 20.0).collect();
        let f = Forecasts::new(&p, &y).unwrap();
        let map = IsotonicCalibration::default().fit(&p, &y, None).unwrap();
        let q = map.transform(&p).unwrap();
        // Keeps the mean, is idempotent, lowers both proper scores.
        let mean_y = y.iter().filter(|y| **y).count() as f64 / n as f64;
        prop_assert!((q.iter().sum::<f64>() / n as f64 - mean_y).abs() < 1e-12);
        let again = IsotonicCalibration::default().fit(&q, &y, None).unwrap();
        let twice = again.transform(&q).unwrap();
        prop_assert!(q.iter().zip(&twice).all(|(a, b)| (a - b).abs() < 1e-12));
        let g = Forecasts::new(&q, &y).unwrap();
        prop_assert!(brier(&g) <= brier(&f) + 1e-12 && log_loss(&g) <= log_loss(&f) + 1e-12);
        // Invariant to increasing maps of the score.
        let moved: Vec<f64> = p.iter().map(|p| 3.0 * p.powi(3) - 7.0).collect();
        let other = IsotonicCalibration::default().fit(&moved, &y, None).unwrap();
        let same = other.transform(&moved).unwrap();
        prop_assert!(q.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-12));
        // The bounded variant rules nothing out.
        let bounded = IsotonicCalibration { bounded: true, ..Default::default() };
        let inside = bounded.fit(&p, &y, None).unwrap();
        prop_assert!(inside.values.iter().all(|&v| 0.0 < v && v < 1.0));
        prop_assert!(inside.values.windows(2).all(|w| w[0] <= w[1]));
    }

    /// T(cZ) = c T(Z), row shifts do not matter, and the fit never raises
    /// the loss of its own data.
    #[test]
    fn temperature_properties(seed in 0_u64..500, c in 0.1_f64..10.0) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let Z = Tensor::from_fn(40, 3, |_, _| rng.random_range(-3.0..3.0));
        let labels: Vec<usize> = (0..40).map(|_| rng.random_range(0..3)).collect();
        let fit = |Z: &Tensor| {
            let Z = Logits::new(Z.as_mat()).unwrap();
            TemperatureScaling::default().fit(&Z, &labels).unwrap()
        };
        let base = fit(&Z);
        let scaled = fit(&Z.map(|z| c * z));
        let shifted = fit(&Tensor::from_fn(40, 3, |i, j| Z[[i, j]] + i as f64));
        match base.optimum {
            TemperatureOptimum::Interior { beta } => {
                let t = 1.0 / beta;
                prop_assert!((scaled.temperature() - c * t).abs() <= 1e-9 * c * t);
                // Shifts cost digits of the logits themselves.
                prop_assert!((shifted.temperature() - t).abs() <= 1e-9 * t);
            }
            other => prop_assert_eq!(scaled.optimum, other),
        }
        let view = Logits::new(Z.as_mat()).unwrap();
        let one = TemperatureFit {
            optimum: TemperatureOptimum::Interior { beta: 1.0 }, n_classes: 3, evaluations: 0,
        };
        let loss = |fit: &TemperatureFit| {
            let P = fit.transform(&view).unwrap();
            crate::log_loss_multiclass(&crate::ClassForecasts::from_probabilities(P, &labels).unwrap())
        };
        prop_assert!(loss(&base) <= loss(&one) + 1e-12);
    }
}
