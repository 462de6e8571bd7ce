//! One binary for all integration tests of the crate.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![expect(clippy::float_cmp, reason = "these tests mean the same bits")]

mod builtins;
mod csv_faults;
mod csv_properties;
mod idx;
mod preprocessing;
mod randomness;
mod splits;
mod targets;
mod writing;

/// Fails if a file of this folder is not declared above.
#[test]
fn every_file_is_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").expect("only .rs files here");
        let declared = format!("\nmod {module};");
        assert!(module == "main" || include_str!("main.rs").contains(&declared), "{name}");
    }
}

/// What a thread pool or a service needs of the types it shares.
#[test]
fn types_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<wonderland_data::Table>();
    check::<wonderland_data::Preprocessor>();
    check::<wonderland_data::Error>();
    check::<wonderland_data::Labels>();
    check::<wonderland_data::Split>();
    check::<wonderland_data::MiniBatches>();
    check::<wonderland_data::Idx>();
}
