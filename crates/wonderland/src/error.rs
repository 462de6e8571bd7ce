//! What can go wrong in this crate, each fault with its mend.

use wonderland_data::Snippet;

use crate::Fault;

/// Faults of `wonderland`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is not a usable model.
    #[error("{file}: {fault}")]
    ModelFile {
        /// The file.
        file: Snippet,
        /// What is wrong with it.
        fault: Fault,
    },
    /// One column was given two roles.
    #[error("column `{column}` cannot be {first} and {second} at once: choose one")]
    TwoRoles {
        /// The column.
        column: Snippet,
        /// One role.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The model predicts numbers and the target is a class, or the reverse.
    #[error("{model} predicts {predicts}, but `{target}` holds {holds}: {mend}")]
    TaskMismatch {
        /// Name of the model.
        model: &'static str,
        /// What it predicts.
        predicts: &'static str,
        /// The target column.
        target: Snippet,
        /// What the target holds.
        holds: &'static str,
        /// How to mend it.
        mend: &'static str,
    },
    /// Two settings that do not go together.
    #[error("{first} and {second} do not go together: {mend}")]
    Conflict {
        /// One setting.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// How to mend it.
        mend: &'static str,
    },
    /// A weight that is negative, in a column of weights.
    #[error(
        "{file}, line {line}, column `{column}`: the weight {value} is negative: weights are at least 0"
    )]
    NegativeWeight {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column of weights.
        column: Snippet,
        /// The weight.
        value: f64,
    },
    /// Dropping rows with missing cells left none.
    #[error(
        "{file}: every row misses a value in a used column: impute missing cells instead, or leave columns out"
    )]
    NoCompleteRows {
        /// The file.
        file: Snippet,
    },
    /// The rows for calibration have no best temperature.
    #[error(
        "temperature scaling has no optimum on {n} calibration rows: {why}; use `--calibrate platt`, which stays finite, or more rows"
    )]
    NoTemperature {
        /// Rows for calibration.
        n: usize,
        /// What about them.
        why: &'static str,
    },
    /// Too few rows for a finite threshold.
    #[error(
        "a coverage of {coverage} needs at least {needed} rows set apart for it, but there are {actual}: give more rows or ask for less"
    )]
    TooFewConformal {
        /// The coverage.
        coverage: f64,
        /// Rows it takes.
        needed: usize,
        /// Rows there are.
        actual: usize,
    },
    /// A fit whose numbers are too large to be used.
    #[error("the fit cannot be used ({why}): rescale the columns or the target")]
    Unusable {
        /// What is too large.
        why: String,
    },
    /// Columns too nearly dependent for the sums that one pass over a file leaves.
    #[error(
        "the columns are {}, which one pass over the rows cannot resolve beyond {limit:.0e}: leave out those that others make up (`--ignore COLUMN`), or leave out `--stream` to fit in memory",
        if *condition < f64::MAX { format!("nearly dependent (condition {condition:.1e})") } else { "dependent".to_owned() }
    )]
    Dependent {
        /// Condition number of the columns scaled to length 1; `f64::MAX` when
        /// they are dependent.
        condition: f64,
        /// What sums can resolve.
        limit: f64,
    },
    /// Training rows of one class.
    #[error(
        "`{target}` holds one class only among the training rows that count: give rows of two at least, or another column as `--target`"
    )]
    OneClass {
        /// The target column.
        target: Snippet,
    },
    /// A class whose training rows all weigh nothing.
    #[error(
        "every training row of class `{class}` weighs nothing in `{weights}`: leave its rows out, or give one of them a weight above 0"
    )]
    WeightlessClass {
        /// The class.
        class: Snippet,
        /// The column of weights.
        weights: Snippet,
    },
    /// No penalty can be judged on rows left out.
    #[error(
        "none of the {tried} penalties tried can be judged on rows left out: choose one with `--lambda NUMBER`, or give more rows"
    )]
    NoPenalty {
        /// Penalties tried.
        tried: usize,
    },
    /// A fault of reading, preprocessing or splitting.
    #[error(transparent)]
    Data(#[from] wonderland_data::Error),
    /// A fault of calibration or conformal prediction.
    #[error(transparent)]
    Calibration(#[from] wonderland_calibration::Error),
    /// A fault of forecasts from elsewhere.
    #[error(transparent)]
    Forecasts(Box<crate::forecasts::Fault>),
    /// A fault of a model.
    #[error(transparent)]
    Models(#[from] wonderland_models::Error),
}

impl From<crate::forecasts::Fault> for Error {
    /// Boxed: a fault that names file, line, column and classes is large.
    fn from(fault: crate::forecasts::Fault) -> Self {
        Self::Forecasts(Box::new(fault))
    }
}

impl Error {
    /// Whether the fault lies in what was asked for, not in the data.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        use wonderland_data::Error as Data;
        match self {
            Self::TwoRoles { .. } | Self::TaskMismatch { .. } | Self::Conflict { .. } => true,
            Self::Data(fault) => matches!(
                fault,
                Data::AmbiguousTask { .. }
                    | Data::BadDelimiter { .. }
                    | Data::BadDegree { .. }
                    | Data::BadFraction { .. }
                    | Data::UnseenNeedsFull
                    | Data::UnknownBuiltIn { .. }
            ),
            Self::Models(fault) => {
                matches!(fault, wonderland_models::Error::InvalidSetting { .. })
            }
            Self::Forecasts(fault) => fault.is_usage(),
            _ => false,
        }
    }
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
