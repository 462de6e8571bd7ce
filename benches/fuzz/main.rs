//! The fuzz harness: `fuzz TARGET N [--seed S]`, `fuzz TARGET --replay FILE`, `fuzz list`.
//!
//! A seeded mutator changes inputs of a kept corpus (`benches/fuzz/corpus`) and
//! hands them to a target inside this process. An input whose outcome was not
//! seen before joins the corpus for the rest of the run, which leads the mutator
//! from one error path to the next without any instrumentation. The same seed
//! and corpus give the same inputs.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

mod corpus;
mod mutate;
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use mutate::Mutator;
use targets::{TARGETS, Target};

/// How many inputs that showed something new are kept beside the corpus.
const MOST_FOUND: usize = 4096;
/// Share of the mutants that pass the first check of their format, where there is one.
const SEALED: f64 = 0.75;
const USAGE: &str = "usage: fuzz TARGET N [--seed S] | fuzz TARGET --replay FILE | fuzz list";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["list"] => {
            for target in TARGETS {
                println!("{:<6} {}", target.name, target.about);
            }
            Ok(())
        }
        [name, "--replay", file] => target(name).and_then(|t| replay(t, Path::new(file))),
        [name, n] => run(name, n, "1"),
        [name, n, "--seed", seed] => run(name, n, seed),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fuzz: {message}");
            ExitCode::FAILURE
        }
    }
}

fn target(name: &str) -> Result<&'static Target, String> {
    TARGETS
        .iter()
        .find(|t| t.name == name)
        .ok_or_else(|| format!("there is no target `{name}`: `fuzz list` shows them"))
}

/// Runs one kept input, with the panic message as usual.
fn replay(target: &Target, file: &Path) -> Result<(), String> {
    let input = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let outcome = (target.run)(&input)?;
    println!("{}: {outcome}", target.name);
    Ok(())
}

fn run(name: &str, n: &str, seed: &str) -> Result<(), String> {
    let target = target(name)?;
    let n: u64 = n.parse().map_err(|_| format!("`{n}` is not a number of executions"))?;
    let seed: u64 = seed.parse().map_err(|_| format!("`{seed}` is not a seed"))?;
    let kept = corpus::read(target.name)?;
    if kept.is_empty() {
        return Err(format!("benches/fuzz/corpus/{name} is empty: add one valid input"));
    }

    let panic_message = silence_panics();
    let started = now();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut mutator = Mutator::new(target.words);
    let mut inputs = kept;
    let mut seen = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    let mut kept_first = inputs.len() as u64;
    for execution in 0..n {
        // The corpus itself comes first, unchanged.
        let input = if kept_first > 0 {
            kept_first -= 1;
            inputs[kept_first as usize].clone()
        } else {
            let input = mutator.mutate(&inputs, &mut rng);
            match target.seal {
                Some(seal) if rng.random_bool(SEALED) => seal(&input),
                _ => input,
            }
        };
        let before = now();
        let outcome = std::panic::catch_unwind(|| (target.run)(&input));
        slowest = slowest.max(before.elapsed());
        let fault = match outcome {
            Ok(Ok(outcome)) => {
                if seen.insert(outcome) && seen.len() < MOST_FOUND {
                    inputs.push(input);
                }
                continue;
            }
            Ok(Err(broken_promise)) => broken_promise,
            Err(_) => panic_message.lock().map_or_else(|_| String::new(), |m| m.clone()),
        };
        let file = keep(target, &input)?;
        return Err(format!(
            "execution {execution} of target {name}, seed {seed}: {fault}\nreplay: cargo xtask fuzz {name} --replay {}",
            file.display()
        ));
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "fuzz {name}: {n} executions in {seconds:.1} s ({:.0}/s), {} different outcomes, slowest {:.1} ms, no fault (seed {seed})",
        n as f64 / seconds,
        seen.len(),
        slowest.as_secs_f64() * 1e3,
    );
    Ok(())
}

/// Keeps the message of a panic for the report instead of printing each.
fn silence_panics() -> &'static Mutex<String> {
    static MESSAGE: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut message) = MESSAGE.lock() {
            *message = info.to_string();
        }
    }));
    &MESSAGE
}

/// Writes the input beside the build, under a name made from its content.
fn keep(target: &Target, input: &[u8]) -> Result<PathBuf, String> {
    let fault = |e: std::io::Error| format!("cannot keep the input: {e}");
    let program = std::env::current_exe().map_err(fault)?;
    let build = program.ancestors().nth(2).unwrap_or(Path::new("."));
    let folder = build.join("fuzz-faults");
    std::fs::create_dir_all(&folder).map_err(fault)?;
    let file = folder.join(format!("{}-{:08x}", target.name, crc32fast::hash(input)));
    std::fs::write(&file, input).map_err(fault)?;
    Ok(file)
}

#[expect(clippy::disallowed_methods, reason = "the harness reports its speed")]
fn now() -> Instant {
    Instant::now()
}
