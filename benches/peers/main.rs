//! Our side of `cargo xtask bench --peers`.
//!
//! `prepare AREA WORKLOAD FOLDER` writes the data both sides read; `serve AREA
//! WORKLOAD FOLDER [VARIANT]` does the work once for each line on standard input
//! and answers with its seconds and its error; `probe [two-threads]` measures what the machine
//! allows; `exhaustive [FUNCTION]` tries every `f32`, and `random FOLDER [FUNCTION]`
//! writes down what becomes of random `f64`. A variant is another way of doing the
//! work, to measure ours against.
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "the answers go to standard output")]

mod arrays;
mod autodiff;
mod calibration;
mod compile;
mod exhaustive;
mod kernels;
mod least_squares;
mod linalg;
mod logistic;
mod probe;
mod products;
mod random;
mod reading;
mod start;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Why a workload cannot be prepared or run.
type Fault = Box<dyn std::error::Error>;

/// Work that is ready to be timed.
type Loaded = Box<dyn Work>;

/// One piece of work, loaded and ready: timed, then judged outside the timer.
trait Work {
    /// What is timed.
    fn run(&mut self) -> Result<(), Fault>;
    /// The error of the last result; 0 is perfect.
    fn error(&self) -> f64;
    /// The seconds of the last run, when only a part of it is meant.
    fn seconds(&self) -> Option<f64> {
        None
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("peers: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// The two functions of an area: write the data, and load a workload to serve.
struct Area {
    name: &'static str,
    prepare: fn(&str, &Path) -> Result<(), Fault>,
    /// The variant is empty for the way that is measured.
    load: fn(&str, &str, &Path) -> Result<Loaded, Fault>,
}

const AREAS: &[Area] = &[
    Area { name: "linalg", prepare: linalg::prepare, load: linalg::load },
    Area { name: "autodiff", prepare: autodiff::prepare, load: autodiff::load },
    Area { name: "compile", prepare: compile::prepare, load: compile::load },
    Area { name: "kernels", prepare: kernels::prepare, load: kernels::load },
    Area { name: "calibration", prepare: calibration::prepare, load: calibration::load },
    Area { name: "start", prepare: start::prepare, load: start::load },
    Area { name: "reading", prepare: reading::prepare, load: reading::load },
    Area { name: "logistic", prepare: logistic::prepare, load: logistic::load },
];

fn run(words: &[&str]) -> Result<(), Fault> {
    let area = |name: &str| {
        let found = AREAS.iter().find(|a| a.name == name);
        found.ok_or_else(|| Fault::from(format!("there is no area `{name}`")))
    };
    match *words {
        ["prepare", name, workload, folder] => (area(name)?.prepare)(workload, Path::new(folder)),
        ["serve", name, workload, folder, ref rest @ ..] => {
            let variant = rest.first().copied().unwrap_or_default();
            serve((area(name)?.load)(workload, variant, Path::new(folder))?.as_mut())
        }
        ["exhaustive", ref rest @ ..] => exhaustive::run(rest.first().copied()),
        ["random", folder, ref rest @ ..] => {
            random::run(Path::new(folder), rest.first().copied())
        }
        ["probe"] => {
            println!("{}", probe::report());
            Ok(())
        }
        ["probe", "two-threads"] => {
            println!("{}", probe::report_of_two()?);
            Ok(())
        }
        _ => {
            Err("usage: peers prepare|serve AREA WORKLOAD FOLDER [VARIANT], probe, probe two-threads, exhaustive [FUNCTION], or random FOLDER [FUNCTION]".into())
        }
    }
}

/// A fault for a name that the tables of `xtask/src/peers` should not hold.
fn unknown<T>(workload: &str, variant: &str) -> Result<T, Fault> {
    Err(format!("there is no workload `{workload}` with variant `{variant}`").into())
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
        let whole = start.elapsed().as_secs_f64();
        let seconds = work.seconds().unwrap_or(whole);
        writeln!(out, "{{\"seconds\": {seconds:e}, \"error\": {:e}}}", work.error())?;
        out.flush()?;
    }
    Ok(())
}
