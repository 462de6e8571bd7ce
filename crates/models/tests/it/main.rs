//! The integration tests of `wonderland-models`, one file per subject.
#![allow(clippy::float_cmp, reason = "values worked by hand are met exactly, limits included")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod conformance;
mod degenerate;
mod kit;
mod optimum;
mod workspace;

#[test]
fn every_file_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let source = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.trim_end_matches(".rs");
        assert!(stem == "main" || source.contains(&format!("mod {stem};")), "declare {name}");
    }
}
