//! Stable forms against 300-digit values (`xtask/refs/autodiff.py`) on a
//! logarithmic grid: values within 4 ε (|f| + Σ |xⱼ ∂ⱼf|), every derivative g
//! within 4 ε (|g| + Σ |xⱼ ∂ⱼg|), in both modes and both precisions.
//!
//! Four of them need more, because their derivatives are differences. The slopes
//! of tanh and sigmoid are written in terms of results (1 − y²) and accurate
//! absolutely, as are softmax probabilities taken from one; differences of
//! logits are as accurate as the largest logit, derivatives of a normalised
//! layer as 1/σ.

use serde_json::Value;
use wonderland_autodiff::{Direction, Scalar, Shape, Tensor, Var, input, trace};

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

/// Name, number of arguments and results, and the function of a vector.
type Row = (&'static str, [usize; 2], Function);

const FUNCTIONS: &[Row] = &[
    ("sigmoid", [1, 1], |x| x.sigmoid()),
    ("tanh", [1, 1], |x| x.tanh()),
    ("softplus", [1, 1], |x| x.softplus()),
    ("exp_m1", [1, 1], |x| x.exp_m1()),
    ("ln_1p", [1, 1], |x| x.ln_1p()),
    ("erf", [1, 1], |x| x.erf()),
    ("erfc", [1, 1], |x| x.erfc()),
    ("atan", [1, 1], |x| x.atan()),
    ("log_sigmoid", [1, 1], |x| x.log_sigmoid()),
    ("log1mexp", [1, 1], |x| x.log1mexp()),
    ("gelu", [1, 1], |x| x.gelu()),
    ("gelu_tanh", [1, 1], |x| x.gelu_tanh()),
    ("silu", [1, 1], |x| x.silu()),
    ("mish", [1, 1], |x| x.mish()),
    ("elu", [1, 1], |x| x.elu(1.0)),
    ("selu", [1, 1], |x| x.selu()),
    ("leaky_relu", [1, 1], |x| x.leaky_relu(0.01)),
    ("hard_tanh", [1, 1], |x| x.hard_tanh()),
    ("hard_sigmoid", [1, 1], |x| x.hard_sigmoid()),
    ("hard_swish", [1, 1], |x| x.hard_swish()),
    ("softsign", [1, 1], |x| x.softsign()),
    ("huber", [1, 1], |x| x.huber(1.0)),
    ("hinge", [1, 1], |x| x.hinge(x.scalar(-1.0))),
    ("pinball", [1, 1], |x| x.pinball(0.3)),
    ("logistic_loss", [1, 1], |x| x.logistic_loss(x.scalar(-1.0))),
    ("logaddexp", [2, 1], |x| at(x, 0).logaddexp(at(x, 1))),
    ("xlogy", [2, 1], |x| at(x, 0).xlogy(at(x, 1))),
    ("safe_div", [2, 1], |x| at(x, 0).safe_div(at(x, 1))),
    ("safe_norm", [3, 1], |x| x.safe_norm(0)),
    ("squared_distances", [4, 1], |x| {
        let row = |k: usize| x.slice(0, k, k + 2).reshape([1, 2]);
        row(0).squared_distances(row(2))
    }),
    ("layer_norm", [3, 3], |x| x.layer_norm(1e-5)),
    ("log_softmax", [3, 3], |x| x.log_softmax(0)),
    ("cross_entropy", [3, 1], |x| {
        let label = x.scalar(1.0).reshape([1, 1]).pad(1, 1, 1).argmax(1);
        x.reshape([1, 3]).cross_entropy(label)
    }),
];

fn at(x: Var<'_>, k: usize) -> Var<'_> {
    x.slice(0, k, k + 1)
}

/// What is allowed beside 4 ε (|f| + Σ |xⱼ ∂ⱼf|), in units of 4 ε: of the value
/// and of the derivatives.
fn absolute(name: &str, x: &[f64]) -> [f64; 2] {
    let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    match name {
        "tanh" | "sigmoid" => [0.0, 1.0],
        "log_softmax" | "cross_entropy" => [largest, 1.0 + largest],
        "layer_norm" => {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
            [0.0, 1.0 / (variance + 1e-5).sqrt()]
        }
        _ => [0.0, 0.0],
    }
}

#[test]
fn composites_meet_their_references() {
    let table: Value =
        serde_json::from_str(include_str!("../../testdata/composites.json")).unwrap();
    let table = table.as_object().unwrap();
    assert_eq!(table.len(), FUNCTIONS.len() + 1, "one function per table, and the tool");
    let mut failures = Vec::new();
    for row in FUNCTIONS {
        let points = table[row.0].as_array().unwrap().iter();
        let points: Vec<Vec<f64>> = points
            .map(|row| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect())
            .collect();
        assert!(points.len() >= 20, "{}", row.0);
        check::<f64>(row, &points, &mut failures);
        check::<f32>(row, &points, &mut failures);
    }
    assert!(failures.is_empty(), "{} of them\n{}", failures.len(), failures.join("\n"));
}

/// Value and both Jacobians at every point; what is wrong goes to `failures`.
fn check<T: Scalar>((name, [d, c], f): &Row, points: &[Vec<f64>], failures: &mut Vec<String>) {
    let p = trace(input("x", [*d]), |_, x| {
        let y = f(x);
        y.reshape([y.shape().len()])
    })
    .unwrap();
    assert_eq!(p.output_shapes().next(), Some(Shape::from([*c])), "{name}");
    let [forward, reverse] =
        [Direction::Forward, Direction::Reverse].map(|d| p.jacobian_by(d).unwrap().program);
    // Arguments are rounded to single precision too: twice the bound there.
    let units = if T::EPSILON.to_f64() > 1e-10 { 8.0 } else { 4.0 };
    for row in points {
        let (x, rest) = row.split_at(*d);
        let (y, rest) = rest.split_at(*c);
        let (J, sums) = rest.split_at(c * d);
        let args = Tensor::new(&[*d], x.iter().map(|&x| T::from_f64(x)).collect()).unwrap();
        let extra = absolute(name, x);
        let mut compare =
            |what: &str, got: &Tensor<T>, exact: &[f64], sizes: &dyn Fn(usize) -> f64| {
                for (k, (got, exact)) in got.as_slice().iter().zip(exact).enumerate() {
                    let (got, size) = (got.to_f64(), exact.abs() + sizes(k));
                    let allowed = units * T::EPSILON.to_f64() * size + T::MIN_POSITIVE.to_f64();
                    let error = (got - exact).abs();
                    if error.is_nan() || error > allowed {
                        let times = error / allowed;
                        failures.push(format!(
                            "{name} {what}[{k}]({x:?}) = {got:e} not {exact:e}: {times:.1}"
                        ));
                    }
                }
            };
        let of_value =
            |i: usize| (0..*d).map(|j| (x[j] * J[i * d + j]).abs()).sum::<f64>() + extra[0];
        compare("value", &p.run(&args).unwrap()[0], y, &of_value);
        for (mode, program) in [("forward", &forward), ("reverse", &reverse)] {
            compare(mode, &program.run(&args).unwrap()[0], J, &|k| sums[k] + extra[1]);
        }
    }
}

/// No NaN comes of a finite argument, however large or small.
#[test]
fn extremes_have_values_and_slopes() {
    let sizes = [0.0, 5e-324, 1e-310, 1e-8, 1.0, 36.9, 745.5, 800.0, 1e10, 1e150, 1e300];
    for (name, _, f) in FUNCTIONS.iter().filter(|row| row.1 == [1, 1]) {
        let p = trace(input("x", []), |_, x| f(x)).unwrap();
        let both = p.value_and_grad().unwrap();
        for x in sizes.into_iter().flat_map(|x| [x, -x]) {
            if x < 0.0 && ["ln_1p", "log1mexp"].contains(name) {
                continue;
            }
            let at = both.run(&x).unwrap();
            let (value, slope): (f64, f64) = (at[0].as_slice()[0], at[1].as_slice()[0]);
            assert!(!value.is_nan() && !slope.is_nan(), "{name}({x:e}): {value} {slope}");
        }
    }
}

/// Written forms of activations (notes §5.4) by hand at a few points.
#[test]
fn notes_5_4_activations_by_hand() {
    let at =
        |f: Function, x: f64| trace(input("x", []), |_, x| f(x)).unwrap().run_scalar(&x).unwrap();
    assert_eq!(at(|x| x.relu(), -2.0), 0.0);
    assert_eq!(at(|x| x.leaky_relu(0.25), -2.0), -0.5);
    assert_eq!(at(|x| x.elu(2.0), -1.0), 2.0 * (-1.0_f64).exp_m1());
    assert_eq!(at(|x| x.hard_tanh(), 3.0), 1.0);
    assert_eq!(at(|x| x.hard_sigmoid(), 0.0), 0.5);
    assert_eq!(at(|x| x.hard_swish(), 3.0), 3.0);
    assert_eq!(at(|x| x.pinball(0.75), -2.0), 0.5);
    assert_eq!(at(|x| x.hinge(x.scalar(-1.0)), 0.5), 1.5);
    assert_eq!(at(|x| x.xlogy(x.scalar(0.0)), 0.0), 0.0);
}

#[test]
fn matrix_composites_by_hand() {
    let p = trace((input("X", [2, 2]), input("Y", [1, 2])), |t, (X, Y)| {
        let d = X.squared_distances(Y).sum();
        d + X.trace() * 100.0
            + (X * t.eye(2)).sum() * 1e4
            + X.move_axis(0, 1).slice(0, 1, 2).sum() * 1e6
    })
    .unwrap();
    let (X, Y) = (Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]), Tensor::from_rows(&[[0.0, 1.0]]));
    // Distances 1 + 1 and 9 + 9; diagonal 5; second column 6.
    assert_eq!(p.run_scalar(&(X, Y)).unwrap(), 6_050_520.0);
}
