//! The matrix products of a dense network's value and gradient alone, into given
//! memory: what is left of a training step when all else costs nothing.

use wonderland_autodiff::Tensor;
use wonderland_benches::uniform;
use wonderland_linalg::{MatRef, matmul_into};

use crate::{Fault, Work, unknown};

/// One layer: X W on the way there, Xᵀ G and, but for the first, G Wᵀ back.
struct Layer {
    is_first: bool,
    X: Tensor<f32>,
    W: Tensor<f32>,
    G: Tensor<f32>,
    out: Tensor<f32>,
    W_bar: Tensor<f32>,
    X_bar: Tensor<f32>,
}

pub(super) struct Products {
    layers: Vec<Layer>,
    repeats: usize,
}

impl Products {
    /// The products of a workload `NAME-BATCHxWIDTHxWIDTH…-WHAT`.
    pub(super) fn of(workload: &str, repeats: usize) -> Result<Self, Fault> {
        let sizes = workload.split('-').nth(1).unwrap_or_default();
        let sizes: Vec<usize> = sizes.split('x').map(str::parse).collect::<Result<_, _>>()?;
        let [n, widths @ ..] = sizes.as_slice() else { return unknown(workload, "gemm-floor") };
        let layers = widths.windows(2).enumerate().map(|(k, ends)| Layer {
            is_first: k == 0,
            X: uniform(*n, ends[0], 1),
            W: uniform(ends[0], ends[1], 2),
            G: uniform(*n, ends[1], 3),
            out: Tensor::zeros(&[*n, ends[1]]),
            W_bar: Tensor::zeros(&[ends[0], ends[1]]),
            X_bar: Tensor::zeros(&[*n, ends[0]]),
        });
        Ok(Self { layers: layers.collect(), repeats })
    }
}

impl Work for Products {
    fn run(&mut self) -> Result<(), Fault> {
        for _ in 0..self.repeats {
            for l in &mut self.layers {
                matmul_into(l.out.as_mat_mut(), false, l.X.as_mat(), l.W.as_mat())?;
            }
            for l in self.layers.iter_mut().rev() {
                let (W, X) = (l.W.as_mat().transpose(), l.X.as_mat().transpose());
                matmul_into(l.W_bar.as_mat_mut(), false, X, l.G.as_mat())?;
                if !l.is_first {
                    matmul_into(l.X_bar.as_mat_mut(), false, l.G.as_mat(), W)?;
                }
            }
        }
        Ok(())
    }

    /// The largest deviation of a first entry, relative to the terms of its sum.
    fn error(&self) -> f64 {
        let gap = |C: &Tensor<f32>, A: MatRef<'_, f32>, B: MatRef<'_, f32>| {
            let terms = (0..A.ncols()).map(|k| f64::from(A[(0, k)]) * f64::from(B[(k, 0)]));
            let (sum, size) = terms.fold((0.0, 0.0), |(s, m), t: f64| (s + t, m + t.abs()));
            (f64::from(C.as_slice()[0]) - sum).abs() / size
        };
        let mut worst = 0.0_f64;
        for l in &self.layers {
            worst = worst.max(gap(&l.out, l.X.as_mat(), l.W.as_mat()));
            worst = worst.max(gap(&l.W_bar, l.X.as_mat().transpose(), l.G.as_mat()));
            if !l.is_first {
                worst = worst.max(gap(&l.X_bar, l.G.as_mat(), l.W.as_mat().transpose()));
            }
        }
        worst
    }
}
