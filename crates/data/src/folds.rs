//! Folds of a cross-validation: every row tests once and trains otherwise.

use crate::rng::{Purpose, rng, shuffle};
use crate::split::{SplitBy, members};
use crate::{Error, Result};

/// One fold: rows to train on and rows to test on, each in ascending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fold {
    /// Rows to fit on.
    pub train: Vec<usize>,
    /// Rows to test on.
    pub test: Vec<usize>,
}

/// Deals rows 0, …, n − 1 to k folds.
///
/// By chance and by strata, folds differ by at most one row, and so do the
/// rows of a class among folds. Whole groups go to the smallest fold, the
/// largest group first. In order, fold j tests on the j-th of k blocks and
/// trains on all others.
///
/// # Errors
/// [`Error::BadFolds`] for fewer than two folds, or more folds than rows or groups.
///
/// # Examples
/// ```
/// use wonderland_data::{SplitBy, k_folds};
/// let folds = k_folds(5, 2, SplitBy::Order, 0)?;
/// assert_eq!(folds[0].test, [0, 1, 2]);
/// assert_eq!(folds[1].test, [3, 4]);
/// # Ok::<(), wonderland_data::Error>(())
/// ```
pub fn k_folds(n: usize, k: usize, by: SplitBy<'_>, seed: u64) -> Result<Vec<Fold>> {
    let enough = |units, what| {
        if k < 2 || k > units { Err(Error::BadFolds { k, n: units, what }) } else { Ok(()) }
    };
    enough(n, "rows")?;
    let mut rng = rng(seed, Purpose::Folds);
    let mut fold_of = vec![0; n];
    match by {
        SplitBy::Chance => {
            let mut order: Vec<usize> = (0..n).collect();
            shuffle(&mut order, &mut rng);
            for (at, row) in order.into_iter().enumerate() {
                fold_of[row] = at % k;
            }
        }
        SplitBy::Order => {
            for (row, fold) in fold_of.iter_mut().enumerate() {
                // Block j begins at ⌈j n / k⌉.
                *fold = (row as u128 * k as u128 / n as u128) as usize;
            }
        }
        SplitBy::Strata(codes) => {
            // Dealt round and round, class after class.
            let mut at = 0;
            for mut rows in members("the strata", codes, n)? {
                shuffle(&mut rows, &mut rng);
                for row in rows {
                    fold_of[row] = at % k;
                    at += 1;
                }
            }
        }
        SplitBy::Groups(groups) => {
            let mut groups = members("the groups", groups, n)?;
            enough(groups.len(), "groups")?;
            shuffle(&mut groups, &mut rng);
            groups.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
            let mut size = vec![0; k];
            for rows in groups {
                let smallest =
                    (1..k).fold(0, |best, j| if size[j] < size[best] { j } else { best });
                size[smallest] += rows.len();
                for row in rows {
                    fold_of[row] = smallest;
                }
            }
        }
    }
    Ok((0..k)
        .map(|j| {
            let (test, train) = (0..n).partition(|&row| fold_of[row] == j);
            Fold { train, test }
        })
        .collect())
}
