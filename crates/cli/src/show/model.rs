//! A pipeline: its coefficients by name, and how it was fitted.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use wonderland::data::{Snippet, Task};
use wonderland::linalg::Route;
use wonderland::models::FitStop;
use wonderland::models::Lambda;
use wonderland::{Calibrate, Coefficient, Description, Output, Penalty, Pipeline, Warning};

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
    fit: FitKeys<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<&'a [String]>,
    n_calibration: usize,
    n_conformal: usize,
    intercept: PerOutput<'a, Option<f64>>,
    coefficients: PerOutput<'a, ByName<'a, f64>>,
    intercept_std_error: Option<f64>,
    std_errors: Option<ByName<'a, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<CalibrationKeys>,
    residual_std: Option<f64>,
    lambda: Option<f64>,
    effective_df: Option<f64>,
    rank: Option<usize>,
    condition: Option<f64>,
    route: Option<Route>,
    warnings: Vec<String>,
}

/// One value, or one per class by name.
#[derive(Serialize)]
#[serde(untagged)]
enum PerOutput<'a, T> {
    One(T),
    PerClass(ByName<'a, T>),
}

impl<'a, T> PerOutput<'a, T> {
    fn new(outputs: &'a [Output], f: impl Fn(&'a Output) -> T) -> Self {
        match outputs {
            [output] => Self::One(f(output)),
            outputs => Self::PerClass(ByName(
                outputs.iter().map(|o| (o.class.as_deref().unwrap_or_default(), f(o))).collect(),
            )),
        }
    }
}

/// What was minimised and how far; how it was searched for, where it was; and
/// how long that took, where it was just done.
#[derive(Serialize)]
struct FitKeys<'a> {
    objective: &'a str,
    minimum: f64,
    #[serde(flatten)]
    search: Option<SearchKeys>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct SearchKeys {
    iterations: usize,
    stop: FitStop,
    gradient_norm: f64,
}

/// How probabilities were calibrated.
#[derive(Serialize)]
struct CalibrationKeys {
    method: Calibrate,
    temperature: Option<f64>,
}

impl<'a> ModelReport<'a> {
    pub(crate) fn new(pipeline: &'a Pipeline) -> Self {
        Self { pipeline, description: pipeline.describe() }
    }

    pub(super) fn keys(&'a self, seconds: Option<f64>) -> ModelKeys<'a> {
        let about = &self.description;
        let named = |output: &'a Output, f: fn(&Coefficient) -> Option<f64>| {
            let pairs = output.coefficients.iter().map(|c| f(c).map(|v| (c.name.as_str(), v)));
            pairs.collect::<Option<Vec<_>>>().map(ByName)
        };
        let first = about.outputs.first();
        ModelKeys {
            task: self.pipeline.task(),
            model: self.pipeline.model().name(),
            target: self.pipeline.target(),
            n_train: self.pipeline.training().n_train,
            n_features: self.pipeline.preprocessor().n_features(),
            seed: self.pipeline.training().seed,
            fit: FitKeys {
                objective: &about.objective,
                minimum: about.minimum,
                search: about.search.as_ref().map(|search| SearchKeys {
                    iterations: search.iterations,
                    stop: search.stop,
                    gradient_norm: search.gradient_norm,
                }),
                seconds,
            },
            classes: self.pipeline.model().classes(),
            n_calibration: self.pipeline.training().n_calibration,
            n_conformal: self.pipeline.training().n_conformal,
            intercept: PerOutput::new(&about.outputs, |o| o.intercept.as_ref().map(|b| b.value)),
            coefficients: PerOutput::new(&about.outputs, |o| {
                named(o, |c| Some(c.value)).unwrap_or(ByName(Vec::new()))
            }),
            intercept_std_error: first.and_then(|o| o.intercept.as_ref()).and_then(|b| b.std_error),
            std_errors: first.and_then(|o| named(o, |c| c.std_error)),
            calibration: self.pipeline.calibrator().map(|calibrator| CalibrationKeys {
                method: calibrator.method(),
                temperature: calibrator.temperature(),
            }),
            residual_std: about.residual_std,
            lambda: about.penalty.as_ref().map(|penalty| penalty.lambda),
            effective_df: about.penalty.as_ref().and_then(|penalty| penalty.effective_df),
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
            text.push_str(&penalised(penalty));
        }
        if let Some(search) = &about.search {
            let _ =
                writeln!(text, "{}, then {}", counted(search.iterations, "iteration"), search.stop);
        }
        if let Some(calibrator) = self.pipeline.calibrator() {
            let n = self.pipeline.training().n_calibration;
            let title = calibrator.method().title();
            let _ = write!(text, "calibrated by {title} on {}", counted(n, "row"));
            let temperature = calibrator.temperature().map(significant);
            let _ = writeln!(
                text,
                "{}",
                temperature.map_or_else(String::new, |t| format!(": T = {t}"))
            );
        }
        if let Some(conformal) = self.pipeline.conformal() {
            let n = self.pipeline.training().n_conformal;
            let what = if self.pipeline.model().classes().is_some() { "sets" } else { "intervals" };
            let coverage = significant(conformal.alpha().coverage());
            let _ =
                writeln!(text, "{what} for a coverage of {coverage} from {}", counted(n, "row"));
        }
        if let Some(std) = about.residual_std {
            let _ = writeln!(text, "residual standard deviation: {}", significant(std));
        }
        text
    }

    /// The coefficients of the largest effect, by name.
    pub(super) fn coefficients(&self, top: usize) -> String {
        match self.description.outputs.as_slice() {
            [output] => self.single(output, top),
            outputs => per_class(outputs, top),
        }
    }

    fn single(&self, output: &Output, top: usize) -> String {
        let mut order: Vec<&Coefficient> = output.coefficients.iter().collect();
        order.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        let has_errors = order.iter().any(|c| c.std_error.is_some());
        let percent = significant(100.0 * self.description.confidence);
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Left]);
        let interval_head = format!("{percent} % interval");
        let error_heads =
            if has_errors { ["standard error", interval_head.as_str()] } else { ["", ""] };
        let head = match &output.class {
            None => "coefficient".to_owned(),
            Some(class) => format!("log-odds of `{class}`"),
        };
        grid.row([&head, "value", error_heads[0], error_heads[1]]);
        for c in order.iter().take(top).copied().chain(&output.intercept) {
            let error = c.std_error.map(significant).unwrap_or_default();
            let ends = c.interval.map(interval).unwrap_or_default();
            grid.row([&c.name, &significant(c.value), &error, &ends]);
        }
        grid.to_string() + &left_out(order.len(), top)
    }
}

/// Logit coefficients with one column per class; with many classes, those of
/// the largest effect in each.
fn per_class(outputs: &[Output], top: usize) -> String {
    const MOST_COLUMNS: usize = 5;
    let n = outputs.first().map_or(0, |o| o.coefficients.len());
    let name = |o: &Output| o.class.clone().unwrap_or_default();
    if outputs.len() > MOST_COLUMNS {
        let mut grid = Grid::new(&[Align::Left, Align::Left]);
        grid.row(["class", "coefficients of the largest effect on its logit"]);
        for output in outputs {
            let mut order: Vec<&Coefficient> = output.coefficients.iter().collect();
            order.sort_by(|a, b| b.effect.total_cmp(&a.effect));
            let shown = order.iter().take(top.min(3));
            let parts: Vec<String> =
                shown.map(|c| format!("{} {}", c.name, significant(c.value))).collect();
            grid.row([&name(output), &parts.join(", ")]);
        }
        return grid.to_string();
    }
    let effect = |j: usize| outputs.iter().map(|o| o.coefficients[j].effect).fold(0.0, f64::max);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| effect(b).total_cmp(&effect(a)));
    let mut columns = vec![Align::Left];
    columns.extend(outputs.iter().map(|_| Align::Right));
    let mut grid = Grid::new(&columns);
    let mut head = vec!["logit of".to_owned()];
    head.extend(outputs.iter().map(name));
    grid.cells(&head);
    for &j in order.iter().take(top) {
        let mut cells = vec![outputs[0].coefficients[j].name.clone()];
        cells.extend(outputs.iter().map(|o| significant(o.coefficients[j].value)));
        grid.cells(&cells);
    }
    if outputs.iter().any(|o| o.intercept.is_some()) {
        let mut cells = vec!["intercept".to_owned()];
        let value = |o: &Output| o.intercept.as_ref().map(|b| significant(b.value));
        cells.extend(outputs.iter().map(|o| value(o).unwrap_or_default()));
        grid.cells(&cells);
    }
    grid.to_string() + &left_out(n, top)
}

fn left_out(n: usize, top: usize) -> String {
    if n <= top {
        return String::new();
    }
    format!("  … and {} of smaller effect (--top N shows more)\n", n - top)
}

/// The penalty, how it was found and what it leaves.
fn penalised(penalty: &Penalty) -> String {
    let lambda = significant(penalty.lambda);
    let columns =
        if penalty.standardised { "standardised columns" } else { "the columns as given" };
    let Some(df) = penalty.effective_df else {
        return format!("l2 = {lambda} on {columns}\n");
    };
    let how = match &penalty.chosen {
        None => "given".to_owned(),
        Some((by, tried)) => format!("{} among {tried}", rule(*by)),
    };
    let df = significant(df);
    format!("λ = {lambda} on {columns} ({how}), {df} effective degrees of freedom\n")
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
        self.keys(None).serialize(serializer)
    }
}
