//! Sums and inner products with a fixed order of summation.
//!
//! Lane l of sixteen adds the elements l, l + 16, …; the lanes are then added
//! in pairs. The order depends on the length only, so the bits are the same
//! on every processor, and the error grows with n/16 instead of n.

use pulp::{Arch, Simd, WithSimd};

use crate::Scalar;
use crate::twofold::{two_prod, two_sum};

/// Partial sums of a reduction.
pub(super) const LANES: usize = 16;

/// Σ xᵢ.
///
/// # Numerics
/// Error at most (n/16 + 4) ε Σ|xᵢ|; [`sum_twofold`] where that is too much.
#[must_use]
pub fn sum<T: Scalar>(x: &[T]) -> T {
    struct Sum<'a, T>(&'a [T]);
    impl<T: Scalar> WithSimd for Sum<'_, T> {
        type Output = T;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> T {
            let mut lanes = [T::ZERO; LANES];
            let (chunks, rest) = self.0.as_chunks::<LANES>();
            for chunk in chunks {
                for (lane, &x) in lanes.iter_mut().zip(chunk) {
                    *lane += x;
                }
            }
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane += x;
            }
            pairwise(&mut lanes)
        }
    }
    Arch::new().dispatch(Sum(x))
}

/// x · y.
///
/// # Panics
/// When the lengths differ.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::dot;
/// assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
/// ```
#[must_use]
#[track_caller]
pub fn dot<T: Scalar>(x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot product of {} and {} elements", x.len(), y.len());
    Arch::new().dispatch(Dot(x, y))
}

/// y += a x.
///
/// # Panics
/// When the lengths differ.
#[track_caller]
pub fn axpy<T: Scalar>(a: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "adding {} elements to {}", x.len(), y.len());
    Arch::new().dispatch(Axpy(a, x, y));
}

/// g += f(x · w) x, and returns x · w: one row of a generalised linear model
/// and its gradient, while the row is in the cache.
///
/// # Panics
/// When the lengths differ.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::dot_axpy;
/// // Squared loss against the target 1: residual 3 · 1 − 1 = 2.
/// let mut g = [0.0];
/// assert_eq!(dot_axpy(&[3.0], &[1.0], |y| y - 1.0, &mut g), 3.0);
/// assert_eq!(g, [6.0]);
/// ```
#[track_caller]
pub fn dot_axpy<T: Scalar>(x: &[T], w: &[T], f: impl FnOnce(T) -> T, g: &mut [T]) -> T {
    struct Fused<'a, T, F>(&'a [T], &'a [T], F, &'a mut [T]);
    impl<T: Scalar, F: FnOnce(T) -> T> WithSimd for Fused<'_, T, F> {
        type Output = T;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> T {
            let Self(x, w, f, g) = self;
            let value = Dot(x, w).with_simd(simd);
            Axpy(f(value), x, g).with_simd(simd);
            value
        }
    }
    assert_eq!(x.len(), w.len(), "dot product of {} and {} elements", x.len(), w.len());
    assert_eq!(x.len(), g.len(), "adding {} elements to {}", x.len(), g.len());
    Arch::new().dispatch(Fused(x, w, f, g))
}

/// Σ xᵢ as if computed with twice the digits of `f64` and then rounded.
///
/// # Numerics
/// Error ε |Σ xᵢ| + n² ε² Σ|xᵢ| (Ogita, Rump and Oishi 2005, Sum2), for finite
/// sums.
#[must_use]
pub fn sum_twofold<T: Scalar>(x: &[T]) -> f64 {
    struct Sum<'a, T>(&'a [T]);
    impl<T: Scalar> WithSimd for Sum<'_, T> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> f64 {
            let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
            let (chunks, rest) = self.0.as_chunks::<LANES>();
            for chunk in chunks {
                for l in 0..LANES {
                    let (s, e) = two_sum(high[l], chunk[l].wide());
                    high[l] = s;
                    low[l] += e;
                }
            }
            for (l, x) in rest.iter().enumerate() {
                let (s, e) = two_sum(high[l], x.wide());
                high[l] = s;
                low[l] += e;
            }
            gather(&high, &low)
        }
    }
    Arch::new().dispatch(Sum(x))
}

/// x · y as if computed with twice the digits of `f64` and then rounded.
///
/// # Numerics
/// Error ε |x · y| + n² ε² |x| · |y| (Ogita, Rump and Oishi 2005, Dot2),
/// barring over- and underflow of the products.
///
/// # Panics
/// When the lengths differ.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::dot_twofold;
/// // The small product survives the cancellation of the large ones.
/// assert_eq!(dot_twofold(&[1e10, 1.0, 1e10], &[1e10, 3.0, -1e10]), 3.0);
/// ```
#[must_use]
#[track_caller]
pub fn dot_twofold<T: Scalar>(x: &[T], y: &[T]) -> f64 {
    struct Dot2<'a, T>(&'a [T], &'a [T]);
    impl<T: Scalar> WithSimd for Dot2<'_, T> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> f64 {
            let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
            let (xs, x_rest) = self.0.as_chunks::<LANES>();
            let (ys, y_rest) = self.1.as_chunks::<LANES>();
            for (x, y) in xs.iter().zip(ys) {
                for l in 0..LANES {
                    step(&mut high[l], &mut low[l], x[l].wide(), y[l].wide());
                }
            }
            for (l, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
                step(&mut high[l], &mut low[l], x.wide(), y.wide());
            }
            gather(&high, &low)
        }
    }
    #[inline(always)]
    fn step(high: &mut f64, low: &mut f64, x: f64, y: f64) {
        let (p, e) = two_prod(x, y);
        let (s, f) = two_sum(*high, p);
        *high = s;
        *low += e + f;
    }
    assert_eq!(x.len(), y.len(), "dot product of {} and {} elements", x.len(), y.len());
    Arch::new().dispatch(Dot2(x, y))
}

/// The lanes of a twofold sum, rounded together.
#[inline(always)]
fn gather(high: &[f64; LANES], low: &[f64; LANES]) -> f64 {
    let (mut sum, mut rest) = (0.0, 0.0);
    for l in 0..LANES {
        let (s, e) = two_sum(sum, high[l]);
        sum = s;
        rest += e + low[l];
    }
    sum + rest
}

struct Dot<'a, T>(&'a [T], &'a [T]);

impl<T: Scalar> WithSimd for Dot<'_, T> {
    type Output = T;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T {
        let mut lanes = [T::ZERO; LANES];
        let (xs, x_rest) = self.0.as_chunks::<LANES>();
        let (ys, y_rest) = self.1.as_chunks::<LANES>();
        for (x, y) in xs.iter().zip(ys) {
            for l in 0..LANES {
                lanes[l] = x[l].fused(y[l], lanes[l]);
            }
        }
        for (l, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            lanes[l] = x.fused(*y, lanes[l]);
        }
        pairwise(&mut lanes)
    }
}

struct Axpy<'a, T>(T, &'a [T], &'a mut [T]);

impl<T: Scalar> WithSimd for Axpy<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let a = self.0;
        for (y, x) in self.2.iter_mut().zip(self.1) {
            *y = a.fused(*x, *y);
        }
    }
}

/// Adds the second half of the lanes to the first until one is left.
#[inline(always)]
pub(super) fn pairwise<T: Scalar>(lanes: &mut [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            let other = lanes[l + width];
            lanes[l] += other;
        }
        width /= 2;
    }
    lanes[0]
}
