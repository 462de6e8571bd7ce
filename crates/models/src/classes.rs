//! What all linear classifiers share: the checks at the door (codes, weights,
//! columns) and the scores xW + b.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use wonderland_linalg::{MatRef, Team, Tensor};

use crate::{Error, Result};

/// Refuses NaN and infinities, and no rows.
pub(crate) fn check_finite_matrix(X: MatRef<'_, f64>) -> Result<()> {
    if X.nrows() == 0 {
        return Err(Error::TooFewRows { what: "a fit", needed: 1, actual: 0 });
    }
    for i in 0..X.nrows() {
        let row = X.row(i);
        // The usual case, in a loop that becomes vector code.
        if row.try_as_row_major().is_some_and(|row| row.as_slice().iter().all(|v| v.is_finite())) {
            continue;
        }
        for j in 0..X.ncols() {
            let value = X[(i, j)];
            if !value.is_finite() {
                let name = "X";
                return Err(
                    wonderland_linalg::Error::NonFinite { name, row: i, column: j, value }.into()
                );
            }
        }
    }
    Ok(())
}

/// Refuses another number of columns than at the fit, and values that are not
/// finite.
pub(crate) fn check_columns(X: MatRef<'_, f64>, expected: usize) -> Result<()> {
    if X.ncols() != expected {
        return Err(Error::ColumnMismatch { expected, actual: X.ncols() });
    }
    if X.nrows() == 0 { Ok(()) } else { check_finite_matrix(X) }
}

/// Checks weights of the rows; returns their sum (n without weights).
pub(crate) fn check_weights(weights: Option<&[f64]>, n: usize) -> Result<f64> {
    let Some(weights) = weights else { return Ok(n as f64) };
    if weights.len() != n {
        return Err(Error::LengthMismatch {
            name: "weights",
            actual: weights.len(),
            rows_of: "X",
            expected: n,
        });
    }
    if let Some(i) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
        return Err(Error::InvalidWeights { reason: format!("entry {i} is {}", weights[i]) });
    }
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return Err(Error::InvalidWeights { reason: "all are 0".to_owned() });
    }
    if !total.is_finite() || !(1.0 / total).is_finite() {
        return Err(Error::InvalidWeights { reason: format!("their sum is {total:e}") });
    }
    Ok(total)
}

/// Codes that one thread looks over at a time.
const CODES: usize = 1 << 16;

/// Which classes were seen, in memory that is kept.
pub(crate) type Seen = Vec<AtomicBool>;

/// Checks codes 0..m with at least two classes, each of positive weight; returns
/// m.
pub(crate) fn check_codes(
    team: Team,
    y: &[usize],
    n: usize,
    weights: Option<&[f64]>,
    seen: &mut Seen,
) -> Result<usize> {
    if y.len() != n {
        return Err(Error::LengthMismatch {
            name: "y",
            actual: y.len(),
            rows_of: "X",
            expected: n,
        });
    }
    let largest = |rows: Range<usize>| y[rows].iter().fold(0, |m: usize, &k| m.max(k));
    let n_classes =
        team.map_reduce(n, CODES, largest, usize::max).map_or(0, |k| k.saturating_add(1));
    if n_classes < 2 {
        return Err(Error::OneClass);
    }
    // More codes than rows leaves one empty; found before allocating for them.
    let tracked = n_classes.min(n + 1);
    seen.clear();
    seen.resize_with(tracked, AtomicBool::default);
    let see = |rows: Range<usize>| {
        for i in rows {
            // Seldom written, so that threads seldom wait for each other's lines.
            if y[i] < tracked
                && !seen[y[i]].load(Ordering::Relaxed)
                && weights.is_none_or(|w| w[i] > 0.0)
            {
                seen[y[i]].store(true, Ordering::Relaxed);
            }
        }
    };
    team.map_reduce(n, CODES, see, |(), ()| ());
    let present = || seen.iter().map(|seen| seen.load(Ordering::Relaxed));
    match present().filter(|p| *p).count() {
        0 | 1 => Err(Error::OneClass),
        _ => match present().position(|p| !p) {
            Some(class) => Err(Error::EmptyClass { class, n_classes }),
            None => Ok(n_classes),
        },
    }
}

/// xW + b row by row, each summed in the same fixed order, so that a row alone
/// gives the same bits as among others, whatever the strides of X.
pub(crate) fn scores(X: MatRef<'_, f64>, W: &Tensor, b: &[f64]) -> Result<Tensor> {
    let mut scores = Tensor::zeros(&[X.nrows(), b.len()]);
    for (i, row) in scores.as_mut_slice().chunks_exact_mut(b.len()).enumerate() {
        row.copy_from_slice(b);
        for j in 0..X.ncols() {
            let x = X[(i, j)];
            row.iter_mut().zip(W.row(j)).for_each(|(z, w)| *z += x * w);
        }
    }
    if scores.as_slice().iter().any(|z| !z.is_finite()) {
        return Err(Error::Overflow { what: "a score" });
    }
    Ok(scores)
}
