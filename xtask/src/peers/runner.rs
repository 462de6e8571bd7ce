//! Two processes that do the same work whenever they read a line, in turn.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Measured;
use crate::{shell, stats};

/// Ours may be this much less accurate than a peer and still count as equal.
const EQUAL: f64 = 10.0;

/// From so many pairs on, a median has an interval.
pub(super) const ENOUGH: usize = 6;

/// Runs both sides in turn; the inner error says why the peer cannot run.
pub(super) fn compare(
    ours: Command,
    theirs: Command,
    floor: f64,
    pairs: usize,
) -> Result<Result<Measured, String>> {
    let mut ours = Runner::start(ours)?.map_err(anyhow::Error::msg)?;
    let mut theirs = match Runner::start(theirs)? {
        Ok(runner) => runner,
        Err(why) => return Ok(Err(format!("not run: {why}"))),
    };
    // One untimed run each: caches, compilation, page faults of the first touch.
    // Where few pairs are affordable the peer's is not; what it would warm is
    // then nothing beside the work.
    ours.once()?;
    if pairs >= ENOUGH {
        theirs.once()?;
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        // Who goes first alternates, so that neither always finds warm caches.
        if pair % 2 == 0 {
            a.push(ours.once()?);
            b.push(theirs.once()?);
        } else {
            b.push(theirs.once()?);
            a.push(ours.once()?);
        }
    }
    let seconds = |runs: &[Answer]| runs.iter().map(|r| r.seconds).collect::<Vec<_>>();
    let worst = |runs: &[Answer]| runs.iter().map(|r| r.error).fold(0.0, f64::max);
    let (our_seconds, their_seconds) = (seconds(&a), seconds(&b));
    let ratios: Vec<f64> = their_seconds.iter().zip(&our_seconds).map(|(t, o)| t / o).collect();
    let sorted = stats::sorted(&ratios);
    let (our_error, their_error) = (worst(&a), worst(&b));
    Ok(Ok(Measured {
        ours: stats::median(&our_seconds),
        theirs: stats::median(&their_seconds),
        ratio: stats::median_interval(&ratios),
        pairs,
        range: (sorted[0], sorted[sorted.len() - 1]),
        our_error,
        their_error,
        equally_accurate: our_error <= floor.max(EQUAL * their_error),
    }))
}

/// A process that does the work once for each line it reads.
struct Runner {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

struct Answer {
    seconds: f64,
    error: f64,
}

impl Runner {
    /// Waits until the process has loaded the data; the inner error is its own
    /// word that it cannot do the work.
    fn start(mut command: Command) -> Result<Result<Self, String>> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| shell::show(&command))?;
        let stdin = child.stdin.take().context("the process has a standard input")?;
        let stdout = child.stdout.take().context("the process has a standard output")?;
        let mut runner = Runner { child, stdin, stdout: BufReader::new(stdout) };
        let ready = runner.read()?;
        match ready["missing"].as_str() {
            Some(why) => Ok(Err(why.to_owned())),
            None => Ok(Ok(runner)),
        }
    }

    fn once(&mut self) -> Result<Answer> {
        self.stdin.write_all(b"run\n")?;
        self.stdin.flush()?;
        let answer = self.read()?;
        let number =
            |key: &str| answer[key].as_f64().with_context(|| format!("no `{key}` in {answer}"));
        Ok(Answer { seconds: number("seconds")?, error: number("error")? })
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("the process ended without an answer: read its message above");
        }
        serde_json::from_str(&line).with_context(|| format!("not an answer: {line}"))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // It ends by itself at the end of its input; this only hurries it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command with the processor cores that what it runs is named for: two in a
/// name with `two-`, of threads or at once, otherwise one.
///
/// Thread counts of the libraries are set as well, but XLA does not keep to its
/// own: without `taskset` to hold it, its figures are those of all cores.
pub(super) fn on_cores(command: Command, name: &str) -> Command {
    let (threads, cores) = if name.contains("two-") { ("2", "0,1") } else { ("1", "0") };
    let mut held = if shell::is_installed("taskset", &["--version"]) {
        let mut held = Command::new("taskset");
        held.args(["--cpu-list", cores]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            held.current_dir(folder);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => held.env(key, value),
                None => held.env_remove(key),
            };
        }
        held
    } else {
        command
    };
    for key in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
        held.env(key, threads);
    }
    held.env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1");
    held
}
