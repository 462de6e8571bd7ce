//! The elementary functions without branches, written so that a loop over a
//! slice becomes vector code: one text for both types.
//!
//! The one idea: reduce the argument, evaluate a short polynomial with fused
//! multiply-adds, put the exponent back by integer arithmetic on the bits;
//! special values are chosen at the end by selection. A macro and not generic
//! functions, because the constants, and with them every bit, belong to the
//! type; `single.rs` and `double.rs` hold those and call it.

macro_rules! formulas {
    ($t:ident, $bits:ident) => {
        /// The polynomial in x with N ≥ 2 coefficients, the highest power first.
        ///
        /// Even and odd powers by Horner's rule side by side, and four by four where
        /// there are many: one chain of so many multiply-adds takes longer to pass
        /// than the processor looks ahead.
        #[inline(always)]
        fn poly<const N: usize>(c: &[$t; N], x: $t) -> $t {
            let z = x * x;
            if N >= 8 {
                return poly_by_fours(c, x, z);
            }
            let (mut a, mut b) = (c[0], c[1]);
            let mut i = 2;
            while i + 1 < N {
                a = a.mul_add(z, c[i]);
                b = b.mul_add(z, c[i + 1]);
                i += 2;
            }
            if i < N { b.mul_add(x, a.mul_add(z, c[i])) } else { a.mul_add(x, b) }
        }

        /// The same for N ≥ 4 by Horner's rule in x⁴, with z = x².
        #[inline(always)]
        fn poly_by_fours<const N: usize>(c: &[$t; N], x: $t, z: $t) -> $t {
            let four = |i: usize| {
                let high = c[i].mul_add(x, c[i + 1]);
                high.mul_add(z, c[i + 2].mul_add(x, c[i + 3]))
            };
            let (mut y, mut i) = match N % 4 {
                0 => (four(0), 4),
                1 => (c[0], 1),
                2 => (c[0].mul_add(x, c[1]), 2),
                _ => (c[0].mul_add(z, c[1].mul_add(x, c[2])), 3),
            };
            while i < N {
                y = y.mul_add(z * z, four(i));
                i += 4;
            }
            y
        }

        /// `x` kept within [low, high]; NaN stays.
        #[inline(always)]
        fn clamp(x: $t, low: $t, high: $t) -> $t {
            let x = if x > high { high } else { x };
            if x < low { low } else { x }
        }

        /// Rounds like `ROUND`, and leaves in the low bits the integer n as the
        /// exponent of 2ⁿ.
        const POWER: $t = ROUND + BIAS;

        /// 2ⁿ for `POWER + n`.
        #[inline(always)]
        fn power_of_two(held: $t) -> $t {
            $t::from_bits(held.to_bits() << DIGITS)
        }

        /// (POWER + k, eʳ − 1) with x = k ln 2 + r and |r| ≤ ½ ln 2.
        #[inline(always)]
        fn reduced_exp(x: $t) -> ($t, $t) {
            let held = x.mul_add(std::$t::consts::LOG2_E, POWER);
            let k = held - POWER;
            // The first step is exact: its result is a short multiple of 2⁻⁵⁴.
            let r = k.mul_add(-LN_2_LOW, k.mul_add(-std::$t::consts::LN_2, x));
            (held, (r * r).mul_add(poly(&EXP, r), r))
        }

        /// y 2ᵏ, the power as two factors: one alone leaves the range of normal numbers.
        #[inline(always)]
        fn scaled(y: $t, held: $t) -> $t {
            let k = held - POWER;
            let half = k.mul_add(0.5, POWER);
            let rest = (k - (half - POWER)) + POWER;
            y * power_of_two(half) * power_of_two(rest)
        }

        /// eˣ.
        #[inline(always)]
        pub(super) fn exp(x: $t) -> $t {
            let (held, e) = reduced_exp(clamp(x, EXP_ENDS.0, EXP_ENDS.1));
            scaled(1.0 + e, held)
        }

        /// eˣ for x ≤ 0, subnormal results included: never large, it may be
        /// 2⁶⁴ times too large on the way.
        #[inline(always)]
        fn exp_falling(x: $t) -> $t {
            const BACK: $t = 1.0 / (1_u128 << 64) as $t;
            let (held, e) = reduced_exp(if x < EXP_ENDS.0 { EXP_ENDS.0 } else { x });
            let scale = power_of_two(held + 64.0);
            scale.mul_add(e, scale) * BACK
        }

        /// eˣ for x ≤ 0, zero below the normal numbers.
        #[inline(always)]
        pub(super) fn exp_negative(x: $t) -> $t {
            let (held, e) = reduced_exp(if x < NORMAL_EXP { NORMAL_EXP } else { x });
            let scale = power_of_two(held);
            let y = scale.mul_add(e, scale);
            if x < NORMAL_EXP { 0.0 } else { y }
        }

        /// eˣ − 1.
        #[inline(always)]
        pub(super) fn exp_m1(x: $t) -> $t {
            let (held, e) = reduced_exp(clamp(x, EXP_M1_ENDS.0, EXP_M1_ENDS.1));
            // 2ᵏ⁻¹ stays finite up to the largest k.
            let scale = power_of_two(held - 1.0);
            let y = 2.0 * scale.mul_add(e, scale - 0.5);
            if x.abs() < LINEAR { x } else { y }
        }

        /// ln x.
        #[inline(always)]
        pub(super) fn ln(x: $t) -> $t {
            let tiny = x < $t::MIN_POSITIVE;
            let (e, m) = split(x * if tiny { LIFT.0 } else { 1.0 });
            let y = ln_parts(e - if tiny { LIFT.1 } else { 0.0 }, m - 1.0, 0.0);
            // One look at the bits for all that is not positive and finite: a
            // chain of comparisons of x is compiled to many more steps.
            let ordinary = x.to_bits().wrapping_sub(1) < $t::INFINITY.to_bits() - 1;
            let limit = if x == 0.0 { $t::NEG_INFINITY } else { x };
            let limit = if x < 0.0 { $t::NAN } else { limit };
            if ordinary { y } else { limit }
        }

        /// ln(1 + x).
        #[inline(always)]
        pub(super) fn ln_1p(x: $t) -> $t {
            let u = 1.0 + x;
            // What the sum lost, by Knuth's two-sum; first order is enough for it.
            let t = u - 1.0;
            let lost = (1.0 - (u - t)) + (x - t);
            let (e, m) = split(u);
            let y = ln_parts(e, m - 1.0, lost / u);
            let y = if x < $t::INFINITY { y } else { x };
            let y = if x.abs() < LINEAR { x } else { y };
            let y = if x <= -1.0 { $t::NEG_INFINITY } else { y };
            if x < -1.0 { $t::NAN } else { y }
        }

        /// tanh x = m/(m + 1) with m = ½ (e^(2x) − 1).
        #[inline(always)]
        pub(super) fn tanh(x: $t) -> $t {
            let a = x.abs();
            let t = 2.0 * if a > TANH_END { TANH_END } else { a };
            // r lies between 0 and ln 2, and not around 0: what makes up m is
            // positive then, and nothing cancels.
            const HALF_POWER: $t = POWER - 1.0;
            let held = t.mul_add(std::$t::consts::LOG2_E, -0.5) + HALF_POWER;
            let r = (held - HALF_POWER).mul_add(-std::$t::consts::LN_2, t);
            let e = (r * r).mul_add(poly(&RISE, r), r);
            let half = power_of_two(held);
            let m = half.mul_add(e, half - 0.5);
            let y = m / (m + 1.0);
            // y = m (1 − y), where m is small free of what the quotient has rounded.
            let near = (-y).mul_add(m, m);
            (if m < 0.5 { near } else { y }).copysign(x)
        }

        /// 1/(1 + e⁻ˣ).
        #[inline(always)]
        pub(super) fn sigmoid(x: $t) -> $t {
            let e = exp_falling(-x.abs());
            let d = 1.0 + e;
            let y = (if x < 0.0 { e } else { 1.0 }) / d;
            // What the sum has lost, times −y/d; 1/d is y or 1 − y.
            let inverse = if x < 0.0 { 1.0 - y } else { y };
            (y * inverse).mul_add((d - 1.0) - e, y)
        }

        /// ln(1 + eˣ).
        #[inline(always)]
        pub(super) fn softplus(x: $t) -> $t {
            // 0 ≤ e ≤ 1, so of the special cases of ln_1p only tiny e remains.
            let e = exp_falling(-x.abs());
            let u = 1.0 + e;
            let lost = e - (u - 1.0);
            let (k, m) = split(u);
            let y = ln_parts(k, m - 1.0, lost / u);
            let y = if e < LINEAR { e } else { y };
            (if x > 0.0 { x } else { 0.0 }) + y
        }

        /// Parity and sign bits of k, and x − k π/2 in two parts, for |x| ≤ `FAR`.
        #[inline(always)]
        fn quarter_turns(x: $t) -> ($bits, $t, $t) {
            let held = x.mul_add(std::$t::consts::FRAC_2_PI, ROUND);
            let k = held - ROUND;
            // The first step is exact. The second may cancel all but the last digits,
            // so the product is taken in two parts and the difference by two-sum.
            let first = k.mul_add(-std::$t::consts::FRAC_PI_2, x);
            let p = k * -P2;
            let p_low = k.mul_add(-P2, -p);
            let r = first + p;
            let t = r - first;
            let lost = (first - (r - t)) + (p - t);
            let low = k.mul_add(-P3, lost + p_low);
            (held.to_bits(), r, low)
        }

        /// sin(r + low) for odd, cos(r + low) for even `quarter`, with the sign of
        /// bit 1 of `turn`.
        #[inline(always)]
        fn turned(quarter: $bits, turn: $bits, r: $t, low: $t) -> $t {
            let z = r * r;
            let sin = r + (r * z).mul_add(poly(&SIN, z), low);
            let half = 0.5 * z;
            let w = 1.0 - half;
            let cos = w + ((1.0 - w) - half + (z * z).mul_add(poly(&COS, z), -r * low));
            let y = if quarter & 1 == 0 { cos } else { sin };
            $t::from_bits(y.to_bits() ^ ((turn & 2) << SIGN))
        }

        /// sin x for |x| ≤ `FAR`.
        #[inline(always)]
        pub(super) fn sin(x: $t) -> $t {
            let (k, r, low) = quarter_turns(x);
            let y = turned(k.wrapping_add(1), k, r, low);
            if x.abs() < SINE_LINEAR { x } else { y }
        }

        /// cos x for |x| ≤ `FAR`.
        #[inline(always)]
        pub(super) fn cos(x: $t) -> $t {
            let (k, r, low) = quarter_turns(x);
            turned(k, k.wrapping_add(1), r, low)
        }

        /// arctan x.
        #[inline(always)]
        pub(super) fn atan(x: $t) -> $t {
            use std::$t::consts::{FRAC_PI_2, FRAC_PI_4};
            const QUARTER_LOW: $t = P2 / 2.0;
            const TAN_PI_8: $t = std::$t::consts::SQRT_2 - 1.0;
            const COT_PI_8: $t = std::$t::consts::SQRT_2 + 1.0;
            let a = x.abs();
            // arctan a = π/4 + arctan((a − 1)/(a + 1)) = π/2 + arctan(−1/a).
            let (n, d) = if a > TAN_PI_8 { (a - 1.0, a + 1.0) } else { (a, 1.0) };
            let (n, d) = if a > COT_PI_8 { (-1.0, a) } else { (n, d) };
            let (high, low) = if a > TAN_PI_8 { (FRAC_PI_4, QUARTER_LOW) } else { (0.0, 0.0) };
            let (high, low) = if a > COT_PI_8 { (FRAC_PI_2, P2) } else { (high, low) };
            let t = n / d;
            let z = t * t;
            let y = high + (t + (t * z).mul_add(poly(&ATAN, z), low));
            y.copysign(x)
        }
    };
}

pub(super) use formulas;
