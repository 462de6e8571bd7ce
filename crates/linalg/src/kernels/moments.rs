//! Sums and sums of squares of columns, on a few rows at a time.
//!
//! The one idea: sums of a few columns stay in registers over all rows.

#![allow(clippy::inline_always, reason = "the callee must be compiled for the caller's vectors")]

use crate::simd::dispatch;

/// Adds Σᵢ wᵢ (xᵢ − x₀) and Σᵢ wᵢ (xᵢ − x₀)², column by column, over the rows xᵢ.
///
/// # Shapes
/// `rows` n × (c); `w ~ (n)`, all 1 without; `from`, `sums` and `squares` ~ (c).
///
/// # Numerics
/// Every sum in the order of the rows, and then added. NaN and infinities in a row
/// of positive weight show in the sums of their columns.
///
/// # Panics
/// When the lengths do not fit.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::add_moments;
/// let rows: [&[f64]; 2] = [&[1.0, 5.0], &[2.0, 7.0]];
/// let (mut sums, mut squares) = ([0.0; 2], [0.0; 2]);
/// add_moments(&rows, Some(&[1.0, 3.0]), &[1.0, 4.0], &mut sums, &mut squares);
/// assert_eq!((sums, squares), ([3.0, 10.0], [3.0, 28.0]));
/// ```
#[track_caller]
pub fn add_moments(
    rows: &[&[f64]],
    w: Option<&[f64]>,
    from: &[f64],
    sums: &mut [f64],
    squares: &mut [f64],
) {
    let c = from.len();
    assert!(w.is_none_or(|w| w.len() == rows.len()), "weights of {} rows", rows.len());
    assert!(rows.iter().all(|row| row.len() == c), "rows of {c}");
    assert!(sums.len() == c && squares.len() == c, "sums of {c} columns");
    dispatch!(moments(
        rows: &'a [&'a [f64]],
        w: Option<&'a [f64]>,
        from: &'a [f64],
        sums: &'a mut [f64],
        squares: &'a mut [f64],
    ) -> ());
}

#[inline(always)]
fn moments(
    rows: &[&[f64]],
    w: Option<&[f64]>,
    from: &[f64],
    sums: &mut [f64],
    squares: &mut [f64],
) {
    let mut first = 0;
    while first < from.len() {
        let columns = (first, from, &mut *sums, &mut *squares);
        first += match from.len() - first {
            8.. => few::<8>(rows, w, columns),
            4.. => few::<4>(rows, w, columns),
            _ => few::<1>(rows, w, columns),
        };
    }
}

/// N columns from the first on.
#[inline(always)]
fn few<const N: usize>(
    rows: &[&[f64]],
    w: Option<&[f64]>,
    (first, from, sums, squares): (usize, &[f64], &mut [f64], &mut [f64]),
) -> usize {
    let Some(from) = from[first..].first_chunk::<N>() else { return N };
    let (mut sum, mut square) = ([0.0; N], [0.0; N]);
    for (i, row) in rows.iter().enumerate() {
        let Some(x) = row.get(first..).and_then(|x| x.first_chunk::<N>()) else { break };
        let w = w.map_or(1.0, |w| w[i]);
        for l in 0..N {
            let d = x[l] - from[l];
            let weighted = w * d;
            sum[l] += weighted;
            square[l] = weighted.mul_add(d, square[l]);
        }
    }
    sums[first..].iter_mut().zip(sum).for_each(|(to, sum)| *to += sum);
    squares[first..].iter_mut().zip(square).for_each(|(to, square)| *to += square);
    N
}

#[cfg(test)]
mod tests {
    use super::add_moments;

    /// Small whole numbers: every order of summation gives the same.
    #[test]
    #[expect(clippy::float_cmp, reason = "whole numbers are exact")]
    fn all_widths_agree_with_the_definition() {
        let entry = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 - 5.0;
        let w: Vec<f64> = (0..9).map(|i| (i % 4) as f64).collect();
        for c in [0, 1, 3, 4, 7, 8, 11, 13, 20] {
            let X: Vec<Vec<f64>> = (0..9).map(|i| (0..c).map(|j| entry(i, j)).collect()).collect();
            let rows: Vec<&[f64]> = X.iter().map(Vec::as_slice).collect();
            let from: Vec<f64> = (0..c).map(|j| j as f64).collect();
            for w in [None, Some(&w[..])] {
                let (mut sums, mut squares) = (vec![1.0; c], vec![2.0; c]);
                add_moments(&rows, w, &from, &mut sums, &mut squares);
                for j in 0..c {
                    let terms = || (0..9).map(|i| (w.map_or(1.0, |w| w[i]), X[i][j] - from[j]));
                    assert_eq!(sums[j], 1.0 + terms().map(|(w, d)| w * d).sum::<f64>(), "{c} {j}");
                    assert_eq!(squares[j], 2.0 + terms().map(|(w, d)| w * d * d).sum::<f64>());
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "rows of 2")]
    fn lengths_must_fit() {
        add_moments(&[&[1.0]], None, &[0.0; 2], &mut [0.0; 2], &mut [0.0; 2]);
    }
}
