//! One element of each elementwise operation, listed once: whoever loops over
//! elements chooses the operation outside the loop.

use wonderland_linalg::Real;

use crate::op::{Cmp, Op};

/// Whether x is not a number.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
#[inline(always)]
pub(crate) fn is_nan<T: Real>(x: T) -> bool {
    x != x
}

/// Evaluates `$body` with `$f` the function of one argument that `$op` is.
macro_rules! with_unary {
    ($T:ident, $op:expr, $f:ident => $body:expr) => {
        match $op {
            Op::Scale(c) => {
                let c = $T::from_f64(c.get());
                let $f = |x: $T| c * x;
                $body
            }
            Op::Powi(2) => {
                let $f = |x: $T| x * x;
                $body
            }
            Op::Powi(n) => {
                let $f = |x: $T| x.powi(*n);
                $body
            }
            Op::Powc(p) => {
                let p = $T::from_f64(p.get());
                let $f = |x: $T| x.powf(p);
                $body
            }
            Op::Exp => {
                let $f = |x: $T| x.exp();
                $body
            }
            Op::Expm1 => {
                let $f = |x: $T| x.exp_m1();
                $body
            }
            Op::Log => {
                let $f = |x: $T| x.ln();
                $body
            }
            Op::Log1p => {
                let $f = |x: $T| x.ln_1p();
                $body
            }
            Op::Sqrt => {
                let $f = |x: $T| x.sqrt();
                $body
            }
            Op::Rsqrt => {
                let $f = |x: $T| $T::ONE / x.sqrt();
                $body
            }
            Op::Recip => {
                let $f = |x: $T| $T::ONE / x;
                $body
            }
            Op::Tanh => {
                let $f = |x: $T| x.tanh();
                $body
            }
            Op::Sigmoid => {
                let $f = |x: $T| x.sigmoid();
                $body
            }
            Op::Softplus => {
                let $f = |x: $T| x.softplus();
                $body
            }
            Op::Erf => {
                let $f = |x: $T| x.erf();
                $body
            }
            Op::Erfc => {
                let $f = |x: $T| x.erfc();
                $body
            }
            Op::Sin => {
                let $f = |x: $T| x.sin();
                $body
            }
            Op::Cos => {
                let $f = |x: $T| x.cos();
                $body
            }
            Op::Atan => {
                let $f = |x: $T| x.atan();
                $body
            }
            Op::Abs => {
                let $f = |x: $T| x.abs();
                $body
            }
            // Written so that NaN passes.
            Op::Relu => {
                let $f = |x: $T| if x <= $T::ZERO { $T::ZERO } else { x };
                $body
            }
            Op::Sign => {
                let $f = $crate::kernels::scalar::sign::<$T>;
                $body
            }
            Op::StopGradient => {
                let $f = |x: $T| x;
                $body
            }
            op => unreachable!("{} has not one argument", op.name()),
        }
    };
}
pub(crate) use with_unary;

/// Evaluates `$body` with `$f` the function of two arguments that `$op` is.
macro_rules! with_binary {
    ($T:ident, $op:expr, $f:ident => $body:expr) => {
        match $op {
            Op::Add => {
                let $f = |a: $T, b: $T| a + b;
                $body
            }
            Op::Mul => {
                let $f = |a: $T, b: $T| a * b;
                $body
            }
            Op::Div => {
                let $f = |a: $T, b: $T| a / b;
                $body
            }
            Op::Max => {
                let $f = $crate::kernels::scalar::max::<$T>;
                $body
            }
            Op::Min => {
                let $f = $crate::kernels::scalar::min::<$T>;
                $body
            }
            Op::Compare(Cmp::Gt) => {
                let $f = |a: $T, b: $T| if a > b { $T::ONE } else { $T::ZERO };
                $body
            }
            Op::Compare(Cmp::Ge) => {
                let $f = |a: $T, b: $T| if a >= b { $T::ONE } else { $T::ZERO };
                $body
            }
            Op::Compare(Cmp::Eq) => {
                let $f = |a: $T, b: $T| if a == b { $T::ONE } else { $T::ZERO };
                $body
            }
            op => unreachable!("{} has not two arguments", op.name()),
        }
    };
}
pub(crate) use with_binary;

/// −1, 0 or 1, or NaN.
#[inline(always)]
pub(crate) fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        T::ZERO * x
    }
}

/// The larger; a NaN on either side passes.
#[inline(always)]
pub(crate) fn max<T: Real>(a: T, b: T) -> T {
    if a > b || is_nan(a) { a } else { b }
}

/// The smaller; a NaN on either side passes.
#[inline(always)]
pub(crate) fn min<T: Real>(a: T, b: T) -> T {
    if a < b || is_nan(a) { a } else { b }
}

/// f(x) of an operation of one argument.
pub(crate) fn unary<T: Real>(op: &Op, x: T) -> T {
    with_unary!(T, op, f => f(x))
}

/// f(a, b) of an operation of two arguments.
pub(crate) fn binary<T: Real>(op: &Op, a: T, b: T) -> T {
    with_binary!(T, op, f => f(a, b))
}
