//! A conformance kit: what every estimator promises, as named checks that run on
//! any of them, ours and yours.
//!
//! A regressor and a classifier differ in their targets only, so most checks are
//! written once, over a [`Subject`](subject::Subject).

mod classifier;
mod common;
mod faults;
mod regressor;
mod subject;
mod weights;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Classifier, Regressor};
use subject::{ClassifierSubject, RegressorSubject, Subject};

/// What the kit takes for granted about an estimator.
///
/// # Examples
/// ```
/// use wonderland_models::{Kit, LinearRegression, check_regressor};
/// let report = check_regressor("linear", &LinearRegression::default(), &Kit::default());
/// assert!(report.failures().next().is_none(), "{report}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kit {
    /// How far two fits may differ, relative to the largest output, when only the
    /// order of the arithmetic differs: larger for iterative solvers.
    pub rtol: f64,
    /// Whether predictions of the same row must agree in every bit, however the
    /// row arrives; otherwise within `rtol`.
    pub bit_exact: bool,
    /// Whether weights are supported; if not, their checks are skipped.
    pub weights: bool,
    /// Whether y + a leads to ŷ + a and ay to aŷ (regressors with an intercept).
    pub equivariant: bool,
    /// Whether the order of the training rows may matter (stochastic training).
    pub order_matters: bool,
}

impl Default for Kit {
    fn default() -> Self {
        Self { rtol: 1e-7, bit_exact: true, weights: true, equivariant: true, order_matters: false }
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The estimator keeps the promise.
    Passed,
    /// It does not, and how that showed.
    Failed(String),
    /// The check does not apply, and why.
    Skipped(&'static str),
}

/// One check and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was promised, as an identifier.
    pub name: &'static str,
    /// How the check ended.
    pub verdict: Verdict,
}

/// All checks of one estimator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name given to the estimator.
    pub estimator: String,
    /// The checks in the order they ran.
    pub checks: Vec<Check>,
}

impl Report {
    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.verdict, Verdict::Failed(_)))
    }

    /// Panics with the whole report unless every check passed or was skipped:
    /// one line for a test.
    ///
    /// # Panics
    /// When a check failed.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.failures().next().is_none(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: fn(&Verdict) -> bool| {
            self.checks.iter().filter(|c| wanted(&c.verdict)).count()
        };
        writeln!(
            f,
            "{}: {} passed, {} failed, {} skipped",
            self.estimator,
            count(|v| matches!(v, Verdict::Passed)),
            count(|v| matches!(v, Verdict::Failed(_))),
            count(|v| matches!(v, Verdict::Skipped(_))),
        )?;
        for check in &self.checks {
            match &check.verdict {
                Verdict::Passed => {}
                Verdict::Failed(why) => writeln!(f, "  failed {}: {why}", check.name)?,
                Verdict::Skipped(why) => writeln!(f, "  skipped {}: {why}", check.name)?,
            }
        }
        Ok(())
    }
}

/// Runs every check on a regressor.
///
/// The checks fit some hundred small problems; an estimator should pass in a
/// second or so. A panic inside a check is its failure.
pub fn check_regressor<R>(name: &str, settings: &R, kit: &Kit) -> Report
where
    R: Regressor + Sync,
    R::Fitted: Serialize + DeserializeOwned,
{
    let subject = RegressorSubject(settings);
    let mut checks = common::checks();
    checks.extend(weights::checks());
    checks.extend(faults::checks());
    checks.extend(regressor::checks());
    run(name, &subject, kit, checks)
}

/// Runs every check on a classifier.
///
/// # Examples
/// ```
/// use wonderland_models::{Kit, LogisticRegression, check_classifier};
/// check_classifier("logistic", &LogisticRegression::default(), &Kit::default()).assert_passed();
/// ```
pub fn check_classifier<C>(name: &str, settings: &C, kit: &Kit) -> Report
where
    C: Classifier + Sync,
    C::Fitted: Serialize + DeserializeOwned,
{
    let subject = ClassifierSubject(settings);
    let mut checks = common::checks();
    checks.extend(weights::checks());
    checks.extend(faults::checks());
    checks.extend(classifier::checks());
    run(name, &subject, kit, checks)
}

/// Why a check did not pass.
enum Trouble {
    Failed(String),
    Skipped(&'static str),
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// What a check returns: `?` on an error of the estimator fails it.
type Tried = Result<(), Trouble>;

/// A named check of a kind of subject.
type Named<S> = (&'static str, fn(&S, &Kit) -> Tried);

fn run<S: Subject>(name: &str, subject: &S, kit: &Kit, checks: Vec<Named<S>>) -> Report {
    let verdict =
        |check: fn(&S, &Kit) -> Tried| match catch_unwind(AssertUnwindSafe(|| check(subject, kit)))
        {
            Ok(Ok(())) => Verdict::Passed,
            Ok(Err(Trouble::Failed(why))) => Verdict::Failed(why),
            Ok(Err(Trouble::Skipped(why))) => Verdict::Skipped(why),
            Err(_) => Verdict::Failed("it panicked".to_owned()),
        };
    let checks = checks.into_iter().map(|(name, check)| Check { name, verdict: verdict(check) });
    Report { estimator: name.to_owned(), checks: checks.collect() }
}

/// Fails with `why` unless `holds`.
fn require(holds: bool, why: impl FnOnce() -> String) -> Tried {
    if holds { Ok(()) } else { Err(Trouble::Failed(why())) }
}
