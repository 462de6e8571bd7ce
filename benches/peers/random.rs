//! A million random `f64` through each elementary function, written down for a
//! tool of high precision: what `cargo xtask refs --random` starts.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::kernels::Elementary;

use crate::Fault;
use crate::arrays::write_f64;
use crate::exhaustive::{chosen, name};

const ARGUMENTS: usize = 1_000_000;

/// Writes, for each function or for one, its arguments and behind them its values.
pub(crate) fn run(folder: &Path, only: Option<&str>) -> Result<(), Fault> {
    for f in chosen(only)? {
        let mut numbers = arguments(f);
        let mut values = numbers.clone();
        f.apply(&mut values);
        numbers.append(&mut values);
        write_f64(folder, &name(f), &numbers)?;
    }
    Ok(())
}

/// One half evenly over where the function does something, the other by
/// magnitude, from 2⁻⁴⁰ to the end of that.
fn arguments(f: Elementary) -> Vec<f64> {
    let (low, high): (f64, f64) = match f {
        // To the end of the normal numbers.
        Elementary::Exp => (-708.0, 709.0),
        Elementary::ExpM1 => (-40.0, 709.0),
        Elementary::Ln => (0.0, 4.0),
        Elementary::Ln1p => (-1.0, 4.0),
        Elementary::Tanh => (-20.0, 20.0),
        Elementary::Sigmoid | Elementary::Softplus => (-708.0, 40.0),
        Elementary::Erf => (-6.0, 6.0),
        Elementary::Erfc => (-6.0, 26.5),
        // Beyond, the standard library is called.
        Elementary::Sin | Elementary::Cos => (-1e6, 1e6),
        Elementary::Atan => (-50.0, 50.0),
        _ => (-1.0, 1.0),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let argument = |k: usize| {
        if k.is_multiple_of(2) {
            return rng.random_range(low..high);
        }
        let end = if low < 0.0 && rng.random() { low } else { high };
        end.signum() * rng.random_range(-40.0..end.abs().log2()).exp2()
    };
    (0..ARGUMENTS).map(argument).collect()
}
