//! Every route gives the same digits, whatever the layout of X.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Error, LeastSquares, Route, Tensor, column};

use crate::exact;
use crate::refinement::with_condition;

fn settings(route: Route) -> LeastSquares {
    LeastSquares { intercept: true, route, ..Default::default() }
}

#[test]
fn the_fast_route_is_taken_when_it_is_safe_and_agrees_to_the_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (n, kappa, expected) in [
        (40, 1e1, Route::Gram),
        // Several blocks of rows, the last one short.
        (3001, 1e3, Route::Gram),
        (40, 1e6, Route::Qr),
    ] {
        let X = with_condition(&mut rng, n, 5, kappa);
        let Y = Tensor::from_fn(n, 3, |_, _| rng.random_range(-1.0..1.0));
        let auto = settings(Route::Auto).solve(X.as_mat(), Y.as_mat()).unwrap();
        assert_eq!(auto.route, expected, "κ = {kappa:e}");
        let stable = settings(Route::Qr).solve(X.as_mat(), Y.as_mat()).unwrap();
        assert_eq!(stable.route, Route::Qr);
        assert_eq!(auto.coefficients, stable.coefficients);
        assert_eq!(auto.intercept, stable.intercept);
        for t in 0..3 {
            let ratio = auto.residual_norm[t] / stable.residual_norm[t];
            assert!((ratio - 1.0).abs() < 4.0 * f64::EPSILON);
        }
    }
}

#[test]
fn strides_and_element_type_do_not_matter() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // Values that f32 holds exactly.
    let X = Tensor::from_fn(77, 6, |_, _| f64::from(rng.random_range(-1000..1000_i32)) / 16.0);
    let y: Vec<f64> = (0..77).map(|_| f64::from(rng.random_range(-1000..1000_i32))).collect();
    let reference = settings(Route::Auto).solve(X.as_mat(), column(&y)).unwrap();
    let by_column = X.transpose();
    let turned = settings(Route::Auto).solve(by_column.as_mat().transpose(), column(&y)).unwrap();
    assert_eq!(turned.coefficients, reference.coefficients);
    let reversed = settings(Route::Auto).solve(X.as_mat().reverse_cols(), column(&y)).unwrap();
    for j in 0..6 {
        assert_eq!(reversed.coefficients[[5 - j, 0]], reference.coefficients[[j, 0]]);
    }
    let X32 = Tensor::<f32>::from_fn(77, 6, |i, j| X[[i, j]] as f32);
    let y32: Vec<f32> = y.iter().map(|&y| y as f32).collect();
    let single = settings(Route::Auto).solve(X32.as_mat(), column(&y32)).unwrap();
    for (a, b) in single.coefficients.as_slice().iter().zip(reference.coefficients.as_slice()) {
        assert_eq!(*a, *b as f32);
    }
}

#[test]
fn a_target_nearly_orthogonal_to_the_columns_keeps_its_digits() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let Q = with_condition(&mut rng, 60, 4, 1.0);
    // ŷ is 1e-12 of y: the first solution is mostly rounding error.
    let X = Tensor::from_fn(60, 3, |i, j| Q[[i, j]]);
    let y: Vec<f64> = (0..60).map(|i| 1e12 * Q[[i, 3]] + X.row(i).iter().sum::<f64>()).collect();
    let columns: Vec<Vec<f64>> = (0..3).map(|j| (0..60).map(|i| X[[i, j]]).collect()).collect();
    let exact = exact::least_squares(&columns, &y, None);
    for route in [Route::Gram, Route::Qr] {
        let fit =
            LeastSquares { route, ..Default::default() }.solve(X.as_mat(), column(&y)).unwrap();
        assert_eq!(fit.route, route);
        for (j, x) in exact.iter().enumerate() {
            let error = x.relative_error(fit.coefficients[[j, 0]]);
            assert!(error <= f64::EPSILON, "{route:?}: {error:.1e}");
        }
    }
}

#[test]
fn weighted_fits_take_the_fast_route_and_agree_to_the_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let X = with_condition(&mut rng, 500, 4, 50.0);
    let y: Vec<f64> = (0..500).map(|_| rng.random_range(-1.0..1.0)).collect();
    let weights: Vec<f64> = (0..500).map(|i| f64::from(i % 5) * 0.3).collect();
    let fit = |route| settings(route).solve_weighted(X.as_mat(), column(&y), &weights).unwrap();
    let (fast, stable) = (fit(Route::Auto), fit(Route::Qr));
    assert_eq!((fast.route, stable.route), (Route::Gram, Route::Qr));
    assert_eq!(fast.coefficients, stable.coefficients);
    assert_eq!(fast.intercept, stable.intercept);
}

/// What stands in a row of weight zero is looked at, whichever route is taken.
#[test]
fn rows_of_weight_zero_must_be_finite() {
    let X = Tensor::from_rows(&[[1.0], [2.0], [f64::NAN]]);
    let fit = settings(Route::Auto).solve_weighted(
        X.as_mat(),
        column(&[1.0, 2.0, 3.0]),
        &[1.0, 1.0, 0.0],
    );
    assert!(matches!(fit, Err(Error::NonFinite { row: 2, .. })));
}

/// A sample of the rows spares XᵀX where it is hopeless, and only there: a column
/// that it does not show, or that is wild in the sample alone, decides nothing.
#[test]
fn a_sample_of_the_rows_does_not_mislead() {
    let n = 40_000;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut X = with_condition(&mut rng, n, 3, 10.0);
    let y: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
    let route = |X: &Tensor| settings(Route::Auto).solve(X.as_mat(), column(&y)).unwrap().route;
    assert_eq!(route(&X), Route::Gram);
    // Only in the last rows, which no sampled block holds.
    for i in 0..n {
        X.row_mut(i)[2] = if i > n - 500 { rng.random_range(-1.0..1.0) } else { 0.0 };
    }
    assert_eq!(route(&X), Route::Gram);
    let nearly_dependent = with_condition(&mut rng, n, 3, 1e7);
    assert_eq!(route(&nearly_dependent), Route::Qr);
}
