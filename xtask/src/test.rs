//! `cargo xtask test`: unit, integration and documentation tests.

use anyhow::Result;

use crate::args::{Args, Usage};
use crate::{metadata, shell};

pub(crate) const USAGE: &str = "[-p CRATE] [-- ARGS OF cargo test]";
pub(crate) const ABOUT: &str =
    "runs every test of the workspace, or of one crate, documentation included";

/// Where proptest reads its seed from.
const SEED: &str = "PROPTEST_RNG_SEED";

/// Runs `cargo test`; its own closing lines are the result.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let package = args.option("-p")?.map(|name| package_named(&name)).transpose()?;
    let passed_on = args.finish()?;

    let mut cargo = shell::cargo(&["test"]);
    // Property tests draw the same cases on every machine; another seed is one
    // environment variable away.
    if std::env::var_os(SEED).is_none() {
        cargo.env(SEED, "20260101");
    }
    match &package {
        Some(name) => cargo.args(["--package", name]),
        None => cargo.arg("--workspace"),
    };
    if !passed_on.is_empty() {
        cargo.arg("--").args(&passed_on);
    }
    shell::run(
        &mut cargo,
        "read the first failure above, then run its crate alone: `cargo xtask test -p CRATE -- NAME_OF_TEST`",
    )
}

/// The package meant by `calibration`, `wonderland-calibration` or `wonderland`.
fn package_named(name: &str) -> Result<String> {
    let names: Vec<String> = metadata::packages()?.into_iter().map(|p| p.name).collect();
    let long = format!("wonderland-{name}");
    if let Some(found) = names.iter().find(|n| *n == name || **n == long) {
        return Ok(found.clone());
    }
    Err(Usage::error(format!("there is no crate `{name}`; there are {}", names.join(", "))))
}
