//! Writing CSV: cells quoted only where they must be, numbers in the shortest
//! form that reads back as the same bits.

use std::fmt::Write as _;
use std::io::{self, Write};

use wonderland_linalg::Scalar;

/// Writes cells and rows of CSV.
///
/// # Examples
/// ```
/// use wonderland_data::CsvWriter;
/// let mut csv = CsvWriter::new(Vec::new(), b',');
/// csv.text("name")?;
/// csv.text("p:yes, maybe")?;
/// csv.end_row()?;
/// csv.text("a")?;
/// csv.number(0.1_f64 + 0.2)?;
/// csv.end_row()?;
/// assert_eq!(csv.into_inner(), b"name,\"p:yes, maybe\"\na,0.30000000000000004\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct CsvWriter<W> {
    to: W,
    delimiter: u8,
    first: bool,
    number: String,
}

impl<W: Write> CsvWriter<W> {
    /// A writer of rows to `to`.
    pub fn new(to: W, delimiter: u8) -> Self {
        Self { to, delimiter, first: true, number: String::new() }
    }

    /// Writes one cell of text.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn text(&mut self, cell: &str) -> io::Result<()> {
        // A row of one empty cell would be a blank line.
        let alone = self.first && cell.is_empty();
        self.separate()?;
        let must_quote = alone
            || cell.starts_with([' ', '\t', '\u{feff}'])
            || cell.ends_with([' ', '\t'])
            || cell.bytes().any(|b| b == self.delimiter || matches!(b, b'"' | b'\n' | b'\r'));
        if !must_quote {
            return self.to.write_all(cell.as_bytes());
        }
        self.to.write_all(b"\"")?;
        for (i, piece) in cell.split('"').enumerate() {
            if i > 0 {
                self.to.write_all(b"\"\"")?;
            }
            self.to.write_all(piece.as_bytes())?;
        }
        self.to.write_all(b"\"")
    }

    /// Writes one number; whole ones without a point, NaN as an empty cell.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn number<T: Scalar>(&mut self, x: T) -> io::Result<()> {
        self.number.clear();
        if x.to_f64().is_nan() {
            return self.text("");
        }
        // Rust's debug form is the shortest that reads back, with an exponent
        // where the plain form would be long.
        write!(self.number, "{x:?}").map_err(io::Error::other)?;
        self.separate()?;
        let digits = self.number.strip_suffix(".0").unwrap_or(&self.number);
        self.to.write_all(digits.as_bytes())
    }

    /// Writes one whole number.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn integer(&mut self, i: usize) -> io::Result<()> {
        self.separate()?;
        write!(self.to, "{i}")
    }

    /// Ends the row.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn end_row(&mut self) -> io::Result<()> {
        self.first = true;
        self.to.write_all(b"\n")
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn separate(&mut self) -> io::Result<()> {
        if self.first {
            self.first = false;
            Ok(())
        } else {
            self.to.write_all(&[self.delimiter])
        }
    }
}
