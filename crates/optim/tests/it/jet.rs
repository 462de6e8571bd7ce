//! Hyper-dual numbers a + bε₁ + cε₂ + dε₁ε₂ with ε₁² = ε₂² = 0: exact first and
//! second derivatives of the test problems along two directions.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value with its derivatives along two directions and the mixed second one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Jet {
    pub(crate) value: f64,
    pub(crate) first: f64,
    pub(crate) second: f64,
    pub(crate) mixed: f64,
}

pub(crate) fn constant(value: f64) -> Jet {
    Jet { value, ..Jet::default() }
}

impl Jet {
    /// g(self) from g and its first two derivatives at the value.
    fn chain(self, g: f64, dg: f64, ddg: f64) -> Self {
        Self {
            value: g,
            first: dg * self.first,
            second: dg * self.second,
            mixed: dg * self.mixed + ddg * self.first * self.second,
        }
    }

    pub(crate) fn exp(self) -> Self {
        let e = self.value.exp();
        self.chain(e, e, e)
    }

    pub(crate) fn ln(self) -> Self {
        let x = self.value;
        self.chain(x.ln(), 1.0 / x, -1.0 / (x * x))
    }

    pub(crate) fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, 0.5 / root, -0.25 / (root * self.value))
    }

    pub(crate) fn atan(self) -> Self {
        let slope = 1.0 / (1.0 + self.value * self.value);
        self.chain(self.value.atan(), slope, -2.0 * self.value * slope * slope)
    }

    pub(crate) fn sin(self) -> Self {
        let (s, c) = self.value.sin_cos();
        self.chain(s, c, -s)
    }

    pub(crate) fn cos(self) -> Self {
        let (s, c) = self.value.sin_cos();
        self.chain(c, -s, -c)
    }

    pub(crate) fn abs(self) -> Self {
        if self.value < 0.0 { -self } else { self }
    }

    pub(crate) fn powi(self, n: i32) -> Self {
        let (x, k) = (self.value, f64::from(n));
        let slope = if n == 0 { 0.0 } else { k * x.powi(n - 1) };
        let bend = if n <= 1 { 0.0 } else { k * (k - 1.0) * x.powi(n - 2) };
        self.chain(x.powi(n), slope, bend)
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            value: self.value + o.value,
            first: self.first + o.first,
            second: self.second + o.second,
            mixed: self.mixed + o.mixed,
        }
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self {
            value: self.value * o.value,
            first: self.first * o.value + self.value * o.first,
            second: self.second * o.value + self.value * o.second,
            mixed: self.mixed * o.value
                + self.first * o.second
                + self.second * o.first
                + self.value * o.mixed,
        }
    }
}

impl Neg for Jet {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Div for Jet {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let r = 1.0 / o.value;
        self * o.chain(r, -r * r, 2.0 * r * r * r)
    }
}

impl Add<f64> for Jet {
    type Output = Self;
    fn add(self, o: f64) -> Self {
        self + constant(o)
    }
}

impl Sub<f64> for Jet {
    type Output = Self;
    fn sub(self, o: f64) -> Self {
        self + constant(-o)
    }
}

impl Mul<f64> for Jet {
    type Output = Self;
    fn mul(self, o: f64) -> Self {
        Self {
            value: self.value * o,
            first: self.first * o,
            second: self.second * o,
            mixed: self.mixed * o,
        }
    }
}

impl Mul<Jet> for f64 {
    type Output = Jet;
    fn mul(self, o: Jet) -> Jet {
        o * self
    }
}

impl Sub<Jet> for f64 {
    type Output = Jet;
    fn sub(self, o: Jet) -> Jet {
        constant(self) - o
    }
}

impl Sum for Jet {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |a, b| a + b)
    }
}
