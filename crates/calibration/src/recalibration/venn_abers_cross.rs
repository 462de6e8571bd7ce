//! Cross Venn–Abers: one inductive map per fold of out-of-fold scores, merged
//! by geometric means, so that every sample both trains and calibrates.

use serde::{Deserialize, Serialize};
use wonderland_linalg::MatRef;

use super::venn_abers::{VennAbers, VennAbersMap, VennAbersPair};
use crate::{Error, Result, check};

/// Settings of cross Venn–Abers calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CrossVennAbers;

/// One Venn–Abers map per fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossVennAbersMap {
    /// The maps, by fold.
    pub folds: Vec<VennAbersMap>,
}

impl CrossVennAbers {
    /// Fits a map on the out-of-fold scores of every fold: `fold[i]` names the
    /// fold whose model, fitted without sample i, gave `scores[i]`.
    ///
    /// # Errors
    /// Bad lengths or values; [`Error::Empty`] when a fold below the largest
    /// has no samples.
    ///
    /// # References
    /// Vovk, Petej and Fedorova 2015, section 4.
    pub fn fit(&self, scores: &[f64], y: &[bool], fold: &[usize]) -> Result<CrossVennAbersMap> {
        check::length("y", y.len(), scores.len(), "score")?;
        check::length("fold", fold.len(), scores.len(), "score")?;
        if let Some(row) = fold.iter().position(|&k| k >= fold.len()) {
            return Err(Error::UnknownLabel { row, label: fold[row], n_classes: fold.len() });
        }
        let Some(n_folds) = fold.iter().max().map(|k| k + 1) else {
            return Err(Error::Empty { what: "scores" });
        };
        let mut parts = vec![(Vec::new(), Vec::new()); n_folds];
        for ((&s, &y), &k) in scores.iter().zip(y).zip(fold) {
            parts[k].0.push(s);
            parts[k].1.push(y);
        }
        let folds: Result<_> = parts.iter().map(|(s, y)| VennAbers::default().fit(s, y)).collect();
        Ok(CrossVennAbersMap { folds: folds? })
    }
}

impl CrossVennAbersMap {
    /// The merged probabilities of new samples; column k of `scores` ~ (n, K)
    /// holds the scores of the model fitted without fold k:
    /// GM(p₁) / (GM(1 − p₀) + GM(p₁)).
    ///
    /// # Errors
    /// [`Error::ClassCount`] unless there is one column per fold;
    /// [`Error::NonFinite`] for NaN.
    pub fn transform(&self, scores: MatRef<'_, f64>) -> Result<Vec<f64>> {
        if scores.ncols() != self.folds.len() {
            return Err(Error::ClassCount { expected: self.folds.len(), actual: scores.ncols() });
        }
        (0..scores.nrows())
            .map(|i| self.merge((0..scores.ncols()).map(|k| scores[(i, k)])))
            .collect()
    }

    /// The same when every fold's model gives the same score, as when a fixed
    /// model is calibrated in folds.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn transform_shared(&self, scores: &[f64]) -> Result<Vec<f64>> {
        scores.iter().map(|&s| self.merge(self.folds.iter().map(|_| s))).collect()
    }

    fn merge(&self, scores: impl Iterator<Item = f64>) -> Result<f64> {
        let (mut yes, mut no) = (0.0, 0.0);
        for (map, s) in self.folds.iter().zip(scores) {
            let VennAbersPair { p0, p1 } = map.pair(s)?;
            yes += p1.ln();
            no += (1.0 - p0).ln();
        }
        let n = self.folds.len() as f64;
        let (yes, no) = ((yes / n).exp(), (no / n).exp());
        // p₁ > 0 and p₀ < 1 always, since the new label itself counts.
        Ok(yes / (yes + no))
    }
}
