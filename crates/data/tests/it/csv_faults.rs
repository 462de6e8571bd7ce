//! Every way a CSV file can be bad: one typed error, short, with its place.

use std::io::{self, Read, Write};

use wonderland_data::{Cell, Csv, Error, ReadAs, Values};

/// Reads `bytes` and checks the message, whole and one byte at a time.
#[track_caller]
fn refuse(csv: &Csv, bytes: &[u8], message: &str) -> Error {
    let error = csv.read(bytes, "f.csv").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(message), "{text}");
    assert!(text.len() < 4096, "{}", text.len());
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert_eq!(csv.read(OneByte(bytes), "f.csv").unwrap_err(), error);
    error
}

/// A stream that gives one byte at a time.
struct OneByte<'a>(&'a [u8]);

impl Read for OneByte<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(1);
        self.0.read(&mut into[..n])
    }
}

fn strict() -> Csv {
    Csv::default()
}

#[test]
fn empty_files() {
    for bytes in [&b""[..], b"\xef\xbb\xbf", b"\n", b"\r\n\r\n"] {
        let error = refuse(&strict(), bytes, "f.csv is empty: a header line");
        assert!(matches!(error, Error::EmptyFile { .. }));
    }
    let error = refuse(&strict(), b"a,b\n", "f.csv has a header but no rows");
    assert!(matches!(error, Error::NoRows { .. }));
}

#[test]
fn names() {
    let error = refuse(&strict(), b"a,,c\n1,2,3\n", "f.csv, line 1: column number 2 has no name");
    assert!(matches!(error, Error::EmptyName { position: 2, .. }));
    let error = refuse(
        &strict(),
        b"a,b, a\n1,2,3\n",
        "f.csv, line 1: columns number 1 and 3 are both called `a`",
    );
    assert!(matches!(error, Error::DuplicateName { first: 1, second: 3, .. }));
    let error = refuse(
        &strict().categorical("z"),
        b"a,b\n1,2\n",
        "f.csv: no column is called `z`; there are: a, b",
    );
    assert!(matches!(error, Error::UnknownColumn { .. }));
    let verbatim = Csv { verbatim: vec!["z".into()], ..strict() };
    refuse(&verbatim, b"a,b\n1,2\n", "f.csv: no column is called `z`");
    let lenient = Csv { allow_absent: true, ..strict() }.categorical("z");
    assert_eq!(lenient.read("a\n1\n".as_bytes(), "f.csv").unwrap().n_rows(), 1);
}

#[test]
fn ragged_and_blank_rows() {
    let error =
        refuse(&strict(), b"a,b\n1,2\n3\n", "f.csv, line 3: 1 cells but the header names 2");
    assert!(matches!(error, Error::Ragged { line: 3, expected: 2, found: 1, .. }));
    refuse(&strict(), b"a,b\n1,2\n3,4,\n", "f.csv, line 3: 3 cells");
    let error = refuse(&strict(), b"a\n1\n\n2\n", "f.csv, line 3 is blank");
    assert!(matches!(error, Error::BlankLine { line: 3, .. }));
    refuse(&strict(), b"\na\n1\n", "f.csv, line 1 is blank");
    // At the end they are harmless.
    assert_eq!(strict().read("a\n1\n\n\r\n".as_bytes(), "f").unwrap().n_rows(), 1);
}

#[test]
fn numbers() {
    let bad = |cell: &str| format!("a,b\n1,2\n3,{cell}\n");
    for cell in ["abc", "1,5\"", "0x10", "1_000", "1 2", "--1", "1e", "۱", "nan(1)", "true", "1/2"]
    {
        if !cell.contains(',') {
            let error = refuse(&strict(), bad(cell).as_bytes(), "f.csv, line 3, column `b`: `");
            assert!(matches!(error, Error::NotANumber { line: 3, .. }), "{cell}");
            assert!(error.to_string().contains("`--categorical b`"));
        }
    }
    for cell in ["inf", "-inf", "Infinity", "1e999", "-1e400", &"9".repeat(400)] {
        let error = refuse(&strict(), bad(cell).as_bytes(), "f.csv, line 3, column `b`: `");
        assert!(matches!(error, Error::NotFinite { line: 3, .. }), "{cell}");
    }
    let good = "x\n1.\n.5\n+2e0\n -3 \n1E-400\n1.7976931348623157e308\n0.1\n4.35\n";
    let table = strict().read(good.as_bytes(), "f").unwrap();
    let expected = [1.0, 0.5, 2.0, -3.0, 0.0, f64::MAX, 0.1, 4.35];
    assert_eq!(table.column("x").unwrap().values, Values::Numbers(expected.to_vec()));
}

#[test]
fn a_late_change_of_type_names_its_line() {
    let mut file = String::from("id,x\n");
    for i in 0..20_000 {
        file.push_str(&format!("{i},0.5\n"));
    }
    file.push_str("20000,oops\n");
    for csv in [strict(), Csv { others: ReadAs::Auto, ..strict() }] {
        let error = csv.read(file.as_bytes(), "f.csv").unwrap_err();
        assert!(
            error.to_string().starts_with("f.csv, line 20002, column `x`: `oops` is not a number")
        );
    }
}

#[test]
fn control_characters_are_escaped_and_cells_cut() {
    let long = format!("a\n\u{1b}[2J{}\u{202e}\n", "x".repeat(100_000));
    let error = refuse(&strict(), long.as_bytes(), r"f.csv, line 2, column `a`: `\u{1b}[2Jxxx");
    assert!(error.to_string().len() < 1000);
    // The worst there is: every character an escape, in every name that is listed.
    let hidden: Vec<String> = (0..30).map(|i| "\u{202e}".repeat(500 + i)).collect();
    refuse(
        &strict().categorical(&hidden.concat()),
        (hidden.join(",") + "\n1\n").as_bytes(),
        "f.csv: no column",
    );
    let wide: Vec<String> = (0..50_000).map(|i| format!("{i}-{}", "n".repeat(100))).collect();
    refuse(&strict().categorical("z"), (wide.join(",") + "\n1\n").as_bytes(), "f.csv: no column");
}

#[test]
fn other_encodings_and_binary_files() {
    let utf16: Vec<u8> = "\u{feff}a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refuse(&strict(), &utf16, "f.csv, line 1: this is UTF-16, not text");
    let error = refuse(
        &strict(),
        b"name,x\nJos\xe9,1\n",
        "f.csv, line 2, column number 1: `Jos\u{fffd}` is not UTF-8: convert the file",
    );
    assert!(matches!(error, Error::NotUtf8 { line: 2, position: 1, .. }));
    refuse(&strict(), b"a,b\n1,2\n3,\"\xc3\"\n", "f.csv, line 3, column number 2: `\u{fffd}`");
    // Half a character on either side of a delimiter is no character.
    refuse(&strict(), b"a,b\n\xc3,\xa9\n", "f.csv, line 2, column number 1");
    refuse(&strict(), b"a,b\n\"\xc3\",\"\xa9\"\n", "f.csv, line 2, column number 1");
    for (bytes, what) in [
        (&b"PK\x03\x04rest"[..], "a ZIP archive or a spreadsheet"),
        (b"PAR1rest", "a Parquet file"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x28\xb5\x2f\xfd12", "a Zstandard archive"),
    ] {
        refuse(&strict(), bytes, &format!("f.csv, line 1: this is {what}"));
    }
    for bytes in [&b"a\n1\n\0\n"[..], b"a\n1\n\"\0\"\n", b"a\n1\n\"x\",\0\n"] {
        refuse(&strict(), bytes, "f.csv, line 3: this is binary data");
    }
}

#[test]
fn quotes() {
    let cases: [(&[u8], &str); 4] = [
        (b"a,b\n1,\"2\n3,4\n", "f.csv, line 2, column number 2: the quote is never closed"),
        (b"a,b\n1,\"2\"3\n", "f.csv, line 2, column number 2: text follows a closing quote"),
        (b"a,b\n1,2\"3\n", "f.csv, line 2, column number 2: a quote stands inside"),
        (b"a,b\n\"1\" ,2\n", "f.csv, line 2, column number 1: text follows a closing quote"),
    ];
    for (bytes, message) in cases {
        assert!(matches!(refuse(&strict(), bytes, message), Error::BadQuote { line: 2, .. }));
    }
}

#[test]
fn carriage_returns() {
    let error = refuse(&strict(), b"a\r1\r2\r", "f.csv, line 1: a carriage return stands inside");
    assert!(matches!(error, Error::BareCarriageReturn { .. }));
    refuse(&strict(), b"a,b\r\n1\r,2\r\n", "f.csv, line 2: a carriage return");
    refuse(&strict(), b"a,b\r\n\"1\"\r,2\r\n", "f.csv, line 2: a carriage return");
    refuse(&strict(), b"a\r\n1\r\r\n", "f.csv, line 2: a carriage return");
    let table = strict().read("a,b\r\n1,2\r\n\"3\",4\r\n5,6".as_bytes(), "f").unwrap();
    assert_eq!(table.column("b").unwrap().values, Values::Numbers(vec![2.0, 4.0, 6.0]));
}

#[test]
fn sizes_are_bounded() {
    struct Endless(u8, u64);
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            into.fill(self.0);
            self.1 += into.len() as u64;
            assert!(self.1 < 40_000_000, "reads on and on");
            Ok(into.len())
        }
    }
    for (first, byte) in
        [("", b'x'), ("a,b\n", b'1'), ("a,b\n", b','), ("a\n\"", b'"'), ("a\n\"", b'\n')]
    {
        let stream = first.as_bytes().chain(Endless(byte, 0));
        let error = strict().read(stream, "f.csv").unwrap_err();
        assert!(matches!(error, Error::RowTooLong { .. }), "{error}");
    }
    let header: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
    let error = refuse(
        &strict(),
        (header.join(",") + "\n").as_bytes(),
        "f.csv, line 1: 100000 columns, at most 65536",
    );
    assert!(matches!(error, Error::TooManyColumns { found: 100_000, .. }));
}

#[test]
fn delimiters() {
    let table = Csv { delimiter: b'\t', ..strict() }.read("a\tb\n1\t2,5\n".as_bytes(), "f");
    assert!(matches!(table, Err(Error::NotANumber { .. })));
    for delimiter in [b'"', b'\n', b'a', b'1', b'.', 0, 0xe9] {
        let error = Csv { delimiter, ..strict() }.read("a\n1\n".as_bytes(), "f").unwrap_err();
        assert!(matches!(error, Error::BadDelimiter { .. }));
    }
    for delimiter in [b';', b'|', b'\t', b' ', b'~', b'!'] {
        let d = char::from(delimiter);
        let text = format!("a{d}b\n1{d}\"2\"\n3{d}4\n");
        let table = Csv { delimiter, ..strict() }.read(text.as_bytes(), "f").unwrap();
        assert_eq!(table.column("b").unwrap().values, Values::Numbers(vec![2.0, 4.0]));
    }
}

#[test]
fn types_and_missing_cells() {
    let file = "n,t,auto,all,skip\nNA,NA,,,junk\n1,1,x,?,\"1\n2\"\n nan , b ,10,NaN,3\n";
    let csv = Csv { verbatim: vec!["skip".into(), "t".into()], ..strict() }
        .categorical("t")
        .rule("auto", ReadAs::Auto)
        .rule("all", ReadAs::Auto)
        .rule("skip", ReadAs::Skip);
    let table = csv.read(file.as_bytes(), "f").unwrap();
    let cells = |name| -> Vec<Cell<'_>> {
        (0..3).map(|i| table.column(name).unwrap().values.cell(i)).collect()
    };
    assert_eq!(cells("n"), [Cell::Missing, Cell::Number(1.0), Cell::Missing]);
    assert_eq!(cells("t"), [Cell::Missing, Cell::Text("1"), Cell::Text("b")]);
    assert_eq!(cells("auto"), [Cell::Missing, Cell::Text("x"), Cell::Text("10")]);
    assert_eq!(cells("all"), [Cell::Missing; 3]);
    assert!(table.get("skip").is_none());
    assert_eq!(table.verbatim("skip").unwrap().get(1), "1\n2");
    assert_eq!(table.verbatim("t").unwrap().get(2), " b ");
    assert!(table.verbatim("n").is_err());
    // The third row begins on line 5: a cell before it spans two lines.
    assert_eq!([0, 1, 2].map(|row| table.line_of(row)), [2, 3, 5]);
    assert_eq!(table.select(&[2, 0]).line_of(0), 5);
    assert_eq!(table.complete_rows(["n", "t"]).unwrap(), [1]);
}

#[test]
fn pieces_have_one_schema() {
    let file = "a,b\n,x\n,y\n1,z\n";
    let csv = Csv { others: ReadAs::Auto, ..strict() };
    let mut reader = csv.reader(file.as_bytes(), "f").unwrap();
    assert_eq!(reader.names(), ["a", "b"]);
    let first = reader.next_rows(2).unwrap().unwrap();
    let second = reader.next_rows(2).unwrap().unwrap();
    assert!(reader.next_rows(2).unwrap().is_none());
    for piece in [&first, &second] {
        assert!(matches!(piece.column("a").unwrap().values, Values::Numbers(_)));
        assert!(matches!(piece.column("b").unwrap().values, Values::Text(_)));
    }
    assert_eq!((first.line_of(1), second.line_of(0)), (3, 4));
    // After the first fault nothing follows.
    let reader = strict().reader("a\n1\nx\n2\n".as_bytes(), "f").unwrap();
    let outcomes: Vec<bool> = reader.pieces(1).map(|piece| piece.is_ok()).collect();
    assert_eq!(outcomes, [true, false]);
}

#[test]
fn gzip_is_recognised_and_damage_reported() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"a\n1\n2\n").unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(strict().read(&packed[..], "f.csv.gz").unwrap().n_rows(), 2);
    let error = strict().read(&packed[..packed.len() - 9], "f.csv.gz").unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let mut damaged = packed.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1; // in the checksum
    assert!(matches!(strict().read(&damaged[..], "f.csv.gz"), Err(Error::Io { .. })));
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = strict().open(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("cannot open it: it is a folder: give a file"), "{error}");
    let error = strict().open(folder.path().join("none.csv")).unwrap_err();
    assert!(error.to_string().contains("cannot open it: no such file or folder: check"), "{error}");
    assert!(matches!(error, Error::Io { kind: io::ErrorKind::NotFound, .. }));
}
