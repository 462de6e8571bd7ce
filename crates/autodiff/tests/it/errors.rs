//! What a user sees when something is wrong: the operation, the shapes, the
//! names, the line.

use wonderland_autodiff::{
    Error, Program, Shape, Spec, Tree, Var, custom, data, index, input, scan, trace, tree,
};
use wonderland_linalg::Tensor;

/// The message of a trace that fails, without the folder of this file.
#[track_caller]
fn message<S: Spec>(
    spec: S,
    f: impl for<'t> FnOnce(&'t wonderland_autodiff::Builder, S::Vars<'t>) -> Var<'t>,
) -> String {
    let error = trace(spec, f).expect_err("the shapes do not fit");
    assert!(matches!(error, Error::Shape(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("errors.rs:"), "{text}");
    let start = text.find("errors.rs:").unwrap();
    let end = start + text[start..].find(": ").unwrap();
    let begin = text[..start].rfind(' ').unwrap() + 1;
    format!("{}LINE{}", &text[..begin], &text[end..])
}

#[test]
fn a_shape_fault_names_operation_shapes_arguments_and_line() {
    let line = line!() + 1;
    let error = trace((input("X", [4, 3]), input("w", [2])), |_, (X, w)| X.matmul(w)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "matmul at {}:{line}:76: `X` (4, 3) with `w` (2): \
             the 3 columns of the first must equal the 2 rows of the second",
            file!()
        )
    );
}

#[test]
fn erratum_4_1_4_a_column_does_not_meet_a_vector() {
    assert_eq!(
        message((data("y", [4]), input("w", [4, 1])), |_, (y, w)| (y - w).sum()),
        "sub at LINE: `y` (4) with `w` (4, 1): one must have the shape of the result and the \
         others stretch to it (aligned at the last axis, sizes equal or 1); reshape or broadcast \
         explicitly"
    );
}

#[test]
fn every_shape_rule_has_its_message() {
    let a = || (input("a", [2, 3]), input("b", [4]));
    for text in [
        message(a(), |_, (a, b)| a + b),
        message(a(), |_, (a, b)| a * b),
        message(a(), |_, (a, b)| a / b),
        message(a(), |_, (a, b)| a.maximum(b)),
        message(a(), |_, (a, b)| a.minimum(b)),
        message(a(), |_, (a, b)| a.gt(b).select(a, a)),
        message(a(), |_, (a, b)| a.gt(a).select(a, b)),
    ] {
        assert!(text.contains("`a` (2, 3)") && text.contains("`b` (4)"), "{text}");
    }
    for (text, says) in [
        (message(a(), |_, (a, _)| a.sum_axes(&[2])), "axis 2 does not exist"),
        (message(a(), |_, (a, _)| a.max_axis(-3)), "axis -3 does not exist"),
        (message(a(), |_, (a, _)| a.softmax(5)), "axis 5 does not exist"),
        (message(a(), |_, (a, _)| a.logsumexp(5)), "axis 5 does not exist"),
        (message(a(), |_, (a, _)| a.reshape([7])), "6 elements cannot take the shape (7) of 7"),
        (message(a(), |_, (a, _)| a.broadcast_to([3, 2])), "it must stretch to (3, 2)"),
        (message(a(), |_, (a, _)| a.permute(&[0])), "1 axes are named"),
        (message(a(), |_, (a, _)| a.permute(&[0, 0])), "every axis of 0..2 must be named once"),
        (message(a(), |_, (_, b)| b.t()), "a transpose needs two axes"),
        (message(a(), |_, (a, _)| a.slice(1, 2, 4)), "2..4 must lie inside axis 1"),
        (message(a(), |_, (a, _)| a.slice(2, 0, 1)), "axis 2 does not exist"),
        (message(a(), |_, (a, _)| a.pad(2, 0, 1)), "axis 2 does not exist"),
        (message(a(), |_, (a, _)| a.sum().matmul(a)), "a scalar is multiplied by `*`"),
        (message(input("e", [2, 0]), |_, e| e.max_axis(1)), "axis 1 must not be empty"),
        (
            message((input("a", [2, 3, 4]), input("b", [5, 4, 2])), |_, (a, b)| a.matmul(b)),
            "the leading axes must be equal",
        ),
        (
            message((input("a", []), index("i", [3])), |_, (a, i)| a.gather(i)),
            "a scalar has no rows",
        ),
        (
            message((input("a", [2, 3]), index("i", [3])), |_, (a, i)| a.pick(i)),
            "one index per row",
        ),
        (
            message((input("a", [2, 3]), index("i", [3])), |_, (a, i)| a.scatter_add(i, 9)),
            "must have this shape",
        ),
        (
            message(input("a", [2]), |_, a| {
                scan(3, &[], &[a], &[a], |_, s, _| (s.to_vec(), vec![])).0[0]
            }),
            "sequence 0 must have 3 entries",
        ),
        (
            message(input("a", [2]), |_, a| {
                scan(3, &[], &[a], &[], |_, _, _| (vec![], vec![])).0[0]
            }),
            "the body must give the 1 states",
        ),
        (
            message(input("a", [2]), |_, a| {
                scan(3, &[], &[a], &[], |_, s, _| (vec![s[0].sum()], vec![])).0[0]
            }),
            "state 0 enters the body as (2) but leaves as ()",
        ),
        (
            message(input("a", [2]), |_, a| custom("f", &[a], |x| x[0], |_, _, d| d[0].sum())),
            "the tangent must have the shape (2)",
        ),
    ] {
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn the_first_fault_is_reported_and_the_rest_is_poisoned() {
    let text = message((input("a", [2]), input("b", [3])), |_, (a, b)| {
        let bad = a + b;
        let worse = bad.matmul(b).exp().softmax(0).t().slice(0, 0, 9).mean_axes(&[0]);
        worse.cross_entropy(worse.argmax(-1)).safe_norm(-1).layer_norm(1e-5) + bad - b
    });
    assert!(text.starts_with("add at LINE"), "{text}");
}

#[test]
fn a_rule_that_is_not_linear_is_refused() {
    let fault = |rule: for<'b> fn(&[Var<'b>], Var<'b>, &[Var<'b>]) -> Var<'b>| {
        trace(input("x", []), |_, x| custom("f", &[x], |x| x[0], rule)).unwrap_err()
    };
    for error in [
        fault(|_, _, d| d[0] * d[0]),
        fault(|_, _, d| d[0].exp()),
        fault(|_, _, d| d[0] + 1.0),
        fault(|x, _, d| x[0] / d[0]),
    ] {
        assert!(matches!(&error, Error::NotLinear { name, .. } if name == "f"), "{error}");
        assert!(error.to_string().contains("errors.rs:"), "{error}");
    }
}

fn line() -> Program {
    trace((input("x", [2]), index("i", [2])), |_, (x, i)| x.gather(i).sum()).unwrap()
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let p = line();
    let x = Tensor::full(&[2], 1.0);
    assert_eq!(
        p.run(&(&x,)).unwrap_err().to_string(),
        "the program has 2 inputs (`x`, `i`) but 1 arguments were given: give one per input, in \
         this order"
    );
    assert_eq!(
        p.run(&(Tensor::full(&[3], 1.0), vec![0_u32, 1])).unwrap_err().to_string(),
        "input `x` is numbers of shape (2) but the argument is numbers of shape (3)"
    );
    assert_eq!(
        p.run(&(&x, &x)).unwrap_err().to_string(),
        "input `i` is indices of shape (2) but the argument is numbers of shape (2)"
    );
    let error = p.run(&(&x, vec![1_u32, 2])).unwrap_err();
    assert!(matches!(error, Error::IndexOutOfRange { index: 2, position: 1, limit: 2, .. }));
    assert!(error.to_string().contains("errors.rs:"), "{error}");
}

#[test]
fn derivatives_that_make_no_sense_are_refused() {
    let p = line();
    let vector = trace(input("x", [2]), |_, x| x * 2.0).unwrap();
    assert_eq!(
        vector.grad().unwrap_err().to_string(),
        "a gradient needs one scalar output but `y` is (2): sum it, or use `vjp`"
    );
    assert_eq!(vector.hvp().unwrap_err(), vector.grad().unwrap_err());
    assert_eq!(p.vjp().unwrap().grad().unwrap_err(), Error::OutputCount { outputs: 2 });
    assert_eq!(
        p.with_respect_to(&["z"]).unwrap_err().to_string(),
        "there is no input `z`: the program has `x`, `i`"
    );
    assert_eq!(
        p.keep_outputs(&["z"]).unwrap_err().to_string(),
        "there is no output `z`: the program has `y`"
    );
    assert!(matches!(p.with_respect_to(&["i"]), Err(Error::IndexInput { .. })));
    let fixed = p.with_respect_to(&[]).unwrap();
    for error in [
        fixed.grad().unwrap_err(),
        fixed.jvp().unwrap_err(),
        fixed.jacobian().unwrap_err(),
        fixed.jvp_many(2).unwrap_err(),
    ] {
        assert_eq!(error, Error::NothingActive);
    }
    let large = trace(input("x", [1, 1, 1, 1]), |_, x| x.exp()).unwrap();
    assert!(matches!(large.jacobian(), Err(Error::JacobianRank { .. })));
}

#[test]
fn a_nan_is_traced_to_the_operation_that_made_it() {
    let line = line!() + 2;
    let p = trace(input("x", [2]), |_, x| {
        let bad = (x - 1.0).ln();
        (bad * 2.0).sum()
    })
    .unwrap();
    let error = p.run_checked(&Tensor::new(&[2], vec![3.0, 0.5]).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("ln at {}:{line}:29 gave NaN at element 1 from finite arguments (-0.5)", file!())
    );
    assert!(p.run_checked(&Tensor::full(&[2], 2.0)).is_ok());
    let error = p.run_checked(&Tensor::new(&[2], vec![1.0, f64::INFINITY]).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "input `x` holds inf at element 1: every value must be finite");
    // Inside a loop too.
    let p = trace(input("x", []), |_, x| {
        scan(4, &[], &[x], &[], |_, s, _| (vec![(s[0] - 1.0).sqrt()], vec![])).0[0]
    });
    let error = p.unwrap().run_checked(&3.0_f64).unwrap_err();
    assert!(matches!(error, Error::NonFinite { op: "sqrt", .. }), "{error}");
}

tree! {
    struct Pair { a, b }
}

#[test]
fn a_tree_wants_one_value_per_leaf() {
    let pair = Pair { a: Shape::SCALAR, b: Shape::SCALAR };
    let error = pair.with_leaves(vec![1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tree has 2 leaves but 1 were given: give one per leaf, in order"
    );
    assert_eq!(pair.with_leaves(vec![1.0, 2.0]).unwrap(), Pair { a: 1.0, b: 2.0 });
}

#[test]
fn a_wrong_rule_fails_its_check() {
    let p =
        trace(input("x", []), |_, x| custom("f", &[x], |x| x[0].sin(), |_, _, d| d[0])).unwrap();
    let error = wonderland_autodiff::check_grads(&p, &0.5).unwrap_err();
    assert!(matches!(error, Error::CheckFailed { check: "tangent", .. }), "{error}");
}
