//! How unusual a class is for a row of probabilities: LAC, margin, APS, RAPS.
//! The very function that scored the calibration set scores the candidates.

use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// A nonconformity score of class y for probabilities P₀ … P_{m−1}.
///
/// # References
/// Sadinle, Lei and Wasserman 2019 (LAC); Romano, Sesia and Candès 2020 (APS);
/// Angelopoulos et al. 2021 (RAPS).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum ClassScore {
    /// 1 − P_y: the smallest sets on average; they may be empty.
    Lac,
    /// max over k ≠ y of P_k, minus P_y.
    Margin,
    /// Mass of the classes ranked before y, plus (1 − u) P_y.
    ///
    /// Classes are ranked by falling probability, the lower index first among
    /// equals. u ~ U\[0, 1) is one number per sample, shared by its classes, so
    /// that sets are nested in α; without randomisation u = 0, and sets cover
    /// more than asked.
    Aps {
        /// Whether u is drawn.
        randomised: bool,
    },
    /// APS plus λ · max(0, rank − k_reg), ranks from 1.
    Raps {
        /// Weight λ ≥ 0 of the penalty.
        lambda: f64,
        /// Ranks that go free.
        k_reg: usize,
        /// Whether u is drawn.
        randomised: bool,
    },
}

impl ClassScore {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Raps { lambda, .. } => check::parameter(
                "lambda",
                lambda,
                lambda.is_finite() && lambda >= 0.0,
                "it must be finite and not negative",
            ),
            _ => Ok(()),
        }
    }

    /// Whether the score uses a random number u.
    #[must_use]
    pub fn is_randomised(self) -> bool {
        matches!(self, Self::Aps { randomised: true } | Self::Raps { randomised: true, .. })
    }

    /// Writes the score of every class. `order` is scratch space.
    pub(crate) fn score_row(self, P: &[f64], u: f64, order: &mut Vec<u32>, out: &mut [f64]) {
        let u = if self.is_randomised() { u } else { 0.0 };
        match self {
            Self::Lac => P.iter().zip(out).for_each(|(p, s)| *s = 1.0 - p),
            Self::Margin => margins(P, out),
            Self::Aps { .. } => cumulative(P, u, 0.0, 0, order, out),
            Self::Raps { lambda, k_reg, .. } => cumulative(P, u, lambda, k_reg, order, out),
        }
    }
}

fn margins(P: &[f64], out: &mut [f64]) {
    let (mut first, mut second, mut top) = (f64::NEG_INFINITY, f64::NEG_INFINITY, 0);
    for (k, &p) in P.iter().enumerate() {
        if p > first {
            (second, first, top) = (first, p, k);
        } else if p > second {
            second = p;
        }
    }
    for (k, (s, &p)) in out.iter_mut().zip(P).enumerate() {
        // A single class has no rival: its margin is −P.
        let rival = if k == top { second.max(0.0) } else { first };
        *s = rival - p;
    }
}

/// Scores by cumulative mass. The running sum is clamped at 1, where rounding
/// could lift it; the same order of additions at calibration and prediction
/// makes equal rows score equally to the last bit.
fn cumulative(P: &[f64], u: f64, lambda: f64, k_reg: usize, order: &mut Vec<u32>, out: &mut [f64]) {
    rank(P, order);
    let mut before = 0.0_f64;
    for (j, &k) in order.iter().enumerate() {
        let p = P[k as usize];
        let penalty = lambda * (j + 1).saturating_sub(k_reg) as f64;
        out[k as usize] = (before + (1.0 - u) * p).min(1.0) + penalty;
        before = (before + p).min(1.0);
    }
}

/// Class indices by falling probability, the lower index first among equals.
fn rank(P: &[f64], order: &mut Vec<u32>) {
    order.clear();
    if P.len() > 32 {
        order.extend(0..P.len() as u32);
        order.sort_by(|&i, &j| P[j as usize].total_cmp(&P[i as usize]));
        return;
    }
    for (k, &p) in P.iter().enumerate() {
        order.push(k as u32);
        let mut j = k;
        while j > 0 && P[order[j - 1] as usize] < p {
            order[j] = order[j - 1];
            j -= 1;
        }
        order[j] = k as u32;
    }
}
