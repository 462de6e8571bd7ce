//! Least squares (`lstsq-NxC`) and products (`matmul-f32-NxKxM`).

use std::path::Path;

use wonderland_benches::uniform;
use wonderland_linalg::{Tensor, column, lstsq, matmul, matmul_into};

use crate::arrays::{read_f32, read_f64, write_f32, write_f64};
use crate::{Fault, Loaded, Work, unknown};

/// Products in one run: one alone takes a fraction of a millisecond.
const REPEATS: usize = 200;

/// Writes the data of a workload.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    if let Some([n, c]) = sizes(workload, "lstsq-") {
        let X = uniform::<f64>(n, c, 1);
        let w = uniform::<f64>(c, 1, 2);
        let y = matmul(X.as_mat(), w.as_mat())?;
        write_f64(folder, "X.f64", X.as_slice())?;
        write_f64(folder, "y.f64", y.as_slice())?;
        write_f64(folder, "w.f64", w.as_slice())
    } else if let Some([n, k, m]) = sizes(workload, "matmul-f32-") {
        write_f32(folder, "A.f32", uniform::<f32>(n, k, 1).as_slice())?;
        write_f32(folder, "B.f32", uniform::<f32>(k, m, 2).as_slice())
    } else {
        unknown(workload, "")
    }
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    if !variant.is_empty() {
        return unknown(workload, variant);
    }
    if let Some([n, c]) = sizes(workload, "lstsq-") {
        Ok(Box::new(LeastSquares {
            X: Tensor::new(&[n, c], read_f64(folder, "X.f64")?)?,
            y: read_f64(folder, "y.f64")?,
            w: read_f64(folder, "w.f64")?,
            found: Vec::new(),
        }))
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
fn sizes<const N: usize>(workload: &str, head: &str) -> Option<[usize; N]> {
    let sizes: Vec<usize> =
        workload.strip_prefix(head)?.split('x').map(str::parse).collect::<Result<_, _>>().ok()?;
    sizes.try_into().ok()
}

struct LeastSquares {
    X: Tensor<f64>,
    y: Vec<f64>,
    /// y = X w, rounded: the solution is w to about an ulp.
    w: Vec<f64>,
    found: Vec<f64>,
}

impl Work for LeastSquares {
    fn run(&mut self) -> Result<(), Fault> {
        self.found = lstsq(self.X.as_mat(), column(&self.y))?.coefficients.into_vec();
        Ok(())
    }

    fn error(&self) -> f64 {
        let largest = self.w.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
        let worst = self.found.iter().zip(&self.w).fold(0.0_f64, |m, (f, w)| m.max((f - w).abs()));
        worst / largest
    }
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
