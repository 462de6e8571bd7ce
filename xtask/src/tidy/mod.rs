//! `cargo xtask tidy`: the rules of the house that no compiler checks.

mod layers;
mod manifests;
mod rules;
mod source;
mod words;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::{metadata, shell};

pub(crate) const USAGE: &str = "";
pub(crate) const ABOUT: &str =
    "compares the layer table with `cargo metadata`; checks manifests, file heads and house rules";

/// A file above this length usually hides a second concept; it is named, not refused.
const LONG_FILE: usize = 500;

/// One place that breaks a rule.
pub(crate) struct Finding {
    /// `path` or `path:line`.
    pub(crate) place: String,
    pub(crate) fault: String,
    pub(crate) mend: String,
}

impl Finding {
    /// A finding; `mend` is what the reader should do.
    pub(crate) fn new(
        place: impl Into<String>,
        fault: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), fault: fault.into(), mend: mend.into() }
    }
}

/// Runs every check and prints all the findings, not only the first.
pub(crate) fn run(args: Args) -> Result<()> {
    args.finish()?;
    let packages = metadata::packages()?;
    let files = shell::files()?;

    let mut findings = layers::check(&packages)?;
    findings.extend(manifests::check(&packages)?);
    let mut long = Vec::new();
    for path in &files {
        // Pictures and compressed data have no text to check.
        let Ok(text) = std::fs::read_to_string(shell::root().join(path)) else { continue };
        findings.extend(words::check(path, &text));
        if path.ends_with(".rs") {
            findings.extend(rules::check(path, &text));
            let lines = text.lines().count();
            if lines > LONG_FILE {
                long.push(format!("{path}: {lines} lines: does it hold one concept?"));
            }
        }
    }

    for line in &long {
        println!("warning: {line}");
    }
    for finding in &findings {
        println!("{}: {}\n    mend: {}", finding.place, finding.fault, finding.mend);
    }
    if findings.is_empty() {
        println!("tidy: {} files, {} packages, nothing to mend", files.len(), packages.len());
        return Ok(());
    }
    bail!("{} places to mend, named above; then `cargo xtask tidy`", findings.len())
}
