//! Linear regression by gradient descent (notes §4.1.4): the solver one would
//! write first, with the step that makes it converge.

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatMut, MatRef, Tensor, column, matmul_into, squared_norm2};
use wonderland_optim::{GradientDescent, Momentum, Outcome, Step, Stop, Stopping};

use crate::affine::{as_column, predict};
use crate::classes::{check_finite_matrix, check_weights};
use crate::{Error, Result};

/// Gradient descent on 1/n ‖y − Xw − 1b‖², or Σ sᵢ (yᵢ − xᵢᵀw − b)² / Σ sᵢ with
/// sample weights s.
///
/// The bias is the weight of a further column of ones (notes §4.1.3). Descent
/// starts at w = 0 and b = ȳ. It needs about as many steps as the condition
/// number of XᵀX; [`LinearRegression`](crate::LinearRegression) needs none and is
/// exact, so this one is for study and for comparison. It takes no
/// [`Workspace`](crate::Workspace): beside some thousand passes over the rows, what a
/// fit allocates is nothing.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::LeastSquaresGd;
/// let X = Tensor::from_rows(&[[0.0], [1.0], [2.0]]);
/// let fit = LeastSquaresGd::default().fit(X.as_mat(), &[1.0, 3.0, 5.0])?;
/// assert!((fit.coefficients[0] - 2.0).abs() < 1e-6 && (fit.intercept - 1.0).abs() < 1e-6);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeastSquaresGd {
    /// Whether an intercept b is fitted; without it b = 0.
    pub intercept: bool,
    /// The step η; `None` is 1/L with L = 2/n λ_max(XᵀX), estimated by power
    /// iteration. A step above 2/L diverges, which is an error.
    pub step: Option<f64>,
    /// What earlier steps add (notes §2.3.2).
    pub momentum: Momentum,
    /// When to stop.
    pub stopping: Stopping,
}

impl Default for LeastSquaresGd {
    fn default() -> Self {
        let stopping = Stopping { gradient: 1e-9, max_iterations: 15_000, ..Stopping::default() };
        Self { intercept: true, step: None, momentum: Momentum::None, stopping }
    }
}

/// A linear regression fitted by gradient descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLeastSquaresGd {
    /// w ~ (c).
    pub coefficients: Vec<f64>,
    /// b; 0 when none was fitted.
    pub intercept: f64,
    /// σ² = Σ sᵢ (yᵢ − ŷᵢ)² / Σ sᵢ, the objective reached and the most likely
    /// variance of the noise (notes §4.1.4).
    pub sigma2: f64,
    /// The step η used.
    pub step: f64,
    /// Largest entry of the gradient reached.
    pub gradient_norm: f64,
    /// Steps taken.
    pub iterations: usize,
    /// Why the descent stopped.
    pub stop: Stop,
}

impl LeastSquaresGd {
    /// Fits w and b.
    ///
    /// # Shapes
    /// X ~ (n, c), y ~ (n).
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] (the notes' code broadcasts (n) − (n, 1) to
    /// (n, n) without a word), [`Error::TooFewRows`], NaN or infinities, a bad
    /// step, divergence, [`Error::Overflow`].
    ///
    /// # Numerics
    /// O(nc) per step by two products with vectors; XᵀX is never formed.
    pub fn fit(&self, X: MatRef<'_, f64>, y: &[f64]) -> Result<FittedLeastSquaresGd> {
        self.fit_rows(X, y, None)
    }

    /// Fits with one weight s ≥ 0 per row.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) and [`Error::InvalidWeights`].
    pub fn fit_weighted(
        &self,
        X: MatRef<'_, f64>,
        y: &[f64],
        weights: &[f64],
    ) -> Result<FittedLeastSquaresGd> {
        self.fit_rows(X, y, Some(weights))
    }

    fn fit_rows(
        &self,
        X: MatRef<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<FittedLeastSquaresGd> {
        as_column(X, y)?;
        check_finite_matrix(X)?;
        if let Some(index) = y.iter().position(|v| !v.is_finite()) {
            return Err(Error::NonFinite { name: "y", index, value: y[index] });
        }
        let total = check_weights(weights, X.nrows())?;
        let (n, c) = (X.nrows(), X.ncols());
        // Rows √(sᵢ/Σs) [xᵢ 1] turn the weighted mean of squares into a length.
        let root = |i: usize| (weights.map_or(1.0, |w| w[i]) / total).sqrt();
        let A = Tensor::from_fn(n, c + usize::from(self.intercept), |i, j| {
            root(i) * if j < c { X[(i, j)] } else { 1.0 }
        });
        let t: Vec<f64> = y.iter().enumerate().map(|(i, y)| root(i) * y).collect();
        let step = self.step_for(&A)?;
        let mut start = vec![0.0; A.ncols()];
        if self.intercept {
            start[c] = (0..n).map(|i| root(i) * t[i]).sum();
        }
        let outcome = self.descend(&A, &t, step, &start)?;
        Ok(FittedLeastSquaresGd {
            intercept: if self.intercept { outcome.x[c] } else { 0.0 },
            coefficients: outcome.x[..c].to_vec(),
            sigma2: outcome.value,
            step,
            gradient_norm: outcome.gradient_norm,
            iterations: outcome.iterations,
            stop: outcome.stop,
        })
    }

    fn step_for(&self, A: &Tensor) -> Result<f64> {
        if let Some(step) = self.step {
            return Ok(step);
        }
        // The estimate of λ_max comes from below, by less than a hundredth here
        // unless two eigenvalues nearly tie, which changes nothing: any L above
        // half of 2 λ_max converges.
        let lipschitz = 2.02 * squared_norm2(A.as_mat(), 1e-4)?;
        let step = 1.0 / lipschitz;
        // A zero matrix has no slope: every step is as good.
        if lipschitz == 0.0 {
            Ok(1.0)
        } else if step.is_finite() && step > 0.0 {
            Ok(step)
        } else {
            Err(Error::Overflow { what: "the step of gradient descent" })
        }
    }

    /// Minimises ‖t − Aw‖², whose gradient is 2Aᵀ(Aw − t).
    fn descend(&self, A: &Tensor, t: &[f64], step: f64, start: &[f64]) -> Result<Outcome> {
        let mut residual = vec![0.0; t.len()];
        let mut objective = |w: &[f64], gradient: &mut [f64]| {
            multiply(&mut residual, A.as_mat(), w);
            residual.iter_mut().zip(t).for_each(|(r, t)| *r -= t);
            multiply(gradient, A.as_mat().transpose(), &residual);
            gradient.iter_mut().for_each(|g| *g *= 2.0);
            residual.iter().map(|r| r * r).sum::<f64>()
        };
        let method = GradientDescent {
            step: Step::Fixed(step),
            momentum: self.momentum,
            stopping: self.stopping,
        };
        Ok(method.minimise(&mut objective, start, &mut ())?)
    }
}

/// out = A x.
fn multiply(out: &mut [f64], A: MatRef<'_, f64>, x: &[f64]) {
    let out = MatMut::from_column_major_slice_mut(out, A.nrows(), 1);
    matmul_into(out, false, A, column(x)).expect("the vectors were made for this matrix");
}

impl FittedLeastSquaresGd {
    /// ŷ = Xw + 1b ~ (n).
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`], non-finite X, [`Error::Overflow`].
    pub fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<f64>> {
        predict(X, &self.coefficients, self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinearRegression;

    fn data() -> (Tensor, Vec<f64>) {
        let X = Tensor::from_fn(40, 3, |i, j| ((i * (13 + 4 * j)) as f64 * 0.3).sin());
        let y = (0..40).map(|i| 2.0 + (i as f64 * 0.77).cos()).collect();
        (X, y)
    }

    #[test]
    fn notes_4_1_4_descent_reaches_the_closed_form() {
        let (X, y) = data();
        let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 4)).collect();
        let exact = LinearRegression::default().fit_weighted(X.as_mat(), &y, &weights).unwrap();
        for momentum in [Momentum::None, Momentum::HeavyBall(0.5), Momentum::Nesterov(0.5)] {
            let gd = LeastSquaresGd { momentum, ..Default::default() };
            let fit = gd.fit_weighted(X.as_mat(), &y, &weights).unwrap();
            assert_eq!(fit.stop, Stop::Gradient);
            for (a, b) in fit.coefficients.iter().zip(&exact.coefficients) {
                // The gradient tolerance over the least curvature, which is
                // above 0.01 here.
                assert!((a - b).abs() < 1e-7, "{a} {b}");
            }
            assert!((fit.intercept - exact.intercept).abs() < 1e-7);
        }
    }

    #[test]
    fn notes_4_1_4_stops_on_short_steps() {
        let (X, y) = data();
        let stopping = Stopping { gradient: 0.0, step: 1e-12, ..Stopping::default() };
        let gd = LeastSquaresGd { stopping, ..Default::default() };
        assert_eq!(gd.fit(X.as_mat(), &y).unwrap().stop, Stop::Step);
    }

    /// The notes' fixed step is for one scale of data only.
    #[test]
    fn erratum_4_1_4_a_fixed_step_diverges_on_larger_columns() {
        let (X, y) = data();
        let large = X.map(|x| 100.0 * x);
        let fixed = LeastSquaresGd { step: Some(1e-3), ..Default::default() };
        assert!(fixed.fit(X.as_mat(), &y).is_ok());
        let error = fixed.fit(large.as_mat(), &y).unwrap_err();
        assert!(matches!(error, Error::Optim(wonderland_optim::Error::Diverged { .. })), "{error}");
    }

    /// (n) − (n, 1) broadcasts to (n, n) in the notes' code; here the sizes must
    /// agree, and a y of n² values is refused by name.
    #[test]
    fn erratum_4_1_4_a_wrong_shape_is_an_error() {
        let (X, _) = data();
        let error = LeastSquaresGd::default().fit(X.as_mat(), &[0.0; 40 * 40]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "y has 1600 entries but X has 40 rows: give one entry per row"
        );
    }

    #[test]
    fn notes_4_1_3_the_bias_is_a_column_of_ones() {
        let (X, y) = data();
        let with = Tensor::from_fn(40, 4, |i, j| if j < 3 { X[[i, j]] } else { 1.0 });
        let through_zero = LeastSquaresGd { intercept: false, ..Default::default() };
        let (a, b) = (
            LeastSquaresGd::default().fit(X.as_mat(), &y).unwrap(),
            through_zero.fit(with.as_mat(), &y).unwrap(),
        );
        assert!((a.intercept - b.coefficients[3]).abs() < 1e-7);
    }
}
