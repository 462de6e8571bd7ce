//! Elementwise arithmetic and masks (notes §2.1.2). Nothing broadcasts.

use std::ops::{Add, Mul, Sub};

use crate::{Error, Result, Scalar, Tensor};

impl<T: Scalar> Tensor<T> {
    /// f(xᵢ, yᵢ) for every element of two tensors of one shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`]: shapes must be equal, sizes of 1 included.
    pub fn zip_map(&self, other: &Self, mut f: impl FnMut(T, T) -> T) -> Result<Self> {
        if self.shape() != other.shape() {
            return Err(Error::ShapeMismatch {
                op: "elementwise",
                left: self.shape().to_vec(),
                right: other.shape().to_vec(),
                rule: "both shapes must be equal, nothing is broadcast",
            });
        }
        let pairs = self.as_slice().iter().copied().zip(other.as_slice().iter().copied());
        Self::new(self.shape(), pairs.map(|(x, y)| f(x, y)).collect())
    }

    /// X + Y; the operator `&X + &Y` panics where this is an error.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn try_add(&self, other: &Self) -> Result<Self> {
        self.zip_map(other, |x, y| x + y)
    }

    /// X − Y; the operator `&X - &Y` panics where this is an error.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn try_sub(&self, other: &Self) -> Result<Self> {
        self.zip_map(other, |x, y| x - y)
    }

    /// X ∘ Y, the Hadamard product Zᵢⱼ = Xᵢⱼ Yᵢⱼ.
    ///
    /// For a fixed mask M the map X ↦ M ∘ X is linear (erratum to notes §2.1.2,
    /// which deny it); ∘ is bilinear in the pair.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    ///
    /// # References
    /// Notes §2.1.2.
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
    /// let M = Tensor::from_rows(&[[1.0, 0.0], [0.0, 1.0]]);
    /// assert_eq!(X.hadamard(&M)?.as_slice(), [1.0, 0.0, 0.0, 4.0]);
    /// # Ok::<(), wonderland_linalg::Error>(())
    /// ```
    pub fn hadamard(&self, other: &Self) -> Result<Self> {
        self.zip_map(other, |x, y| x * y)
    }

    /// X where `keep` holds, zero elsewhere, also where X is NaN or infinite.
    ///
    /// # Errors
    /// [`Error::WrongLength`] unless `keep` has one entry per element.
    pub fn mask(&self, keep: &[bool]) -> Result<Self> {
        if keep.len() != self.len() {
            return Err(Error::WrongLength {
                shape: self.shape().to_vec(),
                expected: self.len(),
                actual: keep.len(),
            });
        }
        let pairs = self.as_slice().iter().zip(keep);
        Self::new(self.shape(), pairs.map(|(&x, &k)| if k { x } else { T::ZERO }).collect())
    }

    /// a X.
    #[must_use]
    pub fn scale(&self, a: T) -> Self {
        self.map(|x| a * x)
    }
}

impl<T: Scalar> Add for &Tensor<T> {
    type Output = Tensor<T>;
    #[track_caller]
    fn add(self, other: Self) -> Tensor<T> {
        self.try_add(other).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<T: Scalar> Sub for &Tensor<T> {
    type Output = Tensor<T>;
    #[track_caller]
    fn sub(self, other: Self) -> Tensor<T> {
        self.try_sub(other).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<T: Scalar> Mul<T> for &Tensor<T> {
    type Output = Tensor<T>;
    fn mul(self, a: T) -> Tensor<T> {
        self.scale(a)
    }
}
