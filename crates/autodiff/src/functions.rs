//! Functions of one number, of two numbers, and along an axis: a line each.
//!
//! A line gives the variant, the method of [`Var`] (which is also the name in
//! listings), the slice kernel if `linalg` has one, and the value. Whoever
//! loops over elements hands a loop in and has it compiled for every function,
//! so that the choice is made outside the loop. Slopes are in `linearize`.

use wonderland_linalg::Real;
use wonderland_linalg::kernels::Elementary;

use crate::op::{Number, Op};
use crate::trace::Var;

/// A loop over elements that calls a function of one number.
pub(crate) trait UnaryLoop<T> {
    /// What it gives.
    type Out;
    /// The loop, for one function.
    fn run(self, f: impl Fn(T) -> T) -> Self::Out;
}

/// A loop over elements that calls a function of two numbers.
pub(crate) trait BinaryLoop<T> {
    /// What it gives.
    type Out;
    /// The loop, for one function.
    fn run(self, f: impl Fn(T, T) -> T) -> Self::Out;
}

macro_rules! unary {
    ($($(#[$doc:meta])* $variant:ident $method:ident $([$kernel:ident])? = $value:expr;)*) => {
        /// A function of one number.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub(crate) enum Unary {
            /// c · x for a constant c, the linear one.
            Scale(Number),
            /// xⁿ.
            Powi(i32),
            /// xᵖ for a constant p.
            Powf(Number),
            $($(#[$doc])* $variant,)*
        }

        impl Unary {
            /// Name in listings and messages.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    Self::Scale(_) => "scale",
                    Self::Powi(_) => "powi",
                    Self::Powf(_) => "powf",
                    $(Self::$variant => stringify!($method),)*
                }
            }

            /// Its form for slices, whose bits do not depend on the place.
            pub(crate) fn kernel(self) -> Option<Elementary> {
                match self {
                    $($(Self::$variant => Some(Elementary::$kernel),)?)*
                    _ => None,
                }
            }

            /// Runs a loop with this function.
            pub(crate) fn choose<T: Real, L: UnaryLoop<T>>(self, each: L) -> L::Out {
                match self {
                    Self::Scale(c) => {
                        let c = T::from_f64(c.get());
                        each.run(|x| c * x)
                    }
                    Self::Powi(2) => each.run(|x| x * x),
                    Self::Powi(n) => each.run(|x| x.powi(n)),
                    Self::Powf(p) => {
                        let p = T::from_f64(p.get());
                        each.run(|x| x.powf(p))
                    }
                    $(Self::$variant => each.run($value),)*
                }
            }
        }

        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[must_use]
            #[track_caller]
            pub fn $method(self) -> Self {
                self.op(Op::Map(Unary::$variant), &[])
            })*
        }
    };
}
unary! {
    /// eˣ.
    Exp exp [Exp] = |x| x.exp();
    /// eˣ − 1, accurate near 0.
    Expm1 exp_m1 [ExpM1] = |x| x.exp_m1();
    /// ln x.
    Ln ln [Ln] = |x| x.ln();
    /// ln(1 + x), accurate near 0.
    Ln1p ln_1p [Ln1p] = |x| x.ln_1p();
    /// √x; the derivative at 0 is ∞ (see [`safe_norm`](Var::safe_norm)).
    Sqrt sqrt = |x| x.sqrt();
    /// 1/√x.
    Rsqrt rsqrt = |x| T::ONE / x.sqrt();
    /// 1/x.
    Recip recip = |x| T::ONE / x;
    /// tanh x.
    Tanh tanh [Tanh] = |x| x.tanh();
    /// 1/(1 + e⁻ˣ), without overflow.
    Sigmoid sigmoid [Sigmoid] = |x| x.sigmoid();
    /// ln(1 + eˣ), without overflow.
    Softplus softplus [Softplus] = |x| x.softplus();
    /// erf x.
    Erf erf [Erf] = |x| x.erf();
    /// 1 − erf x, accurate where erf x is near 1.
    Erfc erfc [Erfc] = |x| x.erfc();
    /// sin x.
    Sin sin [Sin] = |x| x.sin();
    /// cos x.
    Cos cos [Cos] = |x| x.cos();
    /// arctan x.
    Atan atan [Atan] = |x| x.atan();
    /// |x|; derivative 0 at 0.
    Abs abs = |x| x.abs();
    /// max(x, 0); derivative 0 at 0.
    // Written so that NaN passes.
    Relu relu = |x| if x <= T::ZERO { T::ZERO } else { x };
    /// −1, 0 or 1; derivative 0 everywhere.
    Sign sign = sign;
}

macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident $name:ident = $value:expr;)*) => {
        /// A function of two numbers.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub(crate) enum Binary {
            $($(#[$doc])* $variant,)*
        }

        impl Binary {
            /// Name in listings and messages.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                }
            }

            /// Runs a loop with this function.
            pub(crate) fn choose<T: Real, L: BinaryLoop<T>>(self, each: L) -> L::Out {
                match self {
                    $(Self::$variant => each.run($value),)*
                }
            }
        }
    };
}
binary! {
    /// a + b, linear in both.
    Add add = |a, b| a + b;
    /// a − b, linear in both.
    Sub sub = |a, b| a - b;
    /// a · b, linear in each.
    Mul mul = |a, b| a * b;
    /// a / b.
    Div div = |a, b| a / b;
    /// The larger; a NaN on either side passes.
    Max maximum = |a, b| if a > b || is_nan(a) { a } else { b };
    /// The smaller; a NaN on either side passes.
    Min minimum = |a, b| if a < b || is_nan(a) { a } else { b };
    /// 1 where a > b, else 0.
    Gt gt = |a, b| truth(a > b);
    /// 1 where a ≥ b, else 0.
    Ge ge = |a, b| truth(a >= b);
    /// 1 where a = b, else 0.
    Equal equal = |a, b| truth(a == b);
}

/// A function of the numbers along an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Along {
    /// The largest; the axis disappears.
    Max,
    /// ln Σ eˣ; the axis disappears.
    LogSumExp,
    /// eˣ / Σ eˣ; the axis stays.
    Softmax,
}

impl Along {
    /// Name in listings and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Max => "max_axis",
            Self::LogSumExp => "logsumexp",
            Self::Softmax => "softmax",
        }
    }
}

/// Whether x is not a number.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
#[inline(always)]
pub(crate) fn is_nan<T: Real>(x: T) -> bool {
    x != x
}

#[inline(always)]
fn truth<T: Real>(holds: bool) -> T {
    if holds { T::ONE } else { T::ZERO }
}

/// −1, 0 or 1, or NaN.
#[inline(always)]
fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        T::ZERO * x
    }
}

/// One call: what constant folding needs.
struct Once<A>(A);

impl<T> UnaryLoop<T> for Once<T> {
    type Out = T;
    fn run(self, f: impl Fn(T) -> T) -> T {
        f(self.0)
    }
}

impl<T> BinaryLoop<T> for Once<(T, T)> {
    type Out = T;
    fn run(self, f: impl Fn(T, T) -> T) -> T {
        f(self.0.0, self.0.1)
    }
}

impl Unary {
    /// f(x).
    pub(crate) fn of<T: Real>(self, x: T) -> T {
        self.choose(Once(x))
    }
}

impl Binary {
    /// Whether it is a sum, a difference or a product.
    pub(crate) fn is_simple(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul)
    }

    /// f(a, b).
    pub(crate) fn of<T: Real>(self, a: T, b: T) -> T {
        self.choose(Once((a, b)))
    }
}
