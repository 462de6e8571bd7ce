//! A pipeline: its coefficients by name, and how it was fitted.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use wonderland::data::{Snippet, Task};
use wonderland::linalg::Route;
use wonderland::models::Lambda;
use wonderland::{Coefficient, Description, Pipeline, Warning};

use super::{Align, Grid, counted, interval, significant, task_name};

/// Pairs that print as a JSON object in their own order.
pub(crate) struct ByName<'a, T>(pub(crate) Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for ByName<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A pipeline as it is reported.
pub(crate) struct ModelReport<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) description: Description,
}

/// The keys of [`ModelReport`] in JSON; `fit` prints them too.
#[derive(Serialize)]
pub(super) struct ModelKeys<'a> {
    task: Task,
    model: &'static str,
    target: &'a str,
    n_train: usize,
    n_features: usize,
    seed: u64,
    objective: &'a str,
    minimum: f64,
    intercept: Option<f64>,
    intercept_std_error: Option<f64>,
    coefficients: ByName<'a, f64>,
    std_errors: Option<ByName<'a, f64>>,
    residual_std: Option<f64>,
    lambda: Option<f64>,
    effective_df: Option<f64>,
    rank: Option<usize>,
    condition: Option<f64>,
    route: Option<Route>,
    warnings: Vec<String>,
}

impl<'a> ModelReport<'a> {
    pub(crate) fn new(pipeline: &'a Pipeline) -> Self {
        Self { pipeline, description: pipeline.describe() }
    }

    pub(super) fn keys(&self) -> ModelKeys<'_> {
        let about = &self.description;
        let named = |f: fn(&Coefficient) -> Option<f64>| {
            let pairs = about.coefficients.iter().map(|c| f(c).map(|v| (c.name.as_str(), v)));
            pairs.collect::<Option<Vec<_>>>().map(ByName)
        };
        ModelKeys {
            task: self.pipeline.task(),
            model: self.pipeline.model().name(),
            target: self.pipeline.target(),
            n_train: self.pipeline.training().n_train,
            n_features: about.coefficients.len(),
            seed: self.pipeline.training().seed,
            objective: &about.objective,
            minimum: about.minimum,
            intercept: about.intercept.as_ref().map(|b| b.value),
            intercept_std_error: about.intercept.as_ref().and_then(|b| b.std_error),
            coefficients: named(|c| Some(c.value)).expect("every coefficient has a value"),
            std_errors: named(|c| c.std_error),
            residual_std: about.residual_std,
            lambda: about.penalty.as_ref().map(|penalty| penalty.lambda),
            effective_df: about.penalty.as_ref().map(|penalty| penalty.effective_df),
            rank: about.rank,
            condition: about.condition,
            route: about.route,
            warnings: about.warnings.iter().map(Warning::to_string).collect(),
        }
    }

    /// The whole description.
    pub(crate) fn text(&self, top: usize) -> String {
        let training = self.pipeline.training();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} of `{}` ({}) on {}, seed {}",
            self.description.title,
            Snippet::new(self.pipeline.target()),
            task_name(self.pipeline.task()),
            counted(training.n_train, "row"),
            training.seed,
        );
        let columns: Vec<&str> = self.pipeline.preprocessor().columns().collect();
        let _ = writeln!(text, "columns: {}", Snippet::list(columns));
        if let Some(weights) = &training.weights {
            let _ = writeln!(text, "weights: `{}`", Snippet::new(weights));
        }
        text.push_str(&self.objective());
        text.push('\n');
        text.push_str(&self.coefficients(top));
        for warning in &self.description.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        text
    }

    /// What was minimised, how far, and how.
    pub(super) fn objective(&self) -> String {
        let about = &self.description;
        let mut text = format!("minimised: {} = {}", about.objective, significant(about.minimum));
        if let (Some(rank), Some(condition)) = (about.rank, about.condition) {
            let columns = about.n_columns;
            let _ =
                write!(text, " (rank {rank} of {columns}, condition {})", significant(condition));
        }
        text.push('\n');
        if let Some(penalty) = &about.penalty {
            let how = match &penalty.chosen {
                None => "given".to_owned(),
                Some((by, tried)) => format!("{} among {tried}", rule(*by)),
            };
            let (lambda, df) = (significant(penalty.lambda), significant(penalty.effective_df));
            let _ = writeln!(
                text,
                "λ = {lambda} on standardised columns ({how}), {df} effective degrees of freedom"
            );
        }
        if let Some(std) = about.residual_std {
            let _ = writeln!(text, "residual standard deviation: {}", significant(std));
        }
        text
    }

    /// The coefficients of the largest effect, by name.
    pub(super) fn coefficients(&self, top: usize) -> String {
        let about = &self.description;
        let mut order: Vec<&Coefficient> = about.coefficients.iter().collect();
        order.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        let has_errors = order.iter().any(|c| c.std_error.is_some());
        let percent = significant(100.0 * about.confidence);
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Left]);
        let interval_head = format!("{percent} % interval");
        let error_heads =
            if has_errors { ["standard error", interval_head.as_str()] } else { ["", ""] };
        grid.row(["coefficient", "value", error_heads[0], error_heads[1]]);
        for c in order.iter().take(top).copied().chain(&about.intercept) {
            let error = c.std_error.map(significant).unwrap_or_default();
            let ends = c.interval.map(interval).unwrap_or_default();
            grid.row([&c.name, &significant(c.value), &error, &ends]);
        }
        let mut text = grid.to_string();
        if order.len() > top {
            let _ = writeln!(
                text,
                "  … and {} of smaller effect (--top N shows more)",
                order.len() - top
            );
        }
        text
    }
}

/// How λ was chosen, in words.
fn rule(by: Lambda) -> String {
    match by {
        Lambda::Given(_) => "given".into(),
        Lambda::LeaveOneOut => "chosen by leaving out each row".into(),
        Lambda::Gcv => "chosen by generalised cross-validation".into(),
        Lambda::Folds { folds, .. } => format!("chosen by {folds}-fold cross-validation"),
    }
}

impl Serialize for ModelReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.keys().serialize(serializer)
    }
}
