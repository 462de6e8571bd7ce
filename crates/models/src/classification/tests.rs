//! Scores worked by hand, slow definitions as oracles, and the coverage of the
//! intervals.
#![allow(clippy::float_cmp, reason = "values worked by hand are met exactly")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::Tensor;

use super::{
    accuracy, brier, brier_binary, classification_scores, confusion_matrix, log_loss, roc_auc,
    roc_auc_binary, wilson_interval,
};
use crate::Error;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The AUC counts pairs; ties count one half.
    #[test]
    fn auc_is_a_count_of_pairs(rows in prop::collection::vec((any::<bool>(), 0..6_i32), 1..30)) {
        let positive: Vec<bool> = rows.iter().map(|r| r.0).collect();
        let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.1) / 8.0).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (p, s) in &rows {
            for (q, t) in &rows {
                if *p && !*q {
                    pairs += 1.0;
                    won += if s > t { 1.0 } else if s == t { 0.5 } else { 0.0 };
                }
            }
        }
        let auc = roc_auc_binary(&positive, &scores).unwrap();
        prop_assert_eq!(auc, (pairs > 0.0).then(|| won / pairs));
        // Reversing the scores reverses the order of every pair.
        let reversed: Vec<f64> = scores.iter().map(|s| -s).collect();
        if let (Some(a), Some(b)) = (auc, roc_auc_binary(&positive, &reversed).unwrap()) {
            prop_assert!((a + b - 1.0).abs() < 4.0 * f64::EPSILON);
        }
    }
}

#[test]
fn auc_of_more_classes_is_the_mean_over_them() {
    let P =
        Tensor::from_rows(&[[0.8, 0.1, 0.1], [0.2, 0.3, 0.5], [0.1, 0.7, 0.2], [0.4, 0.3, 0.3]]);
    let y = [0, 1, 1, 2];
    let class = |k: usize| {
        let positive: Vec<bool> = y.iter().map(|&c| c == k).collect();
        let scores: Vec<f64> = (0..4).map(|i| P[[i, k]]).collect();
        roc_auc_binary(&positive, &scores).unwrap().unwrap()
    };
    let expected = (class(0) + class(1) + class(2)) / 3.0;
    assert_eq!(roc_auc(&y, P.as_mat()).unwrap(), Some(expected));
    // Only one class at hand: nothing to compare.
    assert_eq!(roc_auc(&[1, 1, 1, 1], P.as_mat()).unwrap(), None);
}

#[test]
fn a_certain_mistake_is_finite() {
    let P = Tensor::from_rows(&[[1.0, 0.0]]);
    assert_eq!(log_loss(&[0], P.as_mat()).unwrap(), 0.0);
    assert_eq!(log_loss(&[1], P.as_mat()).unwrap(), -f64::MIN_POSITIVE.ln());
    assert_eq!(brier(&[1], P.as_mat()).unwrap(), 2.0);
    assert_eq!(brier_binary(&[1], P.as_mat()).unwrap(), 1.0);
}

/// At least nearly 95 % of Wilson's intervals hold the true share.
#[test]
fn wilson_covers() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for p in [0.05, 0.5, 0.9] {
        let held = (0..4000)
            .filter(|_| {
                let k = (0..40).filter(|_| rng.random::<f64>() < p).count();
                let [low, high] = wilson_interval(k, 40, 0.95).unwrap();
                low <= p && p <= high
            })
            .count();
        // Binomial discreteness leaves 93 to 98 %; 4000 draws add ± 0.7 %.
        assert!((3680..=3960).contains(&held), "{p}: {held}");
    }
    assert_eq!(wilson_interval(0, 5, 0.95).unwrap()[0], 0.0);
    assert_eq!(wilson_interval(5, 5, 0.95).unwrap()[1], 1.0);
}

/// Rows whose classes follow the probabilities given: all scores' intervals hold
/// the expectation about as often as they say.
#[test]
fn bootstrap_covers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let p = |i: usize| (i % 9 + 1) as f64 / 10.0;
    let n = 90;
    let P = Tensor::from_fn(n, 2, |i, k| if k == 1 { p(i) } else { 1.0 - p(i) });
    let expected_log_loss =
        (0..n).map(|i| -p(i) * p(i).ln() - (1.0 - p(i)) * (1.0 - p(i)).ln()).sum::<f64>()
            / n as f64;
    let mut held = 0;
    for trial in 0..200 {
        let y: Vec<usize> = (0..n).map(|i| usize::from(rng.random::<f64>() < p(i))).collect();
        let scores = classification_scores(&y, P.as_mat(), &[1, 1], 0.9, trial).unwrap();
        let [low, high] = scores.log_loss.interval.unwrap();
        held += usize::from(low <= expected_log_loss && expected_log_loss <= high);
        assert!(scores.roc_auc.unwrap().value > 0.5);
    }
    // 90 % nominal; the design is fixed, so the bootstrap over rows is wider.
    assert!((174..=200).contains(&held), "{held}");
}

#[test]
fn scores_repeat_and_count() {
    let P = Tensor::from_rows(&[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]);
    let y = [0, 1, 1, 1];
    let scores = classification_scores(&y, P.as_mat(), &[1, 3], 0.95, 7).unwrap();
    assert_eq!(scores, classification_scores(&y, P.as_mat(), &[1, 3], 0.95, 7).unwrap());
    assert_eq!(scores.confusion, [[1, 0], [1, 2]]);
    assert_eq!((scores.accuracy.value, scores.baseline.accuracy), (0.75, 0.75));
    assert_eq!((scores.baseline.class, scores.against_baseline), (1, [1, 1]));
    assert_eq!(scores.brier.value, brier_binary(&y, P.as_mat()).unwrap());
    assert_eq!(scores.log_loss.value, log_loss(&y, P.as_mat()).unwrap());
    assert_eq!(scores.roc_auc.unwrap().value, roc_auc(&y, P.as_mat()).unwrap().unwrap());
}

#[test]
fn a_good_model_beats_the_majority_and_noise_does_not() {
    let n = 60;
    let y: Vec<usize> = (0..n).map(|i| usize::from(i % 3 == 0)).collect();
    let sure = |right: bool| {
        Tensor::from_fn(n, 2, |i, k| {
            let said = if right { y[i] } else { usize::from(i % 2 == 0) };
            if k == said { 0.9 } else { 0.1 }
        })
    };
    let scores = |P: &Tensor| classification_scores(&y, P.as_mat(), &[2, 1], 0.95, 0).unwrap();
    assert!(scores(&sure(true)).beats_baseline());
    assert!(!scores(&sure(false)).beats_baseline());
}

#[test]
fn faults() {
    let P = Tensor::from_rows(&[[0.5, 0.6]]);
    assert!(matches!(log_loss(&[0], P.as_mat()), Err(Error::NotAProbability { row: 0, .. })));
    let P = Tensor::from_rows(&[[0.5, 0.5]]);
    assert!(matches!(log_loss(&[2], P.as_mat()), Err(Error::UnknownClass { class: 2, .. })));
    assert!(matches!(log_loss(&[], P.as_mat()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(accuracy(&[], &[]), Err(Error::TooFewRows { .. })));
    assert!(matches!(confusion_matrix(&[0], &[3], 2), Err(Error::UnknownClass { .. })));
    let narrow = classification_scores(&[0], P.as_mat(), &[1], 0.95, 0);
    assert!(matches!(narrow, Err(Error::ColumnMismatch { expected: 2, actual: 1 })));
    let sure = classification_scores(&[0], P.as_mat(), &[1, 1], 1.0, 0);
    assert!(matches!(sure, Err(Error::InvalidSetting { name: "confidence", .. })));
    let nobody = classification_scores(&[0], P.as_mat(), &[0, 0], 0.9, 0);
    assert!(matches!(nobody, Err(Error::TooFewRows { .. })));
    assert!(matches!(wilson_interval(3, 2, 0.9), Err(Error::InvalidSetting { name: "k", .. })));
    assert!(matches!(roc_auc_binary(&[true], &[f64::NAN]), Err(Error::NonFinite { .. })));
    let three = Tensor::from_rows(&[[0.5, 0.25, 0.25]]);
    assert!(matches!(brier_binary(&[0], three.as_mat()), Err(Error::ColumnMismatch { .. })));
}
