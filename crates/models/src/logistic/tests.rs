//! Logistic regression against its definition, its two forms against each
//! other, and what has no optimum.
#![allow(clippy::float_cmp, reason = "bit equality is what these tests mean")]

use std::cell::Cell;

use wonderland_linalg::{MatRef, Team, Tensor, Threads};
use wonderland_losses::{CrossEntropy, Reduction};
use wonderland_optim::Objective as _;

use super::columns::Columns;
use super::sweep::{Data, Sweep};
use super::{FitStop, FittedLogisticRegression, Form, LogisticRegression, LogisticSolver, Memory};
use crate::Error;

/// A fixed scatter without structure: the fractional parts of multiples of the
/// golden ratio and of √2.
fn scatter(n: usize, c: usize) -> Tensor {
    Tensor::from_fn(n, c, |i, j| {
        let t = (i * c + j + 1) as f64;
        (t * 0.618_033_988_749_894_9 + 0.3 * (t * std::f64::consts::SQRT_2).fract()).fract() - 0.5
    })
}

/// Classes that depend on the columns, with mistakes sprinkled in.
fn classes(X: &Tensor, m: usize) -> Vec<usize> {
    (0..X.nrows())
        .map(|i| {
            let score: f64 =
                X.row(i).iter().zip([2.0, -1.0, 0.5].iter().cycle()).map(|(x, w)| x * w).sum();
            if i % 7 == 0 {
                i % m
            } else {
                ((score + 1.5) / 3.0 * m as f64).clamp(0.0, m as f64 - 1.0) as usize
            }
        })
        .collect()
}

/// The objective and its gradient written from the definition, on whole arrays.
fn objective(
    fit: &FittedLogisticRegression,
    X: &Tensor,
    y: &[usize],
    s: Option<&[f64]>,
) -> (f64, f64) {
    let logits = fit.decision(X.as_mat()).unwrap();
    let m = fit.n_classes();
    let mut slope = Tensor::zeros(&[X.nrows(), m]);
    let loss = CrossEntropy::default()
        .with_gradient_from_logits(y, logits.as_mat(), s, Reduction::Mean, slope.as_mat_mut())
        .unwrap();
    let W = fit.coefficients.as_slice();
    let mut G = wonderland_linalg::matmul(X.as_mat().transpose(), slope.as_mat()).unwrap();
    G.as_mut_slice().iter_mut().zip(W).for_each(|(g, w)| *g += fit.l2 * w);
    let mut worst = G.as_slice().iter().fold(0.0_f64, |w, g| w.max(g.abs()));
    if fit.has_intercept {
        for k in 0..m {
            worst = worst.max((0..X.nrows()).map(|i| slope[[i, k]]).sum::<f64>().abs());
        }
    }
    (loss + 0.5 * fit.l2 * W.iter().map(|w| w * w).sum::<f64>(), worst)
}

/// Each solver and form stops where the gradient of the definition vanishes.
#[test]
fn stationary_by_definition() {
    for m in [2, 3, 5] {
        let X = scatter(600, 4);
        let y = classes(&X, m);
        let s: Vec<f64> = (0..600).map(|i| f64::from(i % 3)).collect();
        for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
            for intercept in [true, false] {
                for weights in [None, Some(&s[..])] {
                    let settings = LogisticRegression {
                        l2: Some(1e-3),
                        solver,
                        intercept,
                        ..Default::default()
                    };
                    let fit = settings.fit_observed(X.as_mat(), &y, weights, &mut ()).unwrap();
                    assert!(fit.stop.converged(), "{fit}");
                    let (value, slope) = objective(&fit, &X, &y, weights);
                    assert!(slope < 1e-7, "{m} {solver:?} {intercept}: {slope:e}");
                    assert!(
                        (value - fit.objective).abs() < 1e-14 * value.max(1.0),
                        "{value} {fit}"
                    );
                }
            }
        }
    }
}

#[test]
fn notes_4_3_1_sigmoid_and_two_outputs_have_one_optimum() {
    let X = scatter(300, 3);
    let y = classes(&X, 2);
    for l2 in [0.0, 1e-2] {
        let one = LogisticRegression { l2: Some(l2), tolerance: 1e-12, ..Default::default() };
        let two = LogisticRegression { form: Form::Softmax, ..one };
        let (one, two) = (one.fit(X.as_mat(), &y).unwrap(), two.fit(X.as_mat(), &y).unwrap());
        assert!((one.objective - two.objective).abs() <= 1e-14);
        let pairs = one.coefficients.as_slice().iter().zip(two.coefficients.as_slice());
        for (a, b) in pairs.chain(one.intercept.iter().zip(&two.intercept)) {
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
    }
}

/// ∇CE = (f(x) − y)x of the notes is what the fused pass sums.
#[test]
fn notes_4_2_2_one_class_model_is_the_shares() {
    let X = Tensor::zeros(&[10, 1]);
    let y = [0, 1, 1, 2, 2, 2, 2, 2, 2, 2];
    let fit = LogisticRegression::default().fit(X.as_mat(), &y).unwrap();
    let proba = fit.predict_proba(X.as_mat()).unwrap();
    for (p, share) in proba.row(0).iter().zip([0.1, 0.2, 0.7]) {
        assert!((p - share).abs() < 1e-7);
    }
}

#[test]
fn separable_without_penalty_says_so() {
    let X = Tensor::from_rows(&[[0.0], [1.0], [2.0], [3.0]]);
    let y = [0, 0, 1, 1];
    for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
        for form in [Form::Auto, Form::Softmax] {
            let fit = LogisticRegression { l2: Some(0.0), solver, form, ..Default::default() }
                .fit(X.as_mat(), &y)
                .unwrap();
            assert_eq!(fit.stop, FitStop::Separable);
            assert!(!fit.stop.converged());
            assert_eq!(fit.predict(X.as_mat()).unwrap(), y);
            let bounded = LogisticRegression { solver, form, ..Default::default() };
            assert!(bounded.fit(X.as_mat(), &y).unwrap().stop.converged());
        }
    }
}

/// The gradient fades along a ray, at which scikit-learn stops as at an optimum.
#[test]
fn separable_but_for_ties_says_so() {
    let two = (Tensor::from_rows(&[[1.0], [2.0], [3.0], [3.0], [4.0]]), vec![0, 0, 0, 1, 1]);
    let rows = [[1.0, 0.0], [2.0, 1.0], [3.0, 3.0], [3.0, 3.0], [4.0, 1.0], [5.0, 9.0], [6.0, 9.0]];
    let three = (Tensor::from_rows(&rows), vec![0, 0, 0, 1, 1, 1, 2]);
    for (X, y) in [two, three] {
        for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
            for form in [Form::Auto, Form::Softmax] {
                let settings =
                    LogisticRegression { l2: Some(0.0), solver, form, ..Default::default() };
                let fit = settings.fit(X.as_mat(), &y).unwrap();
                assert_eq!(fit.stop, FitStop::Unbounded, "{solver:?} {form:?}");
                assert!(!fit.stop.converged());
            }
        }
    }
}

/// One row among many beyond the tie bounds the coefficients.
#[test]
fn one_row_bounds_what_ties_do_not() {
    let X = Tensor::from_fn(10_000, 1, |i, _| (i as f64 / 100.0).floor());
    let mut y: Vec<usize> = (0..10_000).map(|i| usize::from(i >= 5050)).collect();
    for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
        let settings = LogisticRegression { l2: Some(0.0), solver, ..Default::default() };
        assert_eq!(settings.fit(X.as_mat(), &y).unwrap().stop, FitStop::Unbounded);
        y[4950] = 1;
        assert!(settings.fit(X.as_mat(), &y).unwrap().stop.converged());
        y[4950] = 0;
    }
}

/// Columns of wild scales and offsets cost neither iterations nor the optimum.
#[test]
fn scales_and_offsets_do_not_matter() {
    let X = scatter(500, 3);
    let y = classes(&X, 3);
    let plain =
        LogisticRegression { l2: Some(0.0), solver: LogisticSolver::Lbfgs, ..Default::default() };
    let fit = plain.fit(X.as_mat(), &y).unwrap();
    let wild = Tensor::from_fn(500, 3, |i, j| [1e-6, 1.0, 1e9][j] * X[[i, j]] + [0.0, 1e4, 0.0][j]);
    let other = plain.fit(wild.as_mat(), &y).unwrap();
    assert!((fit.objective - other.objective).abs() < 1e-12);
    assert!(other.iterations <= fit.iterations + 3, "{} {}", other.iterations, fit.iterations);
}

#[test]
fn strides_do_not_matter() {
    let X = scatter(300, 5);
    let y = classes(&X, 3);
    let by_columns = X.transpose();
    let model = LogisticRegression::default();
    let (a, b) = (model.fit(X.as_mat(), &y), model.fit(by_columns.as_mat().transpose(), &y));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!((a.objective - b.objective).abs() < 1e-14);
    assert_eq!(
        a.decision(X.as_mat()).unwrap(),
        a.decision(by_columns.as_mat().transpose()).unwrap()
    );
}

#[test]
fn faults() {
    let X = Tensor::from_rows(&[[0.0], [1.0], [2.0]]);
    let fit = |y: &[usize]| LogisticRegression::default().fit(X.as_mat(), y);
    assert_eq!(fit(&[1, 1, 1]).unwrap_err(), Error::OneClass);
    assert_eq!(fit(&[0, 0, 0]).unwrap_err(), Error::OneClass);
    assert_eq!(fit(&[0, 2, 2]).unwrap_err(), Error::EmptyClass { class: 1, n_classes: 3 });
    assert!(matches!(fit(&[0, 1]).unwrap_err(), Error::LengthMismatch { actual: 2, .. }));
    assert!(matches!(fit(&[0, 1, usize::MAX]).unwrap_err(), Error::EmptyClass { .. }));
    let weighted =
        LogisticRegression::default().fit_weighted(X.as_mat(), &[0, 1, 1], &[1.0, 0.0, 0.0]);
    assert!(matches!(weighted.unwrap_err(), Error::OneClass | Error::EmptyClass { .. }));
    let negative = LogisticRegression { l2: Some(-1.0), ..Default::default() };
    assert!(matches!(
        negative.fit(X.as_mat(), &[0, 1, 1]).unwrap_err(),
        Error::InvalidSetting { name: "l2", .. }
    ));
}

#[test]
fn prints_its_objective() {
    let X = Tensor::from_rows(&[[0.0], [0.0]]);
    let fit = LogisticRegression { l2: Some(0.5), ..Default::default() }.fit(X.as_mat(), &[0, 1]);
    assert_eq!(
        fit.unwrap().to_string(),
        "logistic regression, 1 columns, 2 classes\n\
         objective 0.6931471806 = mean cross-entropy + (5e-1/2) ‖W‖²\n\
         0 iterations: the gradient met its tolerance"
    );
}

/// 1, 2, 3 and 8 threads give the same bits, by either solver.
#[test]
fn threads_do_not_change_a_bit() {
    // More than one leaf of every sum, and a sample that is fitted.
    let X = scatter(20_000, 3);
    let y = classes(&X, 3);
    for solver in [LogisticSolver::Newton, LogisticSolver::Lbfgs] {
        let settings = LogisticRegression { solver, ..Default::default() };
        let alone = settings.fit(X.as_mat(), &y).unwrap();
        for count in [1, 2, 3, 8] {
            let threads = Threads::new(count).unwrap();
            let fit = threads.run(|team| settings.fit_by(team, X.as_mat(), &y, None, &mut ()));
            assert_eq!(fit.unwrap(), alone, "{count} threads");
        }
    }
}

/// The same bits would be no feat if one thread did all the work: several are
/// seen at it. A pass may be over before a second thread wakes, hence the tries.
#[test]
fn several_threads_share_a_pass() {
    let X = scatter(200_000, 3);
    let y = classes(&X, 3);
    let most = Threads::new(2).unwrap().run(|team| {
        let mut columns = Columns::default();
        columns.renew(team, X.as_mat(), None, 3, 0.1, true).unwrap();
        let data = Data { X: X.as_mat(), y: &y, weights: None, outputs: 3, l2: 0.1 };
        let mut memory = Memory::default();
        let (separates, mut u) = (Cell::new(false), Vec::new());
        let mut sweep = Sweep::new(team, data, &columns, &mut memory.sweep, &separates);
        sweep.start(&mut u);
        let mut gradient = vec![0.0; u.len()];
        let mut workers = || {
            sweep.value_and_gradient(&u, &mut gradient);
            sweep.workers().len()
        };
        (0..100).map(|_| workers()).find(|n| *n > 1)
    });
    assert_eq!(most, Some(2));
}

/// Allocations of an evaluation after the first, by the thread that asks for it.
fn allocations(
    team: Team,
    X: MatRef<'_, f64>,
    y: &[usize],
    weights: Option<&[f64]>,
    whiten: bool,
) -> u64 {
    let outputs = if y.contains(&2) { 3 } else { 1 };
    let mut columns = Columns::default();
    columns.renew(team, X, weights, outputs.max(2), 0.1, true).unwrap();
    if whiten {
        let rows = columns.n_rows();
        let H = Tensor::from_fn(rows, rows, |i, j| if i == j { 1.0 } else { 0.1 });
        columns.whiten(H.as_slice(), 0.1);
    }
    let (data, mut memory) = (Data { X, y, weights, outputs, l2: 0.1 }, Memory::default());
    let (separates, mut u) = (Cell::new(false), Vec::new());
    let mut sweep = Sweep::new(team, data, &columns, &mut memory.sweep, &separates);
    sweep.start(&mut u);
    let mut gradient = vec![0.0; u.len()];
    sweep.value_and_gradient(&u, &mut gradient);
    let counted = allocation_counter::measure(|| {
        sweep.value_and_gradient(&u, &mut gradient);
    });
    counted.count_total
}

/// After the first, an evaluation of the objective allocates nothing: two classes
/// and more, rows in one piece or not, weighted or not, whitened or not, by one
/// thread or two.
#[test]
fn evaluations_do_not_allocate() {
    let X = scatter(900, 4);
    let by_columns = X.transpose();
    let weights: Vec<f64> = (0..900).map(|i| 1.0 + (i % 3) as f64).collect();
    let threads = Threads::new(2).unwrap();
    for m in [2, 3] {
        let y = classes(&X, m);
        for (X, weights) in [
            (X.as_mat(), None),
            (X.as_mat(), Some(&weights[..])),
            (by_columns.as_mat().transpose(), None),
        ] {
            for whiten in [false, true] {
                let alone = allocations(Team::alone(), X, &y, weights, whiten);
                assert_eq!(alone, 0, "{m} classes, whitened: {whiten}");
                let shared = threads.run(|team| allocations(team, X, &y, weights, whiten));
                assert_eq!(shared, 0, "{m} classes, whitened: {whiten}, two threads");
            }
        }
    }
}

/// A sample is fitted only where a penalty bounds its optimum; with a very small
/// one the problem is the same, and the start and the memory save passes.
#[test]
fn what_a_sample_learns_saves_passes() {
    let X = scatter(20_000, 6);
    let y = classes(&X, 4);
    let fit = |l2: f64| {
        let solver = LogisticSolver::Lbfgs;
        LogisticRegression { l2: Some(l2), solver, tolerance: 1e-7, ..Default::default() }
            .fit(X.as_mat(), &y)
            .unwrap()
    };
    let (with, without) = (fit(1e-12), fit(0.0));
    assert!((with.objective - without.objective).abs() < 1e-9);
    assert!(
        5 * with.evaluations <= 4 * without.evaluations,
        "{} and {} evaluations",
        with.evaluations,
        without.evaluations
    );
}
