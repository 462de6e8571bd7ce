//! Dual numbers: forward mode on plain generic Rust code (notes §6.2).
//!
//! A number carries its derivatives in N directions; arithmetic follows the
//! chain rule. Use it where control flow depends on the numbers; a program
//! that always does the same is better traced. Duals of duals give higher
//! derivatives.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use wonderland_linalg::Real;

/// a + Σ bₖ εₖ with εᵢ εⱼ = 0: a value and its derivatives in N directions.
///
/// Comparisons look at the value only. At kinks the conventions of
/// [`Var`](crate::Var) hold.
///
/// # Examples
/// ```
/// use wonderland_autodiff::Dual;
/// use wonderland_linalg::Real;
/// fn f<T: Real>(x: T) -> T {
///     T::ONE / (x * x + T::ONE)
/// }
/// let x = Dual::<f64, 1>::variable(1.0, 0);
/// assert_eq!(f(x).eps[0], -0.5);
/// // Second derivative at 0: −2.
/// let x = Dual::<Dual<f64, 1>, 1>::variable(Dual::variable(0.0, 0), 0);
/// assert_eq!(f(x).eps[0].eps[0], -2.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<T, const N: usize> {
    /// The value.
    pub re: T,
    /// The derivatives.
    pub eps: [T; N],
}

impl<T: Real, const N: usize> Dual<T, N> {
    /// A constant: derivatives zero.
    #[must_use]
    pub fn constant(re: T) -> Self {
        Self { re, eps: [T::ZERO; N] }
    }

    /// Variable number `k`: derivative one in direction `k`.
    ///
    /// # Panics
    /// When `k` is not below N.
    #[must_use]
    pub fn variable(re: T, k: usize) -> Self {
        let mut x = Self::constant(re);
        x.eps[k] = T::ONE;
        x
    }

    /// f(self) for a function with this value and slope.
    fn chain(self, value: T, slope: T) -> Self {
        Self { re: value, eps: self.eps.map(|e| slope * e) }
    }

    /// The slope of erf, 2/√π e^(−x²).
    fn bell(self) -> T {
        T::from_f64(std::f64::consts::FRAC_2_SQRT_PI) * (-(self.re * self.re)).exp()
    }

    /// f(self, other) for a function with this value and these slopes.
    fn chain2(self, other: Self, value: T, a: T, b: T) -> Self {
        let mut eps = self.eps;
        for (e, o) in eps.iter_mut().zip(other.eps) {
            *e = a * *e + b * o;
        }
        Self { re: value, eps }
    }

    fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        let mut eps = self.eps;
        for (e, o) in eps.iter_mut().zip(other.eps) {
            *e = f(*e, o);
        }
        Self { re: f(self.re, other.re), eps }
    }
}

/// The gradient of a function of N variables, by one run on duals.
///
/// # Examples
/// ```
/// use wonderland_autodiff::dual_gradient;
/// let (value, grad) = dual_gradient(|[x, y]| x * x * y, [3.0, 2.0]);
/// assert_eq!((value, grad), (18.0, [12.0, 9.0]));
/// ```
pub fn dual_gradient<T: Real, const N: usize>(
    f: impl Fn([Dual<T, N>; N]) -> Dual<T, N>,
    x: [T; N],
) -> (T, [T; N]) {
    let mut duals = [Dual::constant(T::ZERO); N];
    for (k, (dual, x)) in duals.iter_mut().zip(x).enumerate() {
        *dual = Dual::variable(x, k);
    }
    let y = f(duals);
    (y.re, y.eps)
}

impl<T: Real, const N: usize> Default for Dual<T, N> {
    fn default() -> Self {
        Self::constant(T::ZERO)
    }
}

impl<T: fmt::Display, const N: usize> fmt::Display for Dual<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.re)?;
        for (k, e) in self.eps.iter().enumerate() {
            write!(f, " + ({e}) ε{}", k + 1)?;
        }
        Ok(())
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Dual<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.re == other.re
    }
}

impl<T: PartialOrd, const N: usize> PartialOrd for Dual<T, N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.re.partial_cmp(&other.re)
    }
}

impl<T: Real, const N: usize> Add for Dual<T, N> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<T: Real, const N: usize> Sub for Dual<T, N> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<T: Real, const N: usize> Mul for Dual<T, N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.chain2(other, self.re * other.re, other.re, self.re)
    }
}

impl<T: Real, const N: usize> Div for Dual<T, N> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let y = self.re / other.re;
        let mut eps = self.eps;
        for (e, o) in eps.iter_mut().zip(other.eps) {
            *e = (*e - y * o) / other.re;
        }
        Self { re: y, eps }
    }
}

impl<T: Real, const N: usize> Neg for Dual<T, N> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { re: -self.re, eps: self.eps.map(|e| -e) }
    }
}

macro_rules! assign {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl<T: Real, const N: usize> $trait for Dual<T, N> {
            fn $method(&mut self, other: Self) {
                *self = *self $op other;
            }
        }
    )*};
}
assign!(AddAssign add_assign +, SubAssign sub_assign -, MulAssign mul_assign *, DivAssign div_assign /);

impl<T: Real, const N: usize> Sum for Dual<T, N> {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |a, b| a + b)
    }
}

impl<T: Real, const N: usize> Real for Dual<T, N> {
    const ZERO: Self = Self { re: T::ZERO, eps: [T::ZERO; N] };
    const ONE: Self = Self { re: T::ONE, eps: [T::ZERO; N] };

    fn from_f64(x: f64) -> Self {
        Self::constant(T::from_f64(x))
    }
    fn to_f64(self) -> f64 {
        self.re.to_f64()
    }
    fn abs(self) -> Self {
        if self.re > T::ZERO {
            self
        } else if self.re < T::ZERO {
            -self
        } else {
            self.chain(self.re.abs(), T::ZERO)
        }
    }
    fn sqrt(self) -> Self {
        let y = self.re.sqrt();
        self.chain(y, T::from_f64(0.5) / y)
    }
    fn exp(self) -> Self {
        let y = self.re.exp();
        self.chain(y, y)
    }
    fn exp_m1(self) -> Self {
        self.chain(self.re.exp_m1(), self.re.exp())
    }
    fn ln(self) -> Self {
        self.chain(self.re.ln(), T::ONE / self.re)
    }
    fn ln_1p(self) -> Self {
        self.chain(self.re.ln_1p(), T::ONE / (T::ONE + self.re))
    }
    fn sin(self) -> Self {
        self.chain(self.re.sin(), self.re.cos())
    }
    fn cos(self) -> Self {
        self.chain(self.re.cos(), -self.re.sin())
    }
    fn tanh(self) -> Self {
        let y = self.re.tanh();
        self.chain(y, T::ONE - y * y)
    }
    fn atan(self) -> Self {
        self.chain(self.re.atan(), T::ONE / (T::ONE + self.re * self.re))
    }
    fn erf(self) -> Self {
        self.chain(self.re.erf(), self.bell())
    }
    fn erfc(self) -> Self {
        self.chain(self.re.erfc(), -self.bell())
    }
    fn powi(self, n: i32) -> Self {
        if n == 0 {
            return Self::ONE;
        }
        let slope = T::from_f64(f64::from(n)) * self.re.powi(n.saturating_sub(1));
        self.chain(self.re.powi(n), slope)
    }
    /// For x ≤ 0 the exponent is taken as a constant.
    fn powf(self, p: Self) -> Self {
        let y = self.re.powf(p.re);
        let base = if p.re == T::ZERO { T::ZERO } else { p.re * self.re.powf(p.re - T::ONE) };
        let exponent = if self.re > T::ZERO { y * self.re.ln() } else { T::ZERO };
        self.chain2(p, y, base, exponent)
    }
    fn maximum(self, other: Self) -> Self {
        match self.partial_cmp(&other) {
            Some(Ordering::Less) => other,
            Some(Ordering::Equal) => {
                let half = T::from_f64(0.5);
                self.chain2(other, self.re, half, half)
            }
            _ => self,
        }
    }
    fn minimum(self, other: Self) -> Self {
        -(-self).maximum(-other)
    }
    fn sigmoid(self) -> Self {
        let y = self.re.sigmoid();
        self.chain(y, y * (T::ONE - y))
    }
    fn softplus(self) -> Self {
        self.chain(self.re.softplus(), self.re.sigmoid())
    }
    fn log1mexp(self) -> Self {
        self.chain(self.re.log1mexp(), T::ONE / self.re.exp_m1())
    }
    fn xlogy(self, y: Self) -> Self {
        let by_y = if self.re == T::ZERO { T::ZERO } else { self.re / y.re };
        self.chain2(y, self.re.xlogy(y.re), y.re.ln(), by_y)
    }
    fn logaddexp(self, other: Self) -> Self {
        let share = (self.re - other.re).sigmoid();
        self.chain2(other, self.re.logaddexp(other.re), share, T::ONE - share)
    }
}
