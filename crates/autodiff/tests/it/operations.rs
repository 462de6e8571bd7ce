//! Every operation over random shapes with axes of 0 and 1: the adjoint
//! identity in both precisions, five-point differences, and for linear ones
//! linearity and transpose of the transpose.

use proptest::prelude::*;
use wonderland_autodiff::{
    GradCheck, Program, Scalar, Tensor, Var, concat, custom, data, index, input, scan, stack, trace,
};

use crate::numbers;

/// A case: its name, and the program for sizes n, m, k, of inputs `x`, `z` ~
/// (n, m), `A` ~ (m, k), `B` ~ (2, n, m), `v` ~ (m), `s` ~ (), indices `i` ~ (n)
/// below m, `j` ~ (3) below n.
pub(crate) struct Case {
    name: &'static str,
    linear: bool,
    pub(crate) needs: fn(usize, usize, usize) -> bool,
    f: for<'t> fn(&All<'t>) -> Var<'t>,
}

pub(crate) struct All<'t> {
    x: Var<'t>,
    z: Var<'t>,
    A: Var<'t>,
    B: Var<'t>,
    v: Var<'t>,
    s: Var<'t>,
    i: wonderland_autodiff::Idx<'t>,
    j: wonderland_autodiff::Idx<'t>,
}

const ANY: fn(usize, usize, usize) -> bool = |_, _, _| true;
const ROWS: fn(usize, usize, usize) -> bool = |n, _, _| n > 0;
const COLUMNS: fn(usize, usize, usize) -> bool = |_, m, _| m > 0;
const BOTH: fn(usize, usize, usize) -> bool = |n, m, _| n > 0 && m > 0;

macro_rules! cases {
    ($($kind:ident $name:literal $needs:ident $f:expr;)*) => {
        &[$(Case { name: $name, linear: cases!(@ $kind), needs: $needs, f: $f }),*]
    };
    (@ linear) => { true };
    (@ smooth) => { false };
}

/// Linear ones are linear in `x` alone.
pub(crate) const CASES: &[Case] = cases! {
    linear "add" ANY |a| a.x + a.x * 2.0;
    linear "scale" ANY |a| a.x * -1.5;
    linear "sub" ANY |a| a.x * 0.5 - a.x * 3.0;
    linear "mul" ANY |a| a.x * a.z;
    linear "mul row" ANY |a| a.v * a.x;
    linear "mul scalar" ANY |a| a.s * a.x;
    linear "matmul" ANY |a| a.x.matmul(a.A);
    linear "matmul right" ANY |a| a.z.t().matmul(a.x);
    linear "matmul transposed" ANY |a| a.x.t().matmul(a.z);
    linear "matmul both transposed" ANY |a| a.A.t().matmul(a.x.t());
    linear "matmul vector" ANY |a| a.x.matmul(a.v);
    linear "matmul batch" ANY |a| a.B.matmul(a.x.t());
    linear "sum" ANY |a| a.x.sum();
    linear "sum rows" ANY |a| a.x.sum_axes(&[0]);
    linear "sum columns" ANY |a| a.x.sum_axes(&[-1]);
    linear "mean" BOTH |a| a.x.mean_axes(&[1]);
    linear "broadcast" ANY |a| (a.x.sum_axes(&[0])).broadcast_to([3, 2, a.v.shape().len()]);
    linear "reshape" ANY |a| a.x.reshape([a.x.shape().len()]);
    linear "permute" ANY |a| a.x.reshape([a.x.shape().dim(0), 1, a.v.shape().len()]).permute(&[2, 0, 1]);
    linear "slice" COLUMNS |a| a.x.slice(1, 1.min(a.v.shape().len() - 1), a.v.shape().len());
    linear "pad" ANY |a| a.x.pad(0, 2, 1).pad(1, 0, 3);
    linear "gather" ROWS |a| a.x.gather(a.j);
    linear "pick" COLUMNS |a| a.x.pick(a.i);
    linear "scatter" ANY |a| a.x.slice(0, 0, 0).sum_axes(&[0]).broadcast_to([3, a.v.shape().len()]).scatter_add(a.j, 9);
    linear "scatter rows" ROWS |a| a.x.gather(a.j).scatter_add(a.j, 9);
    linear "select" ANY |a| a.z.gt(a.s).select(a.x, a.x * 2.0);
    linear "select row" ANY |a| a.v.gt(a.s).select(a.x, a.s * 0.0);
    linear "concat" ANY |a| concat(&[a.x, a.x * 2.0], 0);
    linear "stack" ANY |a| stack(&[a.x, a.x * 2.0], 1);
    linear "dot" ANY |a| a.x.dot(a.z);
    linear "outer" ANY |a| a.x.reshape([a.x.shape().len()]).outer(a.v);
    linear "stop_gradient" ANY |a| a.x * a.x.stop_gradient() * 0.0 + a.x;

    smooth "exp" ANY |a| a.x.exp();
    smooth "exp_m1" ANY |a| a.x.exp_m1();
    smooth "ln" ANY |a| (a.x + 2.5).ln();
    smooth "ln_1p" ANY |a| (a.x * 0.5).ln_1p();
    smooth "sqrt" ANY |a| (a.x + 2.5).sqrt();
    smooth "rsqrt" ANY |a| (a.x + 2.5).rsqrt();
    smooth "recip" ANY |a| (a.x + 2.5).recip();
    smooth "tanh" ANY |a| a.x.tanh();
    smooth "sigmoid" ANY |a| a.x.sigmoid();
    smooth "softplus" ANY |a| a.x.softplus();
    smooth "erf" ANY |a| a.x.erf();
    smooth "erfc" ANY |a| a.x.erfc();
    smooth "sin" ANY |a| a.x.sin();
    smooth "cos" ANY |a| a.x.cos();
    smooth "atan" ANY |a| a.x.atan();
    smooth "abs" ANY |a| (a.x + 2.0).abs() + (a.x - 2.0).abs();
    smooth "powi" ANY |a| a.x.powi(3) + (a.x + 2.5).powi(-2);
    smooth "powf" ANY |a| (a.x + 2.5).powf(1.7);
    smooth "relu" ANY |a| (a.x + 2.0).relu() * (a.x - 2.0).relu();
    smooth "div" ANY |a| a.x / (a.z + 2.5);
    smooth "div row" ANY |a| a.v / (a.x + 2.5);
    smooth "div scalar" ANY |a| a.x / (a.s + 2.5);
    smooth "max" ANY |a| a.x.maximum(a.z + 3.0) * a.v.maximum(a.x - 3.0);
    smooth "min" ANY |a| a.x.minimum(a.z + 3.0) * a.v.minimum(a.x - 3.0);
    smooth "max_axis" COLUMNS |a| (a.x + a.i.one_hot(a.v.shape().len()) * 5.0).max_axis(1);
    smooth "logsumexp" ANY |a| a.x.logsumexp(1);
    smooth "logsumexp rows" ANY |a| a.x.logsumexp(0);
    smooth "softmax" ANY |a| a.x.softmax(1) * a.z;
    smooth "softmax rows" ANY |a| a.x.softmax(0) * a.z;
    smooth "log_softmax" ANY |a| a.x.log_softmax(1) * a.z;
    smooth "cross_entropy" COLUMNS |a| a.x.cross_entropy(a.i);
    smooth "bilinear" ANY |a| a.x.matmul(a.A).tanh().t().matmul(a.x * a.z);
    smooth "batched" ANY |a| a.B.matmul(a.A).sin().t().matmul(a.B * a.x);
    smooth "logaddexp" ANY |a| a.x.logaddexp(a.v);
    smooth "log1mexp" ANY |a| (a.x + 2.5).log1mexp();
    smooth "xlogy" ANY |a| a.x.xlogy(a.v + 2.5);
    smooth "safe_div" ANY |a| a.x.safe_div(a.v + 2.5);
    smooth "safe_norm" COLUMNS |a| (a.x + 2.0).safe_norm(-1);
    smooth "squared_distances" ANY |a| a.x.squared_distances(a.A.t());
    smooth "layer_norm" COLUMNS |a| (a.x * a.x + a.z).layer_norm(0.1);
    smooth "gelu" ANY |a| a.x.gelu() + a.x.gelu_tanh();
    smooth "silu" ANY |a| a.x.silu() * a.x.mish();
    smooth "elu" ANY |a| (a.x + 1.5).elu(0.7) + (a.x - 1.5).selu();
    smooth "softsign" ANY |a| (a.x + 1.5).softsign();
    smooth "huber" ANY |a| (a.x + 3.0).huber(1.5) + (a.x * 0.1 + 0.5).huber(1.0);
    smooth "hard" ANY |a| (a.x * 0.5).hard_tanh() * a.x.hard_sigmoid() + a.x.hard_swish();
    smooth "losses" ANY |a| a.x.logistic_loss(a.z) + (a.x - 3.0).hinge(a.v) + (a.x + 2.0).pinball(0.3);
    smooth "trace" ANY |a| a.x.t().matmul(a.z).trace() * a.x.sum();
    smooth "scan" ANY |a| {
        scan(2, &[a.v, a.s], &[a.x], &[a.B], |c, s, x| {
            let h = (s[0] * c[0] + x[0]).sin();
            (vec![h * c[1]], vec![h])
        }).1[0]
    };
    smooth "custom" ANY |a| custom("f", &[a.x, a.z], |x| x[0] * x[1].sin(), |x, _, d| {
        d[0] * x[1].sin() + d[1] * (x[0] * x[1].cos())
    });
};

pub(crate) fn program(case: &Case, (n, m, k): (usize, usize, usize)) -> Program {
    let spec = (
        input("x", [n, m]),
        input("z", [n, m]),
        input("A", [m, k]),
        input("B", [2, n, m]),
        input("v", [m]),
        input("s", []),
        index("i", [n]),
        index("j", [3]),
    );
    let p = trace(spec, |_, (x, z, A, B, v, s, i, j)| (case.f)(&All { x, z, A, B, v, s, i, j }));
    let p = p.unwrap_or_else(|e| panic!("{}: {e}", case.name));
    if case.linear { p.with_respect_to(&["x"]).unwrap() } else { p }
}

pub(crate) fn arguments<T: Scalar>(
    (n, m, k): (usize, usize, usize),
    seed: u64,
) -> Vec<wonderland_autodiff::Arg<'static, T>> {
    use wonderland_autodiff::{Arg, Shape};
    let real = |dims: &[usize], s| {
        let data = numbers(dims, seed + s).into_vec();
        let data: Vec<T> = data.into_iter().map(T::from_f64).collect();
        Arg::Real(data.leak() as &[T], Shape::new(dims))
    };
    let indices = |n: usize, limit: usize| {
        let data: Vec<u32> =
            (0..n).map(|q| ((q as u64 * 7 + seed) % limit.max(1) as u64) as u32).collect();
        Arg::Index(data.leak() as &[u32], Shape::from([n]))
    };
    vec![
        real(&[n, m], 1),
        real(&[n, m], 2),
        real(&[m, k], 3),
        real(&[2, n, m], 4),
        real(&[m], 5),
        real(&[], 6),
        indices(n, m),
        indices(3, n),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_adjoint_identity_holds_for_every_operation(
        n in 0..7_usize, m in 0..7_usize, k in 0..4_usize, seed in 0..1_000_u64,
    ) {
        let sizes = (n, m, k);
        for case in CASES.iter().filter(|c| (c.needs)(n, m, k)) {
            let p = program(case, sizes);
            let check = GradCheck { directions: 1, seed, ..Default::default() };
            for gap in [
                check.check_adjoint::<f64>(&p, arguments(sizes, seed).as_slice()),
                check.check_adjoint::<f32>(&p, arguments(sizes, seed).as_slice()),
            ] {
                prop_assert!(gap.is_ok(), "{} at {sizes:?}: {}", case.name, gap.unwrap_err());
            }
        }
    }
}

#[test]
fn every_operation_agrees_with_five_point_differences() {
    for sizes in [(3, 2, 2), (1, 4, 1), (2, 1, 3)] {
        for case in CASES {
            let p = program(case, sizes);
            let args = arguments::<f64>(sizes, 11);
            let check = GradCheck { directions: 1, ..Default::default() };
            if let Err(e) = check.check(&p, args.as_slice()) {
                panic!("{} at {sizes:?}: {e}", case.name);
            }
            // Second order, through a scalar that is not linear in the result.
            let spec = (
                input("x", [sizes.0, sizes.1]),
                data("z", [sizes.0, sizes.1]),
                data("A", [sizes.1, sizes.2]),
                data("B", [2, sizes.0, sizes.1]),
                data("v", [sizes.1]),
                data("s", []),
                index("i", [sizes.0]),
                index("j", [3]),
            );
            let square = trace(spec, |_, (x, z, A, B, v, s, i, j)| {
                let y = (case.f)(&All { x, z, A, B, v, s, i, j });
                (y * y).sum()
            });
            let check = GradCheck { directions: 1, rtol: 1e-8, ..Default::default() };
            if let Err(e) = check.check(&square.unwrap(), args.as_slice()) {
                panic!("{} squared at {sizes:?}: {e}", case.name);
            }
        }
    }
}

/// L(a u + b v) = a L u + b L v, and transposing twice gives L back.
#[test]
fn linear_operations_are_linear_and_their_transposes_transpose_back() {
    let sizes = (3, 4, 2);
    for case in CASES.iter().filter(|c| c.linear) {
        let p = program(case, sizes);
        let args = arguments::<f64>(sizes, 5);
        let apply = |p: &Program, x: &Tensor| -> Vec<f64> {
            let mut args = args.clone();
            args[0] = wonderland_autodiff::Arg::Real(x.as_slice(), p.inputs()[0].shape);
            p.run(args.as_slice()).unwrap()[0].as_slice().to_vec()
        };
        let (u, v) = (numbers(&[3, 4], 1), numbers(&[3, 4], 2));
        let mixed = Tensor::from_fn(3, 4, |i, j| 2.0 * u[[i, j]] - 0.5 * v[[i, j]]);
        let (lu, lv, lm) = (apply(&p, &u), apply(&p, &v), apply(&p, &mixed));
        for k in 0..lm.len() {
            let sum = 2.0 * lu[k] - 0.5 * lv[k];
            assert!(
                (lm[k] - sum).abs() <= 32.0 * f64::EPSILON * (1.0 + sum.abs()),
                "{}",
                case.name
            );
        }
        // The derivative is the map itself; its matrix by unit vectors is the
        // transpose of that of the dual.
        let J = p.jacobian_by(wonderland_autodiff::Direction::Forward).unwrap().program;
        let Jt = p.jacobian_by(wonderland_autodiff::Direction::Reverse).unwrap().program;
        let (a, b) = (J.run(args.as_slice()).unwrap(), Jt.run(args.as_slice()).unwrap());
        for (a, b) in a[0].as_slice().iter().zip(b[0].as_slice()) {
            assert!((a - b).abs() <= 8.0 * f64::EPSILON * (1.0 + a.abs()), "{}", case.name);
        }
        if case.name == "stop_gradient" {
            continue;
        }
        // vjp of the vjp, by its adjoint, is the map again.
        let back = p.vjp().unwrap().keep_outputs(&["x_bar"]).unwrap();
        let again = back.with_respect_to(&["y_bar"]).unwrap().vjp().unwrap();
        let y = p.output_shapes().next().unwrap();
        let zero = Tensor::zeros(&y.dims());
        let twice = again.run(&(args.as_slice(), &zero, &u)).unwrap();
        for (a, b) in twice[1].as_slice().iter().zip(&lu) {
            assert!((a - b).abs() <= 8.0 * f64::EPSILON * (1.0 + a.abs()), "{}", case.name);
        }
    }
}
