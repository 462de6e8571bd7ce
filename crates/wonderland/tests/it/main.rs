//! The façade from the outside.
#![expect(clippy::unwrap_used, reason = "a test may end at any surprise")]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
mod derivatives;
mod honesty;
mod leakage;
mod recipes;

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
