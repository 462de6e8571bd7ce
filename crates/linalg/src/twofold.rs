//! Twofold ("double-double") arithmetic: a number as the unevaluated sum of
//! two `f64`, some 32 digits (notes §4.1.5, where conditioning is discussed).
//!
//! The one idea: the rounding error of a sum or a product of two `f64` is
//! itself an `f64`, so it can be computed and carried along (Dekker 1971;
//! Ogita, Rump and Oishi 2005).

/// s + e = a + b exactly, s the rounded sum (Knuth's TwoSum).
#[inline(always)]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// s + e = a + b exactly, for |a| ≥ |b| or a = 0 (Dekker's FastTwoSum).
#[inline(always)]
pub(crate) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// p + e = a b exactly, barring underflow of e, by a fused multiply-add.
#[inline(always)]
pub(crate) fn two_prod(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    (p, a.mul_add(b, -p))
}

/// An unevaluated sum `hi + lo` with |lo| ≤ ulp(hi)/2.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Twofold {
    pub(crate) hi: f64,
    pub(crate) lo: f64,
}

impl Twofold {
    pub(crate) const ZERO: Self = Self { hi: 0.0, lo: 0.0 };

    /// −self.
    #[inline(always)]
    pub(crate) fn negated(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }

    /// self + x, to about 2⁻¹⁰⁵ of the result and the operands.
    #[inline(always)]
    pub(crate) fn plus(self, x: f64) -> Self {
        let (s, e) = two_sum(self.hi, x);
        let (hi, lo) = fast_two_sum(s, e + self.lo);
        Self { hi, lo }
    }

    /// self + x for a twofold x.
    #[inline(always)]
    pub(crate) fn plus_twofold(self, x: Self) -> Self {
        let (s, e) = two_sum(self.hi, x.hi);
        let (hi, lo) = fast_two_sum(s, e + (self.lo + x.lo));
        Self { hi, lo }
    }

    /// self · x, to about 2⁻¹⁰⁴.
    #[inline(always)]
    pub(crate) fn times(self, x: f64) -> Self {
        let (p, e) = two_prod(self.hi, x);
        let (hi, lo) = fast_two_sum(p, self.lo.mul_add(x, e));
        Self { hi, lo }
    }

    /// self · x for a twofold x.
    #[inline(always)]
    pub(crate) fn times_twofold(self, x: Self) -> Self {
        let (p, e) = two_prod(self.hi, x.hi);
        let (hi, lo) = fast_two_sum(p, self.lo.mul_add(x.hi, self.hi.mul_add(x.lo, e)));
        Self { hi, lo }
    }

    /// self / x for a twofold x, to about 2⁻¹⁰².
    pub(crate) fn over(self, x: Self) -> Self {
        let first = self.hi / x.hi;
        let rest = self.plus_twofold(x.times(first).negated());
        let second = rest.hi / x.hi;
        let rest = rest.plus_twofold(x.times(second).negated());
        let (hi, lo) = fast_two_sum(first, second);
        Self { hi, lo }.plus(rest.hi / x.hi)
    }
}

/// The sum of lanes and of what each has lost, in order.
#[inline(always)]
pub(crate) fn gathered(sums: &[f64], errors: &[f64]) -> Twofold {
    sums.iter().zip(errors).fold(Twofold::ZERO, |total, (&s, &e)| {
        let (hi, lo) = fast_two_sum(s, e);
        total.plus_twofold(Twofold { hi, lo })
    })
}
