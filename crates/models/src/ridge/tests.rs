//! Ridge against its definition, and the choice of λ against refitting.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Tensor, Threads};

use super::*;

/// Columns of unlike scale, a target that needs three of them, and noise.
fn problem(n: usize, c: usize, seed: u64) -> (Tensor, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let X = Tensor::from_fn(n, c, |_, j| (j + 1) as f64 * (rng.random::<f64>() - 0.3));
    let y = (0..n)
        .map(|i| X.row(i).iter().take(3).sum::<f64>() + 2.0 + 0.5 * (rng.random::<f64>() - 0.5))
        .collect();
    (X, y)
}

fn given(lambda: f64, intercept: bool) -> Ridge {
    Ridge { lambda: Lambda::Given(lambda), intercept, ..Ridge::default() }
}

/// The given rows of a matrix, copied.
fn rows_of(X: MatRef<'_, f64>, rows: &[usize]) -> Tensor {
    Tensor::from_fn(rows.len(), X.ncols(), |i, j| X[(rows[i], j)])
}

fn drop_row(X: &Tensor, y: &[f64], row: usize) -> (Tensor, Vec<f64>) {
    let kept: Vec<usize> = (0..y.len()).filter(|&i| i != row).collect();
    (rows_of(X.as_mat(), &kept), kept.iter().map(|&i| y[i]).collect())
}

#[test]
fn notes_4_1_6_the_gradient_vanishes_at_the_minimum() {
    for intercept in [true, false] {
        let (X, y) = problem(40, 5, 1);
        let fit = given(2.5, intercept).fit(X.as_mat(), &y).unwrap();
        let r: Vec<f64> =
            fit.predict(X.as_mat()).unwrap().iter().zip(&y).map(|(p, y)| y - p).collect();
        for j in 0..5 {
            // −2 Xᵀr + 2λw = 0 (erratum: not 2/n and λ/2).
            let g: f64 = (0..40).map(|i| X[[i, j]] * r[i]).sum::<f64>() - 2.5 * fit.coefficients[j];
            assert!(g.abs() < 1e-12, "{g:e}");
        }
        // The intercept is free: residuals sum to 0.
        let sum: f64 = r.iter().sum();
        assert!(!intercept || sum.abs() < 1e-12, "{sum:e}");
        let ss: f64 = r.iter().map(|r| r * r).sum();
        let ww: f64 = fit.coefficients.iter().map(|w| w * w).sum();
        assert!((fit.minimum - ss - 2.5 * ww).abs() < 1e-12 * fit.minimum);
    }
}

#[test]
fn no_penalty_is_least_squares() {
    let (X, y) = problem(30, 4, 2);
    let ridge = given(0.0, true).fit(X.as_mat(), &y).unwrap();
    let linear = crate::LinearRegression::default().fit(X.as_mat(), &y).unwrap();
    assert_eq!(ridge.coefficients, linear.coefficients);
    assert!((ridge.effective_df - 5.0).abs() < 1e-12);
}

#[test]
fn a_huge_penalty_leaves_the_mean() {
    let (X, y) = problem(30, 4, 3);
    let fit = given(1e18, true).fit(X.as_mat(), &y).unwrap();
    assert!((fit.intercept - crate::mean(&y, None).unwrap()).abs() < 1e-12);
    assert!((fit.effective_df - 1.0).abs() < 1e-12);
}

#[test]
fn leave_one_out_is_what_refitting_gives() {
    let (X, y) = problem(25, 3, 4);
    let path = vec![0.01, 1.0, 100.0];
    let fit = Ridge { path: Some(path.clone()), ..Ridge::default() }.fit(X.as_mat(), &y).unwrap();
    for (lambda, point) in path.iter().zip(&fit.choice.as_ref().unwrap().path) {
        let squares: f64 = (0..25)
            .map(|row| {
                let (X_rest, y_rest) = drop_row(&X, &y, row);
                let rest = given(*lambda, true).fit(X_rest.as_mat(), &y_rest).unwrap();
                (y[row] - rest.predict_row(X.row(row)).unwrap()).powi(2)
            })
            .sum();
        let expected = (squares / 25.0).sqrt();
        assert!((point.rmse.unwrap() / expected - 1.0).abs() < 1e-11, "λ = {lambda}");
    }
    let best = fit.choice.unwrap().path.into_iter().map(|p| (p.rmse.unwrap(), p.lambda));
    let (_, lambda) = best.reduce(|a, b| if b.0 <= a.0 { b } else { a }).unwrap();
    assert_eq!(lambda.to_bits(), fit.lambda.to_bits());
}

#[test]
fn as_many_folds_as_rows_is_leave_one_out() {
    let (X, y) = problem(20, 3, 5);
    let with = |lambda| {
        let ridge = Ridge { lambda, path: Some(vec![0.1, 10.0]), ..Ridge::default() };
        ridge.fit(X.as_mat(), &y).unwrap().choice.unwrap().path
    };
    let exact = with(Lambda::LeaveOneOut);
    let folds = with(Lambda::Folds { folds: 20, seed: 9 });
    for (a, b) in exact.iter().zip(&folds) {
        assert!((a.rmse.unwrap() / b.rmse.unwrap() - 1.0).abs() < 1e-11);
    }
}

#[test]
fn weights_repeat_rows() {
    let (X, y) = problem(12, 2, 6);
    let weights: Vec<f64> = (0..12).map(|i| f64::from(1 + i % 3)).collect();
    let long: Vec<usize> = (0..12).flat_map(|i| vec![i; 1 + i % 3]).collect();
    let y_long: Vec<f64> = long.iter().map(|&i| y[i]).collect();
    let ridge = given(3.0, true);
    let weighted = ridge.fit_weighted(X.as_mat(), &y, &weights).unwrap();
    let repeated = ridge.fit(rows_of(X.as_mat(), &long).as_mat(), &y_long).unwrap();
    for (a, b) in weighted.coefficients.iter().zip(&repeated.coefficients) {
        assert!((a - b).abs() < 1e-14);
    }
    assert!((weighted.minimum - repeated.minimum).abs() < 1e-12);
}

#[test]
fn more_columns_than_rows() {
    let (X, y) = problem(10, 30, 7);
    let fit = Ridge::default().fit(X.as_mat(), &y).unwrap();
    assert!(fit.effective_df < 10.0 + 1e-9 && fit.lambda > 0.0);
    assert!(fit.check().is_ok());
}

#[test]
fn noise_is_penalised_away() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let X = Tensor::from_fn(60, 10, |_, _| rng.random::<f64>() - 0.5);
    let y: Vec<f64> = (0..60).map(|_| rng.random::<f64>()).collect();
    for lambda in [Lambda::LeaveOneOut, Lambda::Gcv, Lambda::Folds { folds: 5, seed: 0 }] {
        let fit = Ridge { lambda, ..Ridge::default() }.fit(X.as_mat(), &y).unwrap();
        assert!(fit.effective_df < 5.0, "{lambda:?} leaves {} degrees", fit.effective_df);
    }
}

#[test]
fn every_scale_gives_the_same_model() {
    let (X, y) = problem(30, 3, 9);
    let plain = Ridge::default().fit(X.as_mat(), &y).unwrap();
    for size in [1e-100, 1e100] {
        let scaled = Ridge::default().fit(X.map(|x| x * size).as_mat(), &y).unwrap();
        for (a, b) in plain.coefficients.iter().zip(&scaled.coefficients) {
            assert!((a - b * size).abs() < 1e-9 * a.abs(), "{a} {b}");
        }
    }
}

#[test]
fn degenerate_data_give_an_answer_or_a_named_fault() {
    let one = Tensor::from_rows(&[[1.0, 2.0]]);
    assert!(matches!(
        Ridge::default().fit(one.as_mat(), &[1.0]),
        Err(Error::NoChoice { tried: 31 })
    ));
    assert!(given(1.0, true).fit(one.as_mat(), &[1.0]).unwrap().check().is_ok());
    let constant = Tensor::full(&[5, 2], 3.0);
    let fit = Ridge::default().fit(constant.as_mat(), &[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    let middle: f64 = fit.predict_row(&[3.0, 3.0]).unwrap();
    assert!((middle - 3.0).abs() < 1e-12);
    let (X, y) = problem(6, 2, 1);
    let fault = |ridge: Ridge| ridge.fit(X.as_mat(), &y).unwrap_err();
    assert!(matches!(fault(given(-1.0, true)), Error::InvalidSetting { name: "lambda", .. }));
    assert!(matches!(fault(given(f64::NAN, true)), Error::InvalidSetting { .. }));
    let folds = |folds| Ridge { lambda: Lambda::Folds { folds, seed: 0 }, ..Ridge::default() };
    assert!(matches!(fault(folds(1)), Error::InvalidSetting { name: "folds", .. }));
    assert!(matches!(fault(folds(7)), Error::InvalidSetting { name: "folds", .. }));
    assert!(matches!(
        fault(Ridge { path: Some(Vec::new()), ..Ridge::default() }),
        Error::NoChoice { tried: 0 }
    ));
    let short = Ridge::default().fit(X.as_mat(), &y[1..]).unwrap_err();
    assert!(matches!(short, Error::LengthMismatch { name: "y", actual: 5, expected: 6, .. }));
}

/// More rows than one leaf of the parallel sweeps, fewer rows than columns, and
/// every way to choose λ.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (n, c) in [(2 * 8192 + 100, 3), (6, 9)] {
        let (X, y) = problem(n, c, 21);
        let weights: Vec<f64> = (0..n).map(|i| 1.0 + (i % 3) as f64).collect();
        for lambda in [
            Lambda::Given(0.5),
            Lambda::LeaveOneOut,
            Lambda::Gcv,
            Lambda::Folds { folds: 3, seed: 1 },
        ] {
            let ridge = Ridge { lambda, path: Some(vec![0.1, 1.0, 10.0]), ..Ridge::default() };
            let alone = ridge.fit_weighted(X.as_mat(), &y, &weights).unwrap();
            for count in [2, 3, 8] {
                let threads = Threads::new(count).unwrap();
                let fit = |team| ridge.fit_by(team, X.as_mat(), &y, Some(&weights));
                assert_eq!(threads.run(fit).unwrap(), alone, "{lambda:?}, {count} threads");
            }
        }
    }
}
