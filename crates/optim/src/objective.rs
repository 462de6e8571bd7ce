//! What can be minimised (notes §2.3): a function with its gradient, and for
//! the second-order methods with its Hessian or products with it.
//!
//! Methods take `&mut self`, so that an objective owns its workspaces.

use wonderland_linalg::Tensor;

/// A function f: ℝᵈ → ℝ with its gradient.
///
/// Every closure `|x, gradient| …` that writes the gradient and returns the
/// value is one. A value or gradient that is not finite marks a point outside
/// the domain: line searches step back from it.
pub trait Objective {
    /// Returns f(x) and writes ∇f(x) to `gradient`, every entry of it.
    fn value_and_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64;
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Objective for F {
    fn value_and_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        self(x, gradient)
    }
}

/// An objective that multiplies vectors by its Hessian.
pub trait HessianProduct: Objective {
    /// Writes ∇²f(x) v to `product`.
    fn hessian_product(&mut self, x: &[f64], v: &[f64], product: &mut [f64]);
}

/// An objective that writes down its Hessian.
pub trait Hessian: Objective {
    /// Writes ∇²f(x) to `H ~ (d, d)`, both triangles.
    fn hessian(&mut self, x: &[f64], H: &mut Tensor);
}
