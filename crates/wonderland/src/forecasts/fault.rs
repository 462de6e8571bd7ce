//! What can be wrong with a table of forecasts or with a saved map.

use wonderland_data::Snippet;

/// Faults of forecasts, each with its place and its mend.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No column begins with the prefix.
    #[error(
        "{file}: no column begins with `{prefix}`: name the columns with `--proba` or `--proba-prefix`, or with `--logits` if they hold scores before softmax; there are: {known}"
    )]
    NoColumns {
        /// The file.
        file: Snippet,
        /// The prefix.
        prefix: Snippet,
        /// Columns there are.
        known: Snippet,
    },
    /// One column, and nothing that says of which class.
    #[error(
        "{file}: `{column}` is the only column of forecasts: say of which class with `--positive CLASS`, or name one column per class"
    )]
    OneColumn {
        /// The file.
        file: Snippet,
        /// The column.
        column: Snippet,
    },
    /// A class that no column forecasts.
    #[error("there is no class `{class}`: {mend}; classes are: {known}")]
    UnknownClass {
        /// The class asked for.
        class: Snippet,
        /// Classes there are.
        known: Snippet,
        /// How to mend it.
        mend: &'static str,
    },
    /// Two columns for one class.
    #[error("two columns would forecast the class `{class}`: give each class one column")]
    RepeatedClass {
        /// The class.
        class: Snippet,
    },
    /// Not as many names of classes as columns.
    #[error(
        "{classes} class names were given for {columns} columns: give one per column, in the same order"
    )]
    ClassNames {
        /// Names given.
        classes: usize,
        /// Columns read.
        columns: usize,
    },
    /// Columns of other classes than those that were fitted.
    #[error(
        "{file} forecasts other classes ({found}) than {by} ({expected}): the same classes are needed, in any order"
    )]
    OtherClasses {
        /// The file.
        file: Snippet,
        /// Its classes.
        found: Snippet,
        /// What needs them.
        by: &'static str,
        /// The classes needed.
        expected: Snippet,
    },
    /// Probabilities where the map was fitted on logits, or the reverse.
    #[error(
        "{file} was read as {found}, but the map was fitted on {expected}: name the columns with `{option}`"
    )]
    OtherKind {
        /// The file.
        file: Snippet,
        /// What was read.
        found: &'static str,
        /// What is needed.
        expected: &'static str,
        /// The option that says so.
        option: &'static str,
    },
    /// A cell that is no number.
    #[error("{file}, line {line}, column `{column}`: `{value}` is not {wanted}")]
    NotANumber {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: Snippet,
        /// The cell.
        value: Snippet,
        /// What is expected there.
        wanted: &'static str,
    },
    /// An empty cell.
    #[error(
        "{file}, line {line}, column `{column}`: the value is missing: fill it in, or leave the row out"
    )]
    Missing {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: Snippet,
    },
    /// A number that is no probability.
    #[error(
        "{file}, line {line}, column `{column}`: {value} is no probability, which lies in [0, 1]: if these are scores before softmax, say `--logits`"
    )]
    NotAProbability {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: Snippet,
        /// The number.
        value: f64,
    },
    /// Probabilities of a row that do not sum to 1.
    #[error(
        "{file}, line {line}, columns {columns}: the probabilities sum to {sum}, further from 1 than {tolerance}: name one column per class, write rounded ones with more digits, or say `--logits` if these are scores before softmax"
    )]
    RowSum {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The columns.
        columns: Snippet,
        /// Their sum.
        sum: f64,
        /// The tolerance.
        tolerance: f64,
    },
    /// A label without a column of forecasts.
    #[error(
        "{file}, line {line}, column `{column}`: no column forecasts the class `{value}`: name the classes of the columns with `--class`; they are: {known}"
    )]
    UnknownLabel {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column of labels.
        column: Snippet,
        /// The label.
        value: Snippet,
        /// Classes of the columns.
        known: Snippet,
    },
    /// More than two classes where one column forecasts one of two.
    #[error(
        "{file}, line {line}, column `{column}`: `{value}` is a third class, beside `{positive}` and `{negative}`, but one column can only forecast one of two: name one column per class"
    )]
    ThirdClass {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The column of labels.
        column: Snippet,
        /// The label.
        value: Snippet,
        /// The class that is forecast.
        positive: Snippet,
        /// The other one.
        negative: Snippet,
    },
    /// The truth is needed and was not read.
    #[error("{file}: {what} needs the true classes: name their column with `--label`")]
    NoLabels {
        /// The file.
        file: Snippet,
        /// What needs them.
        what: &'static str,
    },
    /// A map that works on logits met a probability of 0 or 1.
    #[error(
        "{method} works on the log-odds of probabilities, and a probability is exactly 0 or 1: use `--fit isotonic`, `histogram` or `venn-abers`, or give the scores before softmax with `--logits`"
    )]
    Saturated {
        /// The method.
        method: &'static str,
    },
    /// Temperature scaling without an optimum.
    #[error(
        "temperature scaling has no optimum on these {n} rows: {why}; use `--fit platt`, or more rows"
    )]
    NoTemperature {
        /// Number of rows.
        n: usize,
        /// Why not.
        why: &'static str,
    },
    /// Not enough rows to fit and evaluate on different ones.
    #[error(
        "{n} rows are too few to fit a map and to evaluate it on other rows: give at least {needed}"
    )]
    TooFewRows {
        /// Rows there are.
        n: usize,
        /// Rows needed.
        needed: usize,
    },
    /// Bytes that are not a usable map.
    #[error(
        "{file}: this is not a usable calibration map ({why}): give a file that `wonderland calibration --fit … --out` wrote"
    )]
    MapFile {
        /// The file.
        file: Snippet,
        /// What is wrong.
        why: Snippet,
    },
    /// A cost table without the column of a class.
    #[error(
        "{file}: no column holds the costs when the truth is `{class}`: give one column per class; there are: {known}"
    )]
    NoCosts {
        /// The cost table.
        file: Snippet,
        /// The class.
        class: Snippet,
        /// Its columns.
        known: Snippet,
    },
    /// A cost table with a column that is no class.
    #[error("{file}: the column `{column}` is no class of the forecasts, which are: {known}")]
    ExtraCosts {
        /// The cost table.
        file: Snippet,
        /// The column.
        column: Snippet,
        /// The classes.
        known: Snippet,
    },
    /// A cost table with an action twice.
    #[error("{file}, line {line}: the action `{action}` is there twice: give each action one row")]
    RepeatedAction {
        /// The cost table.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// The action.
        action: Snippet,
    },
}

impl Fault {
    /// Whether the fault lies in what was asked for, not in the data.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoColumns { .. }
                | Self::OneColumn { .. }
                | Self::UnknownClass { .. }
                | Self::RepeatedClass { .. }
                | Self::ClassNames { .. }
                | Self::NoLabels { .. }
        )
    }
}
