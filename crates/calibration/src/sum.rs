//! Compensated sums: the answer does not depend on how the samples were
//! split into chunks, up to one rounding.

use serde::{Deserialize, Serialize};

/// A sum kept as an unevaluated pair (Knuth's two-sum), about 106 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    /// Adds one term.
    pub(crate) fn add(&mut self, x: f64) {
        let s = self.high + x;
        let b = s - self.high;
        self.low += (self.high - (s - b)) + (x - b);
        self.high = s;
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.add(other.high);
        self.add(other.low);
    }

    /// The sum, rounded once. Infinities stay infinite.
    pub(crate) fn value(&self) -> f64 {
        if self.high.is_finite() { self.high + self.low } else { self.high }
    }
}
