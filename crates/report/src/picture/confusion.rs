//! The confusion matrix as a table of tinted cells.

use super::Picture;
use crate::chart::{Axis, Chart, clipped};

/// Beyond this many classes the cells are too small for numbers.
const MOST_NUMBERED: usize = 14;

/// The confusion matrix: rows are true classes, columns predicted ones, cells
/// tinted by their share of the row.
///
/// # Panics
/// When `counts` is not `classes.len()` rows of as many counts.
#[must_use]
pub fn confusion_matrix(counts: &[Vec<u64>], classes: &[String]) -> Picture {
    let m = classes.len();
    assert!(
        counts.len() == m && counts.iter().all(|row| row.len() == m),
        "a confusion matrix of {m} classes needs {m} rows of {m} counts"
    );
    let names = |flip: bool| -> Vec<(f64, String)> {
        let most = if flip || m <= 6 { 16 } else { 4 };
        classes
            .iter()
            .enumerate()
            .map(|(k, name)| {
                let at = if flip { m - 1 - k } else { k } as f64 + 0.5;
                (at, clipped(name, most))
            })
            .collect()
    };
    let x = Axis { names: Some(names(false)), ..Axis::new("predicted class", 0.0, m as f64) };
    let y = Axis { names: Some(names(true)), ..Axis::new("true class", 0.0, m as f64) };
    let height = 130.0 + (300.0_f64).min(46.0 * m as f64).max(90.0);
    let mut chart = Chart::new(height, &x, &y, &[]);
    for (i, row) in counts.iter().enumerate() {
        let total = row.iter().sum::<u64>();
        for (j, &count) in row.iter().enumerate() {
            let share = if total == 0 { 0.0 } else { count as f64 / total as f64 };
            let (column, level) = (j as f64, (m - 1 - i) as f64);
            let class = if i == j { "fa" } else { "fb" };
            let note = format!(
                "{count} of {total} with true class {} predicted as {} ({:.1} %)",
                classes[i],
                classes[j],
                100.0 * share
            );
            let opacity = 0.05 + 0.95 * share;
            chart.cell(class, opacity, (column, column + 1.0), (level, level + 1.0), &note);
            if m <= MOST_NUMBERED && (count > 0 || m <= 6) {
                let ink = if share > 0.55 { "mid on" } else { "mid" };
                chart.text(ink, (column + 0.5, level + 0.5), (0.0, 4.5), &count.to_string());
            }
        }
    }
    let right: u64 = (0..m).map(|k| counts[k][k]).sum();
    let all: u64 = counts.iter().flatten().sum();
    chart.finish(format!(
        "Confusion matrix of {m} classes: {right} of {all} on the diagonal. Rows are true classes, columns predicted ones."
    ))
}
