//! Least squares: `lstsq-NxC` on uniform columns, `lstsq-stable-NxC` on columns
//! of condition 1e6, and `lstsq-two-threads-NxC` with one thread as a variant.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_benches::uniform;
use wonderland_linalg::{LeastSquares, Tensor, Threads, column, matmul};

use crate::arrays::{read_f64, write_f64};
use crate::linalg::sizes;
use crate::{Fault, Loaded, Work, unknown};

const STABLE: &str = "lstsq-stable-";
const TWO_THREADS: &str = "lstsq-two-threads-";

/// Rows and columns of a workload of any kind.
fn shape(workload: &str) -> Result<[usize; 2], Fault> {
    let head = [STABLE, TWO_THREADS].into_iter().find(|head| workload.starts_with(head));
    sizes(workload, head.unwrap_or("lstsq-")).map_or_else(|| unknown(workload, ""), Ok)
}

/// Writes X, w and y = X w.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let [n, c] = shape(workload)?;
    let (X, w) = if workload.starts_with(STABLE) {
        nearly_dependent(n, c)
    } else {
        (uniform::<f64>(n, c, 1), uniform::<f64>(c, 1, 2))
    };
    let y = matmul(X.as_mat(), w.as_mat())?;
    write_f64(folder, "X.f64", X.as_slice())?;
    write_f64(folder, "y.f64", y.as_slice())?;
    write_f64(folder, "w.f64", w.as_slice())
}

/// Columns that differ from the first by little: the condition is about c/δ,
/// just below 1e6. All numbers are short, so y = X w is exact and w the exact
/// solution.
fn nearly_dependent(n: usize, c: usize) -> (Tensor, Tensor) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let delta = (-(1e6 / c as f64).log2().floor()).exp2();
    let mut X =
        Tensor::from_fn(n, c, |_, _| f64::from(rng.random_range(-1024..=1024_i32)) / 1024.0);
    for i in 0..n {
        let row = X.row_mut(i);
        let first = row[0];
        row[1..].iter_mut().for_each(|x| *x = first + delta * *x);
    }
    let w = Tensor::from_fn(c, 1, |_, _| f64::from(rng.random_range(-32..=32_i32)) / 32.0);
    (X, w)
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let shape = shape(workload)?;
    let threads = match (workload.starts_with(TWO_THREADS), variant) {
        (true, "") => 2,
        (true, "one-thread") | (false, "") => 1,
        _ => return unknown(workload, variant),
    };
    Ok(Box::new(Problem {
        X: Tensor::new(&shape, read_f64(folder, "X.f64")?)?,
        y: read_f64(folder, "y.f64")?,
        w: read_f64(folder, "w.f64")?,
        found: Vec::new(),
        threads: Threads::new(threads)?,
    }))
}

struct Problem {
    X: Tensor<f64>,
    y: Vec<f64>,
    /// y = X w, at most rounded: the solution is w to about an ulp.
    w: Vec<f64>,
    found: Vec<f64>,
    threads: Threads,
}

impl Work for Problem {
    fn run(&mut self) -> Result<(), Fault> {
        let (X, y) = (self.X.as_mat(), column(&self.y));
        let solve = |team| LeastSquares::default().solve_by(team, X, y, None);
        self.found = self.threads.run(solve)?.coefficients.into_vec();
        Ok(())
    }

    fn error(&self) -> f64 {
        let largest = self.w.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
        let worst = self.found.iter().zip(&self.w).fold(0.0_f64, |m, (f, w)| m.max((f - w).abs()));
        worst / largest
    }
}
