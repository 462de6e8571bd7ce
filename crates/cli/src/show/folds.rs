//! Scores over the folds of a cross-validation.

use serde::Serialize;
use wonderland::FoldScores;

use super::model::ByName;
use super::{Align, Grid, significant};

/// The keys of one score in JSON.
#[derive(Serialize)]
pub(super) struct FoldKeys<'a> {
    mean: f64,
    standard_deviation: f64,
    folds: &'a [f64],
}

/// All scores by name.
pub(super) fn keys(scores: &[FoldScores]) -> ByName<'_, FoldKeys<'_>> {
    let mut by_name = Vec::new();
    for s in scores {
        let (mean, standard_deviation) = (s.mean(), s.standard_deviation());
        by_name.push((s.name, FoldKeys { mean, standard_deviation, folds: &s.folds }));
    }
    ByName(by_name)
}

/// Mean, spread and range of every score.
pub(super) fn text(scores: &[FoldScores]) -> String {
    let k = scores.first().map_or(0, |s| s.folds.len());
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right]);
    let head = format!("over {k} folds");
    grid.row([&head, "mean", "standard deviation", "worst to best"]);
    for score in scores {
        let (low, high) = score
            .folds
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
        let larger_is_better = ["R²", "accuracy", "ROC AUC", "coverage"].contains(&score.name);
        let (worst, best) = if larger_is_better { (low, high) } else { (high, low) };
        let range = format!("{} to {}", significant(worst), significant(best));
        let (mean, spread) = (significant(score.mean()), significant(score.standard_deviation()));
        grid.row([score.name, &mean, &spread, &range]);
    }
    grid.to_string()
}
