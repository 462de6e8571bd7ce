//! The sections of a regression.

use wonderland_data::Table;
use wonderland_report::{
    Block, Coefficient, Interval, Section, coefficients, intervals, residuals,
};

use super::classification::coverage_block;
use super::{coefficient_table, short, with_interval};
use crate::{Pipeline, Predictions, RegressionMetrics, Result, rows};

/// Coefficients drawn.
const DRAWN: usize = 12;

pub(super) fn sections(
    pipeline: &Pipeline,
    metrics: &RegressionMetrics,
    test: &Table,
) -> Result<Vec<Section>> {
    let y = rows::numbers(test, pipeline.target())?;
    let Predictions::Numbers(predictions) = pipeline.predict(test)? else { return Ok(Vec::new()) };
    let s = &metrics.scores;
    let mut tiles = Vec::new();
    if let Some(r2) = s.r2 {
        tiles.push((short(r2.value), with_interval("R²", r2.interval)));
    }
    tiles.push((short(s.rmse.value), with_interval("root mean squared error", s.rmse.interval)));
    tiles.push((short(s.mae.value), with_interval("mean absolute error", s.mae.interval)));
    let mut sections = vec![
        Section {
            title: String::new(),
            blocks: vec![
                Block::Tiles(tiles),
                Block::Text(format!(
                    "Always answering the training mean has a root mean squared error of {} and a mean absolute error of {}.",
                    short(s.baseline.rmse),
                    short(s.baseline.mae)
                )),
            ],
        },
        Section {
            title: "How far off is it?".into(),
            blocks: vec![Block::Pictures(vec![(
                residuals(y, &predictions.values),
                "Residuals.".into(),
                "A good fit scatters evenly about zero; a curve or a funnel is structure the model has missed.".into(),
            )])],
        },
    ];
    if let (Some(ends), Some(report)) = (&predictions.intervals, &metrics.coverage) {
        let drawn: Vec<Interval> =
            ends.iter().zip(y).map(|(&[lower, upper], &y)| Interval { lower, upper, y }).collect();
        let caption = format!(
            "{} of {} intervals hold the true value; {} % asked.",
            report.overall.covered,
            report.overall.n,
            short(100.0 * report.target)
        );
        let pictures = vec![(intervals(&drawn), "Prediction intervals.".into(), caption)];
        let verdict = report.overall.verdict.map(coverage_block);
        sections.push(Section {
            title: "How sure is it?".into(),
            blocks: verdict.into_iter().chain([Block::Pictures(pictures)]).collect(),
        });
    }
    let about = pipeline.describe();
    let drawn: Vec<Coefficient> = about
        .outputs
        .iter()
        .flat_map(|output| &output.coefficients)
        .map(|c| {
            // Per standard deviation, so that columns of different units compare.
            let factor = if c.value == 0.0 { 0.0 } else { c.effect / c.value.abs() };
            Coefficient {
                name: c.name.clone(),
                value: c.value * factor,
                interval: c.interval.map(|[low, high]| (low * factor, high * factor)),
            }
        })
        .collect();
    sections.push(Section {
        title: "What does it look at?".into(),
        blocks: vec![
            Block::Pictures(vec![(
                coefficients(&drawn, DRAWN, "change of the prediction per standard deviation"),
                "Largest effects.".into(),
                "With 95 % intervals where the fit gives standard errors.".into(),
            )]),
            coefficient_table(&about.outputs),
        ],
    });
    Ok(sections)
}
