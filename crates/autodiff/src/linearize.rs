//! Forward mode as a transformation (notes §6.2): the tangent of every
//! operation, written beside its value in one program.
//!
//! All derivatives start here. What depends on a tangent is linear; everything
//! else is the program itself or a residual it leaves for the derivative.
//! Rules use the *result* of an operation where they can (tanh' = 1 − y²), so
//! that the residual is a value that exists anyway. A tangent that is zero is
//! absent, never computed.

use crate::error::Place;
use crate::graph::Graph;
use crate::op::{Cmp, Kind, Op};
use crate::program::{Id, Input, Instr, Output, Program};
use crate::scan;
use crate::shape::{Axes, Shape};

/// How loops are differentiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Value and tangent step together: constant memory.
    Forward,
    /// Values first, leaving the states of all steps; then a loop that is
    /// linear in the tangents and can be transposed.
    Split,
}

/// A program of which the last inputs enter linearly: outputs are first
/// values, then linear functions of those inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) program: Program,
    /// Number of inputs that are not linear; they come first.
    pub(crate) given: usize,
    /// Number of outputs that are not linear; they come first.
    pub(crate) values: usize,
}

impl Linear {
    /// Which inputs are linear.
    pub(crate) fn inputs(&self) -> Vec<bool> {
        (0..self.program.inputs.len()).map(|k| k >= self.given).collect()
    }
}

/// Values and tangents: inputs are those of the program, then a tangent for
/// each active one; outputs are those of the program, then the tangent of each
/// real one.
pub(crate) fn linearize(program: &Program, mode: Mode) -> Linear {
    let mut g = Graph::default();
    let mut tangents: Vec<Option<Id>> = vec![None; program.instrs.len()];
    for (input, instr) in program.inputs.iter().zip(&program.instrs) {
        g.input(input.clone(), instr.at);
    }
    for (k, input) in program.inputs.iter().enumerate().filter(|(_, i)| i.active) {
        let name = fresh(&g.inputs, &format!("{}_dot", input.name));
        let dot = Input { name, shape: input.shape, kind: Kind::Real, active: false };
        tangents[k] = Some(g.input(dot, program.instrs[k].at));
    }
    let mut map: Vec<Id> = (0..program.inputs.len() as Id).collect();
    for instr in &program.instrs[program.inputs.len()..] {
        let k = map.len();
        let args: Vec<Id> = instr.args.iter().map(|&a| map[a as usize]).collect();
        let dots: Vec<Option<Id>> = instr.args.iter().map(|&a| tangents[a as usize]).collect();
        let (value, tangent) = if dots.iter().all(Option::is_none) {
            (g.emit(instr.op.clone(), &args, instr.at), None)
        } else {
            match &instr.op {
                Op::Scan(op) => scan::linearize(&mut g, op, &args, &dots, mode, instr.at),
                Op::Part(part) => {
                    let Op::Scan(op) = &program.instrs[instr.args[0] as usize].op else {
                        unreachable!("parts are taken of loops")
                    };
                    scan::linear_parts(&mut g, op, *part, args[0], dots[0], mode, instr.at)
                }
                op => {
                    let y = g.emit(op.clone(), &args, instr.at);
                    (y, tangent(&mut g, instr, &args, y, &dots))
                }
            }
        };
        map.push(value);
        tangents[k] = tangent;
    }
    let mut outputs: Vec<(String, Id)> =
        program.outputs.iter().map(|o| (o.name.clone(), map[o.id as usize])).collect();
    for output in &program.outputs {
        let instr = &program.instrs[output.id as usize];
        if instr.op.kind() == Kind::Real {
            let zero = |g: &mut Graph| g.constant(0.0, instr.shape, instr.at);
            let dot = tangents[output.id as usize].unwrap_or_else(|| zero(&mut g));
            outputs.push((format!("{}_dot", output.name), dot));
        }
    }
    let (given, values) = (program.inputs.len(), program.outputs.len());
    Linear { program: g.finish(outputs), given, values }
}

/// A name no input has yet.
pub(crate) fn fresh(inputs: &[Input], base: &str) -> String {
    let taken = |name: &str| inputs.iter().any(|i| i.name == name);
    if !taken(base) {
        return base.to_owned();
    }
    (2..).map(|k| format!("{base}{k}")).find(|n| !taken(n)).unwrap_or_default()
}

/// Emits the instructions of a program on the given arguments; its outputs.
pub(crate) fn inline(g: &mut Graph, program: &Program, args: &[Id], at: Option<Place>) -> Vec<Id> {
    let mut map = args.to_vec();
    for instr in &program.instrs[program.inputs.len()..] {
        let args: Vec<Id> = instr.args.iter().map(|&a| map[a as usize]).collect();
        map.push(g.emit(instr.op.clone(), &args, at.unwrap_or(instr.at)));
    }
    program.outputs.iter().map(|Output { id, .. }| map[*id as usize]).collect()
}

/// The tangent of one operation with value `y`, where `dots` are the tangents
/// of its arguments, at least one of them present.
fn tangent(g: &mut Graph, instr: &Instr, args: &[Id], y: Id, dots: &[Option<Id>]) -> Option<Id> {
    let (at, shape) = (instr.at, instr.shape);
    match &instr.op {
        // Linear in all real arguments.
        Op::Add => match (dots[0], dots[1]) {
            (Some(a), Some(b)) => Some(g.add(a, b, at)),
            (a, b) => a.or(b).map(|d| g.stretch(d, shape, at)),
        },
        Op::Select => {
            let zero = g.constant(0.0, Shape::SCALAR, at);
            if dots[1].is_none() && dots[2].is_none() {
                return None;
            }
            let branches = [dots[1].unwrap_or(zero), dots[2].unwrap_or(zero)];
            let selected = g.try_emit(Op::Select, &[args[0], branches[0], branches[1]], at);
            // The full shape may have come from the branch without a tangent.
            let selected = selected.unwrap_or_else(|_| {
                let full = g.constant(0.0, shape, at);
                let branches = [dots[1].unwrap_or(full), dots[2].unwrap_or(full)];
                g.emit(Op::Select, &[args[0], branches[0], branches[1]], at)
            });
            Some(g.stretch(selected, shape, at))
        }
        Op::Gather { .. } | Op::Scatter { .. } => {
            dots[0].map(|d| g.emit(instr.op.clone(), &[d, args[1]], at))
        }
        Op::Scale(_)
        | Op::Sum(_)
        | Op::Broadcast(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Slice { .. }
        | Op::Pad { .. } => dots[0].map(|d| g.emit(instr.op.clone(), &[d], at)),
        // Linear in each argument.
        Op::Mul | Op::MatMul { .. } => {
            let left = dots[0].map(|d| g.emit(instr.op.clone(), &[d, args[1]], at));
            let right = dots[1].map(|d| g.emit(instr.op.clone(), &[args[0], d], at));
            sum(g, left, right, at)
        }
        // d(a/b) = (da − y db) / b.
        Op::Div => {
            let r = g.emit(Op::Recip, &[args[1]], at);
            let left = dots[0].map(|d| g.mul(d, r, at)).map(|d| g.stretch(d, shape, at));
            let right = dots[1].map(|d| {
                let slope = g.mul(y, r, at);
                let slope = g.scale(-1.0, slope, at);
                g.mul(d, slope, at)
            });
            sum(g, left, right, at)
        }
        Op::Max => Some(extreme(g, (args[0], dots[0]), (args[1], dots[1]), shape, at)),
        Op::Min => Some(extreme(g, (args[1], dots[0]), (args[0], dots[1]), shape, at)),
        // Functions of one argument: dy = f'(x) dx.
        Op::Exp => chain(g, dots, y, at),
        Op::Expm1 => {
            let slope = plus(g, y, 1.0, at);
            chain(g, dots, slope, at)
        }
        Op::Log => {
            let slope = g.emit(Op::Recip, &[args[0]], at);
            chain(g, dots, slope, at)
        }
        Op::Log1p => {
            let x = plus(g, args[0], 1.0, at);
            let slope = g.emit(Op::Recip, &[x], at);
            chain(g, dots, slope, at)
        }
        Op::Sqrt => {
            let r = g.emit(Op::Recip, &[y], at);
            let slope = g.scale(0.5, r, at);
            chain(g, dots, slope, at)
        }
        Op::Rsqrt => {
            let cube = g.emit(Op::Powi(3), &[y], at);
            let slope = g.scale(-0.5, cube, at);
            chain(g, dots, slope, at)
        }
        Op::Recip => {
            let square = g.mul(y, y, at);
            let slope = g.scale(-1.0, square, at);
            chain(g, dots, slope, at)
        }
        Op::Tanh => {
            let square = g.mul(y, y, at);
            let slope = one_minus(g, square, at);
            chain(g, dots, slope, at)
        }
        Op::Sigmoid => {
            let rest = one_minus(g, y, at);
            let slope = g.mul(y, rest, at);
            chain(g, dots, slope, at)
        }
        Op::Softplus => {
            let slope = g.emit(Op::Sigmoid, args, at);
            chain(g, dots, slope, at)
        }
        Op::Erf | Op::Erfc => {
            let square = g.mul(args[0], args[0], at);
            let square = g.scale(-1.0, square, at);
            let bell = g.emit(Op::Exp, &[square], at);
            let sign = if instr.op == Op::Erf { 1.0 } else { -1.0 };
            let slope = g.scale(sign * std::f64::consts::FRAC_2_SQRT_PI, bell, at);
            chain(g, dots, slope, at)
        }
        Op::Sin => {
            let slope = g.emit(Op::Cos, args, at);
            chain(g, dots, slope, at)
        }
        Op::Cos => {
            let sin = g.emit(Op::Sin, args, at);
            let slope = g.scale(-1.0, sin, at);
            chain(g, dots, slope, at)
        }
        Op::Atan => {
            let square = g.mul(args[0], args[0], at);
            let below = plus(g, square, 1.0, at);
            let slope = g.emit(Op::Recip, &[below], at);
            chain(g, dots, slope, at)
        }
        Op::Abs => {
            let slope = g.emit(Op::Sign, args, at);
            chain(g, dots, slope, at)
        }
        Op::Powi(n) => {
            let power = g.emit(Op::Powi(n - 1), args, at);
            let slope = g.scale(f64::from(*n), power, at);
            chain(g, dots, slope, at)
        }
        Op::Powc(p) => {
            let power = g.emit(Op::Powc(crate::op::Number::new(p.get() - 1.0)), args, at);
            let slope = g.scale(p.get(), power, at);
            chain(g, dots, slope, at)
        }
        // A choice, not a product: an infinite tangent is not multiplied by 0.
        Op::Relu => {
            let zero = g.constant(0.0, Shape::SCALAR, at);
            let mask = g.emit(Op::Compare(Cmp::Gt), &[y, zero], at);
            dots[0].map(|d| g.emit(Op::Select, &[mask, d, zero], at))
        }
        // Entries that tie share the derivative.
        Op::MaxAxis(axis) => {
            let x = g.shape(args[0]);
            let top = g.along(y, *axis, x, at);
            let mask = g.emit(Op::Compare(Cmp::Eq), &[args[0], top], at);
            let axes = Axes::of([usize::from(*axis)]);
            let count = g.emit(Op::Sum(axes), &[mask], at);
            let share = g.emit(Op::Recip, &[count], at);
            let zero = g.constant(0.0, Shape::SCALAR, at);
            let d = dots[0].map(|d| g.emit(Op::Select, &[mask, d, zero], at));
            let d = d.map(|d| g.emit(Op::Sum(axes), &[d], at));
            d.map(|d| g.mul(d, share, at))
        }
        // d lse = ⟨softmax(x), dx⟩.
        Op::LogSumExp(axis) => {
            let p = g.emit(Op::Softmax(*axis), args, at);
            let d = dots[0].map(|d| g.mul(d, p, at));
            d.map(|d| g.emit(Op::Sum(Axes::of([usize::from(*axis)])), &[d], at))
        }
        // dp = p ∘ (dx − ⟨p, dx⟩) = p∘dx − p ⟨p, dx⟩.
        Op::Softmax(axis) => dots[0].map(|d| {
            let weighted = g.mul(d, y, at);
            let total = g.emit(Op::Sum(Axes::of([usize::from(*axis)])), &[weighted], at);
            let total = g.along(total, *axis, shape, at);
            let total = g.mul(total, y, at);
            let total = g.scale(-1.0, total, at);
            g.add(weighted, total, at)
        }),
        Op::Custom(custom) => {
            let mut given = args.to_vec();
            given.push(y);
            for (&arg, dot) in args.iter().zip(dots) {
                let shape = g.shape(arg);
                given.push(dot.unwrap_or_else(|| g.constant(0.0, shape, at)));
            }
            Some(inline(g, &custom.tangent.0, &given, Some(at))[0])
        }
        Op::Input(..)
        | Op::Const(..)
        | Op::Iota(_)
        | Op::Compare(_)
        | Op::Sign
        | Op::ArgMax(_)
        | Op::OneHot(_)
        | Op::StopGradient => None,
        Op::Scan(_) | Op::Rewind(_) | Op::Part(_) => unreachable!("loops have their own rule"),
    }
}

fn sum(g: &mut Graph, a: Option<Id>, b: Option<Id>, at: Place) -> Option<Id> {
    match (a, b) {
        (Some(a), Some(b)) => Some(g.add(a, b, at)),
        (a, b) => a.or(b),
    }
}

fn chain(g: &mut Graph, dots: &[Option<Id>], slope: Id, at: Place) -> Option<Id> {
    dots[0].map(|d| g.mul(d, slope, at))
}

fn plus(g: &mut Graph, x: Id, c: f64, at: Place) -> Id {
    let c = g.constant(c, Shape::SCALAR, at);
    g.add(x, c, at)
}

fn one_minus(g: &mut Graph, x: Id, at: Place) -> Id {
    let x = g.scale(-1.0, x, at);
    plus(g, x, 1.0, at)
}

/// The tangent of a where p > q, of b where p < q, half of each where equal.
fn extreme(
    g: &mut Graph,
    (p, a): (Id, Option<Id>),
    (q, b): (Id, Option<Id>),
    shape: Shape,
    at: Place,
) -> Id {
    let mut full = |d: Option<Id>| match d {
        Some(d) => g.stretch(d, shape, at),
        None => g.constant(0.0, shape, at),
    };
    let (a, b) = (full(a), full(b));
    let above = g.emit(Op::Compare(Cmp::Gt), &[p, q], at);
    let level = g.emit(Op::Compare(Cmp::Eq), &[p, q], at);
    let both = g.add(a, b, at);
    let both = g.scale(0.5, both, at);
    let rest = g.emit(Op::Select, &[level, both, b], at);
    g.emit(Op::Select, &[above, a, rest], at)
}
