//! Taking tensors apart and putting them together along an axis (notes §2.1).

use std::ops::Range;

use crate::twofold::Twofold;
use crate::{Error, Result, Scalar, Tensor};

impl<T: Scalar> Tensor<T> {
    /// Tensors of one shape stacked along a new first axis: (s…) k times → (k, s…).
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when shapes differ, [`Error::Empty`] for no tensors.
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let a = Tensor::new(&[2], vec![1.0, 2.0])?;
    /// let b = Tensor::new(&[2], vec![3.0, 4.0])?;
    /// assert_eq!(Tensor::stack(&[&a, &b])?.shape(), [2, 2]);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn stack(tensors: &[&Self]) -> Result<Self> {
        let first = tensors.first().ok_or(Error::Empty { op: "stack" })?;
        let mut data = Vec::with_capacity(first.len() * tensors.len());
        for tensor in tensors {
            if tensor.shape() != first.shape() {
                return Err(first.misfit("stack", tensor, "all shapes must be equal"));
            }
            data.extend_from_slice(tensor.as_slice());
        }
        let shape = [&[tensors.len()], first.shape()].concat();
        Self::new(&shape, data)
    }

    /// Tensors joined along an axis they already have; all other sizes agree.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::InvalidAxis`], [`Error::Empty`] for
    /// no tensors.
    pub fn concat(tensors: &[&Self], axis: usize) -> Result<Self> {
        let first = tensors.first().ok_or(Error::Empty { op: "concat" })?;
        let (outer, _, _) = first.around("concat", axis)?;
        let mut shape = first.shape().to_vec();
        shape[axis] = 0;
        for tensor in tensors {
            let mut expected = tensor.shape().to_vec();
            if let Some(size) = expected.get_mut(axis) {
                shape[axis] += *size;
                *size = first.shape()[axis];
            }
            if expected != first.shape() {
                return Err(first.misfit("concat", tensor, "all other axes must be equal"));
            }
        }
        let mut data = Vec::with_capacity(shape.iter().product());
        for o in 0..outer {
            for tensor in tensors {
                let chunk = tensor.len() / outer;
                data.extend_from_slice(&tensor.as_slice()[o * chunk..(o + 1) * chunk]);
            }
        }
        Self::new(&shape, data)
    }

    /// The given entries of an axis, in the given order; an index may repeat.
    ///
    /// # Errors
    /// [`Error::InvalidAxis`], [`Error::OutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(X.select(0, &[2, 0])?.as_slice(), [5.0, 6.0, 1.0, 2.0]);
    /// assert_eq!(X.select(1, &[1])?.as_slice(), [2.0, 4.0, 6.0]);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn select(&self, axis: usize, indices: &[usize]) -> Result<Self> {
        let (outer, size, inner) = self.around("select", axis)?;
        if let Some(&index) = indices.iter().find(|&&i| i >= size) {
            return Err(Error::OutOfRange { op: "select", index, size });
        }
        let mut data = Vec::with_capacity(outer * indices.len() * inner);
        for o in 0..outer {
            for i in indices {
                let at = (o * size + i) * inner;
                data.extend_from_slice(&self.as_slice()[at..at + inner]);
            }
        }
        let mut shape = self.shape().to_vec();
        shape[axis] = indices.len();
        Self::new(&shape, data)
    }

    /// The given rows (entries of the first axis); see [`select`](Tensor::select).
    ///
    /// # Errors
    /// [`Error::InvalidAxis`], [`Error::OutOfRange`].
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self> {
        self.select(0, rows)
    }

    /// The given columns (entries of the second axis); see [`select`](Tensor::select).
    ///
    /// # Errors
    /// [`Error::InvalidAxis`], [`Error::OutOfRange`].
    pub fn select_columns(&self, columns: &[usize]) -> Result<Self> {
        self.select(1, columns)
    }

    /// A contiguous range of an axis, copied.
    ///
    /// # Errors
    /// [`Error::InvalidAxis`], [`Error::OutOfRange`] when the range ends beyond
    /// the axis or before its start.
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Result<Self> {
        let (outer, size, inner) = self.around("slice", axis)?;
        if range.end > size || range.start > range.end {
            return Err(Error::OutOfRange { op: "slice", index: range.end.max(range.start), size });
        }
        let mut data = Vec::with_capacity(outer * range.len() * inner);
        for o in 0..outer {
            let at = o * size * inner;
            let part = at + range.start * inner..at + range.end * inner;
            data.extend_from_slice(&self.as_slice()[part]);
        }
        let mut shape = self.shape().to_vec();
        shape[axis] = range.len();
        Self::new(&shape, data)
    }

    /// The same elements with the axes in another order: axis `axes[k]` becomes
    /// axis k.
    ///
    /// # Errors
    /// [`Error::InvalidPermutation`] unless `axes` names every axis once.
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let X = Tensor::<f64>::zeros(&[2, 3, 4]);
    /// assert_eq!(X.permute(&[2, 0, 1])?.shape(), [4, 2, 3]);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn permute(&self, axes: &[usize]) -> Result<Self> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.ndim()) {
            return Err(Error::InvalidPermutation { axes: axes.to_vec(), ndim: self.ndim() });
        }
        let mut strides = vec![1; self.ndim()];
        for k in (1..self.ndim()).rev() {
            strides[k - 1] = strides[k] * self.shape()[k];
        }
        let shape: Vec<usize> = axes.iter().map(|&a| self.shape()[a]).collect();
        let strides: Vec<usize> = axes.iter().map(|&a| strides[a]).collect();
        let mut index = vec![0; shape.len()];
        let mut at = 0;
        let mut data = Vec::with_capacity(self.len());
        for _ in 0..self.len() {
            data.push(self.as_slice()[at]);
            // Count up like an odometer, last axis fastest.
            for k in (0..shape.len()).rev() {
                index[k] += 1;
                at += strides[k];
                if index[k] < shape[k] {
                    break;
                }
                at -= strides[k] * shape[k];
                index[k] = 0;
            }
        }
        Self::new(&shape, data)
    }

    /// Sums along an axis, which disappears.
    ///
    /// # Errors
    /// [`Error::InvalidAxis`].
    ///
    /// # Numerics
    /// Accumulated in twofold `f64` and rounded once.
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 5.0]]);
    /// assert_eq!(X.sum_axis(0)?.as_slice(), [4.0, 7.0]);
    /// assert_eq!(X.mean_axis(1)?.as_slice(), [1.5, 4.0]);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn sum_axis(&self, axis: usize) -> Result<Self> {
        self.reduce("sum", axis, 1.0)
    }

    /// Means along an axis, which disappears; accumulated as in
    /// [`sum_axis`](Tensor::sum_axis).
    ///
    /// # Errors
    /// [`Error::InvalidAxis`], [`Error::Empty`] when the axis has no entries.
    pub fn mean_axis(&self, axis: usize) -> Result<Self> {
        let (_, size, _) = self.around("mean", axis)?;
        if size == 0 {
            return Err(Error::Empty { op: "mean" });
        }
        self.reduce("mean", axis, size as f64)
    }

    fn reduce(&self, op: &'static str, axis: usize, divisor: f64) -> Result<Self> {
        let (outer, size, inner) = self.around(op, axis)?;
        let mut data = Vec::with_capacity(outer * inner);
        let mut sums = vec![Twofold::ZERO; inner];
        for o in 0..outer {
            sums.fill(Twofold::ZERO);
            for s in 0..size {
                let at = (o * size + s) * inner;
                for (sum, x) in sums.iter_mut().zip(&self.as_slice()[at..at + inner]) {
                    *sum = sum.plus(x.to_f64());
                }
            }
            data.extend(sums.iter().map(|sum| T::from_f64(sum.hi / divisor)));
        }
        let mut shape = self.shape().to_vec();
        shape.remove(axis);
        Self::new(&shape, data)
    }

    /// Sum of all elements, accumulated as in [`sum_axis`](Tensor::sum_axis).
    #[must_use]
    pub fn sum(&self) -> T {
        let sum = self.as_slice().iter().fold(Twofold::ZERO, |sum, x| sum.plus(x.to_f64()));
        T::from_f64(sum.hi)
    }

    /// Product of the sizes before an axis, its size, product of those after.
    fn around(&self, op: &'static str, axis: usize) -> Result<(usize, usize, usize)> {
        let Some(&size) = self.shape().get(axis) else {
            return Err(Error::InvalidAxis { op, axis, shape: self.shape().to_vec() });
        };
        let product = |s: &[usize]| s.iter().product::<usize>();
        Ok((product(&self.shape()[..axis]), size, product(&self.shape()[axis + 1..])))
    }

    fn misfit(&self, op: &'static str, other: &Self, rule: &'static str) -> Error {
        Error::ShapeMismatch {
            op,
            left: self.shape().to_vec(),
            right: other.shape().to_vec(),
            rule,
        }
    }
}
