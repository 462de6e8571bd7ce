//! Data that can be resampled, and whose outcomes can be drawn anew as if the
//! probabilities were right.

use rand::{Rng, RngExt};

use crate::probabilities::for_rows;
use crate::{ClassForecasts, Forecasts};

/// Forecasts of either kind, as the bootstrap and the null test see them.
pub trait Resample: Sized {
    /// Number of samples.
    fn n_samples(&self) -> usize;
    /// The given rows; rows may repeat.
    fn rows(&self, rows: &[usize]) -> Self;
    /// The same probabilities with outcomes drawn from them.
    fn calibrated(&self, rng: &mut impl Rng) -> Self;
}

impl Resample for Forecasts<'_> {
    fn n_samples(&self) -> usize {
        self.len()
    }

    fn rows(&self, rows: &[usize]) -> Self {
        self.select(rows)
    }

    fn calibrated(&self, rng: &mut impl Rng) -> Self {
        self.with_outcomes(self.p().iter().map(|&p| rng.random::<f64>() < p).collect())
    }
}

impl Resample for ClassForecasts<'_> {
    fn n_samples(&self) -> usize {
        self.n_samples()
    }

    fn rows(&self, rows: &[usize]) -> Self {
        self.select(rows)
    }

    fn calibrated(&self, rng: &mut impl Rng) -> Self {
        let mut labels = Vec::with_capacity(self.labels().len());
        for_rows(self.proba().as_mat(), |_, row| {
            // Rows sum to 1 within a tolerance only: scale the draw.
            let mut left = rng.random::<f64>() * row.iter().sum::<f64>();
            let last = row.iter().rposition(|&p| p > 0.0).unwrap_or(0);
            let hit = row.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            labels.push(hit.unwrap_or(last));
        });
        self.with_labels(labels)
    }
}
