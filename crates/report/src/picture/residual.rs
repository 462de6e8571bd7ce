//! Regression in pictures: residuals and prediction intervals.

use super::Picture;
use crate::chart::{Axis, Chart};
use crate::scale::{label, padded_range};

/// A scatter of more points than this is thinned evenly.
const MOST_POINTS: usize = 1500;

/// Residuals y − ŷ against predictions ŷ; a good fit scatters evenly about 0.
///
/// # Panics
/// When the slices differ in length.
#[must_use]
pub fn residuals(y: &[f64], y_hat: &[f64]) -> Picture {
    assert_eq!(y.len(), y_hat.len(), "one prediction per target");
    let range = padded_range(y_hat.iter().copied(), 0.04);
    let errors: Vec<f64> = y.iter().zip(y_hat).map(|(y, p)| y - p).collect();
    let largest = errors.iter().fold(0.0_f64, |m, e| m.max(e.abs())) * 1.06;
    let x = Axis::new("prediction", range.0, range.1);
    let mut chart = Chart::new(320.0, &x, &Axis::new("residual", -largest, largest), &[]);
    chart.rule("line si faint", (range.0, 0.0), (range.1, 0.0));
    for i in chosen(y.len()) {
        chart.dot("fa faint", y_hat[i], errors[i], 2.5, "");
    }
    let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len().max(1) as f64).sqrt();
    chart.finish(format!(
        "Residuals of {} test samples against their predictions; root mean square {}.",
        y.len(),
        label(rmse)
    ))
}

/// A prediction interval beside the value it should hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end; may be −∞.
    pub lower: f64,
    /// Upper end; may be ∞.
    pub upper: f64,
    /// The true value.
    pub y: f64,
}

/// Prediction intervals in order of their middle, true values as dots:
/// those outside their interval stand out.
#[must_use]
pub fn intervals(rows: &[Interval]) -> Picture {
    let mut rows: Vec<Interval> = chosen_up_to(rows.len(), 160).map(|i| rows[i]).collect();
    rows.sort_by(|a, b| (a.lower + a.upper).total_cmp(&(b.lower + b.upper)));
    let range = padded_range(rows.iter().flat_map(|r| [r.lower, r.upper, r.y]), 0.04);
    let legend = [("fa", "interval"), ("fc", "inside"), ("fb", "outside")];
    let x = Axis {
        names: Some(Vec::new()),
        ..Axis::new("test samples, by predicted value", -1.0, rows.len() as f64)
    };
    let mut chart = Chart::new(320.0, &x, &Axis::new("target", range.0, range.1), &legend);
    let mut held = 0;
    for (i, row) in rows.iter().enumerate() {
        let at = i as f64;
        let inside = row.lower <= row.y && row.y <= row.upper;
        held += usize::from(inside);
        let (low, high) = (row.lower.max(range.0), row.upper.min(range.1));
        chart.rule("thin sa faint", (at, low), (at, high));
        let note = format!("{} in [{}, {}]", label(row.y), label(row.lower), label(row.upper));
        chart.dot(if inside { "fc" } else { "fb" }, at, row.y, 2.6, &note);
    }
    chart.finish(format!(
        "Prediction intervals of {} test samples; {held} hold the true value.",
        rows.len()
    ))
}

fn chosen(n: usize) -> impl Iterator<Item = usize> {
    chosen_up_to(n, MOST_POINTS)
}

/// `most` indices spread evenly over 0..n, or all of them.
fn chosen_up_to(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = n.min(most);
    (0..count).map(move |k| k * n / count)
}
