//! What this machine allows one thread, and two at once: multiply-adds and reading
//! from memory.
//!
//! Plain loops over fixed arrays, compiled for the best instruction set that
//! the processor has; figures are the best of several runs. Two threads do each
//! one half of what one did just before, and the median of such pairs counts: a
//! second core that is shared with other guests comes and goes.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};
use wonderland_linalg::{Team, Threads};

use crate::{Fault, Loaded, Work, unknown};

/// Independent chains: enough to hide a latency of 4 cycles on two units, few
/// enough to stay in sixteen registers.
const CHAINS: usize = 12;
const STEPS: usize = 4_000_000;
const RUNS: usize = 7;
const PAIRS: usize = 15;
/// 256 MiB, far beyond any cache.
const NUMBERS: usize = 32 << 20;

/// One line of JSON.
pub(crate) fn report() -> String {
    let arch = Arch::new();
    let ((operations, _), seconds) = best(|| arch.dispatch(MultiplyAdd32));
    let f32_peak = operations as f64 * 1e-9 / seconds;
    let ((operations, _), seconds) = best(|| arch.dispatch(MultiplyAdd64 { steps: STEPS }));
    let f64_peak = operations as f64 * 1e-9 / seconds;
    let numbers = vec![1.0_f64; NUMBERS];
    let (_, seconds) = best(|| arch.dispatch(Read(&numbers)));
    let read = (NUMBERS * 8) as f64 * 1e-9 / seconds;
    format!(
        "{{\"fma_f32_gflops\": {f32_peak:.1}, \"fma_f64_gflops\": {f64_peak:.1}, \"read_gb_per_s\": {read:.1}}}"
    )
}

/// How many times as fast two threads do the work of one, as one line of JSON.
pub(crate) fn report_of_two() -> Result<String, Fault> {
    let arithmetic = gain(Limit::MultiplyAdds { steps: STEPS })?;
    let reading = gain(Limit::Reading(vec![1.0; NUMBERS]))?;
    Ok(format!("{{\"two_threads_fma\": {arithmetic:.2}, \"two_threads_read\": {reading:.2}}}"))
}

/// The median over pairs of one thread and two.
fn gain(limit: Limit) -> Result<f64, Fault> {
    let threads = Threads::new(2)?;
    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|_| {
            let (_, one) = timed(|| limit.reach(Team::alone()));
            let (_, two) = timed(|| threads.run(|team| limit.reach(team)));
            one / two
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[PAIRS / 2])
}

/// Work that is nothing but one limit of the machine, in two halves.
enum Limit {
    MultiplyAdds { steps: usize },
    Reading(Vec<f64>),
}

impl Limit {
    fn reach(&self, team: Team) -> f64 {
        let arch = Arch::new();
        let (a, b) = match self {
            Self::MultiplyAdds { steps } => {
                let half = || arch.dispatch(MultiplyAdd64 { steps: steps / 2 }).1;
                team.join(half, half)
            }
            Self::Reading(numbers) => {
                let (a, b) = numbers.split_at(numbers.len() / 2);
                team.join(|| arch.dispatch(Read(a)), || arch.dispatch(Read(b)))
            }
        };
        a + b
    }
}

/// The limits as workloads: `two-threads-multiply-adds` and `two-threads-reading`,
/// with one thread as a variant.
pub(crate) fn load(workload: &str, variant: &str) -> Result<Loaded, Fault> {
    let limit = match workload {
        "two-threads-multiply-adds" => Limit::MultiplyAdds { steps: STEPS },
        "two-threads-reading" => Limit::Reading(vec![1.0; NUMBERS]),
        _ => return unknown(workload, variant),
    };
    let threads = match variant {
        "" => Threads::new(2)?,
        "one-thread" => Threads::new(1)?,
        _ => return unknown(workload, variant),
    };
    Ok(Box::new(Reached { limit, threads }))
}

struct Reached {
    limit: Limit,
    threads: Threads,
}

impl Work for Reached {
    fn run(&mut self) -> Result<(), Fault> {
        black_box(self.threads.run(|team| self.limit.reach(team)));
        Ok(())
    }

    fn error(&self) -> f64 {
        0.0
    }
}

/// Seconds of `flops` operations as multiply-adds in `f64`.
pub(crate) fn seconds_of_multiply_adds(flops: f64) -> f64 {
    let arch = Arch::new();
    let steps = flops / (2 * CHAINS * vector_lanes(arch)) as f64;
    timed(|| arch.dispatch(MultiplyAdd64 { steps: steps.round() as usize })).1
}

/// Seconds of reading the numbers once.
pub(crate) fn seconds_of_reading(numbers: &[f64]) -> f64 {
    timed(|| Arch::new().dispatch(Read(numbers))).1
}

fn vector_lanes(arch: Arch) -> usize {
    let (operations, _) = arch.dispatch(MultiplyAdd64 { steps: 1 });
    operations / (2 * CHAINS)
}

#[expect(clippy::disallowed_methods, reason = "the probe is a clock")]
pub(crate) fn timed<R>(run: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let result = black_box(run());
    (result, start.elapsed().as_secs_f64())
}

fn best<R>(mut run: impl FnMut() -> R) -> (R, f64) {
    let mut runs: Vec<_> = std::iter::repeat_with(|| timed(&mut run)).take(RUNS).collect();
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

struct MultiplyAdd64 {
    steps: usize,
}

impl WithSimd for MultiplyAdd64 {
    type Output = (usize, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f64) {
        let (a, b) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(1e-3)));
        let mut chains = [simd.splat_f64s(0.0); CHAINS];
        for _ in 0..self.steps {
            for chain in &mut chains {
                *chain = simd.mul_add_f64s(*chain, a, b);
            }
        }
        let sum = chains.iter().map(|chain| simd.reduce_sum_f64s(*chain)).sum();
        (2 * CHAINS * self.steps * S::F64_LANES, sum)
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
