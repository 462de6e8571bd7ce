//! Loops and user rules: every derivative agrees with the unrolled program.

use wonderland_autodiff::{Program, Var, check_grads, custom, data, input, scan, trace};
use wonderland_linalg::Tensor;

use crate::numbers;

fn cell<'t>(c: &[Var<'t>], s: &[Var<'t>], x: &[Var<'t>]) -> (Vec<Var<'t>>, Vec<Var<'t>>) {
    let h = (s[0].matmul(c[0]) + x[0]).tanh();
    (vec![h, s[1] * 0.5 + h], vec![h * c[1]])
}

/// A small recurrent net: loop and unrolled.
fn nets(n: usize) -> [Program; 2] {
    let spec = || (input("W", [3, 3]), input("s", []), input("h", [2, 3]), input("X", [n, 2, 3]));
    let rolled = trace(spec(), |_, (W, s, h, X)| {
        let (state, ys) = scan(n, &[W, s], &[h, h * 2.0], &[X], cell);
        (state[1] * state[1]).sum() + ys[0].sin().sum()
    });
    let unrolled = trace(spec(), |t, (W, s, h, X)| {
        let mut state = vec![h, h * 2.0];
        let mut total = t.scalar(0.0);
        for k in 0..n {
            let x = X.slice(0, k, k + 1).reshape([2, 3]);
            let (next, y) = cell(&[W, s], &state, &[x]);
            state = next;
            total = total + y[0].sin().sum();
        }
        (state[1] * state[1]).sum() + total
    });
    [rolled.unwrap(), unrolled.unwrap()]
}

fn args(n: usize) -> Vec<Tensor> {
    vec![numbers(&[3, 3], 1), Tensor::full(&[], 0.7), numbers(&[2, 3], 2), numbers(&[n, 2, 3], 3)]
}

#[track_caller]
fn close(a: &[Tensor], b: &[Tensor], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.shape(), b.shape());
        for (x, y) in a.as_slice().iter().zip(b.as_slice()) {
            assert!((x - y).abs() <= tolerance * (1.0 + y.abs()), "{x} {y}");
        }
    }
}

#[test]
fn every_derivative_of_a_loop_is_that_of_the_unrolled_program() {
    let n = 5;
    let ([rolled, unrolled], x) = (nets(n), args(n));
    let v: Vec<Tensor> =
        x.iter().enumerate().map(|(k, x)| numbers(x.shape(), 9 + k as u64)).collect();
    let both = (&x, &v);
    // Sums of products in another order: a few dozen roundings.
    let tolerance = 64.0 * f64::EPSILON;
    close(&rolled.run(&x).unwrap(), &unrolled.run(&x).unwrap(), tolerance);
    for transform in [Program::grad, Program::value_and_grad] {
        let (a, b) = (transform(&rolled).unwrap(), transform(&unrolled).unwrap());
        close(&a.run(&x).unwrap(), &b.run(&x).unwrap(), tolerance);
    }
    for transform in [Program::jvp, Program::hvp] {
        let (a, b) = (transform(&rolled).unwrap(), transform(&unrolled).unwrap());
        close(&a.run(&both).unwrap(), &b.run(&both).unwrap(), 4.0 * tolerance);
    }
    // Reverse over reverse, and a batch of directions, follow from loops being
    // closed under every transform.
    let small = |p: &Program| p.with_respect_to(&["s", "h"]).unwrap();
    let (a, b) = (small(&rolled).hessian().unwrap(), small(&unrolled).hessian().unwrap());
    close(&a.run(&x).unwrap(), &b.run(&x).unwrap(), 8.0 * tolerance);
    let (a, b) = (rolled.grad().unwrap(), unrolled.grad().unwrap());
    let (a, b) = (a.keep_outputs(&["W_bar"]).unwrap(), b.keep_outputs(&["W_bar"]).unwrap());
    let v: Vec<Tensor> = vec![numbers(&[3, 3], 77)];
    let (a, b) = (small(&a).vjp().unwrap(), small(&b).vjp().unwrap());
    close(&a.run(&(&x, &v)).unwrap(), &b.run(&(&x, &v)).unwrap(), 8.0 * tolerance);
    check_grads(&rolled, &x).unwrap();
}

#[test]
fn the_body_is_traced_once_and_listed() {
    let [rolled, _] = nets(1000);
    let grad = rolled.grad().unwrap();
    assert!(grad.n_ops() < 40, "{grad}");
    assert!(rolled.to_string().contains("scan"));
}

#[test]
fn a_loop_of_no_steps_gives_its_initial_state() {
    let [rolled, _] = nets(0);
    let x = args(0);
    let h: f64 = x[2].as_slice().iter().map(|h| 4.0 * h * h).sum();
    assert!((rolled.run_scalar(&x).unwrap() - h).abs() < 1e-14);
    let grad = rolled.grad().unwrap().run(&x).unwrap();
    assert!((grad[2].as_slice()[0] - 8.0 * x[2].as_slice()[0]).abs() < 1e-14);
    assert_eq!(grad[0], Tensor::zeros(&[3, 3]));
}

#[test]
fn a_user_rule_takes_part_in_every_transform() {
    // x² with the derivative of x³/3 + x: 2x would be the true one.
    let f = trace(input("x", [3]), |_, x| {
        custom("odd_square", &[x], |x| x[0] * x[0], |x, _, d| d[0] * (x[0] * x[0] + 1.0)).sum()
    })
    .unwrap();
    let x = Tensor::new(&[3], vec![1.0, 2.0, -3.0]).unwrap();
    let v = Tensor::full(&[3], 1.0);
    assert_eq!(f.run_scalar(&x).unwrap(), 14.0);
    assert_eq!(f.grad().unwrap().run(&x).unwrap()[0].as_slice(), [2.0, 5.0, 10.0]);
    assert_eq!(f.jvp().unwrap().run(&(&x, &v)).unwrap()[1].as_slice(), [17.0]);
    assert_eq!(f.hvp().unwrap().run(&(&x, &v)).unwrap()[0].as_slice(), [2.0, 4.0, -6.0]);
    assert!(f.to_string().contains("odd_square x"));
}

#[test]
fn a_loop_may_hold_a_loop() {
    let p = trace((input("x", []), data("a", [2, 3])), |_, (x, a)| {
        let zero = x.scalar(0.0);
        let (s, _) = scan(2, &[x], &[zero], &[a], |c, s, a| {
            let (inner, _) = scan(3, &[c[0]], &[s[0]], &[a[0]], |c, s, a| {
                (vec![(s[0] * c[0]).sin() + a[0]], vec![])
            });
            (inner, vec![])
        });
        s[0]
    })
    .unwrap();
    check_grads(&p, &(0.8, numbers(&[2, 3], 5))).unwrap();
}
