//! What can go wrong in this crate, each fault with its numbers.

/// Faults of `wonderland-models`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A vector has not one entry per row.
    #[error(
        "{name} has {actual} entries but {rows_of} has {expected} rows: give one entry per row"
    )]
    LengthMismatch {
        /// The vector.
        name: &'static str,
        /// Its length.
        actual: usize,
        /// What the rows belong to.
        rows_of: &'static str,
        /// Rows there.
        expected: usize,
    },
    /// The columns given are not those of the fit.
    #[error("the model was fitted on {expected} columns but X has {actual}: give the same columns")]
    ColumnMismatch {
        /// Columns at the fit.
        expected: usize,
        /// Columns now.
        actual: usize,
    },
    /// There is not enough data for what was asked.
    #[error("{what} needs at least {needed} rows but got {actual}: give more rows")]
    TooFewRows {
        /// What was asked.
        what: &'static str,
        /// Rows needed.
        needed: usize,
        /// Rows given.
        actual: usize,
    },
    /// NaN or an infinity in a vector.
    #[error("{name} holds {value} at position {index}: every value must be finite")]
    NonFinite {
        /// The vector.
        name: &'static str,
        /// Position of the first such value, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A weight is negative, not finite, or all of them are zero.
    #[error("weights are not usable ({reason}): give finite weights ≥ 0, at least one above 0")]
    InvalidWeights {
        /// The first fault found, with its position.
        reason: String,
    },
    /// A setting is outside its range.
    #[error("{name} is {value}: {rule}")]
    InvalidSetting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// A finite input whose answer is too large for the number type.
    #[error("{what} overflows: rescale the columns or the target")]
    Overflow {
        /// The quantity.
        what: &'static str,
    },
    /// Every row that counts has the same class.
    #[error("y holds fewer than two classes: give rows of at least two")]
    OneClass,
    /// A class between 0 and the largest code has no row that counts.
    #[error(
        "class {class} of {n_classes} has no row of positive weight: number the classes from 0 without gaps"
    )]
    EmptyClass {
        /// The class without rows.
        class: usize,
        /// Number of classes, the largest code plus one.
        n_classes: usize,
    },
    /// A class code is not below the number of classes.
    #[error("{name}[{index}] is class {class} but there are {n_classes} classes: codes run from 0")]
    UnknownClass {
        /// The codes.
        name: &'static str,
        /// Position of the first such code, from 0.
        index: usize,
        /// The code.
        class: usize,
        /// Number of classes.
        n_classes: usize,
    },
    /// A row of probabilities is none.
    #[error("row {row} of the probabilities sums to {sum}: give numbers in [0, 1] that sum to 1")]
    NotAProbability {
        /// The row, from 0.
        row: usize,
        /// The sum of its entries.
        sum: f64,
    },
    /// A fault of the minimiser beneath.
    #[error(transparent)]
    Optim(#[from] wonderland_optim::Error),
    /// A fault of the losses beneath.
    #[error(transparent)]
    Losses(#[from] wonderland_losses::Error),
    /// None of the settings to choose from could be judged.
    #[error(
        "none of {tried} values of lambda can be judged on rows left out: give one with `lambda`, give larger ones, or give more rows"
    )]
    NoChoice {
        /// Settings tried.
        tried: usize,
    },
    /// A fitted model that contradicts itself, as one from a file may.
    #[error("the {model} model contradicts itself ({why}): fit again")]
    Inconsistent {
        /// The model.
        model: &'static str,
        /// What contradicts what.
        why: &'static str,
    },
    /// A fault of the linear algebra beneath.
    #[error(transparent)]
    Linalg(#[from] wonderland_linalg::Error),
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
