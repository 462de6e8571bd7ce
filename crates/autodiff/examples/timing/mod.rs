//! Seconds of plans that are run in turn, so that a busy machine slows all alike.

use std::time::Instant;

use wonderland_autodiff::{Arg, Plan, Result};

/// Seconds of each plan in each of `rounds`, after one that touches the memory
/// and does not count. Each plan writes its results where it wrote them before.
#[expect(clippy::disallowed_methods, reason = "it times runs")]
pub(crate) fn in_turn<const N: usize>(
    mut plans: [&mut Plan<f32>; N],
    args: &[Arg<'_, f32>],
    rounds: usize,
) -> Result<[Vec<f64>; N]> {
    let mut results: [Vec<Vec<f32>>; N] = std::array::from_fn(|k| {
        let shapes = plans[k].program().output_shapes();
        shapes.map(|s| vec![0.0; s.len()]).collect()
    });
    let mut seconds: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..=rounds {
        for ((plan, results), seconds) in plans.iter_mut().zip(&mut results).zip(&mut seconds) {
            let mut slices: Vec<&mut [f32]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            let start = Instant::now();
            plan.run_into(args, &mut slices)?;
            seconds.extend((round > 0).then(|| start.elapsed().as_secs_f64()));
        }
    }
    Ok(seconds)
}

/// The middle one of some numbers.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
