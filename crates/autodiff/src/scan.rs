//! Loops whose body is a program of its own, traced once.
//!
//! A loop carries a state and reads one entry of each sequence per step. Its
//! derivatives are loops again: forward mode steps values and tangents
//! together; reverse mode keeps the state at the start of every step and walks
//! back over the transpose of the body, which recomputes the inside of a step
//! from that state. A linear loop transposes into a loop in the other
//! direction that carries the adjoint of the state.

use std::panic::Location;

use crate::error::{Error, Place};
use crate::functions::{Binary, Unary};
use crate::graph::Graph;
use crate::linearize::{Mode, inline, linearize as linearize_program};
use crate::op::{CustomOp, Kind, Op, ScanOp, Sub};
use crate::program::{Id, Input, Output, Program};
use crate::shape::Shape;
use crate::trace::{Builder, Var, kind_of};
use crate::transpose::transpose_program;

/// Final states, and one stacked tensor per result of the body.
pub type Scanned<'t> = (Vec<Var<'t>>, Vec<Var<'t>>);

/// A loop of `length` steps: `body(consts, state, entries)` gives the next
/// state and the results of the step.
///
/// Every sequence of `xs` has `length` entries along its first axis; the body
/// sees one of them. Results are stacked along a new first axis. The body is a
/// trace of its own: what it uses from outside comes in by `consts`.
///
/// # Errors
/// Faults of the body, or a state that changes its shape, become the fault of
/// the trace.
///
/// # Examples
/// ```
/// use wonderland_autodiff::{input, scan, trace};
/// use wonderland_linalg::Tensor;
/// // Horner's rule: s ← s x + aᵢ.
/// let p = trace((input("x", []), input("a", [3])), |_, (x, a)| {
///     let zero = x.scalar(0.0);
///     let (s, _) = scan(3, &[x], &[zero], &[a], |c, s, a| (vec![s[0] * c[0] + a[0]], vec![]));
///     s[0]
/// })?;
/// let a = Tensor::new(&[3], vec![1.0, 2.0, 3.0])?;
/// assert_eq!(p.run_scalar(&(2.0, a))?, 1.0 * 4.0 + 2.0 * 2.0 + 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn scan<'t>(
    length: usize,
    consts: &[Var<'t>],
    init: &[Var<'t>],
    xs: &[Var<'t>],
    body: impl for<'b> FnOnce(&[Var<'b>], &[Var<'b>], &[Var<'b>]) -> (Vec<Var<'b>>, Vec<Var<'b>>),
) -> Scanned<'t> {
    let at = Location::caller();
    let all: Vec<Var<'t>> = consts.iter().chain(init).chain(xs).copied().collect();
    let Some(builder) = all.first().map(|v| v.builder) else { return (vec![], vec![]) };
    let (fixed, carry) = (consts.len() + init.len(), init.len());
    let poisoned = |n: usize| vec![Var::new(Id::MAX, builder); n];
    if all.iter().any(|v| v.is_poison()) {
        return (poisoned(carry), vec![]);
    }
    let shapes: Result<Vec<Shape>, String> = all
        .iter()
        .enumerate()
        .map(|(k, v)| {
            let shape = v.shape();
            match shape.iter().next() {
                _ if k < fixed => Ok(shape),
                Some(n) if n == length => Ok(Shape::new(&shape.dims()[1..])),
                _ => Err(format!("sequence {} must have {length} entries", k - fixed)),
            }
        })
        .collect();
    let ids: Vec<Id> = all.iter().map(|v| v.id).collect();
    let shapes = match shapes {
        Ok(shapes) => shapes,
        Err(rule) => {
            builder.poison("scan", &ids, rule, at);
            return (poisoned(carry), vec![]);
        }
    };
    let inner = Builder::default();
    let outputs = {
        let vars: Vec<Var<'_>> = shapes
            .iter()
            .enumerate()
            .map(|(k, &shape)| {
                let (name, k) = if k < consts.len() {
                    ("c", k)
                } else if k < fixed {
                    ("s", k - consts.len())
                } else {
                    ("x", k - fixed)
                };
                let (name, kind) = (format!("{name}{k}"), Kind::Real);
                Var::new(inner.input(Input { name, shape, kind, active: true }, at), &inner)
            })
            .collect();
        let (states, results) =
            body(&vars[..consts.len()], &vars[consts.len()..fixed], &vars[fixed..]);
        let n = states.len();
        let named = states.iter().chain(&results).enumerate().map(|(k, v)| {
            let name = if k < n { format!("s{k}") } else { format!("y{}", k - n) };
            (name, v.id, kind_of(*v))
        });
        let named: Vec<_> = named.collect();
        if n == carry && named.iter().all(|(_, _, kind)| *kind == Kind::Real) {
            Some(named.into_iter().map(|(name, id, _)| (name, id)).collect())
        } else {
            None
        }
    };
    let Some(outputs) = outputs else {
        let rule = format!("the body must give the {carry} states it was given, all of numbers");
        builder.poison("scan", &ids, rule, at);
        return (poisoned(carry), vec![]);
    };
    let program = match inner.into_program(outputs) {
        Ok(program) => program,
        Err(fault) => {
            builder.fail(fault);
            return (poisoned(carry), vec![]);
        }
    };
    let results = program.outputs.len() - carry;
    let op = ScanOp {
        body: Sub(program.into()),
        length: length as u32,
        consts: consts.len() as u32,
        carry: carry as u32,
        reverse: false,
    };
    let bundle = builder.emit(Op::Scan(Box::new(op)), &ids, at);
    let part = |k: usize| Var::new(builder.emit(Op::Part(k as u32), &[bundle], at), builder);
    ((0..carry).map(part).collect(), (carry..carry + results).map(part).collect())
}

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
        return Var::new(Id::MAX, builder);
    }
    let real = |name: String, shape| Input { name, shape, kind: Kind::Real, active: true };
    let declare = |b: &Builder, names: &str| -> Vec<Id> {
        let each = args.iter().enumerate();
        each.map(|(k, v)| b.input(real(format!("{names}{k}"), v.shape()), at)).collect()
    };
    let traced = || -> Result<(Program, Program), Error> {
        let inner = Builder::default();
        let ids = declare(&inner, "x");
        let y = {
            let vars: Vec<Var<'_>> = ids.iter().map(|&id| Var::new(id, &inner)).collect();
            let y = value(&vars);
            (y.id, y.shape())
        };
        let value = inner.into_program(vec![("y".to_owned(), y.0)])?;
        let inner = Builder::default();
        let ids = declare(&inner, "x");
        let result = inner.input(real("y".to_owned(), y.1), at);
        let dots = declare(&inner, "d");
        let dot = {
            let vars = |ids: &[Id]| ids.iter().map(|&id| Var::new(id, &inner)).collect::<Vec<_>>();
            let dot = rule(&vars(&ids), Var::new(result, &inner), &vars(&dots));
            if !dot.is_poison() && dot.shape() != y.1 {
                let rule = format!("the tangent must have the shape {} of the value", y.1);
                inner.poison("custom", &[dot.id], rule, at);
            }
            dot.id
        };
        let tangent = inner.into_program(vec![("y_dot".to_owned(), dot)])?;
        Ok((value, tangent))
    };
    let (value, tangent) = match traced() {
        Ok(programs) => programs,
        Err(fault) => return Var::new(builder.fail(fault), builder),
    };
    let flags: Vec<bool> = (0..tangent.inputs.len()).map(|k| k > args.len()).collect();
    if let Some(bad) = not_linear(&tangent, &flags) {
        let fault = Error::NotLinear { name: name.to_owned(), at: bad.to_string() };
        return Var::new(builder.fail(fault), builder);
    }
    let op =
        CustomOp { name: name.to_owned(), value: Sub(value.into()), tangent: Sub(tangent.into()) };
    let ids: Vec<Id> = args.iter().map(|v| v.id).collect();
    Var::new(builder.emit(Op::Custom(Box::new(op)), &ids, at), builder)
}

/// The first instruction that uses a linear value otherwise than linearly.
pub(crate) fn not_linear(program: &Program, linear: &[bool]) -> Option<Place> {
    let taint = program.tainted(linear);
    let bad = program.instrs.iter().zip(&taint).find(|(instr, tainted)| {
        let from: Vec<bool> = instr.args.iter().map(|&a| taint[a as usize]).collect();
        **tainted
            && !match &instr.op {
                Op::Input(..)
                | Op::Map(Unary::Scale(_))
                | Op::Sum(_)
                | Op::Broadcast(..)
                | Op::Reshape(_)
                | Op::Permute(_)
                | Op::Slice { .. }
                | Op::Pad { .. }
                | Op::Part(_) => true,
                // A constant added would make it affine.
                Op::Zip(Binary::Add | Binary::Sub) => from[0] && from[1],
                Op::Zip(Binary::Mul) | Op::MatMul { .. } => !(from[0] && from[1]),
                Op::Gather { .. } | Op::Scatter { .. } => !from[1],
                Op::Select => {
                    let zero = |k: usize| match program.instrs[instr.args[k] as usize].op {
                        Op::Const(c, _) => c.get() == 0.0,
                        _ => from[k],
                    };
                    !from[0] && zero(1) && zero(2)
                }
                Op::Scan(_) => true,
                _ => false,
            }
    });
    bad.map(|(instr, _)| instr.at)
}

/// Where result `k` begins when all results lie one after the other.
pub(crate) fn part_offset(op: &ScanOp, k: usize) -> usize {
    (0..k).map(|j| op.part_shape(j).len()).sum()
}

/// Whether argument `k` of the loop is a state.
pub(crate) fn is_state(op: &ScanOp, k: usize) -> bool {
    (op.consts as usize..(op.consts + op.carry) as usize).contains(&k)
}

/// Whether argument `k` of the loop is a sequence.
pub(crate) fn is_sequence(op: &ScanOp, k: usize) -> bool {
    k >= (op.consts + op.carry) as usize
}

/// Whether result `part` of the loop `bundle` is stacked over the steps.
pub(crate) fn is_stacked(g: &Graph, bundle: Id, part: u32) -> bool {
    matches!(&g.instrs[bundle as usize].op, Op::Scan(op) if part >= op.carry)
}

/// The body with its inputs in another order.
fn reorder(program: &Program, order: &[usize]) -> Program {
    let mut g = Graph::default();
    let mut args = vec![0; order.len()];
    for &k in order {
        args[k] = g.input(program.inputs[k].clone(), program.instrs[k].at);
    }
    let ids = inline(&mut g, program, &args, None);
    g.finish(program.outputs.iter().map(|o| o.name.clone()).zip(ids).collect())
}

/// The loop of the derivative: value (or both), and tangent.
pub(crate) fn linearize(
    g: &mut Graph,
    op: &ScanOp,
    args: &[Id],
    dots: &[Option<Id>],
    mode: Mode,
    at: Place,
) -> (Id, Option<Id>) {
    let (consts, carry) = (op.consts as usize, op.carry as usize);
    let active: Vec<bool> = (0..args.len()).map(|k| is_state(op, k) || dots[k].is_some()).collect();
    let mut body = (*op.body.0).clone();
    for (input, &active) in body.inputs.iter_mut().zip(&active) {
        input.active = active && input.kind == Kind::Real;
    }
    let joint = linearize_program(&body, mode).program;
    let results = body.outputs.len() - carry;
    // Tangent inputs of the joint body stand after its own, in order.
    let dotted: Vec<usize> = (0..args.len()).filter(|&k| active[k]).collect();
    let place = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        let each = dotted.iter().enumerate().filter(|&(_, &k)| wanted(k));
        each.map(|(j, _)| args.len() + j).collect()
    };
    let [dc, ds, dx] =
        [place(&|k| k < consts), place(&|k| is_state(op, k)), place(&|k| is_sequence(op, k))];
    let tangent_of = |g: &mut Graph, j: usize| {
        let k = dotted[j - args.len()];
        let shape = g.shape(args[k]);
        dots[k].unwrap_or_else(|| g.constant(0.0, shape, at))
    };
    let own = |range: std::ops::Range<usize>| range.collect::<Vec<usize>>();
    let fixed = consts + carry;
    match mode {
        Mode::Forward => {
            let order =
                [own(0..consts), dc.clone(), own(consts..fixed), ds, own(fixed..args.len()), dx]
                    .concat();
            let ids: Vec<Id> = order
                .iter()
                .map(|&j| if j < args.len() { args[j] } else { tangent_of(g, j) })
                .collect();
            let mut body = reorder(&joint, &order);
            // States and their tangents, then results and theirs.
            let outputs = std::mem::take(&mut body.outputs);
            let (values, tangents) = outputs.split_at(carry + results);
            body.outputs =
                [&values[..carry], &tangents[..carry], &values[carry..], &tangents[carry..]]
                    .concat();
            let fused = ScanOp {
                body: Sub(body.into()),
                consts: (consts + dc.len()) as u32,
                carry: 2 * op.carry,
                ..op.clone()
            };
            let bundle = g.emit(Op::Scan(Box::new(fused)), &ids, at);
            (bundle, Some(bundle))
        }
        Mode::Split => {
            // The loop itself, which now also gives the state before each step.
            let mut body = (*op.body.0).clone();
            for k in consts..fixed {
                let name = format!("{}_before", body.inputs[k].name);
                body.outputs.push(Output { name, id: k as Id });
            }
            let value = ScanOp { body: Sub(body.into()), ..op.clone() };
            let value = g.emit(Op::Scan(Box::new(value)), args, at);
            let befores: Vec<Id> = (0..carry)
                .map(|k| g.emit(Op::Part((carry + results + k) as u32), &[value], at))
                .collect();
            let order =
                [own(0..consts), dc.clone(), ds, own(consts..fixed), own(fixed..args.len()), dx]
                    .concat();
            let ids: Vec<Id> = order
                .iter()
                .map(|&j| match j {
                    j if j >= args.len() => tangent_of(g, j),
                    j if is_state(op, j) => befores[j - consts],
                    j => args[j],
                })
                .collect();
            let mut body = reorder(&joint, &order);
            body.outputs.drain(..carry + results);
            let linear = ScanOp {
                body: Sub(body.without_dead().into()),
                consts: (consts + dc.len()) as u32,
                ..op.clone()
            };
            (value, Some(g.emit(Op::Scan(Box::new(linear)), &ids, at)))
        }
    }
}

/// Result `part` of a differentiated loop, and its tangent; `op` is the loop
/// before.
pub(crate) fn linear_parts(
    g: &mut Graph,
    op: &ScanOp,
    part: u32,
    value: Id,
    tangent: Option<Id>,
    mode: Mode,
    at: Place,
) -> (Id, Option<Id>) {
    let Some(tangent) = tangent else {
        return (g.emit(Op::Part(part), &[value], at), None);
    };
    let results = op.body.0.outputs.len() as u32 - op.carry;
    let (own, dot) = match mode {
        Mode::Split => (part, part),
        Mode::Forward if part < op.carry => (part, op.carry + part),
        Mode::Forward => (op.carry + part, op.carry + results + part),
    };
    let dot = g.emit(Op::Part(dot), &[tangent], at);
    (g.emit(Op::Part(own), &[value], at), Some(dot))
}

/// What the transposed program knows of the arguments of a linear loop.
pub(crate) struct Linearity<'a> {
    pub(crate) args: &'a [Id],
    /// By instruction of the old program.
    pub(crate) taint: &'a [bool],
    /// From instructions of the old program to the new, where not linear.
    pub(crate) map: &'a [Id],
}

/// The transpose of a linear loop, given adjoints of its parts: adjoints of
/// its linear arguments.
pub(crate) fn transpose(
    g: &mut Graph,
    op: &ScanOp,
    given: &Linearity<'_>,
    parts: &[Option<Id>],
    at: Place,
) -> Vec<(Id, Id)> {
    let carry = op.carry as usize;
    let linear: Vec<bool> = (0..given.args.len())
        .map(|k| is_state(op, k) || given.taint[given.args[k] as usize])
        .collect();
    let dual = transpose_program(&op.body.0, &linear, 0);
    let pick = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..linear.len()).filter(|&k| wanted(k)).collect()
    };
    let consts = op.consts as usize;
    let given_consts = pick(&|k| k < consts && !linear[k]);
    let linear_consts = pick(&|k| k < consts && linear[k]);
    let given_xs = pick(&|k| is_sequence(op, k) && !linear[k]);
    let linear_xs = pick(&|k| is_sequence(op, k) && linear[k]);
    let results = op.body.0.outputs.len() - carry;

    // The body of the transpose carries adjoints of the state and the sums for
    // the constants.
    let mut inner = Graph::default();
    let mut args = vec![0; dual.inputs.len()];
    let n_given = given_consts.len() + given_xs.len();
    let copy = |inner: &mut Graph, k: usize| inner.input(dual.inputs[k].clone(), at);
    for (k, slot) in args.iter_mut().enumerate().take(given_consts.len()) {
        *slot = copy(&mut inner, k);
    }
    for (k, slot) in args.iter_mut().enumerate().skip(n_given).take(carry) {
        *slot = copy(&mut inner, k);
    }
    let sums: Vec<Id> = linear_consts
        .iter()
        .map(|&k| {
            let shape = op.body.0.inputs[k].shape;
            let name = format!("{}_sum", op.body.0.inputs[k].name);
            inner.input(Input { name, shape, kind: Kind::Real, active: false }, at)
        })
        .collect();
    for k in (given_consts.len()..n_given).chain(n_given + carry..dual.inputs.len()) {
        args[k] = copy(&mut inner, k);
    }
    let bars = inline(&mut inner, &dual, &args, None);
    // Adjoints of linear inputs come in the order constants, states, sequences.
    let (of_consts, rest) = bars.split_at(linear_consts.len());
    let (of_states, of_xs) = rest.split_at(carry);
    let added: Vec<Id> =
        sums.iter().zip(of_consts).map(|(&s, &bar)| inner.add(s, bar, at)).collect();
    let outputs = of_states.iter().chain(&added).chain(of_xs);
    let outputs = outputs.enumerate().map(|(k, &id)| (format!("a{k}"), id)).collect();
    let body = inner.finish(outputs);

    let stacked = |k: usize| op.part_shape(k);
    let mut ids: Vec<Id> =
        given_consts.iter().map(|&k| given.map[given.args[k] as usize]).collect();
    let part = |g: &mut Graph, k: usize| {
        let bar = parts.get(k).copied().flatten();
        bar.unwrap_or_else(|| g.constant(0.0, stacked(k), at))
    };
    for k in 0..carry {
        ids.push(part(g, k));
    }
    for &k in &linear_consts {
        ids.push(g.constant(0.0, op.body.0.inputs[k].shape, at));
    }
    ids.extend(given_xs.iter().map(|&k| given.map[given.args[k] as usize]));
    for k in carry..carry + results {
        ids.push(part(g, k));
    }
    let dual = ScanOp {
        body: Sub(body.into()),
        length: op.length,
        consts: given_consts.len() as u32,
        carry: (carry + linear_consts.len()) as u32,
        reverse: !op.reverse,
    };
    let bundle = g.emit(Op::Scan(Box::new(dual)), &ids, at);
    let states = (0..carry).map(|k| consts + k).filter(|&k| given.taint[given.args[k] as usize]);
    let from_states: Vec<(usize, usize)> = states.map(|k| (k, k - consts)).collect();
    let from_consts = linear_consts.iter().enumerate().map(|(j, &k)| (k, carry + j));
    let offset = carry + linear_consts.len();
    let from_xs = linear_xs.iter().enumerate().map(|(j, &k)| (k, offset + j));
    let all: Vec<(usize, usize)> =
        from_states.into_iter().chain(from_consts).chain(from_xs).collect();
    all.into_iter()
        .map(|(k, part)| (given.args[k], g.emit(Op::Part(part as u32), &[bundle], at)))
        .collect()
}
