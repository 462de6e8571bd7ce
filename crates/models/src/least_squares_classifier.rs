//! The least-squares classifier (notes §4.2): linear regression on one-hot
//! targets.
//!
//! The notes call regression on classes not viable; it is, and it minimises a
//! proper score (Brier's) over linear functions. But its outputs are not
//! probabilities until they are projected onto the simplex, and then not
//! calibrated by design: take [`LogisticRegression`](crate::LogisticRegression)
//! when probabilities matter.

use serde::{Deserialize, Serialize};
use wonderland_linalg::{LeastSquares, MatRef, Team, Tensor};
use wonderland_losses::argmax_rows;

use crate::classes::{check_codes, check_columns, check_finite_matrix, check_weights};
use crate::{Error, Result, Workspace};

/// Least squares on one-hot targets: minimises Σᵢ ‖yᵢᵒʰ − xᵢW − b‖², each row
/// weighted if weights are given; of many minima the W of least norm.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::LeastSquaresClassifier;
/// let X = Tensor::from_rows(&[[0.0], [1.0], [2.0], [3.0]]);
/// let fit = LeastSquaresClassifier::default().fit(X.as_mat(), &[0, 0, 1, 1])?;
/// assert_eq!(fit.predict(X.as_mat())?, [0, 0, 1, 1]);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastSquaresClassifier {
    /// Whether an intercept b is fitted; without it b = 0.
    pub intercept: bool,
}

impl Default for LeastSquaresClassifier {
    /// With an intercept: the scores of a row then sum to 1.
    fn default() -> Self {
        Self { intercept: true }
    }
}

/// A fitted least-squares classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLeastSquaresClassifier {
    /// W ~ (c, m).
    pub coefficients: Tensor,
    /// b ~ (m); zeros when none was fitted.
    pub intercept: Vec<f64>,
    /// Whether an intercept was fitted.
    pub has_intercept: bool,
    /// Independent columns, the intercept's included.
    pub rank: usize,
}

impl LeastSquaresClassifier {
    /// Fits W and b.
    ///
    /// # Shapes
    /// X ~ (n, c), y ~ (n) codes 0..m, every class present.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::OneClass`], [`Error::EmptyClass`], and
    /// those of [`LeastSquares::solve`].
    pub fn fit(&self, X: MatRef<'_, f64>, y: &[usize]) -> Result<FittedLeastSquaresClassifier> {
        self.fit_by(Team::alone(), X, y, None)
    }

    /// Fits with one weight s ≥ 0 per row.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) and [`Error::InvalidWeights`].
    pub fn fit_weighted(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: &[f64],
    ) -> Result<FittedLeastSquaresClassifier> {
        self.fit_by(Team::alone(), X, y, Some(weights))
    }

    /// The same on the threads of a
    /// [`Threads::run`](wonderland_linalg::Threads::run), weighted or not; any
    /// number of threads gives the same bits.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_by(
        &self,
        team: Team,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<FittedLeastSquaresClassifier> {
        self.fit_with(&mut Workspace::default(), team, X, y, weights)
    }

    /// The same in memory that is kept for the next fit.
    ///
    /// # Errors
    /// As [`fit_weighted`](Self::fit_weighted).
    pub fn fit_with(
        &self,
        workspace: &mut Workspace,
        team: Team,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
    ) -> Result<FittedLeastSquaresClassifier> {
        let Workspace { least_squares: solver, seen, one_hot: Y, .. } = workspace;
        check_finite_matrix(X)?;
        check_weights(weights, X.nrows())?;
        let n_classes = check_codes(team, y, X.nrows(), weights, seen)?;
        Y.reset(&[y.len(), n_classes]);
        let rows = Y.as_mut_slice().chunks_exact_mut(n_classes);
        rows.zip(y).for_each(|(row, &k)| row[k] = 1.0);
        solver.settings = LeastSquares { intercept: self.intercept, ..LeastSquares::default() };
        let solution = solver.solve(team, X, Y.as_mat(), weights)?;
        let numbers = solution.coefficients.as_slice().iter().chain(&solution.intercept);
        if numbers.into_iter().any(|v| !v.is_finite()) {
            return Err(Error::Overflow { what: "a coefficient" });
        }
        Ok(FittedLeastSquaresClassifier {
            coefficients: solution.coefficients.clone(),
            intercept: solution.intercept.clone(),
            has_intercept: self.intercept,
            rank: solution.rank,
        })
    }
}

impl FittedLeastSquaresClassifier {
    /// Number of classes m.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.intercept.len()
    }

    /// The raw outputs xW + b, which may lie outside \[0, 1\].
    ///
    /// # Shapes
    /// X ~ (n, c), returns (n, m).
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`], non-finite X, [`Error::Overflow`].
    pub fn decision(&self, X: MatRef<'_, f64>) -> Result<Tensor> {
        check_columns(X, self.coefficients.nrows())?;
        crate::classes::scores(X, &self.coefficients, &self.intercept)
    }

    /// The point of the simplex nearest to the outputs of each row.
    ///
    /// The projection keeps their order and brings them nearer to every
    /// possible target, so it never raises the Brier score; it may give a class
    /// the probability 0.
    ///
    /// # Errors
    /// As [`decision`](Self::decision).
    ///
    /// # References
    /// Duchi et al., ICML 2008, for the projection.
    pub fn predict_proba(&self, X: MatRef<'_, f64>) -> Result<Tensor> {
        let mut scores = self.decision(X)?;
        let m = self.n_classes();
        let mut sorted = vec![0.0; m];
        scores.as_mut_slice().chunks_exact_mut(m).for_each(|row| project(row, &mut sorted));
        Ok(scores)
    }

    /// The class with the largest output; of equal ones the first.
    ///
    /// # Errors
    /// As [`decision`](Self::decision).
    pub fn predict(&self, X: MatRef<'_, f64>) -> Result<Vec<usize>> {
        Ok(argmax_rows(self.predict_proba(X)?.as_mat())?)
    }
}

/// Replaces `row` by max(row − θ, 0), θ such that the entries sum to 1.
fn project(row: &mut [f64], sorted: &mut [f64]) {
    // Differences from the largest keep their digits however large it is.
    let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
    row.iter_mut().for_each(|v| *v -= top);
    sorted.copy_from_slice(row);
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut theta) = (0.0, -1.0);
    for (k, v) in sorted.iter().enumerate() {
        sum += v;
        let next = (sum - 1.0) / (k + 1) as f64;
        if *v <= next {
            break;
        }
        theta = next;
    }
    row.iter_mut().for_each(|v| *v = (*v - theta).max(0.0));
    let total: f64 = row.iter().sum();
    row.iter_mut().for_each(|v| *v /= total);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "values worked by hand are met exactly")]
    use super::*;
    use crate::brier;

    fn projected(mut row: Vec<f64>) -> Vec<f64> {
        let mut sorted = vec![0.0; row.len()];
        project(&mut row, &mut sorted);
        row
    }

    #[test]
    fn notes_4_2_1_projection_onto_the_simplex() {
        assert_eq!(projected(vec![0.5, 0.25, 0.25]), [0.5, 0.25, 0.25]);
        assert_eq!(projected(vec![2.0, 0.0]), [1.0, 0.0]);
        assert_eq!(projected(vec![0.75, 0.75]), [0.5, 0.5]);
        assert_eq!(projected(vec![1e300, -1e300, 0.0]), [1.0, 0.0, 0.0]);
        assert_eq!(projected(vec![1.5, 1.0, -3.0]), [0.75, 0.25, 0.0]);
    }

    /// No point of a fine grid on the simplex is nearer than the projection.
    #[test]
    fn nothing_on_the_simplex_is_nearer() {
        for score in [[0.4, 0.9, -0.2], [-1.0, -1.2, -0.9], [3.0, 2.5, 2.4]] {
            let p = projected(score.to_vec());
            let distance = |q: [f64; 3]| (0..3).map(|k| (q[k] - score[k]).powi(2)).sum::<f64>();
            let found = distance([p[0], p[1], p[2]]);
            for i in 0..=100 {
                for j in 0..=100 - i {
                    let (a, b) = (f64::from(i) / 100.0, f64::from(j) / 100.0);
                    assert!(found <= distance([a, b, 1.0 - a - b]) + 1e-12);
                }
            }
        }
    }

    /// One-hot least squares is viable: three well separated groups are told
    /// apart, the middle one included when a square is among the columns.
    #[test]
    fn notes_4_2_regression_on_one_hot_targets() {
        let x = |i: usize| (i / 10) as f64 * 3.0 + (i % 10) as f64 * 0.1;
        let y: Vec<usize> = (0..30).map(|i| i / 10).collect();
        let X = Tensor::from_fn(30, 2, |i, j| if j == 0 { x(i) } else { x(i) * x(i) });
        let fit = LeastSquaresClassifier::default().fit(X.as_mat(), &y).unwrap();
        assert_eq!(fit.predict(X.as_mat()).unwrap(), y);
        // Outputs of a row sum to 1 because the columns of Y do.
        let raw = fit.decision(X.as_mat()).unwrap();
        for i in 0..30 {
            assert!((raw.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-13);
        }
        let proba = fit.predict_proba(X.as_mat()).unwrap();
        let squares: f64 = (0..30)
            .flat_map(|i| (0..3).map(move |k| (i, k)))
            .map(|(i, k)| (raw[[i, k]] - f64::from(u8::from(y[i] == k))).powi(2))
            .sum();
        assert!(brier(&y, proba.as_mat()).unwrap() <= squares / 30.0);
    }
}
