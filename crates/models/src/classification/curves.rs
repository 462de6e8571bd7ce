//! The curves behind ranking scores: ROC and precision–recall, one point per
//! distinct score, so that ties are crossed in one step.

use crate::{Error, Result};

/// A curve with the area that summarises it.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingCurve {
    /// `(x, y)` by falling threshold.
    pub points: Vec<(f64, f64)>,
    /// The area under the ROC curve, or the average precision.
    pub area: f64,
}

/// The ROC curve: (false-positive rate, true-positive rate) at every threshold,
/// from (0, 0) to (1, 1); its area is the chance that a positive outranks a
/// negative, ties counting half. `None` unless both classes occur.
///
/// # Errors
/// [`Error::LengthMismatch`].
///
/// # Examples
/// ```
/// # use wonderland_models::roc_curve;
/// let curve = roc_curve(&[true, false, true], &[0.9, 0.5, 0.5])?.unwrap();
/// assert_eq!(curve.points, [(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)]);
/// assert_eq!(curve.area, 0.75);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn roc_curve(positive: &[bool], scores: &[f64]) -> Result<Option<RankingCurve>> {
    let steps = steps(positive, scores)?;
    let Some(&(n_positive, n_negative)) = steps.last() else { return Ok(None) };
    if n_positive == 0 || n_negative == 0 {
        return Ok(None);
    }
    let rate =
        |&(t, f): &(usize, usize)| (f as f64 / n_negative as f64, t as f64 / n_positive as f64);
    let points: Vec<(f64, f64)> =
        std::iter::once((0.0, 0.0)).chain(steps.iter().map(rate)).collect();
    let area = points.windows(2).map(|w| (w[1].0 - w[0].0) * 0.5 * (w[0].1 + w[1].1)).sum();
    Ok(Some(RankingCurve { points, area }))
}

/// The precision–recall curve: (recall, precision) at every threshold; its area
/// is the average precision Σ (Rₖ − Rₖ₋₁) Pₖ. `None` without positives.
///
/// # Errors
/// As [`roc_curve`].
///
/// # Examples
/// ```
/// # use wonderland_models::precision_recall_curve;
/// let curve = precision_recall_curve(&[true, false, true], &[0.9, 0.8, 0.7])?.unwrap();
/// assert_eq!(curve.points, [(0.5, 1.0), (0.5, 0.5), (1.0, 2.0 / 3.0)]);
/// assert!((curve.area - (0.5 + 1.0 / 3.0)).abs() < 1e-15);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn precision_recall_curve(positive: &[bool], scores: &[f64]) -> Result<Option<RankingCurve>> {
    let steps = steps(positive, scores)?;
    let n_positive = steps.last().map_or(0, |s| s.0);
    if n_positive == 0 {
        return Ok(None);
    }
    let point =
        |&(t, f): &(usize, usize)| (t as f64 / n_positive as f64, t as f64 / (t + f) as f64);
    let points: Vec<(f64, f64)> = steps.iter().map(point).collect();
    let mut reached = 0.0;
    let area = points
        .iter()
        .map(|&(recall, precision)| {
            let step = (recall - reached) * precision;
            reached = recall;
            step
        })
        .sum();
    Ok(Some(RankingCurve { points, area }))
}

/// Positives and negatives at or above each distinct score, by falling score.
fn steps(positive: &[bool], scores: &[f64]) -> Result<Vec<(usize, usize)>> {
    if positive.len() != scores.len() {
        let (actual, expected) = (scores.len(), positive.len());
        return Err(Error::LengthMismatch {
            name: "scores",
            actual,
            rows_of: "positive",
            expected,
        });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let (mut t, mut f, mut last) = (0, 0, f64::NAN);
    for i in order {
        let tied = scores[i].partial_cmp(&last) == Some(std::cmp::Ordering::Equal);
        if positive[i] {
            t += 1
        } else {
            f += 1
        }
        match steps.last_mut().filter(|_| tied) {
            Some(step) => *step = (t, f),
            None => steps.push((t, f)),
        }
        last = scores[i];
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::{precision_recall_curve, roc_curve};
    use crate::roc_auc_binary;

    #[test]
    fn the_area_is_the_auc_also_with_ties() {
        let scores: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 40)).collect();
        let positive: Vec<bool> =
            (0..200).map(|i| (i * 104_729 % 60) < 30 + (i * 7919 % 40) / 2).collect();
        let curve = roc_curve(&positive, &scores).unwrap().unwrap();
        let auc = roc_auc_binary(&positive, &scores).unwrap().unwrap();
        // Forty trapezia, each rounded a few times.
        assert!((curve.area - auc).abs() < 64.0 * f64::EPSILON, "{} {auc}", curve.area);
        assert_eq!(curve.points.len(), 41);
    }

    #[test]
    fn one_class_has_no_curve() {
        assert_eq!(roc_curve(&[true], &[0.5]).unwrap(), None);
        assert_eq!(roc_curve(&[], &[]).unwrap(), None);
        assert_eq!(precision_recall_curve(&[false], &[0.5]).unwrap(), None);
        assert!(roc_curve(&[true], &[]).is_err());
    }
}
