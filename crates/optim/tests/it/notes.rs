//! The worked claims of the notes, by section.

use wonderland_linalg::Tensor;
use wonderland_optim::{
    Error, GradientDescent, Momentum, StationaryKind, Step, Stop, Stopping,
    convexity_along_segment, curvature, descent_angle, is_descent_direction,
};

/// ½ Σ λᵢ xᵢ²: smooth with constant L = max λ.
fn bowl(lambda: [f64; 2]) -> impl FnMut(&[f64], &mut [f64]) -> f64 {
    move |x, g| {
        g.copy_from_slice(&[lambda[0] * x[0], lambda[1] * x[1]]);
        0.5 * (lambda[0] * x[0] * x[0] + lambda[1] * x[1] * x[1])
    }
}

#[test]
fn notes_2_3_angle_of_a_descent_direction() {
    let gradient = [3.0, 4.0];
    let steepest = [-3.0, -4.0];
    assert_eq!(descent_angle(&gradient, &steepest).unwrap(), std::f64::consts::PI);
    assert!(is_descent_direction(&gradient, &steepest).unwrap());
    // Orthogonal: the value does not fall to first order.
    assert!(!is_descent_direction(&gradient, &[4.0, -3.0]).unwrap());
    let nearly = descent_angle(&[1.0, 0.0], &[-1.0, 1e-9]).unwrap();
    assert!((std::f64::consts::PI - nearly - 1e-9).abs() < 1e-15);
}

/// The step of steepest descent is −η∇f.
#[test]
fn notes_2_3_one_step_of_steepest_descent() {
    let stopping = Stopping { max_iterations: 1, ..Stopping::default() };
    let method = GradientDescent { step: Step::Fixed(0.1), stopping, ..Default::default() };
    let found = method.minimise(&mut bowl([1.0, 2.0]), &[1.0, 1.0], &mut ()).unwrap();
    assert_eq!(found.x, [0.9, 0.8]);
    assert_eq!((found.stop, found.iterations, found.evaluations), (Stop::Iterations, 1, 2));
}

/// Convergence needs a step below 2/L; beyond, divergence is an error.
#[test]
fn notes_2_3_1_steps_beyond_two_over_l_diverge() {
    let run = |eta: f64| {
        GradientDescent { step: Step::Fixed(eta), ..Default::default() }.minimise(
            &mut bowl([1.0, 10.0]),
            &[1.0, 1.0],
            &mut (),
        )
    };
    assert!(run(0.199).unwrap().stop.converged());
    assert!(matches!(run(0.201), Err(Error::Diverged { .. })));
    // 1/L descends at every step.
    let lipschitz = GradientDescent { step: Step::Lipschitz(10.0), ..Default::default() };
    let mut last = f64::INFINITY;
    let mut falling = |p: &wonderland_optim::Progress<'_>| {
        assert!(p.value < last);
        last = p.value;
        std::ops::ControlFlow::Continue(())
    };
    lipschitz.minimise(&mut bowl([1.0, 10.0]), &[1.0, 1.0], &mut falling).unwrap();
}

#[test]
fn notes_2_3_1_kinds_of_stationary_points() {
    let kind = |H: [[f64; 2]; 2]| curvature(&Tensor::from_rows(&H)).unwrap().kind;
    assert_eq!(kind([[2.0, 0.0], [0.0, 3.0]]), StationaryKind::Minimum);
    assert_eq!(kind([[-2.0, 1.0], [1.0, -2.0]]), StationaryKind::Maximum);
    assert_eq!(kind([[0.0, 1.0], [1.0, 0.0]]), StationaryKind::Saddle);
    assert_eq!(kind([[1.0, 1.0], [1.0, 1.0]]), StationaryKind::Undecided);
    let found = curvature(&Tensor::from_rows(&[[2.0, 1.0], [1.0, 2.0]])).unwrap();
    for (value, exact) in found.eigenvalues.iter().zip([1.0, 3.0]) {
        assert!((value - exact).abs() <= 4.0 * f64::EPSILON * exact);
    }
    let flat = curvature(&Tensor::zeros(&[3, 3])).unwrap();
    assert_eq!((flat.kind, flat.eigenvalues), (StationaryKind::Undecided, vec![0.0; 3]));
}

#[test]
fn notes_2_3_1_convexity_along_a_segment() {
    let convex = |x: &[f64]| x[0].exp() + x[1].abs();
    assert!(convexity_along_segment(convex, &[-3.0, 1.0], &[2.0, -4.0], 99).unwrap().is_none());
    let wave = |x: &[f64]| x[0].sin();
    let worst = convexity_along_segment(wave, &[0.0], &[std::f64::consts::PI], 9).unwrap().unwrap();
    assert_eq!((worst.alpha, worst.value), (0.5, 1.0));
    // Linear: on the chord, which rounding must not make a violation.
    let line = |x: &[f64]| 3.0 * x[0] + 1e8;
    assert!(convexity_along_segment(line, &[0.1], &[0.7], 1000).unwrap().is_none());
}

/// The older gradient keeps its own step: with g₁ = −η∇f(x₀),
/// g₂ = −η∇f(x₁) + λg₁.
#[test]
fn notes_2_3_2_two_steps_of_momentum() {
    let stopping = Stopping { max_iterations: 2, ..Stopping::default() };
    let (step, momentum) = (Step::Fixed(0.25), Momentum::HeavyBall(0.5));
    let method = GradientDescent { step, momentum, stopping };
    let mut parabola = |x: &[f64], g: &mut [f64]| {
        g[0] = x[0];
        0.5 * x[0] * x[0]
    };
    // x₁ = 8 − 2 = 6, then g₂ = −1.5 − 1, so x₂ = 3.5.
    let found = method.minimise(&mut parabola, &[8.0], &mut ()).unwrap();
    assert_eq!(found.x, [3.5]);
    let nesterov = GradientDescent { momentum: Momentum::Nesterov(0.5), ..method };
    let found = nesterov.minimise(&mut parabola, &[8.0], &mut ()).unwrap();
    // Looking ahead to 6 − 1 = 5: g₂ = −1.25 − 1, x₂ = 3.75; the best point
    // evaluated looks ahead once more, 3.75 − 1.125.
    assert_eq!(found.x, [2.625]);
}

/// Momentum pays on a long valley: √κ instead of κ steps.
#[test]
fn notes_2_3_2_momentum_accelerates() {
    let steps = |momentum: Momentum| {
        let step = Step::Lipschitz(1000.0);
        let method = GradientDescent { step, momentum, ..Default::default() };
        method.minimise(&mut bowl([1.0, 1000.0]), &[1.0, 1.0], &mut ()).unwrap().iterations
    };
    let plain = steps(Momentum::None);
    let lambda = 0.94;
    assert!(steps(Momentum::HeavyBall(lambda)) * 10 < plain);
    assert!(steps(Momentum::Nesterov(lambda)) * 10 < plain);
}

/// ‖w_{t+1} − w_t‖² < ε stops the notes' solver.
#[test]
fn notes_4_1_4_stopping_on_short_steps() {
    let stopping = Stopping { gradient: 0.0, step: 1e-6, ..Stopping::default() };
    let method = GradientDescent { step: Step::Fixed(0.5), stopping, ..Default::default() };
    let mut parabola = |x: &[f64], g: &mut [f64]| {
        g[0] = x[0];
        0.5 * x[0] * x[0]
    };
    let found = method.minimise(&mut parabola, &[1.0], &mut ()).unwrap();
    // Steps are 2⁻ᵗ; 4⁻ᵗ < 1e-6 first at t = 10.
    assert_eq!((found.stop, found.iterations), (Stop::Step, 10));
}
