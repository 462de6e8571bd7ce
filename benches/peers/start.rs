//! Whole processes: `start-version` and `start-fit-iris` of the program that
//! lies beside this one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Fault, Loaded, Work, unknown};

/// Nothing to write: the program has its data built in.
pub(crate) fn prepare(workload: &str, _: &Path) -> Result<(), Fault> {
    arguments(workload).map(|_| ())
}

/// Finds the program.
pub(crate) fn load(workload: &str, variant: &str, _: &Path) -> Result<Loaded, Fault> {
    if !variant.is_empty() {
        return unknown(workload, variant);
    }
    let arguments = arguments(workload)?;
    let program = std::env::current_exe()?.with_file_name("wonderland");
    Ok(Box::new(Process { program, arguments, succeeded: false }))
}

fn arguments(workload: &str) -> Result<&'static [&'static str], Fault> {
    match workload {
        "start-version" => Ok(&["--version"]),
        "start-fit-iris" => Ok(&["fit", "iris", "--threads", "1"]),
        _ => unknown(workload, ""),
    }
}

struct Process {
    program: PathBuf,
    arguments: &'static [&'static str],
    succeeded: bool,
}

impl Work for Process {
    fn run(&mut self) -> Result<(), Fault> {
        let mut command = Command::new(&self.program);
        command.args(self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        self.succeeded = command.status()?.success();
        Ok(())
    }

    /// A process either does its work or not.
    fn error(&self) -> f64 {
        if self.succeeded { 0.0 } else { f64::INFINITY }
    }
}
