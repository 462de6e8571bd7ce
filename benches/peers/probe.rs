//! What this machine allows one thread: multiply-adds and reading from memory.
//!
//! Plain loops over fixed arrays, compiled for the best instruction set that
//! the processor has; figures are the best of several runs.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

/// Independent chains: enough to hide a latency of 4 cycles on two units, few
/// enough to stay in sixteen registers.
const CHAINS: usize = 12;
const STEPS: usize = 4_000_000;
const RUNS: usize = 7;
/// 256 MiB, far beyond any cache.
const NUMBERS: usize = 32 << 20;

/// One line of JSON.
pub(crate) fn report() -> String {
    let arch = Arch::new();
    let ((operations, _), seconds) = best(|| arch.dispatch(MultiplyAdd32));
    let f32_peak = operations as f64 * 1e-9 / seconds;
    let ((operations, _), seconds) = best(|| arch.dispatch(MultiplyAdd64));
    let f64_peak = operations as f64 * 1e-9 / seconds;
    let numbers = vec![1.0_f64; NUMBERS];
    let (_, seconds) = best(|| arch.dispatch(Read(&numbers)));
    let read = (NUMBERS * 8) as f64 * 1e-9 / seconds;
    format!(
        "{{\"fma_f32_gflops\": {f32_peak:.1}, \"fma_f64_gflops\": {f64_peak:.1}, \"read_gb_per_s\": {read:.1}}}"
    )
}

#[expect(clippy::disallowed_methods, reason = "the probe is a clock")]
fn best<R>(mut run: impl FnMut() -> R) -> (R, f64) {
    let timed = || {
        let start = Instant::now();
        let result = black_box(run());
        (result, start.elapsed().as_secs_f64())
    };
    let mut runs: Vec<_> = std::iter::repeat_with(timed).take(RUNS).collect();
    runs.sort_by(|a, b| a.1.total_cmp(&b.1));
    runs.swap_remove(0)
}

struct MultiplyAdd32;

impl WithSimd for MultiplyAdd32 {
    /// The operations done, and a number that keeps them from being left out.
    type Output = (usize, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f32) {
        let (a, b) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut chains = [simd.splat_f32s(0.0); CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = simd.mul_add_f32s(*chain, a, b);
            }
        }
        let sum = chains.iter().map(|chain| simd.reduce_sum_f32s(*chain)).sum();
        (2 * CHAINS * STEPS * S::F32_LANES, sum)
    }
}

struct MultiplyAdd64;

impl WithSimd for MultiplyAdd64 {
    type Output = (usize, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f64) {
        let (a, b) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(1e-3)));
        let mut chains = [simd.splat_f64s(0.0); CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = simd.mul_add_f64s(*chain, a, b);
            }
        }
        let sum = chains.iter().map(|chain| simd.reduce_sum_f64s(*chain)).sum();
        (2 * CHAINS * STEPS * S::F64_LANES, sum)
    }
}

struct Read<'a>(&'a [f64]);

impl NullaryFnOnce for Read<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut sums = [0.0_f64; 32];
        for block in self.0.as_chunks::<32>().0 {
            for lane in 0..32 {
                sums[lane] += block[lane];
            }
        }
        sums.iter().sum()
    }
}
