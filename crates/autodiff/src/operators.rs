//! Arithmetic and comparisons of handles, with each other and with numbers.

use crate::functions::{Binary, Unary};
use crate::op::{Number, Op};
use crate::trace::{Mask, Var};

impl<'t> Var<'t> {
    /// The larger of the two, elementwise; where equal, each has half the
    /// derivative (use [`relu`](Var::relu) for max(x, 0) with 0 at 0).
    #[must_use]
    #[track_caller]
    pub fn maximum(self, other: Var<'t>) -> Self {
        self.zip(Binary::Max, other)
    }

    /// The smaller of the two, elementwise; where equal, each has half the
    /// derivative.
    #[must_use]
    #[track_caller]
    pub fn minimum(self, other: Var<'t>) -> Self {
        self.zip(Binary::Min, other)
    }

    /// Where this is larger.
    #[must_use]
    #[track_caller]
    pub fn gt(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.zip(Binary::Gt, other))
    }

    /// Where this is larger or equal.
    #[must_use]
    #[track_caller]
    pub fn ge(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.zip(Binary::Ge, other))
    }

    /// Where this is smaller.
    #[must_use]
    #[track_caller]
    pub fn lt(self, other: Var<'t>) -> Mask<'t> {
        other.gt(self)
    }

    /// Where this is smaller or equal.
    #[must_use]
    #[track_caller]
    pub fn le(self, other: Var<'t>) -> Mask<'t> {
        other.ge(self)
    }

    /// Where the two are equal.
    #[must_use]
    #[track_caller]
    pub fn equal(self, other: Var<'t>) -> Mask<'t> {
        Mask(self.zip(Binary::Equal, other))
    }

    #[track_caller]
    fn zip(self, f: Binary, other: Var<'t>) -> Self {
        self.op(Op::Zip(f), &[other])
    }

    #[track_caller]
    fn times(self, c: f64) -> Self {
        self.op(Op::Map(Unary::Scale(Number::new(c))), &[])
    }
}

macro_rules! operator {
    ($trait:ident $method:ident: |$a:ident, $b:ident| $vars:expr, |$v:ident, $c:ident| $number:expr,
     |$d:ident, $w:ident| $swapped:expr) => {
        impl<'t> std::ops::$trait for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                let ($a, $b) = (self, other);
                $vars
            }
        }
        impl<'t> std::ops::$trait<f64> for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: f64) -> Var<'t> {
                let ($v, $c) = (self, other);
                $number
            }
        }
        impl<'t> std::ops::$trait<Var<'t>> for f64 {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                let ($d, $w) = (self, other);
                $swapped
            }
        }
    };
}
operator!(Add add: |a, b| a.zip(Binary::Add, b), |a, c| a + a.scalar(c), |c, a| a + c);
operator!(Sub sub: |a, b| a.zip(Binary::Sub, b), |a, c| a - a.scalar(c), |c, a| a.scalar(c) - a);
operator!(Mul mul: |a, b| a.zip(Binary::Mul, b), |a, c| a.times(c), |c, a| a * c);
operator!(Div div: |a, b| a.zip(Binary::Div, b), |a, c| a / a.scalar(c), |c, a| a.scalar(c) / a);

impl<'t> std::ops::Neg for Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Var<'t> {
        self.times(-1.0)
    }
}

impl<'t> std::ops::Not for Mask<'t> {
    type Output = Mask<'t>;
    #[track_caller]
    fn not(self) -> Mask<'t> {
        self.0.equal(self.0.scalar(0.0))
    }
}
