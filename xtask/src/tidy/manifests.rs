//! Each package has what a package of ours has: a README, its licence, the
//! workspace's lints, and versions that stand in the root manifest only.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Finding;
use crate::metadata::Package;
use crate::shell;

/// Keys that every member inherits.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Checks the files and the manifest of every package.
pub(crate) fn check(packages: &[Package]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        if !shell::root().join(licence).is_file() {
            findings.push(Finding::new(licence, "is missing", "put the licence back"));
        }
    }
    for package in packages {
        let folder = package.folder.strip_prefix(shell::root()).unwrap_or(&package.folder);
        let manifest_path = package.folder.join("Cargo.toml");
        let manifest: Table = std::fs::read_to_string(&manifest_path)?
            .parse()
            .with_context(|| format!("reading {}", manifest_path.display()))?;
        let place = folder.join("Cargo.toml").display().to_string();
        findings.extend(check_manifest(&place, &manifest));
        if folder.starts_with("crates") {
            findings.extend(check_crate(package, folder));
        }
    }
    Ok(findings)
}

/// What the manifest says.
fn check_manifest(place: &str, manifest: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let package = manifest.get("package").and_then(Value::as_table);
    for key in INHERITED {
        if !package.and_then(|p| p.get(key)).is_some_and(is_inherited) {
            findings.push(Finding::new(
                place,
                format!("`{key}` is not inherited"),
                format!("write `{key}.workspace = true` under [package]"),
            ));
        }
    }
    if !manifest.get("lints").is_some_and(is_inherited) {
        findings.push(Finding::new(
            place,
            "the workspace's lints are not in force",
            "add `[lints]` with `workspace = true`",
        ));
    }
    for table in DEPENDENCY_TABLES {
        for (name, value) in manifest.get(table).and_then(Value::as_table).into_iter().flatten() {
            if !is_inherited(value) {
                findings.push(Finding::new(
                    place,
                    format!("`{name}` has a version of its own"),
                    format!(
                        "put it under [workspace.dependencies] and write `{name}.workspace = true`"
                    ),
                ));
            }
        }
    }
    findings
}

/// What lies in the folder of a crate.
fn check_crate(package: &Package, folder: &Path) -> Vec<Finding> {
    let place = folder.display().to_string();
    let mut findings = Vec::new();
    let last_word = package.name.strip_prefix("wonderland-").unwrap_or(&package.name);
    if folder.file_name().is_none_or(|name| name != last_word) {
        findings.push(Finding::new(
            &place,
            format!("holds the package `{}`", package.name),
            format!("name the folder `{last_word}`"),
        ));
    }
    if !package.folder.join("README.md").is_file() {
        findings.push(Finding::new(
            &place,
            "has no README.md",
            "write it: purpose, who should use something else, an example, how to choose",
        ));
    }
    for root_file in ["src/lib.rs", "src/main.rs"] {
        let Ok(text) = std::fs::read_to_string(package.folder.join(root_file)) else { continue };
        let place = folder.join(root_file).display().to_string();
        if !text.contains("#![forbid(unsafe_code)]") {
            findings.push(Finding::new(
                &place,
                "does not forbid unsafe code",
                "add `#![forbid(unsafe_code)]` below the head",
            ));
        }
        if root_file == "src/lib.rs" && !text.contains("include_str!(\"../README.md\")") {
            findings.push(Finding::new(
                &place,
                "does not show the README as its landing page",
                "open with `#![doc = include_str!(\"../README.md\")]`",
            ));
        }
    }
    findings
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"x\"\nversion.workspace = true\n\
        edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        publish.workspace = true\n[dependencies]\nserde = { workspace = true, features = [] }\n\
        [lints]\nworkspace = true\n";

    #[test]
    fn a_manifest_that_inherits_everything_passes() {
        assert!(check_manifest("x", &GOOD.parse().unwrap()).is_empty());
    }

    #[test]
    fn own_versions_and_missing_lints_are_found() {
        for (from, to) in [
            ("version.workspace = true", "version = \"1.0.0\""),
            ("{ workspace = true, features = [] }", "\"1\""),
            ("[lints]\nworkspace = true\n", ""),
        ] {
            let bad = GOOD.replacen(from, to, 1);
            assert_eq!(check_manifest("x", &bad.parse().unwrap()).len(), 1, "{bad}");
        }
    }
}
