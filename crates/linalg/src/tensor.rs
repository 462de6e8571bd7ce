//! n-dimensional arrays (notes §2.1): row-major, contiguous, owned.

mod arithmetic;
mod axes;
mod cast;
mod show;

use std::ops::{Index, IndexMut};

use faer::{MatMut, MatRef};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Scalar};

/// An n-dimensional array X ~ (s₁, …, s_k), row-major and contiguous.
///
/// A two-dimensional tensor is viewed as a faer matrix at no cost by
/// [`as_mat`](Tensor::as_mat).
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!(X.shape(), [3, 2]);
/// assert_eq!(X[[2, 0]], 5.0);
/// assert_eq!(X.row(1), [3.0, 4.0]);
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts<T>", bound(deserialize = "T: Scalar"))]
pub struct Tensor<T = f64> {
    shape: Vec<usize>,
    data: Vec<T>,
}

/// A tensor as it stands in a file, before its length is checked.
#[derive(Deserialize)]
struct Parts<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T: Scalar> TryFrom<Parts<T>> for Tensor<T> {
    type Error = Error;
    fn try_from(parts: Parts<T>) -> Result<Self> {
        Tensor::new(&parts.shape, parts.data)
    }
}

impl<T: Scalar> Tensor<T> {
    /// The tensor of the given shape with `data` in row-major order.
    ///
    /// # Errors
    /// [`Error::WrongLength`] when `data` does not hold one value per element.
    pub fn new(shape: &[usize], data: Vec<T>) -> Result<Self> {
        let expected = shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s));
        if expected != Some(data.len()) {
            return Err(Error::WrongLength {
                shape: shape.to_vec(),
                expected: expected.unwrap_or(usize::MAX),
                actual: data.len(),
            });
        }
        Ok(Self { shape: shape.to_vec(), data })
    }

    /// Zeros.
    #[must_use]
    pub fn zeros(shape: &[usize]) -> Self {
        Self::full(shape, T::ZERO)
    }

    /// Every element equal to `value`.
    #[must_use]
    pub fn full(shape: &[usize], value: T) -> Self {
        Self { shape: shape.to_vec(), data: vec![value; shape.iter().product()] }
    }

    /// The (n, n) identity matrix.
    #[must_use]
    pub fn eye(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| if i == j { T::ONE } else { T::ZERO })
    }

    /// The (n, c) matrix with element `f(i, j)` in row i and column j.
    #[must_use]
    pub fn from_fn(n: usize, c: usize, mut f: impl FnMut(usize, usize) -> T) -> Self {
        let data = (0..n).flat_map(|i| (0..c).map(move |j| (i, j))).map(|(i, j)| f(i, j)).collect();
        Self { shape: vec![n, c], data }
    }

    /// The matrix with the given rows.
    #[must_use]
    pub fn from_rows<const C: usize>(rows: &[[T; C]]) -> Self {
        Self { shape: vec![rows.len(), C], data: rows.as_flattened().to_vec() }
    }

    /// A copy of a matrix view with any strides.
    #[must_use]
    pub fn from_mat(mat: MatRef<'_, T>) -> Self {
        Self::from_fn(mat.nrows(), mat.ncols(), |i, j| mat[(i, j)])
    }

    /// Becomes zeros of another shape, in the memory that is there if it suffices.
    ///
    /// # Examples
    /// ```
    /// # use wonderland_linalg::Tensor;
    /// let mut X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
    /// X.reset(&[1, 3]);
    /// assert_eq!(X, Tensor::zeros(&[1, 3]));
    /// ```
    pub fn reset(&mut self, shape: &[usize]) {
        self.shape.clear();
        self.shape.extend_from_slice(shape);
        self.data.clear();
        self.data.resize(shape.iter().product(), T::ZERO);
    }

    /// Sizes of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Size of the first axis (1 for a tensor without axes).
    #[must_use]
    pub fn nrows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Number of elements in one entry of the first axis; of a matrix, its columns.
    #[must_use]
    pub fn ncols(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The elements in row-major order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The elements in row-major order, to change.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The elements in row-major order, taken out.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// Row `i` of the first axis as one slice.
    ///
    /// # Panics
    /// When `i` is not below `nrows()`.
    #[must_use]
    #[track_caller]
    pub fn row(&self, i: usize) -> &[T] {
        let c = self.ncols();
        &self.data[i * c..(i + 1) * c]
    }

    /// Row `i` of the first axis, to change.
    ///
    /// # Panics
    /// When `i` is not below `nrows()`.
    #[track_caller]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        let c = self.ncols();
        &mut self.data[i * c..(i + 1) * c]
    }

    /// The same elements under another shape, without a copy.
    ///
    /// # Errors
    /// [`Error::WrongLength`] when the number of elements differs.
    pub fn reshape(self, shape: &[usize]) -> Result<Self> {
        Self::new(shape, self.data)
    }

    /// The matrix as faer's view, without a copy; one axis reads as a column,
    /// more than two as (s₁, s₂ ⋯ s_k).
    #[must_use]
    pub fn as_mat(&self) -> MatRef<'_, T> {
        MatRef::from_row_major_slice(&self.data, self.nrows(), self.ncols())
    }

    /// The matrix as faer's mutable view, shaped as in [`as_mat`](Tensor::as_mat).
    pub fn as_mat_mut(&mut self) -> MatMut<'_, T> {
        let (n, c) = (self.nrows(), self.ncols());
        MatMut::from_row_major_slice_mut(&mut self.data, n, c)
    }

    /// `f` of every element.
    #[must_use]
    pub fn map(&self, f: impl FnMut(T) -> T) -> Self {
        Self { shape: self.shape.clone(), data: self.data.iter().copied().map(f).collect() }
    }

    /// The transpose of a matrix, as a new tensor.
    #[must_use]
    pub fn transpose(&self) -> Self {
        Self::from_mat(self.as_mat().transpose())
    }
}

/// A slice viewed as a matrix of one column, without a copy.
///
/// # Examples
/// ```
/// use wonderland_linalg::column;
/// assert_eq!(column(&[1.0, 2.0, 3.0]).nrows(), 3);
/// ```
#[must_use]
pub fn column<T>(x: &[T]) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(x, x.len(), 1)
}

impl<T: Scalar> Index<[usize; 2]> for Tensor<T> {
    type Output = T;
    #[track_caller]
    fn index(&self, [i, j]: [usize; 2]) -> &T {
        assert!(j < self.ncols(), "column {j} of a tensor of shape {:?}", self.shape);
        &self.data[i * self.ncols() + j]
    }
}

impl<T: Scalar> IndexMut<[usize; 2]> for Tensor<T> {
    #[track_caller]
    fn index_mut(&mut self, [i, j]: [usize; 2]) -> &mut T {
        let c = self.ncols();
        assert!(j < c, "column {j} of a tensor of shape {:?}", self.shape);
        &mut self.data[i * c + j]
    }
}

#[cfg(test)]
mod tests;
