//! Elementary functions (`exp-f32` …) on a slice, and softmax and log-sum-exp of
//! rows (`softmax-f64-10` …: rows of 10 classes).

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::Scalar;
use wonderland_linalg::kernels::{Elementary, logsumexp_rows, softmax_rows};

use crate::arrays::{read_f32, read_f64, write_f32, write_f64};
use crate::{Fault, Loaded, Work, unknown};

/// Numbers in one pass: they stay in the second or third level of the cache.
const N: usize = 100_000;
/// Passes in one run.
const REPEATS: usize = 50;

/// What is done to the numbers.
#[derive(Clone, Copy)]
enum Kind {
    Function(Elementary),
    Softmax(usize),
    LogSumExp(usize),
}

impl Kind {
    /// The kind and whether it is in `f64`.
    fn of(workload: &str) -> Result<(Self, bool), Fault> {
        let parts: Vec<&str> = workload.split('-').collect();
        let (name, ty, classes) = match *parts.as_slice() {
            [name, ty] => (name, ty, 0),
            [name, ty, classes] => (name, ty, classes.parse()?),
            _ => return unknown(workload, ""),
        };
        let kind = match name {
            "softmax" => Self::Softmax(classes),
            "logsumexp" => Self::LogSumExp(classes),
            _ => {
                let found =
                    Elementary::ALL.into_iter().find(|f| format!("{f:?}").to_lowercase() == name);
                let Some(f) = found else { return unknown(workload, "") };
                Self::Function(f)
            }
        };
        Ok((kind, ty == "f64"))
    }

    /// The slow obvious way in `f64`.
    fn expected(self, x: &[f64]) -> Vec<f64> {
        let sums = |row: &[f64]| {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (max, row.iter().map(|z| (z - max).exp()).sum::<f64>())
        };
        match self {
            Self::Function(f) => x.iter().map(|&x| f.of(x)).collect(),
            Self::Softmax(m) => x
                .chunks_exact(m)
                .flat_map(|row| {
                    let (max, sum) = sums(row);
                    row.iter().map(move |z| (z - max).exp() / sum)
                })
                .collect(),
            Self::LogSumExp(m) => x
                .chunks_exact(m)
                .map(|row| {
                    let (max, sum) = sums(row);
                    max + sum.ln()
                })
                .collect(),
        }
    }

    fn run<T: Scalar>(self, x: &[T], y: &mut [T]) {
        match self {
            Self::Function(f) => f.apply_into(x, y),
            Self::Softmax(m) => {
                y.copy_from_slice(x);
                softmax_rows(y, m);
            }
            Self::LogSumExp(m) => logsumexp_rows(x, m, y),
        }
    }
}

/// Writes the numbers and what should come out.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let (kind, wide) = Kind::of(workload)?;
    let low = match kind {
        Kind::Function(Elementary::Ln | Elementary::Ln1p) => 0.0,
        _ => -8.0,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // Rounded to f32, so that both types see the same numbers.
    let single: Vec<f32> = (0..N).map(|_| rng.random_range(low..8.0_f32)).collect();
    let double: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    if wide {
        write_f64(folder, "x.f64", &double)?;
    } else {
        write_f32(folder, "x.f32", &single)?;
    }
    write_f64(folder, "y.f64", &kind.expected(&double))
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    if !variant.is_empty() {
        return unknown(workload, variant);
    }
    let (kind, wide) = Kind::of(workload)?;
    let expected = read_f64(folder, "y.f64")?;
    if wide {
        let x = read_f64(folder, "x.f64")?;
        Ok(Box::new(Passes { kind, x, y: vec![0.0; expected.len()], expected }))
    } else {
        let x = read_f32(folder, "x.f32")?;
        Ok(Box::new(Passes { kind, x, y: vec![0.0; expected.len()], expected }))
    }
}

struct Passes<T> {
    kind: Kind,
    x: Vec<T>,
    y: Vec<T>,
    expected: Vec<f64>,
}

impl<T: Scalar> Work for Passes<T> {
    fn run(&mut self) -> Result<(), Fault> {
        for _ in 0..REPEATS {
            self.kind.run(&self.x, &mut self.y);
        }
        Ok(())
    }

    /// The largest relative error.
    fn error(&self) -> f64 {
        let pairs = self.y.iter().zip(&self.expected);
        pairs.map(|(y, e)| ((y.to_f64() - e) / e).abs()).fold(0.0, f64::max)
    }
}
