//! Pairwise Venn–Abers for several classes: one inductive map per pair of
//! classes, coupled into one distribution.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

use super::venn_abers::{Merge, VennAbers, VennAbersMap};
use crate::probabilities::for_rows;
use crate::{ClassForecasts, Error, Probabilities, Result};

/// Settings of pairwise Venn–Abers calibration.
///
/// The score of a pair is Pᵢ/(Pᵢ + Pⱼ), so that a map sees only how the model
/// weighs the two, and is fitted on the samples of these two classes.
///
/// # Examples
/// ```
/// use wonderland_calibration::{ClassForecasts, PairwiseVennAbers};
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]]);
/// let f = ClassForecasts::new(P.as_mat(), &[0, 1, 2])?;
/// let map = PairwiseVennAbers::default().fit(&f)?;
/// let Q = map.transform(f.proba())?;
/// // Both other classes are told from class 0 by one sample each: r = ⅔.
/// assert!((Q.as_mat()[(0, 0)] - 0.5).abs() < 1e-12);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PairwiseVennAbers {
    /// How the two probabilities of each pair become one.
    pub merge: Merge,
}

/// One Venn–Abers map per pair of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairwiseVennAbersMap {
    n_classes: usize,
    /// Of the pairs (0, 1), (0, 2), …, (1, 2), …; the event is the first.
    maps: Vec<VennAbersMap>,
}

impl PairwiseVennAbers {
    /// Fits m(m − 1)/2 maps on samples the model was not fitted on.
    ///
    /// # Errors
    /// [`Error::UnexpectedWeights`]: the guarantee rests on samples that may
    /// change places; [`Error::Empty`] when neither class of a pair has a
    /// sample.
    ///
    /// # References
    /// Manokhin 2017.
    pub fn fit(&self, f: &ClassForecasts<'_>) -> Result<PairwiseVennAbersMap> {
        if f.weights().is_some() {
            return Err(Error::UnexpectedWeights {
                method: "Venn–Abers calibration",
                instead: "isotonic calibration",
            });
        }
        let (P, m) = (f.proba().as_mat(), f.n_classes());
        let mut rows = vec![Vec::new(); m];
        f.labels().iter().enumerate().for_each(|(row, &k)| rows[k].push(row));
        let settings = VennAbers { merge: self.merge };
        let mut maps = Vec::with_capacity(m * (m - 1) / 2);
        for i in 0..m {
            for j in i + 1..m {
                let both = || rows[i].iter().chain(&rows[j]);
                let scores: Vec<f64> = both().map(|&row| share(P[(row, i)], P[(row, j)])).collect();
                let first: Vec<bool> = both().map(|&row| f.labels()[row] == i).collect();
                maps.push(settings.fit(&scores, &first)?);
            }
        }
        Ok(PairwiseVennAbersMap { n_classes: m, maps })
    }
}

impl PairwiseVennAbersMap {
    /// The coupled probabilities 1 / (Σⱼ≠ᵢ 1/rᵢⱼ − (m − 2)), divided by their
    /// sum, where rᵢⱼ is the merged probability of i against j.
    ///
    /// # Errors
    /// [`Error::ClassCount`] when the columns are not those of the fit.
    ///
    /// # References
    /// Price, Knerr, Personnaz and Dreyfus 1994.
    pub fn transform(&self, P: &Probabilities<'_>) -> Result<Probabilities<'static>> {
        let m = self.n_classes;
        if P.n_classes() != m {
            return Err(Error::ClassCount { expected: m, actual: P.n_classes() });
        }
        // Σ 1/r, gathered pair by pair so that each map serves all rows.
        let mut out = Tensor::zeros(&[P.n_samples(), m]);
        let mut scores = vec![0.0; P.n_samples()];
        let mut maps = self.maps.iter();
        for i in 0..m {
            for (j, map) in (i + 1..m).zip(&mut maps) {
                for_rows(P.as_mat(), |row, p| scores[row] = share(p[i], p[j]));
                for (row, r) in map.transform(&scores)?.into_iter().enumerate() {
                    // 0 < r < 1, since the new label itself counts.
                    out[[row, i]] += 1.0 / r;
                    out[[row, j]] += 1.0 / (1.0 - r);
                }
            }
        }
        for row in 0..P.n_samples() {
            let q = out.row_mut(row);
            if m > 1 {
                q.iter_mut().for_each(|q| *q = 1.0 / (*q - (m as f64 - 2.0)));
            } else {
                q.fill(1.0);
            }
            let sum: f64 = q.iter().sum();
            q.iter_mut().for_each(|q| *q /= sum);
        }
        Probabilities::from_tensor(out)
    }
}

/// Pᵢ/(Pᵢ + Pⱼ); ½ where the model rules out both.
fn share(p: f64, q: f64) -> f64 {
    if p + q > 0.0 { p / (p + q) } else { 0.5 }
}
