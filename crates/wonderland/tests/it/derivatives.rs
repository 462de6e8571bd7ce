//! Two layers meet: every derivative that losses and models write out by hand
//! equals the one that automatic differentiation finds (notes §6).

use wonderland::autodiff::{Dual, Program, data, index, input, trace};
use wonderland::linalg::Tensor;
use wonderland::losses::{
    Absolute, BinaryCrossEntropy, BinaryCrossEntropyFromProba, CrossEntropy, GaussianNll, Hinge,
    Huber, Loss, Margin, Reduction, Squared, SquaredHinge,
};
use wonderland::models::{LinearRegression, LogisticRegression, Ridge};

/// Both are a handful of rounded operations on numbers of this size.
#[track_caller]
fn check(found: f64, expected: f64, size: f64) {
    assert!((found - expected).abs() <= 16.0 * f64::EPSILON * (1.0 + size), "{found} {expected}");
}

/// The closed form against the dual part of the value, away from kinks.
fn check_dual(loss: &impl Loss, targets: &[f64], predictions: &[f64]) {
    for &y in targets {
        for &z in predictions {
            let value: Dual<f64, 1> = loss.value(Dual::constant(y), Dual::variable(z, 0));
            let size = z.abs() + y.abs();
            check(loss.derivative(y, z), value.eps[0], size + value.eps[0].abs());
        }
    }
}

#[test]
fn every_loss_agrees_with_dual_numbers() {
    let anywhere = [-30.0, -2.3, -0.7, 0.1, 0.4, 1.9, 25.0];
    check_dual(&Squared, &anywhere, &[-3.1, 0.2, 7.7]);
    check_dual(&Absolute, &anywhere, &[-3.1, 0.2, 7.7]);
    check_dual(&Huber { delta: 1.5 }, &anywhere, &[-3.1, 0.2, 7.7]);
    check_dual(&GaussianNll { sigma: 0.8 }, &anywhere, &[-3.1, 0.2, 7.7]);
    let signs = [-1.0, 1.0];
    check_dual(&Margin, &signs, &anywhere);
    check_dual(&Hinge, &signs, &anywhere);
    check_dual(&SquaredHinge, &signs, &anywhere);
    check_dual(&BinaryCrossEntropy, &[0.0, 0.25, 1.0], &anywhere);
    check_dual(&BinaryCrossEntropyFromProba, &[0.0, 0.25, 1.0], &[0.01, 0.3, 0.5, 0.97]);
}

/// The gradient of a program of (ŷ, y) against the closed form of each sample.
fn check_program(program: &Program, loss: &impl Loss, y: &[f64], z: &[f64]) {
    let column = |v: &[f64]| Tensor::new(&[v.len()], v.to_vec()).unwrap();
    let grads = program.grad().unwrap().run(&(column(z), column(y))).unwrap();
    for ((&y, &z), &found) in y.iter().zip(z).zip(grads[0].as_slice()) {
        check(found, loss.derivative(y, z), z.abs() + y.abs());
    }
}

#[test]
fn every_loss_agrees_with_its_program() {
    let z = [-30.0, -2.3, -0.7, 0.1, 0.4, 1.9, 25.0];
    let y = [1.0, -0.4, 2.0, 0.0, 7.0, -3.0, 24.0];
    let signs = [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0];
    let bits = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0];
    let inputs = || (input("z", [7]), data("y", [7]));
    let squared = trace(inputs(), |_, (z, y)| (z - y).powi(2).sum()).unwrap();
    check_program(&squared, &Squared, &y, &z);
    let absolute = trace(inputs(), |_, (z, y)| (z - y).abs().sum()).unwrap();
    check_program(&absolute, &Absolute, &y, &z);
    let huber = trace(inputs(), |_, (z, y)| (z - y).huber(1.5).sum()).unwrap();
    check_program(&huber, &Huber { delta: 1.5 }, &y, &z);
    let hinge = trace(inputs(), |_, (z, y)| z.hinge(y).sum()).unwrap();
    check_program(&hinge, &Hinge, &signs, &z);
    let squared_hinge = trace(inputs(), |_, (z, y)| z.hinge(y).powi(2).sum()).unwrap();
    check_program(&squared_hinge, &SquaredHinge, &signs, &z);
    let binary = trace(inputs(), |_, (z, y)| (z.softplus() - y * z).sum()).unwrap();
    check_program(&binary, &BinaryCrossEntropy, &bits, &z);
}

#[test]
fn cross_entropy_agrees_with_its_program() {
    let logits = Tensor::from_fn(6, 4, |i, k| ((7 * i + 5 * k) % 11) as f64 - 4.5);
    let y = [0_usize, 3, 1, 2, 2, 0];
    let codes: Vec<u32> = y.iter().map(|&k| k as u32).collect();
    let program =
        trace((input("z", [6, 4]), index("y", [6])), |_, (z, y)| z.cross_entropy(y).mean());
    let grads = program.unwrap().grad().unwrap().run(&(logits.clone(), codes)).unwrap();
    let mut closed = Tensor::zeros(&[6, 4]);
    CrossEntropy::default()
        .with_gradient_from_logits(&y, logits.as_mat(), None, Reduction::Mean, closed.as_mat_mut())
        .unwrap();
    for (&found, &expected) in grads[0].as_slice().iter().zip(closed.as_slice()) {
        check(found, expected, 0.0);
    }
}

/// A small design whose columns have nothing to do with each other.
fn design(n: usize) -> Tensor {
    Tensor::from_fn(n, 3, |i, j| ((i * (3 + 4 * j) + j) % (11 + 2 * j)) as f64 / 7.0 - 0.6)
}

#[test]
fn the_optimum_of_logistic_regression_is_stationary_for_its_program() {
    let (n, X) = (60, design(60));
    let y: Vec<usize> = (0..n).map(|i| (i * i + i / 3) % 3).collect();
    let codes: Vec<u32> = y.iter().map(|&k| k as u32).collect();
    let l2 = 0.05;
    let fit = LogisticRegression { l2: Some(l2), tolerance: 1e-12, ..Default::default() }
        .fit(X.as_mat(), &y)
        .unwrap();
    let inputs = (input("W", [3, 3]), input("b", [3]), data("X", [n, 3]), index("y", [n]));
    let objective = trace(inputs, |_, (W, b, X, y)| {
        (X.matmul(W) + b).cross_entropy(y).mean() + W.powi(2).sum() * (0.5 * l2)
    })
    .unwrap();
    let b = Tensor::new(&[3], fit.intercept.clone()).unwrap();
    let arguments = (fit.coefficients.clone(), b, X.clone(), codes);
    check(objective.run_scalar(&arguments).unwrap(), fit.objective, 1.0);
    // The solver stops at 1e-12 per unit of its scaled parameters.
    for gradient in objective.grad().unwrap().run(&arguments).unwrap() {
        assert!(gradient.as_slice().iter().all(|g: &f64| g.abs() < 1e-11), "{gradient:?}");
    }
}

#[test]
fn the_optima_of_least_squares_and_ridge_are_stationary_for_their_programs() {
    let (n, X) = (40, design(40));
    let y: Vec<f64> = (0..n).map(|i| ((i * 29) % 17) as f64 - 3.0).collect();
    let target = Tensor::new(&[n], y.clone()).unwrap();
    let linear = LinearRegression::default().fit(X.as_mat(), &y).unwrap();
    let lambda = wonderland::models::Lambda::Given(2.5);
    let ridge = Ridge { lambda, ..Ridge::default() }.fit(X.as_mat(), &y).unwrap();
    for (w, b, lambda) in
        [(linear.coefficients, linear.intercept, 0.0), (ridge.coefficients, ridge.intercept, 2.5)]
    {
        let inputs = (input("w", [3]), input("b", [1]), data("X", [n, 3]), data("y", [n]));
        let objective = trace(inputs, |_, (w, b, X, y)| {
            (X.matmul(w) + b - y).powi(2).sum() + w.powi(2).sum() * lambda
        })
        .unwrap();
        let w = Tensor::new(&[3], w).unwrap();
        let b = Tensor::new(&[1], vec![b]).unwrap();
        let arguments = (w, b, X.clone(), target.clone());
        // Forty residuals of size 10 are multiplied and summed.
        for gradient in objective.grad().unwrap().run(&arguments).unwrap() {
            let small = |g: &f64| g.abs() < 40.0 * 20.0 * 16.0 * f64::EPSILON;
            assert!(gradient.as_slice().iter().all(small), "{gradient:?}");
        }
    }
}
