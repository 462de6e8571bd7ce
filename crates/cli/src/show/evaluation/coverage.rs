//! Coverage of prediction sets and intervals, beside what the law allows.

use std::fmt::Write as _;

use serde::Serialize;
use wonderland::calibration::{CoverageReport, Verdict};
use wonderland::{Metrics, Pipeline};

use crate::show::{interval, significant};

/// The keys of conformal prediction in JSON.
#[derive(Serialize)]
pub(in crate::show) struct ConformalKeys<'a> {
    target_coverage: f64,
    coverage: Option<f64>,
    coverage_ci: Option<(f64, f64)>,
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_set_size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_width: Option<f64>,
    threshold: f64,
    #[serde(skip)]
    report: &'a CoverageReport,
}

impl<'a> ConformalKeys<'a> {
    pub(in crate::show) fn new(pipeline: &Pipeline, metrics: &'a Metrics) -> Option<Self> {
        let report = metrics.coverage()?;
        Some(Self {
            target_coverage: report.target,
            coverage: report.overall.coverage,
            coverage_ci: report.overall.interval,
            verdict: report.overall.verdict,
            mean_set_size: report.mean_set_size,
            mean_width: match metrics {
                Metrics::Regression(metrics) => metrics.mean_width,
                Metrics::Classification(_) => None,
            },
            threshold: pipeline.conformal()?.threshold(),
            report,
        })
    }

    /// What was promised, what came, and whether that is as it should be.
    pub(super) fn text(&self) -> String {
        let overall = &self.report.overall;
        let percent = significant(100.0 * self.report.level);
        let mut text = format!("coverage: {} asked", significant(self.target_coverage));
        if let (Some(coverage), Some((low, high))) = (self.coverage, self.coverage_ci) {
            let _ = write!(
                text,
                ", {} of {} rows covered = {} {}",
                overall.covered,
                overall.n,
                significant(coverage),
                interval([low, high])
            );
        }
        text.push('\n');
        if let (Some((low, high)), Some(verdict)) = (overall.band, overall.verdict) {
            let says = match verdict {
                Verdict::Within => "as promised",
                Verdict::Below => {
                    "LESS than promised: these rows are not like those the model was made from"
                }
                Verdict::Above => {
                    "more than promised: sets or intervals are larger than they need be"
                }
            };
            let _ = writeln!(text, "  {percent} % of runs cover {low} to {high} rows: {says}");
        }
        if let Some(size) = self.mean_set_size {
            let _ = write!(text, "  sets hold {} classes on average", significant(size));
            let counts: Vec<String> = (self.report.size_counts.iter().enumerate())
                .filter(|(_, count)| **count > 0)
                .map(|(size, count)| format!("{count} hold {size}"))
                .collect();
            let _ = writeln!(text, " ({})", counts.join(", "));
        }
        if let Some(width) = self.mean_width {
            let _ = writeln!(text, "  intervals reach {} to either side", significant(0.5 * width));
        }
        text
    }
}
