//! Exact least squares on `f64` data, in integers: the witness of the solvers.
//!
//! Every `f64` is an integer times a power of two. Columns are brought to
//! integers, the normal equations are formed and solved without fractions
//! (Bareiss 1968), so nothing is ever rounded.

use num_bigint::{BigInt, Sign};

/// An exact quotient of two integers, the denominator positive.
#[derive(Debug, Clone)]
pub(crate) struct Exact {
    num: BigInt,
    den: BigInt,
}

impl Exact {
    /// |x − self| / |self|, or |x| when the exact value is zero.
    pub(crate) fn relative_error(&self, x: f64) -> f64 {
        let (error, den) = self.error(x);
        if self.num.sign() == Sign::NoSign {
            quotient(&error, &den)
        } else {
            quotient(&(error * &self.den), &(magnitude(&self.num) * den))
        }
    }

    /// |x − self|.
    pub(crate) fn absolute_error(&self, x: f64) -> f64 {
        let (error, den) = self.error(x);
        quotient(&error, &den)
    }

    /// The value rounded (to within an ulp of 2⁻⁶²).
    pub(crate) fn to_f64(&self) -> f64 {
        let q = quotient(&magnitude(&self.num), &self.den);
        if self.num.sign() == Sign::Minus { -q } else { q }
    }

    /// |x − self| as numerator and denominator.
    fn error(&self, x: f64) -> (BigInt, BigInt) {
        let (m, e) = integer(x);
        let (num, den) = if e >= 0 {
            (m << e as usize, BigInt::from(1))
        } else {
            (m, BigInt::from(1) << (-e) as usize)
        };
        (magnitude(&(num * &self.den - &self.num * &den)), den * &self.den)
    }
}

/// The minimiser of Σ wᵢ (yᵢ − Σⱼ aⱼᵢ xⱼ)² for independent columns, exactly.
pub(crate) fn least_squares(columns: &[Vec<f64>], y: &[f64], w: Option<&[f64]>) -> Vec<Exact> {
    let p = columns.len();
    let ones = vec![1.0; y.len()];
    let (w, _) = integers(w.unwrap_or(&ones));
    let mut scaled: Vec<(Vec<BigInt>, i32)> = columns.iter().map(|c| integers(c)).collect();
    scaled.push(integers(y));
    let mut M: Vec<Vec<BigInt>> = (0..p)
        .map(|i| {
            (0..=p)
                .map(|j| {
                    scaled[i].0.iter().zip(&scaled[j].0).zip(&w).map(|((a, b), w)| a * b * w).sum()
                })
                .collect()
        })
        .collect();
    let mut previous = BigInt::from(1);
    for k in 0..p {
        assert!(M[k][k].sign() == Sign::Plus, "the columns are dependent");
        for i in 0..p {
            if i == k {
                continue;
            }
            for j in (0..=p).filter(|&j| j != k) {
                M[i][j] = (&M[i][j] * &M[k][k] - &M[i][k] * &M[k][j]) / &previous;
            }
            M[i][k] = BigInt::from(0);
        }
        previous = M[k][k].clone();
    }
    (0..p)
        .map(|i| {
            // The diagonal of Gauss–Jordan–Bareiss ends all equal.
            let shift = scaled[p].1 - scaled[i].1;
            let (mut num, mut den) = (M[i][p].clone(), M[i][i].clone());
            if shift >= 0 {
                num <<= shift as usize;
            } else {
                den <<= (-shift) as usize;
            }
            Exact { num, den }
        })
        .collect()
}

/// x = m 2^e exactly.
fn integer(x: f64) -> (BigInt, i32) {
    let bits = x.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (m, e) =
        if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
    let m = BigInt::from(m);
    (if x < 0.0 { -m } else { m }, e)
}

/// The values as integers times one power of two.
fn integers(x: &[f64]) -> (Vec<BigInt>, i32) {
    let parts: Vec<_> = x.iter().map(|&x| integer(x)).collect();
    let lowest =
        parts.iter().filter(|(m, _)| m.sign() != Sign::NoSign).map(|p| p.1).min().unwrap_or(0);
    let shifted = parts
        .into_iter()
        .map(|(m, e)| if m.sign() == Sign::NoSign { m } else { m << (e - lowest) as usize })
        .collect();
    (shifted, lowest)
}

fn magnitude(x: &BigInt) -> BigInt {
    if x.sign() == Sign::Minus { -x } else { x.clone() }
}

/// a / b for a ≥ 0, b > 0, to 62 bits.
fn quotient(a: &BigInt, b: &BigInt) -> f64 {
    if a.sign() == Sign::NoSign {
        return 0.0;
    }
    let shift = 64 + b.bits() as i64 - a.bits() as i64;
    let q: BigInt =
        if shift >= 0 { (a << shift as usize) / b } else { a / (b << (-shift) as usize) };
    let digits = q.iter_u64_digits().collect::<Vec<_>>();
    let value = digits.iter().rev().fold(0.0, |v, &d| v * 2.0_f64.powi(64) + d as f64);
    value
        * 2.0_f64.powi(-(shift as i32) / 2)
        * 2.0_f64.powi(-(shift as i32) - (-(shift as i32) / 2))
}

#[test]
fn the_witness_solves_a_problem_done_by_hand() {
    // y = (1, 2, 2) on x = (1, 2, 3) with intercept: slope 1/2, intercept 2/3.
    let x = least_squares(&[vec![1.0; 3], vec![1.0, 2.0, 3.0]], &[1.0, 2.0, 2.0], None);
    assert!(x[0].relative_error(2.0 / 3.0) < 1.2e-16);
    assert!(x[0].relative_error(2.0 / 3.0) > 0.0);
    assert_eq!(x[1].relative_error(0.5), 0.0);
    assert_eq!(x[1].to_f64(), 0.5);
}
