//! Targets (notes §3.1.1): classes as codes 0, …, m − 1, or quantities.

use serde::{Deserialize, Serialize};

use crate::{Cell, Error, Result, Snippet, Table, Text, Values};

/// What kind of y is predicted from x.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// y is a number.
    Regression,
    /// y is one of m classes.
    Classification,
}

impl Task {
    /// Largest number of distinct whole numbers that may be classes.
    pub const MAX_CLASSES: usize = 20;

    /// The task that a target column speaks for.
    ///
    /// Text means classification. A number that is not whole, or more than
    /// [`MAX_CLASSES`](Self::MAX_CLASSES) distinct ones, means regression.
    ///
    /// # Errors
    /// [`Error::AmbiguousTask`] for a few distinct whole numbers.
    ///
    /// # Examples
    /// ```
    /// use wonderland_data::{Task, Values};
    /// assert_eq!(Task::infer("y", &Values::Numbers(vec![0.5, 1.0]))?, Task::Regression);
    /// assert!(Task::infer("y", &Values::Numbers(vec![0.0, 1.0])).is_err());
    /// # Ok::<(), wonderland_data::Error>(())
    /// ```
    pub fn infer(name: &str, values: &Values) -> Result<Self> {
        let Values::Numbers(numbers) = values else { return Ok(Self::Classification) };
        let present = || numbers.iter().copied().filter(|x| !x.is_nan());
        if present().any(|x| x.fract() != 0.0) {
            return Ok(Self::Regression);
        }
        let distinct = count_distinct(present(), Self::MAX_CLASSES + 1);
        if distinct > Self::MAX_CLASSES {
            return Ok(Self::Regression);
        }
        Err(Error::AmbiguousTask { column: Snippet::new(name), distinct })
    }
}

/// Class labels as codes 0, …, m − 1, with the names they stand for.
///
/// # Examples
/// ```
/// use wonderland_data::Labels;
/// let labels = Labels::from_text(["dog", "cat", "dog"]);
/// assert_eq!(labels.codes, [1, 0, 1]);
/// assert_eq!(labels.classes, ["cat", "dog"]);
/// assert_eq!(Labels::from_numbers(&[10.0, 9.0]).classes, ["9", "10"]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labels {
    /// One code per row.
    pub codes: Vec<usize>,
    /// Names of the classes: text sorted by bytes, numbers by size.
    pub classes: Vec<String>,
}

impl Labels {
    /// Codes of text labels, the classes sorted by bytes.
    #[must_use]
    pub fn from_text<S: AsRef<str>>(labels: impl IntoIterator<Item = S>) -> Self {
        let text: Text = labels.into_iter().collect();
        let distinct: std::collections::BTreeSet<&str> = text.iter().collect();
        let classes: Vec<&str> = distinct.into_iter().collect();
        let codes = text.iter().map(|name| classes.partition_point(|&c| c < name)).collect();
        Self { codes, classes: classes.into_iter().map(str::to_owned).collect() }
    }

    /// Codes of labels that are numbers, the classes sorted by size.
    #[must_use]
    pub fn from_numbers(labels: &[f64]) -> Self {
        // Adding 0 makes one class of 0 and −0.
        let mut classes: Vec<f64> = labels.iter().map(|x| x + 0.0).collect();
        classes.sort_by(f64::total_cmp);
        classes.dedup();
        let codes = labels.iter().map(|x| classes.partition_point(|c| c < x)).collect();
        Self { codes, classes: classes.iter().map(f64::to_string).collect() }
    }

    /// Codes of a table's column.
    ///
    /// # Errors
    /// An unknown column, or a missing cell in it.
    pub fn from_column(table: &Table, name: &str) -> Result<Self> {
        let column = table.column(name)?;
        check_complete(table, name, &column.values)?;
        Ok(match &column.values {
            Values::Text(text) => Self::from_text(text.iter()),
            Values::Numbers(numbers) => Self::from_numbers(numbers),
        })
    }

    /// Codes of a table's column among classes that are already known.
    ///
    /// # Errors
    /// An unknown column, a missing cell, or [`Error::UnknownClass`].
    pub fn among(classes: &[String], table: &Table, name: &str) -> Result<Self> {
        let column = table.column(name)?;
        let numbers: Vec<Option<f64>> = classes.iter().map(|name| name.parse().ok()).collect();
        let codes = (0..table.n_rows())
            .map(|row| {
                let (found, value) = match column.values.cell(row) {
                    Cell::Missing => return Err(table.missing(name, row)),
                    Cell::Text(text) => {
                        (classes.iter().position(|c| c == text), Snippet::new(text))
                    }
                    Cell::Number(x) => {
                        let found = numbers.iter().position(|&c| c == Some(x));
                        (found, Snippet::new(&x.to_string()))
                    }
                };
                found.ok_or_else(|| Error::UnknownClass {
                    file: table.source().clone(),
                    line: table.line_of(row),
                    column: Snippet::new(name),
                    value,
                    known: Snippet::list(classes.iter().map(String::as_str)),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { codes, classes: classes.to_vec() })
    }

    /// The same labels with codes among classes that are already known, for
    /// instance those of the training set.
    ///
    /// # Errors
    /// [`Error::UnknownClass`] for a class that is not known; `source` names the
    /// labels in it, the line is the number of the label, from 1.
    pub fn recode(&self, classes: &[String], source: &str) -> Result<Self> {
        let found: Vec<Option<usize>> =
            self.classes.iter().map(|name| classes.iter().position(|c| c == name)).collect();
        let codes = (self.codes.iter().enumerate())
            .map(|(i, &code)| {
                found[code].ok_or_else(|| Error::UnknownClass {
                    file: Snippet::new(source),
                    line: i as u64 + 1,
                    column: Snippet::new("label"),
                    value: Snippet::new(&self.classes[code]),
                    known: Snippet::list(classes.iter().map(String::as_str)),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { codes, classes: classes.to_vec() })
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.classes.len()
    }

    /// Number of rows of every class.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &code in &self.codes {
            counts[code] += 1;
        }
        counts
    }
}

/// A target column, read for a task.
#[derive(Clone, PartialEq, Debug)]
pub enum Target {
    /// Quantities, one per row.
    Numbers(Vec<f64>),
    /// Classes.
    Labels(Labels),
}

impl Target {
    /// The column `name` of a table as the target of `task`, which is inferred
    /// by [`Task::infer`] if not given.
    ///
    /// # Errors
    /// An unknown column, a missing cell, text for a regression, or an
    /// ambiguous task.
    pub fn from_column(table: &Table, name: &str, task: Option<Task>) -> Result<Self> {
        let values = &table.column(name)?.values;
        check_complete(table, name, values)?;
        match task.map_or_else(|| Task::infer(name, values), Ok)? {
            Task::Classification => Ok(Self::Labels(Labels::from_column(table, name)?)),
            Task::Regression => Ok(Self::Numbers(Self::quantities(table, name)?.to_vec())),
        }
    }

    /// The column `name` of a table as the target of a regression.
    ///
    /// # Errors
    /// An unknown column, a missing cell, or text.
    pub fn quantities<'a>(table: &'a Table, name: &str) -> Result<&'a [f64]> {
        table.numbers(
            name,
            "a regression needs a target of numbers, text is for `--task classification`",
        )
    }

    /// The task this is a target of.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Target::Numbers(_) => Task::Regression,
            Target::Labels(_) => Task::Classification,
        }
    }
}

fn check_complete(table: &Table, name: &str, values: &Values) -> Result<()> {
    match values.first_missing() {
        Some(row) => Err(table.missing(name, row)),
        None => Ok(()),
    }
}

/// The number of distinct numbers, counted no further than `limit`.
fn count_distinct(numbers: impl Iterator<Item = f64>, limit: usize) -> usize {
    let mut distinct: Vec<f64> = Vec::new();
    for x in numbers {
        if !distinct.contains(&x) {
            distinct.push(x);
            if distinct.len() >= limit {
                break;
            }
        }
    }
    distinct.len()
}
