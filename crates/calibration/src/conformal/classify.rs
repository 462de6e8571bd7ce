//! Split conformal classification: score a held-out set, take the rank-exact
//! threshold, keep every class that scores no worse (notes §4.3.4).

use serde::{Deserialize, Serialize};

use super::alpha::Alpha;
use super::score::{ClassScore, Scorer};
use super::sets::PredictionSets;
use super::threshold::{Threshold, conformal_threshold};
use crate::blocks::{LANES, Lanes};
use crate::random::{Purpose, uniforms};
use crate::{ClassForecasts, Error, Probabilities, Result, check};

/// Over which samples the promise holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Grouping {
    /// On average over all samples.
    #[default]
    Marginal,
    /// Within each true class: one threshold per class. A class with too few
    /// calibration samples has an unbounded threshold, so it is in every set.
    ByClass,
}

/// Settings of split conformal classification.
///
/// # Guarantee
/// If calibration and new samples are exchangeable, the set holds the true
/// class with probability at least 1 − α, and at most 1 − α + 1/(n + 1) when
/// scores have no ties (LAC on continuous probabilities, randomised APS).
///
/// # Examples
/// ```
/// use wonderland_calibration::{Alpha, ClassForecasts, ConformalClassification, Probabilities};
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]);
/// let held_out = ClassForecasts::new(P.as_mat(), &[0, 1, 1])?;
/// let settings = ConformalClassification::new(Alpha::new(1, 4)?);
/// let conformal = settings.fit(&held_out)?; // k = ⌈4 · 3/4⌉ = 3, score 0.6
/// let new = Tensor::from_rows(&[[0.5, 0.5], [0.7, 0.3]]);
/// let sets = conformal.predict(&Probabilities::new(new.as_mat())?, 0)?;
/// assert_eq!((sets.size(0), sets.size(1)), (2, 1));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConformalClassification {
    /// The miscoverage α.
    pub alpha: Alpha,
    /// The score.
    pub score: ClassScore,
    /// Over which samples the promise holds.
    pub grouping: Grouping,
    /// Puts the top class into a set that would be empty. Coverage only grows.
    pub force_nonempty: bool,
    /// Seed of the numbers u of the calibration samples.
    pub seed: u64,
}

impl ConformalClassification {
    /// LAC, marginal, sets may be empty.
    #[must_use]
    pub fn new(alpha: Alpha) -> Self {
        Self {
            alpha,
            score: ClassScore::Lac,
            grouping: Grouping::Marginal,
            force_nonempty: false,
            seed: 0,
        }
    }

    /// Finds the threshold on samples the model was not fitted on.
    ///
    /// # Errors
    /// [`Error::BadParameter`] for a bad penalty; [`Error::UnexpectedWeights`].
    pub fn fit(&self, f: &ClassForecasts<'_>) -> Result<ConformalClassifier> {
        if f.weights().is_some() {
            return Err(Error::UnexpectedWeights {
                method: "split conformal classification",
                instead: "WeightedConformalClassification",
            });
        }
        let groups = grouped_scores(self.score, self.grouping, f, self.seed)?;
        let thresholds: Result<Vec<_>> =
            groups.iter().map(|scores| conformal_threshold(scores, self.alpha)).collect();
        Ok(ConformalClassifier {
            settings: *self,
            n_classes: f.n_classes(),
            thresholds: thresholds?,
            n_calibration: groups.iter().map(Vec::len).collect(),
        })
    }
}

/// A fitted conformal classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConformalClassifier {
    /// The settings it was fitted with.
    pub settings: ConformalClassification,
    /// Number of classes m.
    pub n_classes: usize,
    /// The threshold, or one per class.
    pub thresholds: Vec<Threshold>,
    /// Calibration samples behind each threshold.
    pub n_calibration: Vec<usize>,
}

impl ConformalClassifier {
    /// The sets of new samples; `seed` draws their numbers u, the i-th for
    /// row i, from another stream than the calibration's.
    ///
    /// # Errors
    /// [`Error::ClassCount`] when the columns are not those of the fit.
    pub fn predict(&self, P: &Probabilities<'_>, seed: u64) -> Result<PredictionSets> {
        if self.settings.score.is_randomised() {
            let u = uniforms(seed, Purpose::ConformalPredict, P.n_samples());
            self.predict_with(P, &u)
        } else {
            self.predict_inner(P, None)
        }
    }

    /// The sets of new samples with given numbers u in [0, 1], one per row.
    ///
    /// # Errors
    /// [`Error::ClassCount`], [`Error::LengthMismatch`], [`Error::NotAProbability`].
    pub fn predict_with(&self, P: &Probabilities<'_>, u: &[f64]) -> Result<PredictionSets> {
        check::length("u", u.len(), P.n_samples(), "row")?;
        check::probabilities("u", u)?;
        self.predict_inner(P, Some(u))
    }

    fn predict_inner(&self, P: &Probabilities<'_>, u: Option<&[f64]>) -> Result<PredictionSets> {
        let m = P.n_classes();
        if m != self.n_classes {
            return Err(Error::ClassCount { expected: self.n_classes, actual: m });
        }
        let limits: Vec<f64> = match self.thresholds.as_slice() {
            [q] => vec![q.value(); m],
            by_class => by_class.iter().map(|q| q.value()).collect(),
        };
        let mut sets = PredictionSets::empty(P.n_samples(), m);
        let forced = self.settings.force_nonempty.then(|| P.predicted());
        if self.settings.score == ClassScore::Lac && forced.is_none() && m <= 64 {
            sets.insert_lac(P.as_mat(), &limits);
            return Ok(sets);
        }
        let limits: Vec<Lanes> = limits.into_iter().map(|q| [q; LANES]).collect();
        let scorer = Scorer::new(self.settings.score, m);
        scorer.for_blocks(
            P.as_mat(),
            |i| u.map_or(0.0, |u| u[i]),
            |first, rows, scores| {
                sets.insert_block(first, rows, scores, &limits);
                if let Some(top) = forced {
                    for (i, &top) in (first..).zip(&top[first..first + rows]) {
                        if sets.size(i) == 0 {
                            sets.insert(i, top as usize);
                        }
                    }
                }
            },
        );
        Ok(sets)
    }

    /// Fails unless every threshold is finite.
    ///
    /// # Errors
    /// [`Error::CalibrationSetTooSmall`] with the number of samples needed.
    pub fn require_finite(&self) -> Result<()> {
        match self.thresholds.iter().position(|q| *q == Threshold::Unbounded) {
            None => Ok(()),
            Some(k) => Err(Error::CalibrationSetTooSmall {
                n: self.n_calibration[k],
                needed: self.settings.alpha.least_n(),
                group: if self.thresholds.len() > 1 {
                    format!(" of class {k}")
                } else {
                    String::new()
                },
            }),
        }
    }
}

/// The scores of the true classes: of all samples, or of each class.
pub(super) fn grouped_scores(
    score: ClassScore,
    grouping: Grouping,
    f: &ClassForecasts<'_>,
    seed: u64,
) -> Result<Vec<Vec<f64>>> {
    let scores = true_class_scores(score, f, seed)?;
    Ok(match grouping {
        Grouping::Marginal => vec![scores],
        Grouping::ByClass => {
            let mut groups = vec![Vec::new(); f.n_classes()];
            f.labels().iter().zip(scores).for_each(|(&y, s)| groups[y].push(s));
            groups
        }
    })
}

/// The score of each sample's true class.
pub(crate) fn true_class_scores(
    score: ClassScore,
    f: &ClassForecasts<'_>,
    seed: u64,
) -> Result<Vec<f64>> {
    score.check()?;
    let u = score.is_randomised().then(|| uniforms(seed, Purpose::ConformalFit, f.n_samples()));
    let mut scores = Vec::with_capacity(f.n_samples());
    Scorer::new(score, f.n_classes()).for_blocks(
        f.proba().as_mat(),
        |i| u.as_ref().map_or(0.0, |u| u[i]),
        |first, rows, block| scores.extend((0..rows).map(|r| block[f.labels()[first + r]][r])),
    );
    Ok(scores)
}
