//! What all affine models x ↦ xᵀw + b share (notes §4.1.3): shapes checked at
//! the door, and the prediction.

use wonderland_linalg::{MatRef, Scalar};

use crate::{Error, Result};

/// y as a column, refused when it has not one entry per row of X.
///
/// The notes' own code subtracts (n, 1) from (n) and broadcasts to (n, n)
/// without a word; here the mistake is an error that names both sizes.
pub(crate) fn as_column<'a, T: Scalar>(X: MatRef<'_, T>, y: &'a [T]) -> Result<MatRef<'a, T>> {
    if y.len() != X.nrows() {
        return Err(Error::LengthMismatch {
            name: "y",
            actual: y.len(),
            rows_of: "X",
            expected: X.nrows(),
        });
    }
    Ok(MatRef::from_column_major_slice(y, y.len(), 1))
}

/// Xw + 1b. Each row is summed in the same fixed order, so a row alone gives
/// the same bits as among others, whatever the strides of X.
pub(crate) fn predict<T: Scalar>(X: MatRef<'_, T>, w: &[T], b: T) -> Result<Vec<T>> {
    let mut y_hat = Vec::new();
    predict_into(&mut y_hat, X, w, b)?;
    Ok(y_hat)
}

/// The same, over what `y_hat` was.
pub(crate) fn predict_into<T: Scalar>(
    y_hat: &mut Vec<T>,
    X: MatRef<'_, T>,
    w: &[T],
    b: T,
) -> Result<()> {
    if X.ncols() != w.len() {
        return Err(Error::ColumnMismatch { expected: w.len(), actual: X.ncols() });
    }
    y_hat.clear();
    y_hat.extend((0..X.nrows()).map(|i| predict_at(X, i, w, b)));
    if y_hat.iter().any(|v| !v.is_finite()) {
        for i in 0..X.nrows() {
            for j in 0..X.ncols() {
                if !X[(i, j)].is_finite() {
                    let value = X[(i, j)].to_f64();
                    let fault =
                        wonderland_linalg::Error::NonFinite { name: "X", row: i, column: j, value };
                    return Err(fault.into());
                }
            }
        }
        return Err(Error::Overflow { what: "a prediction" });
    }
    Ok(())
}

/// xᵢᵀw + b of one row, which may be beyond the number range.
pub(crate) fn predict_at<T: Scalar>(X: MatRef<'_, T>, i: usize, w: &[T], b: T) -> T {
    let mut sum = b;
    for (j, w) in w.iter().enumerate() {
        sum += X[(i, j)] * *w;
    }
    sum
}
