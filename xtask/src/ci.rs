//! `cargo xtask ci`: all that must pass before merging, cheapest first.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::{docs, fuzz, metadata, readme, shell, test, tidy};

pub(crate) const USAGE: &str = "[--skip STEP,STEP…]";
pub(crate) const ABOUT: &str = "\
runs every check, cheapest first, and stops at the first that fails
steps: format, tidy, deny, clippy, test, docs, examples, readme, fuzz, benches";

/// Inputs for each fuzz target in one run of `ci`; a release gets a million.
const FUZZ_EXECUTIONS: &str = "20000";

/// How a step ended when it did not fail.
enum Outcome {
    Passed,
    /// Not run, with the reason.
    Absent(String),
}

struct Step {
    name: &'static str,
    run: fn() -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "tidy", run: || passed(tidy::run(no_args())) },
    Step { name: "deny", run: deny },
    Step { name: "clippy", run: clippy },
    Step { name: "test", run: || passed(test::run(no_args())) },
    Step { name: "docs", run: || passed(docs::run(no_args())) },
    Step { name: "examples", run: examples },
    Step { name: "readme", run: readme_commands },
    Step { name: "fuzz", run: fuzz },
    Step { name: "benches", run: benches },
];

/// Runs the steps, then prints what each of them took.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let skipped = args.option("--skip")?.unwrap_or_default();
    args.finish()?;
    let skipped: Vec<&str> = skipped.split(',').filter(|name| !name.is_empty()).collect();
    if let Some(name) = skipped.iter().find(|name| STEPS.iter().all(|s| s.name != **name)) {
        return Err(crate::args::Usage::error(format!("`--skip {name}` names no step")));
    }

    let mut summary = Vec::new();
    for step in STEPS {
        if skipped.contains(&step.name) {
            summary.push(format!("{:<9} skipped on request", step.name));
            continue;
        }
        println!("── {} ──", step.name);
        let clock = Clock::start();
        let outcome = (step.run)();
        let took = clock.elapsed().as_secs_f64();
        match outcome {
            Ok(Outcome::Passed) => summary.push(format!("{:<9} passed in {took:.1} s", step.name)),
            Ok(Outcome::Absent(why)) => summary.push(format!("{:<9} not run: {why}", step.name)),
            Err(error) => {
                println!("{}", summary.join("\n"));
                bail!(
                    "step `{}` failed after {took:.1} s\n{error:#}\nthen go on with `cargo xtask ci`",
                    step.name
                );
            }
        }
    }
    println!("── summary ──\n{}", summary.join("\n"));
    Ok(())
}

fn no_args() -> Args {
    Args::new(std::iter::empty())
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn format() -> Result<Outcome> {
    passed(shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]), "`cargo fmt --all`"))
}

fn deny() -> Result<Outcome> {
    if !shell::is_installed("cargo-deny", &["--version"]) {
        return Ok(Outcome::Absent(
            "cargo-deny is not installed (`cargo install --locked cargo-deny`)".to_owned(),
        ));
    }
    passed(shell::run(
        &mut shell::cargo(&["deny", "check", "bans", "licenses", "sources"]),
        "argue the crate or its licence in deny.toml, or remove it",
    ))
}

fn clippy() -> Result<Outcome> {
    passed(shell::run(
        &mut shell::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        "`cargo clippy --workspace --all-targets --fix --allow-dirty` mends some; the rest by hand",
    ))
}

/// Runs every example to its end.
fn examples() -> Result<Outcome> {
    let programs = shell::build_programs()?.join("examples");
    let mut count = 0;
    for package in metadata::packages()? {
        for example in &package.examples {
            println!("example {example} of {}", package.name);
            let again =
                format!("mend it, then `cargo run -p {} --example {example}`", package.name);
            let program = programs.join(example);
            shell::run(&mut shell::command(&program.to_string_lossy()), &again)?;
            count += 1;
        }
    }
    if count == 0 {
        return Ok(Outcome::Absent("no crate has an example".to_owned()));
    }
    Ok(Outcome::Passed)
}

/// Runs the commands of the README in the order in which a reader meets them.
fn readme_commands() -> Result<Outcome> {
    let readme = std::fs::read_to_string(shell::root().join("README.md"))?;
    let commands = readme::commands(&readme);
    if commands.is_empty() {
        bail!("README.md has no block marked ```sh ci\nmend: mark the quick start so");
    }
    for line in &commands {
        // The test command has its own step, and `ci` would start itself.
        if line.starts_with("cargo xtask") {
            println!("$ {line}    (has its own step)");
            continue;
        }
        println!("$ {line}");
        let mut shell_line: Command = shell::command("sh");
        shell_line.args(["-e", "-c", line]);
        shell::run(&mut shell_line, "make the command or README.md right")?;
    }
    Ok(Outcome::Passed)
}

/// A short run of every target: a few seconds that keep the harness alive.
fn fuzz() -> Result<Outcome> {
    for target in fuzz::targets()? {
        fuzz::run(Args::new([target, FUZZ_EXECUTIONS.to_owned()].into_iter()))?;
    }
    Ok(Outcome::Passed)
}

/// Compiles each benchmark and runs it once, untimed.
fn benches() -> Result<Outcome> {
    // As a test target, criterion runs each benchmark once; in the profile of
    // the tests nothing below has to be built again.
    passed(shell::run(
        &mut shell::cargo(&["test", "--quiet", "--workspace", "--benches"]),
        "`cargo bench -p wonderland-benches --bench NAME -- --test` runs one of them",
    ))
}

/// A clock for telling a person how long a step took.
struct Clock(std::time::Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the tool times its own steps")]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
