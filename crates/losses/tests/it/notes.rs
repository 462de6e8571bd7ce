//! The worked examples and errata of the notes, by section.

use wonderland_linalg::{Real, Tensor};
use wonderland_losses::{
    BinaryCrossEntropy, BinaryCrossEntropyFromProba, Error, GaussianNll, Hinge, Huber, Loss,
    Margin, Penalty, Squared, ZeroOne, argmax, categorical_likelihood, check_simplex,
    class_by_half, class_by_rounding, cross_entropy, cross_entropy_between,
    cross_entropy_from_logits, gaussian_prior, generalisation_gap, laplace_prior, likelihood,
    log_likelihood, logsumexp, one_hot, sigma2_mle, simplex_tolerance, softmax,
    softmax_with_temperature,
};

const EPS: f64 = f64::EPSILON;

#[test]
fn notes_3_2_zero_of_the_sign_is_a_mistake_for_both_labels() {
    assert_eq!(ZeroOne.each(&[1.0, -1.0], &[0.0, 0.0]).unwrap(), [1.0, 1.0]);
    assert_eq!(ZeroOne.each(&[1.0, -1.0], &[0.1, -0.1]).unwrap(), [0.0, 0.0]);
}

#[test]
fn notes_3_2_losses_fall_as_the_margin_grows() {
    for y in [-1.0, 1.0] {
        for margin in [-2.0, 0.0, 0.5, 1.5] {
            let (less, more) = (y * margin, y * (margin + 0.1));
            assert!(Margin.value(y, more) < Margin.value(y, less));
            assert!(Hinge.value(y, more) <= Hinge.value(y, less));
            // The hinge lies above the mistake count.
            assert!(Hinge.value(y, less) >= ZeroOne.value(y, less));
        }
    }
}

#[test]
fn notes_3_2_1_gap_of_a_model_that_memorises() {
    let gap = generalisation_gap(&[0.0; 10], &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!((gap.gap, gap.test), (2.0, 2.0));
    // s² = 1, so the standard error is 1/√3.
    assert!((gap.standard_error - (1.0 / 3.0_f64).sqrt()).abs() <= EPS);
    let one = generalisation_gap(&[0.0], &[1.0]).unwrap();
    assert_eq!(one.standard_error, f64::INFINITY);
}

#[test]
fn notes_3_2_2_categorical_likelihood() {
    assert_eq!(categorical_likelihood(&[0.0, 1.0, 0.0], &[0.2, 0.5, 0.3]).unwrap(), 0.5);
    // An impossible class that did not happen does not matter: 0⁰ = 1.
    assert_eq!(categorical_likelihood(&[1.0, 0.0], &[1.0, 0.0]).unwrap(), 1.0);
}

#[test]
fn notes_3_2_3_logarithms_survive_where_the_product_underflows() {
    let p = [1e-3; 200];
    assert_eq!(likelihood(&p).unwrap(), 0.0);
    let expected = 200.0 * 1e-3_f64.ln();
    assert!((log_likelihood(&p).unwrap() - expected).abs() <= 2.0 * EPS * expected.abs());
    // The product runs over all n samples: two of one half make a quarter.
    assert_eq!(likelihood(&[0.5, 0.5]).unwrap(), 0.25);
}

/// The densities integrate to 1, so the penalty is −ln p(w) up to a constant.
#[test]
fn notes_3_3_priors_behind_the_penalties() {
    assert_eq!(gaussian_prior(2.0).unwrap(), Penalty::L2 { lambda: 0.25 });
    assert_eq!(laplace_prior(4.0).unwrap(), Penalty::L1 { lambda: 0.25 });
    for penalty in [
        gaussian_prior(0.7).unwrap(),
        laplace_prior(0.7).unwrap(),
        Penalty::ElasticNet { l1: 1.3, l2: 0.4 },
        Penalty::ElasticNet { l1: 5.0, l2: 0.4 },
    ] {
        // Simpson's rule on [0, 40], doubled: the integrand is smooth there and
        // below e⁻³² at the end.
        let (n, h) = (40_000, 1e-3);
        let density = |k: i32| penalty.ln_prior(&[f64::from(k) * h]).unwrap().exp();
        let inner: f64 = (1..n).map(|k| density(k) * if k % 2 == 1 { 4.0 } else { 2.0 }).sum();
        let mass = 2.0 * (h / 3.0) * (density(0) + inner + density(n));
        assert!((mass - 1.0).abs() < 1e-10, "{penalty:?} has mass {mass}");
        // ln p(w) + R(w) is the same for every w.
        let constant = |w: f64| penalty.ln_prior(&[w]).unwrap() + penalty.value(&[w]).unwrap();
        assert!((constant(0.0) - constant(3.0)).abs() < 16.0 * EPS);
    }
}

#[test]
fn notes_4_1_2_huber_with_threshold_one_is_the_notes() {
    let notes = |e: f64| if e.abs() <= 1.0 { 0.5 * e * e } else { e.abs() - 0.5 };
    for e in [-3.0, -1.0, -0.2, 0.0, 0.9, 1.0, 1.1, 40.0] {
        assert_eq!(Huber::default().value(0.0, e), notes(e));
    }
    // Both branches meet at δ, in value and in slope, for every δ.
    let huber = Huber { delta: 2.5 };
    assert_eq!(huber.value(0.0, 2.5), 0.5 * 2.5 * 2.5);
    assert_eq!(huber.derivative(0.0, 2.5), huber.derivative(0.0, 99.0));
}

#[test]
fn notes_4_1_2_squared_loss_is_a_gaussian_likelihood() {
    let nll = GaussianNll { sigma: 1.7 };
    let constant = nll.value(0.0, 0.0);
    let expected = Squared.value(1.0, 3.0) / (2.0 * 1.7 * 1.7);
    assert!((nll.value(1.0, 3.0) - constant - expected).abs() <= 4.0 * EPS);
}

#[test]
fn notes_4_1_4_best_variance() {
    let (y, y_hat) = ([1.0, 4.0, -2.0], [0.0, 2.0, 0.0]);
    let sigma2 = sigma2_mle(&y, &y_hat, None).unwrap();
    assert_eq!(sigma2, 3.0);
    // No other σ has a smaller negative log-likelihood.
    let at = |sigma: f64| GaussianNll { sigma }.mean(&y, &y_hat).unwrap();
    assert!(at(3f64.sqrt()) < at(1.7) && at(3f64.sqrt()) < at(1.8));
}

#[test]
fn notes_4_2_rounding_and_one_hot_distances() {
    assert_eq!(class_by_rounding(0.49, 4).unwrap(), 0);
    assert_eq!(class_by_rounding(2.5, 4).unwrap(), 3);
    let Y: Tensor = one_hot(&[0, 1, 2, 1], 3).unwrap();
    let distance = |i: usize, j: usize| -> f64 {
        Y.row(i).iter().zip(Y.row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    assert_eq!(distance(1, 3), 0.0);
    assert_eq!(distance(0, 1), 2f64.sqrt());
    assert_eq!(distance(0, 2), 2f64.sqrt());
}

#[test]
fn notes_4_2_1_the_example_is_no_point_of_the_simplex() {
    let p = [0.2, 0.3, 0.4];
    assert_eq!(argmax(&p).unwrap(), 2);
    let error = check_simplex(&p, simplex_tolerance::<f64>(3)).unwrap_err();
    assert!(matches!(error, Error::NotOnSimplex { sum, .. } if (sum - 0.9).abs() <= EPS));
    assert!(error.to_string().starts_with("the entries sum to 0.9"));
    check_simplex(&softmax(&p).unwrap(), simplex_tolerance::<f64>(3)).unwrap();
}

#[test]
fn notes_4_2_1_temperature_and_its_limits() {
    let x = [1.0, 2.0, 4.0];
    assert_eq!(softmax_with_temperature(&x, 1.0).unwrap(), softmax(&x).unwrap());
    // τ → ∞ is 1/m for the m classes, approached and reached.
    let far = softmax_with_temperature(&x, 1e9).unwrap();
    assert!(far.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-8));
    assert_eq!(softmax_with_temperature(&x, f64::INFINITY).unwrap(), [1.0 / 3.0; 3]);
    // τ → 0 is the one-hot vector of the largest, not its index.
    assert_eq!(softmax_with_temperature(&x, 1e-3).unwrap(), [0.0, 0.0, 1.0]);
    assert_eq!(softmax_with_temperature(&x, 0.0).unwrap(), [0.0, 0.0, 1.0]);
    assert_eq!(softmax_with_temperature(&[5.0, 5.0, 1.0], 0.0).unwrap(), [0.5, 0.5, 0.0]);
    assert_eq!(softmax_with_temperature(&[-1e308, 1e308], 1e-300).unwrap(), [0.0, 1.0]);
}

#[test]
fn notes_4_2_2_one_hot_and_index_forms_agree() {
    let p = [0.1, 0.2, 0.7];
    for y in 0..3 {
        let Y: Tensor = one_hot(&[y], 3).unwrap();
        assert_eq!(cross_entropy_between(Y.row(0), &p).unwrap(), cross_entropy(y, &p));
    }
}

#[test]
fn notes_4_3_1_two_outputs_and_one_agree() {
    for s in [-700.0, -30.0, -1.0, 0.0, 0.3, 5.0, 40.0, 700.0_f64] {
        // A softmax of two with the first logit 0 is the sigmoid of the second.
        let p = softmax(&[0.0, s]).unwrap()[1];
        assert!((p - s.sigmoid()).abs() <= 2.0 * EPS * p, "{s}");
        for y in [0, 1] {
            let two = cross_entropy_from_logits(y, &[0.0, s]);
            let one = BinaryCrossEntropy.value(y as f64, s);
            assert!((two - one).abs() <= 4.0 * EPS * one, "{s} {y}: {two} {one}");
        }
    }
    assert_eq!(class_by_half(0.5).unwrap(), 0);
    assert_eq!(class_by_half(0.5 + EPS).unwrap(), 1);
}

#[test]
fn notes_4_3_1_from_probabilities() {
    let loss = BinaryCrossEntropyFromProba;
    assert_eq!(loss.value(1.0, 0.25), 4f64.ln());
    assert_eq!((loss.value(1.0, 1.0), loss.value(0.0, 0.0)), (0.0, 0.0));
    assert_eq!((loss.value(1.0, 0.0), loss.value(0.0, 1.0)), (f64::INFINITY, f64::INFINITY));
}

#[test]
fn notes_4_3_2_logsumexp_is_shifted_exactly() {
    assert_eq!(logsumexp(&[1000.0, 1000.0, 1000.0]), 1000.0 + 3f64.ln());
    assert_eq!(logsumexp(&[-1e4]), -1e4);
    assert_eq!(logsumexp::<f64>(&[]), f64::NEG_INFINITY);
    // A loss of e⁻⁴⁰ keeps its digits, where 1 − p would be 0.
    let loss = cross_entropy_from_logits(0, &[40.0, 0.0]);
    assert!((loss / (-40f64).exp() - 1.0).abs() < 4.0 * EPS);
}
