//! Inequalities and symmetries of errors, scores and decisions.

use proptest::prelude::*;
use rand::RngExt;
use rand::seq::SliceRandom;
use wonderland_calibration::*;
use wonderland_linalg::Tensor;

use crate::support::{classes, rng};

fn sample(seed: u64, n: usize, grid: Option<f64>) -> (Vec<f64>, Vec<bool>) {
    let mut rng = rng(seed);
    (0..n)
        .map(|_| {
            let p: f64 = rng.random();
            let p = grid.map_or(p, |g| (p * g).round() / g);
            (p, rng.random::<f64>() < p.sqrt())
        })
        .unzip()
}

fn error(p: &[f64], y: &[bool], bins: Bins) -> CalibrationError {
    calibration_error(&Forecasts::new(p, y).unwrap(), &bins).unwrap()
}

const TINY: f64 = 1e-12;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn binned_errors(seed in 0_u64..10_000, n in 1_usize..80, m in 1_usize..12) {
        let (p, y) = sample(seed, n, Some(64.0));
        let e = error(&p, &y, Bins::equal_width(m));
        prop_assert!(0.0 <= e.ece && e.ece <= e.rms + TINY && e.rms <= e.mce + TINY && e.mce <= 1.0);
        // The order and the number of copies do not matter.
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut rng(seed));
        let f = Forecasts::new(&p, &y).unwrap();
        for bins in [Bins::equal_width(m), Bins::equal_mass(m)] {
            let base = calibration_error(&f, &bins).unwrap();
            let moved = calibration_error(&f.select(&order), &bins).unwrap();
            prop_assert!((base.ece - moved.ece).abs() < TINY);
        }
        let twice: Vec<usize> = (0..n).chain(0..n).collect();
        let doubled = calibration_error(&f.select(&twice), &Bins::equal_width(m)).unwrap();
        prop_assert!((doubled.ece - e.ece).abs() < TINY);
        // Finer bins see more, up to the distinct values.
        let one = error(&p, &y, Bins::equal_width(1)).ece;
        let finer = error(&p, &y, Bins::equal_width(2 * m)).ece;
        let distinct = error(&p, &y, Bins::equal_width(64 * m)).ece;
        let mean_gap: f64 =
            f.iter().map(|(p, y, _)| f64::from(u8::from(y)) - p).sum::<f64>().abs() / n as f64;
        let absolute: f64 =
            f.iter().map(|(p, y, _)| (f64::from(u8::from(y)) - p).abs()).sum::<f64>() / n as f64;
        prop_assert!((one - mean_gap).abs() < TINY);
        prop_assert!(one <= e.ece + TINY && e.ece <= finer + TINY);
        prop_assert!(finer <= distinct + TINY && distinct <= absolute + TINY);
        prop_assert!(smooth_ece(&f).value <= distinct + 1e-9);
    }

    #[test]
    fn right_mirrors_left(seed in 0_u64..10_000, n in 1_usize..60) {
        let (p, y) = sample(seed, n, Some(32.0));
        let flipped: Vec<f64> = p.iter().map(|p| 1.0 - p).collect();
        let not: Vec<bool> = y.iter().map(|y| !y).collect();
        let right = error(&p, &y, Bins::equal_width(8)).ece;
        let left = Bins::EqualWidth { n_bins: 8, closed: Closed::Left };
        prop_assert!((right - error(&flipped, &not, left).ece).abs() < TINY);
    }

    #[test]
    fn chunks_merge_to_the_batch(seed in 0_u64..10_000, n in 2_usize..200, cut in 0.0_f64..1.0) {
        let (p, y) = sample(seed, n, None);
        let cut = 1 + (cut * (n - 1) as f64) as usize % (n - 1);
        let mut left = BinCounts::new(7, Closed::Right).unwrap();
        let mut right = left.clone();
        let mut whole = left.clone();
        left.update(&Forecasts::new(&p[..cut], &y[..cut]).unwrap());
        right.update(&Forecasts::new(&p[cut..], &y[cut..]).unwrap());
        whole.update(&Forecasts::new(&p, &y).unwrap());
        right.merge(&left).unwrap();
        prop_assert_eq!(right.table(), whole.table());
        // Whole weights are copies.
        let w: Vec<f64> = (0..n).map(|i| (i % 3) as f64 + 1.0).collect();
        let rows: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, i % 3 + 1)).collect();
        let f = Forecasts::new(&p, &y).unwrap();
        let copies = f.select(&rows);
        let weighted = f.with_weights(&w).unwrap();
        let bins = Bins::equal_width(7);
        let a = calibration_error(&weighted, &bins).unwrap();
        let b = calibration_error(&copies, &bins).unwrap();
        prop_assert!((a.ece - b.ece).abs() < TINY && (a.mce - b.mce).abs() < TINY);
        prop_assert!((brier(&weighted) - brier(&copies)).abs() < TINY);
        prop_assert!((smooth_ece(&weighted).value - smooth_ece(&copies).value).abs() < 1e-9);
        prop_assert!(
            (corp_brier(&weighted).miscalibration - corp_brier(&copies).miscalibration).abs() < TINY
        );
    }

    #[test]
    fn score_sums_merge_to_the_batch(seed in 0_u64..10_000, n in 2_usize..200, cut in 0.0_f64..1.0) {
        let (p, y) = sample(seed, n, None);
        let f = Forecasts::new(&p, &y).unwrap();
        let w: Vec<f64> = p.iter().map(|p| 0.1 + p * p).collect();
        let (P, labels) = crate::support::classes(&mut crate::support::rng(seed), n, 3);
        let g = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let (g, f_w) = (g.with_weights(&w).unwrap(), f.clone().with_weights(&w).unwrap());
        let k = ((n as f64 * cut) as usize).clamp(1, n - 1);
        let (left, right): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| i < k);
        let near = |a: f64, b: f64| a == b || (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
        for f in [f, f_w] {
            let (mut a, mut b) = (ScoreSums::event(), ScoreSums::event());
            a.update(&f.select(&right)).unwrap();
            b.update(&f.select(&left)).unwrap();
            a.merge(&b).unwrap();
            prop_assert_eq!(a.n(), n as u64);
            prop_assert!(near(a.brier().unwrap(), brier(&f)));
            prop_assert!(near(a.log_loss().unwrap(), log_loss(&f)));
        }
        let (mut a, mut b) = (ScoreSums::classes(3), ScoreSums::classes(3));
        a.update_classes(&g.select(&right)).unwrap();
        b.update_classes(&g.select(&left)).unwrap();
        a.merge(&b).unwrap();
        prop_assert!(near(a.brier().unwrap(), brier_multiclass(&g)));
        prop_assert!(near(a.log_loss().unwrap(), log_loss_multiclass(&g)));
    }

    #[test]
    fn decompositions(seed in 0_u64..10_000, n in 1_usize..80, m in 1_usize..12) {
        let (p, y) = sample(seed, n, None);
        let f = Forecasts::new(&p, &y).unwrap();
        for bins in [Bins::equal_width(m), Bins::equal_mass(m)] {
            let d = murphy(&f, &bins).unwrap();
            let sum = d.reliability - d.resolution + d.uncertainty + d.within_variance
                - d.within_covariance;
            prop_assert!((sum - d.brier).abs() < TINY);
        }
        for c in [corp_brier(&f), corp_log_loss(&f)] {
            prop_assert!(c.miscalibration >= 0.0 && c.discrimination >= 0.0);
            prop_assert!((c.miscalibration - c.discrimination + c.uncertainty - c.score).abs() < TINY);
        }
    }

    #[test]
    fn multiclass_readings(seed in 0_u64..2000, n in 1_usize..60) {
        let (P, labels) = classes(&mut rng(seed), n, 3);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let bins = Bins::equal_width(5);
        let confidence = confidence_calibration_error(&f, &bins).unwrap();
        let top = top_label_calibration_error(&f, &bins).unwrap();
        prop_assert!(confidence.ece <= top.ece + TINY);
        let classwise = classwise_calibration_error(&f, &bins).unwrap();
        prop_assert!((0.0..=1.0).contains(&classwise.ece));
    }

    /// Adding a constant to a column of C (a cost no action avoids), or scaling
    /// C, changes no decision; 0–1 costs decide as argmax.
    #[test]
    fn decisions_are_invariant(seed in 0_u64..2000, shift in -2.0_f64..2.0, scale in 0.1_f64..9.0) {
        let mut rng = rng(seed);
        let (P, _) = classes(&mut rng, 30, 3);
        let P = Probabilities::new(P.as_mat()).unwrap();
        let C = Tensor::from_fn(3, 3, |_, _| rng.random_range(0.0..5.0));
        let decide = |C: Tensor| CostMatrix::new(C).unwrap().decide(&P).unwrap();
        let base = decide(C.clone());
        prop_assert_eq!(&decide(C.map(|c| scale * c)), &base);
        let moved = Tensor::from_fn(3, 3, |i, j| C[[i, j]] + if j == 1 { shift } else { 0.0 });
        prop_assert_eq!(&decide(moved), &base);
        let argmax: Vec<usize> = P.predicted().iter().map(|&k| k as usize).collect();
        prop_assert_eq!(CostMatrix::zero_one(3).decide(&P).unwrap(), argmax);
        // Rejecting by the matrix and by the rule of Chow agree.
        let by_cost = CostMatrix::with_reject(3, 1.0, 0.3).unwrap().decide(&P).unwrap();
        let by_rule = decide_or_reject(&P, 0.3).unwrap();
        prop_assert!(by_cost.iter().zip(by_rule).all(|(&a, b)| (a < 3).then_some(a) == b));
    }

    /// Net benefit counts true and false alarms; acting always is the
    /// threshold's limit at 0.
    #[test]
    fn net_benefit_is_its_definition(seed in 0_u64..2000, n in 1_usize..60, t in 0.01_f64..0.99) {
        let (p, y) = sample(seed, n, Some(16.0));
        let at = net_benefit(&Forecasts::new(&p, &y).unwrap(), &[t]).unwrap()[0];
        let alarms = |event: bool, least: f64| {
            p.iter().zip(&y).filter(|&(&p, &y)| y == event && p >= least).count() as f64
        };
        let benefit =
            |least: f64| (alarms(true, least) - alarms(false, least) * t / (1.0 - t)) / n as f64;
        prop_assert!((at.model - benefit(t)).abs() < TINY * (1.0 / (1.0 - t)));
        prop_assert!((at.act_always - benefit(0.0)).abs() < TINY * (1.0 / (1.0 - t)));
    }
}

/// The test of perfect calibration keeps its level, and the interval its
/// coverage of the true Brier score.
#[test]
fn null_test_and_bootstrap_keep_their_levels() {
    let repeats: u32 = 400;
    let (mut rejected, mut inside) = (0.0, 0.0);
    // E (p − y)² = ∫ p(1 − p) dp = 1/6 for calibrated uniform forecasts.
    for seed in 0..repeats {
        let mut rng = rng(u64::from(seed));
        let p: Vec<f64> = (0..60).map(|_| rng.random()).collect();
        let y: Vec<bool> = p.iter().map(|&p| rng.random::<f64>() < p).collect();
        let f = Forecasts::new(&p, &y).unwrap();
        let test = PerfectCalibrationTest { draws: 99, seed: u64::from(seed) };
        let ece = |f: &Forecasts<'_>| Ok(calibration_error(f, &Bins::equal_width(5))?.ece);
        rejected += f64::from(u8::from(test.run(&f, ece).unwrap().p_value <= 0.1));
        let boot =
            Bootstrap { resamples: 199, level: 0.9, seed: u64::from(seed), ..Default::default() };
        let i = boot.interval(&f, |f| Ok(brier(f))).unwrap();
        inside += f64::from(u8::from(i.lower <= 1.0 / 6.0 && 1.0 / 6.0 <= i.upper));
    }
    let n = f64::from(repeats);
    crate::support::mean_is(rejected / n, 0.1, repeats as usize);
    // Small-sample intervals are a little short.
    assert!((0.84..=0.96).contains(&(inside / n)), "{}", inside / n);
}

/// Debiasing removes the floor of the squared error of calibrated forecasts.
#[test]
fn debiased_square_is_centred() {
    let (mut plain, mut debiased, repeats) = (0.0, 0.0, 2000);
    for seed in 0..repeats {
        let mut rng = rng(seed);
        // One p per bin, so that the bins themselves are calibrated.
        let p: Vec<f64> = (0..50).map(|i| 0.1 + 0.2 * f64::from(i % 5)).collect();
        let y: Vec<bool> = p.iter().map(|&p| rng.random::<f64>() < p).collect();
        let e = error(&p, &y, Bins::equal_width(5));
        plain += e.rms * e.rms / repeats as f64;
        debiased += e.debiased_squared / repeats as f64;
    }
    assert!(plain > 0.014, "{plain}");
    assert!(debiased.abs() < 4.0 * 0.012 / (repeats as f64).sqrt(), "{debiased}");
}
