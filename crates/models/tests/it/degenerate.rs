//! Degenerate data × estimators × solvers: a finite answer no worse than the
//! constant one, or a typed error; under a time budget that is printed.

use std::time::{Duration, Instant};

use wonderland_linalg::Tensor;
use wonderland_models::{
    Classifier, FittedClassifier, FittedRegressor, Form, Lambda, LeastSquaresClassifier,
    LeastSquaresGd, LinearRegression, LogisticRegression, LogisticSolver, Regressor, Ridge, brier,
    log_loss,
};

/// All cases of one estimator together must stay below this in the dev profile.
const BUDGET: Duration = Duration::from_secs(20);

/// A data set with its weights.
struct Case {
    name: String,
    X: Tensor,
    /// Numbers; classes are made from them.
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
}

fn case(name: &str, n: usize, c: usize, entry: impl FnMut(usize, usize) -> f64) -> Case {
    let y = (0..n).map(|i| f64::from((i * 7 % 5) as u32)).collect();
    Case { name: name.to_owned(), X: Tensor::from_fn(n, c, entry), y, weights: None }
}

/// A value in [−1, 1) without pattern.
fn noise(i: usize, j: usize) -> f64 {
    let mut h = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (j as u64 + 1).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    h ^= h >> 29;
    h = h.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h ^= h >> 32;
    (h >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("no rows", 0, 3, noise),
        case("no columns", 9, 0, noise),
        case("nothing", 0, 0, noise),
        case("one row", 1, 3, noise),
        case("two rows", 2, 3, noise),
        case("one column", 20, 1, noise),
        case("constant column", 20, 3, |i, j| if j == 1 { 5.0 } else { noise(i, j) }),
        case("only constant columns", 20, 3, |_, j| j as f64 + 1.0),
        case("duplicate columns", 20, 4, |i, j| noise(i, j / 2)),
        case("duplicate rows", 20, 3, |i, j| noise(i / 4, j)),
        case("all zero", 20, 3, |_, _| 0.0),
        case("minus zero", 20, 2, |_, _| -0.0),
        case("more columns than rows", 8, 30, noise),
        case("rank one", 20, 4, |i, j| noise(i, 0) * (j + 1) as f64),
        case("nearly dependent", 20, 3, |i, j| {
            noise(i, j % 2) + if j == 2 { 1e-12 * noise(i, 7) } else { 0.0 }
        }),
        case("offset by 1e8", 20, 3, |i, j| 1e8 + noise(i, j)),
        case("offset by 1e15", 20, 3, |i, j| 1e15 + noise(i, j)),
        case("one outlier of 1e12", 20, 3, |i, j| if i == 3 { 1e12 } else { noise(i, j) }),
        case("1e300", 20, 3, |i, j| 1e300 * noise(i, j)),
        case("largest numbers", 20, 2, |i, j| if (i + j) % 2 == 0 { f64::MAX } else { -f64::MAX }),
        case("1e-300", 20, 3, |i, j| 1e-300 * noise(i, j)),
        case("subnormal", 20, 3, |i, j| 1e-312 * noise(i, j)),
        case("smallest number", 20, 2, |i, j| if (i + j) % 2 == 0 { 5e-324 } else { 0.0 }),
        case("scales from 1e-300 to 1e300", 20, 3, |i, j| [1e-300, 1.0, 1e300][j] * noise(i, j)),
        case("NaN", 20, 3, |i, j| if (i, j) == (4, 1) { f64::NAN } else { noise(i, j) }),
        case("infinity", 20, 3, |i, j| if (i, j) == (4, 1) { f64::INFINITY } else { noise(i, j) }),
        case("minus infinity", 20, 3, |i, j| {
            if (i, j) == (4, 1) { f64::NEG_INFINITY } else { noise(i, j) }
        }),
    ];
    let targets = |name: &str, y: fn(usize) -> f64| {
        let mut case = case(name, 20, 3, noise);
        case.y = (0..20).map(y).collect();
        case
    };
    cases.extend([
        targets("constant target", |_| 2.0),
        targets("zero target", |_| 0.0),
        targets("target of one", |_| 1.0),
        targets("one odd target", |i| f64::from(u8::from(i == 5))),
        targets("huge target", |i| 1e300 * noise(i, 9)),
        targets("tiny target", |i| 1e-300 * noise(i, 9)),
        targets("NaN target", |i| if i == 2 { f64::NAN } else { 1.0 }),
        targets("separable target", |i| f64::from(u8::from(noise(i, 0) > 0.0))),
        targets("quasi-separable target", |i| f64::from(u8::from(noise(i, 0) > 0.0 || i == 0))),
    ]);
    let weighted = |name: &str, weight: fn(usize) -> f64| {
        let mut case = case(name, 20, 3, noise);
        case.weights = Some((0..20).map(weight).collect());
        case
    };
    cases.extend([
        weighted("zero weights", |_| 0.0),
        weighted("one positive weight", |i| f64::from(u8::from(i == 3))),
        weighted("half of the weights zero", |i| f64::from(u8::from(i < 10))),
        weighted("negative weight", |i| if i == 3 { -1.0 } else { 1.0 }),
        weighted("NaN weight", |i| if i == 3 { f64::NAN } else { 1.0 }),
        weighted("infinite weight", |i| if i == 3 { f64::INFINITY } else { 1.0 }),
        weighted("tiny weights", |_| 1e-300),
        weighted("subnormal weights", |_| 1e-310),
        weighted("huge weights", |_| 1e300),
        weighted("weights that overflow in sum", |_| f64::MAX),
        weighted("weights from 1e-12 to 1e12", |i| [1e-12, 1.0, 1e12][i % 3]),
    ]);
    let mut short = case("too few weights", 20, 3, noise);
    short.weights = Some(vec![1.0; 19]);
    cases.push(short);
    cases
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Right,
    Refused,
}

/// What a classifier minimises, and must not do worse in than the shares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Score {
    LogLoss,
    Brier,
}

/// Fits and looks at the answer; panics name the case.
fn classify<C: Classifier>(settings: &C, case: &Case, score: Score) -> End
where
    C::Fitted: serde::Serialize,
{
    // Non-finite targets have no class: they are a regressor's case.
    let codes: Vec<usize> =
        case.y.iter().map(|y| if *y > 0.5 { (*y as usize).clamp(1, 4) } else { 0 }).collect();
    // Codes without gaps, as the contract asks of its caller.
    let mut present = codes.clone();
    present.sort_unstable();
    present.dedup();
    let codes: Vec<usize> = codes.iter().map(|k| present.binary_search(k).unwrap()).collect();
    let model = match settings.fit(case.X.as_mat(), &codes, case.weights.as_deref()) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{}", case.name);
            return End::Refused;
        }
    };
    let text = serde_json::to_string(&model).unwrap();
    assert!(!text.contains("null"), "{}: the model is not finite: {text}", case.name);
    let proba = match model.predict_proba(case.X.as_mat()) {
        Ok(proba) => proba,
        Err(_) => return End::Refused,
    };
    for row in 0..proba.nrows() {
        let row = proba.row(row);
        wonderland_losses::check_simplex(row, 1e-14)
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
    }
    if case.weights.is_none() {
        // The shares of the classes are the answer without columns.
        let share =
            |k: usize| codes.iter().filter(|&&c| c == k).count() as f64 / codes.len() as f64;
        let each = |k: usize| match score {
            Score::LogLoss => -share(k).ln(),
            Score::Brier => {
                (0..present.len()).map(|c| (share(c) - f64::from(u8::from(c == k))).powi(2)).sum()
            }
        };
        let constant: f64 = codes.iter().map(|&k| each(k)).sum::<f64>() / codes.len() as f64;
        let found = match score {
            Score::LogLoss => log_loss(&codes, proba.as_mat()),
            Score::Brier => brier(&codes, proba.as_mat()),
        };
        let found = found.unwrap();
        assert!(
            found <= constant * (1.0 + 1e-7) + 1e-12,
            "{}: {found} against {constant}",
            case.name
        );
    }
    End::Right
}

fn regress<R: Regressor>(settings: &R, case: &Case) -> End
where
    R::Fitted: serde::Serialize,
{
    let model = match settings.fit(case.X.as_mat(), &case.y, case.weights.as_deref()) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{}", case.name);
            return End::Refused;
        }
    };
    // What may be absent is null; a number that is not finite would be, too.
    let mut text = serde_json::to_string(&model).unwrap();
    for absent in ["std_errors", "intercept_std_error", "residual_variance", "choice"] {
        text = text.replace(&format!("\"{absent}\":null"), "");
    }
    assert!(!text.contains("null"), "{}: the model is not finite: {text}", case.name);
    let Ok(y_hat) = model.predict(case.X.as_mat()) else { return End::Refused };
    assert!(y_hat.iter().all(|v| v.is_finite()), "{}: {y_hat:?}", case.name);
    let largest = case.y.iter().fold(0.0_f64, |m, y| m.max(y.abs()));
    if case.weights.is_none() && largest > 0.0 {
        let n = case.y.len() as f64;
        let mean = case.y.iter().map(|y| y / largest).sum::<f64>() / n;
        let rss: f64 = case.y.iter().zip(&y_hat).map(|(y, p)| ((y - p) / largest).powi(2)).sum();
        let constant: f64 = case.y.iter().map(|y| (y / largest - mean).powi(2)).sum();
        // 1e-20: what rounding leaves of an exact fit to numbers of size 1.
        assert!(
            rss <= constant * (1.0 + 1e-9) + 1e-20,
            "{}: {rss:e} against {constant:e}",
            case.name
        );
    }
    End::Right
}

/// Cases that must be refused, whatever the estimator.
const WRONG: [&str; 11] = [
    "no rows",
    "nothing",
    "NaN",
    "infinity",
    "minus infinity",
    "zero weights",
    "negative weight",
    "NaN weight",
    "infinite weight",
    "weights that overflow in sum",
    "too few weights",
];

/// Runs all cases; `right` names cases that must be answered.
#[expect(clippy::disallowed_methods, reason = "the budget of the matrix is time")]
fn matrix(name: &str, right: &[&str], mut run: impl FnMut(&Case) -> End) {
    let start = Instant::now();
    let (mut answered, mut refused) = (0, 0);
    for case in cases() {
        let end = run(&case);
        assert!(
            end == End::Refused || !WRONG.contains(&case.name.as_str()),
            "{name} accepts {}",
            case.name
        );
        assert!(
            end == End::Right || !right.contains(&case.name.as_str()),
            "{name} refuses {}",
            case.name
        );
        if end == End::Right { answered += 1 } else { refused += 1 }
    }
    let took = start.elapsed();
    #[expect(clippy::print_stdout, reason = "the time against its budget is worth a line")]
    {
        println!("{name}: {answered} answered, {refused} refused in {took:.1?} of {BUDGET:?}");
    }
    assert!(took < BUDGET, "{name} took {took:?}");
}

/// Inputs without any fault, however unusual.
const FINE: [&str; 13] = [
    "one column",
    "constant column",
    "only constant columns",
    "duplicate columns",
    "duplicate rows",
    "all zero",
    "minus zero",
    "more columns than rows",
    "rank one",
    "nearly dependent",
    "offset by 1e8",
    "1e-300",
    "half of the weights zero",
];

#[test]
fn linear_regression() {
    matrix("linear", &FINE, |case| regress(&LinearRegression::default(), case));
}

#[test]
fn logistic_regression() {
    for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
        for form in [Form::Auto, Form::Softmax] {
            for l2 in [None, Some(0.0), Some(1.0)] {
                let settings = LogisticRegression { l2, solver, form, ..Default::default() };
                let name = format!("logistic {solver:?} {form:?} l2 {l2:?}");
                matrix(&name, &FINE, |case| classify(&settings, case, Score::LogLoss));
            }
        }
    }
}

#[test]
fn ridge() {
    let given = Ridge { lambda: Lambda::Given(1.0), ..Ridge::default() };
    matrix("ridge", &FINE, |case| regress(&given, case));
    matrix("ridge by leave-one-out", &[], |case| regress(&Ridge::default(), case));
}

#[test]
fn gradient_descent() {
    let settings = LeastSquaresGd::default();
    matrix("least squares by descent", &[], |case| regress(&settings, case));
}

#[test]
fn least_squares_classifier() {
    let settings = LeastSquaresClassifier::default();
    matrix("least-squares classifier", &FINE, |case| classify(&settings, case, Score::Brier));
}
