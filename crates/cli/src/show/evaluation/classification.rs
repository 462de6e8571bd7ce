//! Scores of a classification: the classes, their probabilities, and whether
//! those mean what they say.

use std::fmt::Write as _;

use serde::Serialize;
use wonderland::models::{ClassificationScores, Estimate};
use wonderland::{CalibrationScores, ClassificationMetrics, Pipeline};

use crate::show::{Align, Grid, WithIntervals, counted, interval, significant};

/// Beyond this many classes a confusion matrix does not fit a terminal.
const MOST_SHOWN: usize = 12;

/// The keys of metrics in JSON.
#[derive(Serialize)]
pub(in crate::show) struct Keys<'a> {
    #[serde(flatten)]
    scores: ScoreKeys,
    confusion: &'a [Vec<usize>],
    beats_baseline: bool,
    baseline: BaselineKeys,
    n_impossible: usize,
    label_shift_p: Option<f64>,
    confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncalibrated: Option<ScoreKeys>,
}

/// The keys that exist before and after calibration.
#[derive(Serialize)]
struct ScoreKeys {
    #[serde(flatten)]
    measures: WithIntervals,
    ece_p: f64,
    mce: f64,
    smooth_ece: f64,
}

/// What the shares of the classes in training score.
#[derive(Serialize)]
struct BaselineKeys {
    accuracy: f64,
    log_loss: f64,
    brier: f64,
}

impl ScoreKeys {
    fn new(s: &ClassificationScores, c: &CalibrationScores) -> Self {
        let ece = Estimate { value: c.ece.estimate, interval: Some([c.ece.lower, c.ece.upper]) };
        let scores =
            [("accuracy", s.accuracy), ("log_loss", s.log_loss), ("brier", s.brier), ("ece", ece)];
        let mut measures: Vec<_> = scores.map(|(key, e)| (key, e.value, e.interval)).into();
        // NaN is written as null: no AUC where one class is missing.
        let auc = s.roc_auc.map_or((f64::NAN, None), |e| (e.value, e.interval));
        measures.push(("roc_auc", auc.0, auc.1));
        Self {
            measures: WithIntervals(measures),
            ece_p: c.test.p_value,
            mce: c.mce,
            smooth_ece: c.smooth.value,
        }
    }
}

impl<'a> Keys<'a> {
    pub(super) fn new(metrics: &'a ClassificationMetrics) -> Self {
        let s = &metrics.scores;
        Self {
            scores: ScoreKeys::new(s, &metrics.calibration),
            confusion: &s.confusion,
            beats_baseline: s.beats_baseline(),
            baseline: BaselineKeys {
                accuracy: s.baseline.accuracy,
                log_loss: s.baseline.log_loss,
                brier: s.baseline.brier,
            },
            n_impossible: metrics.n_impossible,
            label_shift_p: metrics.label_shift,
            confidence: s.confidence,
            uncalibrated: metrics
                .uncalibrated
                .as_ref()
                .map(|before| ScoreKeys::new(&before.scores, &before.calibration)),
        }
    }
}

/// The scores as a table, what they say, and the confusion matrix.
pub(super) fn text(
    pipeline: &Pipeline,
    metrics: &ClassificationMetrics,
    n: usize,
    what: &str,
) -> String {
    let mut text = table(metrics, n, what);
    let _ = writeln!(text, "{}", verdict(metrics, pipeline));
    let _ = writeln!(text, "{}", calibration(&metrics.calibration));
    if metrics.n_impossible > 0 {
        let _ = writeln!(
            text,
            "log loss: {} gave the true class probability 0 and counts 708 here, infinite in truth: `--calibrate temperature` or `platt` rules no class out",
            counted(metrics.n_impossible, "row")
        );
    }
    let classes = pipeline.model().classes().unwrap_or_default();
    if classes.len() <= MOST_SHOWN {
        let _ = write!(text, "\n{}", confusion(&metrics.scores.confusion, classes));
    }
    text
}

fn table(metrics: &ClassificationMetrics, n: usize, what: &str) -> String {
    let s = &metrics.scores;
    let percent = significant(100.0 * s.confidence);
    let before = metrics.uncalibrated.as_ref();
    let mut columns = vec![Align::Left, Align::Right, Align::Left, Align::Right];
    columns.extend(before.map(|_| Align::Right));
    let mut grid = Grid::new(&columns);
    let mut row = |cells: [String; 4], uncalibrated: String| {
        let mut cells = cells.to_vec();
        if before.is_some() {
            cells.insert(3, uncalibrated);
        }
        grid.cells(&cells);
    };
    let on = format!("on {}", counted(n, what));
    row(
        [on, "model".into(), format!("{percent} % interval"), "class shares".into()],
        "uncalibrated".into(),
    );
    let mut score = |name: &str, e: Option<Estimate>, old: Option<f64>, baseline: Option<f64>| {
        let value = e.map_or_else(|| "–".into(), |e| significant(e.value));
        let ends = e.and_then(|e| e.interval).map(interval).unwrap_or_default();
        let text = |v: Option<f64>| v.map_or_else(|| "–".into(), significant);
        row([name.into(), value, ends, text(baseline)], text(old));
    };
    let old = |f: fn(&ClassificationScores) -> f64| before.map(|b| f(&b.scores));
    let base = &s.baseline;
    score("accuracy", Some(s.accuracy), old(|s| s.accuracy.value), Some(base.accuracy));
    score("log loss", Some(s.log_loss), old(|s| s.log_loss.value), Some(base.log_loss));
    score("Brier score", Some(s.brier), old(|s| s.brier.value), Some(base.brier));
    let auc = before.and_then(|b| b.scores.roc_auc).map(|e| e.value);
    score("ROC AUC", s.roc_auc, auc, Some(0.5));
    let c = &metrics.calibration;
    let ece = Estimate { value: c.ece.estimate, interval: Some([c.ece.lower, c.ece.upper]) };
    let old = before.map(|b| b.calibration.ece.estimate);
    score("calibration error", Some(ece), old, None);
    grid.to_string()
}

/// Whether the model is better than the baseline, in a sentence.
fn verdict(metrics: &ClassificationMetrics, pipeline: &Pipeline) -> String {
    let s = &metrics.scores;
    let class = pipeline.model().classes().and_then(|c| c.get(s.baseline.class));
    let class = class.map_or_else(String::new, |c| format!(" (`{c}`)"));
    let [model, majority] = s.against_baseline;
    if s.beats_baseline() {
        return format!(
            "better than always answering the most frequent class{class}: right on {} where that is wrong, wrong on {} where that is right",
            counted(model, "row"),
            majority
        );
    }
    format!(
        "NOT better than always answering the most frequent class{class}, as far as these rows can tell"
    )
}

/// What the calibration error means at this number of rows, in a sentence.
fn calibration(c: &CalibrationScores) -> String {
    let expected = significant((1e4 * c.test.null_mean).round() / 1e4);
    let p = significant((1e3 * c.test.p_value).round() / 1e3);
    if c.test.p_value > 0.05 {
        format!(
            "calibration: consistent with perfect calibration, which would show an error of {expected} on this many rows (p = {p})"
        )
    } else {
        format!(
            "calibration: OFF: perfect calibration would show an error of {expected} on this many rows (p = {p})"
        )
    }
}

fn confusion(counts: &[Vec<usize>], classes: &[String]) -> String {
    let mut columns = vec![Align::Left];
    columns.extend(classes.iter().map(|_| Align::Right));
    let mut grid = Grid::new(&columns);
    let mut head = vec!["true \\ predicted".to_owned()];
    head.extend(classes.iter().cloned());
    grid.cells(&head);
    for (class, row) in classes.iter().zip(counts) {
        let mut cells = vec![class.clone()];
        cells.extend(row.iter().map(ToString::to_string));
        grid.cells(&cells);
    }
    grid.to_string()
}
