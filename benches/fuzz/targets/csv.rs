//! The CSV reader: any bytes under several settings.
//!
//! Promises: no panic; a table has columns of equal length and finite or missing
//! numbers; reading in pieces gives the same table as reading at once.

use wonderland_data::{Csv, ReadAs, Table, Values};

use super::{Target, check_message};

pub(crate) const TARGET: Target = Target {
    name: "csv",
    about: "the CSV reader under several settings, at once and in pieces",
    words: &[
        b",",
        b"\"",
        b"\"\"",
        b"\r\n",
        b"\n",
        b";",
        b"NA",
        b"?",
        b"nan",
        b"inf",
        b"-0.0",
        b"1e308",
        b"1e309",
        b"4.9e-324",
        b"0x1p3",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\0",
        b"\x1f\x8b\x08",
        b"123456789012345678901234567890",
        b"\xe2\x80\xa8",
        b" ",
        b"\t",
        b"+1",
        b".5",
        b"1_000",
    ],
    seal: None,
    run,
};

fn run(input: &[u8]) -> Result<String, String> {
    let settings = [
        Csv::default(),
        Csv { others: ReadAs::Auto, ..Csv::default() },
        Csv { others: ReadAs::Text, delimiter: b';', ..Csv::default() },
    ];
    let mut outcome = String::new();
    for csv in &settings {
        outcome += &read(csv, input)?;
        outcome.push('|');
    }
    Ok(outcome)
}

fn read(csv: &Csv, input: &[u8]) -> Result<String, String> {
    let whole = csv.read(input, "input.csv");
    match &whole {
        Ok(table) => check_table(table)?,
        Err(error) => return check_message(&error.to_string()),
    }
    let whole = whole.map_err(|e| e.to_string())?;
    // Under `Auto` the first piece decides the types, so pieces may differ from the whole.
    if csv.others != ReadAs::Auto {
        check_pieces(csv, input, &whole)?;
    }
    // The logarithm of the size is enough to tell outcomes apart.
    let size = |n: usize| usize::BITS - n.leading_zeros();
    Ok(format!("table {} {}", size(whole.n_rows()), size(whole.columns().len())))
}

fn check_table(table: &Table) -> Result<(), String> {
    for column in table.columns() {
        if column.values.len() != table.n_rows() {
            return Err(format!("a column of {} rows of {}", column.values.len(), table.n_rows()));
        }
        if let Values::Numbers(numbers) = &column.values
            && numbers.iter().any(|x| x.is_infinite())
        {
            return Err("an infinite number was accepted".to_owned());
        }
    }
    Ok(())
}

fn check_pieces(csv: &Csv, input: &[u8], whole: &Table) -> Result<(), String> {
    let fault = |e: wonderland_data::Error| format!("in pieces refused, as a whole accepted: {e}");
    let mut reader = csv.reader(input, "input.csv").map_err(fault)?;
    let mut row = 0;
    while let Some(piece) = reader.next_rows(3).map_err(fault)? {
        for (column, expected) in piece.columns().iter().zip(whole.columns()) {
            for i in 0..piece.n_rows() {
                if column.values.cell(i) != expected.values.cell(row + i) {
                    return Err(format!("row {} differs when read in pieces", row + i));
                }
            }
        }
        row += piece.n_rows();
    }
    if row != whole.n_rows() {
        return Err(format!("{row} rows in pieces, {} as a whole", whole.n_rows()));
    }
    Ok(())
}
