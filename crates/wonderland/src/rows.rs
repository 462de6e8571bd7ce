//! Targets and weights of the rows of a table.

use wonderland_data::{Cell, Error as DataError, Labels, Snippet, Table, Target, Task, Values};

use crate::{Error, Result};

/// The target as numbers.
pub(crate) fn numbers(table: &Table, target: &str) -> Result<Vec<f64>> {
    match Target::from_column(table, target, Some(Task::Regression))? {
        Target::Numbers(y) => Ok(y),
        Target::Labels(_) => unreachable!("a regression target is numbers"),
    }
}

/// The weights of the given column, checked.
pub(crate) fn weights(table: &Table, name: Option<&str>) -> Result<Option<Vec<f64>>> {
    let Some(name) = name else { return Ok(None) };
    let column = table.column(name)?;
    let Values::Numbers(weights) = &column.values else {
        return Err(DataError::TextColumn {
            file: table.source().clone(),
            column: Snippet::new(name),
            remedy: "weights are numbers of at least 0",
        }
        .into());
    };
    for (row, &value) in weights.iter().enumerate() {
        let place = || (table.source().clone(), table.line_of(row), Snippet::new(name));
        if column.values.cell(row) == Cell::Missing {
            let (file, line, column) = place();
            return Err(DataError::MissingValue { file, line, column }.into());
        }
        if value < 0.0 {
            let (file, line, column) = place();
            return Err(Error::NegativeWeight { file, line, column, value });
        }
    }
    Ok(Some(weights.clone()))
}

/// The target as codes of the classes that occur.
pub(crate) fn labels(table: &Table, target: &str) -> Result<Labels> {
    Ok(Labels::from_column(table, target)?)
}

/// The target as codes of the given classes.
pub(crate) fn labels_among(table: &Table, target: &str, classes: &[String]) -> Result<Vec<usize>> {
    Ok(Labels::among(classes, table, target)?.codes)
}
