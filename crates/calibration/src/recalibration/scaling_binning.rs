//! Scaling-binning: fit a Platt curve, then replace it by its means over
//! groups of equal size, so that its calibration error can be measured.

use serde::{Deserialize, Serialize};

use super::platt::{PlattMap, PlattScaling};
use crate::calibration_error::equal_mass_ends;
use crate::scored::logits_of;
use crate::{Bins, Forecasts, Result, check};
use wonderland_linalg::Real;

/// Settings of scaling-binning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingBinning {
    /// Number of groups.
    pub n_bins: usize,
    /// The curve, fitted on logit p.
    pub scaling: PlattScaling,
}

impl Default for ScalingBinning {
    fn default() -> Self {
        Self { n_bins: 15, scaling: PlattScaling::default() }
    }
}

/// A fitted scaling-binning map: a step function of the scaled probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalingBinningMap {
    /// The curve on logit p.
    pub platt: PlattMap,
    /// Cuts between the groups, on the scaled probability.
    pub cuts: Vec<f64>,
    /// Mean scaled probability of each group.
    pub values: Vec<f64>,
}

impl ScalingBinning {
    /// Fits the curve on the first third of the samples, cuts the groups on
    /// the second and averages on the last; shuffle sorted data first.
    ///
    /// # Errors
    /// [`NonFinite`](crate::Error::NonFinite) when a p is 0 or 1; faults of
    /// [`PlattScaling::fit`]; [`CalibrationSetTooSmall`] below three samples
    /// per group.
    ///
    /// # References
    /// Kumar, Liang and Ma 2019.
    ///
    /// [`CalibrationSetTooSmall`]: crate::Error::CalibrationSetTooSmall
    pub fn fit(&self, f: &Forecasts<'_>) -> Result<ScalingBinningMap> {
        Bins::equal_mass(self.n_bins).check()?;
        let (n, needed) = (f.len(), 3 * self.n_bins);
        if n < needed {
            let group = String::new();
            return Err(crate::Error::CalibrationSetTooSmall { n, needed, group });
        }
        let z = logits_of(f)?;
        let (a, b) = (n / 3, 2 * n / 3);
        let weights = f.weights();
        let platt = self.scaling.fit(&z[..a], &f.y()[..a], weights.map(|w| &w[..a]))?;

        let mut cut = platt.transform(&z[a..b])?;
        cut.sort_unstable_by(f64::total_cmp);
        let mut cuts: Vec<f64> = equal_mass_ends(&cut, None, self.n_bins)
            .into_iter()
            .filter(|&end| end > 0 && end < cut.len())
            .map(|end| 0.5 * (cut[end - 1] + cut[end]))
            .collect();
        cuts.dedup();

        let averaged = platt.transform(&z[b..])?;
        let (mut sum, mut weight) = (vec![0.0; cuts.len() + 1], vec![0.0; cuts.len() + 1]);
        for (i, &q) in averaged.iter().enumerate() {
            let group = cuts.partition_point(|&c| c <= q);
            sum[group] += f.weight(b + i) * q;
            weight[group] += f.weight(b + i);
        }
        // A group without samples keeps the middle of its range.
        let edge = |i: usize| if i == 0 { 0.0 } else { cuts.get(i - 1).copied().unwrap_or(1.0) };
        let upper = |i: usize| cuts.get(i).copied().unwrap_or(1.0);
        let values = (0..=cuts.len())
            .map(|i| if weight[i] > 0.0 { sum[i] / weight[i] } else { 0.5 * (edge(i) + upper(i)) })
            .collect();
        Ok(ScalingBinningMap { platt, cuts, values })
    }
}

impl ScalingBinningMap {
    /// The values of probabilities.
    ///
    /// # Errors
    /// [`NotAProbability`](crate::Error::NotAProbability).
    pub fn transform(&self, p: &[f64]) -> Result<Vec<f64>> {
        check::probabilities("p", p)?;
        let z: Vec<f64> = p.iter().map(|p| p.logit()).collect();
        let scaled = self.platt.transform(&z)?;
        Ok(scaled.iter().map(|&q| self.values[self.cuts.partition_point(|&c| c <= q)]).collect())
    }
}
