//! Stable forms against 60-digit values (`xtask/refs/autodiff.py`): values
//! within 4 ε (|f| + |x f'|), derivatives within 8 ε (1 + |f'| + |x f''|).
//!
//! Derivatives are written in terms of results (tanh' = 1 − y²), so where they
//! vanish they are accurate absolutely, not relatively.

use serde_json::Value;
use wonderland_autodiff::{Tensor, Var, input, trace};

type Function = for<'t> fn(Var<'t>) -> Var<'t>;

const FUNCTIONS: &[(&str, Function)] = &[
    ("sigmoid", |x| x.sigmoid()),
    ("softplus", |x| x.softplus()),
    ("log_sigmoid", |x| x.log_sigmoid()),
    ("tanh", |x| x.tanh()),
    ("exp_m1", |x| x.exp_m1()),
    ("ln_1p", |x| x.ln_1p()),
    ("log1mexp", |x| x.log1mexp()),
    ("erf", |x| x.erf()),
    ("erfc", |x| x.erfc()),
    ("atan", |x| x.atan()),
    ("gelu", |x| x.gelu()),
    ("gelu_tanh", |x| x.gelu_tanh()),
    ("silu", |x| x.silu()),
    ("mish", |x| x.mish()),
    ("elu", |x| x.elu(1.0)),
    ("softsign", |x| x.softsign()),
    ("huber", |x| x.huber(1.0)),
];

#[test]
fn composites_meet_their_references() {
    let table: Value =
        serde_json::from_str(include_str!("../../testdata/composites.json")).unwrap();
    let table = table.as_object().unwrap();
    assert_eq!(table.len(), FUNCTIONS.len() + 1, "one function per table, and the tool");
    let mut failures = Vec::new();
    for (name, f) in FUNCTIONS {
        let rows: Vec<Vec<f64>> = table[*name]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect())
            .collect();
        let x = Tensor::new(&[rows.len()], rows.iter().map(|r| r[0]).collect()).unwrap();
        let p = trace(input("x", [rows.len()]), |_, x| f(x)).unwrap();
        let ones = Tensor::full(&[rows.len()], 1.0);
        let both = p.vjp().unwrap().run::<f64>(&(&x, &ones)).unwrap();
        let single = p.vjp().unwrap().run::<f32>(&(f32s(&x), f32s(&ones))).unwrap();
        for (k, row) in rows.iter().enumerate() {
            let [x, value, slope, bend] = row[..] else { panic!("four numbers per row") };
            let allowed =
                [4.0 * (value.abs() + (x * slope).abs()), 8.0 * (1.0 + slope.abs() + bend.abs())];
            for (j, exact) in [value, slope].into_iter().enumerate() {
                let error = (both[j].as_slice()[k] - exact).abs();
                if exceeds(error, allowed[j] * f64::EPSILON + f64::MIN_POSITIVE) {
                    failures.push(format!("{name}[{j}]({x}): {} {exact}", both[j].as_slice()[k]));
                }
                // The same program in single precision; x itself is rounded.
                let error = (f64::from(single[j].as_slice()[k]) - exact).abs();
                let eps = f64::from(f32::EPSILON);
                if exceeds(error, 2.0 * allowed[j] * eps + f64::from(f32::MIN_POSITIVE)) {
                    failures.push(format!("{name}[{j}]({x}) f32: {}", single[j].as_slice()[k]));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether the error is too large, or not a number.
fn exceeds(error: f64, allowed: f64) -> bool {
    error.is_nan() || error > allowed
}

fn f32s(x: &Tensor) -> Tensor<f32> {
    Tensor::new(x.shape(), x.as_slice().iter().map(|&v| v as f32).collect()).unwrap()
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
