//! Properties of reading and writing CSV, against a slow obvious reader.

use std::io::{self, Read};

use proptest::prelude::*;
use wonderland_data::{Csv, CsvWriter, ReadAs, Values};

/// A stream that gives pieces of a few bytes.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(self.1);
        self.0.read(&mut into[..n])
    }
}

/// All cells of a file as they stand, by the library.
fn cells<R: Read>(stream: R) -> Option<Vec<Vec<String>>> {
    let csv =
        Csv { others: ReadAs::Skip, verbatim: vec!["a".into(), "b".into()], ..Csv::default() };
    let mut reader = csv.reader(stream, "f").ok()?;
    let mut rows = Vec::new();
    while let Some(table) = reader.next_rows(2).ok()? {
        for i in 0..table.n_rows() {
            let cell = |name| table.verbatim(name).unwrap().get(i).to_owned();
            rows.push(vec![cell("a"), cell("b")]);
        }
    }
    Some(rows)
}

/// The same by the grammar, character for character, all in memory; blank
/// lines at the end aside.
fn oracle(text: &str) -> Option<Vec<Vec<String>>> {
    let text: Vec<char> = text.chars().collect();
    let (mut rows, mut row, mut at) = (Vec::new(), Vec::new(), 0);
    loop {
        let mut cell = String::new();
        let quoted = text.get(at) == Some(&'"');
        if quoted {
            at += 1;
            loop {
                match (text.get(at)?, text.get(at + 1)) {
                    ('"', Some('"')) => {
                        cell.push('"');
                        at += 2;
                    }
                    ('"', _) => break,
                    (&c, _) => {
                        cell.push(c);
                        at += 1;
                    }
                }
            }
            at += 1;
        } else {
            while let Some(&c) = text.get(at)
                && !matches!(c, ',' | '\n' | '\r')
            {
                if c == '"' {
                    return None;
                }
                cell.push(c);
                at += 1;
            }
        }
        row.push(cell);
        let newline = match (text.get(at), text.get(at + 1)) {
            (Some(','), _) => {
                at += 1;
                continue;
            }
            (None, _) => 0,
            (Some('\n'), _) => 1,
            (Some('\r'), Some('\n')) => 2,
            _ => return None,
        };
        // Also a blank line is a row that is too short.
        if row.len() != 2 {
            return None;
        }
        rows.push(std::mem::take(&mut row));
        at += newline;
        if at == text.len() {
            return Some(rows);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn reading_follows_the_grammar(body in r#"[a,"\r\n\u{e9}]{0,24}"#, piece in 1_usize..5) {
        let file = format!("a,b\n{body}\nz,z");
        let expected = oracle(&file[4..]);
        prop_assert_eq!(&cells(file.as_bytes()), &expected);
        prop_assert_eq!(&cells(Pieces(file.as_bytes(), piece)), &expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(
        prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b'1'), any::<u8>()], 0..200)) {
        for others in [ReadAs::Numbers, ReadAs::Text, ReadAs::Auto] {
            let csv = Csv { others, ..Csv::default() };
            match csv.read(&bytes[..], "f") {
                Ok(table) => prop_assert!(table.n_rows() > 0),
                Err(error) => {
                    let text = error.to_string();
                    prop_assert!(text.len() < 4096 && !text.chars().any(char::is_control));
                }
            }
        }
    }

    #[test]
    fn what_is_written_reads_back(
        rows in prop::collection::vec((any::<f64>(), any::<f32>(), "[^\\x00]{0,12}"), 1..20),
    ) {
        let mut csv = CsvWriter::new(Vec::new(), b',');
        for name in ["x", "f", "t"] {
            csv.text(name).unwrap();
        }
        csv.end_row().unwrap();
        for (x, f, t) in &rows {
            csv.number(*x).unwrap();
            csv.number(*f).unwrap();
            csv.text(t).unwrap();
            csv.end_row().unwrap();
        }
        let file = csv.into_inner();
        let read = Csv { verbatim: vec!["t".into()], ..Csv::default() }.rule("t", ReadAs::Skip);
        let table = read.read(&file[..], "f").unwrap();
        let bits = |name| match &table.column(name).unwrap().values {
            Values::Numbers(x) => x.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            Values::Text(_) => unreachable!(),
        };
        prop_assert_eq!(bits("x"), rows.iter().map(|(x, ..)| x.to_bits()).collect::<Vec<_>>());
        let f32_bits: Vec<u32> = bits("f").iter().map(|b| (f64::from_bits(*b) as f32).to_bits()).collect();
        prop_assert_eq!(f32_bits, rows.iter().map(|(_, f, _)| f.to_bits()).collect::<Vec<_>>());
        let text: Vec<&str> = table.verbatim("t").unwrap().iter().collect();
        prop_assert_eq!(text, rows.iter().map(|(.., t)| t.as_str()).collect::<Vec<_>>());
    }

    /// Plain cells and quoted ones go different ways through the reader.
    #[test]
    fn numbers_are_rounded_correctly(cell in r"-?[0-9]{1,25}(\.[0-9]{0,25})?([eE][-+]?[0-9]{1,2})?") {
        let expected = Values::Numbers(vec![cell.parse().unwrap()]);
        let table = Csv::default().read(format!("x,y\n{cell},\"{cell}\"\n").as_bytes(), "f").unwrap();
        for name in ["x", "y"] {
            prop_assert_eq!(&table.column(name).unwrap().values, &expected);
        }
    }
}

/// Rows of every kind lie across the end of the reader's buffer.
#[test]
fn the_ends_of_buffers_are_no_ends() {
    for end in ["1,\"x\"\"y\"\r\n", "\"1\",\u{e9}\r\n", "1,x\n\"2\",\"\n\"\n"] {
        for shift in 0..end.len() + 4 {
            let filler = "a".repeat(64 * 1024 - 6 - shift);
            let file = format!("a,b\n{filler},\n{end}3,4\n");
            let expected = oracle(&file[4..]).unwrap();
            assert_eq!(cells(file.as_bytes()).unwrap(), expected, "{end:?} {shift}");
        }
    }
}
