//! What a ridge fit works on, and in.

use wonderland_linalg::{MatRef, RidgePath, RidgeSolution, Scalar, Team, Tensor};

use crate::Result;
use crate::workspace::Spare;

/// The rows of a fit.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T: Scalar> {
    pub(super) team: Team,
    pub(super) X: MatRef<'a, T>,
    pub(super) y: &'a [T],
    /// y as a column.
    pub(super) Y: MatRef<'a, T>,
    pub(super) weights: Option<&'a [T]>,
    /// The same in `f64`.
    pub(super) s: Option<&'a [f64]>,
}

/// What fits keep.
#[derive(Debug)]
pub(crate) struct Memory<T: Scalar> {
    /// Weights in `f64`.
    pub(super) s: Vec<f64>,
    pub(super) y_hat: Vec<T>,
    pub(super) choice: ChoiceMemory<T>,
    pub(super) paths: Paths<T>,
}

/// What a choice of λ works in.
#[derive(Debug)]
pub(super) struct ChoiceMemory<T: Scalar> {
    /// A column of X.
    pub(super) column: Vec<f64>,
    /// The fold of every row.
    pub(super) fold_of: Vec<usize>,
    /// The rows that are kept while a fold is held out.
    pub(super) X: Tensor<T>,
    pub(super) y: Vec<T>,
    pub(super) weights: Vec<T>,
    /// Errors ~ (λ, n).
    pub(super) errors: Vec<f64>,
}

/// A path of all λ, and what its points are written into.
#[derive(Debug)]
pub(super) struct Paths<T: Scalar> {
    pub(super) path: RidgePath<T>,
    pub(super) solution: RidgeSolution<T>,
    /// Residuals of rows left out, one for every thread that asked.
    pub(super) left_out: Spare<Tensor<T>>,
}

impl<T: Scalar> Default for Memory<T> {
    fn default() -> Self {
        let paths = Paths {
            path: RidgePath::default(),
            solution: RidgeSolution::default(),
            left_out: Spare::default(),
        };
        let choice = ChoiceMemory {
            column: Vec::new(),
            fold_of: Vec::new(),
            X: Tensor::zeros(&[0, 0]),
            y: Vec::new(),
            weights: Vec::new(),
            errors: Vec::new(),
        };
        Self { s: Vec::new(), y_hat: Vec::new(), choice, paths }
    }
}

impl<T: Scalar> Paths<T> {
    /// Factors the rows.
    pub(super) fn renew(&mut self, rows: &Rows<'_, T>, intercept: bool) -> Result<()> {
        Ok(self.path.renew(rows.team, rows.X, rows.Y, rows.weights, intercept)?)
    }
}
