//! Every kind of bad file, through fit, predict and evaluate, named and on
//! standard input: one short message with its place, nothing else.

use crate::program::{Bench, Run};

/// What a good table looks like.
const GOOD: &str = "a,b,y\n1,2,3\n2,1,4.5\n3,5,8\n4,4,8.5\n5,7,12\n6,1,7\n";

/// Name, bytes, and what every message about it says.
fn bad_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let mut columns: String = (0..100_000).map(|i| format!("c{i},")).collect();
    columns.push_str("a,b,y\n");
    let mut line = text("a,b,y\n1,2,3\n");
    line.resize(50 << 20, b'7');
    vec![
        ("empty", text(""), "is empty"),
        ("blank", text("\n\n\n"), "is empty"),
        ("header only", text("a,b,y\n"), "no rows"),
        ("short row", text("a,b,y\n1,2,3\n4,5\n"), "line 3"),
        ("long row", text("a,b,y\n1,2,3\n4,5,6,7\n"), "line 3"),
        (
            "late type change",
            text(&format!("a,b,y\n{}x,2,3\n", "1,2,3\n".repeat(5000))),
            "line 5002, column `a`",
        ),
        ("duplicate names", text("a,b,a,y\n1,2,3,4\n"), "both called `a`"),
        ("no name", text("a,,b,y\n1,2,3,4\n"), "has no name"),
        ("infinity", text("a,b,y\n1,2,3\ninf,2,3\n"), "line 3, column `a`"),
        ("minus infinity", text("a,b,y\n1,-Infinity,3\n"), "line 2, column `b`"),
        ("huge number", text("a,b,y\n1,2,3\n1,1e999,3\n"), "line 3, column `b`"),
        ("missing", text("a,b,y\n1,2,3\nnan,2,3\n"), "line 3, column `a`"),
        ("latin1", b"a,b,y\n1,2,3\nM\xfcnchen,2,3\n".to_vec(), "line 3"),
        ("utf16", b"\xff\xfea\0,\0b\0,\0y\0\n\0".to_vec(), "line 1"),
        ("nul bytes", b"a,b,y\n1,2,3\n4\0,5,6\n".to_vec(), "line 3"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0".to_vec(), "line 1"),
        ("escape codes", text("a,b,y\n1,2,3\n\x1b[31mred\x07,2,3\n"), "line 3, column `a`"),
        ("open quote", text("a,b,y\n1,2,3\n\"4,5,6\n7,8,9\n"), "line 3"),
        ("bare return", text("a,b,y\n1,2,3\r4,5,6\n"), "line 2"),
        ("blank line", text("a,b,y\n1,2,3\n\n4,5,6\n"), "line 3"),
        ("other delimiter", text("a;b;y\n1;2;3\n"), ""),
        ("huge line", line, "line 3"),
        ("many columns", columns.into_bytes(), "columns"),
        ("truncated gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), "read it"),
    ]
}

/// `{}` stands for the file.
const COMMANDS: [&str; 3] = [
    "fit {} --target y --test none --model linear --out old",
    "predict good.wl {} --out old",
    "evaluate good.wl {}",
];

#[test]
fn a_bad_file_is_refused_in_one_message_and_changes_nothing() {
    let bench = Bench::new();
    bench.write("good.csv", GOOD);
    bench.ok("fit good.csv --target y --test none --out good.wl");
    bench.write("old", "an older output");
    for (name, bytes, part) in bad_files() {
        bench.write("bad.csv", &bytes);
        for command in COMMANDS {
            let named = bench.run(&command.replace("{}", "bad.csv"));
            named.failed_about(name, part);
            let piped = bench.pipe(&command.replace("{}", "-"), &bytes);
            piped.failed_about(name, part);
            // The same words, whatever the way in.
            assert_eq!(named.code, piped.code, "{name}: {command}");
            assert_eq!(named.stderr.replace("bad.csv", "standard input"), piped.stderr, "{name}");
            assert_eq!(bench.read("old"), b"an older output", "{name}: {command}");
        }
        assert_eq!(bench.files(), ["bad.csv", "good.csv", "good.wl", "old"], "{name}");
    }
}

#[test]
fn what_is_harmless_is_read() {
    let bench = Bench::new();
    bench.write("good.csv", GOOD);
    let expected = bench.ok("fit good.csv --target y --test none -q");
    let with_mark = format!("\u{feff}{GOOD}");
    let windows = GOOD.replace('\n', "\r\n");
    let unended = GOOD.trim_end().to_owned();
    for text in [with_mark, windows, unended] {
        bench.write("good.csv", text);
        assert_eq!(bench.ok("fit good.csv --target y --test none -q"), expected);
    }
    let semicolons = GOOD.replace(',', ";");
    bench.write("good.csv", semicolons);
    assert_eq!(bench.ok("fit good.csv --target y --test none -q --delimiter ;"), expected);
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_named() {
    let bench = Bench::new();
    bench.write("good.csv", GOOD);
    bench.ok("fit good.csv --target y --test none --out good.wl");
    std::fs::create_dir(bench.path("folder")).unwrap();
    for command in ["fit {} --target y", "predict good.wl {}", "evaluate good.wl {}", "inspect {}"]
    {
        bench.fails(&command.replace("{}", "no.csv"), 1, "no.csv: cannot open it: no such file");
        bench.fails(&command.replace("{}", "folder"), 1, "folder: cannot open it: it is a folder");
    }
    bench.fails("predict no.wl good.csv", 1, "no.wl: cannot open it");
    bench.fails("predict good.csv good.csv", 1, "not a wonderland model");
    bench.fails("fit good.csv --target y --test none --out folder", 1, "folder");
    bench.fails(
        "fit good.csv --target y --test none --out no/such/model.wl",
        1,
        "no such folder: make it first",
    );
    bench.fails("fit good.csv --target y --test no.csv", 1, "no.csv");
    // A mistyped name of a built-in set, which would need no target.
    bench.fails("fit irsi", 1, "irsi: cannot open it: no such file");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.write("secret.csv", GOOD);
    let locked = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(bench.path("secret.csv"), locked).unwrap();
    if std::fs::File::open(bench.path("secret.csv")).is_ok() {
        // Whoever runs this may read everything, as an administrator does.
        return;
    }
    bench.fails("fit secret.csv --target y", 1, "secret.csv: cannot open it: permission denied");
}

#[test]
fn a_damaged_model_is_refused() {
    let bench = Bench::new();
    bench.write("good.csv", GOOD);
    bench.ok("fit good.csv --target y --test none --out good.wl");
    let whole = bench.read("good.wl");
    for command in
        ["predict bad.wl good.csv --out old", "evaluate bad.wl good.csv", "inspect bad.wl"]
    {
        let check = |bytes: &[u8], part: &str| {
            bench.write("bad.wl", bytes);
            bench.fails(command, 1, part);
        };
        check(&whole[..whole.len() / 2], "truncated");
        check(&whole[..20], "not a wonderland model");
        let mut changed = whole.clone();
        changed[whole.len() - 10] ^= 1;
        check(&changed, "damaged (its checksum");
        let later =
            String::from_utf8(whole.clone()).unwrap().replacen("\"version\":1", "\"version\":9", 1);
        check(later.as_bytes(), "version 9");
        check(b"", "it is empty");
        check(&vec![0; 1 << 20], "not a wonderland model");
    }
    assert!(!bench.files().contains(&"old".to_owned()));
}

impl Run {
    #[track_caller]
    fn failed_about(&self, name: &str, part: &str) {
        assert!(matches!(self.code, Some(1 | 2)), "{name}: {self:?}");
        self.failed(self.code.unwrap_or_default(), part);
        assert!(self.stderr.starts_with("error: "), "{name}: {}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{name}: {}", self.stderr);
    }
}
