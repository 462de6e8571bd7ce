//! `cargo xtask results`: the measured tables of `docs/RESULTS.md`.
//!
//! Each table stands between `<!-- table: NAME -->` and `<!-- end -->`; what is
//! around it is written by people and stays as it is.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::args::Args;
use crate::peers::{self, Session};
use crate::python::{self, Packages};
use crate::{bench, metadata, shell};

pub(crate) const USAGE: &str = "[--tabular FOLDER] [--mnist FOLDER]";
pub(crate) const ABOUT: &str = "\
measures accuracy beside scikit-learn and NumPy on the same rows and writes its
tables in docs/RESULTS.md; the folders hold larger sets, which are not part of the
repository; the tables of speed are written by `bench --peers --record`";

const PAGE: &str = "docs/RESULTS.md";

/// Measures, then replaces the tables in place.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let mut folders = Vec::new();
    for option in ["--tabular", "--mnist"] {
        if let Some(folder) = args.option(option)? {
            folders.extend([option.to_owned(), folder]);
        }
    }
    args.finish()?;
    let build = ["build", "--release", "--package", "wonderland-cli"];
    shell::run(&mut shell::cargo(&build), "`cargo build --release -p wonderland-cli`")?;

    let target = metadata::target_directory()?;
    let mut script = python::python(Packages::References)?;
    script.arg("xtask/peers/results.py").arg(target.join("release/wonderland"));
    script.arg(target.join("xtask-bench/splits")).args(folders);
    let tables: Value = serde_json::from_str(&shell::output(&mut script)?)?;

    let mut new = Vec::new();
    for (name, table) in tables.as_object().context("the script prints an object of tables")? {
        new.push((name.clone(), table.as_str().context("a table is a text")?.to_owned()));
    }
    new.push(("where".to_owned(), circumstances("results")?));
    write(&new)
}

/// Replaces the table of speed of each measured area.
pub(crate) fn record(session: &Session) -> Result<()> {
    let mut new = Vec::new();
    for (area, rows) in &session.areas {
        let peak = |key: &str| session.probe[key].as_f64().context("the probe gives numbers");
        let text = format!(
            "{}\n{} The probe of the same run, one thread: {} GFLOP/s in f32, {} in f64, {} GB/s read; two threads: {} times the arithmetic, {} times the reading.",
            peers::table(rows),
            circumstances(&format!("bench {area} --peers --record"))?,
            peak("fma_f32_gflops")?,
            peak("fma_f64_gflops")?,
            peak("read_gb_per_s")?,
            peak("two_threads_fma")?,
            peak("two_threads_read")?,
        );
        new.push((format!("speed-{area}"), text));
    }
    write(&new)
}

/// Puts the tables in their places on the page.
fn write(tables: &[(String, String)]) -> Result<()> {
    let path = shell::root().join(PAGE);
    let mut page = std::fs::read_to_string(&path).unwrap_or_else(|_| "# Results\n".to_owned());
    for (name, table) in tables {
        page = with_table(&page, name, table);
    }
    std::fs::write(&path, page)?;
    println!("wrote {PAGE}");
    Ok(())
}

fn circumstances(command: &str) -> Result<String> {
    let facts = bench::circumstances()?;
    let date = shell::output(shell::command("git").args(["log", "-1", "--format=%cs"]))?;
    let text = |key: &str| facts[key].as_str().unwrap_or("unknown").to_owned();
    Ok(format!(
        "Measured by `cargo xtask {command}` at commit {} of {} on {} ({} cores) with {}.",
        text("commit"),
        date.trim(),
        text("machine"),
        facts["cores"],
        text("compiler")
    ))
}

/// The page with the table of that name replaced, or appended when it has none.
fn with_table(page: &str, name: &str, table: &str) -> String {
    const END: &str = "<!-- end -->";
    let start = format!("<!-- table: {name} -->");
    let block = format!("{start}\n{}\n{END}", table.trim_end());
    if let Some(from) = page.find(&start)
        && let Some(length) = page[from..].find(END)
    {
        return format!("{}{block}{}", &page[..from], &page[from + length + END.len()..]);
    }
    format!("{}\n\n{block}\n", page.trim_end())
}

#[cfg(test)]
mod tests {
    use super::with_table;

    #[test]
    fn a_table_is_replaced_in_place_or_appended() {
        let page = "# R\n\nprose\n\n<!-- table: a -->\nold\n<!-- end -->\n\nmore\n";
        let new = with_table(page, "a", "| 1 |\n");
        assert_eq!(new, page.replace("old", "| 1 |"));
        assert_eq!(with_table(&new, "a", "| 1 |"), new);
        let both = with_table(&new, "b", "| 2 |");
        assert!(both.starts_with(new.trim_end()) && both.contains("<!-- table: b -->\n| 2 |\n"));
    }
}
