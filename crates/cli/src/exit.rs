//! How the program ends: exit codes, the one message of a failure, and the one
//! writing of standard output.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::Done;

/// The codes the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exit {
    /// All done.
    #[default]
    Done = 0,
    /// A problem with data or a file.
    Problem = 1,
    /// A problem with the command line.
    Usage = 2,
    /// A fit did not converge, under `--strict`.
    NotConverged = 3,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A fault of the command line that only the data reveals, such as a target
/// column that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Longest message, in bytes.
const LONGEST: usize = 4000;

/// Prints the parser's own text: help and version to standard output, faults to
/// standard error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let text = error.render().to_string();
        return match deliver(&Done::print(text)) {
            Ok(exit) => exit.into(),
            Err(error) => failure(&error),
        };
    }
    // An argument may be any bytes of any length: the message stays short.
    let text = shorten(&error.render().to_string());
    let _ = io::stderr().lock().write_all(text.as_bytes());
    Exit::Usage.into()
}

/// Writes the result; nobody reading any more is no failure.
pub(crate) fn deliver(done: &Done) -> anyhow::Result<Exit> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(&done.stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(done.exit),
        result => result.map(|()| done.exit).context("cannot write to standard output"),
    }
}

/// Prints the message of a failure and says which code it ends with.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let mut text = String::from("error: ");
    for (depth, cause) in error.chain().enumerate() {
        let between = if depth > 0 { ": " } else { "" };
        let _ = write!(text, "{between}{cause}");
    }
    // A message cannot be delivered to a standard error that is full or closed.
    let _ = writeln!(io::stderr().lock(), "{}", shorten(&text));
    code(error).into()
}

fn code(error: &anyhow::Error) -> Exit {
    let usage = error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.downcast_ref::<wonderland::Error>().is_some_and(wonderland::Error::is_usage)
    });
    if usage { Exit::Usage } else { Exit::Problem }
}

/// Control characters escaped (line breaks kept), cut to a bounded length.
fn shorten(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if shown.len() > LONGEST {
            shown.push('…');
            break;
        }
        if c.is_control() && c != '\n' {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.ends_with('\n') && !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown
}
