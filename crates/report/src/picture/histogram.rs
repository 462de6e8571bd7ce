//! How often each confidence occurs: a histogram on [0, 1].

use super::Picture;
use crate::chart::{Axis, Chart};
use crate::scale::label;

/// The histogram of values in [0, 1] in `n_bins` equal bins, right-closed, the
/// mean marked.
///
/// With `hits` (was the prediction right?), each bar is split into right and
/// wrong. Values outside [0, 1] are counted in the nearest bin.
#[must_use]
pub fn confidence_histogram(confidence: &[f64], hits: Option<&[bool]>, n_bins: usize) -> Picture {
    let n_bins = n_bins.max(1);
    let mut counts = vec![(0_usize, 0_usize); n_bins];
    for (i, &p) in confidence.iter().enumerate() {
        let bin = ((p * n_bins as f64).ceil() as usize).clamp(1, n_bins) - 1;
        let wrong = hits.is_some_and(|hits| !hits[i]);
        if wrong { counts[bin].1 += 1 } else { counts[bin].0 += 1 }
    }
    let tallest = counts.iter().map(|&(a, b)| a + b).max().unwrap_or(0).max(1);
    let legend: &[(&str, &str)] =
        if hits.is_some() { &[("fa", "right"), ("fb", "wrong")] } else { &[] };
    let y = Axis::new("samples", 0.0, tallest as f64 * 1.05);
    let mut chart = Chart::new(260.0, &Axis::unit("confidence"), &y, legend);
    for (i, &(right, wrong)) in counts.iter().enumerate() {
        let span = (i as f64 / n_bins as f64, (i + 1) as f64 / n_bins as f64);
        let note = format!("{} to {}: {} samples", label(span.0), label(span.1), right + wrong);
        chart.bar("fa", span, (0.0, right as f64), 1.0, &note);
        if wrong > 0 {
            chart.bar("fb", span, (right as f64, (right + wrong) as f64), 1.0, &note);
        }
    }
    let mut alt = format!("Histogram of {} confidences in {n_bins} bins.", confidence.len());
    if !confidence.is_empty() {
        let mean = confidence.iter().sum::<f64>() / confidence.len() as f64;
        chart.rule("dash si", (mean, 0.0), (mean, tallest as f64 * 1.05));
        alt.push_str(&format!(" Mean confidence {}.", label(mean)));
        if let Some(hits) = hits {
            let accuracy = hits.iter().filter(|&&h| h).count() as f64 / hits.len() as f64;
            alt.push_str(&format!(" Accuracy {}.", label(accuracy)));
        }
    }
    chart.finish(alt)
}
