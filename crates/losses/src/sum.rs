//! Compensated summation: the error of a sum of n terms stays near one
//! rounding instead of growing with n.

use wonderland_linalg::Real;

/// A running sum with Neumaier's correction term.
///
/// # References
/// Neumaier, Z. Angew. Math. Mech. 54 (1974) 39.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum<T> {
    sum: T,
    lost: T,
}

impl<T: Real> Sum<T> {
    /// Adds one term.
    pub(crate) fn add(&mut self, x: T) {
        let next = self.sum + x;
        // An infinite loss makes the sum infinite; its correction would be NaN.
        if next.is_finite() {
            self.lost += if self.sum.abs() >= x.abs() {
                (self.sum - next) + x
            } else {
                (x - next) + self.sum
            };
        }
        self.sum = next;
    }

    /// The corrected sum.
    pub(crate) fn total(self) -> T {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn keeps_what_a_plain_sum_loses() {
        let mut sum = Sum::default();
        for x in [1.0_f64, 1e100, 1.0, -1e100] {
            sum.add(x);
        }
        assert_eq!(sum.total().to_bits(), 2.0_f64.to_bits());
    }
}
