//! Every estimator of the crate keeps the contract, with every solver.

use wonderland_models::{
    Form, Kit, Lambda, LeastSquaresClassifier, LeastSquaresGd, LinearRegression,
    LogisticRegression, LogisticSolver, Ridge, check_classifier, check_regressor,
};

#[test]
fn linear_regression() {
    let report = check_regressor("linear", &LinearRegression::default(), &Kit::default());
    assert!(report.checks.len() >= 40, "only {} checks", report.checks.len());
    report.assert_passed();
    let through_zero = LinearRegression { intercept: false, ..Default::default() };
    let kit = Kit { equivariant: false, ..Kit::default() };
    check_regressor("linear without intercept", &through_zero, &kit).assert_passed();
}

#[test]
fn logistic_regression() {
    for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
        for form in [Form::Auto, Form::Softmax] {
            let settings = LogisticRegression { solver, form, ..Default::default() };
            let report = check_classifier(
                &format!("logistic {solver:?} {form:?}"),
                &settings,
                &Kit::default(),
            );
            assert!(report.checks.len() >= 40, "only {} checks", report.checks.len());
            report.assert_passed();
        }
    }
    let through_zero = LogisticRegression { intercept: false, ..Default::default() };
    let kit = Kit { equivariant: false, ..Kit::default() };
    check_classifier("logistic without intercept", &through_zero, &kit).assert_passed();
}

#[test]
fn ridge() {
    let given = Ridge { lambda: Lambda::Given(0.5), ..Ridge::default() };
    check_regressor("ridge", &given, &Kit::default()).assert_passed();
    // A repeated row is in the training rows when its copy is left out, so a
    // weight is no repetition for the choice of lambda.
    // The default path depends on the number of columns, useless ones included.
    let kit = Kit { weights: false, ..Kit::default() };
    let chosen = Ridge { path: Some(vec![0.01, 0.1, 1.0, 10.0]), ..Ridge::default() };
    check_regressor("ridge by leave-one-out", &chosen, &kit).assert_passed();
}

#[test]
fn gradient_descent() {
    let settings = LeastSquaresGd::default();
    check_regressor("least squares by descent", &settings, &Kit::default()).assert_passed();
}

#[test]
fn least_squares_classifier() {
    let settings = LeastSquaresClassifier::default();
    check_classifier("least-squares classifier", &settings, &Kit::default()).assert_passed();
}
