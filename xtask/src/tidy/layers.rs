//! The layer table of `docs/ARCHITECTURE.md` against `cargo metadata`.
//!
//! The table is the one place where the allowed edges stand. Its rows are
//! numbered; a crate may use what its row lists, and the list may name crates
//! of lower rows only.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Finding;
use crate::metadata::Package;
use crate::shell;

const TABLE: &str = "docs/ARCHITECTURE.md";
/// Packages that stand outside the rows: nothing may depend on them.
const OUTSIDE: [&str; 2] = ["xtask", "wonderland-benches"];

/// One crate of the table.
#[derive(Debug, PartialEq)]
struct Layer {
    row: u32,
    may_use: Vec<String>,
}

/// Compares the table with the manifests.
pub(crate) fn check(packages: &[Package]) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(shell::root().join(TABLE))
        .with_context(|| format!("reading {TABLE}"))?;
    let table = parse(&text)?;
    let mut findings = check_table(&table);
    for name in table.keys().filter(|name| packages.iter().all(|p| p.name != **name)) {
        findings.push(Finding::new(
            TABLE,
            format!("names `{name}`, which is no package of the workspace"),
            "remove the line or add the crate",
        ));
    }
    for package in packages.iter().filter(|p| !OUTSIDE.contains(&p.name.as_str())) {
        findings.extend(check_package(package, &table));
    }
    Ok(findings)
}

/// Every listed edge points to a lower row.
fn check_table(table: &BTreeMap<String, Layer>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, layer) in table {
        for used in &layer.may_use {
            let fault = match table.get(used) {
                None => format!("`{name}` may use `{used}`, which has no row"),
                Some(lower) if lower.row >= layer.row => {
                    format!(
                        "`{name}` (row {}) may use `{used}` (row {}), which is not lower",
                        layer.row, lower.row
                    )
                }
                Some(_) => continue,
            };
            findings.push(Finding::new(TABLE, fault, "let edges point to lower rows only"));
        }
    }
    findings
}

/// Every edge of a manifest is listed in the table.
fn check_package(package: &Package, table: &BTreeMap<String, Layer>) -> Vec<Finding> {
    let Some(layer) = table.get(&package.name) else {
        return vec![Finding::new(
            TABLE,
            format!("has no line for the package `{}`", package.name),
            "add the crate with its row, its edges and what it must not know",
        )];
    };
    let place = format!("crate {}", package.name);
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let used = &dependency.name;
        if OUTSIDE.contains(&used.as_str()) {
            findings.push(Finding::new(
                &place,
                format!("depends on `{used}`, which stands outside the rows"),
                "move what is needed into a crate",
            ));
        } else if table.contains_key(used) && !layer.may_use.contains(used) {
            let for_tests = if dependency.only_for_tests { " for its tests" } else { "" };
            findings.push(Finding::new(
                &place,
                format!("depends on `{used}`{for_tests}, an edge that {TABLE} does not allow"),
                "remove the edge, or argue it in the table in a commit of its own",
            ));
        }
    }
    findings
}

/// Reads the table whose header starts with `| row | crate | may use |`.
fn parse(markdown: &str) -> Result<BTreeMap<String, Layer>> {
    let mut lines = markdown.lines();
    lines
        .find(|line| cells(line).starts_with(&["row", "crate", "may use"]))
        .with_context(|| format!("{TABLE} has no table headed `| row | crate | may use | …`"))?;
    let mut table = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let cells = cells(line);
        let [row, name, may_use, ..] = cells.as_slice() else {
            anyhow::bail!("{TABLE}: a line of the layer table has fewer than three cells: {line}");
        };
        let row =
            row.parse().with_context(|| format!("{TABLE}: `{row}` is not a row number: {line}"))?;
        table.insert(
            package(name),
            Layer {
                row,
                may_use: may_use
                    .split(',')
                    .filter_map(|name| {
                        let name = name.trim();
                        (!name.is_empty() && name != "–").then(|| package(name))
                    })
                    .collect(),
            },
        );
    }
    Ok(table)
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(str::trim).collect()
}

/// `` `linalg` `` is the package `wonderland-linalg`, and `wonderland` itself.
fn package(name: &str) -> String {
    match name.trim_matches('`') {
        "wonderland" => "wonderland".to_owned(),
        short => format!("wonderland-{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    const TEXT: &str = "prose\n\n| row | crate | may use | is |\n|---|---|---|---|\n\
        | 2 | `losses` | `autodiff`, `linalg` | x |\n| 1 | `autodiff` | `linalg` | y |\n\
        | 0 | `linalg` | – | z |\n\n| other | table |\n";

    fn package_using(name: &str, uses: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            folder: Default::default(),
            dependencies: uses
                .iter()
                .map(|u| Dependency { name: (*u).to_owned(), only_for_tests: false })
                .collect(),
            examples: Vec::new(),
        }
    }

    #[test]
    fn the_table_is_read() {
        let table = parse(TEXT).unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!(
            table["wonderland-losses"].may_use,
            ["wonderland-autodiff", "wonderland-linalg"]
        );
        assert!(table["wonderland-linalg"].may_use.is_empty());
        assert!(check_table(&table).is_empty());
    }

    #[test]
    fn an_upward_edge_is_found_in_the_table_and_in_a_manifest() {
        let upward = TEXT.replace("| 0 | `linalg` | –", "| 0 | `linalg` | `losses`");
        assert_eq!(check_table(&parse(&upward).unwrap()).len(), 1);

        let table = parse(TEXT).unwrap();
        let good = package_using("wonderland-losses", &["wonderland-linalg", "serde"]);
        assert!(check_package(&good, &table).is_empty());
        let bad = package_using("wonderland-linalg", &["wonderland-losses"]);
        assert_eq!(check_package(&bad, &table).len(), 1);
        let unlisted = package_using("wonderland-new", &[]);
        assert_eq!(check_package(&unlisted, &table).len(), 1);
        let tool = package_using("wonderland-linalg", &["xtask"]);
        assert_eq!(check_package(&tool, &table).len(), 1);
    }
}
