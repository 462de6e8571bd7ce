//! Ordinary rows, read in one pass from bytes to columns.
//!
//! A row that has anything unusual (a quote inside a cell, a line end inside
//! quotes, a fault) is none of ours: [`Records`](super::records::Records) reads
//! it again, strictly, and tells what is wrong with it.

use super::reader::Growing;

/// Reads the row that the bytes begin with into the columns; returns how many
/// bytes it takes, its end of line included.
///
/// None if the row does not end here or is not ordinary; some columns may then
/// have grown.
pub(super) fn plain_row(bytes: &[u8], delimiter: u8, columns: &mut [Growing]) -> Option<usize> {
    if let Some(b'\n' | b'\r') = bytes.first() {
        return None; // a blank line
    }
    let last = columns.len().checked_sub(1)?;
    let mut at = 0;
    for (j, column) in columns.iter_mut().enumerate() {
        let end = plain_number(bytes.get(at..)?, delimiter, column)
            .or_else(|| plain_cell(&bytes[at..], delimiter, column))?
            + at;
        // Both stop in front of what separates cells only.
        at = end + 1;
        if (bytes[end] == delimiter) != (j < last) {
            return None;
        }
    }
    match bytes[at - 1] {
        b'\n' => Some(at),
        _ => (bytes.get(at) == Some(&b'\n')).then_some(at + 1),
    }
}

/// Reads a plain number into a column of numbers; returns its length.
#[inline]
fn plain_number(bytes: &[u8], delimiter: u8, column: &mut Growing) -> Option<usize> {
    let Growing::Numbers(numbers) = column else { return None };
    // Signs and words that this parser knows besides are for the strict reader.
    if !matches!(bytes.first()?, b'0'..=b'9' | b'-' | b'.') {
        return None;
    }
    let (x, end) = fast_float2::parse_partial::<f64, _>(bytes).ok()?;
    let next = *bytes.get(end)?;
    let is_whole = next == delimiter || next == b'\n' || next == b'\r';
    if !is_whole || !x.is_finite() {
        return None;
    }
    numbers.push(x);
    Some(end)
}

/// Reads any other cell; returns the length of what stands before its separator.
fn plain_cell(bytes: &[u8], delimiter: u8, column: &mut Growing) -> Option<usize> {
    let quoted = usize::from(bytes.first() == Some(&b'"'));
    let inside = &bytes[quoted..];
    let separates = |&byte: &u8| byte == delimiter || matches!(byte, b'\n' | b'\r');
    // Nearly every byte is above the quote.
    let stops = |byte: &u8| match byte {
        b'"' | b'\n' | b'\r' | 0 => true,
        byte => quoted == 0 && *byte == delimiter,
    };
    let length = inside.iter().position(stops)?;
    let end = length + 2 * quoted;
    let closed = if quoted == 1 { inside[length] == b'"' } else { separates(&inside[length]) };
    if !closed || !separates(bytes.get(end)?) {
        return None;
    }
    let cell = str::from_utf8(&inside[..length]).ok()?;
    column.push(cell).ok()?;
    Some(end)
}
