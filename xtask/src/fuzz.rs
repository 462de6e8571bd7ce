//! `cargo xtask fuzz`: a seeded mutator over a kept corpus, on stable Rust.
//!
//! The harness is `benches/fuzz`, a program of its own so that building this
//! tool stays quick. It is built in the dev profile: overflow checks and debug
//! assertions are on, and they are half of what fuzzing finds.

use std::process::Command;

use anyhow::Result;

use crate::args::{Args, Usage};
use crate::shell;

pub(crate) const USAGE: &str = "TARGET N [--seed S] | TARGET --replay FILE";
pub(crate) const ABOUT: &str = "\
runs N mutated inputs of a kept corpus through a target (a bare `fuzz` lists them)
and keeps an input that panics or breaks a promise, with the command that replays it";

/// Builds the harness and hands the words over.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let seed = args.option("--seed")?;
    let replay = args.option("--replay")?;
    let target = args.positional();
    let executions = args.positional();
    args.finish()?;

    let mut harness = harness()?;
    let Some(target) = target else {
        return shell::run(harness.arg("list"), "`cargo xtask fuzz TARGET N`");
    };
    harness.arg(target);
    match (executions, replay) {
        (Some(n), None) => harness.arg(n),
        (None, Some(file)) => harness.args(["--replay", &file]),
        _ => return Err(Usage::error("give the number of executions, or --replay FILE")),
    };
    if let Some(seed) = seed {
        harness.args(["--seed", &seed]);
    }
    shell::run(&mut harness, "replay the kept input as printed above, then mend the crate")
}

/// The names of the targets, asked of the harness.
pub(crate) fn targets() -> Result<Vec<String>> {
    let list = shell::output(harness()?.arg("list"))?;
    Ok(list.lines().filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect())
}

/// The harness, built.
fn harness() -> Result<Command> {
    let program = shell::build_programs()?.join("fuzz");
    Ok(shell::command(&program.to_string_lossy()))
}
