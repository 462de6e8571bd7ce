//! Relations between conformal methods that hold on every sample.

use proptest::prelude::*;
use rand::RngExt;
use wonderland_calibration::*;
use wonderland_linalg::Tensor;

use crate::support::{classes, normal, rng};

const RANDOMISED: ClassScore = ClassScore::Aps { randomised: true };
const RAPS: ClassScore = ClassScore::Raps { lambda: 0.02, k_reg: 4, randomised: true };

fn settings(score: ClassScore, alpha: Alpha) -> ConformalClassification {
    ConformalClassification { score, seed: 5, ..ConformalClassification::new(alpha) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn sets_are_nested_in_alpha(seed in 0_u64..5000, n in 5_usize..60) {
        let (P, labels) = classes(&mut rng(seed), n, 5);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        for score in [ClassScore::Lac, ClassScore::Margin, RANDOMISED,
            ClassScore::Raps { lambda: 0.2, k_reg: 1, randomised: true }] {
            let sets = |a, b| {
                let fit = settings(score, Alpha::new(a, b).unwrap()).fit(&f).unwrap();
                fit.predict(f.proba(), 3).unwrap()
            };
            let (wide, narrow) = (sets(1, 20), sets(1, 3));
            for i in 0..n {
                prop_assert!(narrow.classes(i).all(|k| wide.contains(i, k)));
            }
        }
    }

    #[test]
    fn raps_without_penalty_is_aps(seed in 0_u64..5000, n in 5_usize..60) {
        let (P, labels) = classes(&mut rng(seed), n, 5);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let alpha = Alpha::new(1, 4).unwrap();
        let raps = ClassScore::Raps { lambda: 0.0, k_reg: 2, randomised: true };
        let sets = |s| settings(s, alpha).fit(&f).unwrap().predict(f.proba(), 9).unwrap();
        prop_assert_eq!(sets(raps), sets(RANDOMISED));
        // A huge penalty leaves only the ranks: sizes differ by one at most.
        let top = sets(ClassScore::Raps { lambda: 1e6, k_reg: 0, randomised: true });
        let sizes: Vec<usize> = (0..n).map(|i| top.size(i)).collect();
        let (low, high) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        prop_assert!(high - low <= 1);
    }

    /// One u per sample: what is in a set is more probable than what is not.
    #[test]
    fn sets_by_mass_hold_the_top_classes(seed in 0_u64..5000, n in 5_usize..60, a in 1_u64..10) {
        let (P, labels) = classes(&mut rng(seed), n, 5);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        for score in [RANDOMISED, ClassScore::Raps { lambda: 0.2, k_reg: 1, randomised: true },
            ClassScore::Raps { lambda: 1e6, k_reg: 0, randomised: true }] {
            let fit = settings(score, Alpha::new(a, 11).unwrap()).fit(&f).unwrap();
            let sets = fit.predict(f.proba(), 3).unwrap();
            for i in 0..n {
                let (inside, outside): (Vec<usize>, Vec<usize>) =
                    (0..5).partition(|&k| sets.contains(i, k));
                let least = inside.iter().map(|&k| P[[i, k]]).fold(1.0, f64::min);
                prop_assert!(outside.iter().all(|&k| P[[i, k]] <= least));
            }
        }
    }

    /// {k : p_k > α} = {k : s_k ≤ q}, in whole numbers.
    #[test]
    fn p_values_and_thresholds_agree(seed in 0_u64..5000, n in 1_usize..40, a in 1_u64..20) {
        let mut rng = rng(seed);
        let alpha = Alpha::new(a, 20).unwrap_or(Alpha::TENTH);
        let (a, b) = alpha.fraction();
        let grid = |rng: &mut rand_chacha::ChaCha8Rng| f64::from(rng.random_range(0..15));
        let scores = CalibrationScores::new((0..n).map(|_| grid(&mut rng)).collect()).unwrap();
        let q = scores.threshold(alpha);
        for s in -1..16 {
            let s = f64::from(s);
            let above = scores.rank_from_top(s) as u64 * b > a * (n as u64 + 1);
            prop_assert_eq!(above, q.admits(s));
        }
        // Adaptive inference that never adapts is split conformal prediction.
        let mut still = AdaptiveConformal::new(alpha, 0.0).unwrap();
        for covered in [false, true, false] {
            prop_assert_eq!(still.threshold(&scores), Some(q));
            still.update(covered);
        }
    }

    #[test]
    fn class_p_values_make_the_sets(seed in 0_u64..2000, n in 5_usize..40) {
        let (P, labels) = classes(&mut rng(seed), n, 4);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let alpha = Alpha::new(1, 7).unwrap();
        for grouping in [Grouping::Marginal, Grouping::ByClass] {
            let set = ConformalClassification { grouping, ..settings(RANDOMISED, alpha) };
            let sets = set.fit(&f).unwrap().predict(f.proba(), 2).unwrap();
            let p = ClassPValues { score: RANDOMISED, grouping, smoothed: false, seed: 5 };
            let p = p.fit(&f).unwrap().p_values(f.proba(), 2).unwrap();
            for i in 0..n {
                for k in 0..4 {
                    // p is j/(n + 1): compare 7j > n + 1 by adding half a step.
                    let group = if grouping == Grouping::Marginal { n } else {
                        labels.iter().filter(|&&y| y == k).count()
                    };
                    let j = (p[[i, k]] * (group + 1) as f64).round() as usize;
                    prop_assert_eq!(7 * j > group + 1, sets.contains(i, k));
                }
            }
        }
    }

    #[test]
    fn equal_weights_are_no_weights(seed in 0_u64..5000, n in 1_usize..60, c in 0.5_f64..4.0) {
        let mut rng = rng(seed);
        let scores: Vec<f64> = (0..n).map(|_| rng.random()).collect();
        for alpha in [(1, 10), (1, 4), (2, 3)].map(|(a, b)| Alpha::new(a, b).unwrap()) {
            let plain = conformal_threshold(&scores, alpha).unwrap();
            // Powers of two scale exactly; other factors may round.
            let c = c.log2().round().exp2();
            let weighted = WeightedScores::new(&scores, &vec![c; n]).unwrap();
            prop_assert_eq!(weighted.threshold(alpha, c).unwrap(), plain);
            prop_assert!((weighted.effective_sample_size() - n as f64).abs() < 1e-9);
            // Whole weights are copies: with w copies of each score and the
            // new sample counted once.
            let w: Vec<f64> = (0..n).map(|i| (i % 3) as f64 + 1.0).collect();
            let copies: Vec<f64> = scores.iter().enumerate()
                .flat_map(|(i, &s)| std::iter::repeat_n(s, i % 3 + 1)).collect();
            let weighted = WeightedScores::new(&scores, &w).unwrap();
            prop_assert_eq!(weighted.threshold(alpha, 1.0).unwrap(),
                conformal_threshold(&copies, alpha).unwrap());
        }
    }

    #[test]
    fn classes_of_equal_weight_are_split(seed in 0_u64..5000, n in 2_usize..60, a in 1_u64..10) {
        let (P, labels) = classes(&mut rng(seed), n, 4);
        let (f, ones) = (ClassForecasts::new(P.as_mat(), &labels).unwrap(), vec![1.0; n]);
        let alpha = Alpha::new(a, 11).unwrap();
        for score in [ClassScore::Lac, RANDOMISED] {
            let split = settings(score, alpha).fit(&f).unwrap().predict(f.proba(), 4).unwrap();
            let weighted = WeightedConformalClassification { alpha, score, seed: 5 };
            let weighted = weighted.fit(&f.clone().with_weights(&ones).unwrap()).unwrap();
            prop_assert_eq!(weighted.predict(f.proba(), &ones, 4).unwrap(), split);
        }
    }

    #[test]
    fn quantile_regression_around_a_point_is_split(seed in 0_u64..5000, n in 1_usize..60) {
        let mut rng = rng(seed);
        let y: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let y_hat: Vec<f64> = y.iter().map(|y| 0.5 * y).collect();
        let alpha = Alpha::new(1, 5).unwrap();
        let split = SplitRegression { alpha }.fit(&y, &y_hat).unwrap().predict(&[0.3]).unwrap();
        let cqr = QuantileRegression { alpha, symmetric: true };
        let cqr = cqr.fit(&y, &y_hat, &y_hat).unwrap().predict(&[0.3], &[0.3]).unwrap();
        prop_assert_eq!(split, cqr);
    }

    /// LAC depends on the order of the scores only: the sets are those of any
    /// increasing function of 1 − P.
    #[test]
    fn lac_is_invariant_to_increasing_maps(seed in 0_u64..5000, n in 3_usize..60) {
        let (P, labels) = classes(&mut rng(seed), n, 4);
        let f = ClassForecasts::new(P.as_mat(), &labels).unwrap();
        let alpha = Alpha::new(1, 4).unwrap();
        let sets = settings(ClassScore::Lac, alpha).fit(&f).unwrap().predict(f.proba(), 0).unwrap();
        let map = |p: f64| (3.0 * (1.0 - p)).exp();
        let scores: Vec<f64> = labels.iter().enumerate().map(|(i, &y)| map(P[[i, y]])).collect();
        let q = conformal_threshold(&scores, alpha).unwrap();
        for i in 0..n {
            for k in 0..4 {
                prop_assert_eq!(sets.contains(i, k), q.admits(map(P[[i, k]])));
            }
        }
    }
}

/// Mean size of the sets of the last half of the rows, conformalised on the
/// first half.
fn mean_size(f: &ClassForecasts<'_>, score: ClassScore) -> f64 {
    let n = f.labels().len();
    let (first, last): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| *i < n / 2);
    let fit = settings(score, Alpha::TENTH).fit(&f.select(&first)).unwrap();
    fit.predict(&f.proba().select(&last), 1).unwrap().mean_size()
}

/// With the true probabilities no sets of the same coverage are smaller than
/// those of LAC (Sadinle et al. 2019).
#[test]
fn lac_sets_are_smallest() {
    let (P, labels) = classes(&mut rng(1), 8000, 10);
    // The samples are drawn at temperature 1.7.
    let optimum = TemperatureOptimum::Interior { beta: 1.0 / 1.7 };
    let truth = TemperatureFit { optimum, n_classes: 10, evaluations: 0 };
    let P = Probabilities::new(P.as_mat()).unwrap();
    let P = truth.transform(&Logits::from_probabilities(&P)).unwrap();
    let f = ClassForecasts::from_probabilities(P, &labels).unwrap();
    let (lac, raps, aps) = (ClassScore::Lac, RAPS, RANDOMISED);
    let [lac, raps, aps] = [lac, raps, aps].map(|score| mean_size(&f, score));
    assert!(lac <= raps.min(aps), "{lac} {raps} {aps}");
}

/// A penalty on size is for probabilities spread over classes that never come
/// (Angelopoulos et al. 2021, §3): here five of sixty are possible in each row,
/// and every other row's forecast gives 0.6 to all alike. Without a penalty
/// those rows' sets fill with the impossible. On true probabilities, as above, a
/// penalty need not help.
#[test]
fn penalty_shortens_sets_of_heavy_tailed_forecasts() {
    let (Q, possible) = classes(&mut rng(2), 4000, 5);
    let mut P = Tensor::zeros(&[4000, 60]);
    for i in 0..4000 {
        let spread = if i % 2 == 0 { 0.6 } else { 0.0 };
        for k in 0..60 {
            let q = if k < 5 { Q[[i, k]] } else { 0.0 };
            P[[i, k]] = (1.0 - spread) * q + spread / 60.0;
        }
    }
    let f = ClassForecasts::new(P.as_mat(), &possible).unwrap();
    let (raps, aps) = (mean_size(&f, RAPS), mean_size(&f, RANDOMISED));
    assert!(2.0 * raps < aps, "{raps} {aps}");
}

#[test]
fn crossed_quantiles_are_counted_not_swapped() {
    let fit = QuantileRegression { alpha: Alpha::new(1, 2).unwrap(), symmetric: true };
    let fit = fit.fit(&[0.0, 0.0, 0.0], &[-2.0; 3], &[2.0; 3]).unwrap(); // q = −2
    let intervals = fit.predict(&[-1.0, -3.0], &[0.0, 3.0]).unwrap();
    assert_eq!((intervals.lower[0], intervals.upper[0]), (1.0, -2.0));
    assert_eq!(intervals.n_empty(), 1);
    assert_eq!(intervals.covers(&[0.0, 0.0]).unwrap(), [false, true]);
    assert!((intervals.mean_width() - 1.0).abs() < 1e-15);
}

#[test]
fn class_without_samples_is_in_every_set() {
    let P = wonderland_linalg::Tensor::from_rows(&[[0.8, 0.15, 0.05]; 20]);
    let f = ClassForecasts::new(P.as_mat(), &[0; 20]).unwrap();
    let set = ConformalClassification {
        grouping: Grouping::ByClass,
        ..ConformalClassification::new(Alpha::TENTH)
    };
    let fit = set.fit(&f).unwrap();
    assert_eq!(fit.thresholds[1], Threshold::Unbounded);
    assert!(matches!(
        fit.require_finite(),
        Err(Error::CalibrationSetTooSmall { n: 0, needed: 9, .. })
    ));
    assert_eq!(fit.predict(f.proba(), 0).unwrap().classes(0).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn empty_sets_are_kept_unless_asked() {
    let P = wonderland_linalg::Tensor::from_rows(&[[0.9, 0.1]; 9]);
    let f = ClassForecasts::new(P.as_mat(), &[0; 9]).unwrap();
    let new = wonderland_linalg::Tensor::from_rows(&[[0.5, 0.5]]);
    let new = Probabilities::new(new.as_mat()).unwrap();
    for (force_nonempty, size) in [(false, 0), (true, 1)] {
        let set = ConformalClassification {
            force_nonempty,
            ..ConformalClassification::new(Alpha::TENTH)
        };
        assert_eq!(set.fit(&f).unwrap().predict(&new, 0).unwrap().size(0), size);
    }
}

#[test]
fn calibrate_then_conformalise_on_disjoint_rows() {
    let (P, labels) = classes(&mut rng(2), 400, 3);
    let P = Probabilities::new(P.as_mat()).unwrap();
    let Z = Logits::from_probabilities(&P);
    let rows = DisjointRows::new(
        400,
        vec![],
        (0..100).collect(),
        (100..300).collect(),
        (300..400).collect(),
    )
    .unwrap();
    let fit = CalibratedConformal::new(Alpha::TENTH).fit(&Z, &labels, &rows).unwrap();
    // The model is 1.7 times too sharp.
    assert!((fit.temperature.temperature() - 1.7).abs() < 0.4, "{:?}", fit.temperature);
    let test = rows.test.as_slice();
    let sets = fit.predict(&Z.select(test), 0).unwrap();
    let truth: Vec<usize> = test.iter().map(|&i| labels[i]).collect();
    let report = fit.conformal.coverage_report(&sets, &truth, 0.999).unwrap();
    assert_eq!(report.overall.verdict, Some(Verdict::Within));
    // Rows outside the calibration and conformal roles do not touch the fit.
    let mut other = labels.clone();
    other[300..].iter_mut().for_each(|y| *y = 0);
    assert_eq!(CalibratedConformal::new(Alpha::TENTH).fit(&Z, &other, &rows).unwrap(), fit);
}
