//! Class probabilities beside the true classes, and their reductions to
//! binary forecasts: top class, each class, each predicted class.

use std::borrow::Cow;

use wonderland_linalg::MatRef;

use crate::{Error, Forecasts, Probabilities, Result, check};

/// Class probabilities P ~ (n, m), labels y ~ (n) in {0, …, m − 1}, and
/// optional sample weights.
///
/// # Examples
/// ```
/// use wonderland_calibration::ClassForecasts;
/// use wonderland_linalg::Tensor;
/// let P = Tensor::from_rows(&[[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]]);
/// let f = ClassForecasts::new(P.as_mat(), &[0, 1])?;
/// assert_eq!(f.confidence().p(), [0.6, 0.5]);
/// assert_eq!(f.confidence().y(), [true, false]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClassForecasts<'a> {
    proba: Probabilities<'a>,
    labels: Cow<'a, [usize]>,
    /// Whether the top class is the true one.
    hits: Vec<bool>,
    weights: Option<Cow<'a, [f64]>>,
}

impl<'a> ClassForecasts<'a> {
    /// Checks probabilities and labels.
    ///
    /// # Errors
    /// As [`Probabilities::new`]; [`Error::LengthMismatch`];
    /// [`Error::UnknownLabel`] for a label that has no column.
    pub fn new(P: MatRef<'a, f64>, labels: &'a [usize]) -> Result<Self> {
        Self::from_probabilities(Probabilities::new(P)?, labels)
    }

    /// The same from probabilities that were checked before.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::UnknownLabel`].
    pub fn from_probabilities(proba: Probabilities<'a>, labels: &'a [usize]) -> Result<Self> {
        check::length("labels", labels.len(), proba.n_samples(), "row")?;
        let hits = hits(&proba, labels)?;
        Ok(Self { proba, labels: Cow::Borrowed(labels), hits, weights: None })
    }

    /// Counts sample i with weight wᵢ ≥ 0.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::BadWeight`], [`Error::NoWeight`].
    pub fn with_weights(mut self, weights: &'a [f64]) -> Result<Self> {
        check::weights(weights, self.n_samples())?;
        self.weights = Some(Cow::Borrowed(weights));
        Ok(self)
    }

    /// The probabilities.
    #[must_use]
    pub fn proba(&self) -> &Probabilities<'a> {
        &self.proba
    }

    /// The true classes.
    #[must_use]
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The weights, if any were given.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The weight of sample `i`.
    pub(crate) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// Number of samples n.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.proba.n_samples()
    }

    /// Number of classes m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.proba.n_classes()
    }

    /// Confidence against hit: p = maxₖ Pₖ, y = "the top class is the true one".
    #[must_use]
    pub fn confidence(&self) -> Forecasts<'_> {
        Forecasts::from_parts(
            Cow::Borrowed(self.proba.confidence()),
            Cow::Borrowed(&self.hits),
            self.weights.as_deref().map(Cow::Borrowed),
        )
    }

    /// Class k against the rest: p = Pₖ, y = "the true class is k".
    ///
    /// # Panics
    /// When there is no class k.
    #[must_use]
    pub fn class(&self, k: usize) -> Forecasts<'_> {
        assert!(k < self.n_classes(), "class {k} of {}", self.n_classes());
        Forecasts::from_parts(
            Cow::Owned(self.proba.column(k)),
            self.labels.iter().map(|&y| y == k).collect::<Vec<_>>().into(),
            self.weights.as_deref().map(Cow::Borrowed),
        )
    }

    /// The rows whose top class is k, as confidence against hit; `None` when
    /// k is never predicted or those rows have no weight.
    #[must_use]
    pub fn predicted_as(&self, k: usize) -> Option<Forecasts<'static>> {
        let predicted = self.proba.predicted();
        let rows: Vec<usize> =
            (0..self.n_samples()).filter(|&i| predicted[i] as usize == k).collect();
        let weight: f64 = rows.iter().map(|&i| self.weight(i)).sum();
        (weight > 0.0).then(|| self.confidence().select(&rows))
    }

    /// The given rows, in the given order; rows may repeat.
    ///
    /// # Panics
    /// When a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> ClassForecasts<'static> {
        ClassForecasts {
            proba: self.proba.select(rows),
            labels: rows.iter().map(|&i| self.labels[i]).collect::<Vec<_>>().into(),
            hits: rows.iter().map(|&i| self.hits[i]).collect(),
            weights: self
                .weights
                .as_ref()
                .map(|w| rows.iter().map(|&i| w[i]).collect::<Vec<_>>().into()),
        }
    }

    /// The same probabilities and weights with other labels.
    pub(crate) fn with_labels(&self, labels: Vec<usize>) -> Self {
        let predicted = self.proba.predicted().iter();
        Self {
            proba: self.proba.clone(),
            hits: predicted.zip(&labels).map(|(&k, &y)| k as usize == y).collect(),
            labels: Cow::Owned(labels),
            weights: self.weights.clone(),
        }
    }
}

/// Whether the top class of each row is the true one; fails when a label has
/// no column.
fn hits(proba: &Probabilities<'_>, labels: &[usize]) -> Result<Vec<bool>> {
    let mut hits = vec![false; labels.len()];
    let n_classes = proba.n_classes();
    let compare = Compare { predicted: proba.predicted(), labels, n_classes, hits: &mut hits };
    if !pulp::Arch::new().dispatch(compare) {
        check_labels(labels, labels.len(), n_classes)?;
    }
    Ok(hits)
}

/// Both questions to each label, in one reading; false when one has no column.
struct Compare<'a> {
    predicted: &'a [u32],
    labels: &'a [usize],
    n_classes: usize,
    hits: &'a mut [bool],
}

impl pulp::WithSimd for Compare<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> bool {
        let mut known = true;
        for ((hit, &k), &y) in self.hits.iter_mut().zip(self.predicted).zip(self.labels) {
            *hit = k as usize == y;
            known &= y < self.n_classes;
        }
        known
    }
}

/// Fails unless there is one label per row and each has a column.
pub(crate) fn check_labels(labels: &[usize], n: usize, n_classes: usize) -> Result<()> {
    check::length("labels", labels.len(), n, "row")?;
    match check::first_bad(labels, |y| y < n_classes) {
        Some(row) => Err(Error::UnknownLabel { row, label: labels[row], n_classes }),
        None => Ok(()),
    }
}
