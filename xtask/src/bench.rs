//! `cargo xtask bench`: criterion's samples, read again as medians and ratios.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::{Args, Usage};
use crate::{metadata, peers, results, shell, stats};

pub(crate) const USAGE: &str = "[FILTER] [--save NAME] [--against NAME] | [FILTER] --peers [--with torch] [--pairs N] [--record]";
pub(crate) const ABOUT: &str = "\
runs the criterion benchmarks whose name holds FILTER: median, spread, outliers,
ratio to a saved run with its 95 % interval (above 1: slower than it was);
with --peers runs the same work beside Python libraries, interleaved (FILTER is
then an area or a part of the name of a workload); --record puts the tables and
the probe of the machine into docs/RESULTS.md";

/// Above this share of outliers the machine was busy.
const MANY_OUTLIERS: f64 = 0.1;

/// Seconds per iteration of one benchmark.
struct Timing {
    seconds: Vec<f64>,
    /// Elements worked on in one iteration, where the benchmark says so.
    elements: Option<f64>,
}

/// Runs the benchmarks, or the peers beside ours.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let save = args.option("--save")?;
    let against = args.option("--against")?;
    let torch = args.with_torch()?;
    let pairs = args.option("--pairs")?;
    let beside_peers = args.flag("--peers");
    let record = args.flag("--record");
    let filter = args.positional();
    args.finish()?;

    if record && !beside_peers {
        return Err(Usage::error("`--record` goes with `--peers`"));
    }
    if beside_peers {
        let pairs = match pairs {
            None => peers::FEWEST_PAIRS,
            Some(text) => text.parse().map_err(|_| Usage::error("`--pairs` takes a number"))?,
        };
        let choice = peers::Choice { filter: filter.as_deref(), torch, pairs };
        if record && !filter.as_deref().is_none_or(peers::is_area) {
            return Err(Usage::error("`--record` replaces whole tables: name an area, or nothing"));
        }
        let session = peers::measure(&choice)?;
        for (area, rows) in &session.areas {
            println!("\n{area}\n\n{}", peers::table(rows));
        }
        if record {
            results::record(&session)?;
        }
        return Ok(());
    }

    let base = against.map(|name| Ok((read_saved(&name)?, name))).transpose();
    let base: Option<(BTreeMap<String, Timing>, String)> = base.map_err(|e: anyhow::Error| e)?;
    let timings = measure(filter.as_deref())?;
    if timings.is_empty() {
        bail!(
            "no benchmark was run\nmend: `cargo bench -p wonderland-benches -- --list` names them"
        );
    }
    print_table(&timings, base.as_ref());
    if let Some(name) = save {
        let path = saved(&name)?;
        std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        std::fs::write(&path, serde_json::to_string_pretty(&to_json(&timings)?)?)?;
        println!("saved as {}", path.display());
    }
    Ok(())
}

/// Runs criterion in a folder of its own and reads what it wrote.
fn measure(filter: Option<&str>) -> Result<BTreeMap<String, Timing>> {
    let home = folder()?.join("criterion");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    let mut cargo = shell::cargo(&["bench", "--package", "wonderland-benches", "--benches"]);
    cargo.env("CRITERION_HOME", &home).args(["--", "--noplot"]).args(filter);
    shell::run(&mut cargo, "`cargo bench -p wonderland-benches --bench NAME -- --test`")?;

    let mut timings = BTreeMap::new();
    let mut folders = vec![home.clone()];
    while let Some(folder) = folders.pop() {
        let sample = folder.join("new/sample.json");
        if sample.is_file() {
            let (name, timing) = read_sample(&folder.join("new"))?;
            timings.insert(name, timing);
            continue;
        }
        // Nothing was written at all when the filter matched nothing.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(timings)
}

fn read_sample(folder: &Path) -> Result<(String, Timing)> {
    let read = |name: &str| -> Result<Value> {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    };
    let (sample, benchmark) = (read("sample.json")?, read("benchmark.json")?);
    let numbers = |key: &str| -> Result<Vec<f64>> {
        let list = sample[key].as_array().with_context(|| format!("criterion wrote no `{key}`"))?;
        Ok(list.iter().filter_map(Value::as_f64).collect())
    };
    let seconds =
        numbers("times")?.iter().zip(numbers("iters")?).map(|(t, n)| t * 1e-9 / n).collect();
    let name = benchmark["full_id"].as_str().context("criterion wrote no `full_id`")?;
    let elements = benchmark["throughput"]["Elements"].as_f64();
    Ok((name.to_owned(), Timing { seconds, elements }))
}

fn print_table(
    timings: &BTreeMap<String, Timing>,
    base: Option<&(BTreeMap<String, Timing>, String)>,
) {
    println!(
        "\n{:<52} {:>10} {:>17} {:>10}  against",
        "benchmark", "median", "middle half", "rate"
    );
    for (name, timing) in timings {
        let sorted = stats::sorted(&timing.seconds);
        let at = |p| time(stats::quantile(&sorted, p));
        let rate = timing.elements.map(|n| format!("{:.3} G/s", n / stats::median(&sorted) * 1e-9));
        let ratio = base.and_then(|(old, _)| old.get(name)).map(|old| {
            let r = stats::ratio_of_medians(&timing.seconds, &old.seconds);
            format!("{:.3} [{:.3}, {:.3}]", r.middle, r.low, r.high)
        });
        println!(
            "{name:<52} {:>10} {:>17} {:>10}  {}",
            at(0.5),
            format!("{}–{}", at(0.25), at(0.75)),
            rate.unwrap_or_default(),
            ratio.unwrap_or_default()
        );
        let far = stats::outliers(&timing.seconds);
        if far as f64 > MANY_OUTLIERS * sorted.len() as f64 {
            println!(
                "    warning: {far} of {} samples are outliers: was the machine busy?",
                sorted.len()
            );
        }
    }
    if let Some((_, name)) = base {
        println!(
            "ratios: median now over median of `{name}`, with a 95 % interval; above 1 is slower"
        );
    }
}

/// A time in the unit in which it has one to three digits before the point.
pub(crate) fn time(seconds: f64) -> String {
    let (scale, unit) = match seconds {
        s if s >= 1.0 => (1.0, "s"),
        s if s >= 1e-3 => (1e3, "ms"),
        s if s >= 1e-6 => (1e6, "µs"),
        _ => (1e9, "ns"),
    };
    format!("{:.3} {unit}", seconds * scale)
}

fn folder() -> Result<PathBuf> {
    Ok(metadata::target_directory()?.join("xtask-bench"))
}

fn saved(name: &str) -> Result<PathBuf> {
    Ok(folder()?.join("saved").join(format!("{name}.json")))
}

fn to_json(timings: &BTreeMap<String, Timing>) -> Result<Value> {
    let benchmarks: serde_json::Map<String, Value> = timings
        .iter()
        .map(|(name, t)| (name.clone(), json!({ "seconds": t.seconds, "elements": t.elements })))
        .collect();
    Ok(json!({ "where": circumstances()?, "benchmarks": benchmarks }))
}

/// What a figure depends on besides the code: commit, machine, compiler, threads.
pub(crate) fn circumstances() -> Result<Value> {
    let commit = shell::output(shell::command("git").args(["describe", "--always", "--dirty"]))?;
    let compiler = shell::output(shell::command("rustc").arg("--version"))?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
    Ok(json!({
        "commit": commit.trim(),
        "machine": cpu.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        "cores": cores,
        "compiler": compiler.trim(),
        "threads": threads.unwrap_or(cores),
    }))
}

fn read_saved(name: &str) -> Result<BTreeMap<String, Timing>> {
    let path = saved(name)?;
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!("no saved run: {}\nmend: `cargo xtask bench --save {name}`", path.display())
    })?;
    let json: Value = serde_json::from_str(&text)?;
    let benchmarks = json["benchmarks"].as_object().context("the saved run has no benchmarks")?;
    Ok(benchmarks
        .iter()
        .map(|(name, t)| {
            let seconds = t["seconds"].as_array().into_iter().flatten().filter_map(Value::as_f64);
            let timing = Timing { seconds: seconds.collect(), elements: t["elements"].as_f64() };
            (name.clone(), timing)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_printed_in_a_fitting_unit() {
        assert_eq!(super::time(2.5), "2.500 s");
        assert_eq!(super::time(2.5e-3), "2.500 ms");
        assert_eq!(super::time(2.5e-5), "25.000 µs");
        assert_eq!(super::time(2.5e-8), "25.000 ns");
    }
}
