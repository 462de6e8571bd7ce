//! Targets and weights of the rows of a table.

use wonderland_data::{Labels, Snippet, Table, Target};

use crate::{Error, Result};

/// The target as numbers.
pub(crate) fn numbers<'a>(table: &'a Table, target: &str) -> Result<&'a [f64]> {
    Ok(Target::quantities(table, target)?)
}

/// The weights of the given column, checked.
pub(crate) fn weights<'a>(table: &'a Table, name: Option<&str>) -> Result<Option<&'a [f64]>> {
    let Some(name) = name else { return Ok(None) };
    let weights = table.numbers(name, "weights are numbers of at least 0")?;
    match weights.iter().position(|&weight| weight < 0.0) {
        Some(row) => Err(Error::NegativeWeight {
            file: table.source().clone(),
            line: table.line_of(row),
            column: Snippet::new(name),
            value: weights[row],
        }),
        None => Ok(Some(weights)),
    }
}

/// The target as codes of the classes that occur.
pub(crate) fn labels(table: &Table, target: &str) -> Result<Labels> {
    Ok(Labels::from_column(table, target)?)
}

/// The target as codes of the given classes.
pub(crate) fn labels_among(table: &Table, target: &str, classes: &[String]) -> Result<Vec<usize>> {
    Ok(Labels::among(classes, table, target)?.codes)
}
