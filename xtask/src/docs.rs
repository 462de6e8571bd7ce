//! `cargo xtask docs`: the documentation of every crate, warnings denied.

use anyhow::Result;

use crate::args::Args;
use crate::shell;

pub(crate) const USAGE: &str = "[--open]";
pub(crate) const ABOUT: &str = "builds the documentation of our crates; a broken link is an error";

/// Runs `cargo doc` over the workspace.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let open = args.flag("--open");
    args.finish()?;
    let mut cargo = shell::cargo(&["doc", "--workspace", "--no-deps"]);
    cargo.env("RUSTDOCFLAGS", "-D warnings");
    if open {
        cargo.arg("--open");
    }
    shell::run(&mut cargo, "mend the link or the passage named above, then `cargo xtask docs`")
}
