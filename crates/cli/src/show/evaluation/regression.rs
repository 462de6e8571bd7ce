//! Scores of a regression.

use std::fmt::Write as _;

use serde::Serialize;
use wonderland::models::{Estimate, RegressionScores};

use crate::show::{Align, Grid, counted, interval, significant};

/// The keys of metrics in JSON.
#[derive(Serialize)]
pub(in crate::show) struct Keys {
    r2: Option<f64>,
    r2_ci: Option<[f64; 2]>,
    rmse: f64,
    rmse_ci: Option<[f64; 2]>,
    mae: f64,
    mae_ci: Option<[f64; 2]>,
    skill: Option<f64>,
    skill_ci: Option<[f64; 2]>,
    beats_baseline: bool,
    baseline: BaselineKeys,
    confidence: f64,
}

/// What the mean of the training rows scores.
#[derive(Serialize)]
struct BaselineKeys {
    prediction: f64,
    r2: Option<f64>,
    rmse: f64,
    mae: f64,
}

impl Keys {
    pub(super) fn new(s: &RegressionScores) -> Self {
        let ends = |e: Option<Estimate>| e.and_then(|e| e.interval);
        Self {
            r2: s.r2.map(|e| e.value),
            r2_ci: ends(s.r2),
            rmse: s.rmse.value,
            rmse_ci: s.rmse.interval,
            mae: s.mae.value,
            mae_ci: s.mae.interval,
            skill: s.skill.map(|e| e.value),
            skill_ci: ends(s.skill),
            beats_baseline: s.beats_baseline(),
            baseline: BaselineKeys {
                prediction: s.baseline.prediction,
                r2: s.baseline.r2,
                rmse: s.baseline.rmse,
                mae: s.baseline.mae,
            },
            confidence: s.confidence,
        }
    }
}

/// The scores as a table, and what they say.
pub(super) fn text(s: &RegressionScores, n: usize, what: &str) -> String {
    let percent = significant(100.0 * s.confidence);
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Left, Align::Right]);
    let on = format!("on {}", counted(n, what));
    grid.row([&on, "model", &format!("{percent} % interval"), "always the mean"]);
    let mut row = |name: &str, estimate: Option<Estimate>, baseline: Option<f64>| {
        let value = estimate.map_or_else(|| "–".into(), |e| significant(e.value));
        let ends = estimate.and_then(|e| e.interval).map(interval).unwrap_or_default();
        let baseline = baseline.map_or_else(|| "–".into(), significant);
        grid.row([name, &value, &ends, &baseline]);
    };
    row("R²", s.r2, s.baseline.r2);
    row("RMSE", Some(s.rmse), Some(s.baseline.rmse));
    row("MAE", Some(s.mae), Some(s.baseline.mae));
    let mut text = grid.to_string();
    let _ = writeln!(text, "{}", verdict(s));
    text
}

/// Whether the model is better than the baseline, in a sentence.
fn verdict(s: &RegressionScores) -> String {
    match s.skill {
        Some(Estimate { value, interval: Some(ends) }) if s.beats_baseline() => format!(
            "better than always answering the training mean: the mean squared error is {} % smaller {}",
            significant((100.0 * value).round()),
            interval(ends.map(|end| (100.0 * end).round())),
        ),
        Some(Estimate { interval: Some(_), .. }) => {
            "NOT better than always answering the training mean, as far as these rows can tell"
                .into()
        }
        Some(Estimate { interval: None, .. }) => {
            "too few rows to tell whether this is better than always answering the training mean"
                .into()
        }
        None => "the training mean is never wrong here: nothing is left to predict".into(),
    }
}
