//! The closed set of operations, and one table each for names, shapes and costs.
//!
//! Every table matches the enum exhaustively, so that an operation without a
//! rule does not compile. The thirteen linear operations (first block) have
//! transposes and batching rules; all others have tangent rules only.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::program::Program;
use crate::shape::{Axes, MAX_RANK, Shape};

/// A constant number, equal and hashed by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl Number {
    /// The number `x`.
    pub(crate) fn new(x: f64) -> Self {
        Self(x.to_bits())
    }

    /// Its value.
    pub(crate) fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.get())
    }
}

/// A program inside an operation, equal when its instructions are.
#[derive(Clone, Debug)]
pub(crate) struct Sub(pub(crate) Arc<Program>);

impl PartialEq for Sub {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
impl Eq for Sub {}
impl Hash for Sub {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.instrs.len().hash(state);
        self.0.outputs.len().hash(state);
    }
}

/// What kind of value an operation gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Real numbers.
    Real,
    /// Row numbers (u32), never differentiated.
    Index,
    /// Several results of one loop, told apart by their number.
    Bundle,
}

/// Which comparison a mask holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cmp {
    /// a > b.
    Gt,
    /// a ≥ b.
    Ge,
    /// a = b.
    Eq,
}

/// Layout of the arguments of a loop: how many are constants, carried state and
/// sequences, in that order; the body takes the same list with one entry of
/// each sequence and gives the new state, then one entry of each result.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ScanOp {
    pub(crate) body: Sub,
    pub(crate) length: u32,
    pub(crate) consts: u32,
    pub(crate) carry: u32,
    pub(crate) reverse: bool,
}

/// A reverse loop that makes the states of its forward loop again from a few
/// kept ones. Arguments are those of the reverse loop, then those of the
/// forward loop; plans make it, programs never hold it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RewindOp {
    pub(crate) back: ScanOp,
    pub(crate) forward: ScanOp,
    /// For each argument of the reverse loop, which state it is the history of.
    pub(crate) history: Vec<Option<u32>>,
    pub(crate) slots: u32,
}

/// A user's operation: its value, and its tangent as a program over arguments,
/// result and tangents of the arguments.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CustomOp {
    pub(crate) name: String,
    pub(crate) value: Sub,
    pub(crate) tangent: Sub,
}

/// An operation of a program.
///
/// Elementwise operations of two arguments stretch the smaller one: aligned at
/// the last axis, its sizes must be equal or 1, and the other argument must
/// already have the shape of the result.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Op {
    /// The k-th input of the program.
    Input(u32, Kind),
    /// A tensor filled with one number.
    Const(Number, Shape),
    /// 0, 1, …, n − 1 as indices.
    Iota(u32),

    // Linear operations.
    /// a + b.
    Add,
    /// c · a for a constant c.
    Scale(Number),
    /// a ∘ b, linear in each.
    Mul,
    /// op(A) op(B), where op transposes on request; leading axes are batches.
    MatMul {
        /// Transpose the first.
        ta: bool,
        /// Transpose the second.
        tb: bool,
    },
    /// Sum over some axes, which disappear.
    Sum(Axes),
    /// Repetition along new axes of the given full shape.
    Broadcast(Axes, Shape),
    /// The same elements under another shape.
    Reshape(Shape),
    /// Axis k of the result is axis `perm[k]` of the argument.
    Permute([u8; MAX_RANK]),
    /// The box of the given shape that begins at `start`.
    Slice {
        /// First index along each axis.
        start: Shape,
        /// Shape of the box.
        shape: Shape,
    },
    /// Zeros of the given shape with the argument put in at `start`.
    Pad {
        /// First index along each axis.
        start: Shape,
        /// Shape of the result.
        shape: Shape,
    },
    /// Rows x\[i\] for an index tensor i; or, `along`, x\[k, i_k\] for each k.
    Gather {
        /// One entry per row instead of whole rows.
        along: bool,
    },
    /// Zeros of the given shape to which the rows of the argument are added at
    /// an index: the transpose of [`Op::Gather`].
    Scatter {
        /// One entry per row instead of whole rows.
        along: bool,
        /// Shape of the result.
        shape: Shape,
    },
    /// a where the mask is 1, b where it is 0; linear in a and b.
    Select,

    // Elementwise, not linear.
    /// eˣ.
    Exp,
    /// eˣ − 1.
    Expm1,
    /// ln x.
    Log,
    /// ln(1 + x).
    Log1p,
    /// √x.
    Sqrt,
    /// 1/√x.
    Rsqrt,
    /// 1/x.
    Recip,
    /// tanh x.
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// ln(1 + eˣ).
    Softplus,
    /// erf x.
    Erf,
    /// 1 − erf x.
    Erfc,
    /// sin x.
    Sin,
    /// cos x.
    Cos,
    /// arctan x.
    Atan,
    /// |x|.
    Abs,
    /// xⁿ.
    Powi(i32),
    /// xᵖ for a constant p.
    Powc(Number),
    /// max(x, 0).
    Relu,
    /// a / b.
    Div,
    /// max(a, b).
    Max,
    /// min(a, b).
    Min,

    // Derivative zero.
    /// A mask of ones where the comparison holds.
    Compare(Cmp),
    /// −1, 0 or 1.
    Sign,
    /// First index of the largest entry along an axis.
    ArgMax(u8),
    /// Rows of the identity: a new last axis of n entries.
    OneHot(u32),

    // Reductions and their kin.
    /// Largest entry along an axis.
    MaxAxis(u8),
    /// ln Σ eˣ along an axis.
    LogSumExp(u8),
    /// eˣ / Σ eˣ along an axis.
    Softmax(u8),

    // Control.
    /// The argument, with derivative zero.
    StopGradient,
    /// A loop.
    Scan(Box<ScanOp>),
    /// A reverse loop within a budget of states.
    Rewind(Box<RewindOp>),
    /// One result of a loop.
    Part(u32),
    /// A user's operation.
    Custom(Box<CustomOp>),
}

impl Op {
    /// Name in listings and messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Op::Input(..) => "input",
            Op::Const(..) => "const",
            Op::Iota(_) => "iota",
            Op::Add => "add",
            Op::Scale(_) => "scale",
            Op::Mul => "mul",
            Op::MatMul { .. } => "matmul",
            Op::Sum(_) => "sum",
            Op::Broadcast(..) => "broadcast",
            Op::Reshape(_) => "reshape",
            Op::Permute(_) => "permute",
            Op::Slice { .. } => "slice",
            Op::Pad { .. } => "pad",
            Op::Gather { along: false } => "gather",
            Op::Gather { along: true } => "pick",
            Op::Scatter { along: false, .. } => "scatter_add",
            Op::Scatter { along: true, .. } => "place",
            Op::Select => "select",
            Op::Exp => "exp",
            Op::Expm1 => "expm1",
            Op::Log => "log",
            Op::Log1p => "log1p",
            Op::Sqrt => "sqrt",
            Op::Rsqrt => "rsqrt",
            Op::Recip => "recip",
            Op::Tanh => "tanh",
            Op::Sigmoid => "sigmoid",
            Op::Softplus => "softplus",
            Op::Erf => "erf",
            Op::Erfc => "erfc",
            Op::Sin => "sin",
            Op::Cos => "cos",
            Op::Atan => "atan",
            Op::Abs => "abs",
            Op::Powi(_) => "powi",
            Op::Powc(_) => "powc",
            Op::Relu => "relu",
            Op::Div => "div",
            Op::Max => "max",
            Op::Min => "min",
            Op::Compare(Cmp::Gt) => "gt",
            Op::Compare(Cmp::Ge) => "ge",
            Op::Compare(Cmp::Eq) => "eq",
            Op::Sign => "sign",
            Op::ArgMax(_) => "argmax",
            Op::OneHot(_) => "one_hot",
            Op::MaxAxis(_) => "max_axis",
            Op::LogSumExp(_) => "logsumexp",
            Op::Softmax(_) => "softmax",
            Op::StopGradient => "stop_gradient",
            Op::Scan(_) => "scan",
            Op::Rewind(_) => "rewind",
            Op::Part(_) => "part",
            Op::Custom(_) => "custom",
        }
    }

    /// Whether one element of the result needs only the elements of the
    /// arguments at the same place (with stretching).
    pub(crate) fn is_elementwise(&self) -> bool {
        match self {
            Op::Add
            | Op::Scale(_)
            | Op::Mul
            | Op::Select
            | Op::Exp
            | Op::Expm1
            | Op::Log
            | Op::Log1p
            | Op::Sqrt
            | Op::Rsqrt
            | Op::Recip
            | Op::Tanh
            | Op::Sigmoid
            | Op::Softplus
            | Op::Erf
            | Op::Erfc
            | Op::Sin
            | Op::Cos
            | Op::Atan
            | Op::Abs
            | Op::Powi(_)
            | Op::Powc(_)
            | Op::Relu
            | Op::Div
            | Op::Max
            | Op::Min
            | Op::Compare(_)
            | Op::Sign
            | Op::StopGradient => true,
            Op::Input(..)
            | Op::Const(..)
            | Op::Iota(_)
            | Op::MatMul { .. }
            | Op::Sum(_)
            | Op::Broadcast(..)
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Gather { .. }
            | Op::Scatter { .. }
            | Op::ArgMax(_)
            | Op::OneHot(_)
            | Op::MaxAxis(_)
            | Op::LogSumExp(_)
            | Op::Softmax(_)
            | Op::Scan(_)
            | Op::Rewind(_)
            | Op::Part(_)
            | Op::Custom(_) => false,
        }
    }

    /// Kind of the result.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Op::Input(_, kind) => *kind,
            Op::Iota(_) | Op::ArgMax(_) => Kind::Index,
            Op::Scan(_) | Op::Rewind(_) => Kind::Bundle,
            _ => Kind::Real,
        }
    }

    /// Shape of the result, or what the operation expects of its arguments.
    pub(crate) fn shape(&self, args: &[Shape]) -> Result<Shape, String> {
        match self {
            Op::Input(..) => Err("inputs are declared, not computed".to_owned()),
            Op::Const(_, shape) => Ok(*shape),
            Op::Iota(n) => Ok(Shape::from([*n as usize])),
            Op::Add | Op::Mul | Op::Div | Op::Max | Op::Min | Op::Compare(_) => stretch(args),
            Op::Select => stretch(args),
            Op::MatMul { ta, tb } => matmul_shape(*ta, *tb, args[0], args[1]),
            Op::Sum(axes) => {
                check_axes(*axes, args[0])?;
                Ok(args[0].without(*axes))
            }
            Op::Broadcast(axes, shape) => {
                check_axes(*axes, *shape)?;
                if shape.without(*axes) == args[0] {
                    Ok(*shape)
                } else {
                    Err(format!("{shape} without axes {axes} must be the shape given"))
                }
            }
            Op::Reshape(shape) => {
                if shape.len() == args[0].len() {
                    Ok(*shape)
                } else {
                    Err(format!(
                        "{} elements cannot take the shape {shape} of {}",
                        args[0].len(),
                        shape.len()
                    ))
                }
            }
            Op::Permute(perm) => {
                let rank = args[0].rank();
                let seen = Axes::of(perm[..rank].iter().map(|&a| usize::from(a).min(7)));
                if seen != Axes::first(rank) {
                    return Err(format!("every axis of 0..{rank} must be named once"));
                }
                let dims: Vec<usize> =
                    perm[..rank].iter().map(|&a| args[0].dim(usize::from(a))).collect();
                Ok(Shape::new(&dims))
            }
            Op::Slice { start, shape } => {
                check_box(*start, *shape, args[0])?;
                Ok(*shape)
            }
            Op::Pad { start, shape } => {
                check_box(*start, args[0], *shape)?;
                Ok(*shape)
            }
            Op::Gather { along } => gather_shape(*along, args[0], args[1]),
            Op::Scatter { along, shape } => {
                if gather_shape(*along, *shape, args[1])? == args[0] {
                    Ok(*shape)
                } else {
                    Err(format!("rows taken from {shape} at these indices must have this shape"))
                }
            }
            Op::Exp
            | Op::Expm1
            | Op::Log
            | Op::Log1p
            | Op::Sqrt
            | Op::Rsqrt
            | Op::Recip
            | Op::Tanh
            | Op::Sigmoid
            | Op::Softplus
            | Op::Erf
            | Op::Erfc
            | Op::Sin
            | Op::Cos
            | Op::Atan
            | Op::Abs
            | Op::Powi(_)
            | Op::Powc(_)
            | Op::Relu
            | Op::Sign
            | Op::Scale(_)
            | Op::StopGradient => Ok(args[0]),
            Op::ArgMax(axis) | Op::MaxAxis(axis) => {
                check_axis(*axis, args[0])?;
                if args[0].dim(usize::from(*axis)) == 0 {
                    return Err(format!("axis {axis} must not be empty"));
                }
                Ok(args[0].without(Axes::of([usize::from(*axis)])))
            }
            Op::LogSumExp(axis) => {
                check_axis(*axis, args[0])?;
                Ok(args[0].without(Axes::of([usize::from(*axis)])))
            }
            Op::Softmax(axis) => {
                check_axis(*axis, args[0])?;
                Ok(args[0])
            }
            Op::OneHot(n) => {
                let mut dims = args[0].dims();
                dims.push(*n as usize);
                Shape::try_new(&dims).ok_or_else(|| "at most eight axes".to_owned())
            }
            Op::Scan(scan) => scan.check(args),
            Op::Rewind(_) => Ok(Shape::SCALAR),
            Op::Part(_) => Err("parts are made by the loop".to_owned()),
            Op::Custom(custom) => {
                let inputs = &custom.value.0.inputs;
                for (given, input) in args.iter().zip(inputs) {
                    if *given != input.shape {
                        return Err(format!("argument `{}` must be {}", input.name, input.shape));
                    }
                }
                Ok(custom.value.0.shape_of(custom.value.0.outputs[0].id))
            }
        }
    }

    /// Arithmetic operations of one execution; a transcendental counts as one.
    pub(crate) fn flops(&self, args: &[Shape], out: Shape) -> u64 {
        let n = out.len() as u64;
        match self {
            Op::Input(..)
            | Op::Const(..)
            | Op::Iota(_)
            | Op::Broadcast(..)
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Gather { .. }
            | Op::StopGradient
            | Op::Part(_)
            | Op::OneHot(_) => 0,
            Op::Add
            | Op::Scale(_)
            | Op::Mul
            | Op::Select
            | Op::Exp
            | Op::Expm1
            | Op::Log
            | Op::Log1p
            | Op::Sqrt
            | Op::Rsqrt
            | Op::Recip
            | Op::Tanh
            | Op::Sigmoid
            | Op::Softplus
            | Op::Erf
            | Op::Erfc
            | Op::Sin
            | Op::Cos
            | Op::Atan
            | Op::Abs
            | Op::Powi(_)
            | Op::Powc(_)
            | Op::Relu
            | Op::Div
            | Op::Max
            | Op::Min
            | Op::Compare(_)
            | Op::Sign => n,
            Op::MatMul { ta, .. } => {
                let (_, rows, columns) = args[0].matrix();
                2 * n * if *ta { rows } else { columns } as u64
            }
            Op::Sum(_) | Op::Scatter { .. } | Op::ArgMax(_) | Op::MaxAxis(_) => {
                args[0].len() as u64
            }
            Op::LogSumExp(_) | Op::Softmax(_) => 3 * args[0].len() as u64,
            Op::Scan(scan) => u64::from(scan.length) * scan.body.0.flops(),
            Op::Rewind(rewind) => {
                let (l, c) = (u64::from(rewind.back.length), u64::from(rewind.slots));
                let again = crate::checkpoint::advances(l, c) * rewind.forward.body.0.flops();
                l * rewind.back.body.0.flops() + again
            }
            Op::Custom(custom) => custom.value.0.flops(),
        }
    }
}

fn stretch(args: &[Shape]) -> Result<Shape, String> {
    args.iter().find(|full| args.iter().all(|a| a.stretches_to(full))).copied().ok_or_else(|| {
        "one must have the shape of the result and the others stretch to it \
             (aligned at the last axis, sizes equal or 1); reshape or broadcast explicitly"
            .to_owned()
    })
}

fn check_axis(axis: u8, shape: Shape) -> Result<(), String> {
    if usize::from(axis) < shape.rank() {
        Ok(())
    } else {
        Err(format!("axis {axis} does not exist"))
    }
}

fn check_axes(axes: Axes, shape: Shape) -> Result<(), String> {
    match axes.iter().find(|&a| a >= shape.rank()) {
        Some(axis) => Err(format!("axis {axis} does not exist")),
        None => Ok(()),
    }
}

fn check_box(start: Shape, inner: Shape, outer: Shape) -> Result<(), String> {
    let fits = start.rank() == outer.rank()
        && inner.rank() == outer.rank()
        && (0..outer.rank()).all(|a| start.dim(a) + inner.dim(a) <= outer.dim(a));
    if fits {
        Ok(())
    } else {
        Err(format!("the box of shape {inner} at {start} must lie inside {outer}"))
    }
}

fn matmul_shape(ta: bool, tb: bool, a: Shape, b: Shape) -> Result<Shape, String> {
    if a.rank() < 2 || b.rank() < 2 {
        return Err("both must have at least two axes".to_owned());
    }
    let (_, n, k) = a.matrix();
    let (n, k) = if ta { (k, n) } else { (n, k) };
    let (_, k2, m) = b.matrix();
    let (k2, m) = if tb { (m, k2) } else { (k2, m) };
    if k != k2 {
        return Err(format!("the {k} columns of the first must equal the {k2} rows of the second"));
    }
    let (front_a, front_b) = (a.dims()[..a.rank() - 2].to_vec(), b.dims()[..b.rank() - 2].to_vec());
    let front = if front_b.is_empty() {
        front_a
    } else if front_a.is_empty() || front_a == front_b {
        front_b
    } else {
        return Err("the leading axes must be equal, or one must be a plain matrix".to_owned());
    };
    Ok(Shape::from([n, m]).after(&front))
}

fn gather_shape(along: bool, x: Shape, index: Shape) -> Result<Shape, String> {
    if along {
        if x.rank() < 2 || index.rank() != 1 || index.dim(0) != x.dim(0) {
            return Err("one index per row of a tensor of two axes or more".to_owned());
        }
        return Ok(x.without(Axes::of([1])));
    }
    if x.rank() == 0 {
        return Err("a scalar has no rows".to_owned());
    }
    let rest = x.without(Axes::of([0]));
    if rest.rank() + index.rank() > MAX_RANK {
        return Err("at most eight axes".to_owned());
    }
    Ok(rest.after(&index.dims()))
}

impl Op {
    /// The loop whose results this operation gives.
    pub(crate) fn as_loop(&self) -> Option<&ScanOp> {
        match self {
            Op::Scan(scan) => Some(scan),
            Op::Rewind(rewind) => Some(&rewind.back),
            _ => None,
        }
    }
}

impl ScanOp {
    fn check(&self, args: &[Shape]) -> Result<Shape, String> {
        let (body, carry) = (&self.body.0, self.carry as usize);
        let fixed = (self.consts + self.carry) as usize;
        if body.inputs.len() != args.len() || body.outputs.len() < carry {
            return Err("the body must take and give as many values as the loop".to_owned());
        }
        for (k, (given, input)) in args.iter().zip(&body.inputs).enumerate() {
            let wanted =
                if k < fixed { input.shape } else { input.shape.after(&[self.length as usize]) };
            if *given != wanted {
                return Err(format!("argument {k} of the loop must be {wanted}"));
            }
        }
        for k in 0..carry {
            let (before, after) =
                (body.inputs[self.consts as usize + k].shape, body.shape_of(body.outputs[k].id));
            if before != after {
                return Err(format!("state {k} enters the body as {before} but leaves as {after}"));
            }
        }
        Ok(Shape::SCALAR)
    }

    /// Shape of result `k`: final states, then stacked results.
    pub(crate) fn part_shape(&self, k: usize) -> Shape {
        let shape = self.body.0.shape_of(self.body.0.outputs[k].id);
        if k < self.carry as usize { shape } else { shape.after(&[self.length as usize]) }
    }
}
