//! Conformal prediction in pictures: coverage per class and sizes of sets.

use super::Picture;
use crate::chart::{Axis, Chart, clipped};
use crate::scale::label;

/// Coverage of one class (or of all) with its confidence interval.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassCoverage {
    /// The class.
    pub name: String,
    /// Share of its samples whose set holds the true class.
    pub coverage: f64,
    /// Lower and upper end of the interval for the coverage.
    pub interval: (f64, f64),
    /// Number of test samples.
    pub n: usize,
    /// Mean number of classes in the set.
    pub mean_size: f64,
}

/// Coverage per class as dots with intervals, the target as a line.
#[must_use]
pub fn class_coverage(rows: &[ClassCoverage], target: f64) -> Picture {
    let n = rows.len();
    let names = rows
        .iter()
        .enumerate()
        .map(|(i, r)| ((n - i) as f64 - 0.5, clipped(&r.name, 22)))
        .collect();
    let low = rows.iter().map(|r| r.interval.0).fold(target, f64::min);
    let low = ((low - 0.02) * 10.0).floor() / 10.0;
    let y = Axis { names: Some(names), ..Axis::new("", 0.0, n as f64) };
    let x = Axis::new("coverage", low.max(0.0), 1.0);
    let mut chart = Chart::new(70.0 + 26.0 * n.max(2) as f64, &x, &y, &[]);
    chart.rule("dash si", (target, 0.0), (target, n as f64));
    for (i, row) in rows.iter().enumerate() {
        let at = (n - i) as f64 - 0.5;
        let note = format!(
            "{}: coverage {} ({} to {}), n = {}, mean set size {}",
            row.name,
            label(row.coverage),
            label(row.interval.0),
            label(row.interval.1),
            row.n,
            label(row.mean_size)
        );
        chart.rule("line sa", (row.interval.0.max(low), at), (row.interval.1, at));
        chart.dot("fa ring", row.coverage, at, 5.0, &note);
    }
    let parts: Vec<String> =
        rows.iter().take(12).map(|r| format!("{} {}", r.name, label(r.coverage))).collect();
    chart.finish(format!("Coverage against the target {}: {}.", label(target), parts.join(", ")))
}

/// How many prediction sets hold 0, 1, 2, … classes: `counts[k]` sets of size k.
#[must_use]
pub fn set_sizes(counts: &[usize]) -> Picture {
    let total: usize = counts.iter().sum();
    let tallest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let names = (0..counts.len()).map(|k| (k as f64, k.to_string())).collect();
    let x = Axis {
        names: Some(names),
        ..Axis::new("classes in the set", -0.5, counts.len() as f64 - 0.5)
    };
    let mut chart = Chart::new(260.0, &x, &Axis::new("samples", 0.0, tallest * 1.12), &[]);
    for (size, &count) in counts.iter().enumerate() {
        let note = format!("{count} of {total} sets hold {size} classes");
        let at = size as f64;
        chart.bar("fa", (at - 0.4, at + 0.4), (0.0, count as f64), 0.0, &note);
        if count > 0 && counts.len() <= 16 {
            chart.text("mid small", (at, count as f64), (0.0, -5.0), &count.to_string());
        }
    }
    let sum: usize = counts.iter().enumerate().map(|(k, c)| k * c).sum();
    let mean = sum as f64 / total.max(1) as f64;
    chart.finish(format!("Sizes of {total} prediction sets; mean {}.", label(mean)))
}
