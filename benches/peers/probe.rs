//! What this machine allows one thread: multiply-adds and reading from memory.
//!
//! Plain loops over fixed arrays, compiled for the best instruction set that
//! the processor has; figures are the best of several runs.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, NullaryFnOnce};

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
    let flops = |lanes: usize| (2 * CHAINS * lanes * STEPS) as f64 * 1e-9;
    let f32_peak = flops(8) / best(|| arch.dispatch(MultiplyAdd32));
    let f64_peak = flops(4) / best(|| arch.dispatch(MultiplyAdd64));
    let numbers = vec![1.0_f64; NUMBERS];
    let read = (NUMBERS * 8) as f64 * 1e-9 / best(|| arch.dispatch(Read(&numbers)));
    format!(
        "{{\"fma_f32_gflops\": {f32_peak:.1}, \"fma_f64_gflops\": {f64_peak:.1}, \"read_gb_per_s\": {read:.1}}}"
    )
}

#[expect(clippy::disallowed_methods, reason = "the probe is a clock")]
fn best<R>(mut run: impl FnMut() -> R) -> f64 {
    (0..RUNS).fold(f64::INFINITY, |best, _| {
        let start = Instant::now();
        black_box(run());
        best.min(start.elapsed().as_secs_f64())
    })
}

struct MultiplyAdd32;

impl NullaryFnOnce for MultiplyAdd32 {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let (a, b) = (black_box([0.999_f32; 8]), black_box([1e-3_f32; 8]));
        let mut chains = [[0.0_f32; 8]; CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                for lane in 0..8 {
                    chain[lane] = chain[lane].mul_add(a[lane], b[lane]);
                }
            }
        }
        chains.iter().flatten().sum()
    }
}

struct MultiplyAdd64;

impl NullaryFnOnce for MultiplyAdd64 {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (a, b) = (black_box([0.999_f64; 4]), black_box([1e-3_f64; 4]));
        let mut chains = [[0.0_f64; 4]; CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                for lane in 0..4 {
                    chain[lane] = chain[lane].mul_add(a[lane], b[lane]);
                }
            }
        }
        chains.iter().flatten().sum()
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
