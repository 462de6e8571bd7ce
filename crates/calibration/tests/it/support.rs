//! Seeded samples and two goodness-of-fit tests.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::Tensor;
use wonderland_linalg::special::{chi_squared_sf, normal_quantile};

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // 1 − U is never 0.
    normal_quantile(1.0 - rng.random::<f64>())
}

/// Probabilities (n, m) of an overconfident model, and labels.
pub(crate) fn classes(rng: &mut ChaCha8Rng, n: usize, m: usize) -> (Tensor, Vec<usize>) {
    let mut P = Tensor::zeros(&[n, m]);
    let labels = (0..n)
        .map(|i| {
            let z: Vec<f64> = (0..m).map(|_| 1.5 * normal(rng)).collect();
            let softmax = |c: f64| {
                let e: Vec<f64> = z.iter().map(|z| (c * z).exp()).collect();
                let s: f64 = e.iter().sum();
                e.into_iter().map(|e| e / s).collect::<Vec<_>>()
            };
            P.row_mut(i).copy_from_slice(&softmax(1.7));
            let mut left = rng.random::<f64>();
            softmax(1.0)
                .iter()
                .position(|p| {
                    left -= p;
                    left < 0.0
                })
                .unwrap_or(m - 1)
        })
        .collect();
    (P, labels)
}

/// p-value of Pearson's statistic for counts against expected counts.
pub(crate) fn chi_square(counts: &[f64], expected: &[f64]) -> f64 {
    let x: f64 = counts.iter().zip(expected).map(|(c, e)| (c - e) * (c - e) / e).sum();
    chi_squared_sf(x, (counts.len() - 1) as f64)
}

/// p-value (asymptotic) of Kolmogorov's statistic of values that should be
/// uniform on [0, 1].
pub(crate) fn uniform_ks(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(i, v): (usize, &f64)| (v - i as f64 / n).max((i + 1) as f64 / n - v);
    let d = values.iter().enumerate().map(gap).fold(0.0, f64::max);
    let x = d * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * x * x).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

/// Fails unless a mean of n values in [0, 1] is within 4 standard errors.
#[track_caller]
pub(crate) fn mean_is(mean: f64, expected: f64, n: usize) {
    let se = (expected * (1.0 - expected) / n as f64).sqrt();
    assert!((mean - expected).abs() <= 4.0 * se, "{mean} against {expected} ± {se}");
}
