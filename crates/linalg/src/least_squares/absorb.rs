//! Rows rotated into a triangle by Householder reflections, four at a time.
//!
//! The one idea: reflection k touches row k of the triangle and the block
//! below, so \[R; B\] is reduced without ever being stacked; and four
//! reflections together, I − V Tᵀ Vᵀ (Schreiber and Van Loan 1989), read the
//! block twice where one by one they would read it eight times.

use pulp::{Arch, Simd, WithSimd};

use super::householder::dot;

/// Reflections applied together.
const TOGETHER: usize = 4;

/// Replaces R by the factor of \[R; B\]; what is left of B is undefined.
///
/// # Shapes
/// R ~ (p, p) and B ~ (ld, p), both column-major; ld is a multiple of 8, rows
/// of B that are not wanted are zero.
pub(super) fn absorb(R: &mut [f64], B: &mut [f64], ld: usize, p: usize) {
    struct Absorb<'a>(&'a mut [f64], &'a mut [f64], usize, usize);
    impl WithSimd for Absorb<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(R, B, ld, p) = self;
            for k in (0..p).step_by(TOGETHER) {
                let count = TOGETHER.min(p - k);
                let (done, rest) = B.split_at_mut((k + count) * ld);
                let V = &mut done[k * ld..];
                let T = panel(R, V, ld, p, k);
                // Fewer than four are the last, with nothing to their right.
                let mut j = k + count;
                let mut pairs = rest.chunks_exact_mut(2 * ld);
                for pair in &mut pairs {
                    apply::<S, 2>(simd, V, &T, pair, ld, &mut R[j * p..], p, k);
                    j += 2;
                }
                for one in pairs.into_remainder().chunks_exact_mut(ld) {
                    apply::<S, 1>(simd, V, &T, one, ld, &mut R[j * p..], p, k);
                }
            }
        }
    }
    debug_assert!(ld.is_multiple_of(8), "{ld} rows are not whole vectors");
    Arch::new().dispatch(Absorb(R, &mut B[..p * ld], ld, p));
}

/// Reflects columns k, k + 1, … of \[R; V\] one by one; V keeps the vectors, and
/// the triangle T of their product (I − V Tᵀ Vᵀ) is returned, T\[i\]\[j\] for
/// i ≤ j.
#[inline(always)]
fn panel(
    R: &mut [f64],
    V: &mut [f64],
    ld: usize,
    p: usize,
    k: usize,
) -> [[f64; TOGETHER]; TOGETHER] {
    let mut T = [[0.0; TOGETHER]; TOGETHER];
    let count = V.len() / ld;
    for i in 0..count {
        let (before, rest) = V.split_at_mut(i * ld);
        let (v, after) = rest.split_at_mut(ld);
        let diagonal = (k + i) * p + k + i;
        let tail = dot(v, v);
        // Nothing to take away: no reflection, which T = 0 says.
        if tail == 0.0 {
            continue;
        }
        let alpha = R[diagonal];
        let norm = (alpha * alpha + tail).sqrt();
        let beta = if alpha > 0.0 { -norm } else { norm };
        let scale = 1.0 / (alpha - beta);
        v.iter_mut().for_each(|x| *x *= scale);
        let tau = (beta - alpha) / beta;
        R[diagonal] = beta;
        for (j, column) in after.chunks_exact_mut(ld).enumerate() {
            let top = &mut R[(k + i + 1 + j) * p + k + i];
            let s = -tau * (*top + dot(v, column));
            *top += s;
            column.iter_mut().zip(&*v).for_each(|(y, x)| *y = x.mul_add(s, *y));
        }
        // T's new column is −τ T (Vᵀ v); the unit parts of V do not overlap.
        let mut overlap = [0.0; TOGETHER];
        for (overlap, other) in overlap.iter_mut().zip(before.chunks_exact(ld)) {
            *overlap = dot(other, v);
        }
        for (l, row) in T[..i].iter_mut().enumerate() {
            row[i] = -tau * (l..i).map(|l| row[l] * overlap[l]).sum::<f64>();
        }
        T[i][i] = tau;
    }
    T
}

/// Applies four reflections to N columns of \[R; B\]; `R` starts at the first of
/// them.
#[expect(clippy::too_many_arguments, reason = "two matrices with their strides")]
#[inline(always)]
fn apply<S: Simd, const N: usize>(
    simd: S,
    V: &[f64],
    T: &[[f64; TOGETHER]; TOGETHER],
    columns: &mut [f64],
    ld: usize,
    R: &mut [f64],
    p: usize,
    k: usize,
) {
    let vectors = ld / S::F64_LANES;
    let v: [&[S::f64s]; TOGETHER] =
        std::array::from_fn(|i| &S::as_simd_f64s(&V[i * ld..(i + 1) * ld]).0[..vectors]);
    let mut parts = columns.chunks_exact_mut(ld);
    let c: [&mut [S::f64s]; N] = std::array::from_fn(|_| {
        let part = parts.next().unwrap_or_default();
        S::as_mut_simd_f64s(part).0
    });
    let mut sums = [[simd.splat_f64s(0.0); N]; TOGETHER];
    for row in 0..vectors {
        for j in 0..N {
            let x = c[j][row];
            for i in 0..TOGETHER {
                sums[i][j] = simd.mul_add_f64s(v[i][row], x, sums[i][j]);
            }
        }
    }
    let mut steps = [[simd.splat_f64s(0.0); N]; TOGETHER];
    for j in 0..N {
        let top = &mut R[j * p + k..j * p + k + TOGETHER];
        let w: [f64; TOGETHER] = std::array::from_fn(|i| top[i] + simd.reduce_sum_f64s(sums[i][j]));
        for i in 0..TOGETHER {
            let step = -(0..=i).map(|l| T[l][i] * w[l]).sum::<f64>();
            top[i] += step;
            steps[i][j] = simd.splat_f64s(step);
        }
    }
    for row in 0..vectors {
        for j in 0..N {
            let mut x = c[j][row];
            for i in 0..TOGETHER {
                x = simd.mul_add_f64s(v[i][row], steps[i][j], x);
            }
            c[j][row] = x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// \[R; B\]ᵀ\[R; B\] is unchanged, whatever the number of columns.
    #[test]
    fn the_gram_matrix_stays() {
        for p in [1, 2, 3, 4, 5, 8, 11] {
            let (ld, entry) = (24, |i: usize| ((i * i + 3 * i) as f64 * 0.7).sin());
            let mut R = vec![0.0; p * p];
            let mut sum = vec![0.0; p * p];
            for block in 0..3 {
                let mut B: Vec<f64> = (0..ld * p).map(|i| entry(i + 1000 * block)).collect();
                for j in 0..p {
                    // Rows that are not there.
                    B[j * ld + 21..(j + 1) * ld].fill(0.0);
                }
                if block == 1 && p > 2 {
                    B[ld..2 * ld].fill(0.0);
                }
                for i in 0..p {
                    for j in 0..p {
                        sum[i * p + j] += dot(&B[i * ld..(i + 1) * ld], &B[j * ld..(j + 1) * ld]);
                    }
                }
                absorb(&mut R, &mut B, ld, p);
            }
            for i in 0..p {
                for j in 0..p {
                    let found = dot(&R[i * p..(i + 1) * p], &R[j * p..(j + 1) * p]);
                    let gap = (found - sum[i * p + j]).abs();
                    // 63 rows of numbers up to 1, two roundings for each of p columns.
                    assert!(gap <= 63.0 * 2.0 * (p + 1) as f64 * f64::EPSILON, "{p}: {gap:e}");
                }
                assert!(R[i * p + i + 1..(i + 1) * p].iter().all(|x| *x == 0.0), "{p}: {R:?}");
            }
        }
    }
}
