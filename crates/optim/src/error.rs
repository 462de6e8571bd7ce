//! What can go wrong in this crate, each fault with its numbers.

/// Faults of `wonderland-optim`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of range.
    #[error("{name} is {value}: {rule}")]
    BadSetting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// The starting point holds NaN or an infinity.
    #[error("x0[{index}] is {value}: start from finite numbers")]
    NonFiniteStart {
        /// Position of the first such entry, from 0.
        index: usize,
        /// The entry.
        value: f64,
    },
    /// The objective or its gradient is not finite at the starting point.
    #[error("the objective or its gradient is not finite at x0 (value {value}): start elsewhere")]
    UndefinedAtStart {
        /// Value at the starting point.
        value: f64,
    },
    /// The iterates run away.
    #[error(
        "diverged at iteration {iteration}: the value went from {start} to {value}; use a smaller step, below 2/L for an L-smooth objective, or a line search"
    )]
    Diverged {
        /// The iteration, from 1.
        iteration: usize,
        /// Value at the starting point.
        start: f64,
        /// Value reached.
        value: f64,
    },
    /// The objective falls without end.
    #[error("the objective is unbounded below: it reached -inf at iteration {iteration}")]
    Unbounded {
        /// The iteration, from 1.
        iteration: usize,
    },
    /// Two vectors, or a matrix and its rule, do not fit.
    #[error("{name} has length {actual} but {expected} is needed: {rule}")]
    WrongLength {
        /// Name of the argument.
        name: &'static str,
        /// Its length.
        actual: usize,
        /// The length it must have.
        expected: usize,
        /// What it belongs to.
        rule: &'static str,
    },
    /// An argument holds NaN or an infinity.
    #[error("{name}[{index}] is {value}: every entry must be finite")]
    NonFinite {
        /// Name of the argument.
        name: &'static str,
        /// Position of the first such entry, from 0.
        index: usize,
        /// The entry.
        value: f64,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses a setting that breaks its rule.
pub(crate) fn check_setting(
    holds: bool,
    name: &'static str,
    value: f64,
    rule: &'static str,
) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::BadSetting { name, value, rule }) }
}

/// Refuses the first entry that is not finite.
pub(crate) fn check_finite(name: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NonFinite { name, index, value: values[index] }),
        None => Ok(()),
    }
}
