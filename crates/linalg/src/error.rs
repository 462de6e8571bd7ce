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
    /// The tensor has no such axis.
    #[error("{op}: shape {shape:?} has no axis {axis}: count axes from 0")]
    InvalidAxis {
        /// The operation asked for.
        op: &'static str,
        /// The axis asked for.
        axis: usize,
        /// Shape of the tensor.
        shape: Vec<usize>,
    },
    /// An index beyond the end of its axis.
    #[error("{op}: index {index} on an axis of size {size}: count from 0")]
    OutOfRange {
        /// The operation asked for.
        op: &'static str,
        /// The index asked for.
        index: usize,
        /// Size of the axis.
        size: usize,
    },
    /// An order of axes that does not name every axis once.
    #[error("axes {axes:?} do not name each of the {ndim} axes once")]
    InvalidPermutation {
        /// The order asked for.
        axes: Vec<usize>,
        /// Number of axes of the tensor.
        ndim: usize,
    },
    /// A direction was asked of a vector of zeros.
    #[error("{op}: {name} is all zeros and has no direction")]
    ZeroVector {
        /// The operation asked for.
        op: &'static str,
        /// Which vector.
        name: &'static str,
    },
    /// No rows, where at least one is needed.
    #[error("{op} got no rows: give at least one")]
    Empty {
        /// The operation asked for.
        op: &'static str,
    },
    /// A weight that is negative, infinite or NaN.
    #[error("weight {value} of row {row}: weights must be finite and not negative")]
    InvalidWeight {
        /// Row of the first such weight, from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// All weights are zero.
    #[error("all {rows} weights are zero: give at least one row a positive weight")]
    NoWeight {
        /// Number of rows.
        rows: usize,
    },
    /// A penalty that is negative, infinite or NaN.
    #[error("the penalty l2 is {value}: give a finite number that is not negative")]
    InvalidPenalty {
        /// The value that came.
        value: f64,
    },
    /// The fit passes through its data, so nothing is left to judge it by.
    #[error(
        "the fit passes through {}: leaving rows out says nothing, raise l2 or use fewer columns",
        row.map_or_else(|| "all rows".to_owned(), |row| format!("row {row}"))
    )]
    Saturated {
        /// The row with leverage 1, from 0; `None` for all of them.
        row: Option<usize>,
    },
    /// A block of rows came twice.
    #[error("block {index} was added before: give every block of rows its own index")]
    DuplicateBlock {
        /// Its index.
        index: u64,
    },
    /// A polynomial of degree d is determined by d + 1 distinct points or more.
    #[error(
        "{actual} distinct values of x cannot determine {needed} coefficients: lower the degree"
    )]
    TooFewDistinct {
        /// Distinct values needed.
        needed: usize,
        /// Distinct values given.
        actual: usize,
    },
    /// The squares of a column's values leave the range of `f64`.
    #[error("column {column} of [1 X Y]: its squares leave the range of f64: rescale the column")]
    IllScaled {
        /// The column, from 0, the intercept's and the targets' counted.
        column: usize,
    },
    /// The problem is too ill-conditioned for the method asked for.
    #[error(
        "the condition {condition:.1e} exceeds {limit:.0e}, all that sums of squares can resolve: \
         drop dependent columns, raise l2, or use `lstsq` on rows in memory"
    )]
    IllConditioned {
        /// Estimate for the scaled design; `f64::MAX` when columns are dependent.
        condition: f64,
        /// What the method can bear.
        limit: f64,
    },
    /// A tolerance outside \[0, 1).
    #[error("{name} is {value}: give a number from 0 to below 1")]
    InvalidTolerance {
        /// Name of the setting.
        name: &'static str,
        /// The value that came.
        value: f64,
    },
    /// The result exists but is too large for the element type.
    #[error("{what} of column {column} exceeds the largest number of its type: rescale the data")]
    Overflow {
        /// What overflowed.
        what: &'static str,
        /// Column of the first such value, from 0.
        column: usize,
    },
    /// A square matrix was expected.
    #[error("{op} needs a square matrix but got shape {shape:?}")]
    NotSquare {
        /// The operation asked for.
        op: &'static str,
        /// Shape that came.
        shape: Vec<usize>,
    },
    /// A symmetric matrix was expected.
    #[error(
        "the matrix is not symmetric: {lower} at row {row}, column {column} but {upper} opposite: \
         symmetrise it as (A + Aᵀ)/2 if that is what is meant"
    )]
    NotSymmetric {
        /// Row of the first such pair, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// The element there.
        lower: f64,
        /// The element across the diagonal.
        upper: f64,
    },
    /// A matrix that should be positive definite is not, to working precision.
    #[error(
        "the matrix is not positive definite at pivot {pivot} ({value:e}): raise `l2` or use `lstsq`"
    )]
    NotPositiveDefinite {
        /// The first pivot that is not positive, from 0.
        pivot: usize,
        /// Its value.
        value: f64,
    },
    /// A triangular matrix has a zero on its diagonal.
    #[error("the triangle is singular: its diagonal is zero at {pivot}: use `lstsq`")]
    Singular {
        /// Place on the diagonal, from 0.
        pivot: usize,
    },
    /// The threads asked for cannot be had.
    #[error("cannot work with {count} threads: {reason}")]
    Threads {
        /// Number of threads asked for.
        count: usize,
        /// Why not.
        reason: String,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
