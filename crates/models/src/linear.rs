//! Linear regression in closed form (notes §4.1.3 and §4.1.4), with what the
//! fit says about its own uncertainty.

use std::fmt;

use serde::{Deserialize, Serialize};
use wonderland_linalg::special::student_t_quantile;
use wonderland_linalg::{
    LeastSquares, LeastSquaresSolution, MatRef, NormalEquations, Route, Scalar, Team,
};

use crate::affine::{as_column, predict};
use crate::{Error, Result, Workspace};

/// Linear regression: minimises ‖y − Xw − 1b‖², or Σ sᵢ (yᵢ − xᵢᵀw − b)² with
/// sample weights s.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::LinearRegression;
/// // The line through the means of {1, 3} at x = 0 and {5, 7} at x = 2.
/// let X = Tensor::from_rows(&[[0.0], [0.0], [2.0], [2.0]]);
/// let fit = LinearRegression::default().fit(X.as_mat(), &[1.0, 3.0, 5.0, 7.0])?;
/// assert_eq!((fit.coefficients[0], fit.intercept), (2.0, 2.0));
/// // Every residual is ±1: σ² = 4/4, and 4/(4 − 2) without bias.
/// assert_eq!((fit.sigma2, fit.residual_variance), (1.0, Some(2.0)));
/// assert_eq!(fit.predict(X.as_mat())?, [2.0, 2.0, 6.0, 6.0]);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearRegression {
    /// Whether an intercept b is fitted; without it b = 0.
    pub intercept: bool,
    /// What counts as a dependent column; `None` is the solver's own choice
    /// ([`LeastSquares::rank_tol`]).
    pub rank_tol: Option<f64>,
}

impl Default for LinearRegression {
    /// With an intercept.
    fn default() -> Self {
        Self { intercept: true, rank_tol: None }
    }
}

/// A fitted linear regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Scalar"), deny_unknown_fields)]
pub struct FittedLinearRegression<T: Scalar = f64> {
    /// w ~ (c).
    pub coefficients: Vec<T>,
    /// b; 0 when none was fitted.
    pub intercept: T,
    /// Whether an intercept was fitted.
    pub has_intercept: bool,
    /// Rows with a positive weight.
    pub n_samples: usize,
    /// Independent columns, the intercept's included.
    pub rank: usize,
    /// Condition number of those columns as given; 1.8e308 when it is larger.
    pub condition: f64,
    /// The same after scaling every column to length 1: what errors depend on.
    pub scaled_condition: f64,
    /// The route the solver took.
    pub route: Route,
    /// The minimum: Σ sᵢ (yᵢ − ŷᵢ)².
    pub residual_ss: f64,
    /// σ² = 1/n Σ sᵢ (yᵢ − ŷᵢ)², its most likely value (notes §4.1.4).
    pub sigma2: f64,
    /// The same over n − rank, which is right on average; `None` when no row is
    /// left over.
    pub residual_variance: Option<f64>,
    /// Standard error of every coefficient; `None` when columns are dependent
    /// or no row is left over.
    pub std_errors: Option<Vec<f64>>,
    /// Standard error of the intercept, under the same conditions.
    pub intercept_std_error: Option<f64>,
}

impl LinearRegression {
    /// Fits w and b.
    ///
    /// When columns are dependent, the shortest w is taken.
    ///
    /// # Shapes
    /// X ~ (n, c), y ~ (n).
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], and those of [`LeastSquares::solve`]: no rows,
    /// NaN or infinities, a solution beyond the number range.
    ///
    /// # Numerics
    /// The solution is that of the given numbers to an ulp or so up to a scaled
    /// condition of about 1e14 (a factor of X or, where its condition allows,
    /// of XᵀX, and residuals of twice the digits). Standard errors and intervals suppose independent errors of
    /// one variance.
    ///
    /// # References
    /// Notes §4.1.3, §4.1.4; the factor 2/n that the notes drop from the
    /// gradient does not move the minimum.
    pub fn fit<T: Scalar>(&self, X: MatRef<'_, T>, y: &[T]) -> Result<FittedLinearRegression<T>> {
        self.fit_by(Team::alone(), X, y, None)
    }

    /// Fits with one weight s ≥ 0 per row: a row of weight 2 counts as two rows
    /// for w and b, and as one measurement of half the variance for standard
    /// errors.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), and weights that are negative, not finite or
    /// all zero.
    pub fn fit_weighted<T: Scalar>(
        &self,
        X: MatRef<'_, T>,
        y: &[T],
        weights: &[T],
    ) -> Result<FittedLinearRegression<T>> {
        self.fit_by(Team::alone(), X, y, Some(weights))
    }

    /// The same on the threads of a
    /// [`Threads::run`](wonderland_linalg::Threads::run), weighted or not; any
    /// number of threads gives the same bits.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_by<T: Scalar>(
        &self,
        team: Team,
        X: MatRef<'_, T>,
        y: &[T],
        weights: Option<&[T]>,
    ) -> Result<FittedLinearRegression<T>> {
        self.fit_with(&mut Workspace::default(), team, X, y, weights)
    }

    /// The same in memory that is kept for the next fit.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_with<T: Scalar>(
        &self,
        workspace: &mut Workspace<T>,
        team: Team,
        X: MatRef<'_, T>,
        y: &[T],
        weights: Option<&[T]>,
    ) -> Result<FittedLinearRegression<T>> {
        let solver = &mut workspace.least_squares;
        solver.settings = LeastSquares {
            intercept: self.intercept,
            rank_tol: self.rank_tol,
            ..LeastSquares::default()
        };
        fitted(solver.solve(team, X, as_column(X, y)?, weights)?)
    }

    /// Fits to rows that were added up block by block, of one target; whether
    /// there is an intercept, the sums say.
    ///
    /// # Errors
    /// Those of [`NormalEquations::solve`]: no rows, or columns so nearly
    /// dependent that sums of squares cannot tell them apart.
    ///
    /// # Numerics
    /// Within max(1e-12, 8 κ ε) of [`fit`](Self::fit) on the same rows, for κ up
    /// to 1e7, beyond which it is an error.
    pub fn fit_sums(sums: &NormalEquations) -> Result<FittedLinearRegression> {
        fitted(&sums.solve(0.0)?)
    }
}

fn fitted<T: Scalar>(solution: &LeastSquaresSolution<T>) -> Result<FittedLinearRegression<T>> {
    let finite = |what, value: f64| {
        if value.is_finite() { Ok(value) } else { Err(Error::Overflow { what }) }
    };
    let residual_ss = finite("the sum of squared residuals", solution.residual_ss(0))?;
    let df = solution.df();
    let mut std_errors = solution.std_errors(0);
    if std_errors.iter().flatten().any(|e| !e.is_finite()) {
        return Err(Error::Overflow { what: "a standard error" });
    }
    let intercept_std_error = match &mut std_errors {
        Some(errors) if solution.has_intercept => Some(errors.remove(0)),
        _ => None,
    };
    Ok(FittedLinearRegression {
        intercept: solution.intercept[0],
        has_intercept: solution.has_intercept,
        n_samples: solution.n_samples,
        rank: solution.rank,
        // Columns of lengths 1e±300 have a condition beyond the number range.
        condition: solution.condition.min(f64::MAX),
        scaled_condition: solution.scaled_condition.min(f64::MAX),
        route: solution.route,
        residual_ss,
        sigma2: solution.sigma2(0),
        residual_variance: (df > 0).then(|| residual_ss / df as f64),
        std_errors,
        intercept_std_error,
        coefficients: solution.coefficients.as_slice().to_vec(),
    })
}

impl<T: Scalar> FittedLinearRegression<T> {
    /// ŷ = Xw + 1b ~ (n).
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`], non-finite X, or [`Error::Overflow`] when a
    /// prediction is beyond the number range.
    pub fn predict(&self, X: MatRef<'_, T>) -> Result<Vec<T>> {
        predict(X, &self.coefficients, self.intercept)
    }

    /// ŷ = xᵀw + b of one row; bit for bit what [`predict`](Self::predict) gives.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_row(&self, x: &[T]) -> Result<T> {
        Ok(self.predict(MatRef::from_row_major_slice(x, 1, x.len()))?[0])
    }

    /// Ends of the interval of each coefficient: wⱼ ± t · standard error, t of
    /// n − rank degrees of freedom. `None` where there are no standard errors.
    #[must_use]
    pub fn intervals(&self, confidence: f64) -> Option<Vec<[f64; 2]>> {
        let t = self.t(confidence)?;
        let pairs = self.coefficients.iter().zip(self.std_errors.as_ref()?);
        Some(pairs.map(|(w, e)| [w.to_f64() - t * e, w.to_f64() + t * e]).collect())
    }

    /// Ends of the interval of the intercept.
    #[must_use]
    pub fn intercept_interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let (t, e, b) = (self.t(confidence)?, self.intercept_std_error?, self.intercept.to_f64());
        Some([b - t * e, b + t * e])
    }

    /// n − rank.
    #[must_use]
    pub fn df(&self) -> usize {
        self.n_samples.saturating_sub(self.rank)
    }

    /// Whether the parts fit together and every number is finite: what a model
    /// from a file has to show before it is used.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] with the first contradiction.
    pub fn check(&self) -> Result<()> {
        let c = self.coefficients.len();
        let columns = c + usize::from(self.has_intercept);
        let errors_fit = self.std_errors.as_ref().is_none_or(|e| e.len() == c)
            && self.intercept_std_error.is_some()
                == (self.std_errors.is_some() && self.has_intercept);
        let finite = self.coefficients.iter().all(|w| w.is_finite()) && self.intercept.is_finite();
        let sizes = [self.condition, self.scaled_condition, self.residual_ss, self.sigma2];
        let not_negative = (sizes.iter())
            .chain(&self.residual_variance)
            .chain(self.std_errors.iter().flatten())
            .chain(&self.intercept_std_error)
            .all(|v| v.is_finite() && *v >= 0.0);
        let why = match () {
            () if !errors_fit => "not one standard error per coefficient",
            () if !finite => "a coefficient is not finite",
            () if !not_negative => "an error or a condition is negative or not finite",
            () if self.rank > columns => "its rank exceeds its columns",
            () if self.n_samples == 0 => "it was fitted on no rows",
            () if !self.has_intercept && self.intercept != T::ZERO => {
                "an intercept that was not fitted"
            }
            () => return Ok(()),
        };
        Err(Error::Inconsistent { model: "linear", why })
    }

    fn t(&self, confidence: f64) -> Option<f64> {
        (self.df() > 0).then(|| -student_t_quantile((1.0 - confidence) / 2.0, self.df() as f64))
    }
}

impl<T: Scalar> fmt::Display for FittedLinearRegression<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "linear regression of {} columns (rank {}) on {} rows, σ² = {:.6e}",
            self.coefficients.len(),
            self.rank,
            self.n_samples,
            self.sigma2
        )
    }
}

#[cfg(test)]
mod tests;
