//! What can go wrong in this crate, each fault with its numbers and its place.

use std::fmt;
use std::panic::Location;

use crate::shape::Shape;

/// A source line of the user.
pub type Place = &'static Location<'static>;

/// Faults of `wonderland-autodiff`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation was given shapes that do not fit.
    #[error("{0}")]
    Shape(Box<ShapeFault>),
    /// The number of arguments is not the number of inputs.
    #[error(
        "the program has {expected} inputs ({names}) but {actual} arguments were given: \
         give one per input, in this order"
    )]
    ArgumentCount {
        /// Names of the inputs.
        names: String,
        /// Number of inputs.
        expected: usize,
        /// Number of arguments.
        actual: usize,
    },
    /// An argument has another shape or kind than its input.
    #[error("input `{name}` is {expected} but the argument is {actual}")]
    Argument {
        /// Name of the input.
        name: String,
        /// Kind and shape of the input.
        expected: String,
        /// Kind and shape of the argument.
        actual: String,
    },
    /// An output has the name of an input that it cannot replace.
    #[error(
        "output `{name}` is {actual} but would replace an input that is {expected}: give one of \
         them another name"
    )]
    Update {
        /// Name of both.
        name: String,
        /// Kind and shape of the input.
        expected: String,
        /// Kind and shape of the output.
        actual: String,
    },
    /// An index points outside its axis.
    #[error("{op} at {at}: index {index} at position {position} is not below {limit}")]
    IndexOutOfRange {
        /// The operation.
        op: &'static str,
        /// Where it was written.
        at: String,
        /// The index.
        index: u32,
        /// Which element of the index tensor it is.
        position: usize,
        /// Length of the axis it points into.
        limit: usize,
    },
    /// A gradient was asked of something that is not one number.
    #[error("a gradient needs one scalar output but `{name}` is {shape}: sum it, or use `vjp`")]
    NotScalar {
        /// Name of the output.
        name: String,
        /// Its shape.
        shape: Shape,
    },
    /// A gradient was asked of a program with another number of outputs than one.
    #[error("a gradient needs one output but the program has {outputs}: keep one, or use `vjp`")]
    OutputCount {
        /// Number of outputs.
        outputs: usize,
    },
    /// A name that the program does not know.
    #[error("there is no {what} `{name}`: the program has {known}")]
    Unknown {
        /// Input or output.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Nothing to differentiate with respect to.
    #[error("no input is differentiable: declare one with `input`, or use `with_respect_to`")]
    NothingActive,
    /// An input that holds indices cannot be differentiated.
    #[error("input `{name}` holds indices and has no derivative")]
    IndexInput {
        /// Name of the input.
        name: String,
    },
    /// The memory given for the outputs does not fit them.
    #[error("outputs of {expected:?} elements need as much memory each but {actual:?} were given")]
    OutputSlots {
        /// Elements of each output.
        expected: Vec<usize>,
        /// Elements of each slice given.
        actual: Vec<usize>,
    },
    /// A plan cannot be made within its budget.
    #[error("a budget of {bytes} B cannot be met: the least for this program is {least} B")]
    Budget {
        /// Bytes allowed.
        bytes: usize,
        /// Bytes needed when every loop keeps one state.
        least: usize,
    },
    /// A tree was given another number of leaves than it has.
    #[error("the tree has {expected} leaves but {actual} were given: give one per leaf, in order")]
    LeafCount {
        /// Number of leaves.
        expected: usize,
        /// Number given.
        actual: usize,
    },
    /// A Jacobian would have too many axes.
    #[error("d_{output}/d_{input} would have more than seven axes: reshape one of them first")]
    JacobianRank {
        /// Name of the output.
        output: String,
        /// Name of the input.
        input: String,
    },
    /// The rule a user gave for an operation is not linear in the tangents.
    #[error("custom operation `{name}`: the rule is not linear in the tangents (at {at})")]
    NotLinear {
        /// Name of the operation.
        name: String,
        /// The first instruction that is not linear.
        at: String,
    },
    /// A result is not a finite number.
    #[error("{op} at {at} gave {value} at element {element} from finite arguments ({arguments})")]
    NonFinite {
        /// The first operation to do so.
        op: &'static str,
        /// Where it was written.
        at: String,
        /// What it gave.
        value: f64,
        /// Which element of the result, in row-major order.
        element: usize,
        /// The arguments at that place, or their ranges.
        arguments: String,
    },
    /// An argument is not finite where it must be.
    #[error("input `{name}` holds {value} at element {element}: every value must be finite")]
    NonFiniteInput {
        /// Name of the input.
        name: String,
        /// The value.
        value: f64,
        /// Which element, in row-major order.
        element: usize,
    },
    /// A derivative disagrees with its witness.
    #[error(
        "{check}: the program gives {given:e} but {witness} gives {expected:e}, a difference of \
         {difference:e} where {allowed:e} is allowed"
    )]
    CheckFailed {
        /// Which check.
        check: &'static str,
        /// What the program gives.
        given: f64,
        /// What the value is compared with.
        witness: &'static str,
        /// What that gives.
        expected: f64,
        /// Distance of the two.
        difference: f64,
        /// Largest distance allowed.
        allowed: f64,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operation whose arguments do not fit, with everything one needs to mend it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeFault {
    /// The operation.
    pub op: &'static str,
    /// Its arguments.
    pub operands: Vec<Operand>,
    /// What the operation expects.
    pub rule: String,
    /// The line that asked for it.
    pub at: Place,
}

/// An argument in a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// Name of the input, or the operation and line it comes from.
    pub what: String,
    /// Its shape.
    pub shape: Shape,
}

impl fmt::Display for ShapeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: ", self.op, self.at)?;
        for (k, operand) in self.operands.iter().enumerate() {
            let joint = if k == 0 { "" } else { " with " };
            write!(f, "{joint}{} {}", operand.what, operand.shape)?;
        }
        write!(f, ": {}", self.rule)
    }
}
