//! `cargo xtask results`: the measured tables of `docs/RESULTS.md`.
//!
//! Each table stands between `<!-- table: NAME -->` and `<!-- end -->`; what is
//! around it is written by people and stays as it is.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::args::Args;
use crate::python::{self, Packages};
use crate::{bench, metadata, peers, shell};

pub(crate) const USAGE: &str = "[--no-times] [--tabular FOLDER]";
pub(crate) const ABOUT: &str = "\
measures accuracy beside scikit-learn and NumPy, and (unless --no-times) times
beside Python libraries, and writes the tables of docs/RESULTS.md; FOLDER holds the
larger sets, which are not part of the repository";

const PAGE: &str = "docs/RESULTS.md";

/// Measures, then replaces the tables in place.
pub(crate) fn run(mut args: Args) -> Result<()> {
    let times = !args.flag("--no-times");
    let tabular = args.option("--tabular")?;
    args.finish()?;
    let build = ["build", "--release", "--package", "wonderland-cli"];
    shell::run(&mut shell::cargo(&build), "`cargo build --release -p wonderland-cli`")?;

    let target = metadata::target_directory()?;
    let mut script = python::python(Packages::References)?;
    script.arg("xtask/peers/results.py").arg(target.join("release/wonderland"));
    script.arg(target.join("xtask-bench/splits")).args(tabular);
    let tables: Value = serde_json::from_str(&shell::output(&mut script)?)?;

    let path = shell::root().join(PAGE);
    let mut page = std::fs::read_to_string(&path).unwrap_or_else(|_| "# Results\n".to_owned());
    for (name, table) in tables.as_object().context("the script prints an object of tables")? {
        page = with_table(&page, name, table.as_str().context("a table is a text")?);
    }
    if times {
        let rows = peers::measure(None, false, peers::FEWEST_PAIRS)?;
        page = with_table(&page, "times", &peers::table(&rows));
    }
    page = with_table(&page, "where", &circumstances()?);
    std::fs::write(&path, page)?;
    println!("wrote {PAGE}");
    Ok(())
}

fn circumstances() -> Result<String> {
    let facts = bench::circumstances()?;
    let date = shell::output(shell::command("git").args(["log", "-1", "--format=%cs"]))?;
    let text = |key: &str| facts[key].as_str().unwrap_or("unknown").to_owned();
    Ok(format!(
        "Measured by `cargo xtask results` at commit {} of {} on {} ({} cores) with {}.",
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
