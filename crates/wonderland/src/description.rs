//! What a pipeline says about itself: coefficients in the units of the file,
//! the objective that was minimised, and what to be careful about.

use std::fmt;

use serde::Serialize;
use wonderland_data::Feature;
use wonderland_linalg::Route;
use wonderland_models::{FitStop, Lambda};

use crate::{Model, Pipeline};

/// Confidence of the intervals of coefficients.
const CONFIDENCE: f64 = 0.95;
/// Scaled condition beyond which a fit depends on the last digits of the data.
const ILL_CONDITIONED: f64 = 1e10;

/// A pipeline, described.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// The model in words.
    pub title: &'static str,
    /// What was minimised, as a formula.
    pub objective: String,
    /// The minimum that was reached.
    pub minimum: f64,
    /// The linear functions that were fitted: one for a quantity, one for two
    /// classes (the log-odds of the second), one per class for more.
    pub outputs: Vec<Output>,
    /// How the minimum was searched for, where it was.
    pub search: Option<Search>,
    /// Independent columns, the intercept's included, where the fit tells.
    pub rank: Option<usize>,
    /// Columns, the intercept's included.
    pub n_columns: usize,
    /// Condition number of the columns as given, where the fit tells.
    pub condition: Option<f64>,
    /// The solver's route, where the fit tells.
    pub route: Option<Route>,
    /// The penalty, and how it was chosen, where there is one.
    pub penalty: Option<Penalty>,
    /// Standard deviation of the residuals, without bias, where the fit tells.
    pub residual_std: Option<f64>,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// What to be careful about.
    pub warnings: Vec<Warning>,
}

impl Description {
    /// Whether every number of every coefficient is one.
    pub(crate) fn is_finite(&self) -> bool {
        let shown = |output: &Output| -> bool {
            output.coefficients.iter().chain(&output.intercept).all(|c| {
                let errors = c.std_error.into_iter().chain(c.interval.into_iter().flatten());
                [c.value, c.effect].into_iter().chain(errors).all(f64::is_finite)
            })
        };
        self.outputs.iter().all(shown)
    }
}

/// One fitted linear function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    /// The class whose logit (of two classes, log-odds) it is.
    pub class: Option<String>,
    /// The intercept in the units of the target, if one was fitted.
    pub intercept: Option<Coefficient>,
    /// Coefficients in the units of the file, in the order of the features.
    pub coefficients: Vec<Coefficient>,
}

/// How a minimum was searched for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Search {
    /// Iterations of the solver.
    pub iterations: usize,
    /// Why it stopped.
    pub stop: FitStop,
    /// Largest entry of the gradient in the scaled parameters.
    pub gradient_norm: f64,
}

/// A penalty on the size of the coefficients.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Penalty {
    /// Its strength λ.
    pub lambda: f64,
    /// The rule by which λ was chosen, and how many values were tried.
    pub chosen: Option<(Lambda, usize)>,
    /// Degrees of freedom that the penalty leaves, where the fit tells.
    pub effective_df: Option<f64>,
    /// Whether the columns were standardised before.
    pub standardised: bool,
}

/// One coefficient, by the name of its feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficient {
    /// Name of the feature.
    pub name: String,
    /// Change of the prediction per unit of the feature.
    pub value: f64,
    /// Standard error, where the fit tells.
    pub std_error: Option<f64>,
    /// Interval, where there is a standard error.
    pub interval: Option<[f64; 2]>,
    /// |value| times the feature's standard deviation on the training rows: the
    /// change of the prediction that the feature typically makes, by which
    /// coefficients of different units compare.
    pub effect: f64,
}

/// What to be careful about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// Columns that other columns make up.
    RankDeficient {
        /// Independent columns.
        rank: usize,
        /// Columns.
        columns: usize,
    },
    /// Features with one value only in training.
    ConstantFeatures(Vec<String>),
    /// Nearly dependent columns.
    IllConditioned {
        /// Condition number of the columns scaled to length 1.
        scaled_condition: f64,
    },
    /// The chosen penalty is the smallest or largest that was tried.
    LambdaAtEnd {
        /// The penalty.
        lambda: f64,
    },
    /// The solver stopped before the minimum.
    NotConverged {
        /// Why it stopped.
        stop: FitStop,
    },
    /// As many coefficients as rows: the fit says nothing about its errors.
    NoRowsLeft,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RankDeficient { rank, columns } => write!(
                f,
                "only {rank} of {columns} columns are independent: coefficients are the shortest that fit and have no standard errors; leave out columns that others make up"
            ),
            Self::ConstantFeatures(names) => {
                let names = wonderland_data::Snippet::list(names.iter().map(String::as_str));
                write!(f, "constant in training, so without effect: {names}")
            }
            Self::IllConditioned { scaled_condition } => write!(
                f,
                "columns are nearly dependent (condition {scaled_condition:.1e}): coefficients hang on the last digits of the data, predictions do less"
            ),
            Self::LambdaAtEnd { lambda } => write!(
                f,
                "the best λ, {lambda:.3e}, is the last that was tried: a better one may lie beyond"
            ),
            Self::NotConverged { stop: FitStop::Separable } => f.write_str(
                "the fit is not at its minimum: the classes are separable and no penalty bounds the coefficients: give a `--lambda` above 0",
            ),
            Self::NotConverged { stop: FitStop::Unbounded } => f.write_str(
                "the fit is not at its minimum: the classes are separable but for ties and no penalty bounds the coefficients: give a `--lambda` above 0",
            ),
            Self::NotConverged { stop } => write!(f, "the fit is not at its minimum: {stop}"),
            Self::NoRowsLeft => f.write_str(
                "as many coefficients as rows: the fit is exact and tells nothing about its errors",
            ),
        }
    }
}

impl Pipeline {
    /// The pipeline, described.
    #[must_use]
    pub fn describe(&self) -> Description {
        let fit = Fit::of(self.model());
        let outputs: Vec<Output> = match self.model().classes() {
            None => vec![self.output(None, self.model().affine(0), &fit)],
            Some([_, second]) => {
                let ((w0, b0), (w1, b1)) = (self.model().affine(0), self.model().affine(1));
                let w = w1.iter().zip(&w0).map(|(one, zero)| one - zero).collect();
                vec![self.output(Some(second), (w, b1 - b0), &fit)]
            }
            Some(classes) => (classes.iter().enumerate())
                .map(|(k, class)| self.output(Some(class), self.model().affine(k), &fit))
                .collect(),
        };
        let n_features = self.preprocessor().features().len();
        // Exactly 0 and 1 are what is left alone.
        let is_scaled =
            |f: &Feature| [f.centre, f.scale].map(f64::to_bits) != [0, 1.0_f64.to_bits()];
        let standardised = self.preprocessor().features().iter().any(is_scaled);
        let n_columns = n_features + usize::from(self.model().has_intercept());
        Description {
            title: self.model().title(),
            objective: self.objective(),
            minimum: fit.minimum,
            outputs,
            search: fit.search.clone(),
            rank: fit.rank,
            n_columns,
            condition: fit.condition,
            route: fit.route,
            penalty: fit.penalty.clone().map(|penalty| Penalty { standardised, ..penalty }),
            residual_std: fit.residual_variance.map(f64::sqrt),
            confidence: CONFIDENCE,
            warnings: self.warnings(&fit, n_columns),
        }
    }

    /// One linear function in the units of the file.
    fn output(&self, class: Option<&String>, (w, b): (Vec<f64>, f64), fit: &Fit) -> Output {
        let features = self.preprocessor().features();
        let spreads = &self.training().feature_spread;
        let coefficients = (features.iter().enumerate())
            .map(|(j, feature)| Coefficient {
                name: feature.name.clone(),
                value: w[j] / feature.scale,
                std_error: fit.std_errors.as_ref().map(|e| e[j] / feature.scale),
                interval: fit.intervals.as_ref().map(|i| i[j].map(|end| end / feature.scale)),
                effect: (w[j] * spreads[j]).abs(),
            })
            .collect();
        // xᵀw + b with x = (v − centre) / scale, sorted by v.
        let shift: f64 = features.iter().zip(&w).map(|(f, w)| w * (f.centre / f.scale)).sum();
        let intercept = (self.model().has_intercept() || shift != 0.0).then(|| Coefficient {
            name: "intercept".into(),
            value: b - shift,
            std_error: fit.intercept_std_error,
            interval: fit.intercept_interval,
            effect: 0.0,
        });
        Output { class: class.cloned(), intercept, coefficients }
    }

    /// What was minimised, as a formula.
    fn objective(&self) -> String {
        let weighted = self.training().weights.is_some();
        let bias = if self.model().has_intercept() { " − b" } else { "" };
        let loss = if weighted {
            format!("Σ sᵢ (yᵢ − xᵢᵀw{bias})²")
        } else {
            format!("‖y − Xw{bias}‖²")
        };
        match self.model() {
            Model::Linear(_) => loss,
            Model::Ridge(_) => format!("{loss} + λ‖w‖²"),
            Model::Logistic(_) => {
                let mean = if weighted { "weighted mean" } else { "mean" };
                format!("{mean} cross-entropy + (l2/2) ‖W‖²")
            }
        }
    }

    fn warnings(&self, fit: &Fit, columns: usize) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let constant: Vec<String> = (self.preprocessor().features().iter())
            .filter(|feature| feature.constant)
            .map(|feature| feature.name.clone())
            .collect();
        if !constant.is_empty() {
            warnings.push(Warning::ConstantFeatures(constant));
        }
        if let Some(rank) = fit.rank.filter(|&rank| rank < columns) {
            warnings.push(Warning::RankDeficient { rank, columns });
        } else if fit.rank.is_some() && fit.residual_variance.is_none() {
            warnings.push(Warning::NoRowsLeft);
        }
        if let Model::Ridge(model) = self.model()
            && model.choice.as_ref().is_some_and(|choice| choice.is_at_end(model.lambda))
        {
            warnings.push(Warning::LambdaAtEnd { lambda: model.lambda });
        }
        if let Some(search) = fit.search.as_ref().filter(|search| !search.stop.converged()) {
            warnings.push(Warning::NotConverged { stop: search.stop });
        }
        if let Some(scaled_condition) = fit.scaled_condition.filter(|&c| c > ILL_CONDITIONED) {
            warnings.push(Warning::IllConditioned { scaled_condition });
        }
        warnings
    }
}

/// What a fitted model tells about its fit, in the units it saw.
#[derive(Default)]
struct Fit {
    minimum: f64,
    std_errors: Option<Vec<f64>>,
    intervals: Option<Vec<[f64; 2]>>,
    intercept_std_error: Option<f64>,
    intercept_interval: Option<[f64; 2]>,
    rank: Option<usize>,
    condition: Option<f64>,
    scaled_condition: Option<f64>,
    route: Option<Route>,
    penalty: Option<Penalty>,
    search: Option<Search>,
    residual_variance: Option<f64>,
}

impl Fit {
    fn of(model: &Model) -> Self {
        match model {
            Model::Linear(model) => Self {
                minimum: model.residual_ss,
                std_errors: model.std_errors.clone(),
                intervals: model.intervals(CONFIDENCE),
                intercept_std_error: model.intercept_std_error,
                intercept_interval: model.intercept_interval(CONFIDENCE),
                rank: Some(model.rank),
                condition: Some(model.condition),
                scaled_condition: Some(model.scaled_condition),
                route: Some(model.route),
                residual_variance: model.residual_variance,
                ..Self::default()
            },
            Model::Ridge(model) => Self {
                minimum: model.minimum,
                penalty: Some(Penalty {
                    lambda: model.lambda,
                    chosen: model.choice.as_ref().map(|choice| (choice.by, choice.path.len())),
                    effective_df: Some(model.effective_df),
                    standardised: false,
                }),
                ..Self::default()
            },
            Model::Logistic(model) => Self {
                minimum: model.fit.objective,
                penalty: Some(Penalty {
                    lambda: model.fit.l2,
                    chosen: None,
                    effective_df: None,
                    standardised: false,
                }),
                search: Some(Search {
                    iterations: model.fit.iterations,
                    stop: model.fit.stop,
                    gradient_norm: model.fit.gradient_norm,
                }),
                ..Self::default()
            },
        }
    }
}
