//! Permutation importance: how much worse a model scores when the values of one
//! column are shuffled among the rows, which breaks its tie to the target and to
//! the other columns but keeps its distribution.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Tensor};

use crate::{Error, Result};

/// The importance of one group of columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Mean over shuffles of score − score after shuffling: the loss of score.
    pub mean: f64,
    /// Standard deviation over shuffles; 0 for one shuffle.
    pub standard_deviation: f64,
}

/// Returns how much of `score` each group of columns carries.
///
/// `score` takes a matrix shaped like X and returns a number that is larger for
/// better predictions; columns of one group (the indicators of one category) are
/// shuffled together. Columns that carry the same information share it: each
/// alone may look unimportant.
///
/// # Errors
/// [`Error::InvalidSetting`] for no repeats, [`Error::ColumnMismatch`] for a
/// column that X has not; faults of `score`.
///
/// # References
/// Breiman, Machine Learning 45 (2001) 5, §10.
///
/// # Examples
/// ```
/// # use wonderland_linalg::Tensor;
/// # use wonderland_models::permutation_importance;
/// let X = Tensor::from_fn(100, 2, |i, j| ((i * (j + 3)) % 17) as f64);
/// // A score that reads the first column only.
/// let score = |Z: wonderland_linalg::MatRef<'_, f64>| {
///     Ok(-(0..100).map(|i| (Z[(i, 0)] - X[[i, 0]]).powi(2)).sum::<f64>())
/// };
/// let found = permutation_importance(X.as_mat(), &[vec![0], vec![1]], 5, 0, score)?;
/// assert!(found[0].mean > 0.0 && found[1].mean == 0.0);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
pub fn permutation_importance(
    X: MatRef<'_, f64>,
    groups: &[Vec<usize>],
    n_repeats: usize,
    seed: u64,
    mut score: impl FnMut(MatRef<'_, f64>) -> Result<f64>,
) -> Result<Vec<Importance>> {
    if n_repeats == 0 {
        let rule = "shuffle at least once";
        return Err(Error::InvalidSetting { name: "n_repeats", value: 0.0, rule });
    }
    if let Some(&column) = groups.iter().flatten().find(|&&j| j >= X.ncols()) {
        return Err(Error::ColumnMismatch { expected: X.ncols(), actual: column + 1 });
    }
    let whole = score(X)?;
    let mut shuffled = Tensor::from_mat(X);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..X.nrows()).collect();
    groups
        .iter()
        .map(|group| {
            let mut losses = Vec::with_capacity(n_repeats);
            for _ in 0..n_repeats {
                order.shuffle(&mut rng);
                for (i, &from) in order.iter().enumerate() {
                    group.iter().for_each(|&j| shuffled[[i, j]] = X[(from, j)]);
                }
                losses.push(whole - score(shuffled.as_mat())?);
            }
            for i in 0..X.nrows() {
                group.iter().for_each(|&j| shuffled[[i, j]] = X[(i, j)]);
            }
            let mean = losses.iter().sum::<f64>() / n_repeats as f64;
            let squares: f64 = losses.iter().map(|l| (l - mean).powi(2)).sum();
            let spread = if n_repeats > 1 { squares / (n_repeats - 1) as f64 } else { 0.0 };
            Ok(Importance { mean, standard_deviation: spread.sqrt() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "what is unused carries exactly nothing")]
    use super::*;

    fn score_of_sum(X: &Tensor) -> impl Fn(MatRef<'_, f64>) -> Result<f64> + '_ {
        |Z| {
            let error = |i: usize| (Z[(i, 0)] + 2.0 * Z[(i, 1)]) - (X[[i, 0]] + 2.0 * X[[i, 1]]);
            Ok(-(0..X.nrows()).map(|i| error(i).powi(2)).sum::<f64>())
        }
    }

    #[test]
    fn ranks_columns_and_leaves_unused_ones_at_nothing() {
        let X = Tensor::from_fn(200, 3, |i, j| ((i * (7 + 4 * j)) % 31) as f64);
        let groups = [vec![0], vec![1], vec![2], vec![0, 1]];
        let run =
            |seed| permutation_importance(X.as_mat(), &groups, 4, seed, score_of_sum(&X)).unwrap();
        let found = run(3);
        assert!(found[1].mean > 2.0 * found[0].mean && found[0].mean > 0.0);
        assert_eq!((found[2].mean, found[2].standard_deviation), (0.0, 0.0));
        assert!(found[3].mean > found[1].mean);
        assert_eq!(found, run(3));
        assert_ne!(found, run(4));
    }

    #[test]
    fn faults() {
        let X = Tensor::zeros(&[2, 1]);
        let run = |groups: &[Vec<usize>], repeats| {
            permutation_importance(X.as_mat(), groups, repeats, 0, |_| Ok(0.0))
        };
        assert!(matches!(run(&[vec![0]], 0), Err(Error::InvalidSetting { name: "n_repeats", .. })));
        assert!(matches!(run(&[vec![1]], 1), Err(Error::ColumnMismatch { .. })));
    }
}
