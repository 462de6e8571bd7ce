//! The singular value decomposition, with a second route for when faer's does
//! not converge.

use std::fmt;

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::svd as faer_svd;
use faer::{ColMut, Mat, MatRef, Par};

use super::{narrow, widen};
use crate::scale::ldexp;
use crate::{Result, Scalar, Tensor};

/// X = U diag(s) Vᵀ with k = min(n, c) singular values.
#[derive(Debug, Clone, PartialEq)]
pub struct Svd<T: Scalar = f64> {
    /// Left singular vectors ~ (n, k), orthonormal columns.
    pub U: Tensor<T>,
    /// Singular values, descending.
    pub s: Vec<T>,
    /// Right singular vectors ~ (c, k), orthonormal columns.
    pub V: Tensor<T>,
    /// The algorithm that converged.
    pub route: SvdRoute,
}

/// Algorithm behind an [`Svd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SvdRoute {
    /// Bidiagonalisation (faer).
    Bidiagonal,
    /// One-sided Jacobi rotations, taken when the first does not converge.
    Jacobi,
}

/// The thin singular value decomposition of X ~ (n, c).
///
/// # Errors
/// [`Error::NonFinite`](crate::Error::NonFinite) for NaN and infinities.
///
/// # Numerics
/// In `f64` on the matrix scaled to 1 by a power of two. Singular values are
/// right to a few ε of the largest.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, svd};
/// let X = Tensor::from_rows(&[[3.0, 0.0], [0.0, -4.0]]);
/// let svd = svd(X.as_mat())?;
/// assert_eq!(svd.s, [4.0, 3.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn svd<T: Scalar>(X: MatRef<'_, T>) -> Result<Svd<T>> {
    let wide = widen(X, "X")?;
    let (factors, route) = decompose(wide.mat.as_ref());
    Ok(Svd {
        U: narrow(factors.U.as_ref()),
        s: factors.s.iter().map(|&s| T::from_f64(ldexp(s, wide.exponent))).collect(),
        V: narrow(factors.V.as_ref()),
        route,
    })
}

impl<T: Scalar> Svd<T> {
    /// Number of singular values above `tol` times the largest; the usual
    /// tolerance is ε · max(n, c).
    #[must_use]
    pub fn rank(&self, tol: f64) -> usize {
        let largest = self.s.first().map_or(0.0, |s| s.to_f64());
        self.s.iter().filter(|s| s.to_f64() > tol * largest).count()
    }
}

/// X = U diag(s) Vᵀ, and the memory in which another X of its shape is decomposed.
pub(crate) struct Factors {
    pub(crate) U: Mat<f64>,
    pub(crate) s: Vec<f64>,
    pub(crate) V: Mat<f64>,
    memory: Option<MemBuffer>,
}

impl fmt::Debug for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factors").field("s", &self.s).finish_non_exhaustive()
    }
}

/// The decomposition of a finite matrix whose elements are near 1 or below.
pub(crate) fn decompose(X: MatRef<'_, f64>) -> (Factors, SvdRoute) {
    let mut factors = Factors::none();
    let route = factors.decompose(X);
    (factors, route)
}

impl Factors {
    /// Those of no matrix.
    pub(crate) fn none() -> Self {
        Self { U: Mat::new(), s: Vec::new(), V: Mat::new(), memory: None }
    }

    /// The same over what was here before: of one shape, and unless faer does not
    /// converge, nothing is allocated.
    pub(crate) fn decompose(&mut self, X: MatRef<'_, f64>) -> SvdRoute {
        let converged = self.bidiagonal(X);
        self.or_jacobi(X, converged)
    }

    /// The first route's answer if it has one, else Jacobi's, which always
    /// converges.
    fn or_jacobi(&mut self, X: MatRef<'_, f64>, converged: bool) -> SvdRoute {
        if converged {
            return SvdRoute::Bidiagonal;
        }
        if X.nrows() >= X.ncols() {
            (self.U, self.s, self.V) = jacobi(X);
        } else {
            (self.V, self.s, self.U) = jacobi(X.transpose());
        }
        SvdRoute::Jacobi
    }

    /// faer's decomposition; says whether it converged to finite numbers.
    fn bidiagonal(&mut self, X: MatRef<'_, f64>) -> bool {
        let (n, c) = (X.nrows(), X.ncols());
        let k = n.min(c);
        for (M, rows) in [(&mut self.U, n), (&mut self.V, c)] {
            if (M.nrows(), M.ncols()) == (rows, k) {
                M.fill(0.0);
            } else {
                *M = Mat::zeros(rows, k);
            }
        }
        self.s.clear();
        self.s.resize(k, 0.0);
        let thin = faer_svd::ComputeSvdVectors::Thin;
        let params = Default::default();
        let scratch = faer_svd::svd_scratch::<f64>(n, c, thin, thin, Par::Seq, params);
        let needed = scratch.unaligned_bytes_required();
        let there = self.memory.take().filter(|memory| memory.len() >= needed);
        let memory = there.unwrap_or_else(|| MemBuffer::new(StackReq::new::<u8>(needed)));
        let found = faer_svd::svd(
            X,
            ColMut::from_slice_mut(&mut self.s).as_diagonal_mut(),
            Some(self.U.as_mut()),
            Some(self.V.as_mut()),
            Par::Seq,
            MemStack::new(self.memory.insert(memory)),
            params,
        );
        let finite = |M: &Mat<f64>| M.col_iter().all(|c| c.iter().all(|x| x.is_finite()));
        let all = |factors: &Self| finite(&factors.U) && finite(&factors.V);
        found.is_ok() && all(self) && self.s.iter().all(|s| s.is_finite())
    }
}

/// One-sided Jacobi: rotates pairs of columns of a tall X until all are
/// orthogonal; their lengths are the singular values (Hestenes 1958). Returns
/// U, s and V.
fn jacobi(X: MatRef<'_, f64>) -> (Mat<f64>, Vec<f64>, Mat<f64>) {
    // Sweeps needed grow like log c; a bound far above what is ever used.
    const MAX_SWEEPS: usize = 60;
    let (n, c) = (X.nrows(), X.ncols());
    let mut W: Vec<Vec<f64>> = (0..c).map(|j| (0..n).map(|i| X[(i, j)]).collect()).collect();
    let mut V: Vec<Vec<f64>> =
        (0..c).map(|j| (0..c).map(|i| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for q in 1..c {
            for p in 0..q {
                let (a, b) = (dot(&W[p], &W[p]), dot(&W[q], &W[q]));
                let g = dot(&W[p], &W[q]);
                if g.abs() <= f64::EPSILON * (a * b).sqrt() || g == 0.0 {
                    continue;
                }
                rotated = true;
                let zeta = (b - a) / (2.0 * g);
                let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cos = 1.0 / t.hypot(1.0);
                rotate(&mut W, p, q, cos, cos * t);
                rotate(&mut V, p, q, cos, cos * t);
            }
        }
        if !rotated {
            break;
        }
    }
    let lengths: Vec<f64> = W.iter().map(|w| dot(w, w).sqrt()).collect();
    let mut order: Vec<usize> = (0..c).collect();
    order.sort_by(|&i, &j| lengths[j].total_cmp(&lengths[i]));
    let mut U: Vec<Vec<f64>> = Vec::with_capacity(c);
    for &j in &order {
        let u: Vec<f64> = W[j].iter().map(|w| w / lengths[j]).collect();
        let negligible = lengths[j] <= f64::EPSILON * f64::EPSILON * lengths[order[0]];
        U.push(if negligible { orthogonal_to(&U, n) } else { u });
    }
    (
        Mat::from_fn(n, c, |i, j| U[j][i]),
        order.iter().map(|&j| lengths[j]).collect(),
        Mat::from_fn(c, c, |i, j| V[order[j]][i]),
    )
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn rotate(W: &mut [Vec<f64>], p: usize, q: usize, cos: f64, sin: f64) {
    let (head, tail) = W.split_at_mut(q);
    for (x, y) in head[p].iter_mut().zip(&mut tail[0]) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

/// A unit vector orthogonal to the given ones, from the coordinate vector that
/// they cover least.
fn orthogonal_to(U: &[Vec<f64>], n: usize) -> Vec<f64> {
    let covered = |i: usize| U.iter().map(|u| u[i] * u[i]).sum::<f64>();
    let start = (0..n).min_by(|&i, &j| covered(i).total_cmp(&covered(j))).unwrap_or(0);
    let mut x = vec![0.0; n];
    x[start] = 1.0;
    for _ in 0..2 {
        for u in U {
            let s = dot(&x, u);
            x.iter_mut().zip(u).for_each(|(x, u)| *x -= s * u);
        }
        let length = dot(&x, &x).sqrt();
        x.iter_mut().for_each(|x| *x /= length);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ‖U diag(s) Vᵀ − X‖ and the departures from orthogonality, at most
    /// `tol` everywhere.
    #[track_caller]
    fn check(X: &Tensor, factors: &Factors, tol: f64) {
        let k = factors.s.len();
        let inner = |M: &Mat<f64>, a: usize, b: usize| {
            (0..M.nrows()).map(|i| M[(i, a)] * M[(i, b)]).sum::<f64>()
        };
        for a in 0..k {
            for b in 0..k {
                let expected = f64::from(u8::from(a == b));
                assert!((inner(&factors.U, a, b) - expected).abs() <= tol, "UᵀU at {a}, {b}");
                assert!((inner(&factors.V, a, b) - expected).abs() <= tol, "VᵀV at {a}, {b}");
            }
        }
        for i in 0..X.nrows() {
            for j in 0..X.ncols() {
                let x: f64 =
                    (0..k).map(|l| factors.U[(i, l)] * factors.s[l] * factors.V[(j, l)]).sum();
                assert!((x - X[[i, j]]).abs() <= tol, "element {i}, {j}: {x}");
            }
        }
        assert!(factors.s.is_sorted_by(|a, b| a >= b));
    }

    fn cases() -> Vec<Tensor> {
        vec![
            Tensor::from_fn(7, 4, |i, j| ((i * 5 + j * 3) as f64).sin()),
            Tensor::from_fn(4, 7, |i, j| ((i * 5 + j * 3) as f64).cos()),
            Tensor::from_fn(5, 3, |i, _| i as f64 / 4.0),
            Tensor::zeros(&[3, 2]),
            Tensor::eye(4),
            Tensor::from_fn(11, 11, |i, j| 1.0 / (i + j + 1) as f64),
        ]
    }

    #[test]
    fn both_routes_decompose() {
        for X in cases() {
            let (ours, route) = decompose(X.as_mat());
            assert_eq!(route, SvdRoute::Bidiagonal);
            check(&X, &ours, 64.0 * f64::EPSILON);
            // As if the first route had reported that it did not converge.
            let mut jacobi = Factors::none();
            let route = jacobi.or_jacobi(X.as_mat(), false);
            assert_eq!(route, SvdRoute::Jacobi);
            check(&X, &jacobi, 64.0 * f64::EPSILON);
            for (a, b) in ours.s.iter().zip(&jacobi.s) {
                assert!((a - b).abs() <= 64.0 * f64::EPSILON * ours.s[0]);
            }
        }
    }

    #[test]
    fn scales_do_not_matter() {
        for scale in [1e300, 1e-300, 1e-310] {
            let X: Tensor = Tensor::from_rows(&[[3.0 * scale, 0.0], [0.0, 4.0 * scale]]);
            let s = svd(X.as_mat()).unwrap().s;
            assert!(
                (s[0] / X[[1, 1]] - 1.0).abs() < 1e-13 && (s[1] / X[[0, 0]] - 1.0).abs() < 1e-13
            );
        }
    }
}
