//! Ridge regression: one objective, three ways to it (notes §4.1.6).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Error, LeastSquares, MatRef, RidgePath, Tensor, column, matmul};

use crate::exact;

fn data(seed: u64, n: usize, c: usize) -> (Tensor, Vec<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let X = Tensor::from_fn(n, c, |_, j| j as f64 + rng.random_range(-1.0..1.0));
    let y =
        (0..n).map(|i| 3.0 + X.row(i).iter().sum::<f64>() + rng.random_range(-1.0..1.0)).collect();
    (X, y, (0..n).map(|_| rng.random_range(0.5..2.0)).collect())
}

fn ridge(l2: f64, intercept: bool) -> LeastSquares {
    LeastSquares { l2, intercept, ..Default::default() }
}

#[track_caller]
fn near(a: f64, b: f64, tol: f64) {
    assert!((a - b).abs() <= tol * b.abs().max(1e-3), "{a} is not {b}");
}

#[test]
fn erratum_4_1_6_the_closed_form_minimises_the_documented_objective() {
    // (XᵀX + λI)⁻¹ Xᵀy with XᵀX = [[5, 4], [4, 5]], λ = 4, Xᵀy = (5, 4): by hand
    // w = (29, 16) / 65.
    let X = Tensor::from_rows(&[[1.0, 2.0], [2.0, 1.0]]);
    let fit = ridge(4.0, false).solve(X.as_mat(), column(&[1.0, 2.0])).unwrap();
    assert_eq!(fit.coefficients.as_slice(), [29.0 / 65.0, 16.0 / 65.0]);
}

#[test]
fn one_penalty_is_exact_to_the_last_digit() {
    for (n, c) in [(20, 4), (6, 9)] {
        let (X, y, w) = data(n as u64, n, c);
        for root in [1.0 / 1024.0, 0.5, 64.0] {
            let fit = ridge(root * root, true).solve_weighted(X.as_mat(), column(&y), &w).unwrap();
            // Least squares with one more row √λ eⱼ per column.
            let rows = n + c;
            let extend = |x: Vec<f64>, j: Option<usize>| {
                let mut x = x;
                x.resize(rows, 0.0);
                if let Some(j) = j {
                    x[n + j] = root;
                }
                x
            };
            let mut columns = vec![extend(vec![1.0; n], None)];
            columns.extend((0..c).map(|j| extend((0..n).map(|i| X[[i, j]]).collect(), Some(j))));
            let mut w = w.clone();
            w.resize(rows, 1.0);
            let exact = exact::least_squares(&columns, &extend(y.clone(), None), Some(&w));
            assert!(exact[0].relative_error(fit.intercept[0]) <= f64::EPSILON);
            for (j, x) in exact[1..].iter().enumerate() {
                let error = x.relative_error(fit.coefficients[[j, 0]]);
                assert!(error <= f64::EPSILON, "({n}, {c}), √λ = {root}: {error:.1e}");
            }
        }
    }
}

#[test]
fn the_path_agrees_with_single_solves_tall_and_wide() {
    for (n, c) in [(30, 5), (7, 40), (1, 3)] {
        let (X, y, w) = data(7, n, c);
        for intercept in [false, true] {
            let path = RidgePath::new(X.as_mat(), column(&y), Some(&w), intercept).unwrap();
            for lambda in [1e-3, 1.0, 1e3] {
                let ours = path.solve(lambda).unwrap();
                let fit =
                    ridge(lambda, intercept).solve_weighted(X.as_mat(), column(&y), &w).unwrap();
                near(ours.intercept[0], fit.intercept[0], 1e-9);
                for (a, b) in ours.coefficients.as_slice().iter().zip(fit.coefficients.as_slice()) {
                    near(*a, *b, 1e-9);
                }
                near(path.effective_df(lambda).unwrap(), fit.effective_df, 1e-9);
            }
        }
    }
}

#[test]
fn a_vanishing_penalty_leaves_the_shortest_solution() {
    let (X, y, _) = data(3, 4, 9);
    let path = RidgePath::new(X.as_mat(), column(&y), None, true).unwrap();
    let shortest = ridge(0.0, true).solve(X.as_mat(), column(&y)).unwrap();
    for (settings, tol) in [(ridge(1e-9, true), 1e-6), (ridge(1e-300, true), 1e-12)] {
        let fit = settings.solve(X.as_mat(), column(&y)).unwrap();
        for (a, b) in fit.coefficients.as_slice().iter().zip(shortest.coefficients.as_slice()) {
            near(*a, *b, tol);
        }
    }
    let ours = path.solve(0.0).unwrap();
    for (a, b) in ours.coefficients.as_slice().iter().zip(shortest.coefficients.as_slice()) {
        near(*a, *b, 1e-9);
    }
}

#[test]
fn a_huge_penalty_leaves_the_mean() {
    let (X, y, _) = data(4, 12, 3);
    let mean = y.iter().sum::<f64>() / 12.0;
    let fit = ridge(1e200, true).solve(X.as_mat(), column(&y)).unwrap();
    near(fit.intercept[0], mean, 1e-14);
    assert!(fit.coefficients.as_slice().iter().all(|w| w.abs() < 1e-195));
    near(fit.effective_df, 1.0, 1e-12);
    let path = RidgePath::new(X.as_mat(), column(&y), None, true).unwrap();
    near(path.solve(1e200).unwrap().intercept[0], mean, 1e-14);
}

#[test]
fn leave_one_out_is_what_refitting_gives() {
    let (n, c, lambda) = (12, 3, 0.7);
    let (X, y, w) = data(5, n, c);
    let path = RidgePath::new(X.as_mat(), column(&y), Some(&w), true).unwrap();
    let by_path = path.leave_one_out(lambda, X.as_mat(), column(&y), Some(&w)).unwrap();
    let settings = ridge(lambda, true);
    let fit = settings.solve_weighted(X.as_mat(), column(&y), &w).unwrap();
    let by_fit = fit.leave_one_out(X.as_mat(), column(&y), Some(&w)).unwrap();
    for i in 0..n {
        let mut without = w.clone();
        without[i] = 0.0;
        let refit = settings.solve_weighted(X.as_mat(), column(&y), &without).unwrap();
        let predicted = refit.intercept[0]
            + (0..c).map(|j| X[[i, j]] * refit.coefficients[[j, 0]]).sum::<f64>();
        near(by_path[[i, 0]], y[i] - predicted, 1e-11);
        near(by_fit[[i, 0]], y[i] - predicted, 1e-11);
    }
}

#[test]
fn gcv_and_degrees_of_freedom_follow_their_definitions() {
    let (X, y, _) = data(6, 15, 4);
    let path = RidgePath::new(X.as_mat(), column(&y), None, true).unwrap();
    for lambda in [0.0, 0.1, 10.0] {
        let fit = ridge(lambda, true).solve(X.as_mat(), column(&y)).unwrap();
        // The trace of the hat matrix is the sum of the leverages.
        let df: f64 = fit.leverage(X.as_mat()).unwrap().iter().sum();
        near(fit.effective_df, df, 1e-12);
        near(path.effective_df(lambda).unwrap(), df, 1e-11);
        let gcv = 15.0 * fit.residual_ss(0) / (15.0 - df).powi(2);
        near(path.gcv(lambda, 0).unwrap(), gcv, 1e-11);
    }
}

#[test]
fn the_gradient_vanishes_at_the_solution_of_every_target() {
    let (X, y, _) = data(8, 25, 6);
    let Y = Tensor::from_fn(25, 2, |i, t| if t == 0 { y[i] } else { y[i] * y[i] });
    let fit = ridge(2.0, false).solve(X.as_mat(), Y.as_mat()).unwrap();
    let fitted = matmul(X.as_mat(), fit.coefficients.as_mat()).unwrap();
    let residual = Tensor::from_fn(25, 2, |i, t| Y[[i, t]] - fitted[[i, t]]);
    let gradient = matmul(X.as_mat().transpose(), residual.as_mat()).unwrap();
    for (g, w) in gradient.as_slice().iter().zip(fit.coefficients.as_slice()) {
        assert!((g - 2.0 * w).abs() < 1e-9, "{g} is not 2 · {w}");
    }
}

#[test]
fn faults_are_typed() {
    let (X, y, _) = data(9, 5, 2);
    for l2 in [-1.0, f64::NAN, f64::INFINITY] {
        let error = ridge(l2, true).solve(X.as_mat(), column(&y)).unwrap_err();
        assert!(matches!(error, Error::InvalidPenalty { .. }));
        let path = RidgePath::new(X.as_mat(), column(&y), None, true).unwrap();
        assert!(matches!(path.solve(l2), Err(Error::InvalidPenalty { .. })));
    }
    // Two rows, two unknowns: nothing is left over.
    let line = Tensor::from_rows(&[[1.0], [2.0]]);
    let y = column(&[1.0, 3.0]);
    let path = RidgePath::new(line.as_mat(), y, None, true).unwrap();
    assert_eq!(path.gcv(0.0, 0).unwrap_err(), Error::Saturated { row: None });
    let left_out = |X: MatRef<'_, f64>, y, w: Option<&[f64]>| path.leave_one_out(0.0, X, y, w);
    let saturated = Error::Saturated { row: Some(0) };
    assert_eq!(left_out(line.as_mat(), y, None).unwrap_err(), saturated);
    for (X, y, w) in [
        (Tensor::zeros(&[2, 2]), y, None),
        (Tensor::zeros(&[3, 1]), y, None),
        (line.clone(), y, Some(&[1.0][..])),
    ] {
        let error = left_out(X.as_mat(), y, w).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    }
    let fit = ridge(0.0, true).solve(line.as_mat(), column(&[1.0, 3.0])).unwrap();
    let error = fit.leave_one_out(line.as_mat(), column(&[1.0, 3.0]), None).unwrap_err();
    assert_eq!(error, Error::Saturated { row: Some(0) });
    let empty = RidgePath::new(Tensor::<f64>::zeros(&[0, 2]).as_mat(), column(&[]), None, true)
        .unwrap_err();
    assert_eq!(empty, Error::Empty { op: "least squares" });
}
