//! Polynomials orthonormal over the training rows, by their three-term
//! recurrence (Forsythe 1957, *Generation and use of orthogonal polynomials
//! for data-fitting with a digital computer*).

use serde::{Deserialize, Serialize};

/// p₀ = 1, γₖ₊₁ pₖ₊₁(t) = (t − αₖ) pₖ(t) − γₖ pₖ₋₁(t), with t = (x − centre) / half.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Recurrence {
    centre: f64,
    half: f64,
    alpha: Vec<f64>,
    gamma: Vec<f64>,
}

impl Recurrence {
    /// The polynomials up to `degree` over the numbers x, and their values.
    ///
    /// None if x has no more distinct values than the degree.
    pub(super) fn fit(x: &[f64], degree: usize) -> Option<(Self, Vec<Vec<f64>>)> {
        let n = x.len() as f64;
        let (least, most) = super::moments::range(x.iter().copied());
        // Halves first: the difference of the ends may overflow.
        let (centre, half) = (f64::midpoint(least, most), most / 2.0 - least / 2.0);
        if half.is_nan() || half <= 0.0 || count_distinct(x) <= degree {
            return None;
        }
        let t: Vec<f64> = x.iter().map(|x| (x - centre) / half).collect();
        let mut recurrence = Self { centre, half, alpha: Vec::new(), gamma: Vec::new() };
        let mut values: Vec<Vec<f64>> = vec![vec![1.0; x.len()]];
        for k in 0..degree {
            let p = &values[k];
            let alpha = (t.iter().zip(p)).map(|(t, p)| t * p * p).sum::<f64>() / n;
            let gamma_before = recurrence.gamma.last().copied().unwrap_or(0.0);
            let mut next: Vec<f64> = (0..x.len())
                .map(|i| {
                    let before = if k == 0 { 0.0 } else { values[k - 1][i] };
                    (t[i] - alpha) * p[i] - gamma_before * before
                })
                .collect();
            let gamma = (next.iter().map(|p| p * p).sum::<f64>() / n).sqrt();
            if !gamma.is_finite() || gamma <= 0.0 {
                return None;
            }
            next.iter_mut().for_each(|p| *p /= gamma);
            recurrence.alpha.push(alpha);
            recurrence.gamma.push(gamma);
            values.push(next);
        }
        values.remove(0);
        Some((recurrence, values))
    }

    pub(super) fn degree(&self) -> usize {
        self.alpha.len()
    }

    /// p₁(x), …, p_d(x).
    pub(super) fn evaluate(&self, x: f64, out: &mut [f64]) {
        let t = (x - self.centre) / self.half;
        let (mut before, mut p, mut gamma_before) = (0.0, 1.0, 0.0);
        for ((out, alpha), gamma) in out.iter_mut().zip(&self.alpha).zip(&self.gamma) {
            let next = ((t - alpha) * p - gamma_before * before) / gamma;
            (before, p, gamma_before) = (p, next, *gamma);
            *out = next;
        }
    }

    /// Whether numbers from a file can be these coefficients.
    pub(super) fn is_sound(&self) -> bool {
        self.centre.is_finite()
            && self.half.is_finite()
            && self.half > 0.0
            && self.alpha.len() == self.gamma.len()
            && self.alpha.iter().all(|a| a.is_finite())
            && self.gamma.iter().all(|g| g.is_finite() && *g > 0.0)
    }
}

fn count_distinct(x: &[f64]) -> usize {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}
