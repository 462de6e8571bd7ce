//! Coefficients of a linear model, largest first, with their uncertainty.

use super::Picture;
use crate::chart::{Axis, Chart, clipped};
use crate::scale::{label, padded_range};

/// One coefficient in the units it is drawn in.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// The feature.
    pub name: String,
    /// Its coefficient.
    pub value: f64,
    /// Interval about it, where there is one.
    pub interval: Option<(f64, f64)>,
}

/// Up to `most` coefficients of largest size as dots with intervals about zero.
#[must_use]
pub fn coefficients(rows: &[Coefficient], most: usize, unit: &str) -> Picture {
    let mut order: Vec<&Coefficient> = rows.iter().collect();
    order.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    order.truncate(most.max(1));
    let n = order.len();
    let ends = order.iter().flat_map(|c| {
        let (low, high) = c.interval.unwrap_or((c.value, c.value));
        [low, high, 0.0]
    });
    let (low, high) = padded_range(ends, 0.06);
    let names = order
        .iter()
        .enumerate()
        .map(|(i, c)| ((n - i) as f64 - 0.5, clipped(&c.name, 22)))
        .collect();
    let y = Axis { names: Some(names), ..Axis::new("", 0.0, n as f64) };
    let mut chart = Chart::new(70.0 + 24.0 * n.max(2) as f64, &Axis::new(unit, low, high), &y, &[]);
    chart.rule("axis", (0.0, 0.0), (0.0, n as f64));
    for (i, c) in order.iter().enumerate() {
        let at = (n - i) as f64 - 0.5;
        let class = if c.value < 0.0 { ("line sb", "fb ring") } else { ("line sa", "fa ring") };
        let mut note = format!("{}: {}", c.name, label(c.value));
        if let Some((low, high)) = c.interval {
            chart.rule(class.0, (low, at), (high, at));
            note.push_str(&format!(" ({} to {})", label(low), label(high)));
        } else {
            chart.row_bar(if c.value < 0.0 { "fb" } else { "fa" }, (0.0, c.value), at, 10.0, &note);
        }
        chart.dot(class.1, c.value, at, 4.5, &note);
    }
    let parts: Vec<String> =
        order.iter().take(8).map(|c| format!("{} {}", c.name, label(c.value))).collect();
    chart.finish(format!("The {n} largest coefficients ({unit}): {}.", parts.join(", ")))
}
