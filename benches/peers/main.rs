//! Our side of `cargo xtask bench --peers`.
//!
//! `prepare WORKLOAD FOLDER` writes the data both sides read, `serve WORKLOAD
//! FOLDER` does the work once for each line on standard input and answers with
//! its seconds and its error, `probe` measures what the machine allows.
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "the answers go to standard output")]

mod arrays;
mod linalg;
mod probe;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Why a workload cannot be prepared or run.
type Fault = Box<dyn std::error::Error>;

/// One piece of work, loaded and ready: timed, then judged outside the timer.
trait Work {
    /// What is timed.
    fn run(&mut self) -> Result<(), Fault>;
    /// The error of the last result; 0 is perfect.
    fn error(&self) -> f64;
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["prepare", workload, folder] => linalg::prepare(workload, Path::new(folder)),
        ["serve", workload, folder] => {
            linalg::load(workload, Path::new(folder)).and_then(|mut work| serve(work.as_mut()))
        }
        ["probe"] => {
            println!("{}", probe::report());
            Ok(())
        }
        _ => Err("usage: peers prepare|serve WORKLOAD FOLDER, or peers probe".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("peers: {fault}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what is timed here is the answer")]
fn serve(work: &mut dyn Work) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{{\"ready\": true}}")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        work.run()?;
        let seconds = start.elapsed().as_secs_f64();
        writeln!(out, "{{\"seconds\": {seconds:e}, \"error\": {:e}}}", work.error())?;
        out.flush()?;
    }
    Ok(())
}
