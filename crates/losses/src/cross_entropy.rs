//! Multinomial cross-entropy (notes §4.2.2, §4.3.2): from logits, where it is
//! exact, and from probabilities.

use wonderland_linalg::{MatMut, MatRef, Real, Scalar};

use crate::loss::{check_values, same_length, scale, weight};
use crate::one_hot::check_smoothing;
use crate::softmax::{argmax_unchecked, tail};
use crate::sum::Sum;
use crate::weights::check_classes;
use crate::{Error, Reduction, Result};

/// Returns −ln softmax(h)_y = logsumexp(h) − h_y of one row of finite logits.
///
/// # Panics
/// When `y` is not below the number of logits.
///
/// # Numerics
/// (max − h_y) + ln(1 + Σ exp(hⱼ − max)) over the others: no overflow, and a
/// loss near 0 keeps its digits.
///
/// # References
/// Notes §4.2.2 (index form), §4.3.2.
///
/// # Examples
/// ```
/// use wonderland_losses::cross_entropy_from_logits;
/// assert_eq!(cross_entropy_from_logits(0, &[1e3, -1e3]), 0.0);
/// assert_eq!(cross_entropy_from_logits(1, &[1e3, -1e3]), 2e3);
/// ```
#[track_caller]
pub fn cross_entropy_from_logits<T: Real>(y: usize, logits: &[T]) -> T {
    assert!(y < logits.len(), "class {y} of {} logits", logits.len());
    let top = argmax_unchecked(logits).unwrap_or(y);
    (logits[top] - logits[y]) + tail(logits, top).ln_1p()
}

/// Returns −ln p_y of one row of probabilities; +∞ where p_y = 0.
///
/// # Panics
/// When `y` is not below the number of probabilities.
///
/// # Examples
/// ```
/// use wonderland_losses::cross_entropy;
/// assert_eq!(cross_entropy(1, &[0.5, 0.5]), 2f64.ln());
/// ```
#[track_caller]
pub fn cross_entropy<T: Real>(y: usize, proba: &[T]) -> T {
    assert!(y < proba.len(), "class {y} of {} probabilities", proba.len());
    T::ZERO - proba[y].ln()
}

/// Returns −Σⱼ qⱼ ln pⱼ between two distributions, the one-hot form of the
/// notes among them; a term with qⱼ = 0 counts 0.
///
/// # Errors
/// Wrong lengths; entries outside \[0, 1\].
///
/// # References
/// Notes §4.2.2.
///
/// # Examples
/// ```
/// let ce = wonderland_losses::cross_entropy_between(&[0.0, 1.0], &[0.75, 0.25])?;
/// assert_eq!(ce, 4f64.ln());
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
pub fn cross_entropy_between<T: Scalar>(q: &[T], p: &[T]) -> Result<T> {
    same_length("p", p.len(), q.len())?;
    check_values("q", q, probability_rule)?;
    check_values("p", p, probability_rule)?;
    let mut sum = Sum::default();
    q.iter().zip(p).for_each(|(&q, &p)| sum.add(T::ZERO - q.xlogy(p)));
    Ok(sum.total())
}

pub(crate) fn probability_rule(p: f64) -> Option<&'static str> {
    (!(0.0..=1.0).contains(&p)).then_some("probabilities lie in [0, 1]")
}

/// Cross-entropy over a batch of class codes, with label smoothing s: the
/// target distribution is (1 − s) on the class plus s/m everywhere.
///
/// Weights of classes enter through [`sample_weights`](crate::sample_weights).
///
/// # References
/// Notes §4.2.2; Szegedy et al., "Rethinking the Inception Architecture"
/// (2016), for the smoothing.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_losses::{CrossEntropy, Reduction};
/// let logits = Tensor::from_rows(&[[0.0, 0.0], [0.0, 3f64.ln()]]);
/// let mut gradient = Tensor::zeros(&[2, 2]);
/// let loss = CrossEntropy::default().with_gradient_from_logits(
///     &[0, 1], logits.as_mat(), None, Reduction::Sum, gradient.as_mat_mut())?;
/// assert!((loss - (2f64.ln() + (4f64 / 3.0).ln())).abs() < 1e-15);
/// assert_eq!(gradient.row(0), [-0.5, 0.5]);
/// # Ok::<(), wonderland_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CrossEntropy {
    /// The share s in \[0, 1\] of the target spread over all classes.
    pub label_smoothing: f64,
}

impl CrossEntropy {
    /// Returns the loss of each row of logits.
    ///
    /// # Shapes
    /// `y ~ (n)` codes below m, `logits ~ (n, m)`, returns `(n)`.
    ///
    /// # Errors
    /// Wrong lengths, codes not below m, logits that are not finite.
    pub fn each_from_logits<T: Scalar>(
        &self,
        y: &[usize],
        logits: MatRef<'_, T>,
    ) -> Result<Vec<T>> {
        self.check(y, logits)?;
        let mut row = vec![T::ZERO; logits.ncols()];
        Ok((0..y.len())
            .map(|i| {
                copy_row(logits, i, &mut row);
                self.smoothed(y[i], &row)
            })
            .collect())
    }

    /// Returns the sum or mean over the rows, with a weight per sample if given.
    ///
    /// # Errors
    /// As [`each_from_logits`](CrossEntropy::each_from_logits); bad weights.
    pub fn from_logits<T: Scalar>(
        &self,
        y: &[usize],
        logits: MatRef<'_, T>,
        weights: Option<&[T]>,
        reduction: Reduction,
    ) -> Result<T> {
        let scale = scale(y, weights, reduction)?;
        let losses = self.each_from_logits(y, logits)?;
        let mut sum = Sum::default();
        losses.iter().enumerate().for_each(|(i, &l)| sum.add(weight(weights, i) * l));
        Ok(sum.total() * scale)
    }

    /// Returns the reduced loss and writes its gradient in the logits,
    /// softmax(h) − target per row, scaled as the reduction asks.
    ///
    /// # Shapes
    /// `logits` and `gradient ~ (n, m)`.
    ///
    /// # Errors
    /// As [`from_logits`](CrossEntropy::from_logits).
    ///
    /// # Numerics
    /// The entry of the true class is −Σ of the other probabilities rather
    /// than p_y − 1, which would round to 0 once p_y is near 1.
    pub fn with_gradient_from_logits<T: Scalar>(
        &self,
        y: &[usize],
        logits: MatRef<'_, T>,
        weights: Option<&[T]>,
        reduction: Reduction,
        mut gradient: MatMut<'_, T>,
    ) -> Result<T> {
        same_length("gradient", gradient.nrows(), logits.nrows())?;
        if gradient.ncols() != logits.ncols() {
            return Err(Error::WrongLength {
                name: "a row of gradient",
                actual: gradient.ncols(),
                expected: logits.ncols(),
                per: "class",
            });
        }
        let scale = scale(y, weights, reduction)?;
        self.check(y, logits)?;
        let m = logits.ncols();
        let (mut row, mut slope) = (vec![T::ZERO; m], vec![T::ZERO; m]);
        let mut sum = Sum::default();
        for (i, &yi) in y.iter().enumerate() {
            copy_row(logits, i, &mut row);
            let w = weight(weights, i);
            sum.add(w * self.smoothed(yi, &row));
            self.slope(yi, &row, &mut slope);
            slope.iter().enumerate().for_each(|(j, &g)| gradient[(i, j)] = scale * w * g);
        }
        Ok(sum.total() * scale)
    }

    /// Returns the sum or mean of −ln p_y over rows of probabilities.
    ///
    /// # Shapes
    /// `y ~ (n)` codes below m, `proba ~ (n, m)`.
    ///
    /// # Errors
    /// As [`from_logits`](CrossEntropy::from_logits); probabilities outside
    /// \[0, 1\]. That rows sum to 1 is [`check_simplex`](crate::check_simplex)'s
    /// to say.
    ///
    /// # Numerics
    /// +∞ as soon as something of positive weight happened at probability 0.
    pub fn from_proba<T: Scalar>(
        &self,
        y: &[usize],
        proba: MatRef<'_, T>,
        weights: Option<&[T]>,
        reduction: Reduction,
    ) -> Result<T> {
        let scale = scale(y, weights, reduction)?;
        self.check(y, proba)?;
        let m = proba.ncols();
        let share = T::from_f64(self.label_smoothing / m as f64);
        let rest = T::from_f64(1.0 - self.label_smoothing);
        let mut row = vec![T::ZERO; m];
        let mut sum = Sum::default();
        for (i, &yi) in y.iter().enumerate() {
            copy_row(proba, i, &mut row);
            check_values("a row of proba", &row, probability_rule)?;
            let w = weight(weights, i);
            if w == T::ZERO {
                continue;
            }
            let mut loss = T::ZERO - rest.xlogy(row[yi]);
            row.iter().for_each(|&p| loss += T::ZERO - share.xlogy(p));
            sum.add(w * loss);
        }
        Ok(sum.total() * scale)
    }

    fn check<T: Scalar>(&self, y: &[usize], rows: MatRef<'_, T>) -> Result<()> {
        check_smoothing(self.label_smoothing)?;
        same_length("y", y.len(), rows.nrows())?;
        check_classes(y, rows.ncols())?;
        let mut row = vec![T::ZERO; rows.ncols()];
        for i in 0..rows.nrows() {
            copy_row(rows, i, &mut row);
            check_values("a row of scores", &row, |_| None)?;
        }
        Ok(())
    }

    /// (1 − s) l(y) + (s/m) Σⱼ l(j).
    fn smoothed<T: Scalar>(&self, y: usize, h: &[T]) -> T {
        let loss = cross_entropy_from_logits(y, h);
        if self.label_smoothing == 0.0 {
            return loss;
        }
        let s = T::from_f64(self.label_smoothing);
        let all: T = (0..h.len()).map(|j| cross_entropy_from_logits(j, h)).sum();
        (T::ONE - s) * loss + s * all / T::from_f64(h.len() as f64)
    }

    /// softmax(h) minus the target distribution.
    fn slope<T: Scalar>(&self, y: usize, h: &[T], out: &mut [T]) {
        out.copy_from_slice(h);
        crate::softmax_in_place(out);
        out[y] = T::ZERO;
        let others: T = out.iter().copied().sum();
        out[y] = -others;
        if self.label_smoothing != 0.0 {
            let s = T::from_f64(self.label_smoothing);
            let share = s / T::from_f64(h.len() as f64);
            out.iter_mut().for_each(|g| *g -= share);
            out[y] += s;
        }
    }
}

fn copy_row<T: Scalar>(X: MatRef<'_, T>, i: usize, row: &mut [T]) {
    row.iter_mut().enumerate().for_each(|(j, v)| *v = X[(i, j)]);
}
