//! Products (`matmul-f32-NxKxM`), and least squares in `least_squares.rs`.

use std::path::Path;

use wonderland_benches::uniform;
use wonderland_linalg::{Tensor, matmul_into};

use crate::arrays::{read_f32, write_f32};
use crate::{Fault, Loaded, Work, least_squares, unknown};

/// Products in one run: one alone takes a fraction of a millisecond.
const REPEATS: usize = 200;

/// Writes the data of a workload.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    if workload.starts_with("lstsq-") {
        least_squares::prepare(workload, folder)
    } else if let Some([n, k, m]) = sizes(workload, "matmul-f32-") {
        write_f32(folder, "A.f32", uniform::<f32>(n, k, 1).as_slice())?;
        write_f32(folder, "B.f32", uniform::<f32>(k, m, 2).as_slice())
    } else {
        unknown(workload, "")
    }
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    if workload.starts_with("lstsq-") {
        least_squares::load(workload, variant, folder)
    } else if !variant.is_empty() {
        unknown(workload, variant)
    } else if let Some([n, k, m]) = sizes(workload, "matmul-f32-") {
        Ok(Box::new(Product {
            A: Tensor::new(&[n, k], read_f32(folder, "A.f32")?)?,
            B: Tensor::new(&[k, m], read_f32(folder, "B.f32")?)?,
            C: Tensor::zeros(&[n, m]),
        }))
    } else {
        unknown(workload, "")
    }
}

/// `lstsq-1000x20` with the head `lstsq-` is \[1000, 20\].
pub(crate) fn sizes<const N: usize>(workload: &str, head: &str) -> Option<[usize; N]> {
    let sizes: Vec<usize> =
        workload.strip_prefix(head)?.split('x').map(str::parse).collect::<Result<_, _>>().ok()?;
    sizes.try_into().ok()
}

struct Product {
    A: Tensor<f32>,
    B: Tensor<f32>,
    C: Tensor<f32>,
}

impl Work for Product {
    fn run(&mut self) -> Result<(), Fault> {
        for _ in 0..REPEATS {
            matmul_into(self.C.as_mat_mut(), false, self.A.as_mat(), self.B.as_mat())?;
        }
        Ok(())
    }

    fn error(&self) -> f64 {
        let (n, k, m) = (self.A.nrows(), self.A.ncols(), self.B.ncols());
        let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
        for i in 0..n {
            for j in 0..m {
                let exact: f64 = (0..k)
                    .map(|l| {
                        f64::from(self.A.as_mat()[(i, l)]) * f64::from(self.B.as_mat()[(l, j)])
                    })
                    .sum();
                worst = worst.max((f64::from(self.C.as_mat()[(i, j)]) - exact).abs());
                largest = largest.max(exact.abs());
            }
        }
        worst / largest
    }
}
