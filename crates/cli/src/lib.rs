#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod exit;
mod forecasts;
mod input;
mod interrupt;
mod output;
mod show;
mod voice;

pub use arguments::Cli;
pub use exit::Exit;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use arguments::Command;
use voice::Voice;

/// Runs the program on its arguments, the first of which is its own name.
///
/// Standard output is written once, at the end and only on success, so that a
/// failure leaves it empty.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    interrupt::exit_on_ctrl_c();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let voice = Voice::new(&cli.shared);
    match run(&cli, &voice).and_then(|done| exit::deliver(&done)) {
        Ok(exit) => exit.into(),
        Err(error) => exit::failure(&error),
    }
}

/// What a command leaves behind: its result, for standard output, and the code
/// it ends with.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) stdout: Vec<u8>,
    pub(crate) exit: Exit,
}

impl Done {
    pub(crate) fn print(text: impl Into<Vec<u8>>) -> Self {
        Self { stdout: text.into(), exit: Exit::Done }
    }
}

fn run(cli: &Cli, voice: &Voice) -> anyhow::Result<Done> {
    match &cli.command {
        Command::Fit(command) => command.run(&cli.shared, voice),
        Command::Predict(command) => command.run(&cli.shared, voice),
        Command::Evaluate(command) => command.run(&cli.shared, voice),
        Command::Inspect(command) => command.run(&cli.shared),
        Command::Calibration(command) => command.run(&cli.shared, voice),
        Command::Recalibrate(command) => command.run(&cli.shared, voice),
        Command::Conformal(command) => command.run(&cli.shared, voice),
        Command::Decide(command) => command.run(&cli.shared, voice),
        Command::Datasets(command) => command.run(&cli.shared),
        Command::Completions(command) => Ok(command.run()),
    }
}
