//! Rows of cells out of a stream of bytes, strictly (RFC 4180).
//!
//! Written here because lenient readers repair in silence what we must refuse:
//! a quote never closed, text after a closing quote, a blank line in the
//! middle. Memory is bounded by the longest row allowed, a row without quotes
//! is never copied, and every row knows the line it began on.

use std::io::{self, Read};

use crate::{Error, Result, Snippet};

/// Bytes asked of the stream at once.
const CHUNK: usize = 256 * 1024;

/// A reader of rows.
pub(crate) struct Records<R> {
    stream: R,
    file: Snippet,
    delimiter: u8,
    max_row: usize,
    buffer: Vec<u8>,
    /// The bytes read and not yet consumed are `buffer[start..end]`.
    start: usize,
    end: usize,
    eof: bool,
    /// Line of `buffer[start]`, from 1.
    line: u64,
    /// A row without its quotes, when it had any.
    unquoted: Vec<u8>,
    /// End of every cell in the row's text.
    ends: Vec<usize>,
}

/// One row: cell i is the text from just behind `ends[i − 1]` to `ends[i]`.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    text: &'a str,
    ends: &'a [usize],
    /// Line on which the row begins, from 1.
    pub(crate) line: u64,
}

impl<'a> Row<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (text, ends) = (self.text, self.ends);
        let mut start = 0;
        ends.iter().map(move |&end| {
            let cell = &text[start..end];
            start = end + 1; // past the delimiter
            cell
        })
    }
}

/// Where the bytes of a row were left by the scan.
enum Scanned {
    /// The row is `buffer[start..start + length]`, followed by `newline` bytes.
    Plain { length: usize, newline: usize },
    /// The row is in `unquoted`; it took `taken` bytes and `lines` line ends.
    Quoted { taken: usize, lines: u64 },
}

impl<R: Read> Records<R> {
    pub(crate) fn new(stream: R, file: Snippet, delimiter: u8, max_row: usize) -> Self {
        Self {
            stream,
            file,
            delimiter,
            max_row,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            eof: false,
            line: 1,
            unquoted: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The next row as `read` takes it from the bytes that are there: it is
    /// given these and the delimiter, and returns how many bytes make the row,
    /// which ends with one line end. Returns the line of the row; none if `read`
    /// does, and then nothing is taken.
    #[inline]
    pub(super) fn plain_row(
        &mut self,
        read: impl FnOnce(&[u8], u8) -> Option<usize>,
    ) -> Option<u64> {
        let line = self.line;
        self.start += read(&self.buffer[self.start..self.end], self.delimiter)?;
        self.line += 1;
        Some(line)
    }

    /// The next row, or none at the end. Blank lines may only end the file.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>> {
        if self.start == 0 && self.end == 0 && !self.eof {
            self.check_magic()?;
        }
        let blank = self.skip_blank_lines()?;
        if self.start == self.end {
            return Ok(None);
        }
        if let Some(line) = blank {
            return Err(Error::BlankLine { file: self.file.clone(), line });
        }
        self.ends.clear();
        let line = self.line;
        let text = match self.scan()? {
            Scanned::Plain { length, newline } => {
                let row = self.start..self.start + length;
                self.start = row.end + newline;
                self.line += u64::from(newline > 0);
                &self.buffer[row]
            }
            Scanned::Quoted { taken, lines } => {
                self.start += taken;
                self.line += lines;
                &self.unquoted[..]
            }
        };
        match std::str::from_utf8(text) {
            Ok(text) => Ok(Some(Row { text, ends: &self.ends, line })),
            Err(fault) => {
                let at = self.ends.partition_point(|&end| end <= fault.valid_up_to());
                let from = if at == 0 { 0 } else { self.ends[at - 1] + 1 };
                let cell = &text[from..self.ends[at]];
                Err(Error::NotUtf8 {
                    file: self.file.clone(),
                    line,
                    position: at + 1,
                    value: Snippet::bytes(cell),
                })
            }
        }
    }

    /// Finds the end of the row and of its cells.
    fn scan(&mut self) -> Result<Scanned> {
        let mut at = 0;
        let mut carriage_return = None;
        loop {
            let row = &self.buffer[self.start..self.end];
            while at < row.len() {
                let byte = row[at];
                // Nearly every byte is a digit, a letter or a point.
                if byte > b'"' && byte != self.delimiter {
                    at += 1;
                    continue;
                }
                match byte {
                    b if b == self.delimiter => self.ends.push(at),
                    b'\n' => {
                        let length = self.end_of_line(at, carriage_return)?;
                        return Ok(Scanned::Plain { length, newline: at + 1 - length });
                    }
                    b'\r' if carriage_return.is_none() => carriage_return = Some(at),
                    b'\r' => return Err(self.bare_carriage_return()),
                    b'"' => return self.scan_quoted(),
                    0 => return Err(self.nul()),
                    _ => {}
                }
                at += 1;
            }
            if at > self.max_row {
                return Err(self.too_long());
            }
            if !self.fill()? {
                let length = self.end_of_line(at, carriage_return)?;
                return Ok(Scanned::Plain { length, newline: at - length });
            }
        }
    }

    /// Length of the row that ends before `at`, without a carriage return.
    fn end_of_line(&mut self, at: usize, carriage_return: Option<usize>) -> Result<usize> {
        let length = match carriage_return {
            None => at,
            Some(before) if before + 1 == at => before,
            Some(_) => return Err(self.bare_carriage_return()),
        };
        self.ends.push(length);
        Ok(length)
    }

    /// The same for a row with quotes, which are taken away in a copy.
    fn scan_quoted(&mut self) -> Result<Scanned> {
        self.ends.clear();
        self.unquoted.clear();
        let mut at = 0;
        let mut lines = 0;
        loop {
            if self.peek(at)? == Some(b'"') {
                at += 1;
                loop {
                    match self.peek(at)? {
                        None => return Err(self.bad_quote("the quote is never closed")),
                        Some(0) => return Err(self.nul()),
                        Some(b'"') if self.peek(at + 1)? == Some(b'"') => {
                            self.unquoted.push(b'"');
                            at += 2;
                        }
                        Some(b'"') => break,
                        Some(byte) => {
                            lines += u64::from(byte == b'\n');
                            self.unquoted.push(byte);
                            at += 1;
                        }
                    }
                }
                at += 1;
            } else {
                loop {
                    match self.peek(at)? {
                        None | Some(b'\n' | b'\r') => break,
                        Some(byte) if byte == self.delimiter => break,
                        Some(b'"') => {
                            return Err(self.bad_quote(
                                "a quote stands inside an unquoted cell: quote the whole cell and double the quote",
                            ));
                        }
                        Some(0) => return Err(self.nul()),
                        Some(byte) => {
                            self.unquoted.push(byte);
                            at += 1;
                        }
                    }
                }
            }
            let next = self.peek(at)?;
            let newline = match next {
                None => 0,
                Some(b'\n') => 1,
                Some(b'\r') => match self.peek(at + 1)? {
                    Some(b'\n') => 2,
                    None => 1,
                    Some(_) => return Err(self.bare_carriage_return()),
                },
                Some(byte) if byte == self.delimiter => {
                    self.ends.push(self.unquoted.len());
                    // Kept, so that cells stay apart and characters whole.
                    self.unquoted.push(byte);
                    at += 1;
                    continue;
                }
                Some(_) => {
                    return Err(self
                        .bad_quote("text follows a closing quote: double a quote inside a cell"));
                }
            };
            self.ends.push(self.unquoted.len());
            lines += u64::from(newline > 0 && (newline == 2 || next == Some(b'\n')));
            return Ok(Scanned::Quoted { taken: at + newline, lines });
        }
    }

    /// Byte `at` of the row, read if need be; none at the end of the stream.
    #[inline]
    fn peek(&mut self, at: usize) -> Result<Option<u8>> {
        while self.start + at >= self.end {
            if at > self.max_row {
                return Err(self.too_long());
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer[self.start + at]))
    }

    /// Reads more behind what is there; false at the end of the stream.
    fn fill(&mut self) -> Result<bool> {
        if self.eof {
            return Ok(false);
        }
        if self.start > 0 && self.end + CHUNK > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::io(&self.file, "read it", &e)),
            }
            return Ok(!self.eof);
        }
    }

    /// Drops a byte order mark; names what is plainly something else.
    fn check_magic(&mut self) -> Result<()> {
        while self.end < 4 && self.fill()? {}
        let what = match &self.buffer[..self.end] {
            [0xef, 0xbb, 0xbf, ..] => {
                self.start = 3;
                return Ok(());
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
            [b'P', b'K', 3, 4, ..] => "a ZIP archive or a spreadsheet",
            [b'P', b'A', b'R', b'1', ..] => "a Parquet file",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "a Zstandard archive",
            [b'%', b'P', b'D', b'F', ..] => "a PDF",
            _ => return Ok(()),
        };
        Err(Error::NotText { file: self.file.clone(), line: 1, what })
    }

    /// Passes over blank lines; returns the first of them.
    fn skip_blank_lines(&mut self) -> Result<Option<u64>> {
        let mut blank = None;
        loop {
            let newline = match self.peek(0)? {
                Some(b'\n') => 1,
                Some(b'\r') if self.peek(1)? == Some(b'\n') => 2,
                Some(b'\r') if self.peek(1)?.is_none() => 1,
                _ => return Ok(blank),
            };
            blank.get_or_insert(self.line);
            self.start += newline;
            self.line += 1;
        }
    }

    fn too_long(&self) -> Error {
        Error::RowTooLong { file: self.file.clone(), line: self.line, limit: self.max_row }
    }

    fn nul(&self) -> Error {
        let what = "binary data (it holds a NUL byte)";
        Error::NotText { file: self.file.clone(), line: self.line, what }
    }

    fn bare_carriage_return(&self) -> Error {
        Error::BareCarriageReturn { file: self.file.clone(), line: self.line }
    }

    fn bad_quote(&self, fault: &'static str) -> Error {
        Error::BadQuote {
            file: self.file.clone(),
            line: self.line,
            position: self.ends.len() + 1,
            fault,
        }
    }
}
