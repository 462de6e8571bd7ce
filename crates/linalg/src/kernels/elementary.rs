//! Elementary functions over slices.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

use super::{double, single};
use crate::{Real, Scalar};

/// An elementary function that can be applied to a whole slice.
///
/// # Numerics
/// Within 2 ulp for every argument, subnormal results included; NaN stays
/// NaN, infinities and zeros go where the limits do, the sign of zero is kept.
/// The bits depend on neither the processor nor the place in the slice. Sine
/// and cosine of arguments beyond 10⁶ are those of the standard library, one
/// by one.
///
/// # Examples
/// ```
/// use wonderland_linalg::kernels::Elementary;
/// let mut x = [0.0, 1.0, -1.0];
/// Elementary::Exp.apply(&mut x);
/// assert_eq!(x[0], 1.0);
/// assert!((x[1] * x[2] - 1.0_f64).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Elementary {
    /// eˣ.
    Exp,
    /// eˣ − 1.
    ExpM1,
    /// ln x.
    Ln,
    /// ln(1 + x).
    Ln1p,
    /// tanh x.
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// ln(1 + eˣ).
    Softplus,
    /// erf x.
    Erf,
    /// 1 − erf x.
    Erfc,
    /// sin x.
    Sin,
    /// cos x.
    Cos,
    /// arctan x.
    Atan,
}

impl Elementary {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::Exp,
        Self::ExpM1,
        Self::Ln,
        Self::Ln1p,
        Self::Tanh,
        Self::Sigmoid,
        Self::Softplus,
        Self::Erf,
        Self::Erfc,
        Self::Sin,
        Self::Cos,
        Self::Atan,
    ];

    /// Replaces every element by the function of it.
    pub fn apply<T: Scalar>(self, x: &mut [T]) {
        T::apply(self, x);
    }

    /// out = f(x), element by element.
    ///
    /// # Panics
    /// When the lengths differ.
    #[track_caller]
    pub fn apply_into<T: Scalar>(self, x: &[T], out: &mut [T]) {
        assert_eq!(x.len(), out.len(), "{self:?} of {} elements into {}", x.len(), out.len());
        T::apply_into(self, x, out);
    }

    /// The same function of one number by the standard library: the slow twin
    /// that tests and benches compare with.
    #[must_use]
    pub fn of<T: Real>(self, x: T) -> T {
        match self {
            Self::Exp => x.exp(),
            Self::ExpM1 => x.exp_m1(),
            Self::Ln => x.ln(),
            Self::Ln1p => x.ln_1p(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
            Self::Softplus => x.softplus(),
            Self::Erf => x.erf(),
            Self::Erfc => x.erfc(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Atan => x.atan(),
        }
    }
}

/// The check on all arguments, for the program that looks after the reference
/// values.
impl Elementary {
    /// The largest distance, in units of the last place, from the `f64`
    /// standard function over the `f32` bit patterns `offset`, `offset +
    /// stride`, …, and the argument where it occurs; a stride of 1 looks at all
    /// 2³² arguments.
    ///
    /// A NaN or an infinity in the wrong place counts as infinitely far.
    #[doc(hidden)]
    #[must_use]
    pub fn worst_ulp_f32(self, stride: u32, offset: u32) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        let mut next = Some(offset);
        let (mut x, mut y) = (Vec::with_capacity(BLOCK), Vec::new());
        while let Some(first) = next {
            x.clear();
            let mut bits = first;
            loop {
                x.push(f32::from_bits(bits));
                next = bits.checked_add(stride.max(1));
                match next {
                    Some(after) if x.len() < BLOCK => bits = after,
                    _ => break,
                }
            }
            y.clear();
            y.extend_from_slice(&x);
            self.apply(&mut y);
            for (&x, &y) in x.iter().zip(&y) {
                let off = ulps(y, self.of(f64::from(x)));
                if off > worst.0 {
                    worst = (off, x);
                }
            }
        }
        worst
    }
}

/// |actual − expected| in units of the last place of the f32 `expected`
/// rounds to.
fn ulps(actual: f32, expected: f64) -> f64 {
    let rounded = expected as f32;
    if actual.to_bits() == rounded.to_bits() || (actual.is_nan() && rounded.is_nan()) {
        return 0.0;
    }
    if !actual.is_finite() || !rounded.is_finite() {
        // One step beyond the largest number is a rounding, not a fault.
        let edge = actual.abs().min(rounded.abs()) >= f32::MAX;
        return if edge && (actual > 0.0) == (rounded > 0.0) { 1.0 } else { f64::INFINITY };
    }
    let size = rounded.abs().to_bits();
    let step = f32::from_bits(size + 1) - f32::from_bits(size);
    let step = if step.is_finite() { step } else { f32::MAX * f32::EPSILON };
    (f64::from(actual) - expected).abs() / f64::from(step)
}

pub(crate) mod sealed {
    use super::Elementary;

    /// What the kernels need of an element type, resolved to `f32` or `f64`.
    pub trait Lane: Sized {
        fn apply(f: Elementary, x: &mut [Self]);
        fn apply_into(f: Elementary, x: &[Self], out: &mut [Self]);
        /// eˣ for x ≤ 0, to be inlined into loops; 0 below the normal numbers.
        fn exp_negative(x: Self) -> Self;
        /// ln x, to be inlined into loops.
        fn ln_lane(x: Self) -> Self;
        fn nan(x: Self) -> bool;
        fn fused(self, a: Self, b: Self) -> Self;
        fn wide(self) -> f64;
        fn narrow(x: f64) -> Self;
    }
}

/// One function of one element type.
trait Formula<T> {
    fn near(x: T) -> T;
    /// Whether `near` does not hold for x.
    fn is_far(_: T) -> bool {
        false
    }
    fn far(x: T) -> T {
        x
    }
    /// Whether any argument can be far.
    const HAS_FAR: bool = false;
}

/// Elements that are looked through together for far arguments.
const BLOCK: usize = 256;

/// Looks at all of them, which takes less than looking for the first.
#[inline(always)]
fn any_far<T: Copy, F: Formula<T>>(block: &[T]) -> bool {
    block.iter().fold(false, |any, &x| any | F::is_far(x))
}

struct InPlace<'a, T, F>(&'a mut [T], PhantomData<F>);

impl<T: Copy, F: Formula<T>> WithSimd for InPlace<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for block in self.0.chunks_mut(BLOCK) {
            if F::HAS_FAR && any_far::<T, F>(block) {
                for x in block {
                    *x = if F::is_far(*x) { F::far(*x) } else { F::near(*x) };
                }
            } else {
                for x in block {
                    *x = F::near(*x);
                }
            }
        }
    }
}

struct Into<'a, T, F>(&'a [T], &'a mut [T], PhantomData<F>);

impl<T: Copy, F: Formula<T>> WithSimd for Into<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (block, out) in self.0.chunks(BLOCK).zip(self.1.chunks_mut(BLOCK)) {
            if F::HAS_FAR && any_far::<T, F>(block) {
                for (&x, y) in block.iter().zip(out) {
                    *y = if F::is_far(x) { F::far(x) } else { F::near(x) };
                }
            } else {
                for (&x, y) in block.iter().zip(out) {
                    *y = F::near(x);
                }
            }
        }
    }
}

macro_rules! lane {
    ($t:ident, $formulas:ident, $($kind:ident => $name:ident),* ; $($far_kind:ident => $far_name:ident),*) => {
        $(impl Formula<$t> for marker::$kind {
            #[inline(always)]
            fn near(x: $t) -> $t {
                $formulas::$name(x)
            }
        })*
        $(impl Formula<$t> for marker::$far_kind {
            const HAS_FAR: bool = true;
            #[inline(always)]
            fn near(x: $t) -> $t {
                $formulas::$far_name(x)
            }
            // Written so that NaN is near.
            #[inline(always)]
            fn is_far(x: $t) -> bool {
                x.abs() > $formulas::FAR
            }
            fn far(x: $t) -> $t {
                <$t>::$far_name(x)
            }
        })*
        impl sealed::Lane for $t {
            fn apply(f: Elementary, x: &mut [$t]) {
                let arch = Arch::new();
                match f {
                    $(Elementary::$kind => arch.dispatch(InPlace::<$t, marker::$kind>(x, PhantomData)),)*
                    $(Elementary::$far_kind => arch.dispatch(InPlace::<$t, marker::$far_kind>(x, PhantomData)),)*
                }
            }
            fn apply_into(f: Elementary, x: &[$t], out: &mut [$t]) {
                let arch = Arch::new();
                match f {
                    $(Elementary::$kind => arch.dispatch(Into::<$t, marker::$kind>(x, out, PhantomData)),)*
                    $(Elementary::$far_kind => arch.dispatch(Into::<$t, marker::$far_kind>(x, out, PhantomData)),)*
                }
            }
            #[inline(always)]
            fn exp_negative(x: $t) -> $t {
                $formulas::exp_negative(x)
            }
            #[inline(always)]
            fn ln_lane(x: $t) -> $t {
                $formulas::ln(x)
            }
            #[inline(always)]
            fn nan(x: $t) -> bool {
                x.is_nan()
            }
            #[inline(always)]
            fn fused(self, a: $t, b: $t) -> $t {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(x: f64) -> $t {
                x as $t
            }
        }
    };
}
lane!(f32, single, Exp => exp, ExpM1 => exp_m1, Ln => ln, Ln1p => ln_1p, Tanh => tanh,
    Sigmoid => sigmoid, Softplus => softplus, Erf => erf, Erfc => erfc, Atan => atan; Sin => sin, Cos => cos);
lane!(f64, double, Exp => exp, ExpM1 => exp_m1, Ln => ln, Ln1p => ln_1p, Tanh => tanh,
    Sigmoid => sigmoid, Softplus => softplus, Erf => erf, Erfc => erfc, Atan => atan; Sin => sin, Cos => cos);

/// One type per function, to choose the loop's body at compile time.
mod marker {
    macro_rules! markers {
        ($($kind:ident)*) => { $(pub(super) struct $kind;)* };
    }
    markers!(Exp ExpM1 Ln Ln1p Tanh Sigmoid Softplus Erf Erfc Sin Cos Atan);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without vectors, and without a fused multiply-add in hardware, the bits
    /// are the same.
    #[test]
    fn the_portable_loop_gives_the_same_bits() {
        let x: Vec<f64> = (-3000..3000).map(|i| f64::from(i) * 0.013).collect();
        let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        macro_rules! check {
            ($($kind:ident)*) => {
                $({
                    let (mut slow, mut fast) = (x.clone(), x.clone());
                    InPlace::<f64, marker::$kind>(&mut slow, PhantomData).with_simd(pulp::Scalar::new());
                    Elementary::$kind.apply(&mut fast);
                    assert!(slow.iter().zip(&fast).all(|(a, b)| a.to_bits() == b.to_bits()
                        || (a.is_nan() && b.is_nan())));
                    let (mut slow, mut fast) = (single.clone(), single.clone());
                    InPlace::<f32, marker::$kind>(&mut slow, PhantomData).with_simd(pulp::Scalar::new());
                    Elementary::$kind.apply(&mut fast);
                    assert!(slow.iter().zip(&fast).all(|(a, b)| a.to_bits() == b.to_bits()
                        || (a.is_nan() && b.is_nan())));
                })*
            };
        }
        check!(Exp ExpM1 Ln Ln1p Tanh Sigmoid Softplus Erf Erfc Sin Cos Atan);
    }
}
