//! The sections of a classification.

use wonderland_calibration::{CoverageReport, Verdict};
use wonderland_data::Table;
use wonderland_models::{ClassificationScores, Estimate, precision_recall_curve, roc_curve};
use wonderland_report::{
    Block, ClassCoverage, Coefficient, Curve, Picture, Section, ThresholdTool, class_coverage,
    coefficients, confidence_histogram, confusion_matrix, precision_recall, reliability_diagram,
    roc, set_sizes,
};

use super::{coefficient_table, short, with_interval};
use crate::{ClassPredictions, ClassificationMetrics, Pipeline, Predictions, Result, rows};

/// Coefficients drawn.
const DRAWN: usize = 12;
/// Classes beyond which coefficients are a table only.
const MOST_DRAWN: usize = 3;

type Shown = (Picture, String, String);

pub(super) fn sections(
    pipeline: &Pipeline,
    metrics: &ClassificationMetrics,
    test: &Table,
) -> Result<Vec<Section>> {
    let Predictions::Classes(predictions) = pipeline.predict(test)? else { return Ok(Vec::new()) };
    let labels = rows::labels_among(test, pipeline.target(), &predictions.classes)?;
    let mut sections = vec![
        summary(metrics),
        sureness(pipeline, metrics, test, &predictions, &labels)?,
        mistakes(metrics, &predictions, &labels)?,
    ];
    if let Some(report) = &metrics.coverage {
        sections.push(sets(report, &predictions, &labels));
    }
    if let [negative, positive] = predictions.classes.as_slice() {
        let p = class_proba(&predictions, 1);
        let truth: Vec<bool> = labels.iter().map(|&y| y == 1).collect();
        sections.push(Section {
            title: "Where to draw the line?".into(),
            blocks: vec![
                Block::Text(
                    "Mistakes rarely cost the same. Set what each kind costs and move the threshold: counts and expected cost are of the test rows.".into(),
                ),
                Block::Threshold(ThresholdTool::new(positive, negative, &p, &truth)),
            ],
        });
    }
    sections.push(weights(pipeline));
    Ok(sections)
}

fn summary(metrics: &ClassificationMetrics) -> Section {
    let s = &metrics.scores;
    let mut tiles = vec![
        (short(s.accuracy.value), with_interval("accuracy", s.accuracy.interval)),
        (short(s.log_loss.value), with_interval("log loss", s.log_loss.interval)),
        (
            short(metrics.calibration.ece.estimate),
            with_interval(
                "calibration error",
                Some([metrics.calibration.ece.lower, metrics.calibration.ece.upper]),
            ),
        ),
    ];
    if let Some(auc) = s.roc_auc {
        tiles.push((short(auc.value), with_interval("ROC AUC", auc.interval)));
    }
    if let Some((coverage, report)) =
        metrics.coverage.as_ref().and_then(|r| Some((r.overall.coverage?, r)))
    {
        tiles.push((short(coverage), format!("coverage, {} asked", short(report.target))));
        if let Some(size) = report.mean_set_size {
            tiles.push((short(size), "classes in a set, on average".into()));
        }
    }
    Section { title: String::new(), blocks: vec![Block::Tiles(tiles), score_table(metrics)] }
}

/// Scores after and before calibration beside the baseline.
fn score_table(metrics: &ClassificationMetrics) -> Block {
    let s = &metrics.scores;
    let before = metrics.uncalibrated.as_ref();
    let mut head = vec!["score".to_owned(), "model".into(), "95 % interval".into()];
    head.extend(before.map(|_| "before calibration".to_owned()));
    head.push("class shares only".into());
    let row = |name: &str,
               value: f64,
               interval: Option<[f64; 2]>,
               old: Option<f64>,
               base: Option<f64>| {
        let ends = interval.map(|[low, high]| format!("{} to {}", short(low), short(high)));
        let mut cells = vec![name.to_owned(), short(value), ends.unwrap_or_default()];
        cells.extend(before.map(|_| old.map(short).unwrap_or_default()));
        cells.push(base.map(short).unwrap_or_default());
        cells
    };
    let c = &metrics.calibration;
    let score = |name: &str, part: fn(&ClassificationScores) -> Estimate, base: f64| {
        let (now, old) = (part(s), before.map(|b| part(&b.scores).value));
        row(name, now.value, now.interval, old, Some(base))
    };
    let ece = Some([c.ece.lower, c.ece.upper]);
    Block::Table {
        head,
        rows: vec![
            score("accuracy", |s| s.accuracy, s.baseline.accuracy),
            score("log loss", |s| s.log_loss, s.baseline.log_loss),
            score("Brier score", |s| s.brier, s.baseline.brier),
            row(
                "calibration error",
                c.ece.estimate,
                ece,
                before.map(|b| b.calibration.ece.estimate),
                None,
            ),
            row(
                "smooth calibration error",
                c.smooth.value,
                None,
                before.map(|b| b.calibration.smooth.value),
                None,
            ),
            row("largest gap of a bin", c.mce, None, before.map(|b| b.calibration.mce), None),
        ],
    }
}

fn sureness(
    pipeline: &Pipeline,
    metrics: &ClassificationMetrics,
    test: &Table,
    predictions: &ClassPredictions,
    labels: &[usize],
) -> Result<Section> {
    let c = &metrics.calibration;
    let expected = short(c.test.null_mean);
    let p = short(c.test.p_value);
    let mut blocks = vec![if c.test.p_value > 0.05 {
        Block::Good(format!(
            "The calibration error is one that perfect calibration would show on this many rows ({expected} on average, p = {p})."
        ))
    } else {
        Block::Warning(format!(
            "The calibration error is larger than perfect calibration would show on this many rows ({expected} on average, p = {p}): the stated confidence is off."
        ))
    }];
    let mut pictures: Vec<Shown> = Vec::new();
    if let Some((after, before)) = pipeline.reliability(test)? {
        let title = if before.is_some() { "After calibration." } else { "Reliability." };
        pictures.push((
            reliability_diagram(&after, "confidence"),
            title.into(),
            "Dots on the diagonal mean what they say; the band is where calibrated forecasts would lie.".into(),
        ));
        if let (Some(before), Some(calibrator)) = (before, pipeline.calibrator()) {
            pictures.push((
                reliability_diagram(&before, "confidence"),
                "Before calibration.".into(),
                format!("What {} was given.", calibrator.method().title()),
            ));
        }
    }
    let hits: Vec<bool> =
        predictions.proba.predicted().iter().zip(labels).map(|(&k, &y)| k as usize == y).collect();
    pictures.push((
        confidence_histogram(predictions.proba.confidence(), Some(&hits), 20),
        "Confidence.".into(),
        "How often each confidence occurs; the dashed line is the mean.".into(),
    ));
    blocks.push(Block::Pictures(pictures));
    Ok(Section { title: "How sure is it, and is it right to be?".into(), blocks })
}

fn mistakes(
    metrics: &ClassificationMetrics,
    predictions: &ClassPredictions,
    labels: &[usize],
) -> Result<Section> {
    let counts: Vec<Vec<u64>> = metrics
        .scores
        .confusion
        .iter()
        .map(|row| row.iter().map(|&count| count as u64).collect())
        .collect();
    let mut pictures: Vec<Shown> = vec![(
        confusion_matrix(&counts, &predictions.classes),
        "Confusion matrix.".into(),
        "Counts; the tint is the share of the true class.".into(),
    )];
    let (mut rocs, mut recalls) = (Vec::new(), Vec::new());
    // Of two classes, the curves of the second tell everything.
    let shown = if predictions.classes.len() == 2 { 1..2 } else { 0..predictions.classes.len() };
    let mut prevalence = None;
    for k in shown {
        let p = class_proba(predictions, k);
        let truth: Vec<bool> = labels.iter().map(|&y| y == k).collect();
        let name = predictions.classes[k].clone();
        prevalence = Some(truth.iter().filter(|&&t| t).count() as f64 / truth.len().max(1) as f64);
        rocs.extend(roc_curve(&truth, &p)?.map(|c| Curve {
            name: name.clone(),
            points: c.points,
            area: c.area,
        }));
        recalls.extend(precision_recall_curve(&truth, &p)?.map(|c| Curve {
            name,
            points: c.points,
            area: c.area,
        }));
    }
    if !rocs.is_empty() {
        let caption = if rocs.len() == 1 { "" } else { "Each class against the rest. " };
        pictures.push((roc(&rocs), "ROC.".into(), format!("{caption}The diagonal is chance.")));
        pictures.push((
            precision_recall(&recalls, prevalence),
            "Precision and recall.".into(),
            if caption.is_empty() { "The dashed line is chance." } else { caption }.into(),
        ));
    }
    Ok(Section { title: "What does it get wrong?".into(), blocks: vec![Block::Pictures(pictures)] })
}

fn sets(report: &CoverageReport, predictions: &ClassPredictions, labels: &[usize]) -> Section {
    let mean_size = |k: usize| {
        let of_class = |i: &usize| labels[*i] == k;
        let sets = predictions.sets.iter();
        let sizes: Vec<usize> = sets
            .flat_map(|sets| (0..labels.len()).filter(of_class).map(|i| sets.size(i)))
            .collect();
        sizes.iter().sum::<usize>() as f64 / sizes.len().max(1) as f64
    };
    let rows: Vec<ClassCoverage> = report
        .per_class
        .iter()
        .zip(&predictions.classes)
        .enumerate()
        .filter_map(|(k, (class, name))| {
            Some(ClassCoverage {
                name: name.clone(),
                coverage: class.coverage?,
                interval: class.interval?,
                n: usize::try_from(class.n).ok()?,
                mean_size: mean_size(k),
            })
        })
        .collect();
    let mut sizes: Vec<usize> = report
        .size_counts
        .iter()
        .map(|&count| usize::try_from(count).unwrap_or(usize::MAX))
        .collect();
    while sizes.len() > 2 && sizes.last() == Some(&0) {
        sizes.pop();
    }
    let mut blocks: Vec<Block> = report.overall.verdict.map(coverage_block).into_iter().collect();
    blocks.push(Block::Pictures(vec![
        (
            class_coverage(&rows, report.target),
            "Coverage by true class.".into(),
            "The promise holds on average over all rows; a class may have more or less.".into(),
        ),
        (
            set_sizes(&sizes),
            "Sizes of the sets.".into(),
            "One class where the model is sure; none where nothing fits well.".into(),
        ),
    ]));
    Section { title: "Sets that hold the truth".into(), blocks }
}

/// The verdict on coverage, as a remark.
pub(super) fn coverage_block(verdict: Verdict) -> Block {
    match verdict {
        Verdict::Within => Block::Good(
            "Coverage is as promised: the number of rows covered lies where its exact law puts 95 % of runs.".into(),
        ),
        Verdict::Below => Block::Warning(
            "Coverage is less than promised, beyond what chance explains: these rows are not like those the model was made from.".into(),
        ),
        Verdict::Above => Block::Text(
            "Coverage is more than promised: sets or intervals are larger than they need be.".into(),
        ),
    }
}

fn weights(pipeline: &Pipeline) -> Section {
    let about = pipeline.describe();
    let mut blocks = Vec::new();
    if about.outputs.len() <= MOST_DRAWN {
        let per = if about.outputs.len() == 1 {
            "change of the log-odds per standard deviation"
        } else {
            "change of the logit per standard deviation"
        };
        let pictures = about.outputs.iter().map(|output| {
            let drawn: Vec<Coefficient> = output
                .coefficients
                .iter()
                .map(|c| Coefficient {
                    name: c.name.clone(),
                    value: c.effect.copysign(c.value),
                    interval: None,
                })
                .collect();
            let class = output.class.as_deref().unwrap_or_default();
            (
                coefficients(&drawn, DRAWN, per),
                format!("Towards {class}."),
                "The largest effects.".to_owned(),
            )
        });
        blocks.push(Block::Pictures(pictures.collect()));
    }
    blocks.push(coefficient_table(&about.outputs));
    Section { title: "What does it look at?".into(), blocks }
}

fn class_proba(predictions: &ClassPredictions, k: usize) -> Vec<f64> {
    let P = predictions.proba.as_mat();
    (0..P.nrows()).map(|i| P[(i, k)]).collect()
}
