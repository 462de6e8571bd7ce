//! What can go wrong in this crate, each fault with its place and its mend.

use std::io;

use crate::Snippet;

/// Faults of `wonderland-data`.
///
/// Text that came from a file is held as [`Snippet`]: every message is shorter
/// than 4 KiB and free of control characters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{file}: cannot {action}: {message}")]
    Io {
        /// The file.
        file: Snippet,
        /// What was tried.
        action: &'static str,
        /// Kind of the refusal.
        kind: io::ErrorKind,
        /// Its text.
        message: Snippet,
    },
    /// The bytes are no text at all.
    #[error("{file}, line {line}: this is {what}, not text: give a CSV file in UTF-8")]
    NotText {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// What it looks like.
        what: &'static str,
    },
    /// Text in another encoding than UTF-8.
    #[error(
        "{file}, line {line}, column number {position}: `{value}` is not UTF-8: convert the file, for instance with `iconv -f latin1 -t utf-8`"
    )]
    NotUtf8 {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Number of the column, from 1.
        position: usize,
        /// The cell, with � for what could not be read.
        value: Snippet,
    },
    /// No bytes, or only blank lines.
    #[error("{file} is empty: a header line with the names of the columns is expected")]
    EmptyFile {
        /// The file.
        file: Snippet,
    },
    /// A header without rows.
    #[error("{file} has a header but no rows: at least one row is expected")]
    NoRows {
        /// The file.
        file: Snippet,
    },
    /// A column without a name.
    #[error(
        "{file}, line 1: column number {position} has no name: name every column in the header"
    )]
    EmptyName {
        /// The file.
        file: Snippet,
        /// Number of the column, from 1.
        position: usize,
    },
    /// Two columns of one name.
    #[error(
        "{file}, line 1: columns number {first} and {second} are both called `{name}`: give every column its own name"
    )]
    DuplicateName {
        /// The file.
        file: Snippet,
        /// The name.
        name: Snippet,
        /// Number of the first such column, from 1.
        first: usize,
        /// Number of the second such column, from 1.
        second: usize,
    },
    /// A row longer or shorter than the header.
    #[error(
        "{file}, line {line}: {found} cells but the header names {expected} columns: every row must be as long as the header (another delimiter is chosen by `--delimiter`)"
    )]
    Ragged {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Number of columns in the header.
        expected: usize,
        /// Number of cells in the row.
        found: usize,
    },
    /// A blank line between rows.
    #[error("{file}, line {line} is blank: remove it, or write \"\" for a missing cell")]
    BlankLine {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
    },
    /// A row of more bytes than allowed.
    #[error(
        "{file}, line {line}: the row is longer than {limit} bytes: is a quote left open, or is this no CSV file?"
    )]
    RowTooLong {
        /// The file.
        file: Snippet,
        /// Line on which the row begins, from 1.
        line: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// More columns than allowed.
    #[error(
        "{file}, line 1: {found} columns, at most {limit} are read: keep those you need, or raise `max_columns`"
    )]
    TooManyColumns {
        /// The file.
        file: Snippet,
        /// Columns in the header.
        found: usize,
        /// Columns allowed.
        limit: usize,
    },
    /// A quote where none may stand, or one that is never closed.
    #[error("{file}, line {line}, column number {position}: {fault}")]
    BadQuote {
        /// The file.
        file: Snippet,
        /// Line on which the row begins, from 1.
        line: u64,
        /// Number of the column, from 1.
        position: usize,
        /// What is wrong, and how to mend it.
        fault: &'static str,
    },
    /// A carriage return that ends no line.
    #[error(
        "{file}, line {line}: a carriage return stands inside the row: end lines with LF or CR LF, and quote cells that hold line breaks"
    )]
    BareCarriageReturn {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
    },
    /// A delimiter that cannot be one.
    #[error(
        "the delimiter {delimiter:?} cannot be used: give one ASCII character that is not a quote, a letter, a digit, a point, a sign or a line break"
    )]
    BadDelimiter {
        /// The delimiter.
        delimiter: char,
    },
    /// Text in a column of numbers.
    #[error(
        "{file}, line {line}, column `{column}`: `{value}` is not a number: correct it, read the column as text (`--categorical {column}`), or leave it out (`--ignore {column}`)"
    )]
    NotANumber {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: Snippet,
        /// The cell.
        value: Snippet,
    },
    /// An infinity, or a number too large for binary64.
    #[error(
        "{file}, line {line}, column `{column}`: `{value}` is not a finite number of at most 1.8e308: correct it, or empty the cell and use `--missing impute` or `--missing drop`"
    )]
    NotFinite {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: Snippet,
        /// The cell.
        value: Snippet,
    },
    /// An empty cell where a value is needed.
    #[error(
        "{file}, line {line}, column `{column}`: the value is missing: fill it in, or fit with `--missing impute` (median or most frequent) or `--missing drop`"
    )]
    MissingValue {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: Snippet,
    },
    /// No value of the column is known, so none can be filled in.
    #[error(
        "{file}: column `{column}` has no value in any training row: leave it out (`--ignore {column}`)"
    )]
    AllMissing {
        /// The file.
        file: Snippet,
        /// Name of the column.
        column: Snippet,
    },
    /// A column that is not there.
    #[error("{file}: no column is called `{name}`; there are: {known}{}", one_name(known))]
    UnknownColumn {
        /// The file.
        file: Snippet,
        /// The name asked for.
        name: Snippet,
        /// The first names there are.
        known: Snippet,
    },
    /// Text where numbers are needed.
    #[error("{file}: column `{column}` holds text but numbers are needed: {remedy}")]
    TextColumn {
        /// The file.
        file: Snippet,
        /// Name of the column.
        column: Snippet,
        /// How to mend it.
        remedy: &'static str,
    },
    /// Numbers where text was learned.
    #[error(
        "{file}: column `{column}` holds numbers but the model learned its categories from text: read it as text (`--categorical {column}`)"
    )]
    NumberColumn {
        /// The file.
        file: Snippet,
        /// Name of the column.
        column: Snippet,
    },
    /// A category that was not among the training rows.
    #[error(
        "{file}, line {line}, column `{column}`: the category `{value}` was not seen in training: correct it, fit with `--unseen zeros`, or leave the column out (`--ignore {column}`); known are: {known}"
    )]
    UnseenCategory {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: Snippet,
        /// The category.
        value: Snippet,
        /// The first categories there are.
        known: Snippet,
    },
    /// A category column in which no category comes twice.
    #[error(
        "{file}: column `{column}` has a text of its own in each of {found} training rows: that is a name or an identifier, which says nothing about other rows; leave it out (`--ignore {column}`)"
    )]
    NoCategoryTwice {
        /// The file.
        file: Snippet,
        /// Name of the column.
        column: Snippet,
        /// Categories found, as many as rows that have one.
        found: usize,
    },
    /// A category column with too many categories.
    #[error(
        "{file}: column `{column}` has {found} categories, at most {limit} are taken: is it a name or an identifier? leave it out (`--ignore {column}`), or raise `max_categories`"
    )]
    TooManyCategories {
        /// The file.
        file: Snippet,
        /// Name of the column.
        column: Snippet,
        /// Categories found.
        found: usize,
        /// Categories allowed.
        limit: usize,
    },
    /// Zeros for unseen categories would read as the reference category.
    #[error(
        "unseen categories as zeros need the full one-hot coding: without the reference column, all zeros already mean the reference category"
    )]
    UnseenNeedsFull,
    /// A class that was not among the training rows.
    #[error(
        "{file}, line {line}, column `{column}`: the class `{value}` is not among those of the model: {known}"
    )]
    UnknownClass {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: Snippet,
        /// The class.
        value: Snippet,
        /// The first classes there are.
        known: Snippet,
    },
    /// The target could be classes or quantities.
    #[error(
        "the target `{column}` holds {distinct} different whole numbers, which may be classes or quantities: say `--task classification` or `--task regression`"
    )]
    AmbiguousTask {
        /// Name of the column.
        column: Snippet,
        /// Number of distinct values.
        distinct: usize,
    },
    /// Two features of one name.
    #[error("two features would be called `{name}`: rename the column that has this name")]
    DuplicateFeature {
        /// The name.
        name: Snippet,
    },
    /// No feature is left.
    #[error("{file}: no column is left as a feature after the target and the ignored ones")]
    NoFeatures {
        /// The file.
        file: Snippet,
    },
    /// A degree that cannot be used.
    #[error("column `{column}`: degree {degree} is not possible: {rule}")]
    BadDegree {
        /// Name of the column.
        column: Snippet,
        /// The degree.
        degree: usize,
        /// What is possible.
        rule: &'static str,
    },
    /// A derived value that is too large.
    #[error(
        "{file}, line {line}: feature `{feature}` overflows: its value in column `{column}` is {value}"
    )]
    Overflow {
        /// The file.
        file: Snippet,
        /// Line, from 1.
        line: u64,
        /// Name of the feature.
        feature: Snippet,
        /// Name of the column.
        column: Snippet,
        /// The value in the file.
        value: f64,
    },
    /// Two lengths that should be equal.
    #[error("{what} has {found} entries but {expected} are expected: give one per row")]
    WrongLength {
        /// What is too long or too short.
        what: Snippet,
        /// Entries expected.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// A fraction outside its range.
    #[error("{name} is {value}: give a fraction of at least 0, all of them together below 1")]
    BadFraction {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A part of a split that would be empty.
    #[error("the {part} set would be empty with {n} {what}: give more data or another fraction")]
    EmptyPart {
        /// Name of the part.
        part: &'static str,
        /// Number of units to share out.
        n: usize,
        /// What the units are.
        what: &'static str,
    },
    /// Rows given for a split that are not there or in two parts.
    #[error("row {row} is {fault}: the parts of a split are disjoint and below {n}")]
    BadRow {
        /// The row.
        row: usize,
        /// What is wrong with it.
        fault: &'static str,
        /// Number of rows.
        n: usize,
    },
    /// A number of folds that cannot be made.
    #[error("the number of folds is {k} for {n} {what}: give at least 2, at most {n}")]
    BadFolds {
        /// Folds asked for.
        k: usize,
        /// Units there are.
        n: usize,
        /// What the units are.
        what: &'static str,
    },
    /// A batch size of zero, or no rows to batch.
    #[error("cannot make batches of {batch_size} from {n} rows: both must be at least 1")]
    BadBatch {
        /// The batch size.
        batch_size: usize,
        /// Number of rows.
        n: usize,
    },
    /// A file that is not IDX, or not the kind wanted.
    #[error("{file}: not an IDX file of {wanted}: {fault}")]
    BadIdx {
        /// The file.
        file: Snippet,
        /// What was wanted.
        wanted: &'static str,
        /// What is wrong.
        fault: Snippet,
    },
    /// Labels that are not those of the images.
    #[error(
        "{file} has {n_labels} labels for {n_images} images: give the two files that belong together"
    )]
    LabelCount {
        /// The labels.
        file: Snippet,
        /// How many there are.
        n_labels: usize,
        /// How many images there are.
        n_images: usize,
    },
    /// A built-in set that does not exist.
    #[error("no built-in data set is called `{name}`; there are: {known}")]
    UnknownBuiltIn {
        /// The name.
        name: Snippet,
        /// Those there are.
        known: Snippet,
    },
}

impl Error {
    pub(crate) fn io(file: &Snippet, action: &'static str, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound if action == "write it" => {
                Snippet::new("no such folder: make it first, or check its name")
            }
            io::ErrorKind::NotFound => {
                Snippet::new("no such file or folder: check the name, and the folder it is in")
            }
            io::ErrorKind::IsADirectory => Snippet::new("it is a folder: give a file"),
            io::ErrorKind::PermissionDenied => Snippet::new("permission denied"),
            io::ErrorKind::StorageFull => Snippet::new("no space left on the device"),
            _ => Snippet::new(&error.to_string()),
        };
        Self::Io { file: file.clone(), action, kind: error.kind(), message }
    }
}

/// A remark for files whose header is one name, perhaps for want of the right
/// separator.
fn one_name(known: &Snippet) -> &'static str {
    let separated = |byte| matches!(byte, b';' | b'\t' | b'|' | b' ');
    if !known.as_str().contains(", ") && known.as_str().bytes().any(separated) {
        " (one name only: if these are several, give their separator with `--delimiter`)"
    } else {
        ""
    }
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
