//! The reliability diagram: observed frequency against forecast (notes §4.3.4).

use wonderland_calibration::Reliability;

use super::Picture;
use crate::chart::{Axis, Chart};
use crate::scale::label;

/// Share of the height given to the bars of counts.
const COUNTS: f64 = 0.16;

/// The reliability diagram: a dot for each bin at its mean forecast and
/// observed frequency, larger for more samples, joined to the diagonal by its
/// gap; the isotonic curve; the band that calibrated forecasts would stay in;
/// and along the foot how many samples each bin holds.
///
/// `forecast` names what is forecast, for the axis: “confidence”, or the
/// probability of a class.
#[must_use]
pub fn reliability_diagram(reliability: &Reliability, forecast: &str) -> Picture {
    let legend = [("fa", "bins"), ("fc", "isotonic curve"), ("band", "if calibrated")];
    let mut chart =
        Chart::new(400.0, &Axis::unit(forecast), &Axis::unit("observed frequency"), &legend);
    draw_counts(&mut chart, reliability);
    let band: Vec<(f64, f64, f64)> =
        reliability.band.iter().map(|b| (b.p, b.lower, b.upper)).collect();
    chart.area("band", &band);
    chart.rule("dash", (0.0, 0.0), (1.0, 1.0));
    let curve: Vec<(f64, f64)> = reliability.curve.iter().map(|c| (c.p, c.calibrated)).collect();
    chart.line("line sc", &curve);
    draw_bins(&mut chart, reliability);
    chart.finish(describe(reliability, forecast))
}

/// Bars of counts along the foot of the plot.
fn draw_counts(chart: &mut Chart, reliability: &Reliability) {
    let rows = &reliability.table.rows;
    let most = rows.iter().map(|r| r.count).max().unwrap_or(0).max(1) as f64;
    for row in rows.iter().filter(|r| r.count > 0) {
        let tall = COUNTS * row.count as f64 / most;
        let note = format!("{} samples in {} to {}", row.count, label(row.lower), label(row.upper));
        chart.bar("fsoft faint", (row.lower, row.upper), (0.0, tall), 1.0, &note);
    }
}

fn draw_bins(chart: &mut Chart, reliability: &Reliability) {
    let rows = &reliability.table.rows;
    let most = rows.iter().map(|r| r.count).max().unwrap_or(0).max(1) as f64;
    for row in rows {
        let (Some(p), Some(observed)) = (row.mean_p, row.frequency) else { continue };
        let radius = 2.5 + 4.5 * (row.count as f64 / most).sqrt();
        let note = format!(
            "{} samples: mean forecast {}, observed {}, gap {}",
            row.count,
            label(p),
            label(observed),
            label((observed - p).abs())
        );
        chart.rule("thin sb", (p, p), (p, observed));
        chart.dot("fa ring", p, observed, radius, &note);
    }
}

fn describe(reliability: &Reliability, forecast: &str) -> String {
    let worst = reliability
        .table
        .rows
        .iter()
        .filter_map(|r| Some((r.gap()?, r)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = format!(
        "Reliability diagram of the {forecast} of {} samples: expected calibration error {}.",
        reliability.n_samples,
        label(reliability.error.ece)
    );
    if let Some((gap, row)) = worst {
        text.push_str(&format!(
            " The widest gap, {}, is between {} and {} ({} samples).",
            label(gap),
            label(row.lower),
            label(row.upper),
            row.count
        ));
    }
    text
}
