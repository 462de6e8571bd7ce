//! Ranking pictures: ROC and precision–recall curves.

use super::Picture;
use crate::chart::{Axis, Chart, clipped};
use crate::scale::label;

/// Points beyond this many per curve cannot be told apart.
const MOST_POINTS: usize = 400;
/// Colours there are for single curves.
const CLASSES: [(&str, &str); 3] = [("line sa", "fa"), ("line sb", "fb"), ("line sc", "fc")];

/// One curve with its name and the area under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the curve is of, for the legend.
    pub name: String,
    /// `(x, y)` in drawing order.
    pub points: Vec<(f64, f64)>,
    /// Area under the curve (for precision–recall, the average precision).
    pub area: f64,
}

/// The receiver operating characteristic: true-positive rate against
/// false-positive rate, the diagonal being chance.
///
/// Up to three curves are coloured and named; of more, each is drawn thin.
#[must_use]
pub fn roc(curves: &[Curve]) -> Picture {
    let mut chart = frame("false-positive rate", "true-positive rate", curves, "AUC");
    chart.rule("dash", (0.0, 0.0), (1.0, 1.0));
    draw(&mut chart, curves);
    chart.finish(describe("ROC curve", "area", curves))
}

/// Precision against recall; `prevalence` is the precision of chance, drawn
/// when there is one curve.
#[must_use]
pub fn precision_recall(curves: &[Curve], prevalence: Option<f64>) -> Picture {
    let mut chart = frame("recall", "precision", curves, "AP");
    if let (Some(p), [_]) = (prevalence, curves) {
        chart.rule("dash", (0.0, p), (1.0, p));
    }
    draw(&mut chart, curves);
    chart.finish(describe("Precision–recall curve", "average precision", curves))
}

fn frame(x: &str, y: &str, curves: &[Curve], unit: &str) -> Chart {
    let named: Vec<String> = curves
        .iter()
        .map(|c| format!("{} ({unit} {})", clipped(&c.name, 14), label(c.area)))
        .collect();
    let legend: Vec<(&str, &str)> = if curves.len() <= CLASSES.len() {
        CLASSES.iter().zip(&named).map(|(class, name)| (class.1, name.as_str())).collect()
    } else {
        Vec::new()
    };
    Chart::new(380.0, &Axis::unit(x), &Axis::unit(y), &legend)
}

fn draw(chart: &mut Chart, curves: &[Curve]) {
    for (i, curve) in curves.iter().enumerate() {
        let class = if curves.len() <= CLASSES.len() { CLASSES[i].0 } else { "thin sa faint" };
        chart.line(class, &thinned(&curve.points));
    }
}

/// At most [`MOST_POINTS`] of the points, the first and last among them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..MOST_POINTS).map(|k| points[k * last / (MOST_POINTS - 1)]).collect()
}

fn describe(what: &str, area: &str, curves: &[Curve]) -> String {
    let parts: Vec<String> =
        curves.iter().take(12).map(|c| format!("{}: {area} {}", c.name, label(c.area))).collect();
    format!("{what}. {}.", parts.join("; "))
}
