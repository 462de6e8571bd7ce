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
        check_labels(labels, proba.n_samples(), proba.n_classes())?;
        Ok(Self { proba, labels: Cow::Borrowed(labels), weights: None })
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
        let hits = self.proba.predicted().iter().zip(&*self.labels);
        Forecasts::from_parts(
            Cow::Borrowed(self.proba.confidence()),
            hits.map(|(&k, &y)| k as usize == y).collect(),
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
            self.labels.iter().map(|&y| y == k).collect(),
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
            weights: self
                .weights
                .as_ref()
                .map(|w| rows.iter().map(|&i| w[i]).collect::<Vec<_>>().into()),
        }
    }

    /// The same probabilities and weights with other labels.
    pub(crate) fn with_labels(&self, labels: Vec<usize>) -> Self {
        Self {
            proba: self.proba.clone(),
            labels: Cow::Owned(labels),
            weights: self.weights.clone(),
        }
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
