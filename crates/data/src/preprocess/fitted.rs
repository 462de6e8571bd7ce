//! What was learned on the training rows, and applying it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wonderland_linalg::{Scalar, Tensor};

use super::encoder::{Encoder, Fault, Learned};
use crate::{Cell, Column, Csv, Error, ReadAs, Result, Snippet, Table, Values};

/// One column of X.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Feature {
    /// Its name: `age`, `age^2`, `age:p2`, `city=Roma`, `age:missing`.
    pub name: String,
    /// The column of the table it comes from.
    pub column: String,
    /// What is subtracted from it; 0 unless standardised.
    pub centre: f64,
    /// What it is then divided by; 1 unless standardised.
    pub scale: f64,
    /// Whether it had one value only in all training rows.
    pub constant: bool,
}

/// What was learned on the training rows; turns any table with the same
/// columns, in whatever order, into X ~ (n, c).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Preprocessor {
    pub(super) encoders: Vec<Encoder>,
    pub(super) features: Vec<Feature>,
}

/// A preprocessor as it stands in a file, before it is checked.
#[derive(Deserialize)]
struct Stored {
    encoders: Vec<Encoder>,
    features: Vec<Feature>,
}

impl TryFrom<Stored> for Preprocessor {
    type Error = &'static str;
    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let names = stored.encoders.iter().flat_map(Encoder::names);
        let sound = stored.encoders.iter().all(Encoder::is_sound)
            && names.eq(stored.features.iter().map(|f| f.name.clone()))
            && stored.features.iter().all(|f| f.centre.is_finite() && f.scale.is_finite());
        if !sound {
            return Err("the preprocessing in this file contradicts itself");
        }
        Ok(Self { encoders: stored.encoders, features: stored.features })
    }
}

impl Preprocessor {
    /// The columns of X, in order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Number of columns of X.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    /// Names of the table's columns that are used, in the order of training.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.encoders.iter().map(|encoder| encoder.column.as_str())
    }

    /// Columns of a table that are not used, for a remark to the user.
    #[must_use]
    pub fn extra_columns<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let used: BTreeSet<&str> = self.columns().collect();
        names.into_iter().filter(|name| !used.contains(name)).collect()
    }

    /// Reading rules for a file to which this is to be applied: numbers and
    /// text as in training, any other column skipped.
    #[must_use]
    pub fn csv(&self) -> Csv {
        let rule = |encoder: &Encoder| {
            let read_as = match encoder.values {
                Learned::Number { .. } => ReadAs::Numbers,
                Learned::Category { .. } => ReadAs::Text,
            };
            (encoder.column.clone(), read_as)
        };
        Csv {
            others: ReadAs::Skip,
            rules: self.encoders.iter().map(rule).collect(),
            ..Csv::default()
        }
    }

    /// X ~ (n, c) of all rows of a table. Columns are found by name; their
    /// order and further columns do not matter.
    ///
    /// # Errors
    /// A column that is missing or of another type, a missing cell that cannot
    /// be imputed, an unseen category, a value that overflows.
    pub fn apply<T: Scalar>(&self, table: &Table) -> Result<Tensor<T>> {
        self.apply_by(table, table.n_rows(), |i| i)
    }

    /// X ~ (rows, c) of some rows of a table, which is not copied for it.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    ///
    /// # Panics
    /// When a row is not in the table.
    pub fn apply_rows<T: Scalar>(&self, table: &Table, rows: &[usize]) -> Result<Tensor<T>> {
        self.apply_by(table, rows.len(), |at| rows[at])
    }

    fn apply_by<T: Scalar>(
        &self,
        table: &Table,
        n: usize,
        row_at: impl Fn(usize) -> usize,
    ) -> Result<Tensor<T>> {
        let by_name: BTreeMap<&str, &Column> =
            table.columns().iter().map(|column| (column.name.as_str(), column)).collect();
        let columns = (self.columns())
            .map(|name| by_name.get(name).ok_or_else(|| table.unknown(name)))
            .collect::<Result<Vec<_>>>()?;
        let c = self.features.len();
        let mut X = Tensor::zeros(&[n, c]);
        let mut row = vec![0.0; c];
        // Column by column while the rows stay in the cache; row by row where
        // something is wrong, so that the first fault of the file is the one told.
        for first in (0..n).step_by(BLOCK) {
            let end = n.min(first + BLOCK);
            let block = &mut X.as_mut_slice()[first * c..end * c];
            if self.encode_block(&columns, block, |at| row_at(first + at)) {
                continue;
            }
            for at in first..end {
                let i = row_at(at);
                let cells = columns.iter().map(|column| column.values.cell(i));
                self.encode(cells, &mut row, X.row_mut(at), table.source(), table.line_of(i))?;
            }
        }
        Ok(X)
    }

    /// Writes the features of a block of rows; false where a cell has none.
    fn encode_block<T: Scalar>(
        &self,
        columns: &[&&Column],
        block: &mut [T],
        row_at: impl Fn(usize) -> usize,
    ) -> bool {
        let c = self.features.len();
        if c == 0 {
            return false;
        }
        let mut from = 0;
        for (encoder, column) in self.encoders.iter().zip(columns) {
            let features = from..from + encoder.width();
            let rows = block.chunks_exact_mut(c).enumerate();
            let fits = match (encoder.plain_number(), &column.values) {
                (Some(plain), Values::Numbers(x)) => {
                    let mut rows =
                        rows.map(|(at, row)| plain.encode(x[row_at(at)], &mut row[from]));
                    rows.all(|fits| fits)
                }
                (_, values) => {
                    let mut room = vec![0.0; features.len()];
                    let mut rows = rows.map(|(at, row)| {
                        let cell = values.cell(row_at(at));
                        encoder.encode(cell, &mut room).is_ok()
                            && store(&room, &mut row[features.clone()])
                    });
                    rows.all(|fits| fits)
                }
            };
            if !fits {
                return false;
            }
            from = features.end;
        }
        true
    }

    /// The features x ~ (c) of one row, given as cells by the names of their columns.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    ///
    /// # Examples
    /// ```
    /// use wonderland_data::{Preprocessing, builtin};
    /// let iris = builtin("iris")?.table()?;
    /// let settings = Preprocessing { exclude: vec!["target".into()], ..Default::default() };
    /// let fitted = settings.fit(&iris, &[0, 1, 2])?;
    /// let x: Vec<f32> = fitted.apply_row(&[
    ///     ("petal_width_cm", 0.2.into()),
    ///     ("petal_length_cm", 1.4.into()),
    ///     ("sepal_width_cm", 3.5.into()),
    ///     ("sepal_length_cm", 5.1.into()),
    /// ])?;
    /// assert_eq!(x, [5.1, 3.5, 1.4, 0.2]);
    /// # Ok::<(), wonderland_data::Error>(())
    /// ```
    pub fn apply_row<T: Scalar>(&self, cells: &[(&str, Cell<'_>)]) -> Result<Vec<T>> {
        let source = Snippet::new("the row");
        let mut found = Vec::with_capacity(self.encoders.len());
        for name in self.columns() {
            match cells.iter().find(|(given, _)| *given == name) {
                Some(&(_, Cell::Number(value))) if !value.is_finite() => {
                    return Err(Error::NotFinite {
                        file: source,
                        line: 1,
                        column: Snippet::new(name),
                        value: Snippet::new(&value.to_string()),
                    });
                }
                Some(&(_, cell)) => found.push(cell),
                None => {
                    return Err(Error::UnknownColumn {
                        file: source,
                        name: Snippet::new(name),
                        known: Snippet::list(cells.iter().map(|(name, _)| *name)),
                    });
                }
            }
        }
        let mut row = vec![0.0; self.features.len()];
        let mut x = vec![T::ZERO; self.features.len()];
        self.encode(found.into_iter(), &mut row, &mut x, &source, 1)?;
        Ok(x)
    }

    /// Writes the features of one row into x ~ (c); `row` is room for them.
    #[inline]
    fn encode<'a, T: Scalar>(
        &self,
        cells: impl Iterator<Item = Cell<'a>>,
        row: &mut [f64],
        x: &mut [T],
        source: &Snippet,
        line: u64,
    ) -> Result<()> {
        let mut from = 0;
        for (encoder, cell) in self.encoders.iter().zip(cells) {
            let out = &mut row[from..from + encoder.width()];
            if let Err(fault) = encoder.encode(cell, out) {
                return Err(fault_at(fault, encoder, cell, source, line));
            }
            let x = &mut x[from..from + out.len()];
            if !store(out, x) {
                let at = x.iter().position(|x| !x.is_finite()).unwrap_or_default();
                return Err(Error::Overflow {
                    file: source.clone(),
                    line,
                    feature: Snippet::new(&self.features[from + at].name),
                    column: Snippet::new(&encoder.column),
                    value: if let Cell::Number(x) = cell { x } else { f64::NAN },
                });
            }
            from += out.len();
        }
        Ok(())
    }
}

/// Rows of X that are written together: they fit into the cache.
const BLOCK: usize = 256;

/// Writes features into a row of X; false if one of them overflows there.
fn store<T: Scalar>(features: &[f64], x: &mut [T]) -> bool {
    x.iter_mut().zip(features).for_each(|(x, &value)| *x = T::from_f64(value));
    x.iter().all(|x| x.is_finite())
}

/// The error for a cell that cannot be encoded.
#[cold]
fn fault_at(fault: Fault, encoder: &Encoder, cell: Cell<'_>, source: &Snippet, line: u64) -> Error {
    let (file, column) = (source.clone(), Snippet::new(&encoder.column));
    match (fault, &encoder.values) {
        (Fault::Missing, _) => Error::MissingValue { file, line, column },
        (Fault::NotANumber, _) => {
            let value = Snippet::new(if let Cell::Text(text) = cell { text } else { "" });
            Error::NotANumber { file, line, column, value }
        }
        (Fault::NotText, _) => Error::NumberColumn { file, column },
        (Fault::Unseen, values) => {
            let value = Snippet::new(if let Cell::Text(text) = cell { text } else { "" });
            let known = match values {
                Learned::Category { categories, .. } => {
                    Snippet::list(categories.iter().map(String::as_str))
                }
                Learned::Number { .. } => Snippet::default(),
            };
            Error::UnseenCategory { file, line, column, value, known }
        }
    }
}
