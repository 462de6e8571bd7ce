//! Sums of unweighted samples by bin, in whole numbers: exact, and therefore
//! the same whatever the order of the samples.
//!
//! A probability is two whole numbers, h · 2⁻³¹ + l · 2⁻⁶² with |l| ≤ 2³⁰, and
//! adding a large constant to a double is what finds them, four at a time.
//! Sums of them leave room in two words of 64 bits for both counts, so that a
//! sample costs two additions.

use super::bins::{Edges, VectorEdges};

/// 2⁶²: what probabilities are counted in.
pub(super) const UNIT: f64 = (1_u64 << 62) as f64;
/// The last bit of a double near this is worth 2⁻³¹ …
const HIGH: f64 = 1.5 * (1_u64 << 21) as f64;
/// … and near this 2⁻⁶².
const LOW: f64 = 1.5 / (1_u64 << 10) as f64;
/// Counts start at this bit, above the sums.
const COUNTS: u32 = 48;
/// The last bits of 2⁵² + k are those of k.
const NUMBERS: f64 = (1_u64 << 52) as f64;

/// Sums of one bin: Σ h below the number of samples, Σ l below that of events.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Packed([u64; 2]);

impl Packed {
    /// So many samples fit: 2¹⁵ counts above 2¹⁵ · 2³¹ units.
    pub(super) const MOST: usize = 1 << 15;

    pub(super) fn count(self) -> u64 {
        self.0[0] >> COUNTS
    }

    /// Σ l, which may be negative.
    fn low(self) -> i64 {
        (self.0[1] << (64 - COUNTS)).cast_signed() >> (64 - COUNTS)
    }

    pub(super) fn events(self) -> u64 {
        self.0[1].wrapping_sub(self.low().cast_unsigned()) >> COUNTS
    }

    /// Σ p in units of 2⁻⁶².
    pub(super) fn p(self) -> u128 {
        let high = u128::from(self.0[0] & ((1 << COUNTS) - 1)) << 31;
        high.wrapping_add_signed(self.low().into())
    }
}

/// Adds at most [`Packed::MOST`] samples to the sums of their bins.
pub(super) fn add(p: &[f64], y: &[bool], edges: &Edges, sums: &mut [Packed]) {
    pulp::Arch::new().dispatch(Add { p, y, edges, sums });
}

struct Add<'a> {
    p: &'a [f64],
    y: &'a [bool],
    edges: &'a Edges,
    sums: &'a mut [Packed],
}

/// Samples whose bins and summands are found before any is added.
const BLOCK: usize = 64;

impl pulp::WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { p, y, edges, sums } = self;
        let edges = VectorEdges::new(simd, edges);
        let [mut bin, mut high, mut low] = [[0.0; BLOCK]; 3];
        for (p, y) in p.chunks(BLOCK).zip(y.chunks(BLOCK)) {
            let mut padded = [0.0; BLOCK];
            let p = if p.len() == BLOCK {
                p
            } else {
                padded[..p.len()].copy_from_slice(p);
                &padded
            };
            let [bins, highs, lows] =
                [&mut bin, &mut high, &mut low].map(|x| S::as_mut_simd_f64s(x).0);
            let found = bins.iter_mut().zip(highs).zip(lows);
            for (&p, ((bin, high), low)) in S::as_simd_f64s(p).0.iter().zip(found) {
                *bin = simd.add_f64s(edges.bin(p), simd.splat_f64s(NUMBERS));
                let near = simd.add_f64s(p, simd.splat_f64s(HIGH));
                let left = simd.sub_f64s(p, simd.sub_f64s(near, simd.splat_f64s(HIGH)));
                *high = near;
                *low = simd.add_f64s(left, simd.splat_f64s(LOW));
            }
            for (((&y, bin), high), low) in y.iter().zip(&bin).zip(&high).zip(&low) {
                let Packed([h, l]) = &mut sums[bin.to_bits() as u32 as usize];
                *h = h.wrapping_add(high.to_bits().wrapping_sub(HIGH.to_bits() - (1 << COUNTS)));
                *l = l
                    .wrapping_add(low.to_bits().wrapping_sub(LOW.to_bits()))
                    .wrapping_add(u64::from(y) << COUNTS);
            }
        }
    }
}
