//! Tests of the public interface.
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![allow(
    clippy::float_cmp,
    clippy::unwrap_used,
    reason = "equal means equal bits; a test may stop"
)]

mod composites;
mod counts;
mod derivatives;
mod duals;
mod errors;
mod in_place;
mod kinks;
mod loops;
mod newcomer;
mod notes;
mod operations;
mod plans;
mod random_programs;
mod segments;

use wonderland_linalg::Tensor;

/// The first test: every file of this folder is declared above.
#[test]
fn every_file_is_declared() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name}");
    }
}

/// A tensor of reproducible numbers in (−1, 1).
fn numbers(dims: &[usize], seed: u64) -> Tensor {
    let n = dims.iter().product();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let data = (0..n).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    });
    Tensor::new(dims, data.collect()).unwrap()
}
