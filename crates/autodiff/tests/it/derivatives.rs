//! Properties that tie derivatives together: aliasing, unused inputs, both
//! nestings of second derivatives, batches of directions.

use wonderland_autodiff::{
    Direction, Program, Shape, Tree, check_grads, data, index, input, trace, trace_outputs, tree,
};
use wonderland_linalg::Tensor;

use crate::numbers;

tree! {
    /// An affine map.
    struct Dense { W, b }
}
tree! {
    struct Net { layers: [Dense], out: Dense }
}

fn dense(n: usize, m: usize) -> Dense<Shape> {
    Dense { W: Shape::from([n, m]), b: Shape::from([m]) }
}

fn net() -> (Net<Shape>, Program) {
    let spec = Net { layers: vec![dense(3, 4), dense(4, 4)], out: dense(4, 2) };
    let p = trace((&spec, data("X", [5, 3]), index("y", [5])), |_, (p, X, y)| {
        let mut h = X;
        for layer in &p.layers {
            h = (h.matmul(layer.W) + layer.b).tanh();
        }
        (h.matmul(p.out.W) + p.out.b).cross_entropy(y).mean()
    });
    (spec, p.unwrap())
}

fn net_args(spec: &Net<Shape>) -> (Net<Tensor>, Tensor, Vec<u32>) {
    let mut seed = 0;
    let params = spec.map(|s| {
        seed += 1;
        numbers(&s.dims(), seed)
    });
    (params, numbers(&[5, 3], 99), vec![0, 1, 1, 0, 1])
}

#[test]
fn a_tree_of_parameters_gives_a_tree_of_gradients() {
    let (spec, p) = net();
    let args = net_args(&spec);
    check_grads(&p, &args).unwrap();
    let grads = p.grad().unwrap().run(&args).unwrap();
    let grads: Net<Tensor> = spec.with_leaves(grads).unwrap();
    assert_eq!(grads.layers[1].W.shape(), [4, 4]);
    let names: Vec<_> = p.grad().unwrap().output_names().map(str::to_owned).collect();
    assert_eq!(names[0], "layers.0.W_bar");
    assert_eq!(names[5], "out.b_bar");
    let mut doubled = grads.clone();
    doubled.for_each_mut(&mut |g| *g = g.map(|x| 2.0 * x));
    assert_eq!(doubled.out.b.as_slice()[0], 2.0 * grads.out.b.as_slice()[0]);
}

#[test]
fn forward_over_reverse_equals_reverse_over_forward() {
    let (spec, p) = net();
    let (params, X, y) = net_args(&spec);
    let v: Vec<Tensor> = params
        .leaves()
        .iter()
        .enumerate()
        .map(|(k, t)| numbers(t.shape(), 40 + k as u64))
        .collect();
    let one = p.hvp().unwrap().run(&(&params, &X, &y, &v)).unwrap();
    let other = p.grad().unwrap().jvp().unwrap().run(&(&params, &X, &y, &v)).unwrap();
    for (a, b) in one.iter().zip(&other[6..]) {
        for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
            assert!((a - b).abs() <= 64.0 * f64::EPSILON, "{a} {b}");
        }
    }
    // The Hessian is symmetric: ⟨Hu, v⟩ = ⟨u, Hv⟩.
    let u: Vec<Tensor> = params
        .leaves()
        .iter()
        .enumerate()
        .map(|(k, t)| numbers(t.shape(), 60 + k as u64))
        .collect();
    let Hu = p.hvp().unwrap().run(&(&params, &X, &y, &u)).unwrap();
    let dot = |a: &[Tensor], b: &[Tensor]| -> f64 {
        a.iter()
            .zip(b)
            .flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice()))
            .map(|(a, b)| a * b)
            .sum()
    };
    assert!((dot(&Hu, &v) - dot(&u, &one)).abs() < 1e-14);
}

#[test]
fn jacobians_agree_in_both_directions_and_with_directions_one_by_one() {
    let p = trace((input("x", [3]), input("A", [2, 3])), |_, (x, A)| {
        (A.matmul(x).sin() * x.sum()).softmax(0)
    })
    .unwrap();
    let args = (numbers(&[3], 1), numbers(&[2, 3], 2));
    let by = |d| p.jacobian_by(d).unwrap().program.run(&args).unwrap();
    let (forward, reverse) = (by(Direction::Forward), by(Direction::Reverse));
    assert_eq!(forward[0].shape(), [2, 3]);
    assert_eq!(forward[1].shape(), [2, 2, 3]);
    for (a, b) in forward.iter().zip(&reverse) {
        for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
            assert!((a - b).abs() <= 16.0 * f64::EPSILON, "{a} {b}");
        }
    }
    let v = [numbers(&[3], 3), numbers(&[2, 3], 4)];
    let one = p.jvp().unwrap().run(&(&args, &v.to_vec())).unwrap();
    let many = |v: &Tensor, n: usize| {
        let mut dims = vec![n];
        dims.extend(v.shape());
        Tensor::new(&dims, v.as_slice().repeat(n)).unwrap()
    };
    let all = p.jvp_many(3).unwrap().run(&(&args, many(&v[0], 3), many(&v[1], 3))).unwrap();
    assert_eq!(all[1].shape(), [3, 2]);
    for k in 0..3 {
        for (a, b) in all[1].row(k).iter().zip(one[1].as_slice()) {
            assert!((a - b).abs() <= 16.0 * f64::EPSILON, "{a} {b}");
        }
    }
}

#[test]
fn a_scalar_function_has_all_orders() {
    // sin⁗ = sin, by four nested gradients.
    let mut p = trace(input("x", []), |_, x| x.sin()).unwrap();
    for expected in [0.3_f64.cos(), -0.3_f64.sin(), -0.3_f64.cos(), 0.3_f64.sin()] {
        p = p.grad().unwrap();
        assert!((p.run_scalar(&0.3_f64).unwrap() - expected).abs() < 1e-16);
    }
    // Third order of a composite against the closed form: f = e^(x²).
    let f = trace(input("x", []), |_, x| (x * x).exp()).unwrap();
    let third = f.grad().unwrap().grad().unwrap().grad().unwrap().run_scalar(&0.5_f64).unwrap();
    let by_hand = (12.0 * 0.5 + 8.0 * 0.125) * 0.25_f64.exp();
    assert!((third - by_hand).abs() <= 16.0 * f64::EPSILON * by_hand, "{third} {by_hand}");
}

#[test]
fn one_tensor_used_twice_and_others_not_at_all() {
    let x = numbers(&[3, 3], 8);
    for p in [
        trace(input("x", [3, 3]), |_, x| x.matmul(x).sum()),
        trace(input("x", [3, 3]), |_, x| (x * x / (x * x + 1.0)).sum()),
        trace(input("x", [3, 3]), |_, x| x.maximum(x * 0.5).sum() + x.gt(x).select(x, x).sum()),
    ] {
        check_grads(&p.unwrap(), &x).unwrap();
    }
    let p = trace((input("x", [2]), input("unused", [3])), |_, (x, _)| x.sum()).unwrap();
    let g =
        p.grad().unwrap().run(&(Tensor::full(&[2], 1.0), Tensor::full(&[3], f64::NAN))).unwrap();
    assert_eq!(g[1], Tensor::zeros(&[3]));
    // An output that is an input, and one output twice.
    let p =
        trace_outputs(input("x", [2]), |_, x| vec![("a", x), ("b", x), ("c", x * 3.0)]).unwrap();
    let ones = vec![Tensor::full(&[2], 1.0); 3];
    let g = p.vjp().unwrap().run(&(&ones[0], &ones)).unwrap();
    assert_eq!(g[3].as_slice(), [5.0, 5.0]);
    // Through a constant nothing passes.
    let p = trace(input("x", []), |_, x| x * x.stop_gradient()).unwrap();
    assert_eq!(p.grad().unwrap().run_scalar(&3.0_f64).unwrap(), 3.0);
}

#[test]
fn extremes_pass_through() {
    let p = trace(input("x", [1, 4]), |_, x| {
        (x.softplus() + x.log_sigmoid() + x.sigmoid() + x.logsumexp(-1).keep_axis(-1)).sum()
    })
    .unwrap();
    let g = p.value_and_grad().unwrap();
    for x in [[800.0, -800.0, 1e300, -1e300], [0.0; 4], [5e-324, -5e-324, 1e-300, -0.0]] {
        let x = Tensor::new(&[1, 4], x.to_vec()).unwrap();
        for t in g.run::<f64>(&x).unwrap() {
            assert!(t.as_slice().iter().all(|v| v.is_finite()), "{x:?}: {t:?}");
        }
    }
    let nan = Tensor::new(&[1, 4], vec![f64::NAN, 0.0, 0.0, 0.0]).unwrap();
    assert!(p.run_scalar(&nan).unwrap().is_nan());
    for f in [
        trace(input("x", [2]), |_, x| x.relu().sum()),
        trace(input("x", [2]), |_, x| x.max_axis(0)),
        trace(input("x", [2]), |_, x| x.maximum(x.scalar(0.0)).minimum(x.scalar(9.0)).sum()),
        trace(input("x", [2]), |_, x| x.clamp(0.0, 1.0).sum()),
        trace(input("x", [2]), |_, x| x.elu(1.0).sum()),
        trace(input("x", [2]), |_, x| x.huber(1.0).sum()),
        trace(input("x", [2]), |_, x| x.safe_norm(0)),
    ] {
        let x = Tensor::new(&[2], vec![1.0, f64::NAN]).unwrap();
        let p = f.unwrap();
        assert!(p.run_scalar(&x).unwrap().is_nan(), "NaN is swallowed by\n{p}");
    }
}

#[test]
fn empty_tensors_are_sums_of_nothing() {
    let p = trace((input("A", [0, 3]), input("b", [3])), |_, (A, b)| {
        A.matmul(b).sum() + (A.t().matmul(A) * b).sum() + A.softmax(1).sum()
    })
    .unwrap();
    let args = (Tensor::zeros(&[0, 3]), Tensor::full(&[3], 2.0));
    let all = p.value_and_grad().unwrap().run(&args).unwrap();
    assert_eq!(all[0].as_slice(), [0.0]);
    assert_eq!(all[1].shape(), [0, 3]);
    assert_eq!(all[2].as_slice(), [0.0; 3]);
}

#[test]
fn handles_and_programs_cross_threads() {
    fn is_send_sync<T: Send + Sync>() {}
    is_send_sync::<Program>();
    is_send_sync::<wonderland_autodiff::Error>();
}
