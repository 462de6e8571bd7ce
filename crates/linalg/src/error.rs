//! What can go wrong in this crate, each fault with its numbers.

/// Faults of `wonderland-linalg`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two operands do not fit each other.
    #[error("{op}: shapes {left:?} and {right:?} do not fit: {rule}")]
    ShapeMismatch {
        /// The operation asked for.
        op: &'static str,
        /// Shape of the first operand.
        left: Vec<usize>,
        /// Shape of the second operand.
        right: Vec<usize>,
        /// What the operation expects.
        rule: &'static str,
    },
    /// The number of values is not the product of the dimensions.
    #[error(
        "shape {shape:?} holds {expected} values but {actual} were given: give one value per element"
    )]
    WrongLength {
        /// The wanted shape.
        shape: Vec<usize>,
        /// Product of the dimensions.
        expected: usize,
        /// Number of values given.
        actual: usize,
    },
    /// A tensor of another rank was expected.
    #[error("{op} needs a tensor with {expected} axes but got shape {shape:?}")]
    WrongRank {
        /// The operation asked for.
        op: &'static str,
        /// Number of axes expected.
        expected: usize,
        /// Shape that came.
        shape: Vec<usize>,
    },
    /// NaN or an infinity where a finite number is needed.
    #[error("{name} holds {value} at row {row}, column {column}: every value must be finite")]
    NonFinite {
        /// Name of the argument.
        name: &'static str,
        /// Row of the first such value, from 0.
        row: usize,
        /// Column of the first such value, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
