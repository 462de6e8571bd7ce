//! What can go wrong in this crate, each fault with its numbers.

/// Faults of `wonderland-calibration`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to work on.
    #[error("{what} is empty: give at least one sample")]
    Empty {
        /// The argument.
        what: &'static str,
    },
    /// Two arguments that go together have different lengths.
    #[error("{what} has {actual} entries but {expected} were expected: give one per {per}")]
    LengthMismatch {
        /// The argument.
        what: &'static str,
        /// Entries it should have.
        expected: usize,
        /// Entries it has.
        actual: usize,
        /// What each entry belongs to.
        per: &'static str,
    },
    /// A value that should be a probability lies outside [0, 1] or is NaN.
    #[error(
        "row {row}, column {column} of {what} holds {value}: probabilities lie in [0, 1] (scores before softmax or sigmoid are `Logits`)"
    )]
    NotAProbability {
        /// The argument.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The probabilities of one row do not add up to one.
    #[error(
        "row {row} sums to {sum}, further from 1 than {tolerance}: give one probability per class, or logits as `Logits`"
    )]
    RowSum {
        /// Row, from 0.
        row: usize,
        /// Its sum.
        sum: f64,
        /// The tolerance in force.
        tolerance: f64,
    },
    /// NaN or an infinity where a finite number is needed.
    #[error("row {row}, column {column} of {what} holds {value}: a finite number was expected")]
    NonFinite {
        /// The argument.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A label that is not one of the class codes.
    #[error("label {label} of row {row} is not below {n_classes}: labels are codes from 0")]
    UnknownLabel {
        /// Row, from 0.
        row: usize,
        /// The label.
        label: usize,
        /// Number of classes.
        n_classes: usize,
    },
    /// A weight that is negative, infinite or NaN.
    #[error("weight {weight} of row {row} is not usable: weights are finite and not negative")]
    BadWeight {
        /// Row, from 0.
        row: usize,
        /// The weight.
        weight: f64,
    },
    /// All weights are zero.
    #[error("all {n} weights are zero: at least one sample must count")]
    NoWeight {
        /// Number of weights.
        n: usize,
    },
    /// A setting outside its range.
    #[error("{name} is {value}: {rule}")]
    BadParameter {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        rule: &'static str,
    },
    /// A fraction such as α could not be read.
    #[error("\"{text}\" is not a fraction: write 0.1 or 1/10")]
    BadFraction {
        /// What was given.
        text: String,
    },
    /// Both outcomes are needed but only one occurs.
    #[error("all {n} outcomes are {outcome}: fitting needs both outcomes")]
    OneOutcome {
        /// Number of samples.
        n: usize,
        /// The outcome that occurs.
        outcome: bool,
    },
    /// The logit of the true class is −∞, so that no temperature helps.
    #[error(
        "the logit of the true class {label} is -inf in row {row}: its loss is infinite at every temperature"
    )]
    ImpossibleLabel {
        /// Row, from 0.
        row: usize,
        /// True class.
        label: usize,
    },
    /// A likelihood without a finite maximum.
    #[error("{what} has no finite optimum: the scores separate the outcomes; {remedy}")]
    Separable {
        /// The fit.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// An iteration did not reach its tolerance.
    #[error("{what} did not converge in {iterations} iterations: gradient {gradient}")]
    NotConverged {
        /// The fit.
        what: &'static str,
        /// Iterations done.
        iterations: usize,
        /// Size of the gradient there.
        gradient: f64,
    },
    /// States with different settings cannot be merged.
    #[error("cannot merge {left} with {right}: both states need the same settings")]
    CannotMerge {
        /// Settings of the first.
        left: String,
        /// Settings of the second.
        right: String,
    },
    /// The calibration set cannot give a finite threshold.
    #[error(
        "{n} calibration samples{group} cannot promise a finite threshold: at least {needed} are needed"
    )]
    CalibrationSetTooSmall {
        /// Samples there are.
        n: usize,
        /// Samples needed.
        needed: usize,
        /// Empty, or the class as " of class 3".
        group: String,
    },
    /// Data for one number of classes met a model fitted on another.
    #[error(
        "{actual} classes were given but {expected} were fitted: columns are the same classes in the same order"
    )]
    ClassCount {
        /// Classes at fit.
        expected: usize,
        /// Classes now.
        actual: usize,
    },
    /// A loss rises along the candidates.
    #[error(
        "the loss of row {row} rises from {before} to {after} at candidate {index}: risk control needs losses that never rise along the candidates"
    )]
    NotMonotone {
        /// The sample.
        row: usize,
        /// Index of the later candidate.
        index: usize,
        /// Loss before.
        before: f64,
        /// Loss after.
        after: f64,
    },
    /// A row is used in two roles, or outside the data.
    #[error("row {row} is used for {first} and for {second}: the sets must be disjoint")]
    SharedRow {
        /// The row.
        row: usize,
        /// First role.
        first: &'static str,
        /// Second role.
        second: &'static str,
    },
    /// A row index that does not exist.
    #[error("row {row} does not exist: there are {n} rows")]
    RowOutOfRange {
        /// The row.
        row: usize,
        /// Number of rows.
        n: usize,
    },
    /// The caller's closure failed while refitting.
    #[error("refitting without fold {fold} failed: {message}")]
    Refit {
        /// The fold left out.
        fold: usize,
        /// What the closure said.
        message: String,
    },
    /// Sample weights met a method that cannot use them.
    #[error("{method} takes no sample weights: use {instead}")]
    UnexpectedWeights {
        /// The method.
        method: &'static str,
        /// What to use.
        instead: &'static str,
    },
    /// A lower layer failed.
    #[error(transparent)]
    Linalg(#[from] wonderland_linalg::Error),
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
