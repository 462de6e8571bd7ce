//! The three kernels of the fast sweeps, on rows packed one after another
//! (`rows.rs`): BᵀB, the residuals B x, and the gradient Bᵀ r.
//!
//! Products are summed twice as exactly as `f64` at half the price of twofold
//! arithmetic by one idea (Rump, Ogita and Oishi 2008; Demmel and Nguyen 2015):
//! a sum that starts at an anchor σ far larger than all it will gather stays in
//! one binade, so each term adds a multiple of ulp(σ) exactly, and what it has
//! lost comes back from one fused multiply-add.

use pulp::{Arch, Simd, WithSimd};

use crate::ahead::Ahead;
use crate::scale::{exponent, pow2};
use crate::twofold::{Twofold, fast_two_sum, gathered};

/// σ for sums whose terms add up to at most `bound` in size.
pub(super) fn anchor(bound: f64) -> f64 {
    1.5 * pow2(exponent(bound).clamp(-900, 900) + 1)
}

/// The lower triangle of G += BᵀB for the first q columns of the packed rows,
/// while `ahead` is fetched.
///
/// # Shapes
/// B ~ (·, ld), G ~ (q, ld) row-major; what stands right of G's diagonal is
/// left undefined.
pub(crate) fn add_gram(B: &[f64], ld: usize, q: usize, G: &mut [f64], ahead: &mut Ahead) {
    struct Gram<'a>(&'a [f64], usize, usize, &'a mut [f64], &'a mut Ahead);
    impl WithSimd for Gram<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(B, ld, q, G, ahead) = self;
            ahead.spread(tiles(q, S::F64_LANES) * (B.len() / ld).div_ceil(TOGETHER));
            for first in (0..q).step_by(6) {
                let G = &mut G[first * ld..];
                // Tiles of up to twelve vectors: sixteen registers hold them,
                // what is multiplied, and nothing is spilled.
                match q - first {
                    1 => strip::<S, 1, 4>(simd, B, ld, first, G, ahead),
                    2 => strip::<S, 2, 4>(simd, B, ld, first, G, ahead),
                    3 => strip::<S, 3, 3>(simd, B, ld, first, G, ahead),
                    4 => strip::<S, 4, 2>(simd, B, ld, first, G, ahead),
                    5 => strip::<S, 5, 2>(simd, B, ld, first, G, ahead),
                    _ => strip::<S, 6, 2>(simd, B, ld, first, G, ahead),
                }
            }
        }
    }
    Arch::new().dispatch(Gram(B, ld, q, G, ahead));
}

/// Rows between two requests for memory.
const TOGETHER: usize = 8;

/// Lanes of the widest vectors there are.
const MAX_LANES: usize = 8;

/// Tiles that [`add_gram`] goes through.
fn tiles(q: usize, lanes: usize) -> usize {
    (0..q).step_by(6).map(|first| (first + 6).min(q).div_ceil(lanes).div_ceil(2)).sum()
}

/// R rows of G, from column `first` of B on, up to the diagonal, up to N
/// vectors at a time.
#[inline(always)]
fn strip<S: Simd, const R: usize, const N: usize>(
    simd: S,
    B: &[f64],
    ld: usize,
    first: usize,
    G: &mut [f64],
    ahead: &mut Ahead,
) {
    let vectors = (first + R).div_ceil(S::F64_LANES);
    for v in (0..vectors).step_by(N) {
        match N.min(vectors - v) {
            1 => tile::<S, R, 1>(simd, B, ld, first, v, G, ahead),
            2 => tile::<S, R, 2>(simd, B, ld, first, v, G, ahead),
            3 => tile::<S, R, 3>(simd, B, ld, first, v, G, ahead),
            _ => tile::<S, R, 4>(simd, B, ld, first, v, G, ahead),
        }
    }
}

/// R rows and N vectors of G, gathered in registers over all rows of B.
#[inline(always)]
fn tile<S: Simd, const R: usize, const N: usize>(
    simd: S,
    B: &[f64],
    ld: usize,
    first: usize,
    v: usize,
    G: &mut [f64],
    ahead: &mut Ahead,
) {
    let mut sums = [[simd.splat_f64s(0.0); N]; R];
    let right = v * S::F64_LANES;
    let width = N * S::F64_LANES;
    for rows in B.chunks(TOGETHER * ld) {
        ahead.fetch();
        for row in rows.chunks_exact(ld) {
            let (Some(left), Some(right)) = (
                row.get(first..).and_then(|r| r.first_chunk::<R>()),
                row.get(right..right + width),
            ) else {
                return;
            };
            let Some(right) = S::as_simd_f64s(right).0.first_chunk::<N>() else { return };
            for i in 0..R {
                let a = simd.splat_f64s(left[i]);
                for j in 0..N {
                    sums[i][j] = simd.mul_add_f64s(a, right[j], sums[i][j]);
                }
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let (out, _) = S::as_mut_simd_f64s(&mut G[i * ld + right..i * ld + right + width]);
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = simd.add_f64s(*out, *sum);
        }
    }
}

/// hi + lo = B x, row by row; σ anchors the sums. A part of `ahead` is fetched
/// for every four rows.
///
/// # Shapes
/// B ~ (n, ld) with n a multiple of 4; x ~ (ld), high and low parts; `hi` and
/// `lo` ~ (n).
pub(super) fn residuals(
    B: &[f64],
    x: [&[f64]; 2],
    sigma: f64,
    hi: &mut [f64],
    lo: &mut [f64],
    ahead: &mut Ahead,
) {
    struct Residuals<'a>(
        &'a [f64],
        [&'a [f64]; 2],
        f64,
        &'a mut [f64],
        &'a mut [f64],
        &'a mut Ahead,
    );
    impl WithSimd for Residuals<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(B, x, sigma, hi, lo, ahead) = self;
            let ld = x[0].len();
            let [(x_hi, _), (x_lo, _)] = x.map(S::as_simd_f64s);
            let anchor = simd.splat_f64s(sigma);
            let outs = hi.as_chunks_mut::<4>().0.iter_mut().zip(lo.as_chunks_mut::<4>().0);
            for (rows, (hi, lo)) in B.chunks_exact(4 * ld).zip(outs) {
                ahead.fetch();
                let rows = four::<S>(rows, ld);
                let mut sums = [anchor; 4];
                let mut lost = [simd.splat_f64s(0.0); 4];
                for (v, (&x_hi, &x_lo)) in x_hi.iter().zip(x_lo).enumerate() {
                    for i in 0..4 {
                        let a = rows[i][v];
                        let s = simd.mul_add_f64s(a, x_hi, sums[i]);
                        let back = simd.sub_f64s(sums[i], s);
                        let e = simd.mul_add_f64s(a, x_hi, back);
                        lost[i] = simd.add_f64s(lost[i], simd.mul_add_f64s(a, x_lo, e));
                        sums[i] = s;
                    }
                }
                for i in 0..4 {
                    // Multiples of ulp(σ) below σ: their sum is exact.
                    hi[i] = simd.reduce_sum_f64s(simd.sub_f64s(sums[i], anchor));
                    lo[i] = simd.reduce_sum_f64s(lost[i]);
                }
            }
        }
    }
    Arch::new().dispatch(Residuals(B, x, sigma, hi, lo, ahead));
}

/// r ← w r for r = hi + lo; returns Σ w r² and the largest |w r|.
///
/// # Shapes
/// All ~ (n).
pub(super) fn weigh(w: &[f64], hi: &mut [f64], lo: &mut [f64]) -> (Twofold, f64) {
    struct Weigh<'a>(&'a [f64], &'a mut [f64], &'a mut [f64]);
    impl WithSimd for Weigh<'_> {
        type Output = (Twofold, f64);
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (Twofold, f64) {
            let Self(w, hi, lo) = self;
            let (w, w_rest) = S::as_simd_f64s(w);
            let (hi, hi_rest) = S::as_mut_simd_f64s(hi);
            let (lo, lo_rest) = S::as_mut_simd_f64s(lo);
            let mut sums = Squares::new(simd);
            for ((w, hi), lo) in w.iter().zip(hi).zip(lo) {
                (*hi, *lo) = sums.weigh(simd, *w, *hi, *lo);
            }
            let [w, high, low] =
                [w_rest, &*hi_rest, &*lo_rest].map(|rest| simd.partial_load_f64s(rest));
            let (high, low) = sums.weigh(simd, w, high, low);
            simd.partial_store_f64s(hi_rest, high);
            simd.partial_store_f64s(lo_rest, low);
            sums.gathered(simd)
        }
    }
    Arch::new().dispatch(Weigh(w, hi, lo))
}

/// Σ w r² and the largest |w r| in every lane.
struct Squares<S: Simd> {
    sum: S::f64s,
    error: S::f64s,
    largest: S::f64s,
}

impl<S: Simd> Squares<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let zero = simd.splat_f64s(0.0);
        Self { sum: zero, error: zero, largest: zero }
    }

    /// w (hi + lo), added to the sums.
    #[inline(always)]
    fn weigh(&mut self, simd: S, w: S::f64s, hi: S::f64s, lo: S::f64s) -> (S::f64s, S::f64s) {
        let (r, low) = vector_fast_two_sum(simd, hi, lo);
        let (p, e) = vector_two_prod(simd, w, r);
        let (wr, wr_low) = vector_fast_two_sum(simd, p, simd.mul_add_f64s(w, low, e));
        self.largest = simd.max_f64s(self.largest, simd.abs_f64s(wr));
        let (q, f) = vector_two_prod(simd, wr, r);
        let rest = simd.mul_add_f64s(wr, low, simd.mul_add_f64s(wr_low, r, f));
        // TwoSum of the sum and q.
        let s = simd.add_f64s(self.sum, q);
        let t = simd.sub_f64s(s, self.sum);
        let lost = simd.sub_f64s(self.sum, simd.sub_f64s(s, t));
        let lost = simd.add_f64s(lost, simd.sub_f64s(q, t));
        self.error = simd.add_f64s(self.error, simd.add_f64s(lost, rest));
        self.sum = s;
        (wr, wr_low)
    }

    #[inline(always)]
    fn gathered(self, simd: S) -> (Twofold, f64) {
        let (mut sums, mut errors) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        simd.partial_store_f64s(&mut sums[..S::F64_LANES], self.sum);
        simd.partial_store_f64s(&mut errors[..S::F64_LANES], self.error);
        (gathered(&sums, &errors), simd.reduce_max_f64s(self.largest))
    }
}

/// [`fast_two_sum`] in every lane.
#[inline(always)]
fn vector_fast_two_sum<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> (S::f64s, S::f64s) {
    let s = simd.add_f64s(a, b);
    (s, simd.sub_f64s(b, simd.sub_f64s(s, a)))
}

/// [`two_prod`](crate::twofold::two_prod) in every lane.
#[inline(always)]
fn vector_two_prod<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> (S::f64s, S::f64s) {
    let p = simd.mul_f64s(a, b);
    (p, simd.mul_add_f64s(a, b, simd.neg_f64s(p)))
}

/// g += Bᵀ r; σ anchors the sums. A part of `ahead` is fetched for every
/// four rows.
///
/// # Shapes
/// B ~ (n, ld) with n a multiple of 4; r ~ (n), high and low parts; g and both
/// `sums`, whatever they hold, of ld places.
pub(super) fn add_gradient(
    B: &[f64],
    r: [&[f64]; 2],
    sigma: f64,
    sums: [&mut [f64]; 2],
    g: &mut [Twofold],
    ahead: &mut Ahead,
) {
    struct Gradient<'a>(&'a [f64], [&'a [f64]; 2], [&'a mut [f64]; 2], &'a mut Ahead);
    impl WithSimd for Gradient<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(B, [hi, lo], [sums_hi, sums_lo], ahead) = self;
            let ld = sums_hi.len();
            let (sums_hi, _) = S::as_mut_simd_f64s(sums_hi);
            let (sums_lo, _) = S::as_mut_simd_f64s(sums_lo);
            let residuals = hi.as_chunks::<4>().0.iter().zip(lo.as_chunks::<4>().0);
            for (rows, (hi, lo)) in B.chunks_exact(4 * ld).zip(residuals) {
                ahead.fetch();
                let rows = four::<S>(rows, ld);
                let hi = hi.map(|r| simd.splat_f64s(r));
                let lo = lo.map(|r| simd.splat_f64s(r));
                for (v, (sum, lost)) in sums_hi.iter_mut().zip(sums_lo.iter_mut()).enumerate() {
                    let (mut s, mut l) = (*sum, *lost);
                    for i in 0..4 {
                        let a = rows[i][v];
                        let next = simd.mul_add_f64s(a, hi[i], s);
                        let back = simd.sub_f64s(s, next);
                        let e = simd.mul_add_f64s(a, hi[i], back);
                        l = simd.add_f64s(l, simd.mul_add_f64s(a, lo[i], e));
                        s = next;
                    }
                    (*sum, *lost) = (s, l);
                }
            }
        }
    }
    let [sums_hi, sums_lo] = sums;
    sums_hi.fill(sigma);
    sums_lo.fill(0.0);
    Arch::new().dispatch(Gradient(B, r, [&mut *sums_hi, &mut *sums_lo], ahead));
    for (g, (&hi, &lo)) in g.iter_mut().zip(sums_hi.iter().zip(&*sums_lo)) {
        let (hi, lo) = fast_two_sum(hi - sigma, lo);
        *g = g.plus_twofold(Twofold { hi, lo });
    }
}

/// Four rows as vectors.
#[inline(always)]
fn four<S: Simd>(rows: &[f64], ld: usize) -> [&[S::f64s]; 4] {
    let (a, rest) = rows.split_at(ld);
    let (b, rest) = rest.split_at(ld);
    let (c, d) = rest.split_at(ld);
    let vectors = ld / S::F64_LANES;
    [a, b, c, d].map(|row| &S::as_simd_f64s(row).0[..vectors])
}
