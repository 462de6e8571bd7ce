//! Which columns hold forecasts, of which classes, and of what kind; always
//! said, never guessed from the numbers.

use serde::{Deserialize, Serialize};
use wonderland_data::{Error as DataError, Snippet};

use super::Fault;
use crate::Result;

/// What the numbers of a forecast are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Probabilities in [0, 1], a row summing to 1.
    #[default]
    Probabilities,
    /// Scores before softmax (or before the sigmoid, for a single column).
    Logits,
}

impl Kind {
    /// The name in messages and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Probabilities => "probabilities",
            Self::Logits => "logits",
        }
    }
}

/// How the columns of forecasts are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scores {
    /// All columns that begin so; the rest of the name is the class.
    Prefixed(String),
    /// These columns, in this order.
    Named(Vec<String>),
}

/// Which columns of a table hold the forecasts and the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastColumns {
    /// The forecasts.
    pub scores: Scores,
    /// What they are.
    pub kind: Kind,
    /// The true classes, if they are to be read.
    pub label: Option<String>,
    /// Whether a file without the column of labels is read all the same.
    pub label_optional: bool,
    /// Names of the classes, one per column; empty: from the columns' names.
    pub classes: Vec<String>,
    /// The class that binary measures are of, and the class of a single column.
    pub positive: Option<String>,
    /// The other class of a single column, where it is known already.
    pub negative: Option<String>,
    /// Columns kept exactly as written.
    pub keep: Vec<String>,
}

impl Default for ForecastColumns {
    /// Probabilities in columns `p:CLASS`, as `predict --proba` writes them.
    fn default() -> Self {
        Self {
            scores: Scores::Prefixed("p:".into()),
            kind: Kind::Probabilities,
            label: None,
            label_optional: false,
            classes: Vec::new(),
            positive: None,
            negative: None,
            keep: Vec::new(),
        }
    }
}

/// Columns found in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Positions of the forecasts.
    pub(super) at: Vec<usize>,
    /// Position of the labels.
    pub(super) label: Option<usize>,
    /// The class of each column.
    pub(super) classes: Vec<String>,
}

impl ForecastColumns {
    /// The columns in the header of a file.
    pub(super) fn find(&self, header: &[String], file: &Snippet) -> Result<Found> {
        let known = || Snippet::list(header.iter().map(String::as_str));
        let position = |name: &str| {
            header.iter().position(|column| column == name).ok_or_else(|| {
                DataError::UnknownColumn {
                    file: file.clone(),
                    name: Snippet::new(name),
                    known: known(),
                }
            })
        };
        let label = match &self.label {
            Some(name) if self.label_optional => header.iter().position(|column| column == name),
            Some(name) => Some(position(name)?),
            None => None,
        };
        let (at, named): (Vec<usize>, Vec<&str>) = match &self.scores {
            Scores::Named(names) => {
                let at: Result<Vec<usize>, DataError> = names.iter().map(|n| position(n)).collect();
                (at?, names.iter().map(String::as_str).collect())
            }
            Scores::Prefixed(prefix) => {
                let columns = header.iter().enumerate().filter(|(i, _)| Some(*i) != label);
                columns
                    .filter_map(|(i, name)| Some((i, name.strip_prefix(prefix.as_str())?)))
                    .unzip()
            }
        };
        let Some(&first) = at.first() else {
            let prefix = match &self.scores {
                Scores::Prefixed(prefix) => Snippet::new(prefix),
                Scores::Named(_) => Snippet::new(""),
            };
            return Err(Fault::NoColumns { file: file.clone(), prefix, known: known() }.into());
        };
        let mut classes: Vec<String> = match (&*self.classes, &self.positive) {
            ([], Some(positive)) if at.len() == 1 => vec![positive.clone()],
            ([], _) => named.into_iter().map(str::to_owned).collect(),
            (given, _) => given.to_vec(),
        };
        if classes.len() != at.len() {
            return Err(Fault::ClassNames { classes: classes.len(), columns: at.len() }.into());
        }
        if at.len() == 1 && self.positive.is_none() {
            let column = Snippet::new(&header[first]);
            return Err(Fault::OneColumn { file: file.clone(), column }.into());
        }
        for (i, class) in classes.iter().enumerate() {
            if classes[..i].contains(class) {
                return Err(Fault::RepeatedClass { class: Snippet::new(class) }.into());
            }
        }
        if let Some(positive) = &self.positive
            && !classes.contains(positive)
        {
            return Err(Fault::UnknownClass {
                class: Snippet::new(positive),
                known: Snippet::list(classes.iter().map(String::as_str)),
                mend: "`--positive` names one of the forecast classes",
            }
            .into());
        }
        classes.shrink_to_fit();
        Ok(Found { at, label, classes })
    }
}
