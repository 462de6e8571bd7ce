//! The house rules for Rust files: a head, and words that code does not use.

use super::Finding;
use super::source::{without_comments_and_texts, without_macros, without_tests};

/// Where a file stands decides which rules it keeps.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// A library that does not touch files.
    Library,
    /// A library that reads or writes files: `data` and the façade.
    FileLibrary,
    /// The program, the benchmarks and this tool.
    Program,
    /// An example: a program that a reader will copy.
    Example,
    /// The package outside the workspace through which benchmarks call a rival.
    Rival,
    /// Integration tests and files of unit tests.
    Test,
}

impl Place {
    fn of(path: &str) -> Self {
        if path.contains("/tests/") || path.ends_with("/tests.rs") {
            Place::Test
        } else if path.contains("/examples/") {
            Place::Example
        } else if path.starts_with("benches/gemm/") {
            Place::Rival
        } else if path.starts_with("crates/data/") || path.starts_with("crates/wonderland/") {
            Place::FileLibrary
        } else if path.starts_with("crates/") && !path.starts_with("crates/cli/") {
            Place::Library
        } else {
            Place::Program
        }
    }

    fn is_library(self) -> bool {
        matches!(self, Place::Library | Place::FileLibrary)
    }
}

/// A word that code does not use where `applies` holds.
struct Rule {
    words: &'static [&'static str],
    applies: fn(Place) -> bool,
    fault: &'static str,
    mend: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &["todo!", "unimplemented!"],
        applies: |_| true,
        fault: "unfinished code",
        mend: "finish it, or take it out until it is",
    },
    Rule {
        words: &["#[ignore"],
        applies: |_| true,
        fault: "a test that is switched off",
        mend: "make it fast enough to run, or remove it",
    },
    Rule {
        words: &["HashMap", "HashSet"],
        applies: |_| true,
        fault: "iterates in another order in each run",
        mend: "use BTreeMap, BTreeSet or a sorted Vec",
    },
    Rule {
        words: &["println!", "print!", "eprintln!", "eprint!", "dbg!"],
        applies: Place::is_library,
        fault: "a library prints",
        mend: "return the text, or take an observer",
    },
    Rule {
        words: &[".unwrap()"],
        applies: |place| place != Place::Test,
        fault: "unwrap outside tests",
        mend: "return an error, or `expect` with the invariant that makes it safe",
    },
    Rule {
        words: &["std::fs", "fs::File", "File::open", "File::create"],
        applies: |place| place == Place::Library,
        fault: "only `data` and the façade touch files",
        mend: "take a reader, a writer or a text",
    },
    Rule {
        words: &["unsafe"],
        applies: |place| place != Place::Rival,
        fault: "unsafe code",
        mend: "say it safely; faer and pulp hold what must be unsafe",
    },
];

/// Checks one Rust file.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") && !text.starts_with("#![doc = include_str!(") {
        findings.push(Finding::new(
            format!("{path}:1"),
            "has no head",
            "open with `//!`: what is here, which section of the notes, the one idea",
        ));
    }
    let code = without_comments_and_texts(text);
    let place = Place::of(path);
    let shipped = without_tests(&code);
    for rule in RULES {
        // What holds everywhere holds in unit tests too.
        let searched = if (rule.applies)(Place::Test) { &code } else { &shipped };
        if !(rule.applies)(place) {
            continue;
        }
        for (index, line) in searched.lines().enumerate() {
            if let Some(word) = rule.words.iter().find(|word| has_word(line, word)) {
                findings.push(Finding::new(
                    format!("{path}:{}", index + 1),
                    format!("`{word}`: {}", rule.fault),
                    rule.mend,
                ));
            }
        }
    }
    findings.extend(allowed(path, &without_macros(&code)));
    findings.extend(lifted_without_reason(path, &code));
    findings
}

/// `allow` stays when its reason has gone; `expect` then warns. In a macro one
/// expansion may need it and another not, so there it may stand.
fn allowed(path: &str, code: &str) -> Vec<Finding> {
    let lines = code.lines().enumerate().filter(|(_, line)| line.contains("#[allow("));
    lines
        .map(|(index, _)| {
            Finding::new(
                format!("{path}:{}", index + 1),
                "`#[allow(`: stays when its reason has gone",
                "write `#[expect(LINT, reason = \"…\")]`",
            )
        })
        .collect()
}

/// `expect` and crate-wide `allow` attributes say why.
fn lifted_without_reason(path: &str, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mark in ["#![allow(", "#![expect(", "#[expect("] {
        for (at, _) in code.match_indices(mark) {
            let attribute = code[at..].split(']').next().unwrap_or_default();
            if !attribute.contains("reason") {
                let line = code[..at].matches('\n').count() + 1;
                findings.push(Finding::new(
                    format!("{path}:{line}"),
                    "a lint is lifted without a reason",
                    "add `reason = \"…\"`",
                ));
            }
        }
    }
    findings
}

/// Whether the word stands in the line, not as the end or the start of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let starts = !word.starts_with(is_word) || !before.is_some_and(is_word);
        let ends = !word.ends_with(is_word) || !after.is_some_and(is_word);
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn faults(path: &str, body: &str, count: usize) {
        let found = check(path, &format!("//! Head.\n{body}\n"));
        let shown: Vec<_> = found.iter().map(|f| format!("{}: {}", f.place, f.fault)).collect();
        assert_eq!(found.len(), count, "{shown:?}");
    }

    #[test]
    fn a_head_is_needed() {
        assert_eq!(check("crates/optim/src/a.rs", "fn f() {}").len(), 1);
        assert!(
            check("crates/optim/src/lib.rs", "#![doc = include_str!(\"../README.md\")]").is_empty()
        );
    }

    #[test]
    fn words_are_refused_where_they_do_not_belong() {
        let library = "crates/optim/src/a.rs";
        faults(library, "fn f() { todo!() }", 1);
        faults(library, "use std::collections::HashMap;", 1);
        faults(library, "fn f() { eprintln!() }", 1);
        faults(library, "fn f() { x.unwrap(); }", 1);
        faults(library, "use std::fs;", 1);
        faults(library, "#[allow(dead_code)] fn f() {}", 1);
        faults(library, "#[expect(dead_code)] fn f() {}", 1);
        faults(library, "#[cfg(test)] mod tests { #[ignore] fn f() {} }", 1);
        faults("benches/peers/main.rs", "unsafe { f() }", 1);
    }

    #[test]
    fn and_accepted_where_they_do() {
        faults("crates/cli/src/a.rs", "fn f() { println!() }", 0);
        faults("crates/data/src/a.rs", "use std::fs;", 0);
        faults("benches/gemm/src/lib.rs", "unsafe { f() }", 0);
        faults("crates/optim/tests/it/a.rs", "fn f() { x.unwrap(); println!(); }", 0);
        faults("crates/optim/src/a.rs", "#[cfg(test)] mod tests { fn f() { x.unwrap() } }", 0);
        faults("crates/optim/src/a.rs", "#![forbid(unsafe_code)] struct MyHashMapLike;", 0);
        let in_macro = "macro_rules! m { () => { #[allow(dead_code)] fn f() {} } }";
        faults("crates/optim/src/a.rs", in_macro, 0);
        faults("crates/optim/src/a.rs", "#[expect(dead_code, reason = \"a\")] fn f() {}", 0);
    }
}
