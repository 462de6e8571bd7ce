//! An estimator as the kit sees it: something that fits and gives numbers per
//! row, whether they are predictions or probabilities.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wonderland_linalg::{MatRef, Tensor};

use super::{Kit, Tried, require};
use crate::{Classifier, FittedClassifier, FittedRegressor, Regressor};

/// An estimator under check.
pub(super) trait Subject: Sync {
    type Target: Clone + PartialEq + Sync;
    type Fitted: Serialize + DeserializeOwned;

    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[Self::Target],
        weights: Option<&[f64]>,
    ) -> Result<Self::Fitted, String>;

    /// Predictions, or probabilities row by row.
    fn outputs(&self, model: &Self::Fitted, X: MatRef<'_, f64>) -> Result<Vec<f64>, String>;

    fn save(&self, model: &Self::Fitted) -> Result<String, String> {
        serde_json::to_string(model).map_err(|e| e.to_string())
    }

    fn load(&self, text: &str) -> Result<Self::Fitted, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// A target for row i of n that goes with the scores, noise included.
    fn target(&self, i: usize, score: f64, noise: f64) -> Self::Target;
}

/// Ordinary data: n rows, c columns of about unit size, targets that follow the
/// first columns with noise.
pub(super) fn data<S: Subject>(s: &S, n: usize, c: usize, seed: u64) -> (Tensor, Vec<S::Target>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let X = Tensor::from_fn(n, c, |_, _| rng.random_range(-1.0..1.0));
    let y = targets(s, &X, &mut rng);
    (X, y)
}

/// Targets for given columns.
pub(super) fn targets<S: Subject>(s: &S, X: &Tensor, rng: &mut ChaCha8Rng) -> Vec<S::Target> {
    let score = |row: &[f64]| row.iter().zip([2.0, -1.0]).map(|(x, w)| x * w).sum::<f64>();
    (0..X.nrows()).map(|i| s.target(i, score(X.row(i)), rng.random_range(-0.5..0.5))).collect()
}

/// Whether two lists of outputs are the same row by row: in every bit, or within
/// the kit's tolerance.
pub(super) fn same(kit: &Kit, exact: bool, a: &[f64], b: &[f64]) -> Tried {
    require(a.len() == b.len(), || format!("{} outputs against {}", a.len(), b.len()))?;
    let size = a.iter().chain(b).fold(0.0_f64, |m, v| m.max(v.abs()));
    let allowed = if exact && kit.bit_exact { 0.0 } else { kit.rtol * size };
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    require(worst <= allowed, || format!("outputs differ by {worst:e}, {allowed:e} is allowed"))
}

/// A regressor as a subject.
pub(super) struct RegressorSubject<'a, R>(pub(super) &'a R);

impl<R> Subject for RegressorSubject<'_, R>
where
    R: Regressor + Sync,
    R::Fitted: Serialize + DeserializeOwned,
{
    type Target = f64;
    type Fitted = R::Fitted;

    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<R::Fitted, String> {
        self.0.fit(X, y, weights).map_err(|e| e.to_string())
    }

    fn outputs(&self, model: &R::Fitted, X: MatRef<'_, f64>) -> Result<Vec<f64>, String> {
        model.predict(X).map_err(|e| e.to_string())
    }

    fn target(&self, _i: usize, score: f64, noise: f64) -> f64 {
        3.0 + score + noise
    }
}

/// A classifier as a subject.
pub(super) struct ClassifierSubject<'a, C>(pub(super) &'a C);

impl<C> Subject for ClassifierSubject<'_, C>
where
    C: Classifier + Sync,
    C::Fitted: Serialize + DeserializeOwned,
{
    type Target = usize;
    type Fitted = C::Fitted;

    fn fit(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<C::Fitted, String> {
        self.0.fit(X, y, weights).map_err(|e| e.to_string())
    }

    fn outputs(&self, model: &C::Fitted, X: MatRef<'_, f64>) -> Result<Vec<f64>, String> {
        Ok(model.predict_proba(X).map_err(|e| e.to_string())?.into_vec())
    }

    /// Three classes by score; the first rows make sure that each occurs.
    fn target(&self, i: usize, score: f64, noise: f64) -> usize {
        let by_score = if score + noise < -0.6 {
            0
        } else if score + noise < 0.6 {
            1
        } else {
            2
        };
        if i < 3 { i } else { by_score }
    }
}
