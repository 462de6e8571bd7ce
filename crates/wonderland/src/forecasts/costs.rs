//! Decisions by expected cost (notes §4.3.3): a table of costs by name, the
//! cheapest action of every row, and what it saved.

use std::io::Read;

use wonderland_calibration::CostMatrix;
use wonderland_data::{Cell, Csv, Error as DataError, ReadAs, Snippet};
use wonderland_linalg::Tensor;

use super::{Fault, ForecastTable};
use crate::Result;

/// Costs by name: rows are actions (such as predicting a class), columns true
/// classes.
#[derive(Debug, Clone, PartialEq)]
pub struct CostTable {
    /// Where it came from.
    pub source: Snippet,
    /// Names of the actions.
    pub actions: Vec<String>,
    /// Lines of the actions in the file.
    lines: Vec<u64>,
    /// Names of the true classes.
    pub classes: Vec<String>,
    /// Costs, row by row.
    costs: Vec<f64>,
}

/// The cheapest action for every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Decisions {
    /// Names of the actions: those named as a class first, in the order of the
    /// classes; of equal costs the first is taken.
    pub names: Vec<String>,
    /// The action of each row.
    pub actions: Vec<usize>,
    /// Its expected cost.
    pub expected: Vec<f64>,
    /// Where there are two classes and their two actions: the smallest
    /// probability of the second class at which its action is taken.
    pub threshold: Option<f64>,
    /// Costs on the true classes, where they were read.
    pub comparison: Option<CostComparison>,
}

/// What decisions cost on rows whose true class is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostComparison {
    /// Mean cost of the decisions.
    pub mean_cost: f64,
    /// Mean cost their probabilities expected.
    pub mean_expected_cost: f64,
    /// Mean cost of always predicting the top class, if every class has an
    /// action of its name.
    pub mean_argmax_cost: Option<f64>,
}

impl CostTable {
    /// Reads a table whose first column names the actions, the others, by their
    /// headers, the true classes.
    ///
    /// # Errors
    /// The first fault of the file: a cost that is missing or no finite number,
    /// an action that is there twice.
    pub fn read(csv: &Csv, stream: impl Read, name: &str) -> Result<Self> {
        let csv = Csv { others: ReadAs::Text, ..csv.clone() };
        let table = csv.read(stream, name)?;
        let source = table.source().clone();
        let Some((first, columns)) = table.columns().split_first() else {
            return Err(DataError::EmptyFile { file: source }.into());
        };
        let (mut actions, mut lines, mut costs) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..table.n_rows() {
            let (file, line) = (source.clone(), table.line_of(row));
            let Cell::Text(action) = first.values.cell(row) else {
                return Err(Fault::Missing { file, line, column: Snippet::new(&first.name) }.into());
            };
            if actions.iter().any(|known| known == action) {
                return Err(
                    Fault::RepeatedAction { file, line, action: Snippet::new(action) }.into()
                );
            }
            actions.push(action.to_owned());
            lines.push(line);
            for column in columns {
                let (file, name) = (source.clone(), Snippet::new(&column.name));
                let Cell::Text(text) = column.values.cell(row) else {
                    return Err(Fault::Missing { file, line, column: name }.into());
                };
                match text.parse::<f64>().ok().filter(|cost| cost.is_finite()) {
                    Some(cost) => costs.push(cost),
                    None => {
                        let value = Snippet::new(text);
                        let wanted = "a finite number: a cost is expected";
                        return Err(
                            Fault::NotANumber { file, line, column: name, value, wanted }.into()
                        );
                    }
                }
            }
        }
        let classes = columns.iter().map(|column| column.name.clone()).collect();
        if columns.is_empty() {
            let known = Snippet::new(&first.name);
            return Err(DataError::UnknownColumn {
                file: source,
                name: Snippet::new("a true class"),
                known,
            }
            .into());
        }
        Ok(Self { source, actions, lines, classes, costs })
    }

    /// Adds the action `reject`, at the same cost for every class.
    ///
    /// # Errors
    /// [`Fault::RepeatedAction`] when there is such an action already.
    pub fn with_reject(mut self, cost: f64) -> Result<Self> {
        const REJECT: &str = "reject";
        if let Some(row) = self.actions.iter().position(|action| action == REJECT) {
            let (file, line) = (self.source, self.lines[row]);
            return Err(Fault::RepeatedAction { file, line, action: Snippet::new(REJECT) }.into());
        }
        self.actions.push(REJECT.into());
        self.costs.extend(std::iter::repeat_n(cost, self.classes.len()));
        Ok(self)
    }

    /// The other one of two classes.
    #[must_use]
    pub fn other_than(&self, class: &str) -> Option<&str> {
        match &*self.classes {
            [a, b] if a == class => Some(b),
            [a, b] if b == class => Some(a),
            _ => None,
        }
    }

    /// Decides every row, and compares with the top class where the truth is
    /// known.
    ///
    /// # Errors
    /// A class without a column of costs, or a column that is no class.
    pub fn decide(&self, table: &ForecastTable) -> Result<Decisions> {
        let known = |names: &[String]| Snippet::list(names.iter().map(String::as_str));
        let mut columns = Vec::new();
        for class in &table.classes {
            match self.classes.iter().position(|name| name == class) {
                Some(j) => columns.push(j),
                None => {
                    return Err(Fault::NoCosts {
                        file: self.source.clone(),
                        class: Snippet::new(class),
                        known: known(&self.classes),
                    }
                    .into());
                }
            }
        }
        if let Some(extra) = self.classes.iter().find(|name| !table.classes.contains(name)) {
            return Err(Fault::ExtraCosts {
                file: self.source.clone(),
                column: Snippet::new(extra),
                known: known(&table.classes),
            }
            .into());
        }
        let own: Vec<Option<usize>> = (table.classes.iter())
            .map(|class| self.actions.iter().position(|action| action == class))
            .collect();
        let others = (0..self.actions.len()).filter(|a| !own.contains(&Some(*a)));
        let order: Vec<usize> = own.iter().copied().flatten().chain(others).collect();
        let width = self.classes.len();
        let cost = |i: usize, j: usize| self.costs[order[i] * width + columns[j]];
        let costs = CostMatrix::new(Tensor::from_fn(order.len(), width, cost))?;
        let actions = costs.decide(&table.proba)?;
        let expected = costs.expected(&table.proba)?;
        let expected: Vec<f64> =
            actions.iter().enumerate().map(|(i, &a)| expected[[i, a]]).collect();
        let has_own = own.iter().all(Option::is_some);
        let comparison = match &table.labels {
            None => None,
            Some(labels) => {
                let top: Vec<usize> = table.proba.predicted().iter().map(|&k| k as usize).collect();
                Some(CostComparison {
                    mean_cost: costs.mean_cost(&actions, labels)?,
                    mean_expected_cost: expected.iter().sum::<f64>() / expected.len() as f64,
                    mean_argmax_cost: has_own.then(|| costs.mean_cost(&top, labels)).transpose()?,
                })
            }
        };
        Ok(Decisions {
            names: order.iter().map(|&a| self.actions[a].clone()).collect(),
            actions,
            expected,
            threshold: if has_own { costs.binary_threshold() } else { None },
            comparison,
        })
    }
}

impl Decisions {
    /// How many rows take each action.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.actions.iter().for_each(|&a| counts[a] += 1);
        counts
    }
}
