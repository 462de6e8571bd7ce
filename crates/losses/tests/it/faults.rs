//! Every fault is provoked, and its message read.

use wonderland_linalg::Tensor;
use wonderland_losses::{
    BinaryCrossEntropy, BinaryCrossEntropyFromProba, CrossEntropy, GaussianNll, Hinge, Huber, Loss,
    Penalty, Reduction, Result, Squared, argmax, categorical_likelihood, check_weights,
    class_by_rounding, one_hot, one_hot_smoothed, sample_weights, softmax,
    softmax_with_temperature,
};

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn lengths() {
    check(
        Squared.each(&[1.0], &[1.0, 2.0]),
        "y_hat has 2 entries but 1 are needed: give one per sample",
    );
    check(
        Squared.reduced(&[1.0], &[1.0], Some(&[]), Reduction::Sum),
        "weights has 0 entries but 1 are needed: give one per sample",
    );
    check(
        Squared.with_gradient(&[1.0], &[1.0], None, Reduction::Sum, &mut []),
        "gradient has 0 entries but 1 are needed: give one per sample",
    );
    check(
        Penalty::None.add_gradient(&[1.0], &mut []),
        "gradient has 0 entries but 1 are needed: give one per weight",
    );
    let logits = Tensor::zeros(&[1, 2]);
    let mut narrow: Tensor = Tensor::zeros(&[1, 1]);
    check(
        CrossEntropy::default().with_gradient_from_logits(
            &[0],
            logits.as_mat(),
            None,
            Reduction::Sum,
            narrow.as_mat_mut(),
        ),
        "a row of gradient has 1 entries but 2 are needed: give one per class",
    );
}

#[test]
fn empty() {
    check(Squared.mean::<f64>(&[], &[]), "y is empty: give at least one entry");
    check(softmax::<f64>(&[]), "x is empty: give at least one entry");
    check(argmax::<f64>(&[]), "x is empty: give at least one entry");
    check(class_by_rounding(0.0, 0), "the set of classes is empty: give at least one entry");
}

#[test]
fn domains() {
    check(Squared.each(&[0.0, f64::NAN], &[0.0, 0.0]), "y[1] is NaN: every value must be finite");
    check(Hinge.each(&[0.5], &[0.0]), "y[0] is 0.5: targets of this loss are -1 or +1");
    check(BinaryCrossEntropy.each(&[2.0], &[0.0]), "y[0] is 2: targets of this loss lie in [0, 1]");
    check(
        BinaryCrossEntropyFromProba.each(&[1.0], &[1.5]),
        "y_hat[0] is 1.5: probabilities lie in [0, 1]",
    );
    check(check_weights(&[1.0, -2.0]), "weights[1] is -2: weights must not be negative");
    check(
        check_weights(&[f64::MAX, f64::MAX]),
        "the sum of the weights is inf: it must be finite: scale the weights down",
    );
    check(
        categorical_likelihood(&[1.0, 1.0], &[0.5, 0.5]),
        "the sum of a one-hot vector is 2: exactly one entry must be 1",
    );
}

#[test]
fn classes() {
    let message = "y[1] is class 3 but there are 3 classes: codes run from 0";
    check(one_hot::<f64>(&[0, 3], 3), message);
    check(sample_weights(&[0, 3], &[1.0; 3]), message);
    let logits: Tensor = Tensor::zeros(&[2, 3]);
    check(CrossEntropy::default().each_from_logits(&[0, 3], logits.as_mat()), message);
}

#[test]
fn settings() {
    check(
        Huber { delta: 0.0 }.each(&[0.0], &[0.0]),
        "delta is 0: the threshold must be positive and finite",
    );
    check(
        GaussianNll { sigma: -1.0 }.each(&[0.0], &[0.0]),
        "sigma is -1: a standard deviation must be positive and finite",
    );
    check(softmax_with_temperature(&[0.0], f64::NAN), "temperature is NaN: it must be at least 0");
    check(one_hot_smoothed::<f64>(&[0], 1, 1.5), "label_smoothing is 1.5: it must lie in [0, 1]");
    check(
        Penalty::L1 { lambda: -1.0 }.value(&[0.0]),
        "the L1 strength is -1: a penalty must be at least 0 and finite",
    );
    check(
        Penalty::None.ln_prior(&[0.0]),
        "the penalty strength is 0: without a penalty the prior is flat and has no density",
    );
}
