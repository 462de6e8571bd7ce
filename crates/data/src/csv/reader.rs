//! Typed columns out of CSV rows.
//!
//! Every cell goes straight into the growing column of its type, without an
//! allocation of its own. The first cell that does not fit ends the reading
//! with its place and the option that would accept it; nothing is guessed.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use super::plain::plain_row;
use super::records::{Records, Row};
use crate::table::{Lines, check_names};
use crate::{Column, Error, Result, Snippet, Table, Text, Values, input};

/// How a column of a file is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadAs {
    /// Numbers; anything else but a missing cell is an error.
    #[default]
    Numbers,
    /// Text, also where it looks like numbers: categories.
    Text,
    /// What the first cell that is not missing looks like.
    Auto,
    /// Not at all.
    Skip,
}

/// Settings of reading CSV.
///
/// The file is UTF-8 (a byte order mark is dropped), its first line names the
/// columns, every row is as long as that, cells may be quoted as in RFC 4180,
/// lines end with LF or CR LF, blank lines may only end the file. Numbers are
/// decimal, correctly rounded and finite. A missing cell is empty, `NA`, `?`
/// or `nan`. Blanks around a cell are dropped. Gzip is recognised by its first
/// bytes and unpacked on the way.
///
/// # Examples
/// ```
/// use wonderland_data::{Csv, Values};
/// let csv = Csv { delimiter: b';', ..Csv::default() }.categorical("city");
/// let table = csv.read("city;x\nRoma;1.5\nPisa;NA\n".as_bytes(), "inline")?;
/// assert!(matches!(&table.column("city")?.values, Values::Text(city) if city.get(1) == "Pisa"));
/// assert_eq!(table.column("x")?.values.n_missing(), 1);
///
/// let error = Csv::default().read("x\n1\nabc\n".as_bytes(), "my.csv").unwrap_err();
/// assert!(error.to_string().starts_with("my.csv, line 3, column `x`: `abc` is not a number"));
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Csv {
    /// The byte between cells.
    pub delimiter: u8,
    /// How columns are read that no rule names.
    pub others: ReadAs,
    /// How the named columns are read; the last rule of a name holds.
    pub rules: Vec<(String, ReadAs)>,
    /// Columns that are also kept exactly as written ([`Table::verbatim`]).
    pub verbatim: Vec<String>,
    /// Whether a name in `rules` that the file does not have is passed over.
    pub allow_absent: bool,
    /// Longest row in bytes.
    pub max_row: usize,
    /// Largest number of columns.
    pub max_columns: usize,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            delimiter: b',',
            others: ReadAs::Numbers,
            rules: Vec::new(),
            verbatim: Vec::new(),
            allow_absent: false,
            // Wide enough for the most columns with 17 digits each, far from
            // what would fill the memory.
            max_row: 8 << 20,
            max_columns: 1 << 16,
        }
    }
}

impl Csv {
    /// Reads the named column as `read_as`.
    #[must_use]
    pub fn rule(mut self, name: &str, read_as: ReadAs) -> Self {
        self.rules.push((name.to_owned(), read_as));
        self
    }

    /// Reads the named column as text.
    #[must_use]
    pub fn categorical(self, name: &str) -> Self {
        self.rule(name, ReadAs::Text)
    }

    /// Reads a whole stream; `name` is what messages call it.
    ///
    /// # Errors
    /// The first fault of the file, with its place.
    pub fn read(&self, stream: impl Read, name: &str) -> Result<Table> {
        let mut reader = self.reader(stream, name)?;
        match reader.next_rows(usize::MAX)? {
            Some(table) => Ok(table),
            None => Err(Error::NoRows { file: Snippet::new(name) }),
        }
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// A file that cannot be opened, or its first fault.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        self.read(input::open(path)?, &path.to_string_lossy())
    }

    /// Reads the header; the rows follow in pieces as they are asked for.
    ///
    /// # Errors
    /// A delimiter that cannot be one, a faulty header, a rule or a verbatim
    /// column that the header does not name.
    pub fn reader<R: Read>(&self, stream: R, name: &str) -> Result<CsvReader<R>> {
        CsvReader::new(self, stream, Snippet::new(name))
    }

    fn check_delimiter(&self) -> Result<()> {
        let byte = self.delimiter;
        if !byte.is_ascii()
            || byte.is_ascii_alphanumeric()
            || matches!(byte, b'"' | b'\n' | b'\r' | 0 | b'.' | b'+' | b'-')
        {
            return Err(Error::BadDelimiter { delimiter: char::from(byte) });
        }
        Ok(())
    }
}

/// A CSV file read in pieces, all of one schema.
///
/// Under [`ReadAs::Auto`] the first piece decides: a column without any value
/// in it is one of numbers.
///
/// # Examples
/// ```
/// use wonderland_data::Csv;
/// let mut reader = Csv::default().reader("x\n1\n2\n3\n".as_bytes(), "inline")?;
/// let mut n_rows = Vec::new();
/// while let Some(piece) = reader.next_rows(2)? {
///     n_rows.push(piece.n_rows());
/// }
/// assert_eq!(n_rows, [2, 1]);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
pub struct CsvReader<R> {
    records: Records<input::Unpacked<R>>,
    file: Snippet,
    names: Vec<String>,
    kinds: Vec<Kind>,
    keep: Vec<usize>,
}

/// What is known of a column's type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numbers,
    Text,
    Undecided,
    Skip,
}

/// A growing column.
pub(super) enum Growing {
    Numbers(Vec<f64>),
    Text(Text),
    /// Only missing cells so far.
    Undecided(usize),
    Skip,
}

/// Why a cell does not fit.
pub(super) enum Misfit {
    NotANumber,
    NotFinite,
}

impl<R: Read> CsvReader<R> {
    fn new(csv: &Csv, stream: R, file: Snippet) -> Result<Self> {
        csv.check_delimiter()?;
        let stream = input::Unpacked::new(stream, &file)?;
        let mut records = Records::new(stream, file.clone(), csv.delimiter, csv.max_row);
        let names: Vec<String> = match records.next()? {
            None => return Err(Error::EmptyFile { file }),
            Some(row) if row.len() > csv.max_columns => {
                return Err(Error::TooManyColumns {
                    file,
                    found: row.len(),
                    limit: csv.max_columns,
                });
            }
            Some(row) => row.cells().map(|name| name.trim().to_owned()).collect(),
        };
        check_names(&file, names.iter().map(String::as_str))?;
        let unknown = |name: &str| Error::UnknownColumn {
            file: file.clone(),
            name: Snippet::new(name),
            known: Snippet::list(names.iter().map(String::as_str)),
        };
        let kind = |read_as| match read_as {
            ReadAs::Numbers => Kind::Numbers,
            ReadAs::Text => Kind::Text,
            ReadAs::Auto => Kind::Undecided,
            ReadAs::Skip => Kind::Skip,
        };
        let mut kinds = vec![kind(csv.others); names.len()];
        let position: BTreeMap<&str, usize> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        for (name, read_as) in &csv.rules {
            match position.get(name.as_str()) {
                Some(&at) => kinds[at] = kind(*read_as),
                None if csv.allow_absent => {}
                None => return Err(unknown(name)),
            }
        }
        let keep = csv
            .verbatim
            .iter()
            .map(|name| position.get(name.as_str()).copied().ok_or_else(|| unknown(name)))
            .collect::<Result<_>>()?;
        Ok(Self { records, file, names, kinds, keep })
    }

    /// The names in the header.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The rest of the file as tables of `k` rows, the last one perhaps shorter;
    /// ends after the first fault.
    ///
    /// # Examples
    /// ```
    /// use wonderland_data::Csv;
    /// let reader = Csv::default().reader("x\n1\n2\n3\n".as_bytes(), "inline")?;
    /// let sizes = reader.pieces(2).map(|piece| Ok(piece?.n_rows()));
    /// assert_eq!(sizes.collect::<wonderland_data::Result<Vec<_>>>()?, [2, 1]);
    /// # Ok::<(), wonderland_data::Error>(())
    /// ```
    pub fn pieces(mut self, k: usize) -> impl Iterator<Item = Result<Table>> {
        let mut failed = false;
        std::iter::from_fn(move || {
            let piece = if failed { None } else { self.next_rows(k).transpose() };
            failed = matches!(piece, Some(Err(_)));
            piece
        })
        .fuse()
    }

    /// The next at most `k` rows as a table, or none at the end of the file.
    ///
    /// # Errors
    /// The first fault among these rows, with its place.
    pub fn next_rows(&mut self, k: usize) -> Result<Option<Table>> {
        let mut growing: Vec<Growing> = self.kinds.iter().map(|kind| kind.start()).collect();
        let mut verbatim = vec![Text::new(); self.keep.len()];
        let mut lines = Lines::default();
        let mut n_rows = 0;
        while n_rows < k {
            let line = self.records.plain_row(|bytes, delimiter| {
                // Columns kept as written are filled by the strict way alone.
                if self.keep.is_empty() { plain_row(bytes, delimiter, &mut growing) } else { None }
            });
            let line = match line {
                Some(line) => line,
                None => {
                    growing.iter_mut().for_each(|column| column.truncate(n_rows));
                    let Some(row) = self.records.next()? else { break };
                    push_row(&row, &self.file, &self.names, &mut growing)?;
                    for (text, &at) in verbatim.iter_mut().zip(&self.keep) {
                        text.push(row.cells().nth(at).unwrap_or_default());
                    }
                    row.line
                }
            };
            lines.push(n_rows, line);
            n_rows += 1;
        }
        if n_rows == 0 {
            return Ok(None);
        }
        let mut columns = Vec::new();
        for ((kind, name), growing) in self.kinds.iter_mut().zip(&self.names).zip(growing) {
            let values = match growing {
                Growing::Skip => continue,
                Growing::Numbers(numbers) => Values::Numbers(numbers),
                Growing::Text(text) => Values::Text(text),
                Growing::Undecided(n) => Values::Numbers(vec![f64::NAN; n]),
            };
            *kind = if matches!(values, Values::Text(_)) { Kind::Text } else { Kind::Numbers };
            columns.push(Column { name: name.clone(), values });
        }
        let verbatim = (self.keep.iter().zip(verbatim))
            .map(|(&at, text)| Column { name: self.names[at].clone(), values: Values::Text(text) })
            .collect();
        Ok(Some(Table::from_parts(self.file.clone(), columns, verbatim, n_rows, lines)))
    }
}

/// Pushes every cell of a row onto its column.
fn push_row(
    row: &Row<'_>,
    file: &Snippet,
    names: &[String],
    growing: &mut [Growing],
) -> Result<()> {
    let file = || file.clone();
    if row.len() != growing.len() {
        let (expected, found) = (growing.len(), row.len());
        return Err(Error::Ragged { file: file(), line: row.line, expected, found });
    }
    for (at, cell) in row.cells().enumerate() {
        if let Err(misfit) = growing[at].push(cell) {
            let column = Snippet::new(&names[at]);
            let (file, line, value) = (file(), row.line, Snippet::new(cell));
            return Err(match misfit {
                Misfit::NotANumber => Error::NotANumber { file, line, column, value },
                Misfit::NotFinite => Error::NotFinite { file, line, column, value },
            });
        }
    }
    Ok(())
}

impl Kind {
    /// An empty column of the kind.
    fn start(self) -> Growing {
        match self {
            Kind::Numbers => Growing::Numbers(Vec::new()),
            Kind::Text => Growing::Text(Text::new()),
            Kind::Undecided => Growing::Undecided(0),
            Kind::Skip => Growing::Skip,
        }
    }
}

impl Growing {
    /// Takes back what stands behind the first `n` cells.
    fn truncate(&mut self, n: usize) {
        match self {
            Growing::Numbers(numbers) => numbers.truncate(n),
            Growing::Text(text) => text.truncate(n),
            Growing::Undecided(n_missing) => *n_missing = n.min(*n_missing),
            Growing::Skip => {}
        }
    }

    #[inline]
    pub(super) fn push(&mut self, cell: &str) -> Result<(), Misfit> {
        match self {
            Growing::Numbers(numbers) => numbers.push(parse_number(cell)?),
            Growing::Text(text) => text.push(present(cell)),
            Growing::Skip => {}
            Growing::Undecided(n_missing) => {
                let n = *n_missing;
                if present(cell).is_empty() {
                    *n_missing += 1;
                } else if let Ok(x) = parse_number(cell) {
                    let mut numbers = vec![f64::NAN; n];
                    numbers.push(x);
                    *self = Growing::Numbers(numbers);
                } else {
                    let mut text: Text = std::iter::repeat_n("", n).collect();
                    text.push(present(cell));
                    *self = Growing::Text(text);
                }
            }
        }
        Ok(())
    }
}

/// The cell without blanks around it, or nothing if it stands for nothing.
fn present(cell: &str) -> &str {
    match cell.trim() {
        "NA" | "?" | "nan" | "NaN" | "NAN" => "",
        cell => cell,
    }
}

/// The number in a cell, NaN if it is missing.
#[inline]
fn parse_number(cell: &str) -> Result<f64, Misfit> {
    match cell.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => parse_unusual(cell),
    }
}

#[cold]
fn parse_unusual(cell: &str) -> Result<f64, Misfit> {
    let cell = present(cell);
    if cell.is_empty() {
        return Ok(f64::NAN);
    }
    match cell.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        Ok(x) if x.is_nan() => Err(Misfit::NotANumber),
        Ok(_) => Err(Misfit::NotFinite),
        Err(_) => Err(Misfit::NotANumber),
    }
}
