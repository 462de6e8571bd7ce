//! Every estimator of the crate keeps the contract, with every solver.

use wonderland_models::{
    Form, Kit, LinearRegression, LogisticRegression, LogisticSolver, check_classifier,
    check_regressor,
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
