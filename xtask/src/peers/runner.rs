//! Two processes that do the same work whenever they read a line, in turn.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Measured;
use crate::{shell, stats};

/// Ours may be this much less accurate than a peer and still count as equal.
const EQUAL: f64 = 10.0;

/// Runs both sides in turn; the inner error says why the peer cannot run.
pub(super) fn compare(
    ours: &mut Command,
    theirs: &mut Command,
    floor: f64,
    pairs: usize,
) -> Result<Result<Measured, String>> {
    let mut ours = Runner::start(ours)?.map_err(anyhow::Error::msg)?;
    let mut theirs = match Runner::start(theirs)? {
        Ok(runner) => runner,
        Err(why) => return Ok(Err(format!("not run: {why}"))),
    };
    // One untimed run each: caches, compilation, page faults of the first touch.
    ours.once()?;
    theirs.once()?;
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
    let (our_error, their_error) = (worst(&a), worst(&b));
    Ok(Ok(Measured {
        ours: stats::median(&our_seconds),
        theirs: stats::median(&their_seconds),
        ratio: stats::median_interval(&ratios),
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
    fn start(command: &mut Command) -> Result<Result<Self, String>> {
        one_thread(command).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| shell::show(command))?;
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

/// One thread for every library that has threads of its own.
pub(super) fn one_thread(command: &mut Command) -> &mut Command {
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
    {
        command.env(name, "1");
    }
    command.env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
}
