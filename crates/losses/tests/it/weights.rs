//! Weights and reductions.

use wonderland_linalg::Tensor;
use wonderland_losses::{
    CrossEntropy, Error, Loss, Reduction, Squared, balanced_class_weights, empirical_risk,
    gaussian_log_likelihood, sample_weights,
};

#[test]
fn a_weight_repeats_and_zero_leaves_out() {
    let weighted = Squared.reduced(
        &[0.0, 0.0, 0.0],
        &[1.0, 2.0, 9.0],
        Some(&[2.0, 1.0, 0.0]),
        Reduction::Mean,
    );
    let repeated = Squared.mean(&[0.0, 0.0, 0.0], &[1.0, 1.0, 2.0]);
    assert_eq!(weighted.unwrap(), repeated.unwrap());
}

#[test]
fn none_sum_mean() {
    let (y, y_hat) = ([0.0, 0.0], [1.0, 3.0]);
    assert_eq!(Squared.each(&y, &y_hat).unwrap(), [1.0, 9.0]);
    assert_eq!(Squared.reduced(&y, &y_hat, None, Reduction::Sum).unwrap(), 10.0);
    assert_eq!(Squared.reduced(&y, &y_hat, None, Reduction::Mean).unwrap(), 5.0);
    let empty: [f64; 0] = [];
    assert_eq!(Squared.reduced(&empty, &empty, None, Reduction::Sum).unwrap(), 0.0);
}

#[test]
fn balanced_classes_weigh_the_same() {
    let y = [0, 0, 0, 1, 2, 2];
    let w: Vec<f64> = sample_weights(&y, &balanced_class_weights(&y, 4).unwrap()).unwrap();
    let total =
        |k: usize| -> f64 { y.iter().zip(&w).filter(|(y, _)| **y == k).map(|(_, w)| w).sum() };
    for k in 0..3 {
        assert!((total(k) - 2.0).abs() < 4.0 * f64::EPSILON);
    }
    assert_eq!(balanced_class_weights::<f64>(&y, 4).unwrap()[3], 0.0);
}

/// What happened at probability 0 does not count when its weight is 0.
#[test]
fn zero_weight_of_an_infinite_loss() {
    let proba = Tensor::from_rows(&[[1.0, 0.0], [0.5, 0.5]]);
    let loss = |w: [f64; 2]| {
        CrossEntropy::default().from_proba(&[1, 0], proba.as_mat(), Some(&w), Reduction::Mean)
    };
    assert_eq!(loss([0.0, 2.0]).unwrap(), 2f64.ln());
    assert_eq!(loss([1.0, 1.0]).unwrap(), f64::INFINITY);
}

#[test]
fn likelihood_with_a_sigma_per_sample() {
    // ln N(0|0, 1) + 2 ln N(0|2, 2²) = −3 · ½ ln 2π − 2 ln 2 − 1.
    let ll = gaussian_log_likelihood(&[0.0, 0.0], &[0.0, 2.0], &[1.0, 2.0], Some(&[1.0, 2.0]));
    let expected = -1.5 * std::f64::consts::TAU.ln() - 2.0 * 2f64.ln() - 1.0;
    assert!((ll.unwrap() - expected).abs() < 8.0 * f64::EPSILON);
}

#[test]
fn risk_needs_a_weight() {
    assert_eq!(empirical_risk(&[1.0], Some(&[0.0])), Err(Error::NoWeight { n: 1 }));
    assert_eq!(empirical_risk::<f64>(&[], None), Err(Error::Empty { name: "y" }));
}
