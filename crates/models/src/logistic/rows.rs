//! The rows of X as slices, some at a time, on the stack: a pass allocates
//! nothing.

use wonderland_linalg::MatRef;

/// Most rows at a time.
pub(super) const MOST_ROWS: usize = 256;

/// Puts the rows from `start` on into `places`, at most `most`, and says how many
/// there were. They must lie in one piece each.
pub(super) fn lend<'a>(
    X: MatRef<'a, f64>,
    start: usize,
    most: usize,
    places: &mut [&'a [f64]; MOST_ROWS],
) -> usize {
    let n = most.min(MOST_ROWS).min(X.nrows() - start);
    for (place, row) in places.iter_mut().zip(X.subrows(start, n).row_iter()) {
        *place = row.try_as_row_major().map_or(&[], |row| row.as_slice());
    }
    n
}

/// Copies rows whose elements are apart.
pub(super) fn copy<'a>(X: MatRef<'_, f64>, copies: &'a mut Vec<f64>) -> MatRef<'a, f64> {
    copies.clear();
    copies.extend(X.row_iter().flat_map(|row| row.iter().copied()));
    MatRef::from_row_major_slice(copies, X.nrows(), X.ncols())
}
