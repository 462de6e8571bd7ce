//! Numbers one can write formulas with: `f32`, `f64` and anything that follows
//! their arithmetic, such as dual numbers (notes §6.2).
//!
//! The stable forms (`sigmoid`, `softplus`, `log1mexp`, …) live here, once;
//! every other crate calls them.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number: arithmetic, order, elementary and stable scalar functions.
///
/// The trait is open: dual numbers implement it too. Where a function has a
/// kink, an implementation documents the derivative it takes there.
pub trait Real:
    Copy
    + Debug
    + Display
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The number nearest to `x`, as a constant (derivative zero).
    fn from_f64(x: f64) -> Self;
    /// The value as `f64`; of a dual number, its real part.
    fn to_f64(self) -> f64;

    /// |x|.
    fn abs(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0.
    fn exp_m1(self) -> Self;
    /// ln x.
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0.
    fn ln_1p(self) -> Self;
    /// sin x.
    fn sin(self) -> Self;
    /// cos x.
    fn cos(self) -> Self;
    /// tanh x.
    fn tanh(self) -> Self;
    /// arctan x.
    fn atan(self) -> Self;
    /// erf x = 2/√π ∫₀ˣ e^(−t²) dt.
    fn erf(self) -> Self;
    /// erfc x = 1 − erf x, accurate where erf x is near 1.
    fn erfc(self) -> Self;
    /// xⁿ for an integer n; 0⁰ = 1.
    fn powi(self, n: i32) -> Self;
    /// xᵖ for a real p.
    fn powf(self, p: Self) -> Self;

    /// Whether the value is neither NaN nor infinite.
    fn is_finite(self) -> bool {
        self.to_f64().is_finite()
    }

    /// The larger of two; the first when they are equal or unordered.
    fn maximum(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The smaller of two; the first when they are equal or unordered.
    fn minimum(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// The logistic function σ(x) = 1 / (1 + e^(−x)) (notes §4.3.1).
    ///
    /// # Numerics
    /// Exponentiates −|x| only, so it never overflows; σ(−∞) = 0, σ(∞) = 1.
    fn sigmoid(self) -> Self {
        if self >= Self::ZERO {
            Self::ONE / (Self::ONE + (-self).exp())
        } else {
            let e = self.exp();
            e / (Self::ONE + e)
        }
    }

    /// The inverse of [`sigmoid`](Real::sigmoid): ln(p / (1 − p)), for p in
    /// \[0, 1\]; ∓∞ at the ends (notes §4.3.1).
    fn logit(self) -> Self {
        self.ln() - (-self).ln_1p()
    }

    /// softplus(x) = ln(1 + eˣ) (notes §5.4).
    ///
    /// # Numerics
    /// max(x, 0) + ln(1 + e^(−|x|)): no overflow, no cancellation.
    fn softplus(self) -> Self {
        if self > Self::ZERO { self + (-self).exp().ln_1p() } else { self.exp().ln_1p() }
    }

    /// ln σ(x) = −softplus(−x).
    fn log_sigmoid(self) -> Self {
        -(-self).softplus()
    }

    /// ln(1 − e^(−x)) for x > 0.
    ///
    /// # Numerics
    /// Switches between `exp_m1` and `ln_1p` at ln 2 (Mächler 2012).
    fn log1mexp(self) -> Self {
        if self.to_f64() <= std::f64::consts::LN_2 {
            (-(-self).exp_m1()).ln()
        } else {
            (-(-self).exp()).ln_1p()
        }
    }

    /// x · ln y, with 0 · ln y = 0 for every y that is not NaN.
    fn xlogy(self, y: Self) -> Self {
        if self == Self::ZERO && !y.to_f64().is_nan() { Self::ZERO } else { self * y.ln() }
    }

    /// ln(eˣ + eʸ), without overflow.
    fn logaddexp(self, other: Self) -> Self {
        let (high, low) = if self >= other { (self, other) } else { (other, self) };
        if high.to_f64().is_infinite() {
            return high;
        }
        high + (low - high).exp().ln_1p()
    }
}

macro_rules! impl_real {
    ($t:ident, $erf:path, $erfc:path) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn from_f64(x: f64) -> Self {
                x as $t
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn abs(self) -> Self {
                self.abs()
            }
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn exp(self) -> Self {
                self.exp()
            }
            fn exp_m1(self) -> Self {
                self.exp_m1()
            }
            fn ln(self) -> Self {
                self.ln()
            }
            fn ln_1p(self) -> Self {
                self.ln_1p()
            }
            fn sin(self) -> Self {
                self.sin()
            }
            fn cos(self) -> Self {
                self.cos()
            }
            fn tanh(self) -> Self {
                self.tanh()
            }
            fn atan(self) -> Self {
                self.atan()
            }
            fn erf(self) -> Self {
                $erf(self)
            }
            fn erfc(self) -> Self {
                $erfc(self)
            }
            fn powi(self, n: i32) -> Self {
                self.powi(n)
            }
            fn powf(self, p: Self) -> Self {
                self.powf(p)
            }
        }
    };
}
impl_real!(f32, libm::erff, libm::erfcf);
impl_real!(f64, libm::erf, libm::erfc);

#[cfg(test)]
pub(crate) mod tests;
