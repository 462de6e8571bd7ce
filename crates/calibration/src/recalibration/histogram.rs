//! Histogram binning: the value of a bin is its frequency.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::calibration_error::{Edges, reliability_table};
use crate::random::{Purpose, stream};
use crate::{Bins, Closed, Error, Forecasts, Result, check};

/// Settings of histogram binning.
///
/// # Examples
/// ```
/// use wonderland_calibration::{Bins, Forecasts, HistogramBinning};
/// let f = Forecasts::new(&[0.1, 0.2, 0.9], &[false, true, true])?;
/// let map = HistogramBinning { bins: Bins::equal_width(4) }.fit(&f)?;
/// // The second and third bin are empty and keep their midpoints.
/// assert_eq!(map.transform(&[0.2, 0.3, 0.6, 1.0])?, [0.5, 0.375, 0.625, 1.0]);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBinning {
    /// The bins.
    pub bins: Bins,
}

impl Default for HistogramBinning {
    /// Fifteen groups of equal size.
    fn default() -> Self {
        Self { bins: Bins::equal_mass(15) }
    }
}

/// A fitted histogram map: constant on each bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistogramMap {
    /// Edges, one more than bins, from 0 to 1.
    pub edges: Vec<f64>,
    /// Which end belongs to a bin.
    pub closed: Closed,
    /// Value of each bin: its frequency, or its midpoint where it was empty.
    pub values: Vec<f64>,
    /// Samples in each bin.
    pub counts: Vec<u64>,
}

impl HistogramBinning {
    /// Takes the frequency of each bin; an empty bin keeps its midpoint.
    ///
    /// Equal-mass bins are cut halfway between neighbouring probabilities.
    ///
    /// # Errors
    /// [`Error::BadParameter`] for a bad number of bins.
    ///
    /// # References
    /// Zadrozny and Elkan 2001.
    pub fn fit(&self, f: &Forecasts<'_>) -> Result<HistogramMap> {
        let table = reliability_table(f, &self.bins)?;
        match self.bins {
            Bins::EqualWidth { n_bins, closed } => {
                let edges = Edges::new(n_bins, closed);
                Ok(HistogramMap {
                    edges: edges.all().to_vec(),
                    closed,
                    values: table
                        .rows
                        .iter()
                        .map(|r| r.frequency.unwrap_or(0.5 * (r.lower + r.upper)))
                        .collect(),
                    counts: table.rows.iter().map(|r| r.count).collect(),
                })
            }
            Bins::EqualMass { .. } => {
                // Empty groups have no width here and vanish.
                let rows: Vec<_> = table.rows.iter().filter(|r| r.frequency.is_some()).collect();
                let mut edges = vec![0.0];
                edges.extend(rows.windows(2).map(|r| 0.5 * (r[0].upper + r[1].lower)));
                edges.push(1.0);
                Ok(HistogramMap {
                    edges,
                    closed: Closed::Left,
                    values: rows.iter().filter_map(|r| r.frequency).collect(),
                    counts: rows.iter().map(|r| r.count).collect(),
                })
            }
        }
    }

    /// Uniform-mass binning with a finite-sample promise: groups of equal
    /// size by order statistics that are then left out, ties broken at random.
    ///
    /// With probability at least 1 − δ every bin's value is within
    /// √(ln(2B/δ) / (2(⌊n/B⌋ − 1))) of the true frequency of its bin.
    ///
    /// # Errors
    /// [`Error::CalibrationSetTooSmall`] for fewer than two samples per bin;
    /// [`Error::UnexpectedWeights`].
    ///
    /// # References
    /// Gupta and Ramdas 2021.
    pub fn fit_uniform_mass(f: &Forecasts<'_>, n_bins: usize, seed: u64) -> Result<HistogramMap> {
        Bins::equal_mass(n_bins).check()?;
        if f.weights().is_some() {
            return Err(Error::UnexpectedWeights {
                method: "uniform-mass binning",
                instead: "`HistogramBinning::fit`",
            });
        }
        let (n, needed) = (f.len(), 2 * n_bins);
        if n < needed {
            return Err(Error::CalibrationSetTooSmall { n, needed, group: String::new() });
        }
        let mut rng = stream(seed, Purpose::Ties);
        let mut sorted: Vec<(f64, u64, bool)> =
            f.iter().map(|(p, y, _)| (p, rng.random(), y)).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // Group b is what lies strictly between two order statistics at
        // ranks ⌈b (n + 1)/B⌉: given those, the rest of a group is i.i.d.
        let rank = |b: usize| (b * (n + 1)).div_ceil(n_bins);
        let mut map = HistogramMap {
            edges: vec![0.0],
            closed: Closed::Right,
            values: Vec::new(),
            counts: Vec::new(),
        };
        for b in 0..n_bins {
            let (from, to) = (rank(b), (rank(b + 1) - 1).min(n));
            let group = &sorted[from..to];
            let events = group.iter().filter(|s| s.2).count();
            map.values.push(events as f64 / group.len() as f64);
            map.counts.push(group.len() as u64);
            map.edges.push(if b + 1 == n_bins { 1.0 } else { sorted[to].0 });
        }
        Ok(map)
    }
}

impl HistogramMap {
    /// The values of probabilities.
    ///
    /// # Errors
    /// [`Error::NotAProbability`].
    pub fn transform(&self, p: &[f64]) -> Result<Vec<f64>> {
        check::probabilities("p", p)?;
        let inner = &self.edges[1..self.edges.len() - 1];
        let bin = |p: f64| match self.closed {
            Closed::Right => inner.partition_point(|&e| e < p),
            Closed::Left => inner.partition_point(|&e| e <= p),
        };
        Ok(p.iter().map(|&p| self.values[bin(p)]).collect())
    }
}
