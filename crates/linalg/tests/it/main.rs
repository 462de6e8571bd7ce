//! The integration tests of the crate, one binary.
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![allow(
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "tests mean bit equality and fail by panics"
)]

mod degenerate;
mod exact;
mod factorisations;
mod normal_equations;
mod refinement;
mod ridge;
mod routes;
mod solver;
mod strd;
mod threads;

#[test]
fn every_file_of_the_folder_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || include_str!("main.rs").contains(&format!("mod {module};")),
            "declare `mod {module};` in main.rs"
        );
    }
}
