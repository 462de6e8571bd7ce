//! Tables (notes §3.1): named columns of equal length, numbers or text.
//!
//! The notes define a dataset as pairs (x, y), drawn independently from one
//! distribution p(x, y). A [`Table`] holds the pairs as they stand in a file,
//! one per row, before anybody decided which column is y.
//! A missing cell is NaN among numbers and the empty string among text; no
//! other NaN and no infinity is ever in a table.

use std::fmt;

use crate::{Error, Result, Snippet};

/// Named columns of equal length.
///
/// # Examples
/// ```
/// use wonderland_data::{Csv, Values};
/// let table = Csv::default().read("a,b\n1,2\n3,4\n".as_bytes(), "inline")?;
/// assert_eq!(table.n_rows(), 2);
/// assert_eq!(table.column("b")?.values, Values::Numbers(vec![2.0, 4.0]));
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Table {
    source: Snippet,
    columns: Vec<Column>,
    verbatim: Vec<Column>,
    n_rows: usize,
    lines: Lines,
}

/// One column of a [`Table`].
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Name from the header.
    pub name: String,
    /// The cells.
    pub values: Values,
}

/// The cells of a column.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    /// Numbers; NaN stands for a missing cell.
    Numbers(Vec<f64>),
    /// Text; the empty string stands for a missing cell.
    Text(Text),
}

/// One cell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    /// A finite number.
    Number(f64),
    /// Text that is not empty.
    Text(&'a str),
    /// Nothing.
    Missing,
}

impl From<f64> for Cell<'_> {
    fn from(x: f64) -> Self {
        if x.is_nan() { Cell::Missing } else { Cell::Number(x) }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Cell::Missing } else { Cell::Text(text) }
    }
}

/// Many short strings, end to end in one buffer.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text {
    bytes: String,
    ends: Vec<usize>,
}

impl Text {
    /// No strings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one string.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// Keeps the first `n` strings only.
    pub(crate) fn truncate(&mut self, n: usize) {
        if n < self.len() {
            self.ends.truncate(n);
            self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        }
    }

    /// Number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no strings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// String `i`.
    ///
    /// # Panics
    /// When `i` is not below `len()`.
    #[must_use]
    #[track_caller]
    pub fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Text {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut text = Self::new();
        for s in strings {
            text.push(s.as_ref());
        }
        text
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().take(16)).finish()?;
        if self.len() > 16 { write!(f, " … {} more", self.len() - 16) } else { Ok(()) }
    }
}

impl Values {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(x) => x.len(),
            Values::Text(text) => text.len(),
        }
    }

    /// Whether there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cell `i`.
    ///
    /// # Panics
    /// When `i` is not below `len()`.
    #[must_use]
    #[track_caller]
    pub fn cell(&self, i: usize) -> Cell<'_> {
        match self {
            Values::Numbers(x) => x[i].into(),
            Values::Text(text) => text.get(i).into(),
        }
    }

    /// The first missing cell.
    pub(crate) fn first_missing(&self) -> Option<usize> {
        match self {
            Values::Numbers(x) => x.iter().position(|x| x.is_nan()),
            Values::Text(text) => text.iter().position(str::is_empty),
        }
    }

    /// Number of missing cells.
    #[must_use]
    pub fn n_missing(&self) -> usize {
        (0..self.len()).filter(|&i| self.cell(i) == Cell::Missing).count()
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Values::Numbers(x) => Values::Numbers(rows.iter().map(|&i| x[i]).collect()),
            Values::Text(text) => Values::Text(rows.iter().map(|&i| text.get(i)).collect()),
        }
    }
}

impl Table {
    /// The table with the given columns; `source` names it in messages.
    ///
    /// # Errors
    /// Columns of unequal length, empty or repeated names, an infinite number.
    pub fn new(source: &str, columns: Vec<Column>) -> Result<Self> {
        let n_rows = columns.first().map_or(0, |column| column.values.len());
        check_names(&Snippet::new(source), columns.iter().map(|column| column.name.as_str()))?;
        for column in &columns {
            if column.values.len() != n_rows {
                return Err(Error::WrongLength {
                    what: Snippet::new(&column.name),
                    expected: n_rows,
                    found: column.values.len(),
                });
            }
            if let Values::Numbers(x) = &column.values
                && let Some(row) = x.iter().position(|x| x.is_infinite())
            {
                return Err(Error::NotFinite {
                    file: Snippet::new(source),
                    line: row as u64 + 1,
                    column: Snippet::new(&column.name),
                    value: Snippet::new(&x[row].to_string()),
                });
            }
        }
        Ok(Self::from_parts(
            Snippet::new(source),
            columns,
            Vec::new(),
            n_rows,
            Lines::from_first(1),
        ))
    }

    pub(crate) fn from_parts(
        source: Snippet,
        columns: Vec<Column>,
        verbatim: Vec<Column>,
        n_rows: usize,
        lines: Lines,
    ) -> Self {
        Self { source, columns, verbatim, n_rows, lines }
    }

    /// Where the table came from, as it is named in messages.
    #[must_use]
    pub fn source(&self) -> &Snippet {
        &self.source
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Names of the columns, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The column of that name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column of that name.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] when there is none.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.get(name).ok_or_else(|| self.unknown(name))
    }

    /// The numbers of a column in which no cell is missing.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`], [`Error::MissingValue`] with its line, or
    /// [`Error::TextColumn`] with the `remedy` for a column of text.
    pub fn numbers(&self, name: &str, remedy: &'static str) -> Result<&[f64]> {
        let values = &self.column(name)?.values;
        if let Some(row) = values.first_missing() {
            return Err(self.missing(name, row));
        }
        match values {
            Values::Numbers(numbers) => Ok(numbers),
            Values::Text(_) => Err(Error::TextColumn {
                file: self.source.clone(),
                column: Snippet::new(name),
                remedy,
            }),
        }
    }

    /// A column kept exactly as written, asked for by [`Csv::verbatim`](crate::Csv::verbatim).
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] when it was not asked for.
    pub fn verbatim(&self, name: &str) -> Result<&Text> {
        match self.verbatim.iter().find(|column| column.name == name) {
            Some(Column { values: Values::Text(text), .. }) => Ok(text),
            _ => Err(self.unknown(name)),
        }
    }

    /// Line of the file on which row `i` (from 0) begins.
    #[must_use]
    pub fn line_of(&self, i: usize) -> u64 {
        self.lines.of(i)
    }

    /// The given rows, in the given order, repeated if named repeatedly.
    ///
    /// # Panics
    /// When a row is not below `n_rows()`.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        self.part(rows, |_| true)
    }

    /// The same of some columns only; those that are not there are left out.
    ///
    /// # Panics
    /// When a row is not below `n_rows()`.
    #[must_use]
    pub fn select_columns(&self, names: &[&str], rows: &[usize]) -> Self {
        self.part(rows, |column| names.contains(&column.name.as_str()))
    }

    fn part(&self, rows: &[usize], wanted: impl Fn(&Column) -> bool) -> Self {
        let pick = |columns: &[Column]| {
            (columns.iter().filter(|column| wanted(column)))
                .map(|column| Column {
                    name: column.name.clone(),
                    values: column.values.select(rows),
                })
                .collect()
        };
        let mut lines = Lines::default();
        for (at, &row) in rows.iter().enumerate() {
            lines.push(at, self.lines.of(row));
        }
        Self {
            source: self.source.clone(),
            columns: pick(&self.columns),
            verbatim: pick(&self.verbatim),
            n_rows: rows.len(),
            lines,
        }
    }

    /// The rows in which none of the named columns is missing.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] when there is no such column.
    pub fn complete_rows<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<usize>> {
        let columns =
            names.into_iter().map(|name| self.column(name)).collect::<Result<Vec<_>>>()?;
        Ok((0..self.n_rows)
            .filter(|&i| columns.iter().all(|column| column.values.cell(i) != Cell::Missing))
            .collect())
    }

    /// Codes 0, 1, … of a column's values, the same code for equal values:
    /// groups for a grouped split. Codes follow the first appearance.
    ///
    /// # Errors
    /// An unknown column, or a missing cell in it.
    pub fn groups(&self, name: &str) -> Result<Vec<usize>> {
        let column = self.column(name)?;
        let mut seen = std::collections::BTreeMap::new();
        (0..self.n_rows)
            .map(|i| {
                let key = match column.values.cell(i) {
                    // Adding 0 makes one group of 0 and −0.
                    Cell::Number(x) => (x + 0.0).to_bits().to_string(),
                    Cell::Text(text) => text.to_owned(),
                    Cell::Missing => return Err(self.missing(name, i)),
                };
                let next = seen.len();
                Ok(*seen.entry(key).or_insert(next))
            })
            .collect()
    }

    pub(crate) fn unknown(&self, name: &str) -> Error {
        Error::UnknownColumn {
            file: self.source.clone(),
            name: Snippet::new(name),
            known: Snippet::list(self.names()),
        }
    }

    pub(crate) fn missing(&self, name: &str, row: usize) -> Error {
        Error::MissingValue {
            file: self.source.clone(),
            line: self.line_of(row),
            column: Snippet::new(name),
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Snippet::list(self.names());
        write!(f, "Table {} ~ ({}, {}): {names}", self.source, self.n_rows, self.columns.len())
    }
}

/// Refuses empty and repeated names.
pub(crate) fn check_names<'a>(file: &Snippet, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for (at, name) in names.enumerate() {
        if name.is_empty() {
            return Err(Error::EmptyName { file: file.clone(), position: at + 1 });
        }
        if let Some(first) = seen.insert(name, at) {
            return Err(Error::DuplicateName {
                file: file.clone(),
                name: Snippet::new(name),
                first: first + 1,
                second: at + 1,
            });
        }
    }
    Ok(())
}

/// Line of every row, as runs of consecutive lines.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Lines {
    /// (row, line) at which a run begins.
    runs: Vec<(usize, u64)>,
}

impl Lines {
    pub(crate) fn from_first(line: u64) -> Self {
        Self { runs: vec![(0, line)] }
    }

    /// Notes that `row` begins on `line`; rows come in order.
    pub(crate) fn push(&mut self, row: usize, line: u64) {
        if self.runs.is_empty() || self.of(row) != line {
            self.runs.push((row, line));
        }
    }

    pub(crate) fn of(&self, row: usize) -> u64 {
        let at = self.runs.partition_point(|&(first, _)| first <= row);
        match at.checked_sub(1).map(|at| self.runs[at]) {
            Some((first, line)) => line + (row - first) as u64,
            None => row as u64 + 1,
        }
    }
}
