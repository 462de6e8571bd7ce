//! What `cargo metadata` says about the packages of the workspace.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder that holds its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    /// Names of all the packages it depends on, with the kind of each edge.
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) examples: Vec<String>,
}

/// One edge of the dependency graph as the manifest declares it.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) only_for_tests: bool,
}

/// The packages of the workspace, in the order of their names.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let json = read()?;
    let mut packages = array(&json, "packages")?
        .iter()
        .map(package)
        .collect::<Result<Vec<_>>>()
        .context("reading `cargo metadata`")?;
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf> {
    Ok(PathBuf::from(text(&read()?, "target_directory")?))
}

fn read() -> Result<Value> {
    let json = shell::output(&mut shell::cargo(&["metadata", "--format-version=1", "--no-deps"]))?;
    Ok(serde_json::from_str(&json)?)
}

fn package(json: &Value) -> Result<Package> {
    let manifest = PathBuf::from(text(json, "manifest_path")?);
    let dependencies = array(json, "dependencies")?
        .iter()
        .map(|d| {
            Ok(Dependency {
                name: text(d, "name")?,
                only_for_tests: d["kind"].as_str() == Some("dev"),
            })
        })
        .collect::<Result<_>>()?;
    let mut examples = Vec::new();
    for target in array(json, "targets")? {
        if array(target, "kind")?.iter().any(|k| k == "example") {
            examples.push(text(target, "name")?);
        }
    }
    Ok(Package {
        name: text(json, "name")?,
        folder: manifest.parent().context("a manifest lies in a folder")?.to_owned(),
        dependencies,
        examples,
    })
}

fn array<'a>(json: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    json[key].as_array().with_context(|| format!("`{key}` is not a list"))
}

fn text(json: &Value, key: &str) -> Result<String> {
    Ok(json[key].as_str().with_context(|| format!("`{key}` is not a text"))?.to_owned())
}
