//! The same numbers in another precision.

use super::Tensor;
use crate::Scalar;

impl<T: Scalar> Tensor<T> {
    /// Every element rounded to the nearest `U`.
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::Tensor;
    /// let x = Tensor::full(&[2], 0.1_f64);
    /// assert_eq!(x.cast::<f32>(), Tensor::full(&[2], 0.1_f32));
    /// ```
    #[must_use]
    pub fn cast<U: Scalar>(&self) -> Tensor<U> {
        let data = self.as_slice().iter().map(|x| U::from_f64(x.to_f64())).collect();
        Tensor { shape: self.shape.clone(), data }
    }
}
