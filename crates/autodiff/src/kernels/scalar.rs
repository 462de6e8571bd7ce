//! One element of each elementwise operation.

use wonderland_linalg::Real;

use crate::op::{Cmp, Op};

/// Whether x is not a number.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
pub(crate) fn is_nan<T: Real>(x: T) -> bool {
    x != x
}

/// f(x) of an operation of one argument.
///
/// # Panics
/// For operations that are not elementwise in one argument.
pub(crate) fn unary<T: Real>(op: &Op, x: T) -> T {
    match op {
        Op::Scale(c) => T::from_f64(c.get()) * x,
        Op::Exp => x.exp(),
        Op::Expm1 => x.exp_m1(),
        Op::Log => x.ln(),
        Op::Log1p => x.ln_1p(),
        Op::Sqrt => x.sqrt(),
        Op::Rsqrt => T::ONE / x.sqrt(),
        Op::Recip => T::ONE / x,
        Op::Tanh => x.tanh(),
        Op::Sigmoid => x.sigmoid(),
        Op::Softplus => x.softplus(),
        Op::Erf => x.erf(),
        Op::Sin => x.sin(),
        Op::Cos => x.cos(),
        Op::Atan => x.atan(),
        Op::Abs => x.abs(),
        Op::Powi(n) => x.powi(*n),
        Op::Powc(p) => x.powf(T::from_f64(p.get())),
        // Written so that NaN passes.
        Op::Relu => {
            if x <= T::ZERO {
                T::ZERO
            } else {
                x
            }
        }
        Op::Sign => {
            if x > T::ZERO {
                T::ONE
            } else if x < T::ZERO {
                -T::ONE
            } else {
                T::ZERO * x
            }
        }
        Op::StopGradient => x,
        _ => unreachable!("{} has not one argument", op.name()),
    }
}

/// f(a, b) of an operation of two arguments.
///
/// # Panics
/// For operations that are not elementwise in two arguments.
pub(crate) fn binary<T: Real>(op: &Op, a: T, b: T) -> T {
    let mask = |holds: bool| if holds { T::ONE } else { T::ZERO };
    match op {
        Op::Add => a + b,
        Op::Mul => a * b,
        Op::Div => a / b,
        // A NaN on either side passes.
        Op::Max => {
            if a > b || is_nan(a) {
                a
            } else {
                b
            }
        }
        Op::Min => {
            if a < b || is_nan(a) {
                a
            } else {
                b
            }
        }
        Op::Compare(Cmp::Gt) => mask(a > b),
        Op::Compare(Cmp::Ge) => mask(a >= b),
        Op::Compare(Cmp::Eq) => mask(a == b),
        _ => unreachable!("{} has not two arguments", op.name()),
    }
}
