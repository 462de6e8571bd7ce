//! `cargo xtask refs`: makes the reference values again, with independent tools.
//!
//! Every script of `xtask/refs` runs in a copy of the repository's data, so that
//! an interrupted run leaves the repository as it was. Then the files in
//! `crates/*/testdata` are replaced, or compared under `--check`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::args::Args;
use crate::python::{self, Packages};
use crate::{metadata, shell};

pub(crate) const USAGE: &str =
    "[--check] [--with torch] [CRATE] | --exhaustive|--random [FUNCTION]";
pub(crate) const ABOUT: &str = "\
runs xtask/refs/*.py (or those of one crate) in a pinned Python environment
and rewrites crates/*/testdata; with --check compares instead; scripts that need
PyTorch run with --with torch only, their stored values stay otherwise;
--exhaustive puts all 2^32 numbers of 32 bits through each elementary function, or one
(a minute or two each), and prints its largest error; --random does so with a million
numbers of 64 bits each, against mpmath";

/// Two values agree when they differ by less than this, relatively, unless a
/// script states another figure in a line `tolerance: 1e-12` of its head.
/// About 4 ulp: libraries differ between processors by no more.
const TOLERANCE: f64 = 1e-15;

/// Makes or checks the reference values.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let check = args.flag("--check");
    let exhaustive = args.flag("--exhaustive");
    let random = args.flag("--random");
    let torch = args.with_torch()?;
    let only = args.positional();
    args.finish()?;
    if exhaustive {
        return try_every_number(only.as_deref());
    }
    if random {
        return try_random_numbers(only.as_deref());
    }

    let files = shell::files()?;
    let scripts: Vec<Script> = files
        .iter()
        .filter(|path| path.starts_with("xtask/refs/") && path.ends_with(".py"))
        .map(|path| Script::read(path))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|script| only.as_ref().is_none_or(|name| script.serves(name)))
        .collect();
    if scripts.is_empty() {
        bail!("xtask/refs holds no such script\nmend: name one xtask/refs/CRATE.py");
    }

    let scratch = copy_of_the_data(&files)?;
    let mut skipped = 0;
    for script in &scripts {
        if matches!(script.packages, Packages::PeersWithTorch) && !torch {
            println!("{}: not run, its values stay (add `--with torch`)", script.path);
            skipped += 1;
            continue;
        }
        println!("{}", script.path);
        let mut python = python::python(script.packages)?;
        python.current_dir(&scratch).arg(&script.path);
        shell::run(&mut python, "read the script's message above")?;
    }

    let mut differing = Vec::new();
    for made in files_below(&scratch.join("crates"))? {
        let path = made.strip_prefix(&scratch)?.to_owned();
        let kept = shell::root().join(&path);
        let new = std::fs::read(&made)?;
        let old = std::fs::read(&kept).ok();
        if old.as_ref() == Some(&new) {
            continue;
        }
        if check {
            let tolerance = tolerance_for(&path, &scripts);
            if let Err(why) = compare(&path, old.as_deref(), &new, tolerance) {
                differing.push(format!("{}: {why:#}", path.display()));
            }
        } else {
            println!("writes {}", path.display());
            if let Some(folder) = kept.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&kept, new)?;
        }
    }
    if !differing.is_empty() {
        bail!(
            "reference values cannot be made again:\n{}\nmend: `cargo xtask refs`, then look at the change",
            differing.join("\n")
        );
    }
    let ran = scripts.len() - skipped;
    println!("refs: {ran} scripts, {}", if check { "all agree" } else { "done" });
    Ok(())
}

/// What to do about a function that is off.
const MEND_FUNCTION: &str = "look at the function that is named above in crates/linalg/src/kernels";

/// The program of the benches that puts numbers through elementary functions.
fn numbers_through(words: &[&str]) -> Command {
    let mut program = shell::cargo(&["run", "--release", "--quiet"]);
    program.args(["--package", "wonderland-benches", "--bin", "peers", "--"]).args(words);
    program
}

/// Every `f32` through the elementary functions.
fn try_every_number(function: Option<&str>) -> Result<()> {
    shell::run(numbers_through(&["exhaustive"]).args(function), MEND_FUNCTION)
}

/// A million random `f64` through the elementary functions, compared with mpmath.
fn try_random_numbers(function: Option<&str>) -> Result<()> {
    let folder = metadata::target_directory()?.join("refs-random");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let place = folder.to_string_lossy();
    shell::run(numbers_through(&["random", &place]).args(function), "see the message above")?;
    let mut python = python::python(Packages::References)?;
    shell::run(python.args(["xtask/peers/random_arguments.py", &place]), MEND_FUNCTION)
}

/// A script of `xtask/refs`: `linalg.py`, or `linalg_strd.py` for the same crate.
struct Script {
    path: String,
    tolerance: f64,
    packages: Packages,
}

impl Script {
    fn read(path: &str) -> Result<Self> {
        let text = std::fs::read_to_string(shell::root().join(path))?;
        Ok(Self {
            path: path.to_owned(),
            tolerance: stated_tolerance(&text)?,
            packages: stated_packages(&text)?,
        })
    }

    /// Whether this script makes the data of the crate in this folder.
    fn serves(&self, crate_folder: &str) -> bool {
        let stem = Path::new(&self.path).file_stem().unwrap_or_default().to_string_lossy();
        stem.strip_prefix(crate_folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }
}

/// What stands behind `KEY:` in the script's head.
fn stated<'a>(script: &'a str, key: &str) -> Option<&'a str> {
    script.lines().find_map(|line| {
        let line = line.trim().trim_start_matches('#').trim();
        line.strip_prefix(key)?.strip_prefix(':').map(str::trim)
    })
}

fn stated_packages(script: &str) -> Result<Packages> {
    match stated(script, "environment") {
        None => Ok(Packages::References),
        Some("peers") => Ok(Packages::Peers),
        Some("peers-torch") => Ok(Packages::PeersWithTorch),
        Some(other) => bail!("`environment: {other}`: only peers and peers-torch"),
    }
}

fn stated_tolerance(script: &str) -> Result<f64> {
    match stated(script, "tolerance") {
        None => Ok(TOLERANCE),
        Some(figure) => {
            figure.parse().with_context(|| format!("`tolerance: {figure}` is not a number"))
        }
    }
}

/// The widest tolerance that a script of the file's crate states.
fn tolerance_for(path: &Path, scripts: &[Script]) -> f64 {
    let crate_folder = path.iter().nth(1).unwrap_or_default().to_string_lossy();
    let stated = scripts.iter().filter(|s| s.serves(&crate_folder)).map(|s| s.tolerance);
    stated.fold(TOLERANCE, f64::max)
}

/// Copies the scripts and every file they may read or write below the target directory.
fn copy_of_the_data(files: &[String]) -> Result<PathBuf> {
    let scratch = metadata::target_directory()?.join("refs");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    for path in files {
        let wanted = path.starts_with("xtask/refs/")
            || (path.starts_with("crates/")
                && (path.contains("/testdata/") || path.contains("/assets/")));
        if wanted {
            let to = scratch.join(path);
            std::fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            std::fs::copy(shell::root().join(path), to)?;
        }
    }
    // A first script of a crate finds the folder it writes to.
    for package in metadata::packages()? {
        if let Ok(folder) = package.folder.strip_prefix(shell::root()).map(Path::to_owned)
            && folder.starts_with("crates")
        {
            std::fs::create_dir_all(scratch.join(folder).join("testdata"))?;
        }
    }
    Ok(scratch)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether two files say the same, numbers within the tolerance.
fn compare(path: &Path, old: Option<&[u8]>, new: &[u8], tolerance: f64) -> Result<()> {
    let old = old.context("is made by a script but not kept in the repository")?;
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let parse = |bytes: &[u8]| -> Result<Value> {
        let text = std::str::from_utf8(bytes)?;
        Ok(match extension.as_ref() {
            "json" => serde_json::from_str(text)?,
            "toml" => serde_json::to_value(text.parse::<toml::Table>()?)?,
            _ => bail!("differs, and only JSON and TOML are compared within a tolerance"),
        })
    };
    compare_values("", &parse(old)?, &parse(new)?, tolerance)
}

fn compare_values(place: &str, old: &Value, new: &Value, tolerance: f64) -> Result<()> {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            if !a.keys().eq(b.keys()) {
                bail!("{place}: has other keys than it had");
            }
            for (key, value) in a {
                compare_values(&format!("{place}.{key}"), value, &b[key], tolerance)?;
            }
            Ok(())
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                bail!("{place}: has {} entries, had {}", b.len(), a.len());
            }
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                compare_values(&format!("{place}[{i}]"), x, y, tolerance)?;
            }
            Ok(())
        }
        _ if old == new => Ok(()),
        _ => match (number(old), number(new)) {
            (Some(x), Some(y)) if (x - y).abs() <= tolerance * x.abs().max(y.abs()) => Ok(()),
            _ => bail!("{place}: was {old}, is {new} (tolerance {tolerance:e})"),
        },
    }
}

/// A number, also one written as text because it has more digits than a float.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn agree(old: &str, new: &str, tolerance: f64, expected: bool) {
        let result = compare(Path::new("a.json"), Some(old.as_bytes()), new.as_bytes(), tolerance);
        assert_eq!(result.is_ok(), expected, "{result:?}");
    }

    #[test]
    fn numbers_are_compared_within_the_tolerance_and_the_rest_exactly() {
        agree(r#"{"a": [1.0, "x"]}"#, r#"{"a": [1.0000001, "x"]}"#, 1e-6, true);
        agree(r#"{"a": [1.0, "x"]}"#, r#"{"a": [1.0000001, "x"]}"#, 1e-8, false);
        agree(
            r#"{"a": "0.12345678901234567890"}"#,
            r#"{"a": "0.12345678901234567891"}"#,
            1e-15,
            true,
        );
        agree(r#"{"a": "x"}"#, r#"{"a": "y"}"#, 1.0, false);
        agree(r#"{"a": [1]}"#, r#"{"a": [1, 2]}"#, 1.0, false);
        agree(r#"{"a": 1}"#, r#"{"b": 1}"#, 1.0, false);
    }

    #[test]
    fn a_script_states_its_tolerance() {
        let stated = |script: &str| stated_tolerance(script).unwrap().to_bits();
        assert_eq!(stated("\"\"\"Head.\n\ntolerance: 1e-9\n\"\"\""), 1e-9_f64.to_bits());
        assert_eq!(stated("x = 1"), TOLERANCE.to_bits());
        assert!(stated_tolerance("# tolerance: small").is_err());
    }

    #[test]
    fn a_script_states_its_environment() {
        let of = |script: &str| stated_packages(script).unwrap();
        assert!(matches!(of("x = 1"), Packages::References));
        assert!(matches!(of("\"\"\"Head.\n\nenvironment: peers\n\"\"\""), Packages::Peers));
        assert!(matches!(of("# environment: peers-torch"), Packages::PeersWithTorch));
        assert!(stated_packages("# environment: conda").is_err());
    }

    #[test]
    fn scripts_serve_the_crate_they_are_named_for() {
        let script = |path: &str| Script {
            path: path.to_owned(),
            tolerance: 0.0,
            packages: Packages::References,
        };
        assert!(script("xtask/refs/linalg.py").serves("linalg"));
        assert!(script("xtask/refs/linalg_strd.py").serves("linalg"));
        assert!(!script("xtask/refs/linalgebra.py").serves("linalg"));
    }
}
