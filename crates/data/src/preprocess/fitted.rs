//! Learning from the training rows, and applying what was learned.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wonderland_linalg::{Scalar, Tensor};

use super::encoder::{Encoder, Expansion, Fault, Learned};
use super::moments::{mean_and_deviation, median};
use super::orthogonal::Recurrence;
use super::powers::powers;
use super::{Basis, Missing, OneHot, Preprocessing, Unseen};
use crate::{Cell, Column, Csv, Error, ReadAs, Result, Snippet, Table, Text, Values};

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
    encoders: Vec<Encoder>,
    features: Vec<Feature>,
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

impl Preprocessing {
    /// Learns from the given rows of a table.
    ///
    /// # Errors
    /// A column that is not there, a missing cell under [`Missing::Refuse`], a
    /// column without any value, too many categories, a degree that the column
    /// does not allow, a power that overflows, no feature at all.
    ///
    /// # Panics
    /// When a row is not in the table.
    pub fn fit(&self, table: &Table, rows: &[usize]) -> Result<Preprocessor> {
        if self.unseen == Unseen::Zeros && self.one_hot == OneHot::DropFirst {
            return Err(Error::UnseenNeedsFull);
        }
        let file = || table.source().clone();
        if rows.is_empty() {
            return Err(Error::NoRows { file: file() });
        }
        for name in &self.exclude {
            table.column(name)?;
        }
        let wanted: Vec<&Column> = match &self.columns {
            Some(names) => names.iter().map(|name| table.column(name)).collect::<Result<_>>()?,
            None => table.columns().iter().collect(),
        };
        let used = |column: &&Column| !self.exclude.contains(&column.name);
        let wanted: Vec<&Column> = wanted.into_iter().filter(used).collect();
        for polynomial in &self.polynomials {
            if !wanted.iter().any(|column| column.name == polynomial.column) {
                return Err(table.unknown(&polynomial.column));
            }
        }
        let (mut encoders, mut features) = (Vec::new(), Vec::new());
        for column in wanted {
            let (encoder, constant) = match &column.values {
                Values::Numbers(x) => self.learn_numbers(table, &column.name, x, rows)?,
                Values::Text(text) => self.learn_text(table, &column.name, text, rows)?,
            };
            let names = encoder.names();
            for (at, (name, constant)) in names.into_iter().zip(constant).enumerate() {
                let (centre, scale) = match &encoder.values {
                    Learned::Number { scaling, .. } => scaling.get(at).copied(),
                    Learned::Category { .. } => None,
                }
                .unwrap_or((0.0, 1.0));
                features.push(Feature {
                    name,
                    column: column.name.clone(),
                    centre,
                    scale,
                    constant,
                });
            }
            encoders.push(encoder);
        }
        if encoders.is_empty() {
            return Err(Error::NoFeatures { file: file() });
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = features.iter().find(|feature| !names.insert(&feature.name)) {
            return Err(Error::DuplicateFeature { name: Snippet::new(&twice.name) });
        }
        Ok(Preprocessor { encoders, features })
    }

    /// Learns a column of numbers; tells which of its features are constant.
    fn learn_numbers(
        &self,
        table: &Table,
        name: &str,
        x: &[f64],
        rows: &[usize],
    ) -> Result<(Encoder, Vec<bool>)> {
        let present: Vec<f64> = rows.iter().map(|&i| x[i]).filter(|x| !x.is_nan()).collect();
        let n_missing = rows.len() - present.len();
        self.check_missing(table, name, n_missing, rows, |i| x[i].is_nan())?;
        if present.is_empty() {
            let (file, column) = (table.source().clone(), Snippet::new(name));
            return Err(Error::AllMissing { file, column });
        }
        let fill = if self.missing == Missing::Impute { median(present) } else { None };
        let x: Vec<f64> = (rows.iter().map(|&i| x[i]))
            .map(|x| if x.is_nan() { fill.unwrap_or(x) } else { x })
            .collect();
        let polynomial = self.polynomials.iter().find(|p| p.column == name);
        let degree = polynomial.map_or(1, |p| p.degree);
        let refuse_degree = |rule| Error::BadDegree { column: Snippet::new(name), degree, rule };
        if !(1..=Self::MAX_DEGREE).contains(&degree) {
            return Err(refuse_degree("give a degree from 1 to 64"));
        }
        let (expansion, values) = match polynomial.map_or(Basis::Powers, |p| p.basis) {
            Basis::Orthogonal => {
                let (recurrence, values) = Recurrence::fit(&x, degree).ok_or_else(|| {
                    refuse_degree("the column needs more distinct values than the degree")
                })?;
                (Expansion::Orthogonal(recurrence), values)
            }
            Basis::Powers if degree == 1 => (Expansion::Powers(1), vec![]),
            Basis::Powers => {
                let mut values = vec![Vec::with_capacity(x.len()); degree];
                let mut row = vec![0.0; degree];
                for x in &x {
                    powers(*x, &mut row);
                    for (column, x) in values.iter_mut().zip(&row) {
                        column.push(*x);
                    }
                }
                (Expansion::Powers(degree), values)
            }
        };
        let mut encoder = Encoder {
            column: name.to_owned(),
            indicator: fill.is_some() && n_missing > 0,
            values: Learned::Number { fill, expansion, scaling: vec![(0.0, 1.0); degree] },
        };
        let (mut scales, mut constant) = (Vec::new(), Vec::new());
        // A column that is not expanded is its only feature.
        let plain = std::slice::from_ref(&x);
        let values = if values.is_empty() { plain } else { &values };
        for (k, values) in values.iter().enumerate() {
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                return Err(Error::Overflow {
                    file: table.source().clone(),
                    line: table.line_of(rows[at]),
                    feature: Snippet::new(&encoder.names()[k]),
                    column: Snippet::new(name),
                    value: x[at],
                });
            }
            let (mean, deviation) = mean_and_deviation(values);
            constant.push(deviation == 0.0);
            scales.push(match self.standardise {
                true if deviation > 0.0 => (mean, deviation),
                true => (mean, 1.0),
                false => (0.0, 1.0),
            });
        }
        if encoder.indicator {
            constant.push(n_missing == rows.len());
        }
        if let Learned::Number { scaling, .. } = &mut encoder.values {
            *scaling = scales;
        }
        Ok((encoder, constant))
    }

    /// Learns a column of text; tells which of its features are constant.
    fn learn_text(
        &self,
        table: &Table,
        name: &str,
        text: &Text,
        rows: &[usize],
    ) -> Result<(Encoder, Vec<bool>)> {
        let file = || table.source().clone();
        let column = || Snippet::new(name);
        if self.polynomials.iter().any(|p| p.column == name) {
            let remedy = "powers are taken of numbers only";
            return Err(Error::TextColumn { file: file(), column: column(), remedy });
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut n_missing = 0;
        for &row in rows {
            match text.get(row) {
                "" => n_missing += 1,
                category => *counts.entry(category).or_default() += 1,
            }
        }
        self.check_missing(table, name, n_missing, rows, |i| text.get(i).is_empty())?;
        let (found, limit) = (counts.len(), self.max_categories);
        if found == 0 {
            return Err(Error::AllMissing { file: file(), column: column() });
        }
        if found > limit {
            return Err(Error::TooManyCategories { file: file(), column: column(), found, limit });
        }
        // The first of the most frequent ones.
        let most = counts.values().copied().max().unwrap_or_default();
        let frequent = counts.values().position(|&count| count == most);
        let fill = if self.missing == Missing::Impute { frequent } else { None };
        let indicator = fill.is_some() && n_missing > 0;
        let drop_first = self.one_hot == OneHot::DropFirst;
        let mut constant: Vec<bool> = (counts.values().enumerate())
            .skip(usize::from(drop_first))
            .map(|(k, &count)| {
                let filled = if fill == Some(k) { n_missing } else { 0 };
                count + filled == rows.len()
            })
            .collect();
        if indicator {
            constant.push(n_missing == rows.len());
        }
        let values = Learned::Category {
            categories: counts.into_keys().map(str::to_owned).collect(),
            fill,
            drop_first,
            unseen_as_zeros: self.unseen == Unseen::Zeros,
        };
        Ok((Encoder { column: name.to_owned(), indicator, values }, constant))
    }

    /// Largest degree of a polynomial.
    pub const MAX_DEGREE: usize = 64;

    fn check_missing(
        &self,
        table: &Table,
        name: &str,
        n_missing: usize,
        rows: &[usize],
        is_missing: impl Fn(usize) -> bool,
    ) -> Result<()> {
        if n_missing == 0 || self.missing == Missing::Impute {
            return Ok(());
        }
        match rows.iter().copied().filter(|&i| is_missing(i)).min() {
            Some(row) => Err(table.missing(name, row)),
            None => Ok(()),
        }
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
        let mut X = Tensor::zeros(&[n, self.features.len()]);
        let mut row = vec![0.0; self.features.len()];
        for at in 0..n {
            let i = row_at(at);
            let cells = columns.iter().map(|column| column.values.cell(i));
            self.encode(cells, &mut row, X.row_mut(at), table.source(), table.line_of(i))?;
        }
        Ok(X)
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
            for (at, (x, &value)) in x[from..].iter_mut().zip(&*out).enumerate() {
                *x = T::from_f64(value);
                if !x.to_f64().is_finite() {
                    return Err(Error::Overflow {
                        file: source.clone(),
                        line,
                        feature: Snippet::new(&self.features[from + at].name),
                        column: Snippet::new(&encoder.column),
                        value: if let Cell::Number(x) = cell { x } else { f64::NAN },
                    });
                }
            }
            from += out.len();
        }
        Ok(())
    }
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
