//! The convention at every kink, as one golden table: the element of smallest
//! absolute value between the slopes of both sides.

use wonderland_autodiff::{Program, Var, input, trace};
use wonderland_linalg::Tensor;

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

/// Slope of a function of one number by reverse and by forward mode.
#[track_caller]
fn slope(f: Function, x: f64) -> f64 {
    let p = trace(input("x", []), |_, x| f(x)).unwrap();
    let reverse = p.grad().unwrap().run_scalar(&x).unwrap();
    let forward = p.jvp().unwrap().run(&(x, 1.0)).unwrap()[1].as_slice()[0];
    assert_eq!(reverse, forward);
    reverse
}

#[test]
fn slopes_at_kinks() {
    let table: &[(&str, Function, f64, f64)] = &[
        ("relu", |x| x.relu(), 0.0, 0.0),
        ("relu at -0", |x| x.relu(), -0.0, 0.0),
        ("abs", |x| x.abs(), 0.0, 0.0),
        ("abs at -0", |x| x.abs(), -0.0, 0.0),
        ("sign", |x| x.sign(), 0.0, 0.0),
        ("maximum", |x| x.maximum(x.scalar(0.0)), 0.0, 0.5),
        ("minimum", |x| x.minimum(x.scalar(0.0)), 0.0, 0.5),
        ("maximum of one twice", |x| x.maximum(x), 1.0, 1.0),
        ("clamp below", |x| x.clamp(-1.0, 2.0), -1.0, 0.0),
        ("clamp above", |x| x.clamp(-1.0, 2.0), 2.0, 0.0),
        ("clamp inside", |x| x.clamp(-1.0, 2.0), 0.0, 1.0),
        ("hard_tanh", |x| x.hard_tanh(), 1.0, 0.0),
        ("hard_sigmoid", |x| x.hard_sigmoid(), 3.0, 0.0),
        ("hard_swish below", |x| x.hard_swish(), -3.0, 0.0),
        ("leaky", |x| x.leaky_relu(0.01), 0.0, 0.01),
        ("leaky, steep", |x| x.leaky_relu(3.0), 0.0, 1.0),
        ("elu", |x| x.elu(1.0), 0.0, 1.0),
        ("elu, flat", |x| x.elu(0.5), 0.0, 0.5),
        ("selu", |x| x.selu(), 0.0, 1.050_700_987_355_480_5),
        ("softsign", |x| x.softsign(), 0.0, 1.0),
        ("huber at 0", |x| x.huber(1.0), 0.0, 0.0),
        ("huber at its threshold", |x| x.huber(1.0), -1.0, -1.0),
        ("hinge", |x| x.hinge(x.scalar(1.0)), 1.0, 0.0),
        ("pinball", |x| x.pinball(0.9), 0.0, 0.0),
        ("power 0", |x| x.powf(0.0), 0.0, 0.0),
        ("power 0 by integer", |x| x.powi(0), 0.0, 0.0),
        ("power 1", |x| x.powf(1.0), 0.0, 1.0),
        ("sqrt", |x| x.sqrt(), 0.0, f64::INFINITY),
        ("power 1/2", |x| x.powf(0.5), 0.0, f64::INFINITY),
        ("safe_div by 0", |x| x.scalar(1.0).safe_div(x), 0.0, 0.0),
        ("logaddexp of equals", |x| x.logaddexp(x.scalar(3.0)), 3.0, 0.5),
    ];
    for &(name, f, x, expected) in table {
        let got = slope(f, x);
        assert_eq!(got, expected, "{name}");
    }
}

/// Reverse mode multiplies the infinite slope of the branch not taken by a
/// zero adjoint; forward mode selects after the product and sees no NaN.
#[test]
fn a_hidden_singularity_has_no_gradient() {
    let p = trace(input("x", []), |_, x| x.gt(x.scalar(0.0)).select(x.sqrt(), x.scalar(0.0)));
    let p = p.unwrap();
    assert_eq!(p.run_scalar(&0.0_f64).unwrap(), 0.0);
    assert!(p.grad().unwrap().run_scalar(&0.0_f64).unwrap().is_nan());
    assert_eq!(p.jvp().unwrap().run(&(0.0_f64, 1.0)).unwrap()[1].as_slice(), [0.0]);
    assert_eq!(p.lint().len(), 1);
}

#[test]
fn second_derivatives_at_kinks_are_zero() {
    let kinks: [Function; 3] = [|x| x.relu(), |x| x.abs(), |x| x.leaky_relu(0.1)];
    for f in kinks {
        let p = trace(input("x", []), |_, x| f(x)).unwrap();
        assert_eq!(p.hvp().unwrap().run_scalar(&(0.0, 1.0)).unwrap(), 0.0);
    }
}

fn grad_of(p: &Program, x: Vec<f64>) -> Vec<f64> {
    let x = Tensor::new(&[x.len()], x).unwrap();
    p.grad().unwrap().run(&x).unwrap().swap_remove(0).into_vec()
}

#[test]
fn ties_and_degenerate_rows() {
    let max = trace(input("x", [3]), |_, x| x.max_axis(0)).unwrap();
    assert_eq!(grad_of(&max, vec![2.0, 2.0, 1.0]), [0.5, 0.5, 0.0]);
    let lse = trace(input("x", [2]), |_, x| x.logsumexp(0)).unwrap();
    let low = f64::NEG_INFINITY;
    assert_eq!(lse.run_scalar(&Tensor::full(&[2], low)).unwrap(), low);
    assert_eq!(grad_of(&lse, vec![low, low]), [0.0, 0.0]);
    assert_eq!(grad_of(&lse, vec![low, 1.0]), [0.0, 1.0]);
    let norm = trace(input("x", [3]), |_, x| x.safe_norm(0)).unwrap();
    assert_eq!(grad_of(&norm, vec![0.0; 3]), [0.0; 3]);
    let far = grad_of(&norm, vec![3e200, 0.0, 4e200]);
    assert!((far[0] - 0.6).abs() + far[1].abs() + (far[2] - 0.8).abs() < 4.0 * f64::EPSILON);
    assert_eq!(norm.run_scalar(&Tensor::full(&[3], 0.0)).unwrap(), 0.0);
}

#[test]
fn an_infinite_tangent_is_not_multiplied_by_zero_at_relu() {
    let p = trace(input("x", []), |_, x| x.relu()).unwrap();
    let at = p.jvp().unwrap().run(&(-1.0, f64::INFINITY)).unwrap();
    assert_eq!(at[1].as_slice(), [0.0]);
}

/// The four known patterns, and their cure.
#[test]
fn the_lint_finds_hidden_singularities() {
    let patterns: &[(&str, Function)] = &[
        ("ln", |x| x.gt(x.scalar(0.0)).select(x.ln(), x.scalar(0.0))),
        ("sqrt", |x| x.gt(x.scalar(0.0)).select(x.sqrt(), x.scalar(0.0))),
        ("div", |x| {
            let n = (x * x).sum();
            n.gt(x.scalar(0.0)).select(x / n, x.scalar(0.0))
        }),
        ("powf", |x| x.gt(x.scalar(0.0)).select(x.powf(1.5), x.scalar(0.0))),
        ("ln", |x| x.gt(x.scalar(0.0)).select((x * 2.0).ln() + 1.0, x)),
    ];
    for (name, f) in patterns {
        let p = trace(input("x", []), |_, x| f(x)).unwrap();
        let warnings = p.lint();
        assert_eq!(warnings.len(), 1, "{name}");
        assert_eq!(warnings[0].op, *name);
        assert!(warnings[0].to_string().contains("kinks.rs:"), "{}", warnings[0]);
    }
    let cured: &[Function] = &[
        |x| {
            let m = x.gt(x.scalar(0.0));
            m.select(m.select(x, x.scalar(1.0)).ln(), x.scalar(0.0))
        },
        |x| x.gt(x.scalar(0.0)).select((x * x + 1.0).sqrt(), x),
        |x| x.gt(x.scalar(0.0)).select(x.softplus().ln(), x),
        |x| x.scalar(1.0).safe_div(x),
        |x| x.log1mexp(),
        |x| x.elu(0.5),
    ];
    for (k, f) in cured.iter().enumerate() {
        let p = trace(input("x", []), |_, x| f(x)).unwrap();
        assert_eq!(p.lint(), [], "{k}");
    }
}
