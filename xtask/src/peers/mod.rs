//! The same work in ours and in Python libraries, on the same data, interleaved.
//!
//! Our program (`benches/peers`) writes the data once. Then it and each peer run
//! as processes that do the work whenever they read a line, and answer with the
//! seconds it took and the error of the result. Runs alternate, so that a busy
//! machine slows both, and each pair gives one ratio.
//!
//! One file per area here, in `benches/peers` and in `xtask/peers`.

mod autodiff;
mod calibration;
mod compile;
mod kernels;
mod linalg;
mod logistic;
mod reading;
mod runner;
mod start;
mod table;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use self::runner::{compare, on_cores};
pub(crate) use self::table::table;
use crate::python::{self, Packages};
use crate::stats::Interval;
use crate::{bench, metadata, shell};

/// Below this many pairs the interval of the ratio is too wide to claim anything.
pub(crate) const FEWEST_PAIRS: usize = 30;

/// Workloads of one layer and the name of its files.
struct Area {
    name: &'static str,
    workloads: &'static [Workload],
}

/// A new area is one line here and a `mod` line above.
const AREAS: &[Area] = &[
    Area { name: "linalg", workloads: linalg::WORKLOADS },
    Area { name: "autodiff", workloads: autodiff::WORKLOADS },
    Area { name: "compile", workloads: compile::WORKLOADS },
    Area { name: "kernels", workloads: kernels::WORKLOADS },
    Area { name: "calibration", workloads: calibration::WORKLOADS },
    Area { name: "start", workloads: start::WORKLOADS },
    Area { name: "reading", workloads: reading::WORKLOADS },
    Area { name: "logistic", workloads: logistic::WORKLOADS },
];

/// Work that both sides can do.
struct Workload {
    name: &'static str,
    /// Peers that `xtask/peers/AREA.py` knows.
    peers: &'static [&'static str],
    /// Peers that need PyTorch.
    torch: &'static [&'static str],
    /// Other ways in which our own program does the work: two threads, the
    /// library below, a version by hand.
    variants: &'static [&'static str],
    /// Rivals of which all runs together take so long that there are fewer pairs,
    /// and how many; the table says so.
    few: &'static [(&'static str, usize)],
    /// What the peers need.
    packages: Packages,
    /// Errors below this are the data's rounding and count as equal.
    floor: f64,
}

impl Workload {
    const NONE: Self = Self {
        name: "",
        peers: &[],
        torch: &[],
        variants: &[],
        few: &[],
        packages: Packages::Peers,
        floor: 0.0,
    };
}

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
    /// The number of pairs, and their smallest and largest ratio.
    pub(crate) pairs: usize,
    pub(crate) range: (f64, f64),
    pub(crate) our_error: f64,
    pub(crate) their_error: f64,
    pub(crate) equally_accurate: bool,
}

/// One run of the command.
pub(crate) struct Session {
    /// FMA peaks and read bandwidth of one thread and what a second adds, measured
    /// first.
    pub(crate) probe: Value,
    /// The rows of each area that had any.
    pub(crate) areas: Vec<(&'static str, Vec<Row>)>,
}

/// What to measure and how.
pub(crate) struct Choice<'a> {
    /// An area, or a part of the names of workloads.
    pub(crate) filter: Option<&'a str>,
    pub(crate) torch: bool,
    pub(crate) pairs: usize,
}

/// Whether the name is that of an area.
pub(crate) fn is_area(name: &str) -> bool {
    AREAS.iter().any(|area| area.name == name)
}

/// Measures the area that the filter names, or else every workload whose name holds it:
/// recording an area must not touch the table of another.
pub(crate) fn measure(choice: &Choice<'_>) -> Result<Session> {
    shell::run(
        &mut shell::cargo(&[
            "build",
            "--release",
            "--package",
            "wonderland-benches",
            "--package",
            "wonderland-cli",
            "--bin",
            "peers",
            "--bin",
            "wonderland",
        ]),
        "mend what the compiler names above",
    )?;
    let target = metadata::target_directory()?;
    let ours = target.join("release/peers");
    println!("where: {}", bench::circumstances()?);
    let probe = probe(&ours)?;
    println!("probe: {probe}");

    let mut session = Session { probe, areas: Vec::new() };
    for area in AREAS {
        let mut rows = Vec::new();
        for workload in area.workloads {
            let is_meant =
                |f: &str| if is_area(f) { f == area.name } else { workload.name.contains(f) };
            if choice.filter.is_none_or(is_meant) {
                measure_one(&ours, area, workload, choice, &mut rows)?;
            }
        }
        if !rows.is_empty() {
            session.areas.push((area.name, rows));
        }
    }
    if session.areas.is_empty() {
        let names: Vec<_> = AREAS.iter().flat_map(|a| a.workloads.iter().map(|w| w.name)).collect();
        bail!("no workload has that in its name; there are {}", names.join(", "));
    }
    table::save(&session)?;
    Ok(session)
}

/// What the machine allows one thread, and how much more two.
fn probe(ours: &Path) -> Result<Value> {
    let ask = |words: &[&str]| -> Result<Map<String, Value>> {
        let mut command = Command::new(ours);
        command.args(words);
        let answer = shell::output(&mut on_cores(command, &words.join(" ")))?;
        Ok(serde_json::from_str(&answer)?)
    };
    let mut found = ask(&["probe"])?;
    found.extend(ask(&["probe", "two-threads"])?);
    Ok(Value::Object(found))
}

/// Prepares the data of one workload and runs it beside each of its rivals.
fn measure_one(
    ours: &Path,
    area: &Area,
    workload: &Workload,
    choice: &Choice<'_>,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let data = metadata::target_directory()?.join("xtask-bench/data").join(workload.name);
    std::fs::create_dir_all(&data)?;
    let our_program = |verb: &str| {
        let mut command = Command::new(ours);
        command.args([verb, area.name, workload.name]).arg(&data);
        command
    };
    shell::run(&mut our_program("prepare"), "read the message of benches/peers above")?;
    let packages = match workload.packages {
        Packages::Peers if choice.torch => Packages::PeersWithTorch,
        packages => packages,
    };
    let rivals = workload.variants.iter().chain(workload.peers).chain(workload.torch);
    for &rival in rivals {
        let mut row = Row {
            workload: workload.name.to_owned(),
            peer: rival.to_owned(),
            outcome: Err("not run (add `--with torch`)".to_owned()),
        };
        if choice.torch || !workload.torch.contains(&rival) {
            let theirs = if workload.variants.contains(&rival) {
                let mut command = our_program("serve");
                command.arg(rival);
                command
            } else {
                let mut script = python::python(packages)?;
                script.arg(Path::new("xtask/peers").join(area.name).with_extension("py"));
                script.args([workload.name, rival]).arg(&data);
                script
            };
            let serve = on_cores(our_program("serve"), workload.name);
            let theirs = on_cores(theirs, rival);
            let few = workload.few.iter().find(|(peer, _)| *peer == rival);
            let pairs = few.map_or(choice.pairs, |&(_, pairs)| choice.pairs.min(pairs));
            row.outcome = compare(serve, theirs, workload.floor, pairs)
                .with_context(|| format!("{} beside {rival}", workload.name))?;
        }
        println!("{}", table::line(&row));
        rows.push(row);
    }
    std::fs::remove_dir_all(&data)?;
    Ok(())
}
