//! The options of `fit` that say what is learned, and the recipe they make.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use wonderland::calibration::ClassScore;
use wonderland::data::{Basis, Images, Polynomial, Task, Unseen};
use wonderland::models::{Lambda, LinearRegression, LogisticRegression, Ridge};
use wonderland::{Calibrate, Categorical, Conformalise, MissingRows, ModelSettings, Recipe};

use crate::exit::UsageError;
use crate::input::Source;

/// What is learned.
#[derive(Debug, Args)]
pub(super) struct Learning {
    /// The column to predict
    #[arg(long, short, value_name = "COLUMN")]
    target: Option<String>,
    /// What kind of target it is: text is classes, many different or broken numbers are quantities
    #[arg(long, value_enum, default_value_t = TaskName::Auto, help_heading = "Model")]
    task: TaskName,
    /// The model [default: linear for quantities, logistic for classes]
    #[arg(long, short, value_enum, help_heading = "Model")]
    model: Option<ModelName>,
    /// Strength of the penalty on standardised columns. Of ridge, λ: a number, or how to choose it:
    /// `auto` and `loo` by leaving out each row, `gcv` by its approximation for many rows,
    /// `cv:K` by K folds [default: auto]. Of logistic, l2: a number [default: 1 / training rows]
    #[arg(
        long,
        visible_alias = "l2",
        allow_negative_numbers = true,
        value_name = "NUMBER|auto|loo|gcv|cv:K",
        help_heading = "Model"
    )]
    lambda: Option<LambdaOption>,
    /// Calibrate probabilities on 10 % of the rows, set apart for it
    #[arg(long, value_enum, default_value_t = CalibrateName::None, help_heading = "Honesty")]
    calibrate: CalibrateName,
    /// Predict sets of classes (intervals of quantities) that hold the truth with this frequency,
    /// from 20 % of the rows, set apart for it
    #[arg(long, value_name = "FRACTION", help_heading = "Honesty")]
    coverage: Option<f64>,
    /// How unusual a class is, for prediction sets: `lac` makes the smallest sets, `aps` and `raps`
    /// adapt them to each row (their sets are randomised)
    #[arg(long, value_enum, default_value_t = ScoreName::Lac, requires = "coverage", help_heading = "Honesty")]
    score: ScoreName,
    /// Fit no intercept: the prediction is 0 where all features are 0
    #[arg(long, help_heading = "Model")]
    no_intercept: bool,
    /// Use the powers x, x², …, xᵈ of a column (repeat for more); `x:10:orthogonal` takes polynomials
    /// that are orthogonal over the training rows instead, which high degrees need
    #[arg(long, value_name = "COLUMN:DEGREE[:orthogonal]", help_heading = "Columns")]
    polynomial: Vec<PolynomialOption>,
    /// Column of weights, at least 0: a row of weight 2 counts twice
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    weights: Option<String>,
    /// Leave this column out (repeat for more)
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    ignore: Vec<String>,
    /// Column that tells which rows belong together: they are not split
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    group: Option<String>,
    /// Read this column as categories (repeat for more); `auto` for all columns of text
    #[arg(long, value_name = "COLUMN|auto", help_heading = "Columns")]
    categorical: Vec<String>,
    /// What to do about missing cells (empty, NA, ? or nan)
    #[arg(long, value_enum, default_value_t = MissingName::Error, help_heading = "Columns")]
    missing: MissingName,
    /// What to do, when predicting, about categories never seen in training
    #[arg(long, value_enum, default_value_t = UnseenName::Error, help_heading = "Columns")]
    unseen: UnseenName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TaskName {
    /// Found out from the target
    Auto,
    /// The target is a quantity
    Regression,
    /// The target is a class
    Classification,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModelName {
    /// Least squares
    Linear,
    /// Least squares with a penalty on the size of the coefficients
    Ridge,
    /// Logistic regression, for classes
    Logistic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CalibrateName {
    /// Leave them as they are
    None,
    /// One temperature for all logits; decisions stay
    Temperature,
    /// Slope and intercept on the log-odds
    Platt,
    /// A non-decreasing map; takes many rows
    Isotonic,
    /// Frequencies of bins; takes many rows
    Histogram,
    /// Merged Venn–Abers pairs
    VennAbers,
}

impl CalibrateName {
    fn method(self) -> Option<Calibrate> {
        match self {
            Self::None => None,
            Self::Temperature => Some(Calibrate::Temperature),
            Self::Platt => Some(Calibrate::Platt),
            Self::Isotonic => Some(Calibrate::Isotonic),
            Self::Histogram => Some(Calibrate::Histogram),
            Self::VennAbers => Some(Calibrate::VennAbers),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScoreName {
    /// 1 − p of the class
    Lac,
    /// The best other class's p, minus p of the class
    Margin,
    /// Cumulative probability of the classes ranked before
    Aps,
    /// The same with a penalty of 0.01 on every rank after the fifth
    Raps,
}

impl ScoreName {
    fn score(self) -> ClassScore {
        match self {
            Self::Lac => ClassScore::Lac,
            Self::Margin => ClassScore::Margin,
            Self::Aps => ClassScore::Aps { randomised: true },
            Self::Raps => ClassScore::Raps { lambda: 0.01, k_reg: 5, randomised: true },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MissingName {
    /// Stop
    Error,
    /// Put the median or the most frequent category, and a column that tells where
    Impute,
    /// Leave out rows that miss a value
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UnseenName {
    /// Stop
    Error,
    /// Treat it as none of the known ones
    Zeros,
}

impl Learning {
    /// The recipe; a built-in set, and images, fill in what was not said.
    pub(super) fn recipe(&self, source: Source<'_>, seed: u64) -> Result<Recipe, UsageError> {
        let set = source.built_in();
        let target = match (&self.target, set) {
            (Some(target), _) => target,
            (None, Some(set)) => set.target,
            (None, None) if source.is_images() => Images::LABEL,
            // A mistyped name of a built-in set is told when it is opened.
            (None, None) if source.is_absent() => "",
            (None, None) => {
                let text = "which column is to be predicted? name it with --target COLUMN";
                return Err(UsageError(text.into()));
            }
        };
        let known = match set {
            Some(set) => (set.target == target).then_some(set.task),
            None => source.is_images().then_some(Task::Classification),
        };
        Ok(Recipe {
            task: self.task().or(known.filter(|_| self.model.is_none())),
            model: self.model(seed)?,
            ignore: self.ignore.clone(),
            weights: self.weights.clone(),
            group: self.group.clone(),
            categorical: self.categorical(),
            missing: match self.missing {
                MissingName::Error => MissingRows::Refuse,
                MissingName::Impute => MissingRows::Impute,
                MissingName::Drop => MissingRows::Drop,
            },
            unseen: match self.unseen {
                UnseenName::Error => Unseen::Refuse,
                UnseenName::Zeros => Unseen::Zeros,
            },
            // All pixels have one unit.
            standardise: source.is_images().then_some(false),
            polynomials: self.polynomial.iter().map(|p| p.0.clone()).collect(),
            calibrate: self.calibrate.method(),
            coverage: self.conformalise()?,
            seed,
            ..Recipe::new(target)
        })
    }

    fn task(&self) -> Option<Task> {
        match self.task {
            TaskName::Auto => None,
            TaskName::Regression => Some(Task::Regression),
            TaskName::Classification => Some(Task::Classification),
        }
    }

    /// The model; nothing that was said about another model is passed over.
    fn model(&self, seed: u64) -> Result<Option<ModelSettings>, UsageError> {
        let intercept = !self.no_intercept;
        let ridge = |lambda| ModelSettings::Ridge(Ridge { lambda, intercept, path: None });
        let linear = ModelSettings::Linear(LinearRegression { intercept, ..Default::default() });
        match (self.model, self.lambda) {
            (Some(ModelName::Ridge), lambda) => {
                Ok(Some(ridge(lambda.unwrap_or(LambdaOption::LeaveOneOut).rule(seed))))
            }
            (Some(ModelName::Logistic), lambda) => {
                let l2 = match lambda {
                    None | Some(LambdaOption::LeaveOneOut) => None,
                    Some(LambdaOption::Given(l2)) => Some(l2),
                    Some(LambdaOption::Gcv | LambdaOption::Folds(_)) => {
                        let text = "the penalty of logistic is a number: give --l2 NUMBER";
                        return Err(UsageError(text.into()));
                    }
                };
                let logistic = LogisticRegression { l2, intercept, ..Default::default() };
                Ok(Some(ModelSettings::Logistic(logistic)))
            }
            (Some(ModelName::Linear) | None, Some(_)) => Err(UsageError(
                "a penalty is for ridge and logistic: add --model ridge or --model logistic".into(),
            )),
            (Some(ModelName::Linear), None) => Ok(Some(linear)),
            (None, None) => Ok(self.no_intercept.then_some(linear)),
        }
    }

    fn conformalise(&self) -> Result<Option<Conformalise>, UsageError> {
        let Some(coverage) = self.coverage else { return Ok(None) };
        let wanted = Conformalise::to_cover(coverage).map_err(|_| {
            UsageError(format!(
                "--coverage {coverage} is no share: give a number above 0 and below 1, such as 0.9"
            ))
        })?;
        Ok(Some(Conformalise { score: self.score.score(), ..wanted }))
    }

    fn categorical(&self) -> Categorical {
        let named = self.categorical.iter().filter(|name| *name != "auto").cloned().collect();
        if self.categorical.iter().any(|name| name == "auto") {
            Categorical::Auto(named)
        } else {
            Categorical::Named(named)
        }
    }
}

/// How λ is found.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LambdaOption {
    Given(f64),
    LeaveOneOut,
    Gcv,
    Folds(usize),
}

impl LambdaOption {
    fn rule(self, seed: u64) -> Lambda {
        match self {
            Self::Given(lambda) => Lambda::Given(lambda),
            Self::LeaveOneOut => Lambda::LeaveOneOut,
            Self::Gcv => Lambda::Gcv,
            Self::Folds(folds) => Lambda::Folds { folds, seed },
        }
    }
}

impl FromStr for LambdaOption {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str =
            "give a number of at least 0, `auto`, `loo`, `gcv`, or `cv:K` with K at least 2";
        match (text, text.strip_prefix("cv:").map(str::parse)) {
            ("auto" | "loo", _) => Ok(Self::LeaveOneOut),
            ("gcv", _) => Ok(Self::Gcv),
            (_, Some(Ok(folds))) if folds >= 2 => Ok(Self::Folds(folds)),
            _ => match text.parse::<f64>() {
                Ok(lambda) if lambda.is_finite() && lambda >= 0.0 => Ok(Self::Given(lambda)),
                _ => Err(RULE),
            },
        }
    }
}

/// `COLUMN:DEGREE` or `COLUMN:DEGREE:orthogonal`; the name may hold colons itself.
#[derive(Debug, Clone)]
struct PolynomialOption(Polynomial);

impl FromStr for PolynomialOption {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str = "give COLUMN:DEGREE, for instance x:3, or x:3:orthogonal";
        let (text, basis) = match text.strip_suffix(":orthogonal") {
            Some(text) => (text, Basis::Orthogonal),
            None => (text, Basis::Powers),
        };
        let (column, degree) = text.rsplit_once(':').ok_or(RULE)?;
        let degree = degree.parse().map_err(|_| RULE)?;
        if column.is_empty() {
            return Err(RULE);
        }
        Ok(Self(Polynomial { column: column.to_owned(), degree, basis }))
    }
}

/// Rows to test on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TestRows {
    /// None: the model is fitted on all rows.
    None,
    /// A share of the table.
    Fraction(f64),
    /// Another table.
    File(PathBuf),
}

impl FromStr for TestRows {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::None);
        }
        match text.parse::<f64>() {
            Ok(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(Self::Fraction(fraction)),
            Ok(_) => Err("give a fraction above 0 and below 1, such as 0.2, or `none`"),
            Err(_) => Ok(Self::File(text.into())),
        }
    }
}
