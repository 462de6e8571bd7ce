//! Derivatives in closed form against difference quotients of the values.

use wonderland_linalg::Tensor;
use wonderland_losses::{
    Absolute, BinaryCrossEntropy, BinaryCrossEntropyFromProba, CrossEntropy, GaussianNll, Hinge,
    Huber, Loss, Margin, Penalty, Reduction, Squared, SquaredHinge,
};

/// Step of the five-point rule: its truncation is O(h⁴) ≈ 1e-12 and its
/// round-off ε/h ≈ 2e-13 for values near 1.
const H: f64 = 1e-3;

/// (f(−2h) − 8f(−h) + 8f(h) − f(2h)) / 12h.
fn quotient(f: impl Fn(f64) -> f64) -> f64 {
    ((f(-2.0 * H) - f(2.0 * H)) + 8.0 * (f(H) - f(-H))) / (12.0 * H)
}

#[track_caller]
fn check(loss: impl Loss, y: f64, y_hat: f64) {
    let expected = quotient(|t| loss.value(y, y_hat + t));
    let actual = loss.derivative(y, y_hat);
    assert!(
        (actual - expected).abs() <= 1e-9 * (1.0 + expected.abs()),
        "derivative {actual}, difference quotient {expected}"
    );
    // A batch of one says the same, scaled by the mean and its weight.
    let mut gradient = [f64::NAN];
    let value =
        loss.with_gradient(&[y], &[y_hat], Some(&[2.0]), Reduction::Sum, &mut gradient).unwrap();
    assert_eq!(gradient[0], 2.0 * actual);
    assert_eq!(value, 2.0 * loss.value(y, y_hat));
}

#[test]
fn regression_losses() {
    for (y, y_hat) in [(0.0, 0.3), (1.0, -2.5), (-4.0, 3.0), (2.0, 2.6)] {
        check(Squared, y, y_hat);
        check(Absolute, y, y_hat);
        check(Huber::default(), y, y_hat);
        check(Huber { delta: 0.25 }, y, y_hat);
        check(GaussianNll { sigma: 0.7 }, y, y_hat);
    }
}

#[test]
fn sign_losses() {
    for y in [-1.0, 1.0] {
        for y_hat in [-2.0, -0.4, 0.0, 0.7, 3.0] {
            check(Margin, y, y_hat);
            check(Hinge, y, y_hat);
            check(SquaredHinge, y, y_hat);
        }
    }
}

#[test]
fn cross_entropies_of_two_classes() {
    for y in [0.0, 0.3, 1.0] {
        for s in [-5.0, -0.5, 0.0, 2.0] {
            check(BinaryCrossEntropy, y, s);
        }
        // Nearer to the ends the truncation, 0.8 h⁴/p⁵, passes the bound.
        for p in [0.3, 0.5, 0.7] {
            check(BinaryCrossEntropyFromProba, y, p);
        }
    }
}

#[test]
fn gaussian_in_sigma() {
    let (y, y_hat) = (1.5, -0.5);
    let expected = quotient(|t| GaussianNll { sigma: 0.8 + t }.value(y, y_hat));
    let actual = GaussianNll { sigma: 0.8 }.derivative_in_sigma(y, y_hat);
    // The fifth derivative is about 1e3 here, hence the wider bound.
    assert!((actual - expected).abs() < 1e-7 * expected.abs(), "{actual} {expected}");
}

#[test]
fn cross_entropy_of_a_batch() {
    let logits = Tensor::from_rows(&[[0.5, -1.0, 2.0], [3.0, 0.0, 0.1]]);
    let (y, weights) = ([1, 0], [0.5, 2.0]);
    for label_smoothing in [0.0, 0.1] {
        let loss = CrossEntropy { label_smoothing };
        for reduction in [Reduction::Sum, Reduction::Mean] {
            let mut gradient = Tensor::zeros(&[2, 3]);
            let value = loss
                .with_gradient_from_logits(
                    &y,
                    logits.as_mat(),
                    Some(&weights),
                    reduction,
                    gradient.as_mat_mut(),
                )
                .unwrap();
            let at = |i: usize, j: usize, t: f64| {
                let mut moved = logits.clone();
                moved[[i, j]] += t;
                loss.from_logits(&y, moved.as_mat(), Some(&weights), reduction).unwrap()
            };
            assert_eq!(value, at(0, 0, 0.0));
            for (i, j) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
                let expected = quotient(|t| at(i, j, t));
                assert!((gradient[[i, j]] - expected).abs() < 1e-10);
            }
        }
    }
}

#[test]
fn penalties() {
    let w = [0.5, -2.0, 3.0];
    for penalty in [
        Penalty::None,
        Penalty::L1 { lambda: 0.7 },
        Penalty::L2 { lambda: 0.7 },
        Penalty::ElasticNet { l1: 0.2, l2: 1.5 },
    ] {
        let mut gradient = [1.0; 3];
        let value = penalty.add_gradient(&w, &mut gradient).unwrap();
        assert_eq!(value, penalty.value(&w).unwrap());
        for i in 0..3 {
            let expected = quotient(|t| {
                let mut moved = w;
                moved[i] += t;
                penalty.value(&moved).unwrap()
            });
            assert!((gradient[i] - 1.0 - expected).abs() < 1e-10);
        }
    }
}

/// Values chosen at kinks, as each loss documents.
#[test]
fn kinks() {
    assert_eq!(Absolute.derivative(2.0, 2.0), 0.0);
    assert_eq!(Hinge.derivative(1.0, 1.0), 0.0);
    assert_eq!(Hinge.derivative(-1.0, -1.0), 0.0);
    let mut gradient = [0.0];
    Penalty::L1 { lambda: 1.0 }.add_gradient(&[0.0], &mut gradient).unwrap();
    assert_eq!(gradient[0], 0.0);
    // Huber and the squared hinge have none: both sides meet.
    assert_eq!(Huber::default().derivative(0.0, 1.0), 1.0);
    assert_eq!(SquaredHinge.derivative(1.0, 1.0), 0.0);
}
