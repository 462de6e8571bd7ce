//! `cargo xtask`: everything that is done to the workspace rather than in it.
//!
//! One file per subcommand, each with one `run`; whatever fails ends with the
//! command that mends it.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the tool talks to a person at a terminal")]

mod args;
mod bench;
mod ci;
mod docs;
mod fuzz;
mod metadata;
mod peers;
mod python;
mod readme;
mod refs;
mod results;
mod shell;
mod stats;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

/// One subcommand: how it is called, what it does, and its entry point.
struct Subcommand {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(args::Args) -> Result<()>,
}

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand { name: "test", usage: test::USAGE, about: test::ABOUT, run: test::run },
    Subcommand { name: "ci", usage: ci::USAGE, about: ci::ABOUT, run: ci::run },
    Subcommand { name: "tidy", usage: tidy::USAGE, about: tidy::ABOUT, run: tidy::run },
    Subcommand { name: "docs", usage: docs::USAGE, about: docs::ABOUT, run: docs::run },
    Subcommand { name: "refs", usage: refs::USAGE, about: refs::ABOUT, run: refs::run },
    Subcommand { name: "bench", usage: bench::USAGE, about: bench::ABOUT, run: bench::run },
    Subcommand { name: "results", usage: results::USAGE, about: results::ABOUT, run: results::run },
    Subcommand { name: "fuzz", usage: fuzz::USAGE, about: fuzz::ABOUT, run: fuzz::run },
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(name) = words.next().filter(|n| !matches!(n.as_str(), "help" | "-h" | "--help"))
    else {
        print_help();
        return ExitCode::SUCCESS;
    };
    let Some(subcommand) = SUBCOMMANDS.iter().find(|s| s.name == name) else {
        eprintln!("xtask: there is no subcommand `{name}`: `cargo xtask` lists them");
        return ExitCode::from(2);
    };
    let args = args::Args::new(words);
    if args.asks_for_help() {
        println!("cargo xtask {} {}\n\n{}", subcommand.name, subcommand.usage, subcommand.about);
        return ExitCode::SUCCESS;
    }
    match (subcommand.run)(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<args::Usage>() => {
            eprintln!(
                "xtask: {error}\nusage: cargo xtask {} {}",
                subcommand.name, subcommand.usage
            );
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_help() {
    println!("cargo xtask SUBCOMMAND, one of:\n");
    for s in SUBCOMMANDS {
        println!("  {} {}", s.name, s.usage);
        for line in s.about.lines() {
            println!("      {line}");
        }
    }
    println!("\n`cargo xtask SUBCOMMAND --help` prints one of them.");
}
