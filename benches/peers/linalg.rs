//! Products in `products.rs`, least squares in `least_squares.rs`, what two
//! threads can gain at most in `probe.rs`.

use std::path::Path;

use crate::{Fault, Loaded, least_squares, probe, products};

/// Writes the data of a workload.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    if products::is_product(workload) {
        products::prepare(workload, folder)
    } else if is_limit(workload) {
        Ok(())
    } else {
        least_squares::prepare(workload, folder)
    }
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    if products::is_product(workload) {
        products::load(workload, variant, folder)
    } else if is_limit(workload) {
        probe::load(workload, variant)
    } else {
        least_squares::load(workload, variant, folder)
    }
}

fn is_limit(workload: &str) -> bool {
    workload.starts_with("two-threads-")
}

/// `lstsq-1000x20` with the head `lstsq-` is \[1000, 20\].
pub(crate) fn sizes<const N: usize>(workload: &str, head: &str) -> Option<[usize; N]> {
    let sizes: Vec<usize> =
        workload.strip_prefix(head)?.split('x').map(str::parse).collect::<Result<_, _>>().ok()?;
    sizes.try_into().ok()
}
