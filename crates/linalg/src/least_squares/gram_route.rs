//! The fast route: XᵀX in one sweep and its Cholesky factor, when the condition
//! proves them good enough to steer the refinement.
//!
//! Forming XᵀX squares the condition, so the factor alone would lose digits; as
//! the preconditioner of twofold refinement it only has to contract, and the
//! result is the same as the stable route's.

use faer::{MatMut, MatRef};

use super::condition::condition;
use super::design::Design;
use super::householder::PivotedFactor;
use super::refine::Start;
use crate::Scalar;
use crate::factor::{factor_spd, solve_factored};
use crate::scalar::sealed::Kernels;
use crate::scale::{exponent, ldexp};

/// Largest condition of the scaled design for which the route is taken: there
/// κ² ε = 2e-8, so two sweeps of refinement suffice, and the standard errors,
/// which are not refined, keep seven digits.
pub(super) const MAX_CONDITION: f64 = 1e4;

/// The factor of √w ∘ \[1 X\] and a first solution for every target.
pub(super) struct GramFactor {
    pub(super) factor: PivotedFactor,
    pub(super) start: Start,
}

/// Factors XᵀX, setting the scales of the design on the way; `None` when the
/// data is not finite, out of range, or too ill-conditioned.
pub(super) fn factor<T: Scalar>(design: &mut Design<'_, T>, l2: f64) -> Option<GramFactor> {
    let (p, targets) = (design.ncols(), design.n_targets());
    if p == 0 || design.n_samples < p {
        return None;
    }
    let q = p + targets;
    let G = gram(design, q);
    let diagonal = |j: usize| G[j * q + j];
    // Squares and their sums must be far from the ends of the range.
    let in_range = |d: f64| (1e-250..=1e250).contains(&d);
    if !(0..p).all(|j| in_range(diagonal(j)))
        || !(p..q).all(|j| in_range(diagonal(j)) || diagonal(j) == 0.0)
    {
        return None;
    }
    for j in 0..p {
        design.exponents[j] = exponent(diagonal(j).sqrt());
    }
    for k in 0..targets {
        design.target_exponents[k] = exponent(diagonal(p + k).sqrt());
    }
    design.penalise(l2).ok()?;
    let e = |j: usize| if j < p { design.exponents[j] } else { design.target_exponents[j - p] };
    let scaled = |i: usize, j: usize| ldexp(G[i * q + j], -e(i) - e(j));
    let mut L = vec![0.0; p * p];
    for i in 0..p {
        for j in 0..=i {
            L[i * p + j] = scaled(i, j);
        }
        L[i * p + i] += design.penalties[i];
    }
    factor_spd(&mut L, p).ok()?;
    let x = (0..targets)
        .map(|k| {
            let mut x: Vec<f64> = (0..p).map(|j| scaled(p + k, j)).collect();
            solve_factored(&L, p, &mut x);
            x
        })
        .collect();
    let factor = PivotedFactor::from_cholesky(L, p);
    let condition = condition(&factor, &vec![0; p]);
    // XᵀX is known to ε p ‖X‖² or so, and the solve divides that by σ_min².
    let contraction = 4.0 * (p as f64).sqrt() * f64::EPSILON * condition * condition;
    let lengths = (p..q).map(|j| scaled(j, j).sqrt()).collect();
    let start = Start { x, lengths, contraction };
    (condition <= MAX_CONDITION).then_some(GramFactor { factor, start })
}

/// The lower triangle of \[1 X Y\]ᵀ W \[1 X Y\] ~ (q, q), row-major.
fn gram<T: Scalar>(design: &Design<'_, T>, q: usize) -> Vec<f64> {
    let mut G = vec![0.0; q * q];
    let mut block = design.block_of_rows((40_960 / q).clamp(64, 512));
    let mut start = 0;
    while design.load(&mut block, start) {
        start += block.rows;
        design.weigh(&mut block);
        let A = MatRef::from_column_major_slice_with_stride(&block.A, block.rows, q, block.ld);
        f64::gram_lower(MatMut::from_row_major_slice_mut(&mut G, q, q), A);
    }
    G
}
