//! Ridge regression for many penalties from one factorisation (notes §4.1.6;
//! erratum: the objective is ‖y − Xw‖² + λ‖w‖²).
//!
//! One QR sweep over \[1 X Y\] leaves a small triangle; its singular values turn
//! every λ into a rescaling. With more columns than rows the triangle has n
//! rows, which is the dual problem.

use faer::{Mat, MatRef};

use super::design::Design;
use super::householder::dot;
use super::scratch::Scratch;
use super::tsqr;
use crate::factor::decompose;
use crate::scale::ldexp;
use crate::{Error, Result, Scalar, Team, Tensor};

/// Solutions of min Σ w (y − Xw − 1b)² + λ‖w‖² for any λ ≥ 0.
///
/// Costs O(n c min(n, c)) once, then O(c min(n, c)) for each λ. The intercept is
/// never penalised: it is a column of ones inside the factorisation.
///
/// # Numerics
/// Backward stable, not refined: errors are ε times the condition of the
/// penalised problem. For one λ to the last digit use
/// [`LeastSquares`](crate::LeastSquares) with `l2`.
///
/// # Examples
/// ```
/// use wonderland_linalg::{RidgePath, Tensor, column};
/// let X = Tensor::from_rows(&[[1.0], [2.0]]);
/// let path = RidgePath::new(X.as_mat(), column(&[5.0, 10.0]), None, false)?;
/// // w = xᵀy / (xᵀx + λ) = 25 / (5 + λ).
/// let w = path.solve(20.0)?.coefficients[[0, 0]];
/// assert!((w - 1.0_f64).abs() < 1e-15);
/// assert!((path.effective_df(20.0)? - 0.2).abs() < 1e-15);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RidgePath<'a, T: Scalar = f64> {
    X: MatRef<'a, T>,
    Y: MatRef<'a, T>,
    weights: Option<&'a [T]>,
    intercept: bool,
    n_samples: usize,
    /// Singular values of the (centred, when there is an intercept) design.
    s: Vec<f64>,
    /// Right singular vectors ~ (c, k).
    V: Mat<f64>,
    /// UᵀY ~ (k, targets).
    zeta: Mat<f64>,
    /// Squared residual no coefficient can touch, by target.
    rss: Vec<f64>,
    /// Row of the triangle that belongs to the intercept: its pivot, X, Y.
    ones: Option<(f64, Vec<f64>, Vec<f64>)>,
    exponent: i32,
    target_exponents: Vec<i32>,
    weight_exponent: i32,
}

/// One point of a [`RidgePath`].
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeSolution<T: Scalar = f64> {
    /// Coefficients ~ (c, k).
    pub coefficients: Tensor<T>,
    /// Intercept of each target; zero when none was fitted.
    pub intercept: Vec<T>,
}

impl<'a, T: Scalar> RidgePath<'a, T> {
    /// Factors X ~ (n, c) and Y ~ (n, k), with optional weights ~ (n).
    ///
    /// # Errors
    /// Those of [`LeastSquares::solve_weighted`](crate::LeastSquares::solve_weighted).
    pub fn new(
        X: MatRef<'a, T>,
        Y: MatRef<'a, T>,
        weights: Option<&'a [T]>,
        intercept: bool,
    ) -> Result<Self> {
        Self::new_by(Team::alone(), X, Y, weights, intercept)
    }

    /// The same on the threads of a [`Threads::run`](crate::Threads::run); any
    /// number of threads gives the same bits.
    ///
    /// # Errors
    /// Those of [`new`](RidgePath::new).
    pub fn new_by(
        team: Team,
        X: MatRef<'a, T>,
        Y: MatRef<'a, T>,
        weights: Option<&'a [T]>,
        intercept: bool,
    ) -> Result<Self> {
        let scratch = Scratch::default();
        let mut design = Design::new(&scratch, X, Y, weights, intercept)?;
        design.measure()?;
        let free = usize::from(intercept);
        let (c, targets) = (X.ncols(), Y.ncols());
        // One exponent for all columns: the penalty compares them as they are.
        let exponent = design.exponents[free..].iter().copied().max().unwrap_or(0);
        design.exponents[free..].fill(exponent);
        let triangle = tsqr::factor(team, &design, true);
        let m = triangle.rows;
        let at = |i: usize, j: usize| triangle.R[j * m + i];
        let rows = (m - free.min(m)).min(c);
        let core = Mat::from_fn(rows, c, |i, j| at(i + free, j + free));
        let factors = decompose(core.as_ref()).0;
        let zeta = Mat::from_fn(factors.s.len(), targets, |k, t| {
            (0..rows).map(|i| factors.U[(i, k)] * at(i + free, free + c + t)).sum()
        });
        let rss = (0..targets)
            .map(|t| (rows + free..m).map(|i| at(i, free + c + t).powi(2)).sum())
            .collect();
        let ones = intercept.then(|| {
            let row = |from: usize, to: usize| (from..to).map(|j| at(0, j)).collect::<Vec<_>>();
            (at(0, 0), row(1, 1 + c), row(1 + c, 1 + c + targets))
        });
        Ok(Self {
            X,
            Y,
            weights,
            intercept,
            n_samples: design.n_samples,
            s: factors.s,
            V: factors.V,
            zeta,
            rss,
            ones,
            exponent,
            target_exponents: design.target_exponents.to_vec(),
            weight_exponent: design.weight_exponent,
        })
    }

    /// The solution for one λ; for λ = 0 the shortest least-squares solution.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`], [`Error::Overflow`].
    pub fn solve(&self, lambda: f64) -> Result<RidgeSolution<T>> {
        let shrink = self.shrinkage(lambda)?;
        let c = self.X.ncols();
        let targets = self.Y.ncols();
        let mut coefficients = Tensor::zeros(&[c, targets]);
        let mut intercept = vec![T::ZERO; targets];
        for t in 0..targets {
            let w = self.scaled(&shrink, t);
            let e = self.target_exponents[t];
            for (j, &w) in w.iter().enumerate() {
                coefficients[[j, t]] = T::from_f64(ldexp(w, e - self.exponent));
            }
            if let Some((pivot, x, y)) = &self.ones {
                // The column of ones was loaded as ½.
                intercept[t] = T::from_f64(ldexp(0.5 * (y[t] - dot(x, &w)) / pivot, e));
            }
        }
        let all = coefficients.as_slice().iter().zip((0..c).flat_map(|j| vec![j; targets]));
        for (value, column) in all.chain(intercept.iter().map(|b| (b, 0))) {
            if !value.is_finite() {
                return Err(Error::Overflow { what: "ridge coefficient", column });
            }
        }
        Ok(RidgeSolution { coefficients, intercept })
    }

    /// Effective degrees of freedom Σ s²/(s² + λ), and one for the intercept.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`].
    pub fn effective_df(&self, lambda: f64) -> Result<f64> {
        let shrink = self.shrinkage(lambda)?;
        let sum: f64 = self.s.iter().zip(&shrink).map(|(s, f)| s * f).sum();
        Ok(sum + f64::from(u8::from(self.intercept)))
    }

    /// Generalised cross-validation n Σ w r² / (n − df)² for each target.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`]; [`Error::Saturated`] when df reaches n.
    ///
    /// # References
    /// Golub, Heath and Wahba 1979.
    pub fn gcv(&self, lambda: f64) -> Result<Vec<f64>> {
        let shrink = self.shrinkage(lambda)?;
        let n = self.n_samples as f64;
        let left = n - self.effective_df(lambda)?;
        if left <= n * 64.0 * f64::EPSILON {
            return Err(Error::Saturated { row: None });
        }
        Ok((0..self.Y.ncols())
            .map(|t| {
                // 1 − s²/(s² + λ), without cancellation where s is zero.
                let bent = (0..self.s.len()).map(|k| {
                    let kept = 1.0 - self.s[k] * shrink[k];
                    (kept * self.zeta[(k, t)]).powi(2)
                });
                let rss = self.rss[t] + bent.sum::<f64>();
                n * ldexp(rss, 2 * self.target_exponents[t] + self.weight_exponent) / (left * left)
            })
            .collect())
    }

    /// Exact leave-one-out residuals yᵢ − ŷᵢ of the fits without row i ~ (n, k).
    ///
    /// rᵢ / (1 − wᵢ hᵢ) with hᵢ the leverage at this λ: no refit is needed.
    /// One pass over X, O(n c min(n, c)).
    ///
    /// # Errors
    /// Those of [`solve`](RidgePath::solve); [`Error::Saturated`] when a row
    /// has leverage 1, so that nothing is known about it without itself.
    pub fn leave_one_out(&self, lambda: f64) -> Result<Tensor<T>> {
        let fit = self.solve(lambda)?;
        let shrink = self.shrinkage(lambda)?;
        let (n, c) = (self.X.nrows(), self.X.ncols());
        let mut out = Tensor::zeros(&[n, self.Y.ncols()]);
        let mut x = vec![0.0; c];
        for i in 0..n {
            for (j, x) in x.iter_mut().enumerate() {
                *x = ldexp(self.X[(i, j)].to_f64(), -self.exponent);
            }
            let mut leverage = 0.0;
            if let Some((pivot, mean, _)) = &self.ones {
                leverage += (0.5 / pivot).powi(2);
                x.iter_mut().zip(mean).for_each(|(x, m)| *x -= 0.5 * m / pivot);
            }
            for (k, (s, f)) in self.s.iter().zip(&shrink).enumerate() {
                let g: f64 = x.iter().enumerate().map(|(j, x)| x * self.V[(j, k)]).sum();
                // f/s = 1/(s² + λ); zero for a direction left out.
                leverage += if *f > 0.0 { g * g * f / s } else { 0.0 };
            }
            let w = self.weights.map_or(1.0, |w| ldexp(w[i].to_f64(), -self.weight_exponent));
            let left = 1.0 - w * leverage;
            if left <= 64.0 * f64::EPSILON {
                return Err(Error::Saturated { row: Some(i) });
            }
            for t in 0..self.Y.ncols() {
                let fitted: f64 = (0..c)
                    .map(|j| self.X[(i, j)].to_f64() * fit.coefficients[[j, t]].to_f64())
                    .sum::<f64>()
                    + fit.intercept[t].to_f64();
                out[[i, t]] = T::from_f64((self.Y[(i, t)].to_f64() - fitted) / left);
            }
        }
        Ok(out)
    }

    /// s / (s² + λ) of every singular value, zero where s vanishes.
    fn shrinkage(&self, lambda: f64) -> Result<Vec<f64>> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            return Err(Error::InvalidPenalty { value: lambda });
        }
        let scaled = ldexp(lambda, -2 * self.exponent - self.weight_exponent);
        let largest = self.s.first().copied().unwrap_or(0.0);
        let size = self.X.ncols().max(1) as f64;
        // The singular values themselves are known to ε s₁ only.
        let floor = 4.0 * f64::EPSILON * size.sqrt() * largest;
        Ok(self.s.iter().map(|&s| if s <= floor { 0.0 } else { s / (s * s + scaled) }).collect())
    }

    /// V diag(f) ζ of one target, in scaled units.
    fn scaled(&self, shrink: &[f64], t: usize) -> Vec<f64> {
        let z: Vec<f64> = shrink.iter().enumerate().map(|(k, f)| f * self.zeta[(k, t)]).collect();
        (0..self.X.ncols())
            .map(|j| z.iter().enumerate().map(|(k, z)| self.V[(j, k)] * z).sum())
            .collect()
    }
}
