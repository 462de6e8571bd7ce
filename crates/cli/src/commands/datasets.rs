//! `wonderland datasets`: the real data sets that come with the program.

use clap::Args;
use serde::Serialize;
use wonderland::data::{BuiltIn, Task, builtin, builtins};

use crate::Done;
use crate::arguments::Shared;
use crate::show::{self, Align, Grid, task_name};

/// List the built-in data sets, or print one of them
///
/// The name of a built-in set may stand wherever a table is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wonderland datasets                    name, size and purpose of each
  wonderland datasets iris > iris.csv    the table itself")]
pub(crate) struct Datasets {
    /// Print this set as CSV
    name: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    task: Task,
    rows: usize,
    features: usize,
    target: &'static str,
    classes: &'static [&'static str],
    description: &'static str,
}

impl Entry {
    fn of(set: &BuiltIn) -> Self {
        Self {
            name: set.name,
            task: set.task,
            rows: set.n_rows,
            features: set.n_features,
            target: set.target,
            classes: set.classes,
            description: set.description,
        }
    }
}

impl Datasets {
    pub(crate) fn run(&self, shared: &Shared) -> anyhow::Result<Done> {
        if let Some(name) = &self.name {
            let set = builtin(name).map_err(wonderland::Error::from)?;
            return Ok(Done::print(set.csv().into_owned()));
        }
        let entries: Vec<Entry> = builtins().iter().map(Entry::of).collect();
        if shared.json {
            return show::json(&entries);
        }
        let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
        let mut grid = Grid::new(&columns);
        grid.row(["name", "task", "rows", "features", "what it is"]);
        for entry in &entries {
            let (rows, features) = (entry.rows.to_string(), entry.features.to_string());
            grid.row([entry.name, task_name(entry.task), &rows, &features, entry.description]);
        }
        Ok(Done::print(grid.to_string()))
    }
}
