//! Memory that fits keep between them.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wonderland_linalg::{LeastSquares, LeastSquaresSolver, Scalar, Team, Tensor};

use crate::classes::Seen;
use crate::{logistic, ridge};

/// What fits work in, kept from one to the next: for many fits of one shape, as
/// in cross-validation, a bootstrap or rolling windows.
///
/// One workspace serves linear, ridge and logistic regression and the least-squares
/// classifier, and changes no bit of any fit. A further fit of the same shape by one thread allocates what it
/// returns and nothing else, but for the errors along the path where a ridge
/// regression chooses λ. By several threads it may need a buffer more than the fits
/// before.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Team, Tensor};
/// use wonderland_models::{LinearRegression, Workspace};
/// let X = Tensor::from_fn(100, 1, |i, _| i as f64);
/// let y: Vec<f64> = (0..100).map(|i| f64::from(i * i)).collect();
/// // The slope of x² over ten neighbours is twice their middle.
/// let mut workspace = Workspace::default();
/// for start in (0..90).step_by(10) {
///     let (window, y) = (X.as_mat().subrows(start, 10), &y[start..start + 10]);
///     let settings = LinearRegression::default();
///     let fit = settings.fit_with(&mut workspace, Team::alone(), window, y, None)?;
///     assert!((fit.coefficients[0] - (2 * start + 9) as f64).abs() < 1e-11);
/// }
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug)]
pub struct Workspace<T: Scalar = f64> {
    pub(crate) least_squares: LeastSquaresSolver<T>,
    pub(crate) ridge: ridge::Memory<T>,
    pub(crate) logistic: logistic::Memory,
    pub(crate) seen: Seen,
    /// A column per class.
    pub(crate) one_hot: Tensor<T>,
}

impl<T: Scalar> Default for Workspace<T> {
    /// Holds nothing yet.
    fn default() -> Self {
        Self {
            least_squares: LeastSquaresSolver::new(LeastSquares::default()),
            ridge: ridge::Memory::default(),
            logistic: logistic::Memory::default(),
            seen: Seen::default(),
            one_hot: Tensor::zeros(&[0, 0]),
        }
    }
}

/// Things that nobody holds, for whichever thread asks.
#[derive(Debug)]
pub(crate) struct Spare<E>(Mutex<Vec<E>>);

impl<E> Default for Spare<E> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<E> Spare<E> {
    /// What came back last.
    pub(crate) fn take(&self) -> Option<E> {
        self.kept().pop()
    }

    pub(crate) fn give(&self, thing: E) {
        self.kept().push(thing);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<E>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spare<Vec<f64>> {
    /// Sums of `len` numbers over n rows, to which `add` adds those of some of them:
    /// `block` rows at a time, merged in a fixed tree.
    pub(crate) fn sums(
        &self,
        team: Team,
        n: usize,
        block: usize,
        len: usize,
        add: impl Fn(Range<usize>, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let zeros = || {
            let mut zeros = self.take().unwrap_or_default();
            renew(&mut zeros, len, 0.0);
            zeros
        };
        let of_rows = |rows: Range<usize>| {
            let mut sums = zeros();
            add(rows, &mut sums);
            sums
        };
        let merge = |mut left: Vec<f64>, right: Vec<f64>| {
            left.iter_mut().zip(&right).for_each(|(left, right)| *left += right);
            self.give(right);
            left
        };
        team.map_reduce(n, block, of_rows, merge).unwrap_or_else(zeros)
    }
}

/// Makes `len` times `value` of a vector, whatever it held.
pub(crate) fn renew<E: Copy>(x: &mut Vec<E>, len: usize, value: E) {
    x.clear();
    x.resize(len, value);
}
