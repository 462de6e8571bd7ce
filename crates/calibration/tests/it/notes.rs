//! The worked examples of the notes, and their errata as tests of the
//! corrected claims.

use wonderland_calibration::*;
use wonderland_linalg::Tensor;

/// Figure 3: rows are predictions, columns the truth. A false negative costs
/// ten, so class 1 is predicted from P₁ = 1/11 on.
#[test]
fn notes_4_3_3_cost_matrix() {
    let costs = CostMatrix::new(Tensor::from_rows(&[[0.0, 10.0], [1.0, 0.0]])).unwrap();
    let P = Tensor::from_rows(&[[0.92, 0.08], [0.90, 0.10], [0.4, 0.6]]);
    let P = Probabilities::new(P.as_mat()).unwrap();
    assert_eq!(costs.decide(&P).unwrap(), [0, 1, 1]);
    let expected = costs.expected(&P).unwrap();
    assert!((expected[[0, 0]] - 0.8).abs() < 1e-15 && (expected[[0, 1]] - 0.92).abs() < 1e-15);
    // Read the other way round (row = truth) the second row would be class 0.
    let transposed = CostMatrix::new(Tensor::from_rows(&[[0.0, 1.0], [10.0, 0.0]])).unwrap();
    assert_eq!(transposed.decide(&P).unwrap(), [0, 0, 0]);
}

/// ECE of the notes: b equal bins, average confidence against accuracy.
#[test]
fn notes_4_3_4_expected_calibration_error() {
    let P = Tensor::from_rows(&[[0.55, 0.45], [0.65, 0.35], [0.1, 0.9], [0.05, 0.95]]);
    let f = ClassForecasts::new(P.as_mat(), &[0, 1, 1, 1]).unwrap();
    // Confidences .55, .65 with accuracy 1/2, and .9, .95 with accuracy 1.
    let e = confidence_calibration_error(&f, &Bins::equal_width(2)).unwrap();
    let one_bin = (0.75 - (0.55 + 0.65 + 0.9 + 0.95) / 4.0_f64).abs();
    assert!((e.ece - one_bin).abs() < 1e-15);
    let e = confidence_calibration_error(&f, &Bins::equal_width(4)).unwrap();
    assert!((e.ece - (0.5 * 0.1 + 0.5 * 0.075)).abs() < 1e-15);
}

/// Erratum: a model found to be *mis*calibrated is modified; temperature
/// scaling leaves a calibrated one as it is.
#[test]
fn notes_4_3_4_temperature_keeps_a_calibrated_model() {
    let Z = Tensor::from_rows(&[[3_f64.ln(), 0.0]; 4]);
    let Z = Logits::new(Z.as_mat()).unwrap();
    let fit = TemperatureScaling::default().fit(&Z, &[0, 0, 0, 1]).unwrap();
    assert!((fit.temperature() - 1.0).abs() < 1e-12);
}

/// Erratum: γ is not the coverage. Sets of classes above γ = 0.1 of an
/// overconfident model hold the truth half of the time; the conformal
/// threshold holds it as promised.
#[test]
fn notes_4_3_4_gamma_is_not_coverage() {
    let rows = vec![[0.95, 0.05]; 1000];
    let P = Tensor::from_rows(&rows);
    let labels: Vec<usize> = (0..1000).map(|i| i % 2).collect();
    let P = Probabilities::new(P.as_mat()).unwrap();
    let plain = plain_threshold_sets(&P, 0.1).unwrap();
    let covered = (0..1000).filter(|&i| plain.contains(i, labels[i])).count();
    assert_eq!(covered, 500);
    let f = ClassForecasts::from_probabilities(P.clone(), &labels).unwrap();
    let fit = ConformalClassification::new(Alpha::TENTH).fit(&f).unwrap();
    let sets = fit.predict(&P, 0).unwrap();
    let covered = (0..1000).filter(|&i| sets.contains(i, labels[i])).count();
    assert!(covered >= 900);
}
