//! The reliability table: one row per bin, empty bins kept (notes §4.3.4).

use serde::{Deserialize, Serialize};

use super::bins::{Bins, Edges, equal_mass_ends};
use super::measure::CalibrationError;
use super::streaming::BinCounts;
use crate::forecasts::Forecasts;
use crate::sum::Sum;
use crate::{Error, Result};

/// One bin of a [`BinTable`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinRow {
    /// Lower edge; for equal mass, the smallest p of the group.
    pub lower: f64,
    /// Upper edge; for equal mass, the largest p of the group.
    pub upper: f64,
    /// Number of samples.
    pub count: u64,
    /// Sum of their weights; the count when there are none.
    pub weight: f64,
    /// Effective number of samples (Σw)²/Σw²; the count without weights.
    pub effective: f64,
    /// Weighted mean of p; `None` in an empty bin.
    pub mean_p: Option<f64>,
    /// Weighted frequency of the event; `None` in an empty bin.
    pub frequency: Option<f64>,
}

impl BinRow {
    /// |frequency − mean p|; `None` in an empty bin.
    #[must_use]
    pub fn gap(&self) -> Option<f64> {
        Some((self.frequency? - self.mean_p?).abs())
    }
}

/// The reliability table: M rows, also the empty ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinTable {
    /// How the rows were cut.
    pub bins: Bins,
    /// One row per bin, by increasing p.
    pub rows: Vec<BinRow>,
}

impl BinTable {
    /// Sum of all weights.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.rows.iter().map(|r| r.weight).sum()
    }

    /// The calibration errors of this table.
    ///
    /// # Errors
    /// [`Error::Empty`] when no bin holds any weight.
    pub fn error(&self) -> Result<CalibrationError> {
        let total = self.weight();
        if total <= 0.0 {
            return Err(Error::Empty { what: "the reliability table" });
        }
        Ok(CalibrationError::of_rows(&self.rows, total))
    }
}

/// Sums of one group, from which its row is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) count: u64,
    pub(crate) weight: Sum,
    pub(crate) weight_sq: Sum,
    pub(crate) p: Sum,
    pub(crate) y: Sum,
}

impl Group {
    pub(crate) fn add(&mut self, p: f64, y: bool, w: f64) {
        self.count += 1;
        self.weight.add(w);
        self.weight_sq.add(w * w);
        self.p.add(w * p);
        if y {
            self.y.add(w);
        }
    }

    pub(crate) fn row(&self, lower: f64, upper: f64) -> BinRow {
        let weight = self.weight.value();
        let mean = |s: &Sum| (weight > 0.0).then(|| (s.value() / weight).clamp(0.0, 1.0));
        let sq = self.weight_sq.value();
        BinRow {
            lower,
            upper,
            count: self.count,
            weight,
            effective: if sq > 0.0 { weight * weight / sq } else { 0.0 },
            mean_p: mean(&self.p),
            frequency: mean(&self.y),
        }
    }
}

/// The reliability table of binary forecasts.
///
/// # Errors
/// [`Error::BadParameter`] when the number of bins is 0 or beyond a million.
///
/// # References
/// Notes §4.3.4.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, Forecasts, reliability_table};
/// let f = Forecasts::new(&[0.1, 0.3, 0.9], &[false, true, true])?;
/// let table = reliability_table(&f, &Bins::equal_width(2))?;
/// assert_eq!(table.rows[0].count, 2);
/// assert_eq!(table.rows[0].frequency, Some(0.5));
/// assert_eq!(table.rows[0].mean_p, Some(0.2));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
pub fn reliability_table(f: &Forecasts<'_>, bins: &Bins) -> Result<BinTable> {
    bins.check()?;
    match *bins {
        Bins::EqualWidth { n_bins, closed } => {
            let mut counts = BinCounts::new(n_bins, closed)?;
            counts.update(f);
            Ok(counts.table())
        }
        Bins::EqualMass { n_bins } => Ok(equal_mass_table(f, n_bins)),
    }
}

/// The order of the samples by p, their p in that order, and the ends of the
/// equal-mass groups.
#[expect(clippy::float_cmp, reason = "equal weights are equal to the last bit")]
fn equal_mass_groups(f: &Forecasts<'_>, n_bins: usize) -> (Vec<u32>, Vec<f64>, Vec<usize>) {
    let order = f.order();
    let p: Vec<f64> = order.iter().map(|&i| f.p()[i as usize]).collect();
    // Equal weights are no weights.
    let weights = f
        .weights()
        .filter(|w| w.iter().any(|&x| x != w[0]))
        .map(|w| order.iter().map(|&i| w[i as usize]).collect::<Vec<_>>());
    let ends = equal_mass_ends(&p, weights.as_deref(), n_bins);
    (order, p, ends)
}

/// The bin of every sample.
pub(crate) fn bin_of_samples(f: &Forecasts<'_>, bins: &Bins) -> Result<Vec<usize>> {
    bins.check()?;
    match *bins {
        Bins::EqualWidth { n_bins, closed } => {
            let edges = Edges::new(n_bins, closed);
            Ok(f.p().iter().map(|&p| edges.bin(p)).collect())
        }
        Bins::EqualMass { n_bins } => {
            let (order, _, ends) = equal_mass_groups(f, n_bins);
            let (mut bin, mut start) = (vec![0; f.len()], 0);
            for (m, &end) in ends.iter().enumerate() {
                order[start..end].iter().for_each(|&i| bin[i as usize] = m);
                start = end;
            }
            Ok(bin)
        }
    }
}

fn equal_mass_table(f: &Forecasts<'_>, n_bins: usize) -> BinTable {
    let (order, p, ends) = equal_mass_groups(f, n_bins);
    let mut start = 0;
    let rows = ends.iter().map(|&end| {
        let mut group = Group::default();
        for (&i, &p) in order[start..end].iter().zip(&p[start..end]) {
            group.add(p, f.y()[i as usize], f.weight(i as usize));
        }
        // An empty group sits at the probability it was pushed to.
        let first = p[start.min(p.len() - 1)];
        let row = group.row(first, if end > start { p[end - 1] } else { first });
        start = end;
        row
    });
    BinTable { bins: Bins::EqualMass { n_bins }, rows: rows.collect() }
}
