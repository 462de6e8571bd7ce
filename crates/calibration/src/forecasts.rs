//! Probabilities of an event beside whether it happened: what every binary
//! error, score and recalibration works on (notes §4.3.3).

use std::borrow::Cow;

use crate::{Error, Result, check};

/// Probabilities p of an event, outcomes y, and optional sample weights.
///
/// Checked once when made; functions that take it cannot fail on its content.
///
/// # Examples
/// ```
/// use wonderland_calibration::Forecasts;
/// let f = Forecasts::new(&[0.2, 0.9], &[false, true])?;
/// assert_eq!(f.len(), 2);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Forecasts<'a> {
    p: Cow<'a, [f64]>,
    y: Cow<'a, [bool]>,
    weights: Option<Cow<'a, [f64]>>,
}

impl<'a> Forecasts<'a> {
    /// One probability and one outcome per sample.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotAProbability`].
    pub fn new(p: &'a [f64], y: &'a [bool]) -> Result<Self> {
        Self::check(p, y)?;
        Ok(Self { p: Cow::Borrowed(p), y: Cow::Borrowed(y), weights: None })
    }

    /// The same from owned vectors.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_vecs(p: Vec<f64>, y: Vec<bool>) -> Result<Forecasts<'static>> {
        Self::check(&p, &y)?;
        Ok(Forecasts { p: Cow::Owned(p), y: Cow::Owned(y), weights: None })
    }

    /// The same from class codes: 1 is the event, 0 its absence.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::UnknownLabel`] for any other code.
    pub fn from_codes(p: &'a [f64], y: &[usize]) -> Result<Self> {
        if let Some(row) = y.iter().position(|&y| y > 1) {
            return Err(Error::UnknownLabel { row, label: y[row], n_classes: 2 });
        }
        let y: Vec<bool> = y.iter().map(|&y| y == 1).collect();
        Self::check(p, &y)?;
        Ok(Self { p: Cow::Borrowed(p), y: Cow::Owned(y), weights: None })
    }

    fn check(p: &[f64], y: &[bool]) -> Result<()> {
        check::length("y", y.len(), p.len(), "probability")?;
        if p.is_empty() {
            return Err(Error::Empty { what: "p" });
        }
        check::probabilities("p", p)
    }

    /// Trusted parts: already checked elsewhere.
    pub(crate) fn from_parts(
        p: Cow<'a, [f64]>,
        y: Cow<'a, [bool]>,
        weights: Option<Cow<'a, [f64]>>,
    ) -> Self {
        Self { p, y, weights }
    }

    /// Counts sample i with weight wᵢ ≥ 0.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::BadWeight`], [`Error::NoWeight`].
    pub fn with_weights(mut self, weights: &'a [f64]) -> Result<Self> {
        check::weights(weights, self.len())?;
        self.weights = Some(Cow::Borrowed(weights));
        Ok(self)
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.p.len()
    }

    /// Always false: empty forecasts are refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.p.is_empty()
    }

    /// The probabilities.
    #[must_use]
    pub fn p(&self) -> &[f64] {
        &self.p
    }

    /// The outcomes.
    #[must_use]
    pub fn y(&self) -> &[bool] {
        &self.y
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

    /// (p, y, weight) of each sample, in order.
    pub fn iter(&self) -> impl Iterator<Item = (f64, bool, f64)> + '_ {
        (0..self.len()).map(|i| (self.p[i], self.y[i], self.weight(i)))
    }

    /// The given rows, in the given order; rows may repeat.
    ///
    /// # Panics
    /// When a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Forecasts<'static> {
        Forecasts {
            p: rows.iter().map(|&i| self.p[i]).collect::<Vec<_>>().into(),
            y: rows.iter().map(|&i| self.y[i]).collect::<Vec<_>>().into(),
            weights: self
                .weights
                .as_ref()
                .map(|w| rows.iter().map(|&i| w[i]).collect::<Vec<_>>().into()),
        }
    }

    /// The same probabilities and weights with other outcomes.
    pub(crate) fn with_outcomes(&self, y: Vec<bool>) -> Self {
        Self { p: self.p.clone(), y: Cow::Owned(y), weights: self.weights.clone() }
    }

    /// Row indices by increasing probability, equal ones in their order.
    pub(crate) fn order(&self) -> Vec<u32> {
        order(&self.p)
    }
}

/// Indices that sort `x`; equal values keep their order.
pub(crate) fn order(x: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> =
        (0..u32::try_from(x.len()).expect("fewer than 2³² samples")).collect();
    order
        .sort_unstable_by(|&i, &j| x[i as usize].total_cmp(&x[j as usize]).then_with(|| i.cmp(&j)));
    order
}
