//! The promises of the crate, tested as laws: fixed seeds, exact
//! distributions, and bounds that leave four standard errors.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(clippy::float_cmp, reason = "bit equality is meant where it is tested")]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod conformal_guarantees;
mod conformal_properties;
mod cross_conformal;
mod error_properties;
mod errors;
mod intervals_of_errors;
mod libraries;
mod memory;
mod notes;
mod recalibration_guarantees;
mod reference;
mod reliability;
mod smooth_properties;
mod support;
mod testdata;

#[test]
fn every_file_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let own = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".rs").unwrap();
        assert!(stem == "main" || own.contains(&format!("mod {stem};")), "{name} is not declared");
    }
}
