//! The time of a loop's gradient with few states kept, beside what counting its
//! steps foretells (notes §6.3): that of keeping everything, and one forward step
//! for each that is run again.
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example rewinding -- \
//!     [STEPS STATES ROWS WIDTH RUNS]
//! ```

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

mod timing;

use timing::{in_turn, median};
use wonderland_autodiff::{Arg, Budget, Result, input, scan, trace};

fn main() -> Result<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).map_while(|w| w.parse().ok()).collect();
    let (steps, slots, rows, width, runs) = match numbers[..] {
        [l, c, n, d, runs] => (l, c, n, d, runs.max(1)),
        _ => (100, 10, 16, 16, 3),
    };
    let loss = trace((input("W", [width, width]), input("h", [rows, width])), |_, (W, h)| {
        let step = scan(steps, &[W], &[h], &[], |c, s, _| (vec![s[0].matmul(c[0]).tanh()], vec![]));
        step.0[0].powi(2).mean()
    })?;
    let both = loss.value_and_grad()?;
    let within = both.plan_within(Budget::Slots(slots))?;
    // A step backward makes its own forward step again, to have what is in it.
    let again = within.report().recomputed + steps as u64;
    let (mut value, mut all, mut few) = (loss.plan(), both.plan(), within);
    let scale = 1.7 / (width as f64).sqrt();
    let wave = |n: usize| -> Vec<f32> { (0..n).map(|i| (37.0 * i as f64).sin() as f32).collect() };
    let W: Vec<f32> = wave(width * width).iter().map(|w| scale as f32 * w).collect();
    let h = wave(rows * width);
    let args = [Arg::Real(&W, [width, width].into()), Arg::Real(&h, [rows, width].into())];
    let [value, all, few] = in_turn([&mut value, &mut all, &mut few], &args, runs)?.map(median);
    let foretold = all + again as f64 / steps as f64 * value;
    println!(
        "{steps} steps, {slots} states, {rows} x {width}: value {:.1} ms, gradient {:.1} ms \
         keeping everything, {:.1} ms with {again} forward steps again; foretold {:.1} ms, \
         taken / foretold {:.3}",
        1e3 * value,
        1e3 * all,
        1e3 * few,
        1e3 * foretold,
        few / foretold
    );
    Ok(())
}
