//! Products that are added where a value is, and results that replace arguments:
//! bit for bit what the interpreter finds.

use proptest::prelude::*;
use wonderland_autodiff::{
    Arg, Error, Program, Tensor, data, index, input, scan, trace, trace_outputs,
};

use crate::random_programs::{Code, cases, codes};
use crate::{numbers, plans::same_bits};

/// Large enough for products that are added.
const N: usize = 20;

fn reals(p: &Program) -> Vec<Tensor> {
    p.inputs().iter().zip(1..).map(|(i, seed)| numbers(&i.shape.dims(), seed)).collect()
}

/// The plan, verified, has the bits of the interpreter twice; how many products it
/// adds.
#[track_caller]
fn check(p: &Program, plan: Result<wonderland_autodiff::Plan<f64>, Error>) -> usize {
    let (x, mut plan) = (reals(p), plan.unwrap());
    assert_eq!(plan.verify(), Ok(()), "{p}");
    for _ in 0..2 {
        same_bits(&plan.run(&x).unwrap(), &p.run(&x).unwrap(), p);
    }
    plan.report().added
}

/// Sums and differences of products, and what else reads them.
fn sums_of_products(codes: &[Code]) -> Program {
    let spec = (input("A", [N, N]), input("B", [N, N]), input("s", []), input("t", []));
    trace_outputs(spec, |_, (A, B, s, t)| {
        let mut all = vec![A, B];
        for &(op, a, b) in codes {
            let pick =
                |k: u8, back: usize| all[all.len().saturating_sub(1 + usize::from(k) % back)];
            let (p, q, r) = (pick(a, 4), pick(b, 4), pick(a ^ b, 8));
            let product = if a % 3 == 0 { p.t().matmul(q) } else { p.matmul(q.t()) } * 0.1;
            all.push(match op % 10 {
                0 => product,
                1 => p + q,
                2 => r + product,
                3 => r - product,
                4 => r - s * p.matmul(q),
                5 => p.tanh(),
                6 => p.matmul(B) - r.matmul(A),
                7 => p.matmul(q).reshape([N * N]).reshape([N, N]) + r,
                8 => {
                    scan(3, &[A], &[r], &[], |c, x, _| {
                        let next = x[0] * 0.5 - c[0].matmul(x[0]) * 0.05;
                        (vec![next + x[0].matmul(c[0]) * 0.02], vec![])
                    })
                    .0[0]
                }
                _ => p * q - r,
            });
        }
        let last = all[all.len() - 1];
        let inner = all[all.len() / 2];
        vec![("B", last), ("A", B - last.matmul(inner) * 0.1), ("t", t + s), ("value", A.sum())]
    })
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn added_products_have_the_bits_of_the_interpreter(codes in codes()) {
        let p = sums_of_products(&codes);
        check(&p, Ok(p.plan()));
        check(&p, p.plan_in_place());
        let value = p.keep_outputs(&["value", "B"]).unwrap();
        let d = value.vjp().unwrap();
        check(&d, Ok(d.plan()));
    }
}

/// Two layers with one matrix, and three steps with one: the products that are
/// their gradient are added to the first of them.
#[test]
fn shared_weights_are_one_sum_of_products() {
    let spec = || (data("x", [32, N]), input("W", [N, N]));
    let tied = trace(spec(), |_, (x, W)| x.matmul(W).tanh().matmul(W.t()).powi(2).mean());
    let tied = tied.and_then(|p| p.value_and_grad()).unwrap();
    assert_eq!(check(&tied, Ok(tied.plan())), 1, "{}", tied.plan::<f64>());
    let unrolled = trace(spec(), |_, (x, W)| {
        (0..3).fold(x, |h, _| (h.matmul(W) + x.matmul(W)).tanh()).powi(2).mean()
    });
    let unrolled = unrolled.and_then(|p| p.value_and_grad()).unwrap();
    let added = check(&unrolled, Ok(unrolled.plan()));
    assert!(added >= 3, "{added} of\n{}", unrolled.plan::<f64>());
}

/// Value, and the parameters after a step of descent.
fn step(n: usize) -> Program {
    let spec = || {
        let W =
            (input("W1", [40, 30]), input("b1", [30]), input("W2", [30, 10]), input("b2", [10]));
        (W, data("X", [n, 40]), index("y", [n]))
    };
    let loss = trace(spec(), |_, ((W1, b1, W2, b2), X, y)| {
        ((X.matmul(W1) + b1).relu().matmul(W2) + b2).cross_entropy(y).mean()
    });
    let both = loss.and_then(|p| p.value_and_grad()).unwrap();
    let (W, X, y) = spec();
    trace_outputs((W, X, y, data("rate", [])), |t, ((W1, b1, W2, b2), X, y, rate)| {
        let found = t.call(&both, &[W1, b1, W2, b2, X], &[y]);
        let names = ["W1", "b1", "W2", "b2"].into_iter().zip([W1, b1, W2, b2]);
        let next = names.zip(&found[1..]).map(|((name, w), &g)| (name, w - rate * g));
        next.chain([("loss", found[0])]).collect()
    })
    .unwrap()
}

#[test]
fn a_step_of_descent_updates_in_place_and_allocates_nothing() {
    let n = 16;
    let p = step(n);
    let mut plan = p.plan_in_place::<f64>().unwrap();
    assert_eq!(plan.verify(), Ok(()));
    assert_eq!(plan.report().added, 2, "{plan}");
    let mut now = reals(&p);
    let (X, rate) = (now.remove(4), Tensor::full(&[], 0.3));
    now.truncate(4);
    let labels: Vec<u32> = (0..n as u32).map(|i| i * 7 % 10).collect();
    let mut expected = now.clone();
    let mut value = [0.0];
    let args = [
        Arg::Real(X.as_slice(), [n, 40].into()),
        Arg::Index(&labels, [n].into()),
        Arg::Real(rate.as_slice(), [].into()),
    ];
    for step in 0..5 {
        let found = p.run(&(&expected, &X, &labels, &rate)).unwrap();
        let [a, b, c, d] = now.as_mut_slice() else { panic!("four parameters") };
        let [a, b, c, d] = [a, b, c, d].map(|t| t.as_mut_slice());
        let mut slices = [a, b, c, d, &mut value[..]];
        let run = || plan.run_into(&args, &mut slices).unwrap();
        let counted = allocation_counter::measure(run);
        assert!(counted.count_total == 0 || step == 0, "{}", counted.count_total);
        assert_eq!(value[..], *found[4].as_slice());
        expected = found[..4].to_vec();
        same_bits(&now, &expected, &p);
    }
    // The products are not written, and not read by another pass over the weights.
    let (here, apart) = (plan.report().bytes_moved, p.plan::<f64>().report().bytes_moved);
    assert_eq!(apart - here, 2 * (40 * 30 + 30 * 10) * 8);
}

#[test]
fn old_values_are_read_before_they_are_replaced() {
    let spec = ["x", "y", "z", "u"].map(|name| input(name, [N, N]));
    let [x, y, z, u] = spec;
    let p = trace_outputs((x, y, z, u), |_, (x, y, z, u)| {
        // A swap; an old value kept; one that is needed after its update is known.
        let next = z - x.matmul(y);
        vec![("x", y), ("y", x), ("old", z), ("z", next), ("u", u), ("late", next.matmul(z))]
    });
    let p = p.unwrap();
    assert_eq!(check(&p, p.plan_in_place()), 0);
}

#[test]
fn names_and_shapes_of_updates_and_calls_are_checked() {
    let p = trace_outputs(input("x", [3]), |_, x| vec![("x", x.sum())]).unwrap();
    let error = p.plan_in_place::<f64>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "output `x` is numbers of shape () but would replace an input that is numbers of shape \
         (3): give one of them another name"
    );
    let f = trace((input("x", [3]), index("i", [2])), |_, (x, i)| x.gather(i).sum()).unwrap();
    let call = |shape: usize, n_reals: usize, n_indices: usize| {
        trace((input("x", [shape]), index("i", [2])), |t, (x, i)| {
            t.call(&f, &vec![x; n_reals], &vec![i; n_indices])[0]
        })
    };
    assert_eq!(call(3, 1, 1).unwrap(), f);
    let count = |actual| Error::ArgumentCount { names: "`x`, `i`".into(), expected: 2, actual };
    assert_eq!(call(3, 2, 0).unwrap_err(), count(1));
    assert_eq!(call(3, 2, 1).unwrap_err(), count(3));
    assert!(matches!(call(4, 1, 1), Err(Error::Argument { .. })));
}
