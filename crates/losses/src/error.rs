//! What can go wrong in this crate, each fault with its numbers.

/// Faults of `wonderland-losses`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two arguments that go together have different lengths.
    #[error("{name} has {actual} entries but {expected} are needed: give one per {per}")]
    WrongLength {
        /// Name of the argument.
        name: &'static str,
        /// Its length.
        actual: usize,
        /// The length it must have.
        expected: usize,
        /// What each entry belongs to.
        per: &'static str,
    },
    /// There is nothing to average.
    #[error("{name} is empty: give at least one entry")]
    Empty {
        /// Name of the argument.
        name: &'static str,
    },
    /// A value lies outside the domain of the loss.
    #[error("{name}[{index}] is {value}: {rule}")]
    OutOfDomain {
        /// Name of the argument.
        name: &'static str,
        /// Position of the first such value, from 0, in row-major order.
        index: usize,
        /// The value.
        value: f64,
        /// What the loss expects.
        rule: &'static str,
    },
    /// A class code is not below the number of classes.
    #[error("y[{index}] is class {class} but there are {n_classes} classes: codes run from 0")]
    UnknownClass {
        /// Position of the first such code, from 0.
        index: usize,
        /// The code.
        class: usize,
        /// Number of classes.
        n_classes: usize,
    },
    /// Every weight is zero.
    #[error("all {n} weights are zero: give at least one sample a positive weight")]
    NoWeight {
        /// Number of weights.
        n: usize,
    },
    /// A setting of a loss, penalty or prior is out of range.
    #[error("{name} is {value}: {rule}")]
    BadSetting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// The entries are not the probabilities of a distribution.
    #[error("the entries sum to {sum}, further than {tolerance:e} from 1: normalise them")]
    NotOnSimplex {
        /// The sum that came.
        sum: f64,
        /// How far from 1 it may be.
        tolerance: f64,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
