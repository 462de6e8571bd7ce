//! A recipe: which column is to be predicted from which others, and by what.
//!
//! A recipe is plain data; [`Recipe::fit`] turns it and the training rows of a
//! table into a [`Pipeline`](crate::Pipeline). Everything that depends on data
//! is learned there, on those rows alone.

use std::collections::BTreeMap;

use wonderland_data::{
    Csv, Labels, Missing, OneHot, Polynomial, Preprocessing, ReadAs, Snippet, Split, SplitBy,
    SplitSettings, Table, Task, Unseen,
};

use crate::{Calibrate, Conformalise, Error, ModelSettings, Result};

/// What is to be learned from a table.
///
/// # Examples
/// ```
/// use wonderland::prelude::*;
/// let table = builtin("diabetes")?.table()?;
/// let recipe = Recipe::new("target");
/// let split = recipe.split(&table, &SplitSettings::default(), false)?;
/// let pipeline = recipe.fit(&table, &split)?;
/// let evaluation = pipeline.evaluate(&table.select(&split.test))?;
/// assert!(evaluation.metrics.beats_baseline());
/// # Ok::<(), wonderland::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The column to predict.
    pub target: String,
    /// What kind of target it is; found out if not given.
    pub task: Option<Task>,
    /// The model; the plain one for the task if not given.
    pub model: Option<ModelSettings>,
    /// Columns that take no part.
    pub ignore: Vec<String>,
    /// A column of weights ≥ 0, one per row.
    pub weights: Option<String>,
    /// A column that tells which rows belong together: they stay on one side
    /// of every split. It is no feature.
    pub group: Option<String>,
    /// Which columns are categories.
    pub categorical: Categorical,
    /// What is done about missing cells.
    pub missing: MissingRows,
    /// What is done about categories that training did not see.
    pub unseen: Unseen,
    /// Whether columns are standardised; if not given, they are for models whose
    /// fit depends on scale. Columns of one unit, such as pixels, need not be.
    pub standardise: Option<bool>,
    /// Columns that are expanded into polynomials.
    pub polynomials: Vec<Polynomial>,
    /// How the probabilities of a classification are calibrated, on rows of
    /// their own.
    pub calibrate: Option<Calibrate>,
    /// The coverage of prediction sets or intervals, on rows of their own.
    pub coverage: Option<Conformalise>,
    /// Seed of whatever is drawn in fitting.
    pub seed: u64,
    /// Threads that a fit may use, at least 1; no bit of the result depends on it.
    pub threads: usize,
}

/// Share of the rows that calibrate, unless the split says otherwise.
const CALIBRATION_SHARE: f64 = 0.1;
/// Share of the rows that conformalise, unless the split says otherwise.
const CONFORMAL_SHARE: f64 = 0.2;

/// Which columns are read as categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Categorical {
    /// Those named; text in any other column is an error.
    Named(Vec<String>),
    /// Every column whose first value is no number, and those named.
    Auto(Vec<String>),
}

/// What is done about missing cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRows {
    /// They are an error.
    #[default]
    Refuse,
    /// The median or the most frequent category stands in, and an indicator
    /// column tells where.
    Impute,
    /// Rows that miss a cell in a used column take no part.
    Drop,
}

impl Recipe {
    /// The recipe that predicts `target` from all other columns.
    #[must_use]
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            task: None,
            model: None,
            ignore: Vec::new(),
            weights: None,
            group: None,
            categorical: Categorical::Named(Vec::new()),
            missing: MissingRows::Refuse,
            unseen: Unseen::Refuse,
            standardise: None,
            polynomials: Vec::new(),
            calibrate: None,
            coverage: None,
            seed: 0,
            threads: 1,
        }
    }

    /// How a file has to be read for this recipe.
    ///
    /// # Errors
    /// [`Error::TwoRoles`] when a column is to play two of them.
    pub fn csv(&self) -> Result<Csv> {
        self.check_roles()?;
        let (named, others) = match &self.categorical {
            Categorical::Named(named) => (named, ReadAs::Numbers),
            Categorical::Auto(named) => (named, ReadAs::Auto),
        };
        let mut csv = Csv { others, ..Csv::default() };
        for name in named {
            csv = csv.categorical(name);
        }
        for name in &self.ignore {
            csv = csv.rule(name, ReadAs::Skip);
        }
        if let Some(name) = &self.weights {
            csv = csv.rule(name, ReadAs::Numbers);
        }
        if let Some(name) = &self.group {
            csv = csv.rule(name, ReadAs::Text);
        }
        let target = if self.known_task() == Some(Task::Regression) {
            ReadAs::Numbers
        } else {
            ReadAs::Auto
        };
        Ok(csv.rule(&self.target, target))
    }

    /// The rows that take part: all of them, or under [`MissingRows::Drop`]
    /// those without a missing cell in a used column.
    ///
    /// # Errors
    /// An unknown column; no row left.
    pub fn usable_rows(&self, table: &Table) -> Result<Vec<usize>> {
        if self.missing != MissingRows::Drop {
            return Ok((0..table.n_rows()).collect());
        }
        let used = table.names().filter(|name| !self.ignore.iter().any(|i| i == name));
        let rows = table.complete_rows(used)?;
        if rows.is_empty() {
            return Err(Error::NoCompleteRows { file: table.source().clone() });
        }
        Ok(rows)
    }

    /// Deals the rows of a table to train, calibrate, conformalise and test.
    ///
    /// Rows of one group stay together; with `by_order` the last rows test;
    /// otherwise every class has its share of every part. Where the recipe
    /// calibrates and the settings set no rows apart for it, 10 % are; where it
    /// asks for coverage, 20 %.
    ///
    /// # Errors
    /// A target that does not fit the model; [`Error::Conflict`] for groups in
    /// order; those of [`SplitSettings::split`].
    pub fn split(&self, table: &Table, settings: &SplitSettings, by_order: bool) -> Result<Split> {
        let task = self.settings_for(table)?.task();
        self.check_calibration(task)?;
        let n = table.n_rows();
        let settings = self.with_shares(settings);
        let strata = match (task, &self.group, by_order) {
            (Task::Classification, None, false) => {
                Some(Labels::from_column(table, &self.target)?.codes)
            }
            _ => None,
        };
        Ok(match (&self.group, by_order) {
            (Some(_), true) => {
                return Err(Error::Conflict {
                    first: "keeping groups together",
                    second: "splitting by order",
                    mend: "give one of `--group` and `--split-by-order`",
                });
            }
            (Some(group), false) => settings.split(n, SplitBy::Groups(&table.groups(group)?))?,
            (None, true) => settings.split(n, SplitBy::Order)?,
            (None, false) => match strata {
                Some(codes) => settings.split(n, SplitBy::Strata(&codes))?,
                None => settings.split(n, SplitBy::Chance)?,
            },
        })
    }

    /// The settings with rows set apart for whatever the recipe asks for.
    fn with_shares(&self, settings: &SplitSettings) -> SplitSettings {
        let or = |set: f64, wanted: bool, share: f64| {
            if wanted && set == 0.0 { share } else { set }
        };
        SplitSettings {
            calibration: or(settings.calibration, self.calibrate.is_some(), CALIBRATION_SHARE),
            conformal: or(settings.conformal, self.coverage.is_some(), CONFORMAL_SHARE),
            ..*settings
        }
    }

    /// The task: what the recipe says, or what the target looks like.
    pub(crate) fn task_of(&self, table: &Table) -> Result<Task> {
        match self.known_task() {
            Some(task) => Ok(task),
            None => Ok(Task::infer(&self.target, &table.column(&self.target)?.values)?),
        }
    }

    /// The task, where the recipe alone tells it.
    pub(crate) fn known_task(&self) -> Option<Task> {
        self.task.or_else(|| self.model.as_ref().map(ModelSettings::task))
    }

    /// What is to be learned about the features.
    pub(crate) fn preprocessing(&self, model: &ModelSettings, table: &Table) -> Preprocessing {
        let roles = [Some(&self.target), self.weights.as_ref(), self.group.as_ref()];
        // A table read by this recipe has no ignored column; any other may.
        let ignored = self.ignore.iter().filter(|name| table.get(name).is_some());
        // Indicators of all categories add up to the intercept: without a
        // penalty one of them has to go, unless all zeros mean something else.
        let full = model.is_penalised() || !model.has_intercept() || self.unseen == Unseen::Zeros;
        Preprocessing {
            exclude: roles.into_iter().flatten().chain(ignored).cloned().collect(),
            missing: match self.missing {
                MissingRows::Impute => Missing::Impute,
                MissingRows::Refuse | MissingRows::Drop => Missing::Refuse,
            },
            unseen: self.unseen,
            one_hot: if full { OneHot::Full } else { OneHot::DropFirst },
            standardise: self.standardise.unwrap_or(model.is_penalised()),
            polynomials: self.polynomials.clone(),
            ..Preprocessing::default()
        }
    }

    /// Refuses a column that is to play two parts.
    fn check_roles(&self) -> Result<()> {
        let named = match &self.categorical {
            Categorical::Named(named) | Categorical::Auto(named) => named,
        };
        let mut roles: BTreeMap<&str, &'static str> = BTreeMap::new();
        let one = |name: &Option<String>| name.clone().into_iter().collect::<Vec<_>>();
        let (weights, group) = (one(&self.weights), one(&self.group));
        let target = [self.target.clone()];
        for (role, names) in [
            ("the target", &target[..]),
            ("the weights", &weights),
            ("the groups", &group),
            ("ignored", &self.ignore),
            ("a category", named),
        ] {
            for name in names {
                match roles.insert(name, role) {
                    // A target may be named a category: it then is a class.
                    Some("the target") if role == "a category" => {}
                    Some(first) if first != role => {
                        return Err(Error::TwoRoles {
                            column: Snippet::new(name),
                            first,
                            second: role,
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
