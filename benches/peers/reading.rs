//! Tables of numbers in files: `csv-NxC` reads n rows of c shortest decimals.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use wonderland::data::{Csv, Table, Values};

use crate::arrays::{read_f64, write_f64};
use crate::{Fault, Loaded, Work, unknown};

/// Writes the table, and its numbers as they are.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let (n, c) = shape(workload)?;
    let X = wonderland_benches::uniform::<f64>(n, c, 1);
    let mut text = String::new();
    for j in 0..c {
        write!(text, "{}x{j}", if j > 0 { "," } else { "" })?;
    }
    for i in 0..n {
        for (j, x) in X.row(i).iter().enumerate() {
            write!(text, "{}{x}", if j > 0 { ',' } else { '\n' })?;
        }
    }
    text.push('\n');
    std::fs::write(folder.join("table.csv"), text)?;
    write_f64(folder, "truth.f64", X.as_slice())
}

/// Finds the table.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    shape(workload)?;
    if !variant.is_empty() {
        return unknown(workload, variant);
    }
    let truth = read_f64(folder, "truth.f64")?;
    Ok(Box::new(Reading { path: folder.join("table.csv"), truth, table: None }))
}

/// `csv-1000x5` has 1000 rows of 5 columns.
fn shape(workload: &str) -> Result<(usize, usize), Fault> {
    let parts = workload.strip_prefix("csv-").and_then(|shape| shape.split_once('x'));
    match parts.map(|(n, c)| (n.parse(), c.parse())) {
        Some((Ok(n), Ok(c))) => Ok((n, c)),
        _ => unknown(workload, ""),
    }
}

struct Reading {
    path: PathBuf,
    truth: Vec<f64>,
    table: Option<Table>,
}

impl Work for Reading {
    fn run(&mut self) -> Result<(), Fault> {
        self.table = Some(Csv::default().open(&self.path)?);
        Ok(())
    }

    /// Largest relative error.
    fn error(&self) -> f64 {
        let columns = self.table.iter().flat_map(Table::columns);
        let numbers: Vec<&[f64]> = columns
            .filter_map(|column| match &column.values {
                Values::Numbers(numbers) => Some(numbers.as_slice()),
                Values::Text(_) => None,
            })
            .collect();
        let rows = numbers.first().map_or(0, |column| column.len());
        if numbers.is_empty() || rows * numbers.len() != self.truth.len() {
            return f64::INFINITY;
        }
        let truths = self.truth.chunks_exact(numbers.len()).enumerate();
        let pairs = truths.flat_map(|(i, row)| numbers.iter().map(move |x| x[i]).zip(row));
        pairs.fold(0.0, |worst, (x, truth)| worst.max((x - truth).abs() / truth.abs()))
    }
}
