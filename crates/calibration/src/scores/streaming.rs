//! Brier score and log loss that are updated chunk by chunk and merged across
//! shards: the scores of the whole, whatever the chunks.

use serde::{Deserialize, Serialize};

use super::log_loss::surprise;
use crate::probabilities::for_rows;
use crate::sum::Sum;
use crate::{ClassForecasts, Error, Forecasts, Result};

/// Streaming state of the proper scores of an event, or of m classes.
///
/// # Numerics
/// Compensated sums: the scores agree with those of the batch to one rounding,
/// in whatever chunks and order the samples come.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, ScoreSums, brier};
/// let (p, y) = ([0.2, 0.9, 0.6], [false, true, false]);
/// let mut left = ScoreSums::event();
/// let mut right = left.clone();
/// left.update(&Forecasts::new(&p[..1], &y[..1])?)?;
/// right.update(&Forecasts::new(&p[1..], &y[1..])?)?;
/// left.merge(&right)?;
/// let whole = brier(&Forecasts::new(&p, &y)?);
/// assert!((left.brier()? - whole).abs() < 1e-15);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreSums {
    /// None for an event.
    n_classes: Option<usize>,
    count: u64,
    n_impossible: u64,
    weight: Sum,
    square: Sum,
    /// Σ w (−ln P), impossible outcomes left out.
    log: Sum,
    /// Whether an impossible outcome had weight.
    infinite: bool,
}

impl ScoreSums {
    /// An empty state for an event: the scores of [`brier`](crate::brier) and
    /// [`log_loss`](crate::log_loss).
    #[must_use]
    pub fn event() -> Self {
        Self {
            n_classes: None,
            count: 0,
            n_impossible: 0,
            weight: Sum::default(),
            square: Sum::default(),
            log: Sum::default(),
            infinite: false,
        }
    }

    /// An empty state for m classes: the scores of
    /// [`brier_multiclass`](crate::brier_multiclass) and
    /// [`log_loss_multiclass`](crate::log_loss_multiclass).
    #[must_use]
    pub fn classes(n_classes: usize) -> Self {
        Self { n_classes: Some(n_classes), ..Self::event() }
    }

    /// Adds samples of an event.
    ///
    /// # Errors
    /// [`Error::CannotMerge`] when the state is of classes.
    pub fn update(&mut self, f: &Forecasts<'_>) -> Result<()> {
        if self.n_classes.is_some() {
            return Err(self.cannot_take("an event".into()));
        }
        for (p, y, w) in f.iter() {
            let gap = if y { 1.0 - p } else { p };
            self.add(w, gap * gap, surprise(p, y));
        }
        Ok(())
    }

    /// Adds samples of classes.
    ///
    /// # Errors
    /// [`Error::CannotMerge`] when the state is of an event or of another
    /// number of classes.
    pub fn update_classes(&mut self, f: &ClassForecasts<'_>) -> Result<()> {
        if self.n_classes != Some(f.n_classes()) {
            return Err(self.cannot_take(format!("{} classes", f.n_classes())));
        }
        for_rows(f.proba().as_mat(), |i, row| {
            let own = f.labels()[i];
            let gap = |(k, p): (usize, &f64)| if k == own { 1.0 - p } else { *p };
            let square = row.iter().enumerate().map(gap).map(|d| d * d).sum();
            self.add(f.weight(i), square, -row[own].ln());
        });
        Ok(())
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`Error::CannotMerge`] when one is of an event and one of classes, or
    /// the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.n_classes != other.n_classes {
            return Err(self.cannot_take(other.name()));
        }
        self.count += other.count;
        self.n_impossible += other.n_impossible;
        self.infinite |= other.infinite;
        self.weight.merge(&other.weight);
        self.square.merge(&other.square);
        self.log.merge(&other.log);
        Ok(())
    }

    /// Number of samples so far.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.count
    }

    /// The Brier score of all samples so far.
    ///
    /// # Errors
    /// [`Error::Empty`] before the first sample with weight.
    pub fn brier(&self) -> Result<f64> {
        Ok(self.square.value() / self.total()?)
    }

    /// The log loss of all samples so far; infinite when an outcome of
    /// probability 0 happened.
    ///
    /// # Errors
    /// [`Error::Empty`] before the first sample with weight.
    pub fn log_loss(&self) -> Result<f64> {
        let mean = self.log.value() / self.total()?;
        Ok(if self.infinite { f64::INFINITY } else { mean })
    }

    /// Samples whose outcome had probability 0.
    #[must_use]
    pub fn n_impossible(&self) -> u64 {
        self.n_impossible
    }

    fn add(&mut self, weight: f64, square: f64, surprise: f64) {
        self.count += 1;
        self.weight.add(weight);
        self.square.add(weight * square);
        if surprise.is_finite() {
            self.log.add(weight * surprise);
        } else {
            self.n_impossible += 1;
            self.infinite |= weight > 0.0;
        }
    }

    fn total(&self) -> Result<f64> {
        let total = self.weight.value();
        if total > 0.0 { Ok(total) } else { Err(Error::Empty { what: "the scores" }) }
    }

    fn name(&self) -> String {
        self.n_classes.map_or("an event".into(), |m| format!("{m} classes"))
    }

    fn cannot_take(&self, other: String) -> Error {
        Error::CannotMerge { left: self.name(), right: other }
    }
}
