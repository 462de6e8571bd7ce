//! The program from the outside: what it prints, writes and ends with.
#![expect(clippy::unwrap_used, reason = "a test may end at any surprise")]

mod bad_files;
mod classification;
mod commands;
mod digits;
mod forecasts;
mod images;
mod program;
mod repeatable;
mod stream;
mod system;

/// A file beside this one that is not declared would never run.
#[test]
fn every_file_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let declared = name == "main" || main.contains(&format!("mod {name};"));
        assert!(declared, "{name}.rs is not declared in main.rs");
    }
}
