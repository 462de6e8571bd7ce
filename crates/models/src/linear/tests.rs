//! Linear regression by hand, by its law, and at the edges.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Error as LinalgError, Tensor};

use super::*;

fn fit(X: &Tensor, y: &[f64]) -> Result<FittedLinearRegression> {
    LinearRegression::default().fit(X.as_mat(), y)
}

#[test]
fn notes_4_1_4_sigma2_and_standard_errors() {
    // y = 1 + x + (−1, 2, −1): the residuals are orthogonal to 1 and x.
    let X = Tensor::from_rows(&[[-1.0], [0.0], [1.0]]);
    let line = fit(&X, &[-1.0, 3.0, 1.0]).unwrap();
    assert_eq!((line.coefficients[0], line.intercept), (1.0, 1.0));
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 4.0 * f64::EPSILON * b, "{a} {b}");
    close(line.residual_ss, 6.0);
    close(line.sigma2, 2.0);
    close(line.residual_variance.unwrap(), 6.0);
    // Variances 6 / Σx² and 6 / n.
    close(line.std_errors.as_ref().unwrap()[0], 3.0_f64.sqrt());
    close(line.intercept_std_error.unwrap(), 2.0_f64.sqrt());
    // t of one degree of freedom at 50 % is tan(π/4) = 1.
    let [low, high] = line.intervals(0.5).unwrap()[0];
    assert!((high - low - 2.0 * 3.0_f64.sqrt()).abs() < 1e-14);
    let [low, high] = line.intercept_interval(0.5).unwrap();
    assert!((high - low - 2.0 * 2.0_f64.sqrt()).abs() < 1e-14);
}

#[test]
fn erratum_4_1_4_targets_do_not_broadcast() {
    let X = Tensor::from_rows(&[[1.0], [2.0], [3.0]]);
    let fault = fit(&X, &[1.0, 2.0]).unwrap_err();
    assert_eq!(fault.to_string(), "y has 2 entries but X has 3 rows: give one entry per row");
}

#[test]
fn erratum_4_1_3_predictions_follow_the_rows() {
    let X = Tensor::from_rows(&[[1.0, 0.5], [2.0, -1.0], [4.0, 2.0], [8.0, 0.0]]);
    let line = fit(&X, &[1.0, 4.0, 2.0, 7.0]).unwrap();
    let order = [2, 0, 3, 1];
    let shuffled = Tensor::from_fn(4, 2, |i, j| X[[order[i], j]]);
    let plain = line.predict(X.as_mat()).unwrap();
    let moved = line.predict(shuffled.as_mat()).unwrap();
    assert_eq!(moved, order.map(|i| plain[i]));
}

#[test]
fn a_row_alone_predicts_the_same_bits() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let X = Tensor::from_fn(50, 7, |_, _| rng.random::<f64>() * 1e3);
    let y: Vec<f64> = (0..50).map(|_| rng.random()).collect();
    let line = fit(&X, &y).unwrap();
    let columns = X.transpose();
    let all = line.predict(X.as_mat()).unwrap();
    assert_eq!(all, line.predict(columns.as_mat().transpose()).unwrap());
    for (i, y_hat) in all.iter().enumerate() {
        assert_eq!(y_hat.to_bits(), line.predict_row(X.row(i)).unwrap().to_bits());
    }
}

#[test]
fn intervals_cover_the_truth() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    // Uniform errors, 8 rows, 3 columns: 4 degrees of freedom.
    let X = Tensor::from_fn(8, 3, |_, _| rng.random::<f64>() - 0.5);
    let rounds = 4000;
    let mut hits = 0;
    for _ in 0..rounds {
        let y: Vec<f64> = (0..8)
            .map(|i| {
                2.0 * X[[i, 0]] - X[[i, 2]]
                    + 1.0
                    + (0..6).map(|_| rng.random::<f64>() - 0.5).sum::<f64>()
            })
            .collect();
        let [low, high] = fit(&X, &y).unwrap().intervals(0.9).unwrap()[0];
        hits += usize::from(low <= 2.0 && 2.0 <= high);
    }
    // One standard error of the share is 0.005.
    let share = f64::from(hits as u32) / f64::from(rounds);
    assert!((share - 0.9).abs() < 0.015, "{share}");
}

#[test]
fn weights_repeat_rows() {
    let X = Tensor::from_rows(&[[1.0], [2.0], [4.0]]);
    let long = Tensor::from_rows(&[[1.0], [2.0], [2.0], [4.0]]);
    let weighted =
        LinearRegression::default().fit_weighted(X.as_mat(), &[1.0, 2.0, 7.0], &[1.0, 2.0, 1.0]);
    let repeated = fit(&long, &[1.0, 2.0, 2.0, 7.0]).unwrap();
    let weighted = weighted.unwrap();
    assert!((weighted.coefficients[0] - repeated.coefficients[0]).abs() < 4.0 * f64::EPSILON);
    assert!((weighted.residual_ss - repeated.residual_ss).abs() < 1e-14);
}

#[test]
fn dependent_columns_have_no_standard_errors() {
    let X = Tensor::from_rows(&[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [5.0, 10.0]]);
    let line = fit(&X, &[5.0, 10.0, 15.0, 25.0]).unwrap();
    assert_eq!((line.rank, line.route), (2, Route::MinNorm));
    assert!(line.std_errors.is_none() && line.intercept_std_error.is_none());
    assert!(line.intervals(0.95).is_none());
    assert!(
        (line.coefficients[0] - 1.0).abs() < 1e-14 && (line.coefficients[1] - 2.0).abs() < 1e-14
    );
}

#[test]
fn no_row_left_over_says_so() {
    let X = Tensor::from_rows(&[[1.0], [2.0]]);
    let line = fit(&X, &[1.0, 3.0]).unwrap();
    assert_eq!((line.df(), line.residual_variance, line.std_errors), (0, None, None));
}

#[test]
fn faults_are_named() {
    let X = Tensor::from_rows(&[[1.0], [2.0]]);
    let line = fit(&X, &[1.0, 3.0]).unwrap();
    let wide = Tensor::from_rows(&[[1.0, 2.0]]);
    assert_eq!(line.predict(wide.as_mat()), Err(Error::ColumnMismatch { expected: 1, actual: 2 }));
    assert!(line.predict_row(&[f64::INFINITY]).is_err());
    assert_eq!(line.predict_row(&[1.5e308]), Err(Error::Overflow { what: "a prediction" }));
    assert!(matches!(fit(&X, &[1.0, f64::NAN]), Err(Error::Linalg(LinalgError::NonFinite { .. }))));
    assert!(matches!(
        fit(&Tensor::zeros(&[0, 1]), &[]),
        Err(Error::Linalg(LinalgError::Empty { .. }))
    ));
    assert!(matches!(
        fit(&X, &[1e200, -1e200]).and_then(|_| fit(&Tensor::zeros(&[2, 1]), &[1e200, -1e200])),
        Err(Error::Overflow { what: "the sum of squared residuals" })
    ));
}

#[test]
fn contradictions_are_found() {
    let X = Tensor::from_rows(&[[1.0], [2.0], [4.0]]);
    let sound = fit(&X, &[1.0, 3.0, 4.0]).unwrap();
    assert!(sound.check().is_ok());
    let broken: [fn(&mut FittedLinearRegression); 6] = [
        |m| m.coefficients[0] = f64::NAN,
        |m| m.std_errors = Some(vec![1.0, 2.0]),
        |m| m.intercept_std_error = None,
        |m| m.sigma2 = -1.0,
        |m| m.rank = 9,
        |m| m.has_intercept = false,
    ];
    for change in broken {
        let mut model = sound.clone();
        change(&mut model);
        assert!(matches!(model.check(), Err(Error::Inconsistent { model: "linear", .. })));
    }
}

#[test]
fn f32_is_solved_like_f64() {
    let X = Tensor::<f32>::from_rows(&[[1.0], [2.0], [3.0]]);
    let line = LinearRegression::default().fit(X.as_mat(), &[2.0_f32, 4.0, 6.0]).unwrap();
    assert_eq!((line.coefficients[0], line.intercept), (2.0_f32, 0.0_f32));
}
