//! Promises of recalibration: Venn–Abers and uniform-mass binning.

use rand::RngExt;
use wonderland_calibration::*;

use crate::support::rng;

/// E[Y | p_Y] = p_Y: over calibration sets, the mean of Y − p_Y is zero, also
/// within low and high values of p_Y.
#[test]
fn the_right_one_of_two_is_calibrated() {
    let (mut rng, repeats) = (rng(12), 20_000);
    let mut sums = [(0.0, 0.0, 0.0); 3];
    for _ in 0..repeats {
        let (s, y): (Vec<f64>, Vec<bool>) = (0..21)
            .map(|_| {
                let s: f64 = rng.random();
                (s, rng.random::<f64>() < s * s)
            })
            .unzip();
        let map = VennAbers::default().fit(&s[..20], &y[..20]).unwrap();
        let pair = map.pair(s[20]).unwrap();
        let p = if y[20] { pair.p1 } else { pair.p0 };
        let gap = f64::from(u8::from(y[20])) - p;
        let cell = if p < 0.25 {
            0
        } else if p < 0.6 {
            1
        } else {
            2
        };
        let sum = &mut sums[cell];
        *sum = (sum.0 + gap, sum.1 + gap * gap, sum.2 + 1.0);
    }
    for (sum, square, n) in sums {
        assert!(n > 1000.0 && sum.abs() <= 4.0 * square.sqrt(), "{sum} ± {} of {n}", square.sqrt());
    }
}

/// All bins within √(ln(2B/δ)/(2(⌊n/B⌋ − 1))) of their true frequency, in at
/// least a share 1 − δ of repeats. The true frequency of p on (a, b] is the
/// mean of p² there.
#[test]
fn uniform_mass_bins_keep_their_bound() {
    let (n, n_bins, delta, repeats, mut rng) = (200, 5, 0.1_f64, 1000, rng(13));
    let bound =
        ((2.0 * n_bins as f64 / delta).ln() / (2.0 * (n as f64 / n_bins as f64 - 1.0))).sqrt();
    let mut kept = 0;
    for seed in 0..repeats {
        let (p, y): (Vec<f64>, Vec<bool>) = (0..n)
            .map(|_| {
                let p: f64 = rng.random();
                (p, rng.random::<f64>() < p * p)
            })
            .unzip();
        let f = Forecasts::new(&p, &y).unwrap();
        let map = HistogramBinning::fit_uniform_mass(&f, n_bins, seed).unwrap();
        let edges = map.edges.windows(2).zip(&map.values);
        let within = edges.clone().all(|(e, v)| {
            let truth = (e[1].powi(3) - e[0].powi(3)) / (3.0 * (e[1] - e[0]));
            (v - truth).abs() <= bound
        });
        kept += u32::from(within);
    }
    assert!(f64::from(kept) >= 0.9 * repeats as f64, "{kept} of {repeats}");
}

#[test]
fn scaling_binning_lowers_the_error() {
    let mut rng = rng(14);
    let draw = |rng: &mut rand_chacha::ChaCha8Rng| {
        (0..6000)
            .map(|_| {
                let p: f64 = rng.random_range(0.01..0.99);
                (p, rng.random::<f64>() < 0.5 + 0.4 * (p - 0.5))
            })
            .unzip::<_, _, Vec<f64>, Vec<bool>>()
    };
    let ((p, y), (q, z)) = (draw(&mut rng), draw(&mut rng));
    let map = ScalingBinning::default().fit(&Forecasts::new(&p, &y).unwrap()).unwrap();
    assert!(map.values.windows(2).all(|w| w[0] < w[1]));
    let bins = Bins::equal_width(15);
    let before = calibration_error(&Forecasts::new(&q, &z).unwrap(), &bins).unwrap().ece;
    let moved = map.transform(&q).unwrap();
    let after = calibration_error(&Forecasts::new(&moved, &z).unwrap(), &bins).unwrap().ece;
    assert!(after < 0.3 * before, "{before} to {after}");
}

#[test]
fn cross_venn_abers_of_one_fold_is_the_log_merge() {
    let s = [0.1, 0.3, 0.4, 0.7, 0.8];
    let y = [false, true, false, true, true];
    let cross = CrossVennAbers.fit(&s, &y, &[0; 5]).unwrap();
    let single = VennAbers::default().fit(&s, &y).unwrap();
    let grid: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
    let (a, b) = (cross.transform_shared(&grid).unwrap(), single.transform(&grid).unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    // Two folds on the scores of one model: as the matrix with equal columns.
    let cross = CrossVennAbers.fit(&s, &y, &[0, 1, 0, 1, 1]).unwrap();
    let columns = wonderland_linalg::Tensor::from_fn(21, 2, |i, _| grid[i]);
    let by_column = cross.transform(columns.as_mat()).unwrap();
    assert_eq!(by_column, cross.transform_shared(&grid).unwrap());
}

/// One temperature for all changes no decision and no ranking: the same top
/// classes, and between two classes the same order of all samples, hence the
/// same area under the ROC curve.
#[test]
fn temperature_keeps_decisions_and_ranking() {
    for m in [2, 5] {
        let (P, labels) = crate::support::classes(&mut rng(16), 2000, m);
        let before = Probabilities::new(P.as_mat()).unwrap();
        let Z = Logits::from_probabilities(&before);
        let fit = TemperatureScaling::default().fit(&Z, &labels).unwrap();
        assert!(fit.temperature() > 1.2, "the samples are overconfident");
        let after = fit.transform(&Z).unwrap();
        assert_eq!(before.predicted(), after.predicted());
        if m == 2 {
            let order = |P: &Probabilities<'_>| {
                let mut rows: Vec<usize> = (0..2000).collect();
                rows.sort_by(|&i, &j| P.as_mat()[(i, 1)].total_cmp(&P.as_mat()[(j, 1)]));
                rows
            };
            assert_eq!(order(&before), order(&after));
        }
    }
}

/// Unsmoothed Platt scaling is maximum likelihood: residuals are orthogonal to
/// 1 and to the score, and the log loss of its own samples does not rise.
#[test]
fn unsmoothed_platt_is_stationary() {
    let mut rng = rng(17);
    for n in [30, 300] {
        let (p, y): (Vec<f64>, Vec<bool>) = (0..n)
            .map(|_| {
                let p: f64 = rng.random_range(0.02..0.98);
                (p, rng.random::<f64>() < 0.3 + 0.4 * p)
            })
            .unzip();
        let z: Vec<f64> = p.iter().map(|p| (p / (1.0 - p)).ln()).collect();
        let map = PlattScaling { smoothed: false }.fit(&z, &y, None).unwrap();
        let q = map.transform(&z).unwrap();
        let residual = |i: usize| q[i] - f64::from(u8::from(y[i]));
        let plain: f64 = (0..n).map(residual).sum();
        let moment: f64 = (0..n).map(|i| residual(i) * z[i]).sum();
        // Quadratic convergence leaves the rounding of n terms.
        assert!(plain.abs() < 1e-12 * n as f64 && moment.abs() < 1e-11 * n as f64);
        let (f, g) = (Forecasts::new(&p, &y).unwrap(), Forecasts::new(&q, &y).unwrap());
        assert!(log_loss(&g) <= log_loss(&f) + 1e-12);
    }
}

/// Isotonic regression leaves no error on its own samples: among those of one
/// value, the value is how often the class occurred, for every class.
#[test]
fn isotonic_has_no_error_in_sample() {
    let (P, labels) = crate::support::classes(&mut rng(18), 400, 3);
    let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    for k in 0..3 {
        let class = f.class(k);
        let map = IsotonicCalibration::default().fit(class.p(), class.y(), None).unwrap();
        let q = map.transform(class.p()).unwrap();
        let mut values = q.clone();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        assert!(values.len() > 3);
        for v in values {
            let own: Vec<usize> = (0..400).filter(|&i| q[i] == v).collect();
            let hits = own.iter().filter(|&&i| class.y()[i]).count();
            assert_eq!(v, hits as f64 / own.len() as f64, "class {k}");
        }
    }
}

/// The coupled pairs of classes stay on the simplex and mend miscalibration.
#[test]
fn pairwise_venn_abers_calibrates_classes() {
    let (P, labels) = crate::support::classes(&mut rng(19), 4000, 4);
    let all = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    let (fit, new): (Vec<usize>, Vec<usize>) = (0..4000).partition(|&i| i < 2000);
    let map = PairwiseVennAbers::default().fit(&all.select(&fit)).unwrap();
    let new = all.select(&new);
    let Q = map.transform(new.proba()).unwrap();
    let mended = ClassForecasts::from_probabilities(Q, new.labels()).unwrap();
    assert!(log_loss_multiclass(&mended) < log_loss_multiclass(&new));
    let ece = |f| confidence_calibration_error(f, &Bins::default()).unwrap().ece;
    assert!(ece(&mended) < 0.5 * ece(&new), "{} to {}", ece(&new), ece(&mended));
}

#[test]
fn one_against_the_rest_keeps_the_simplex() {
    let (P, labels) = crate::support::classes(&mut rng(15), 600, 4);
    let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
    for each in Recalibration::all() {
        let map = ClassRecalibration { each }.fit(&f).unwrap();
        let Q = map.transform(f.proba()).unwrap();
        let g = ClassForecasts::from_probabilities(Q, &labels).unwrap();
        let bins = Bins::equal_mass(10);
        let before = classwise_calibration_error(&f, &bins).unwrap().ece;
        let after = classwise_calibration_error(&g, &bins).unwrap().ece;
        assert!(after < before, "{each:?}: {before} to {after}");
    }
}

/// Isotonic regression moves no weight between outcomes: the weighted mean of
/// its values is the weighted frequency, in each flat piece and in all.
#[test]
fn isotonic_keeps_the_weighted_mean() {
    let mut rng = rng(20);
    for n in [1, 7, 200] {
        let x: Vec<f64> = (0..n).map(|_| (rng.random::<f64>() * 30.0).round()).collect();
        let y: Vec<bool> = x.iter().map(|x| rng.random::<f64>() < x / 40.0).collect();
        let w: Vec<f64> = (0..n).map(|_| rng.random_range(0.1..3.0)).collect();
        let map = IsotonicCalibration::default().fit(&x, &y, Some(&w)).unwrap();
        let q = map.transform(&x).unwrap();
        let gap: f64 = (0..n).map(|i| w[i] * (q[i] - f64::from(u8::from(y[i])))).sum();
        let total: f64 = w.iter().sum();
        assert!(gap.abs() <= n as f64 * f64::EPSILON * total, "{gap} of {total}");
    }
}
