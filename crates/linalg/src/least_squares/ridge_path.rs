//! Ridge regression for many penalties from one factorisation (notes §4.1.6;
//! erratum: the objective is ‖y − Xw‖² + λ‖w‖²).
//!
//! One QR sweep over \[1 X Y\] leaves a small triangle; its singular values turn
//! every λ into a rescaling. With more columns than rows the triangle has n
//! rows, which is the dual problem.

use std::marker::PhantomData;

use faer::{Mat, MatRef};

use super::design::Design;
use super::householder::dot;
use super::rows::LEAF;
use super::scratch::{Lent, Scratch};
use super::tsqr;
use crate::factor::{Factors, check_finite};
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
#[derive(Debug)]
pub struct RidgePath<T: Scalar = f64> {
    scratch: Scratch,
    n_features: usize,
    n_samples: usize,
    /// The (centred, when there is an intercept) design as its triangle has it
    /// ~ (·, c), its singular values and vectors.
    core: Mat<f64>,
    factors: Factors,
    /// UᵀY ~ (k, targets).
    zeta: Mat<f64>,
    /// Squared residual no coefficient can touch, by target.
    rss: Vec<f64>,
    /// Row of the triangle that belongs to the intercept: its pivot, X, Y.
    ones: Option<(f64, Vec<f64>, Vec<f64>)>,
    exponent: i32,
    target_exponents: Vec<i32>,
    weight_exponent: i32,
    element: PhantomData<T>,
}

/// One point of a [`RidgePath`].
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeSolution<T: Scalar = f64> {
    /// Coefficients ~ (c, k).
    pub coefficients: Tensor<T>,
    /// Intercept of each target; zero when none was fitted.
    pub intercept: Vec<T>,
}

impl<T: Scalar> Default for RidgeSolution<T> {
    /// That of no data.
    fn default() -> Self {
        Self { coefficients: Tensor::zeros(&[0, 0]), intercept: Vec::new() }
    }
}

impl<T: Scalar> Default for RidgePath<T> {
    /// That of no data, to be [renewed](Self::renew).
    fn default() -> Self {
        Self {
            scratch: Scratch::default(),
            n_features: 0,
            n_samples: 0,
            core: Mat::new(),
            factors: Factors::none(),
            zeta: Mat::new(),
            rss: Vec::new(),
            ones: None,
            exponent: 0,
            target_exponents: Vec::new(),
            weight_exponent: 0,
            element: PhantomData,
        }
    }
}

impl<T: Scalar> RidgePath<T> {
    /// Factors X ~ (n, c) and Y ~ (n, k), with optional weights ~ (n).
    ///
    /// # Errors
    /// Those of [`LeastSquares::solve_weighted`](crate::LeastSquares::solve_weighted).
    pub fn new(
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
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
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
        intercept: bool,
    ) -> Result<Self> {
        let mut path = Self::default();
        path.renew(team, X, Y, weights, intercept)?;
        Ok(path)
    }

    /// Factors other data in the memory that is there; of the same shape, nothing
    /// is allocated. After an error the path is that of the data before.
    ///
    /// # Errors
    /// Those of [`new`](RidgePath::new).
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::{RidgePath, Team, Tensor, column};
    /// let X = Tensor::from_rows(&[[1.0], [2.0]]);
    /// let mut path = RidgePath::new(X.as_mat(), column(&[5.0, 10.0]), None, false)?;
    /// path.renew(Team::alone(), X.as_mat(), column(&[10.0, 20.0]), None, false)?;
    /// assert!((path.solve(20.0)?.coefficients[[0, 0]] - 2.0_f64).abs() < 1e-15);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn renew(
        &mut self,
        team: Team,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
        intercept: bool,
    ) -> Result<()> {
        self.scratch.serve(team, X.nrows().div_ceil(LEAF));
        let mut design = Design::new(&self.scratch, X, Y, weights, intercept)?;
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
        write(&mut self.core, rows, c, |i, j| at(i + free, j + free));
        self.factors.decompose(self.core.as_ref());
        let Factors { U, s, .. } = &self.factors;
        write(&mut self.zeta, s.len(), targets, |k, t| {
            (0..rows).map(|i| U[(i, k)] * at(i + free, free + c + t)).sum()
        });
        self.rss.clear();
        let beyond = |t| (rows + free..m).map(|i| at(i, free + c + t).powi(2)).sum::<f64>();
        self.rss.extend((0..targets).map(beyond));
        if intercept {
            let (pivot, x, y) = self.ones.get_or_insert_default();
            *pivot = at(0, 0);
            x.clear();
            x.extend((1..1 + c).map(|j| at(0, j)));
            y.clear();
            y.extend((1 + c..1 + c + targets).map(|j| at(0, j)));
        } else {
            self.ones = None;
        }
        self.n_features = c;
        self.n_samples = design.n_samples;
        self.exponent = exponent;
        self.target_exponents.clear();
        self.target_exponents.extend_from_slice(&design.target_exponents);
        self.weight_exponent = design.weight_exponent;
        Ok(())
    }

    /// The solution for one λ; for λ = 0 the shortest least-squares solution.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`], [`Error::Overflow`].
    pub fn solve(&self, lambda: f64) -> Result<RidgeSolution<T>> {
        let mut solution = RidgeSolution::default();
        self.solve_into(&mut solution, lambda)?;
        Ok(solution)
    }

    /// The same, over what another solution was.
    ///
    /// # Errors
    /// Those of [`solve`](RidgePath::solve).
    pub fn solve_into(&self, solution: &mut RidgeSolution<T>, lambda: f64) -> Result<()> {
        let shrink = self.shrinkage(lambda)?;
        let (c, targets) = (self.n_features, self.rss.len());
        solution.coefficients.reset(&[c, targets]);
        solution.intercept.clear();
        let mut w = self.scratch.floats.lend(c);
        for t in 0..targets {
            let b = self.write_target(&mut w, &shrink, t)?;
            solution.intercept.push(T::from_f64(b));
            for (j, &w) in w.iter().enumerate() {
                solution.coefficients[[j, t]] = T::from_f64(w);
            }
        }
        Ok(())
    }

    /// Effective degrees of freedom Σ s²/(s² + λ), and one for the intercept.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`].
    pub fn effective_df(&self, lambda: f64) -> Result<f64> {
        let shrink = self.shrinkage(lambda)?;
        let sum: f64 = self.factors.s.iter().zip(&*shrink).map(|(s, f)| s * f).sum();
        Ok(sum + f64::from(u8::from(self.ones.is_some())))
    }

    /// Generalised cross-validation n Σ w r² / (n − df)² of target t.
    ///
    /// # Errors
    /// [`Error::InvalidPenalty`]; [`Error::Saturated`] when df reaches n.
    ///
    /// # Panics
    /// When there is no such target.
    ///
    /// # References
    /// Golub, Heath and Wahba 1979.
    pub fn gcv(&self, lambda: f64, t: usize) -> Result<f64> {
        let shrink = self.shrinkage(lambda)?;
        let n = self.n_samples as f64;
        let left = n - self.effective_df(lambda)?;
        if left <= n * 64.0 * f64::EPSILON {
            return Err(Error::Saturated { row: None });
        }
        // 1 − s²/(s² + λ), without cancellation where s is zero.
        let bent = self.factors.s.iter().zip(&*shrink).enumerate().map(|(k, (s, f))| {
            let kept = 1.0 - s * f;
            (kept * self.zeta[(k, t)]).powi(2)
        });
        let rss = self.rss[t] + bent.sum::<f64>();
        let rss = ldexp(rss, 2 * self.target_exponents[t] + self.weight_exponent);
        Ok(n * rss / (left * left))
    }

    /// Exact leave-one-out residuals yᵢ − ŷᵢ of the fits without row i ~ (n, k),
    /// for the data and weights that were factored.
    ///
    /// rᵢ / (1 − wᵢ hᵢ) with hᵢ the leverage at this λ: no refit is needed.
    /// One pass over X, O(n c min(n, c)).
    ///
    /// # Errors
    /// Those of [`solve`](RidgePath::solve); [`Error::ShapeMismatch`];
    /// [`Error::Saturated`] when a row has leverage 1, so that nothing is known
    /// about it without itself.
    pub fn leave_one_out(
        &self,
        lambda: f64,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<Tensor<T>> {
        let mut out = Tensor::zeros(&[0, 0]);
        self.leave_one_out_into(&mut out, lambda, X, Y, weights)?;
        Ok(out)
    }

    /// The same, over what another tensor was.
    ///
    /// # Errors
    /// Those of [`leave_one_out`](RidgePath::leave_one_out).
    pub fn leave_one_out_into(
        &self,
        out: &mut Tensor<T>,
        lambda: f64,
        X: MatRef<'_, T>,
        Y: MatRef<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<()> {
        let (n, c, targets) = (X.nrows(), self.n_features, self.rss.len());
        self.check_data(X, Y, weights)?;
        let floats = &self.scratch.floats;
        let shrink = self.shrinkage(lambda)?;
        let (mut w, mut b) = (floats.lend(targets * c), floats.lend(targets));
        for (t, b) in b.iter_mut().enumerate() {
            *b = self.write_target(&mut w[t * c..(t + 1) * c], &shrink, t)?;
        }
        out.reset(&[n, targets]);
        let mut x = floats.lend(c);
        for i in 0..n {
            let weight = weights.map_or(1.0, |w| ldexp(w[i].to_f64(), -self.weight_exponent));
            let left = 1.0 - weight * self.leverage(X, i, &mut x, &shrink);
            if left <= 64.0 * f64::EPSILON {
                return Err(Error::Saturated { row: Some(i) });
            }
            for (t, b) in b.iter().enumerate() {
                let w = &w[t * c..(t + 1) * c];
                let fitted: f64 =
                    w.iter().enumerate().map(|(j, w)| X[(i, j)].to_f64() * w).sum::<f64>() + b;
                let error = T::from_f64((Y[(i, t)].to_f64() - fitted) / left);
                if !error.is_finite() {
                    check_finite(X, "X")?;
                    check_finite(Y, "y")?;
                    return Err(Error::Overflow { what: "leave-one-out residual", column: t });
                }
                out[[i, t]] = error;
            }
        }
        Ok(())
    }

    fn check_data(&self, X: MatRef<'_, T>, Y: MatRef<'_, T>, weights: Option<&[T]>) -> Result<()> {
        let refuse = |right, rule| {
            let left = vec![X.nrows(), self.n_features];
            Err(Error::ShapeMismatch { op: "leave-one-out", left, right, rule })
        };
        if X.ncols() != self.n_features {
            return refuse(vec![X.nrows(), X.ncols()], "give the columns that were factored");
        }
        if Y.nrows() != X.nrows() || Y.ncols() != self.rss.len() {
            let rule = "give the targets that were factored, one row per row of X";
            return refuse(vec![Y.nrows(), Y.ncols()], rule);
        }
        if let Some(w) = weights.filter(|w| w.len() != X.nrows()) {
            return refuse(vec![w.len()], "give one weight per row of X");
        }
        Ok(())
    }

    /// The leverage of row i in units of its scaled weight; `x` has room for it.
    fn leverage(&self, X: MatRef<'_, T>, i: usize, x: &mut [f64], shrink: &[f64]) -> f64 {
        for (j, x) in x.iter_mut().enumerate() {
            *x = ldexp(X[(i, j)].to_f64(), -self.exponent);
        }
        let mut leverage = 0.0;
        if let Some((pivot, mean, _)) = &self.ones {
            leverage += (0.5 / pivot).powi(2);
            x.iter_mut().zip(mean).for_each(|(x, m)| *x -= 0.5 * m / pivot);
        }
        let Factors { s, V, .. } = &self.factors;
        for (k, (s, f)) in s.iter().zip(shrink).enumerate() {
            let g: f64 = x.iter().enumerate().map(|(j, x)| x * V[(j, k)]).sum();
            // f/s = 1/(s² + λ); zero for a direction left out.
            leverage += if *f > 0.0 { g * g * f / s } else { 0.0 };
        }
        leverage
    }

    /// s / (s² + λ) of every singular value, zero where s vanishes.
    fn shrinkage(&self, lambda: f64) -> Result<Lent<'_, f64>> {
        if !(lambda.is_finite() && lambda >= 0.0) {
            return Err(Error::InvalidPenalty { value: lambda });
        }
        let s = &self.factors.s;
        let scaled = ldexp(lambda, -2 * self.exponent - self.weight_exponent);
        let largest = s.first().copied().unwrap_or(0.0);
        let size = self.n_features.max(1) as f64;
        // The singular values themselves are known to ε s₁ only.
        let floor = 4.0 * f64::EPSILON * size.sqrt() * largest;
        let mut shrink = self.scratch.floats.lend(s.len());
        for (f, &s) in shrink.iter_mut().zip(s) {
            *f = if s <= floor { 0.0 } else { s / (s * s + scaled) };
        }
        Ok(shrink)
    }

    /// w of target t, rounded to T; returns its intercept.
    fn write_target(&self, w: &mut [f64], shrink: &[f64], t: usize) -> Result<f64> {
        // V diag(f) ζ, in scaled units.
        let mut z = self.scratch.floats.lend(shrink.len());
        for (k, (z, f)) in z.iter_mut().zip(shrink).enumerate() {
            *z = f * self.zeta[(k, t)];
        }
        for (j, w) in w.iter_mut().enumerate() {
            *w = z.iter().enumerate().map(|(k, z)| self.factors.V[(j, k)] * z).sum();
        }
        let e = self.target_exponents[t];
        let rounded = |x: f64, e: i32, column: usize| {
            let value = T::from_f64(ldexp(x, e)).to_f64();
            let fault = Error::Overflow { what: "ridge coefficient", column };
            if value.is_finite() { Ok(value) } else { Err(fault) }
        };
        let b = match &self.ones {
            // The column of ones was loaded as ½.
            Some((pivot, x, y)) => rounded(0.5 * (y[t] - dot(x, w)) / pivot, e, 0)?,
            None => 0.0,
        };
        for (j, w) in w.iter_mut().enumerate() {
            *w = rounded(*w, e - self.exponent, j)?;
        }
        Ok(b)
    }
}

/// M ~ (rows, columns) with the entries `f(i, j)`, in the memory that is there if it
/// has this shape.
fn write(M: &mut Mat<f64>, rows: usize, columns: usize, f: impl Fn(usize, usize) -> f64) {
    if (M.nrows(), M.ncols()) == (rows, columns) {
        for j in 0..columns {
            M.col_mut(j).iter_mut().enumerate().for_each(|(i, x)| *x = f(i, j));
        }
    } else {
        *M = Mat::from_fn(rows, columns, f);
    }
}
