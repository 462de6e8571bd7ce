//! Every fault is provoked, and its message read.

use wonderland_linalg::Tensor;
use wonderland_optim::{
    Error, GradientDescent, Lbfgs, Momentum, Result, Step, Stopping, convexity_along_segment,
    curvature, descent_angle,
};

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

fn square(x: &[f64], g: &mut [f64]) -> f64 {
    g[0] = 2.0 * x[0];
    x[0] * x[0]
}

#[test]
fn settings() {
    let run = |method: GradientDescent| method.minimise(&mut square, &[1.0], &mut ());
    check(
        run(GradientDescent { step: Step::Fixed(-1.0), ..Default::default() }),
        "the step is -1: it must be positive and finite",
    );
    check(
        run(GradientDescent { step: Step::Lipschitz(f64::INFINITY), ..Default::default() }),
        "the Lipschitz constant is inf: it must be positive and finite",
    );
    check(
        run(GradientDescent { momentum: Momentum::HeavyBall(1.0), ..Default::default() }),
        "the momentum is 1: it must be at least 0 and below 1",
    );
    check(
        Lbfgs { memory: 0, ..Default::default() }.minimise(&mut square, &[1.0], &mut ()),
        "memory is 0: keep at least one pair; GradientDescent keeps none",
    );
    let stopping = Stopping { gradient: f64::NAN, ..Default::default() };
    check(
        Lbfgs { stopping, ..Default::default() }.minimise(&mut square, &[1.0], &mut ()),
        "the gradient tolerance is NaN: a tolerance must be at least 0",
    );
}

#[test]
fn starts() {
    check(
        Lbfgs::default().minimise(&mut square, &[f64::NAN], &mut ()),
        "x0[0] is NaN: start from finite numbers",
    );
    let mut log = |x: &[f64], g: &mut [f64]| {
        g[0] = 1.0 / x[0];
        x[0].ln()
    };
    check(
        Lbfgs::default().minimise(&mut log, &[0.0], &mut ()),
        "the objective or its gradient is not finite at x0 (value -inf): start elsewhere",
    );
}

#[test]
fn divergence() {
    let fixed = GradientDescent {
        step: Step::Fixed(2.0),
        stopping: Stopping { max_iterations: 3, ..Default::default() },
        ..Default::default()
    };
    check(
        fixed.minimise(&mut square, &[1.0], &mut ()),
        "diverged at iteration 4: the value went from 1 to 729; use a smaller step, below 2/L for \
         an L-smooth objective, or a line search",
    );
    let mut cliff = |x: &[f64], g: &mut [f64]| {
        g[0] = -1.0;
        if x[0] > 100.0 { f64::NEG_INFINITY } else { -x[0] }
    };
    check(
        Lbfgs::default().minimise(&mut cliff, &[0.0], &mut ()),
        "the objective is unbounded below: it reached -inf at iteration 1",
    );
}

#[test]
fn vectors() {
    check(
        descent_angle(&[1.0], &[1.0, 1.0]),
        "the second vector has length 2 but 1 is needed: both must have the dimension of the \
         objective",
    );
    check(descent_angle(&[0.0], &[1.0]), "gradient is 0: the zero vector has no direction");
    check(
        descent_angle(&[1.0], &[f64::INFINITY]),
        "direction[0] is inf: every entry must be finite",
    );
    check(
        curvature(&Tensor::zeros(&[1, 2])),
        "a row of H has length 2 but 1 is needed: a Hessian is square",
    );
    check(
        curvature(&Tensor::from_rows(&[[1.0, 0.5], [0.0, 1.0]])),
        "the asymmetry of H is 0.5: a Hessian is symmetric",
    );
    check(
        convexity_along_segment(|x| x[0], &[0.0], &[1.0], 0),
        "n_points is 0: try at least one point",
    );
    assert!(matches!(curvature(&Tensor::full(&[1, 1], f64::NAN)), Err(Error::NonFinite { .. })));
}
