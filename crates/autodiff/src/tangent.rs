//! The tangent of every operation (notes §6.2): ẏ from the arguments, the
//! result and the tangents ẋ.
//!
//! Rules use the *result* where they can (tanh' = 1 − y²), so that what the
//! derivative reads is a value that exists anyway. A tangent that is zero is
//! absent, never computed.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::error::Place;
use crate::functions::{Along, Binary, Unary};
use crate::graph::Graph;
use crate::ids::Ids;
use crate::linearize::inline;
use crate::op::{CustomOp, Number, Op};
use crate::program::Id;
use crate::shape::{Axes, Shape};

/// An operation in the program that is being written.
pub(crate) struct Operation<'a> {
    pub(crate) op: &'a Op,
    pub(crate) args: &'a [Id],
    /// Its value.
    pub(crate) y: Id,
    pub(crate) at: Place,
}

/// The tangent of an operation, where `dots` are the tangents of its
/// arguments, at least one of them present.
pub(crate) fn tangent(g: &mut Graph, of: &Operation<'_>, dots: &[Option<Id>]) -> Option<Id> {
    let Operation { op, args, y, at } = *of;
    match op {
        // Linear in all real arguments; an index keeps its place.
        Op::Sum(_)
        | Op::Broadcast(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Gather { .. }
        | Op::Scatter { .. } => dots[0].map(|d| {
            let all: Ids = [d].into_iter().chain(args[1..].iter().copied()).collect();
            g.emit(op, &all, at)
        }),
        Op::Select => of_select(g, of, dots),
        Op::MatMul { .. } => linear_in_each(g, of, dots),
        Op::Map(f) => dots[0].and_then(|d| of_map(&mut Emit { g, at }, *f, args[0], y, d)),
        Op::Zip(f) => of_zip(g, *f, of, dots),
        Op::Along(f, axis) => dots[0].map(|d| of_along(g, *f, *axis, of, d)),
        Op::Segment => dots[0],
        Op::Custom(custom) => Some(of_custom(g, custom, of, dots)),
        Op::Input(..)
        | Op::Const(..)
        | Op::Iota(_)
        | Op::ArgMax(_)
        | Op::OneHot(_)
        | Op::StopGradient => None,
        Op::Scan(_) | Op::Rewind(_) | Op::Part(_) => unreachable!("loops have their own rule"),
    }
}

/// Emits at one place.
struct Emit<'g> {
    g: &'g mut Graph,
    at: Place,
}

impl Emit<'_> {
    fn map(&mut self, f: Unary, x: Id) -> Id {
        self.g.map(f, x, self.at)
    }
    fn mul(&mut self, a: Id, b: Id) -> Id {
        self.g.mul(a, b, self.at)
    }
    fn scale(&mut self, c: f64, x: Id) -> Id {
        self.g.scale(c, x, self.at)
    }
    fn plus(&mut self, x: Id, c: f64) -> Id {
        let c = self.g.constant(c, Shape::SCALAR, self.at);
        self.g.add(x, c, self.at)
    }
    fn one_minus(&mut self, x: Id) -> Id {
        let one = self.g.constant(1.0, Shape::SCALAR, self.at);
        self.g.zip(Binary::Sub, one, x, self.at)
    }
    /// c e^(−x²).
    fn bell(&mut self, x: Id, c: f64) -> Id {
        let square = self.mul(x, x);
        let square = self.scale(-1.0, square);
        let bell = self.map(Unary::Exp, square);
        self.scale(c, bell)
    }
    /// The tangent where the mask holds, 0 elsewhere: a choice, not a product,
    /// so that an infinite tangent is not multiplied by 0.
    fn choose(&mut self, mask: Id, d: Id) -> Id {
        let zero = self.g.constant(0.0, Shape::SCALAR, self.at);
        self.g.emit(&Op::Select, &[mask, d, zero], self.at)
    }
}

/// ẏ = f'(x) ẋ, with y = f(x).
fn of_map(e: &mut Emit<'_>, f: Unary, x: Id, y: Id, d: Id) -> Option<Id> {
    let slope = match f {
        Unary::Scale(_) => return Some(e.map(f, d)),
        Unary::Sign => return None,
        Unary::Relu => {
            let zero = e.g.constant(0.0, Shape::SCALAR, e.at);
            let mask = e.g.zip(Binary::Gt, y, zero, e.at);
            return Some(e.choose(mask, d));
        }
        Unary::Exp => y,
        // Not y + 1, which is rounded to nothing far below 0.
        Unary::Expm1 => e.map(Unary::Exp, x),
        Unary::Ln => e.map(Unary::Recip, x),
        Unary::Ln1p => {
            let u = e.plus(x, 1.0);
            e.map(Unary::Recip, u)
        }
        Unary::Sqrt => {
            let r = e.map(Unary::Recip, y);
            e.scale(0.5, r)
        }
        Unary::Rsqrt => {
            let cube = e.map(Unary::Powi(3), y);
            e.scale(-0.5, cube)
        }
        Unary::Recip => {
            let square = e.mul(y, y);
            e.scale(-1.0, square)
        }
        Unary::Tanh => {
            let square = e.mul(y, y);
            e.one_minus(square)
        }
        Unary::Sigmoid => {
            let rest = e.one_minus(y);
            e.mul(y, rest)
        }
        Unary::Softplus => e.map(Unary::Sigmoid, x),
        Unary::Erf => e.bell(x, FRAC_2_SQRT_PI),
        Unary::Erfc => e.bell(x, -FRAC_2_SQRT_PI),
        Unary::Sin => e.map(Unary::Cos, x),
        Unary::Cos => {
            let sin = e.map(Unary::Sin, x);
            e.scale(-1.0, sin)
        }
        Unary::Atan => {
            let square = e.mul(x, x);
            let below = e.plus(square, 1.0);
            e.map(Unary::Recip, below)
        }
        Unary::Abs => e.map(Unary::Sign, x),
        Unary::Powi(n) => {
            let power = e.map(Unary::Powi(n - 1), x);
            e.scale(f64::from(n), power)
        }
        Unary::Powf(p) => {
            let power = e.map(Unary::Powf(Number::new(p.get() - 1.0)), x);
            e.scale(p.get(), power)
        }
    };
    Some(e.mul(d, slope))
}

fn of_zip(g: &mut Graph, f: Binary, of: &Operation<'_>, dots: &[Option<Id>]) -> Option<Id> {
    let Operation { args, y, at, .. } = *of;
    let shape = g.shape(y);
    match f {
        Binary::Add => sum(g, dots[0], dots[1], at).map(|d| g.stretch(d, shape, at)),
        Binary::Sub => difference(g, dots[0], dots[1], at).map(|d| g.stretch(d, shape, at)),
        Binary::Mul => linear_in_each(g, of, dots),
        // d(a/b) = (da − y db) / b.
        Binary::Div => {
            let right = dots[1].map(|d| g.mul(d, y, at));
            let above = difference(g, dots[0], right, at);
            above.map(|d| g.zip(Binary::Div, d, args[1], at)).map(|d| g.stretch(d, shape, at))
        }
        Binary::Max => Some(of_extreme(g, args, [dots[0], dots[1]], shape, at)),
        Binary::Min => Some(of_extreme(g, &[args[1], args[0]], [dots[0], dots[1]], shape, at)),
        Binary::Gt | Binary::Ge | Binary::Equal => None,
    }
}

/// The tangent a where p > q, b where p < q, half of each where equal.
fn of_extreme(g: &mut Graph, pq: &[Id], [a, b]: [Option<Id>; 2], shape: Shape, at: Place) -> Id {
    let mut full = |d: Option<Id>| match d {
        Some(d) => g.stretch(d, shape, at),
        None => g.constant(0.0, shape, at),
    };
    let (a, b) = (full(a), full(b));
    let above = g.zip(Binary::Gt, pq[0], pq[1], at);
    let level = g.zip(Binary::Equal, pq[0], pq[1], at);
    let both = g.add(a, b, at);
    let both = g.scale(0.5, both, at);
    let rest = g.emit(&Op::Select, &[level, both, b], at);
    g.emit(&Op::Select, &[above, a, rest], at)
}

fn of_along(g: &mut Graph, f: Along, axis: u8, of: &Operation<'_>, d: Id) -> Id {
    let Operation { args, y, at, .. } = *of;
    let (x, axes) = (g.shape(args[0]), Axes::of([usize::from(axis)]));
    let sum = Op::Sum(axes);
    match f {
        // Entries that tie share the derivative.
        Along::Max => {
            let top = g.along(y, axis, x, at);
            let mask = g.zip(Binary::Equal, args[0], top, at);
            let count = g.emit(&sum, &[mask], at);
            let share = g.map(Unary::Recip, count, at);
            let d = Emit { g, at }.choose(mask, d);
            let d = g.emit(&sum, &[d], at);
            g.mul(d, share, at)
        }
        // d lse = ⟨softmax(x), dx⟩.
        Along::LogSumExp => {
            let p = g.emit(&Op::Along(Along::Softmax, axis), args, at);
            let d = g.mul(d, p, at);
            g.emit(&sum, &[d], at)
        }
        // dp = p ∘ (dx − ⟨p, dx⟩) = p∘dx − p ⟨p, dx⟩.
        Along::Softmax => {
            let weighted = g.mul(d, y, at);
            let total = g.emit(&sum, &[weighted], at);
            let total = g.along(total, axis, x, at);
            let total = g.mul(total, y, at);
            g.zip(Binary::Sub, weighted, total, at)
        }
    }
}

fn of_select(g: &mut Graph, of: &Operation<'_>, dots: &[Option<Id>]) -> Option<Id> {
    let Operation { args, y, at, .. } = *of;
    if dots[1].is_none() && dots[2].is_none() {
        return None;
    }
    let shape = g.shape(y);
    let mut select = |zero: Shape| {
        let zero = g.constant(0.0, zero, at);
        g.try_emit(&Op::Select, &[args[0], dots[1].unwrap_or(zero), dots[2].unwrap_or(zero)], at)
    };
    // The full shape may have come from the branch without a tangent.
    let selected = select(Shape::SCALAR).or_else(|_| select(shape));
    let selected = selected.expect("a branch of the full shape fits");
    Some(g.stretch(selected, shape, at))
}

fn of_custom(g: &mut Graph, custom: &CustomOp, of: &Operation<'_>, dots: &[Option<Id>]) -> Id {
    let mut given = of.args.to_vec();
    given.push(of.y);
    for (&arg, dot) in of.args.iter().zip(dots) {
        let shape = g.shape(arg);
        given.push(dot.unwrap_or_else(|| g.constant(0.0, shape, of.at)));
    }
    inline(g, &custom.tangent.0, &given, Some(of.at))[0]
}

/// A product: linear in each of its two arguments.
fn linear_in_each(g: &mut Graph, of: &Operation<'_>, dots: &[Option<Id>]) -> Option<Id> {
    let Operation { op, args, at, .. } = *of;
    let left = dots[0].map(|d| g.emit(op, &[d, args[1]], at));
    let right = dots[1].map(|d| g.emit(op, &[args[0], d], at));
    sum(g, left, right, at)
}

fn sum(g: &mut Graph, a: Option<Id>, b: Option<Id>, at: Place) -> Option<Id> {
    match (a, b) {
        (Some(a), Some(b)) => Some(g.add(a, b, at)),
        (a, b) => a.or(b),
    }
}

fn difference(g: &mut Graph, a: Option<Id>, b: Option<Id>, at: Place) -> Option<Id> {
    match (a, b) {
        (Some(a), Some(b)) => Some(g.zip(Binary::Sub, a, b, at)),
        (a, b) => a.or_else(|| b.map(|b| g.scale(-1.0, b, at))),
    }
}
