//! What every minimiser keeps to.

use std::ops::ControlFlow;

use wonderland_linalg::Tensor;
use wonderland_optim::{
    Error, GradientDescent, Hessian, HessianProduct, Lbfgs, LbfgsMemory, Momentum, Newton,
    NewtonCg, NewtonMemory, Objective, Observer, Outcome, Progress, Result, Step, Stop, Stopping,
};

use crate::problems::problems;

/// −ln x − ln(1 − x) + x: defined on (0, 1) only.
struct Barrier {
    lowest: f64,
}

impl Objective for Barrier {
    fn value_and_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        g[0] = 1.0 - 1.0 / x[0] + 1.0 / (1.0 - x[0]);
        let value = x[0] - x[0].ln() - (1.0 - x[0]).ln();
        if value < self.lowest {
            self.lowest = value;
        }
        value
    }
}

impl HessianProduct for Barrier {
    fn hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) {
        out[0] = v[0] * (x[0].powi(-2) + (1.0 - x[0]).powi(-2));
    }
}

impl Hessian for Barrier {
    fn hessian(&mut self, x: &[f64], H: &mut Tensor) {
        H[[0, 0]] = x[0].powi(-2) + (1.0 - x[0]).powi(-2);
    }
}

/// Every method that needs no constant.
fn each<O: Hessian + HessianProduct>(
    stopping: Stopping,
    f: &mut O,
    x0: &[f64],
    observer: &mut impl Observer,
) -> Vec<Result<Outcome>> {
    let descent =
        |momentum| GradientDescent { step: Step::Backtracking { first: 1.0 }, momentum, stopping };
    vec![
        Lbfgs { stopping, ..Lbfgs::default() }.minimise(f, x0, observer),
        Newton { stopping }.minimise(f, x0, observer),
        NewtonCg { stopping }.minimise(f, x0, observer),
        descent(Momentum::None).minimise(f, x0, observer),
        descent(Momentum::HeavyBall(0.9)).minimise(f, x0, observer),
        descent(Momentum::Nesterov(0.9)).minimise(f, x0, observer),
    ]
}

/// Steps out of the domain are taken back.
#[test]
fn non_finite_trial_points_are_backed_off() {
    // The root of x² − 3x + 1: where the derivative vanishes.
    let exact = (3.0 - 5f64.sqrt()) / 2.0;
    for x0 in [1e-3, 0.999, 0.5] {
        for found in
            each(Stopping::default(), &mut Barrier { lowest: f64::INFINITY }, &[x0], &mut ())
        {
            let found = found.unwrap();
            assert!(found.stop.converged());
            assert!((found.x[0] - exact).abs() < 1e-6, "{found:?}");
        }
    }
}

/// The outcome is the best of all points evaluated, even when the budget ends
/// the run early; values within rounding of the lowest count as equal.
#[test]
fn never_worse_than_the_best_seen() {
    for max_iterations in [0, 1, 2, 5, 1000] {
        let stopping = Stopping { max_iterations, ..Stopping::default() };
        let mut f = Barrier { lowest: f64::INFINITY };
        for found in each(stopping, &mut f, &[0.01], &mut ()) {
            let found = found.unwrap();
            let mut again = [0.0];
            assert_eq!(f.value_and_gradient(&found.x, &mut again), found.value);
            assert_eq!(again[0].abs(), found.gradient_norm);
        }
        let mut own = Barrier { lowest: f64::INFINITY };
        let found =
            Lbfgs { stopping, ..Lbfgs::default() }.minimise(&mut own, &[0.01], &mut ()).unwrap();
        assert!(found.value <= own.lowest * (1.0 + 8.0 * f64::EPSILON));
    }
}

#[test]
fn budgets_and_observers_stop() {
    let stopping = Stopping { max_iterations: 3, ..Stopping::default() };
    let start = [-1.2, 1.0];
    let mut rosenbrock = problems().remove(0);
    for found in each(stopping, &mut rosenbrock, &start, &mut ()) {
        let found = found.unwrap();
        assert_eq!((found.stop, found.iterations), (Stop::Iterations, 3));
        assert!(!found.stop.converged());
    }
    let stopping = Stopping { max_evaluations: 4, ..Stopping::default() };
    for found in each(stopping, &mut rosenbrock, &start, &mut ()) {
        assert_eq!(found.unwrap().stop, Stop::Evaluations);
    }
    let mut twice = |p: &Progress<'_>| {
        if p.iteration == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    for found in each(Stopping::default(), &mut rosenbrock, &start, &mut twice) {
        assert_eq!(found.unwrap().stop, Stop::Observer);
    }
}

#[test]
fn a_start_at_the_minimum_takes_no_step() {
    let mut rosenbrock = problems().remove(0);
    for found in each(Stopping::default(), &mut rosenbrock, &[1.0, 1.0], &mut ()) {
        let found = found.unwrap();
        assert_eq!((found.stop, found.iterations, found.evaluations), (Stop::Gradient, 0, 1));
    }
}

/// A tolerance of 0 ends at the limit of the arithmetic and says so.
#[test]
fn the_limit_of_precision_is_a_reason_to_stop() {
    let stopping = Stopping { gradient: 0.0, ..Stopping::default() };
    for found in each(stopping, &mut Barrier { lowest: f64::INFINITY }, &[0.3], &mut ()) {
        let found = found.unwrap();
        assert!(matches!(found.stop, Stop::Precision | Stop::Gradient), "{found:?}");
        assert!(found.gradient_norm < 1e-6);
    }
}

/// −x⁴ falls without end: an error, never a solution.
#[test]
fn unbounded_objectives_are_errors() {
    let mut f = |x: &[f64], g: &mut [f64]| {
        g[0] = -4.0 * x[0].powi(3);
        -x[0].powi(4)
    };
    assert!(matches!(
        Lbfgs::default().minimise(&mut f, &[1.0], &mut ()),
        Err(Error::Unbounded { .. })
    ));
    let descent = GradientDescent::default().minimise(&mut f, &[1.0], &mut ());
    assert!(matches!(descent, Err(Error::Unbounded { .. })));
}

/// The same run twice gives the same bits.
#[test]
fn runs_repeat() {
    for mut problem in problems() {
        let start = problem.start.clone();
        let run = |p: &mut _| Lbfgs::default().minimise(p, &start, &mut ()).unwrap();
        assert_eq!(run(&mut problem), run(&mut problem));
    }
}

#[test]
fn no_parameters_are_minimised_at_once() {
    let mut f = |_: &[f64], _: &mut [f64]| 7.0;
    let found = Lbfgs::default().minimise(&mut f, &[], &mut ()).unwrap();
    assert_eq!((found.value, found.stop), (7.0, Stop::Gradient));
}

/// In memory of an earlier run, another one allocates nothing and finds the same.
#[test]
fn a_further_run_does_not_allocate() {
    let (mut lbfgs, mut newton) = (LbfgsMemory::default(), NewtonMemory::default());
    let mut run = |by_newton: bool, x0: Vec<f64>| {
        let mut f = Barrier { lowest: f64::INFINITY };
        if by_newton {
            return Newton::default().minimise_in(&mut newton, &mut f, x0, &mut ()).unwrap();
        }
        lbfgs.forget();
        Lbfgs::default().minimise_knowing(&mut lbfgs, &mut f, x0, &mut ()).unwrap()
    };
    for by_newton in [false, true] {
        let first = run(by_newton, vec![0.9]);
        let (x0, mut further) = (vec![0.9], None);
        let counted = allocation_counter::measure(|| further = Some(run(by_newton, x0)));
        assert_eq!(counted.count_total, 0, "Newton: {by_newton}");
        assert_eq!(further, Some(first));
    }
}
