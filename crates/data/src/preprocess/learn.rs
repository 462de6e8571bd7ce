//! Learning from the training rows, column by column.

use std::collections::{BTreeMap, BTreeSet};

use super::encoder::{Encoder, Expansion, Learned};
use super::moments::{mean_and_deviation, median};
use super::orthogonal::Recurrence;
use super::powers::powers;
use super::{Basis, Feature, Missing, OneHot, Preprocessing, Preprocessor, Unseen};
use crate::{Column, Error, Result, Snippet, Table, Text, Values};

/// Texts that never repeat are names, not categories, from as many rows on.
const NAMES_FROM: usize = 20;

impl Preprocessing {
    /// Learns from the given rows of a table.
    ///
    /// # Errors
    /// A column that is not there, a missing cell under [`Missing::Refuse`], a
    /// column without any value, too many categories or twenty of which none comes
    /// twice, a degree that the column
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
        let cells = rows.iter().map(|&i| x[i]);
        let n_missing = cells.clone().filter(|x| x.is_nan()).count();
        self.check_missing(table, name, n_missing, rows, |i| x[i].is_nan())?;
        if n_missing == rows.len() {
            let (file, column) = (table.source().clone(), Snippet::new(name));
            return Err(Error::AllMissing { file, column });
        }
        let fill = match self.missing {
            Missing::Impute => median(cells.clone().filter(|x| !x.is_nan()).collect()),
            Missing::Refuse => None,
        };
        // A column that is not expanded is its only feature, and is not copied.
        let filled = cells.map(|x| if x.is_nan() { fill.unwrap_or(x) } else { x });
        let (expansion, values) = self.expand(name, filled.clone())?;
        let degree = expansion.degree();
        let mut encoder = Encoder {
            column: name.to_owned(),
            indicator: fill.is_some() && n_missing > 0,
            values: Learned::Number { fill, expansion, scaling: vec![(0.0, 1.0); degree] },
        };
        let (mut scales, mut constant) = (Vec::new(), Vec::new());
        let mut learn = |(mean, deviation): (f64, f64)| {
            constant.push(deviation == 0.0);
            scales.push(match self.standardise {
                true if deviation > 0.0 => (mean, deviation),
                true => (mean, 1.0),
                false => (0.0, 1.0),
            });
        };
        for (k, values) in values.iter().enumerate() {
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                return Err(Error::Overflow {
                    file: table.source().clone(),
                    line: table.line_of(rows[at]),
                    feature: Snippet::new(&encoder.names()[k]),
                    column: Snippet::new(name),
                    value: filled.clone().nth(at).unwrap_or(f64::NAN),
                });
            }
            learn(mean_and_deviation(values.iter().copied()));
        }
        if values.is_empty() {
            learn(mean_and_deviation(filled));
        }
        if encoder.indicator {
            constant.push(n_missing == rows.len());
        }
        if let Learned::Number { scaling, .. } = &mut encoder.values {
            *scaling = scales;
        }
        Ok((encoder, constant))
    }

    /// How a column of numbers is expanded, and its powers or polynomials;
    /// none where the column is its own only feature.
    fn expand(
        &self,
        name: &str,
        x: impl ExactSizeIterator<Item = f64>,
    ) -> Result<(Expansion, Vec<Vec<f64>>)> {
        let polynomial = self.polynomials.iter().find(|p| p.column == name);
        let degree = polynomial.map_or(1, |p| p.degree);
        let refuse_degree = |rule| Error::BadDegree { column: Snippet::new(name), degree, rule };
        if !(1..=Self::MAX_DEGREE).contains(&degree) {
            return Err(refuse_degree("give a degree from 1 to 64"));
        }
        let basis = polynomial.map_or(Basis::Powers, |p| p.basis);
        Ok(if basis == Basis::Orthogonal {
            let x: Vec<f64> = x.collect();
            let (recurrence, values) = Recurrence::fit(&x, degree).ok_or_else(|| {
                refuse_degree("the column needs more distinct values than the degree")
            })?;
            (Expansion::Orthogonal(recurrence), values)
        } else if degree > 1 {
            (Expansion::Powers(degree), columns_of_powers(x, degree))
        } else {
            (Expansion::Powers(1), Vec::new())
        })
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
        if found >= NAMES_FROM && found == rows.len() - n_missing {
            return Err(Error::NoCategoryTwice { file: file(), column: column(), found });
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

/// x, x², … of every number, a column per power.
fn columns_of_powers(x: impl ExactSizeIterator<Item = f64>, degree: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::with_capacity(x.len()); degree];
    let mut row = vec![0.0; degree];
    for x in x {
        powers(x, &mut row);
        for (column, x) in columns.iter_mut().zip(&row) {
            column.push(*x);
        }
    }
    columns
}
