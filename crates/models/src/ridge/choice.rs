//! Choosing λ: the error on rows that were left out, along a path.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use wonderland_linalg::{Error as LinalgError, MatRef, Scalar, Tensor};

use super::Ridge;
use super::memory::{ChoiceMemory, Paths, Rows};
use crate::affine::{as_column, predict, predict_at};
use crate::regression::{root_mean_square, weighted_mean};
use crate::workspace::renew;
use crate::{Error, Result};

/// The strength λ of the penalty, or how it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lambda {
    /// This one.
    Given(f64),
    /// The least mean squared error on each row by the fit without it. Exact,
    /// without refitting; O(n c min(n, c)) for each λ.
    LeaveOneOut,
    /// The least generalised cross-validation score, which replaces every
    /// row's leverage by their mean: O(c) for each λ, right for large n.
    Gcv,
    /// The least mean squared error over folds of rows dealt at random.
    Folds {
        /// Number of folds, at least 2.
        folds: usize,
        /// Seed of the dealing (ChaCha8).
        seed: u64,
    },
}

/// How λ was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaChoice {
    /// The rule.
    pub by: Lambda,
    /// What was tried, λ ascending.
    pub path: Vec<PathPoint>,
}

/// One λ that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathPoint {
    /// The λ.
    pub lambda: f64,
    /// Root mean squared error on rows left out; `None` where it is not
    /// defined, because a row alone decides a coefficient.
    pub rmse: Option<f64>,
}

impl LambdaChoice {
    /// Whether λ lies at an end of the path, so that a better one may lie
    /// beyond.
    #[must_use]
    pub fn is_at_end(&self, lambda: f64) -> bool {
        let ends = [self.path.first(), self.path.last()];
        ends.into_iter().flatten().any(|point| point.lambda.total_cmp(&lambda).is_eq())
    }
}

impl Ridge {
    /// λ, and how it was chosen if it was not given.
    pub(super) fn choose<T: Scalar>(
        &self,
        rows: &Rows<'_, T>,
        paths: &mut Paths<T>,
        memory: &mut ChoiceMemory<T>,
    ) -> Result<(f64, Option<LambdaChoice>)> {
        if let Lambda::Given(lambda) = self.lambda {
            check_lambda(lambda)?;
            return Ok((lambda, None));
        }
        let mut lambdas =
            self.path.clone().unwrap_or_else(|| self.path_of(rows.X, &mut memory.column));
        lambdas.iter().try_for_each(|&lambda| check_lambda(lambda))?;
        lambdas.sort_by(f64::total_cmp);
        let errors = match self.lambda {
            Lambda::Folds { folds, seed } => {
                deal(&mut memory.fold_of, rows.y.len(), folds, seed)?;
                self.fold_errors(rows, paths, memory, &lambdas)?
            }
            Lambda::Gcv => self.path_errors(rows, paths, &lambdas, gcv)?,
            Lambda::LeaveOneOut | Lambda::Given(_) => {
                self.path_errors(rows, paths, &lambdas, leave_one_out)?
            }
        };
        let path: Vec<PathPoint> = lambdas
            .iter()
            .zip(errors)
            .map(|(&lambda, rmse)| PathPoint { lambda, rmse: rmse.filter(|e| e.is_finite()) })
            .collect();
        // Of equal errors the larger λ: the simpler model.
        let best = path
            .iter()
            .filter_map(|point| Some((point.rmse?, point.lambda)))
            .reduce(|best, next| if next.0 <= best.0 { next } else { best });
        match best {
            Some((_, lambda)) => Ok((lambda, Some(LambdaChoice { by: self.lambda, path }))),
            None => Err(Error::NoChoice { tried: path.len() }),
        }
    }

    /// The error of every λ from one factorisation of all rows.
    fn path_errors<T: Scalar>(
        &self,
        rows: &Rows<'_, T>,
        paths: &mut Paths<T>,
        lambdas: &[f64],
        error: Judge<T>,
    ) -> Result<Vec<Option<f64>>> {
        paths.renew(rows, self.intercept)?;
        let judge = |lambda| match error(rows, paths, lambda) {
            Ok(error) => Ok(Some(error)),
            // Below some λ a row is fitted whatever its target.
            Err(LinalgError::Saturated { .. }) => Ok(None),
            Err(fault) => Err(fault.into()),
        };
        let mut errors: Vec<Result<Option<f64>>> = lambdas.iter().map(|_| Ok(None)).collect();
        rows.team.for_each_chunk_mut(&mut errors, 1, |k, error| error[0] = judge(lambdas[k]));
        errors.into_iter().collect()
    }

    /// The error of every λ over folds, which `memory` gives for every row.
    fn fold_errors<T: Scalar>(
        &self,
        rows: &Rows<'_, T>,
        paths: &mut Paths<T>,
        memory: &mut ChoiceMemory<T>,
        lambdas: &[f64],
    ) -> Result<Vec<Option<f64>>> {
        let n = rows.y.len();
        let ChoiceMemory { fold_of, X, y, weights, errors, .. } = memory;
        renew(errors, n * lambdas.len(), 0.0);
        for fold in 0..=fold_of.iter().copied().max().unwrap_or(0) {
            let kept = || (0..n).filter(|&row| fold_of[row] != fold);
            let held_out = || (0..n).filter(|&row| fold_of[row] == fold);
            X.reset(&[kept().count(), rows.X.ncols()]);
            for (i, row) in kept().enumerate() {
                X.row_mut(i).iter_mut().zip(rows.X.row(row).iter()).for_each(|(to, x)| *to = *x);
            }
            y.clear();
            y.extend(kept().map(|row| rows.y[row]));
            weights.clear();
            weights.extend(rows.weights.into_iter().flat_map(|w| kept().map(|row| w[row])));
            let weights = rows.weights.map(|_| &weights[..]);
            let (X, Y) = (X.as_mat(), as_column(X.as_mat(), y)?);
            paths.renew(&Rows { X, y, Y, weights, ..*rows }, self.intercept)?;
            let Paths { path, solution, .. } = paths;
            for (&lambda, errors) in lambdas.iter().zip(errors.chunks_exact_mut(n)) {
                path.solve_into(solution, lambda)?;
                let (w, b) = (solution.coefficients.as_slice(), solution.intercept[0]);
                for row in held_out() {
                    let y_hat = predict_at(rows.X, row, w, b);
                    if !y_hat.is_finite() {
                        // Names the fault, in X or by overflow.
                        predict(rows.X, w, b)?;
                    }
                    errors[row] = rows.y[row].to_f64() - y_hat.to_f64();
                }
            }
        }
        let mean = |errors: &[f64]| Some(root_mean_square(n, |i| errors[i], rows.s));
        Ok(errors.chunks_exact(n).map(mean).collect())
    }
}

/// The error of one λ, from the path of all rows.
type Judge<T> = fn(&Rows<'_, T>, &Paths<T>, f64) -> Result<f64, LinalgError>;

fn leave_one_out<T: Scalar>(
    rows: &Rows<'_, T>,
    paths: &Paths<T>,
    lambda: f64,
) -> Result<f64, LinalgError> {
    let mut left_out = paths.left_out.take().unwrap_or_else(|| Tensor::zeros(&[0, 0]));
    paths.path.leave_one_out_into(&mut left_out, lambda, rows.X, rows.Y, rows.weights)?;
    let errors = left_out.as_slice();
    let error = root_mean_square(errors.len(), |i| errors[i].to_f64(), rows.s);
    paths.left_out.give(left_out);
    Ok(error)
}

fn gcv<T: Scalar>(_: &Rows<'_, T>, paths: &Paths<T>, lambda: f64) -> Result<f64, LinalgError> {
    Ok(paths.path.gcv(lambda, 0)?.sqrt())
}

/// Deals the fold of every row: sizes differ by at most one.
fn deal(fold_of: &mut Vec<usize>, n: usize, folds: usize, seed: u64) -> Result<()> {
    if folds < 2 || folds > n {
        let rule = "give at least 2 folds and at most one per row";
        return Err(Error::InvalidSetting { name: "folds", value: folds as f64, rule });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    fold_of.clear();
    fold_of.extend((0..n).map(|row| row % folds));
    for i in (1..n).rev() {
        fold_of.swap(i, rng.random_range(0..=i));
    }
    Ok(())
}

fn check_lambda(lambda: f64) -> Result<()> {
    if lambda.is_finite() && lambda >= 0.0 {
        return Ok(());
    }
    let rule = "give a finite number of at least 0";
    Err(Error::InvalidSetting { name: "lambda", value: lambda, rule })
}

/// The mean over columns of Σᵢ (xᵢⱼ − x̄ⱼ)² (uncentred without an intercept): the
/// natural unit of λ. 1 for columns without spread; `column` is room for one.
pub(super) fn mean_square_length<T: Scalar>(
    X: MatRef<'_, T>,
    centred: bool,
    column: &mut Vec<f64>,
) -> f64 {
    let (n, c) = (X.nrows(), X.ncols());
    let mut sum = 0.0;
    for j in 0..c {
        column.clear();
        column.extend((0..n).map(|i| X[(i, j)].to_f64()));
        let centre = if centred { weighted_mean(column, None) } else { 0.0 };
        let length = root_mean_square(n, |i| column[i] - centre, None);
        sum += length.powi(2) * n as f64 / c as f64;
    }
    // Columns of 1e±200 have no length that is a number; any unit will do.
    if sum.is_normal() { sum.clamp(1e-280, 1e280) } else { 1.0 }
}
