//! Operations with a derivative of one's own.

use std::panic::Location;

use crate::error::{Error, Place, Result};
use crate::functions::{Binary, Unary};
use crate::op::{CustomOp, Kind, Op, Sub};
use crate::program::{Id, Input, Instr, Program};
use crate::trace::{Builder, POISON, Var};

/// An operation with a derivative of one's own: `value(args)`, and its tangent
/// `rule(args, y, tangents)`, which must be linear in the tangents.
///
/// Both are traced once; every transform follows from the rule. Use it where
/// the derivative is known in a better form than that of the formula.
///
/// # Errors
/// A rule that is not linear, or of another shape than the value, becomes the
/// fault of the trace.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{custom, input, trace};
/// // x² with the slope clipped to 1.
/// let p = trace(input("x", []), |_, x| {
///     custom("clipped_square", &[x], |x| x[0] * x[0], |x, _y, d| {
///         d[0] * (2.0 * x[0]).minimum(x[0].scalar(1.0))
///     })
/// })?;
/// assert_eq!(p.grad()?.run_scalar(&3.0_f64)?, 1.0);
/// # Ok::<(), wonderland_autodiff::Error>(())
/// ```
///
/// # Panics
/// When `args` is empty.
#[track_caller]
pub fn custom<'t>(
    name: &str,
    args: &[Var<'t>],
    value: impl for<'b> FnOnce(&[Var<'b>]) -> Var<'b>,
    rule: impl for<'b> FnOnce(&[Var<'b>], Var<'b>, &[Var<'b>]) -> Var<'b>,
) -> Var<'t> {
    let at = Location::caller();
    let builder = args.first().expect("an operation has arguments").builder;
    if args.iter().any(|v| v.is_poison()) {
        return Var::new(POISON, builder);
    }
    let traced = trace_value(args, value, at)
        .and_then(|value| Ok((trace_rule(name, args, &value, rule, at)?, value)));
    let (tangent, value) = match traced {
        Ok(programs) => programs,
        Err(fault) => return Var::new(builder.fail(fault), builder),
    };
    let op =
        CustomOp { name: name.to_owned(), value: Sub(value.into()), tangent: Sub(tangent.into()) };
    let ids: Vec<Id> = args.iter().map(|v| v.id).collect();
    Var::new(builder.emit(&Op::Custom(Box::new(op)), &ids, at), builder)
}

/// Declares inputs like the arguments, named x0, x1, … or d0, d1, ….
fn declare<'b>(builder: &'b Builder, args: &[Var<'_>], names: &str, at: Place) -> Vec<Var<'b>> {
    let each = args.iter().enumerate().map(|(k, v)| {
        let (name, shape) = (format!("{names}{k}"), v.shape());
        let input = Input { name, shape, kind: Kind::Real, active: true };
        Var::new(builder.input(input, at), builder)
    });
    each.collect()
}

fn trace_value(
    args: &[Var<'_>],
    value: impl for<'b> FnOnce(&[Var<'b>]) -> Var<'b>,
    at: Place,
) -> Result<Program> {
    let inner = Builder::default();
    let y = value(&declare(&inner, args, "x", at)).id;
    inner.into_program(vec![("y".to_owned(), y)])
}

fn trace_rule(
    name: &str,
    args: &[Var<'_>],
    value: &Program,
    rule: impl for<'b> FnOnce(&[Var<'b>], Var<'b>, &[Var<'b>]) -> Var<'b>,
    at: Place,
) -> Result<Program> {
    let inner = Builder::default();
    let shape = value.shape_of(value.outputs[0].id);
    let dot = {
        let x = declare(&inner, args, "x", at);
        let y = Input { name: "y".to_owned(), shape, kind: Kind::Real, active: true };
        let y = Var::new(inner.input(y, at), &inner);
        let d = declare(&inner, args, "d", at);
        let dot = rule(&x, y, &d);
        if !dot.is_poison() && dot.shape() != shape {
            let rule = format!("the tangent must have the shape {shape} of the value");
            inner.poison("custom", &[dot.id], rule, at);
        }
        dot.id
    };
    let tangent = inner.into_program(vec![("y_dot".to_owned(), dot)])?;
    let linear: Vec<bool> = (0..tangent.inputs.len()).map(|k| k > args.len()).collect();
    match not_linear(&tangent, &linear) {
        Some(at) => Err(Error::NotLinear { name: name.to_owned(), at: at.to_string() }),
        None => Ok(tangent),
    }
}

/// The first instruction that uses a linear value otherwise than linearly.
fn not_linear(program: &Program, linear: &[bool]) -> Option<Place> {
    let taint = program.tainted(linear);
    let tainted = program.instrs.iter().zip(&taint).filter(|(_, tainted)| **tainted);
    let mut bad = tainted.filter(|(instr, _)| !is_linear(program, instr, &taint));
    bad.next().map(|(instr, _)| instr.at)
}

/// Whether an instruction is linear in its tainted arguments.
fn is_linear(program: &Program, instr: &Instr, taint: &[bool]) -> bool {
    let from = |k: usize| taint[instr.args[k] as usize];
    match &instr.op {
        Op::Input(..)
        | Op::Map(Unary::Scale(_))
        | Op::Sum(_)
        | Op::Broadcast(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Scan(_)
        | Op::Part(_) => true,
        // A constant added would make it affine.
        Op::Zip(Binary::Add | Binary::Sub) => from(0) && from(1),
        Op::Zip(Binary::Mul) | Op::MatMul { .. } => !(from(0) && from(1)),
        Op::Zip(Binary::Div) => !from(1),
        Op::Gather { .. } | Op::Scatter { .. } => !from(1),
        Op::Select => {
            let linear_or_zero = |k: usize| match program.instrs[instr.args[k] as usize].op {
                Op::Const(c, _) => c.get() == 0.0,
                _ => from(k),
            };
            !from(0) && linear_or_zero(1) && linear_or_zero(2)
        }
        _ => false,
    }
}
