//! The kit notices broken estimators: each breaks one promise, and the check of
//! that promise must fail.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Tensor};
use wonderland_models::{
    Classifier, Error, FittedClassifier, FittedLinearRegression, FittedLogisticRegression,
    FittedRegressor, Kit, LinearRegression, LogisticRegression, Regressor, Report, Verdict,
    check_classifier, check_regressor,
};

/// How an estimator is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Fault {
    AcceptsAnything,
    BatchMean,
    CountsItsFits,
    DropsWeights,
    Panics,
    ForgetsWhenSaved,
    ReadsColumnsBackwards,
    RowsAreRecomputedInF32,
    SwapsClasses,
    NotNormalised,
}

struct Broken {
    fault: Fault,
    fits: AtomicUsize,
}

fn broken(fault: Fault) -> Broken {
    Broken { fault, fits: AtomicUsize::new(0) }
}

#[derive(Serialize, Deserialize)]
struct FittedBroken<M> {
    fault: Fault,
    fits: usize,
    #[serde(skip)]
    secret: f64,
    inner: Option<M>,
}

impl Broken {
    fn wrap<M>(&self, inner: Result<M, Error>) -> Result<FittedBroken<M>, Error> {
        let fits = self.fits.fetch_add(1, Ordering::Relaxed);
        let fits = if self.fault == Fault::CountsItsFits { fits } else { 0 };
        let inner = match inner {
            Err(_) if self.fault == Fault::AcceptsAnything => None,
            other => Some(other?),
        };
        Ok(FittedBroken { fault: self.fault, fits, secret: 1.0, inner })
    }
}

impl Regressor for Broken {
    type Fitted = FittedBroken<FittedLinearRegression>;
    type Error = Error;

    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Self::Fitted, Error> {
        assert!(self.fault != Fault::Panics || X.nrows() > 1, "too small");
        let weights = if self.fault == Fault::DropsWeights { None } else { weights };
        self.wrap(Regressor::fit(&LinearRegression::default(), X, y, weights))
    }
}

impl FittedRegressor for FittedBroken<FittedLinearRegression> {
    type Error = Error;

    fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        let Some(inner) = &self.inner else { return Ok(vec![0.0; X.nrows()]) };
        let mut y_hat = match self.fault {
            Fault::ReadsColumnsBackwards if X.col_stride() != 1 => {
                inner.predict(X.reverse_cols())?
            }
            _ => inner.predict(X)?,
        };
        match self.fault {
            Fault::BatchMean if !y_hat.is_empty() => {
                let mean = y_hat.iter().sum::<f64>() / y_hat.len() as f64;
                y_hat.iter_mut().for_each(|v| *v += 1e-3 * mean);
            }
            Fault::ForgetsWhenSaved => y_hat.iter_mut().for_each(|v| *v *= self.secret),
            Fault::RowsAreRecomputedInF32 if X.nrows() == 1 => {
                y_hat.iter_mut().for_each(|v| *v = f64::from(*v as f32));
            }
            _ => {}
        }
        Ok(y_hat)
    }
}

impl Classifier for Broken {
    type Fitted = FittedBroken<FittedLogisticRegression>;
    type Error = Error;

    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<Self::Fitted, Error> {
        self.wrap(Classifier::fit(&LogisticRegression::default(), X, y, weights))
    }
}

impl FittedClassifier for FittedBroken<FittedLogisticRegression> {
    type Error = Error;

    fn n_classes(&self) -> usize {
        self.inner.as_ref().map_or(3, FittedLogisticRegression::n_classes)
    }

    fn predict_proba(&self, X: MatRef<'_, f64>) -> Result<Tensor, Error> {
        let Some(inner) = &self.inner else { return Ok(Tensor::full(&[X.nrows(), 3], 1.0 / 3.0)) };
        let proba = inner.predict_proba(X)?;
        Ok(if self.fault == Fault::NotNormalised { proba.map(|p| 0.999 * p) } else { proba })
    }

    fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<usize>, Error> {
        let Some(inner) = &self.inner else { return Ok(vec![0; X.nrows()]) };
        let classes = inner.predict(X)?;
        let swap = self.fault == Fault::SwapsClasses;
        Ok(classes.into_iter().map(|k| if swap && k < 2 { 1 - k } else { k }).collect())
    }
}

/// The check `name` fails, and checks that have nothing to do with it pass.
#[track_caller]
fn notices(report: &Report, names: &[&str]) {
    for name in names {
        let check = report.checks.iter().find(|c| c.name == *name);
        let verdict = &check.unwrap_or_else(|| panic!("there is no check {name}")).verdict;
        assert!(matches!(verdict, Verdict::Failed(_)), "{name} did not notice: {verdict:?}");
    }
    assert_eq!(report.checks[0].verdict, Verdict::Passed, "{report}");
}

#[test]
fn broken_regressors_are_noticed() {
    let check = |fault: Fault| check_regressor("broken", &broken(fault), &Kit::default());
    notices(
        &check(Fault::AcceptsAnything),
        &[
            "too_few_targets_are_an_error",
            "nan_in_training_is_an_error",
            "a_nan_weight_is_an_error",
            "no_rows_are_an_error",
        ],
    );
    notices(
        &check(Fault::BatchMean),
        &["a_row_predicts_alone_as_among_others", "batches_predict_as_the_whole"],
    );
    notices(
        &check(Fault::CountsItsFits),
        &["refit_gives_the_same_bytes", "fits_at_the_same_time_give_the_same_bytes"],
    );
    notices(
        &check(Fault::DropsWeights),
        &["weights_matter", "a_weight_repeats_its_row", "a_negative_weight_is_an_error"],
    );
    notices(&check(Fault::ForgetsWhenSaved), &["a_saved_model_predicts_the_same_bits"]);
    notices(&check(Fault::ReadsColumnsBackwards), &["columns_first_predict_alike"]);
    notices(&check(Fault::RowsAreRecomputedInF32), &["a_row_predicts_alone_as_among_others"]);
}

/// A panic is the failure of one check, not the end of the kit.
#[test]
fn panics_are_failures() {
    let report = check_regressor("panicking", &broken(Fault::Panics), &Kit::default());
    notices(&report, &["one_row_is_finite_or_an_error"]);
    assert!(report.to_string().contains("failed one_row_is_finite_or_an_error: it panicked"));
}

#[test]
fn broken_classifiers_are_noticed() {
    let check = |fault: Fault| check_classifier("broken", &broken(fault), &Kit::default());
    notices(&check(Fault::AcceptsAnything), &["one_class_is_an_error", "a_huge_code_is_an_error"]);
    notices(&check(Fault::SwapsClasses), &["the_class_is_the_most_likely_one"]);
    notices(&check(Fault::NotNormalised), &["probabilities_lie_on_the_simplex"]);
}

#[test]
fn checks_that_do_not_apply_are_skipped() {
    let kit = Kit { weights: false, equivariant: false, ..Kit::default() };
    let report = check_regressor("linear", &LinearRegression::default(), &kit);
    let skipped = |name: &str| {
        report.checks.iter().any(|c| c.name == name && matches!(c.verdict, Verdict::Skipped(_)))
    };
    assert!(skipped("weights_matter") && skipped("a_constant_target_is_predicted"));
    assert!(report.to_string().starts_with("linear: "));
}

/// Names are distinct: a report can be searched by them.
#[test]
fn names_are_distinct() {
    let report = check_classifier("logistic", &LogisticRegression::default(), &Kit::default());
    let mut names: Vec<&str> = report.checks.iter().map(|c| c.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), report.checks.len());
}
