//! The same work in ours and in Python libraries, on the same data, interleaved.
//!
//! Our program (`benches/peers`) writes the data once. Then it and each peer run
//! as processes that do the work whenever they read a line, and answer with the
//! seconds it took and the error of the result. Runs alternate, so that a busy
//! machine slows both, and each pair gives one ratio.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::python::{self, Packages};
use crate::stats::{self, Interval};
use crate::{bench, metadata, shell};

/// Below this many pairs the interval of the ratio is too wide to claim anything.
pub(crate) const FEWEST_PAIRS: usize = 30;
/// Ours may be this much less accurate than a peer and still count as equal.
const EQUAL: f64 = 10.0;

/// Work that both sides can do.
struct Workload {
    name: &'static str,
    /// The script in `xtask/peers` that holds the peers.
    script: &'static str,
    peers: &'static [&'static str],
    /// Peers that need PyTorch.
    torch: &'static [&'static str],
    /// Errors below this are the data's rounding and count as equal.
    floor: f64,
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "lstsq-1000000x20",
        script: "linalg.py",
        peers: &[
            "sklearn-LinearRegression",
            "numpy-lstsq",
            "scipy-gelsy",
            "numpy-normal-equations",
        ],
        torch: &["torch-gels"],
        floor: 1e-14,
    },
    Workload {
        name: "lstsq-100000x100",
        script: "linalg.py",
        peers: &[
            "sklearn-LinearRegression",
            "numpy-lstsq",
            "scipy-gelsy",
            "numpy-normal-equations",
        ],
        torch: &["torch-gels"],
        floor: 1e-14,
    },
    Workload {
        name: "matmul-f32-128x784x256",
        script: "linalg.py",
        peers: &["numpy-matmul", "jax-matmul"],
        torch: &["torch-matmul"],
        floor: 1e-5,
    },
];

/// One comparison.
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) peer: String,
    /// What was measured, or why nothing was.
    pub(crate) outcome: Result<Measured, String>,
}

/// Medians of the runs of both sides, and the median of the paired ratios.
pub(crate) struct Measured {
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    /// Their time over ours: above 1 we are faster.
    pub(crate) ratio: Interval,
    pub(crate) our_error: f64,
    pub(crate) their_error: f64,
    pub(crate) equally_accurate: bool,
}

/// Measures every workload whose name holds the filter.
pub(crate) fn measure(filter: Option<&str>, torch: bool, pairs: usize) -> Result<Vec<Row>> {
    let packages = if torch { Packages::PeersWithTorch } else { Packages::Peers };
    shell::run(
        &mut shell::cargo(&[
            "build",
            "--release",
            "--package",
            "wonderland-benches",
            "--bin",
            "peers",
        ]),
        "`cargo build --release -p wonderland-benches --bin peers`",
    )?;
    let target = metadata::target_directory()?;
    let ours = target.join("release/peers");
    println!("where: {}", bench::circumstances()?);
    println!("probe: {}", shell::output(one_thread(&mut Command::new(&ours)).arg("probe"))?.trim());

    let chosen = WORKLOADS.iter().filter(|w| filter.is_none_or(|f| w.name.contains(f)));
    let mut rows = Vec::new();
    for workload in chosen {
        let data = target.join("xtask-bench/data").join(workload.name);
        std::fs::create_dir_all(&data)?;
        shell::run(
            Command::new(&ours).arg("prepare").arg(workload.name).arg(&data),
            "read the message of benches/peers above",
        )?;
        for &peer in workload.peers.iter().chain(workload.torch) {
            let mut row = Row {
                workload: workload.name.to_owned(),
                peer: peer.to_owned(),
                outcome: Err("not run (add `--with torch`)".to_owned()),
            };
            if torch || !workload.torch.contains(&peer) {
                let mut serve = Command::new(&ours);
                serve.arg("serve").arg(workload.name).arg(&data);
                let mut script = python::python(packages)?;
                script.arg(Path::new("xtask/peers").join(workload.script));
                script.args([workload.name, peer]).arg(&data);
                row.outcome = compare(&mut serve, &mut script, workload.floor, pairs)
                    .with_context(|| format!("{} beside {peer}", workload.name))?;
            }
            println!("{}", line(&row));
            rows.push(row);
        }
        std::fs::remove_dir_all(&data)?;
    }
    if rows.is_empty() {
        let names: Vec<_> = WORKLOADS.iter().map(|w| w.name).collect();
        bail!("no workload has that in its name; there are {}", names.join(", "));
    }
    save(&rows)?;
    Ok(rows)
}

/// The rows as a Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text =
        "| workload | peer | ours | peer | peer ÷ ours, 95 % interval | error ours / peer |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        text += &line(row);
        text.push('\n');
    }
    text
}

fn line(row: &Row) -> String {
    let head = format!("| {} | {} |", row.workload, row.peer);
    match &row.outcome {
        Err(why) => format!("{head} {why} | | | |"),
        Ok(m) => {
            let note = if m.equally_accurate { "" } else { " (ours is less accurate)" };
            format!(
                "{head} {} | {} | {:.2} [{:.2}, {:.2}] | {:.0e} / {:.0e}{note} |",
                bench::time(m.ours),
                bench::time(m.theirs),
                m.ratio.middle,
                m.ratio.low,
                m.ratio.high,
                m.our_error,
                m.their_error
            )
        }
    }
}

fn save(rows: &[Row]) -> Result<()> {
    let list: Vec<Value> = rows
        .iter()
        .map(|row| match &row.outcome {
            Err(why) => json!({ "workload": row.workload, "peer": row.peer, "not_run": why }),
            Ok(m) => json!({
                "workload": row.workload, "peer": row.peer,
                "ours": m.ours, "theirs": m.theirs,
                "ratio": [m.ratio.low, m.ratio.middle, m.ratio.high],
                "our_error": m.our_error, "their_error": m.their_error,
            }),
        })
        .collect();
    let path = metadata::target_directory()?.join("xtask-bench/peers.json");
    let text = json!({ "where": bench::circumstances()?, "rows": list });
    std::fs::write(&path, serde_json::to_string_pretty(&text)?)?;
    println!("saved as {}", path.display());
    Ok(())
}

/// Runs both sides in turn; the inner error says why the peer cannot run.
fn compare(
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
fn one_thread(command: &mut Command) -> &mut Command {
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
    {
        command.env(name, "1");
    }
    command.env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
}
