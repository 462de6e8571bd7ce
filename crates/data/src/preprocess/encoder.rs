//! One column's way from a cell to its features.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Scalar;

use super::orthogonal::Recurrence;
use super::powers::powers;
use crate::Cell;

/// What was learned of one column.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Encoder {
    pub(super) column: String,
    /// Whether a feature tells that the cell was missing.
    pub(super) indicator: bool,
    pub(super) values: Learned,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Learned {
    Number {
        /// What stands in for a missing cell.
        fill: Option<f64>,
        expansion: Expansion,
        /// Mean and scale of every feature: (0, 1) where it is left as it is.
        scaling: Vec<(f64, f64)>,
    },
    Category {
        /// Sorted by bytes.
        categories: Vec<String>,
        /// Which of them stands in for a missing cell.
        fill: Option<usize>,
        drop_first: bool,
        unseen_as_zeros: bool,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expansion {
    Powers(usize),
    Orthogonal(Recurrence),
}

/// Why a cell has no features.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Fault {
    Missing,
    NotANumber,
    NotText,
    Unseen,
}

impl Expansion {
    pub(super) fn degree(&self) -> usize {
        match self {
            Expansion::Powers(degree) => *degree,
            Expansion::Orthogonal(recurrence) => recurrence.degree(),
        }
    }

    pub(super) fn evaluate(&self, x: f64, out: &mut [f64]) {
        match self {
            Expansion::Powers(1) => out[0] = x,
            Expansion::Powers(_) => powers(x, out),
            Expansion::Orthogonal(recurrence) => recurrence.evaluate(x, out),
        }
    }
}

/// A column of numbers that is one feature, at most standardised.
#[derive(Clone, Copy)]
pub(super) struct PlainNumber {
    fill: Option<f64>,
    centre: f64,
    scale: f64,
}

impl PlainNumber {
    /// What [`Encoder::encode`] writes; false where it finds a fault, or where
    /// the feature overflows.
    #[inline]
    pub(super) fn encode<T: Scalar>(self, cell: f64, out: &mut T) -> bool {
        let x = if cell.is_nan() { self.fill.unwrap_or(cell) } else { cell };
        *out = T::from_f64((x - self.centre) / self.scale);
        out.is_finite()
    }
}

impl Encoder {
    /// The encoder in short, where it is of the commonest kind.
    pub(super) fn plain_number(&self) -> Option<PlainNumber> {
        match &self.values {
            Learned::Number { fill, expansion: Expansion::Powers(1), scaling }
                if !self.indicator =>
            {
                let (centre, scale) = scaling[0];
                Some(PlainNumber { fill: *fill, centre, scale })
            }
            _ => None,
        }
    }

    /// Number of features.
    pub(super) fn width(&self) -> usize {
        usize::from(self.indicator)
            + match &self.values {
                Learned::Number { expansion, .. } => expansion.degree(),
                Learned::Category { categories, drop_first, .. } => {
                    categories.len() - usize::from(*drop_first)
                }
            }
    }

    /// Names of the features.
    pub(super) fn names(&self) -> Vec<String> {
        let column = &self.column;
        let mut names: Vec<String> = match &self.values {
            Learned::Number { expansion: Expansion::Powers(degree), .. } => (1..=*degree)
                .map(|k| if k == 1 { column.clone() } else { format!("{column}^{k}") })
                .collect(),
            Learned::Number { expansion: Expansion::Orthogonal(recurrence), .. } => {
                (1..=recurrence.degree()).map(|k| format!("{column}:p{k}")).collect()
            }
            Learned::Category { categories, drop_first, .. } => categories
                .iter()
                .skip(usize::from(*drop_first))
                .map(|category| format!("{column}={category}"))
                .collect(),
        };
        if self.indicator {
            names.push(format!("{column}:missing"));
        }
        names
    }

    /// Writes the features of a cell into `out ~ (width)`.
    #[inline]
    pub(super) fn encode(&self, cell: Cell<'_>, out: &mut [f64]) -> Result<(), Fault> {
        let out = match out.split_last_mut() {
            Some((last, rest)) if self.indicator => {
                *last = f64::from(u8::from(cell == Cell::Missing));
                rest
            }
            _ => out,
        };
        match &self.values {
            Learned::Number { fill, expansion, scaling } => {
                let x = match cell {
                    Cell::Number(x) => x,
                    Cell::Missing => fill.ok_or(Fault::Missing)?,
                    Cell::Text(_) => return Err(Fault::NotANumber),
                };
                expansion.evaluate(x, out);
                for (out, (centre, scale)) in out.iter_mut().zip(scaling) {
                    *out = (*out - centre) / scale;
                }
            }
            Learned::Category { categories, fill, drop_first, unseen_as_zeros } => {
                let found = match cell {
                    Cell::Text(text) => categories.binary_search_by(|c| c.as_str().cmp(text)).ok(),
                    Cell::Missing => Some(fill.ok_or(Fault::Missing)?),
                    Cell::Number(_) => return Err(Fault::NotText),
                };
                out.fill(0.0);
                match found {
                    Some(category) if *drop_first => {
                        if category > 0 {
                            out[category - 1] = 1.0;
                        }
                    }
                    Some(category) => out[category] = 1.0,
                    None if *unseen_as_zeros => {}
                    None => return Err(Fault::Unseen),
                }
            }
        }
        Ok(())
    }

    /// Whether what came from a file can be used without a panic or a NaN.
    pub(super) fn is_sound(&self) -> bool {
        match &self.values {
            Learned::Number { fill, expansion, scaling } => {
                fill.is_none_or(f64::is_finite)
                    && expansion.degree() >= 1
                    && scaling.len() == expansion.degree()
                    && scaling.iter().all(|(c, s)| c.is_finite() && s.is_finite() && *s > 0.0)
                    && match expansion {
                        Expansion::Powers(_) => true,
                        Expansion::Orthogonal(recurrence) => recurrence.is_sound(),
                    }
            }
            Learned::Category { categories, fill, drop_first, unseen_as_zeros } => {
                !categories.is_empty()
                    && categories.iter().all(|c| !c.is_empty())
                    && categories.is_sorted_by(|a, b| a < b)
                    && fill.is_none_or(|k| k < categories.len())
                    && !(*drop_first && *unseen_as_zeros)
            }
        }
    }
}
