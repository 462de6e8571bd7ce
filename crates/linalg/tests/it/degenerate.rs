//! Degenerate problems: right and finite, or a typed error.

use wonderland_linalg::{Error, LeastSquares, LeastSquaresSolution, Route, Tensor, column, lstsq};

const WITH_INTERCEPT: LeastSquares =
    LeastSquares { intercept: true, rank_tol: None, l2: 0.0, route: Route::Auto };

#[track_caller]
fn check(
    X: &Tensor,
    y: &[f64],
    intercept: bool,
    expected: &[f64],
    rank: usize,
) -> LeastSquaresSolution {
    let fit =
        LeastSquares { intercept, ..Default::default() }.solve(X.as_mat(), column(y)).unwrap();
    let mut all = if intercept { fit.intercept.clone() } else { Vec::new() };
    all.extend(fit.coefficients.as_slice());
    assert_eq!(fit.rank, rank);
    for (value, expected) in all.iter().zip(expected) {
        let error = (value - expected).abs();
        assert!(error <= 8.0 * f64::EPSILON * expected.abs(), "{all:?} instead of {expected:?}");
    }
    assert!(fit.residual_norm[0].is_finite() && fit.condition.is_finite());
    fit
}

#[test]
fn one_row_is_fitted_by_the_shortest_solution() {
    let X = Tensor::from_rows(&[[3.0, 4.0]]);
    check(&X, &[50.0], false, &[6.0, 8.0], 1);
    // The intercept is free, so it takes everything.
    check(&X, &[50.0], true, &[50.0, 0.0, 0.0], 1);
}

#[test]
fn no_columns_leave_the_mean() {
    let X = Tensor::zeros(&[4, 0]);
    let fit = check(&X, &[1.0, 2.0, 3.0, 6.0], true, &[3.0], 1);
    assert_eq!(fit.residual_norm[0], 14.0_f64.sqrt());
    let fit = check(&X, &[1.0, 2.0, 3.0, 6.0], false, &[], 0);
    assert_eq!(fit.residual_ss(0).round(), 50.0);
}

#[test]
fn constant_and_zero_columns_get_nothing() {
    let X =
        Tensor::from_rows(&[[1.0, 7.0, 0.0], [2.0, 7.0, 0.0], [3.0, 7.0, 0.0], [5.0, 7.0, 0.0]]);
    let fit = check(&X, &[3.0, 5.0, 7.0, 11.0], true, &[1.0, 2.0, 0.0, 0.0], 2);
    assert_eq!(fit.route, Route::MinNorm);
    assert_eq!(fit.std_errors(0), None);
}

#[test]
fn duplicate_columns_share() {
    let X = Tensor::from_rows(&[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]);
    check(&X, &[2.0, 4.0, 8.0], false, &[1.0, 1.0], 1);
    // A multiple takes its part in proportion: shortest (w₁, w₂) with w₁ + 3w₂ = 10.
    let X = Tensor::from_rows(&[[1.0, 3.0], [2.0, 6.0], [4.0, 12.0]]);
    check(&X, &[10.0, 20.0, 40.0], false, &[1.0, 3.0], 1);
}

#[test]
fn an_all_zero_design_is_rank_zero() {
    let fit = check(&Tensor::zeros(&[3, 2]), &[1.0, 2.0, 2.0], false, &[0.0, 0.0], 0);
    assert_eq!(fit.residual_norm[0], 3.0);
    check(&Tensor::zeros(&[3, 2]), &[1.0, 2.0, 3.0], true, &[2.0, 0.0, 0.0], 1);
}

#[test]
fn fewer_rows_than_columns_interpolate() {
    // Minimum norm by hand: w = Xᵀ (X Xᵀ)⁻¹ y with X Xᵀ = [[2, 1], [1, 2]].
    let X = Tensor::from_rows(&[[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]);
    check(&X, &[3.0, 3.0], false, &[1.0, 2.0, 1.0], 2);
}

#[test]
fn extreme_scales_neither_overflow_nor_vanish() {
    for scale in [1e300, 1e-300, 1e-320, 1.0] {
        let X = Tensor::from_fn(4, 2, |i, j| {
            [[1.0, 4.0], [2.0, 2.0], [3.0, 1.0], [4.0, 7.0]][i][j]
                * if j == 0 { scale } else { 1.0 }
        });
        let y: Vec<f64> = (0..4).map(|i| X[[i, 0]] / scale + X[[i, 1]]).collect();
        if scale == 1e-320 {
            // The coefficient 1e320 is no f64.
            let error = lstsq(X.as_mat(), column(&y)).unwrap_err();
            assert_eq!(error, Error::Overflow { what: "least-squares coefficient", column: 0 });
        } else {
            check(&X, &y, false, &[1.0 / scale, 1.0], 2);
        }
    }
    // Duplicates of very different length: the long one takes all.
    let X = Tensor::from_rows(&[[1e-300, 1e300], [2e-300, 2e300]]);
    check(&X, &[1.0, 2.0], false, &[0.0, 1e-300], 1);
    let X = Tensor::from_rows(&[[1e300, 2e300], [2e300, -1e300]]);
    check(&X, &[5e300, 5e300], false, &[3.0, 1.0], 2);
}

#[test]
fn weights_count_rows() {
    let X: Tensor = Tensor::from_rows(&[[1.0], [2.0], [3.0], [9.0]]);
    let y = [2.0, 4.5, 6.0, -100.0];
    let weighted =
        WITH_INTERCEPT.solve_weighted(X.as_mat(), column(&y), &[1.0, 2.0, 1.0, 0.0]).unwrap();
    let repeated = Tensor::from_rows(&[[1.0], [2.0], [2.0], [3.0]]);
    let plain = WITH_INTERCEPT.solve(repeated.as_mat(), column(&[2.0, 4.5, 4.5, 6.0])).unwrap();
    assert_eq!(weighted.coefficients, plain.coefficients);
    assert_eq!(weighted.intercept, plain.intercept);
    assert_eq!(weighted.n_samples, 3);
    // Only their ratios matter for the solution.
    for scale in [1e-300, 1e300] {
        let w = [scale, 2.0 * scale, scale, 0.0];
        let fit = WITH_INTERCEPT.solve_weighted(X.as_mat(), column(&y), &w).unwrap();
        assert!((fit.coefficients[[0, 0]] - plain.coefficients[[0, 0]]).abs() < 1e-15);
        assert!(fit.residual_norm[0].is_finite());
    }
}

#[test]
fn faults_are_typed() {
    let X = Tensor::from_rows(&[[1.0], [2.0]]);
    let solve =
        |weights: &[f64]| WITH_INTERCEPT.solve_weighted(X.as_mat(), column(&[1.0, 2.0]), weights);
    assert_eq!(solve(&[1.0, -1.0]).unwrap_err(), Error::InvalidWeight { row: 1, value: -1.0 });
    assert!(matches!(solve(&[f64::NAN, 1.0]), Err(Error::InvalidWeight { row: 0, .. })));
    assert_eq!(solve(&[0.0, 0.0]).unwrap_err(), Error::NoWeight { rows: 2 });
    assert!(matches!(solve(&[1.0]), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(lstsq(X.as_mat(), column(&[1.0])), Err(Error::ShapeMismatch { .. })));
    let empty = Tensor::<f64>::zeros(&[0, 1]);
    assert_eq!(
        lstsq(empty.as_mat(), column(&[])).unwrap_err(),
        Error::Empty { op: "least squares" }
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let X = Tensor::from_rows(&[[1.0, 0.0], [2.0, bad]]);
        let error = lstsq(X.as_mat(), column(&[1.0, 2.0])).unwrap_err();
        assert!(matches!(error, Error::NonFinite { name: "X", row: 1, column: 1, .. }));
        let error = lstsq(Tensor::eye(2).as_mat(), column(&[bad, 2.0])).unwrap_err();
        assert!(matches!(error, Error::NonFinite { name: "y", row: 0, column: 0, .. }));
    }
    for tol in [-1.0, 1.0, f64::NAN] {
        let settings = LeastSquares { rank_tol: Some(tol), ..Default::default() };
        let error = settings.solve(X.as_mat(), column(&[1.0, 2.0])).unwrap_err();
        assert!(matches!(error, Error::InvalidTolerance { name: "rank_tol", .. }));
    }
}

#[test]
fn the_graded_3x3_that_troubles_plain_qr_is_solved() {
    // faer-rs #265: columns many orders of magnitude apart.
    let X = Tensor::from_rows(&[[1e-20, 1.0, 1e20], [2e-20, -1.0, 1e20], [1e-20, 3.0, -1e20]]);
    check(&X, &[3.0, 2.0, 3.0], false, &[1e20, 1.0, 1e-20], 3);
}
