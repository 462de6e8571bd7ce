//! The Gaussian mixture of ADBench and GradBench: the log posterior, its
//! gradient by reverse mode, and the same gradient written by hand.
//!
//! ```text
//! cargo run --release -p wonderland-autodiff --example gmm -- [D K N]
//! ```

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]
#![expect(clippy::print_stdout, reason = "an example prints")]

mod hand;

use hand::{compare, numbers};
use wonderland_autodiff::{Program, Result, Tensor, Var, concat, data, input, scan, trace};

/// Sizes of the problem and the Wishart prior.
#[derive(Clone, Copy)]
struct Mixture {
    d: usize,
    k: usize,
    n: usize,
    gamma: f64,
    m: f64,
}

/// ln Γ_D(a) = D(D−1)/4 ln π + Σ ln Γ(a + (1 − j)/2), by Stirling's series.
fn ln_gamma_d(a: f64, d: usize) -> f64 {
    let ln_gamma = |mut x: f64| {
        let mut shift = 0.0;
        while x < 16.0 {
            shift -= x.ln();
            x += 1.0;
        }
        let r = 1.0 / (x * x);
        let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / x;
        shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
    };
    let d_real = d as f64;
    0.25 * d_real * (d_real - 1.0) * std::f64::consts::PI.ln()
        + (1..=d).map(|j| ln_gamma(a + 0.5 * (1.0 - j as f64))).sum::<f64>()
}

impl Mixture {
    /// What does not depend on the parameters.
    fn constant(&self) -> f64 {
        let (d, k, n) = (self.d as f64, self.k as f64, self.n as f64);
        let dof = d + self.m + 1.0;
        let prior = dof * d * (self.gamma / 2.0_f64.sqrt()).ln() - ln_gamma_d(0.5 * dof, self.d);
        -n * 0.5 * d * (2.0 * std::f64::consts::PI).ln() + k * prior
    }

    /// The log posterior as a program of `alpha` ~ (K), `mu` ~ (K, D), logarithms
    /// of diagonals q ~ (K, D) and lower triangles l ~ (K, D(D−1)/2) by columns.
    fn program(self) -> Result<Program> {
        let Mixture { d, k, n, gamma, m } = self;
        let below = d * (d - 1) / 2;
        let spec = (
            input("alpha", [k]),
            input("mu", [k, d]),
            input("q", [k, d]),
            input("l", [k, below]),
            data("X", [n, d]),
        );
        trace(spec, |_, (alpha, mu, q, l, X)| {
            let diagonal = q.exp();
            // Qₖ (x − μₖ) for all rows at once: one product per component.
            let (_, squares) = scan(k, &[X], &[], &[mu, diagonal, l], |c, _, x| {
                let u = c[0] - x[0];
                let y = u.matmul(lower_triangle(x[1], x[2]).t());
                (vec![], vec![(y * y).sum_axes(&[1])])
            });
            let size = (diagonal * diagonal).sum() + (l * l).sum();
            let sum_q = q.sum_axes(&[1]);
            let scores = (alpha + sum_q).keep_axis(1) - squares[0] * 0.5;
            scores.logsumexp(0).sum() - alpha.logsumexp(0) * n as f64 - size * (0.5 * gamma * gamma)
                + sum_q.sum() * m
                + self.constant()
        })
    }

    /// Value and gradient by hand.
    fn by_hand(&self, p: &[Tensor]) -> (f64, Vec<Tensor>) {
        let Mixture { d, k, n, gamma, m } = *self;
        let (alpha, mu, q, l, X) = (&p[0], &p[1], &p[2], &p[3], &p[4]);
        let mut grads: Vec<Tensor> = p[..4].iter().map(|t| Tensor::zeros(t.shape())).collect();
        let sum_q: Vec<f64> = (0..k).map(|j| q.row(j).iter().sum()).collect();
        // Entry (i, j), i > j, of a triangle stored by columns.
        let place = |i: usize, j: usize| j * d - j * (j + 1) / 2 + i - j - 1;
        let mut value = self.constant();
        let mut scores = vec![0.0; k];
        let mut ys = vec![0.0; k * d];
        for x in (0..n).map(|row| X.row(row)) {
            for c in 0..k {
                for i in 0..d {
                    let u = |j: usize| x[j] - mu[[c, j]];
                    let inner: f64 = (0..i).map(|j| l[[c, place(i, j)]] * u(j)).sum();
                    ys[c * d + i] = q[[c, i]].exp() * u(i) + inner;
                }
                let square: f64 = ys[c * d..(c + 1) * d].iter().map(|y| y * y).sum();
                scores[c] = alpha.as_slice()[c] + sum_q[c] - 0.5 * square;
            }
            let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
            value += top + total.ln();
            for c in 0..k {
                let p = (scores[c] - top).exp() / total;
                grads[0].as_mut_slice()[c] += p;
                for i in 0..d {
                    let (y, e) = (ys[c * d + i], q[[c, i]].exp());
                    let u = |j: usize| x[j] - mu[[c, j]];
                    grads[1][[c, i]] += p * y * e;
                    grads[2][[c, i]] += p * (1.0 - y * e * u(i));
                    for j in 0..i {
                        let at = [c, place(i, j)];
                        grads[1][[c, j]] += p * y * l[at];
                        grads[3][at] -= p * y * u(j);
                    }
                }
            }
        }
        let top = alpha.as_slice().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = alpha.as_slice().iter().map(|a| (a - top).exp()).sum();
        value -= n as f64 * (top + total.ln());
        for (g, a) in grads[0].as_mut_slice().iter_mut().zip(alpha.as_slice()) {
            *g -= n as f64 * (a - top).exp() / total;
        }
        let half = 0.5 * gamma * gamma;
        for (g, q) in grads[2].as_mut_slice().iter_mut().zip(q.as_slice()) {
            let e = (2.0 * q).exp();
            value += m * q - half * e;
            *g += m - 2.0 * half * e;
        }
        for (g, l) in grads[3].as_mut_slice().iter_mut().zip(l.as_slice()) {
            value -= half * l * l;
            *g -= 2.0 * half * l;
        }
        (value, grads)
    }
}

/// The lower triangular matrix with this diagonal and these columns below it.
fn lower_triangle<'t>(diagonal: Var<'t>, below: Var<'t>) -> Var<'t> {
    let d = diagonal.shape().len();
    let mut start = 0;
    let columns: Vec<Var<'t>> = (0..d)
        .map(|j| {
            let own = diagonal.slice(0, j, j + 1).pad(0, j, 0);
            let n = d - j - 1;
            start += n;
            concat(&[own, below.slice(0, start - n, start)], 0)
        })
        .collect();
    wonderland_autodiff::stack(&columns, 1)
}

fn main() -> Result<()> {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let (d, k, n) = match sizes[..] {
        [d, k, n] => (d, k, n),
        _ => (10, 5, 200),
    };
    let mixture = Mixture { d, k, n, gamma: 1.0, m: 0.0 };
    let mut angle = 0.0;
    let mut numbers = |dims: &[usize], size: f64| numbers(&mut angle, dims, |x| size * x);
    let args = vec![
        numbers(&[k], 1.0),
        numbers(&[k, d], 1.0),
        numbers(&[k, d], 0.3),
        numbers(&[k, d * (d - 1) / 2], 0.3),
        numbers(&[n, d], 2.0),
    ];
    let (value, grads) = mixture.by_hand(&args);
    // No more than twice the work of the value beside it.
    compare(&mixture.program()?, &args, (value, &grads), 3.0)
}
