//! The reader's own trade-off: a slider for the decision threshold and two
//! costs, with the confusion counts and the expected cost at every threshold.

use serde::Serialize;

/// Counts at thresholds 0, 0.01, …, 1 of a binary classifier: positive is
/// predicted where p ≥ t (notes §4.3.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdTool {
    positive: String,
    negative: String,
    true_positives: Vec<u32>,
    false_positives: Vec<u32>,
    n_positive: u32,
    n_negative: u32,
}

impl ThresholdTool {
    /// Counts from the probabilities of the positive class and the truth.
    ///
    /// # Panics
    /// When the slices differ in length.
    #[must_use]
    pub fn new(positive: &str, negative: &str, p: &[f64], is_positive: &[bool]) -> Self {
        assert_eq!(p.len(), is_positive.len(), "one probability per label");
        const STEPS: usize = 100;
        let count = |t: f64, wanted: bool| {
            let hits = p.iter().zip(is_positive).filter(|&(&p, &y)| y == wanted && p >= t);
            hits.count() as u32
        };
        let thresholds: Vec<f64> = (0..=STEPS).map(|k| k as f64 / STEPS as f64).collect();
        let n_positive = is_positive.iter().filter(|&&y| y).count() as u32;
        Self {
            positive: positive.into(),
            negative: negative.into(),
            true_positives: thresholds.iter().map(|&t| count(t, true)).collect(),
            false_positives: thresholds.iter().map(|&t| count(t, false)).collect(),
            n_positive,
            n_negative: is_positive.len() as u32 - n_positive,
        }
    }

    pub(crate) fn positive(&self) -> &str {
        &self.positive
    }

    pub(crate) fn negative(&self) -> &str {
        &self.negative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_fall_as_the_threshold_rises() {
        let tool =
            ThresholdTool::new("yes", "no", &[0.9, 0.4, 0.6, 0.1], &[true, true, false, false]);
        assert_eq!((tool.true_positives[0], tool.false_positives[0]), (2, 2));
        assert_eq!((tool.true_positives[50], tool.false_positives[50]), (1, 1));
        assert_eq!((tool.true_positives[100], tool.false_positives[100]), (0, 0));
        assert_eq!((tool.n_positive, tool.n_negative), (2, 2));
    }
}
