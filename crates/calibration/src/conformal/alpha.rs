//! The miscoverage α as a fraction, so that ranks are exact.
//!
//! With n calibration scores the threshold is the k-th smallest,
//! k = ⌈(n + 1)(1 − α)⌉ = n + 1 − ⌊(n + 1)α⌋. In floating point 1 − 0.1 and
//! its products round across whole numbers, which shifts the rank by one;
//! with α = a/b the rank is integer arithmetic.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A miscoverage level α = a/b with 0 < α < 1.
///
/// # Examples
/// ```
/// use wonderland_calibration::Alpha;
/// let alpha = Alpha::from_coverage(0.9)?; // exactly 1/10
/// assert_eq!(alpha.to_string(), "1/10");
/// assert_eq!(alpha.rank(9), 9); // finite; in floats it is often rank 10 of 9
/// assert_eq!(alpha.rank(8), 9); // beyond the 8 scores: an infinite threshold
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u64, u64)", into = "(u64, u64)")]
pub struct Alpha {
    numerator: u64,
    denominator: u64,
}

impl Alpha {
    /// 1/10.
    pub const TENTH: Self = Self { numerator: 1, denominator: 10 };

    /// α = numerator / denominator.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless 0 < α < 1.
    pub fn new(numerator: u64, denominator: u64) -> Result<Self> {
        if numerator == 0 || numerator >= denominator {
            return Err(Error::BadParameter {
                name: "alpha",
                value: numerator as f64 / denominator as f64,
                rule: "it must lie strictly between 0 and 1",
            });
        }
        let g = gcd(numerator, denominator);
        Ok(Self { numerator: numerator / g, denominator: denominator / g })
    }

    /// The fraction meant by a float: the first convergent of its continued
    /// fraction within 10⁻¹² relative, so 0.1 and 1.0 − 0.9 are both 1/10.
    ///
    /// # Errors
    /// [`Error::BadParameter`] unless 10⁻⁹ ≤ α < 1.
    pub fn from_f64(alpha: f64) -> Result<Self> {
        Self::near(alpha, 1e-12)
    }

    /// The first convergent within `rtol` relative.
    fn near(alpha: f64, rtol: f64) -> Result<Self> {
        let rule = "it must lie between 1e-9 and 1, both excluded";
        let refuse = Error::BadParameter { name: "alpha", value: alpha, rule };
        if !(alpha > 1e-9 && alpha < 1.0) {
            return Err(refuse);
        }
        let (mut a, mut b) = ((0_u64, 1_u64), (1_u64, 0_u64)); // (older, newer): p/q
        let mut x = alpha;
        loop {
            let whole = x.floor();
            let term = whole as u64;
            let next = (term * b.0 + a.0, term * b.1 + a.1);
            (a, b) = (b, next);
            if (b.0 as f64 / b.1 as f64 - alpha).abs() <= rtol * alpha {
                return Self::new(b.0, b.1).map_err(|_| refuse);
            }
            x = 1.0 / (x - whole);
        }
    }

    /// α = 1 − coverage, taken from the fraction the coverage means: within 10⁻¹² of
    /// α, as far as the coverage has so many digits.
    ///
    /// # Errors
    /// As [`from_f64`](Self::from_f64).
    pub fn from_coverage(coverage: f64) -> Result<Self> {
        let c = Self::near(coverage, (1e-12 * (1.0 - coverage)).max(2.0 * f64::EPSILON))?;
        Self::new(c.denominator - c.numerator, c.denominator)
    }

    /// α as a float.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// 1 − α as a float, rounded once.
    #[must_use]
    pub fn coverage(self) -> f64 {
        (self.denominator - self.numerator) as f64 / self.denominator as f64
    }

    /// (a, b) of α = a/b in lowest terms.
    #[must_use]
    pub fn fraction(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// ⌊(n + 1)α⌋, exactly.
    #[must_use]
    pub fn lower_rank(self, n: usize) -> usize {
        let product = (n as u128 + 1) * u128::from(self.numerator);
        // At most n + 1, because α < 1.
        (product / u128::from(self.denominator)) as usize
    }

    /// k = ⌈(n + 1)(1 − α)⌉, exactly; k = n + 1 means that no finite
    /// threshold keeps the promise.
    #[must_use]
    pub fn rank(self, n: usize) -> usize {
        n + 1 - self.lower_rank(n)
    }

    /// The smallest n with a finite threshold: ⌈1/α⌉ − 1.
    #[must_use]
    pub fn least_n(self) -> usize {
        usize::try_from(self.denominator.div_ceil(self.numerator) - 1).unwrap_or(usize::MAX)
    }

    /// α/2, for two-sided intervals.
    #[must_use]
    pub fn half(self) -> Self {
        if self.numerator.is_multiple_of(2) {
            Self { numerator: self.numerator / 2, denominator: self.denominator }
        } else {
            // Denominators beyond 2⁶³ round α/2 down, which promises more.
            match self.denominator.checked_mul(2) {
                Some(denominator) => Self { numerator: self.numerator, denominator },
                None => {
                    Self { numerator: (self.numerator / 2).max(1), denominator: self.denominator }
                }
            }
        }
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Alpha {
    type Err = Error;
    /// Reads "1/10" or "0.1".
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::BadFraction { text: text.to_owned() };
        match text.split_once('/') {
            Some((a, b)) => Self::new(
                a.trim().parse().map_err(|_| bad())?,
                b.trim().parse().map_err(|_| bad())?,
            ),
            None => Self::from_f64(text.trim().parse().map_err(|_| bad())?),
        }
    }
}

impl TryFrom<(u64, u64)> for Alpha {
    type Error = Error;
    fn try_from((a, b): (u64, u64)) -> Result<Self> {
        Self::new(a, b)
    }
}

impl From<Alpha> for (u64, u64) {
    fn from(alpha: Alpha) -> Self {
        alpha.fraction()
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However near to 1, a coverage means the fraction that is written, also where
    /// it was computed and is an ulp off.
    #[test]
    fn coverages_mean_what_is_written() {
        for nines in 1..=9 {
            let denominator = 10_u64.pow(nines);
            let written = (denominator - 1) as f64 / denominator as f64;
            let computed = 1.0 - 1.0 / denominator as f64;
            for coverage in [written, computed, written.next_down()] {
                // From eight nines on neighbours of the fraction are nearer than an ulp
                // can tell, and the simplest is taken.
                let alpha = Alpha::from_coverage(coverage).unwrap();
                if nines < 8 {
                    assert_eq!(alpha.fraction(), (1, denominator), "{coverage}");
                }
                assert!((alpha.coverage() - coverage).abs() <= 3.0 * f64::EPSILON);
            }
        }
        for coverage in [1.0, 1.0_f64.next_down(), 0.0, f64::NAN] {
            assert!(Alpha::from_coverage(coverage).is_err());
        }
    }
}
