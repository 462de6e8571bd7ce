//! The closed set of operations, with their names and costs.
//!
//! Every table of the crate matches the enum exhaustively, so that an operation
//! without a rule does not compile. The linear operations (sums, multiples,
//! products and quotients among the elementwise ones, and what follows them up
//! to [`Op::Select`]) have transposes and batching rules; all others have
//! tangent rules only.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::checkpoint::advances;
use crate::functions::{Along, Binary, Unary};
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
/// forward loop, then that loop itself if it keeps the first of the states on its
/// way; plans make it, programs never hold it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RewindOp {
    pub(crate) back: ScanOp,
    pub(crate) forward: ScanOp,
    /// For each argument of the reverse loop, which state it is the history of.
    pub(crate) history: Vec<Option<u32>>,
    pub(crate) slots: u32,
    /// Whether the forward loop has made the first sweep.
    pub(crate) swept: bool,
}

impl RewindOp {
    /// Steps of the forward loop that are run again.
    pub(crate) fn again(&self) -> u64 {
        let l = u64::from(self.back.length);
        advances(l, u64::from(self.slots)) - if self.swept { l - 1 } else { 0 }
    }
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

    /// A function of each element.
    Map(Unary),
    /// A function of two elements.
    Zip(Binary),
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
    /// The entries `start..end` along an axis.
    Slice {
        /// Along this axis.
        axis: u8,
        /// The first entry.
        start: usize,
        /// What is behind the last.
        end: usize,
    },
    /// Zeros put along an axis.
    Pad {
        /// Along this axis.
        axis: u8,
        /// How many before the argument.
        before: usize,
        /// How many after it.
        after: usize,
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

    /// A function of the numbers along an axis.
    Along(Along, u8),
    /// First index of the largest entry along an axis.
    ArgMax(u8),
    /// Rows of the identity: a new last axis of n entries.
    OneHot(u32),

    // Control.
    /// The argument, with derivative zero.
    StopGradient,
    /// The argument, where a plan within a budget may cut the program.
    Segment,
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
            Op::Map(f) => f.name(),
            Op::Zip(f) => f.name(),
            Op::Along(f, _) => f.name(),
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
            Op::ArgMax(_) => "argmax",
            Op::OneHot(_) => "one_hot",
            Op::StopGradient => "stop_gradient",
            Op::Segment => "segment",
            Op::Scan(_) => "scan",
            Op::Rewind(_) => "rewind",
            Op::Part(_) => "part",
            Op::Custom(_) => "custom",
        }
    }

    /// Whether one element of the result needs only the elements of the
    /// arguments at the same place (with stretching).
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(self, Op::Map(_) | Op::Zip(_) | Op::Select | Op::StopGradient)
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

    /// The loop whose results this operation gives.
    pub(crate) fn as_loop(&self) -> Option<&ScanOp> {
        match self {
            Op::Scan(scan) => Some(scan),
            Op::Rewind(rewind) => Some(&rewind.back),
            _ => None,
        }
    }

    /// Arithmetic operations of one execution on a first argument of shape `x`;
    /// a transcendental counts as one.
    pub(crate) fn flops(&self, x: Shape, out: Shape) -> u64 {
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
            | Op::Segment
            | Op::Part(_)
            | Op::OneHot(_) => 0,
            Op::Map(_) | Op::Zip(_) | Op::Select => n,
            Op::MatMul { ta, .. } => {
                let (_, rows, columns) = x.matrix();
                2 * n * if *ta { rows } else { columns } as u64
            }
            Op::Sum(_) | Op::Scatter { .. } | Op::ArgMax(_) | Op::Along(Along::Max, _) => {
                x.len() as u64
            }
            Op::Along(Along::LogSumExp | Along::Softmax, _) => 3 * x.len() as u64,
            Op::Scan(scan) => u64::from(scan.length) * scan.body.0.flops(),
            Op::Rewind(rewind) => {
                let back = u64::from(rewind.back.length) * rewind.back.body.0.flops();
                back + rewind.again() * rewind.forward.body.0.flops()
            }
            Op::Custom(custom) => custom.value.0.flops(),
        }
    }
}
