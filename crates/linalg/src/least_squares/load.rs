//! Reading strided rows into a scaled, column-major `f64` block, and looking a
//! matrix over before that.

use faer::{ContiguousFwd, MatRef};

use super::scratch::Scratch;
use crate::scale::{exponent, pow2};
use crate::{Error, Result, Scalar};

/// 2^e as two normal factors, |e| ≤ 2044.
pub(super) fn factors(e: i32) -> (f64, f64) {
    let half = e.clamp(-1022, 1022);
    (pow2(half), pow2((e - half).clamp(-1022, 1022)))
}

/// Column j of `out` (from `j · ld`) = column j of `X` times 2^(−exponents\[j\]).
pub(super) fn load_scaled<T: Scalar>(
    scratch: &Scratch,
    X: MatRef<'_, T>,
    exponents: &[i32],
    out: &mut [f64],
    ld: usize,
) {
    // Rows taken together: one cache line of each column is written at a time.
    const TILE: usize = 8;
    let n = X.nrows();
    let mut firsts = scratch.floats.lend(exponents.len());
    let mut seconds = scratch.floats.lend(exponents.len());
    for ((s, t), &e) in firsts.iter_mut().zip(&mut *seconds).zip(exponents) {
        (*s, *t) = factors(-e);
    }
    let mut start = 0;
    let plain = seconds.iter().all(|t| t.to_bits() == 1.0_f64.to_bits());
    while plain && start + TILE <= n {
        let rows: [Option<&[T]>; TILE] =
            std::array::from_fn(|i| X.row(start + i).try_as_row_major().map(|r| r.as_slice()));
        if rows.iter().any(Option::is_none) {
            break;
        }
        T::transpose_tile(rows.map(Option::unwrap_or_default), &firsts, &mut out[start..], ld);
        start += TILE;
    }
    let scales = firsts.iter().zip(&*seconds);
    for (j, ((s, t), out)) in scales.zip(out.chunks_mut(ld.max(1))).enumerate() {
        let column = X.col(j).subrows(start, n - start);
        let out = &mut out[start..n];
        if let Some(column) = column.try_as_col_major() {
            for (out, x) in out.iter_mut().zip(column.as_slice()) {
                *out = x.to_f64() * s * t;
            }
        } else {
            for (out, x) in out.iter_mut().zip(column.iter()) {
                *out = x.to_f64() * s * t;
            }
        }
    }
}

/// `out` = the exponent of the largest element of every column, over rows that
/// count; or the first element that is not finite in any row.
pub(super) fn column_exponents<T: Scalar>(
    scratch: &Scratch,
    X: MatRef<'_, T>,
    weights: Option<&[T]>,
    name: &'static str,
    out: &mut [i32],
) -> Result<()> {
    let mut largest = scratch.floats.lend(X.ncols());
    for i in 0..X.nrows() {
        let counts = weights.is_none_or(|w| w[i] > T::ZERO);
        // NaN and infinities alike make x · 0 differ from zero.
        let mut taint = 0.0;
        let mut see = |m: &mut f64, x: f64| {
            taint += x * 0.0;
            if counts && x.abs() > *m {
                *m = x.abs();
            }
        };
        if let Some(row) = X.row(i).try_as_row_major() {
            largest.iter_mut().zip(row.as_slice()).for_each(|(m, x)| see(m, x.to_f64()));
        } else {
            largest.iter_mut().zip(X.row(i).iter()).for_each(|(m, x)| see(m, x.to_f64()));
        }
        if taint != 0.0 {
            let at = |j: &usize| !X[(i, *j)].is_finite();
            let column = (0..X.ncols()).find(at).unwrap_or(0);
            let value = X[(i, column)].to_f64();
            return Err(Error::NonFinite { name, row: i, column, value });
        }
    }
    out.iter_mut().zip(&*largest).for_each(|(e, m)| *e = exponent(*m));
    Ok(())
}

/// Writes eight rows into columns `ld` apart, column j times `scales\[j\]`.
#[inline(always)]
pub(crate) fn transpose_tile<T: Scalar>(
    rows: [&[T]; 8],
    scales: &[f64],
    out: &mut [f64],
    ld: usize,
) {
    let c = scales.len();
    let rows = rows.map(|row| &row[..c]);
    for (j, (scale, column)) in scales.iter().zip(out.chunks_mut(ld)).enumerate() {
        // Straight from load to store: a tile in between would be spilled.
        for (out, row) in column[..8].iter_mut().zip(&rows) {
            *out = row[j].to_f64() * scale;
        }
    }
}

/// Writes columns one behind the other, `ld` apart, times `scales`.
#[inline(always)]
pub(crate) fn pack_rows<T: Scalar>(
    X: MatRef<'_, T, usize, usize, ContiguousFwd>,
    scales: &[f64],
    out: &mut [f64],
    ld: usize,
) {
    let c = scales.len();
    let (scales4, scales_rest) = scales.as_chunks::<4>();
    for (j, out) in out.chunks_mut(ld).take(X.ncols()).enumerate() {
        let (x4, x_rest) = X.col(j).as_slice()[..c].as_chunks::<4>();
        let (out4, out_rest) = out[..c].as_chunks_mut::<4>();
        for ((out, x), scale) in out4.iter_mut().zip(x4).zip(scales4) {
            // All are loaded before any is stored: nothing to check for overlap.
            *out = std::array::from_fn(|l| x[l].to_f64() * scale[l]);
        }
        for ((out, x), scale) in out_rest.iter_mut().zip(x_rest).zip(scales_rest) {
            *out = x.to_f64() * scale;
        }
    }
}
