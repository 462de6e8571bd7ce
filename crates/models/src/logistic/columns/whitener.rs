//! Cholesky's factor of a curvature, with its inverse, in memory that is kept.
//!
//! The curvature is that of scaled columns, so that pivots need no scaling; and both
//! loops add multiples of rows to rows, which the compiler turns into vector code.

use wonderland_linalg::MatRef;

/// U of H = UᵀU, and the inverse of L = Uᵀ.
#[derive(Debug, Default)]
pub(super) struct Whitener {
    rows: usize,
    upper: Vec<f64>,
    inverse: Vec<f64>,
}

impl Whitener {
    /// Becomes that of H ~ (rows, rows) with another diagonal, a function of the
    /// index and of the entry; false where that is not positive definite.
    pub(super) fn renew(
        &mut self,
        H: &[f64],
        rows: usize,
        diagonal: impl Fn(usize, f64) -> f64,
    ) -> bool {
        self.rows = rows;
        self.upper.clear();
        self.upper.extend_from_slice(H);
        let entries = self.upper.iter_mut().step_by(rows + 1).enumerate();
        entries.for_each(|(j, entry)| *entry = diagonal(j, *entry));
        self.factor() && self.invert()
    }

    /// H = UᵀU over what is there; false at a pivot that is not positive.
    fn factor(&mut self) -> bool {
        let rows = self.rows;
        for k in 0..rows {
            let (done, rest) = self.upper.split_at_mut((k + 1) * rows);
            let (zeros, row) = done[k * rows..].split_at_mut(k);
            let root = row[0].sqrt();
            if !(root > 0.0 && root.is_finite()) {
                return false;
            }
            zeros.fill(0.0);
            row.iter_mut().for_each(|u| *u /= root);
            for (i, other) in rest.chunks_exact_mut(rows).enumerate() {
                let row = &row[i + 1..];
                add(-row[0], row, &mut other[k + i + 1..]);
            }
        }
        true
    }

    /// L⁻¹ row by row, by substitution; false where it overflows.
    fn invert(&mut self) -> bool {
        let rows = self.rows;
        self.inverse.clear();
        self.inverse.resize(rows * rows, 0.0);
        for i in 0..rows {
            let (done, rest) = self.inverse.split_at_mut(i * rows);
            let row = &mut rest[..=i];
            row[i] = 1.0;
            for j in 0..i {
                add(-self.upper[j * rows + i], &done[j * rows..=j * rows + j], row);
            }
            let pivot = self.upper[i * rows + i];
            row.iter_mut().for_each(|x| *x /= pivot);
        }
        self.inverse.iter().all(|x| x.is_finite())
    }

    /// Lᵀ.
    pub(super) fn upper(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.upper, self.rows, self.rows)
    }

    /// L⁻¹.
    pub(super) fn inverse(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.inverse, self.rows, self.rows)
    }

    /// The largest pivot over the smallest.
    pub(super) fn pivot_ratio(&self) -> f64 {
        let pivots = || self.upper.iter().step_by(self.rows + 1).map(|u| u * u);
        pivots().fold(0.0, f64::max) / pivots().fold(f64::INFINITY, f64::min)
    }
}

/// y += s x, as far as either goes.
fn add(s: f64, x: &[f64], y: &mut [f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += s * x);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [[4, 2], [2, 10]] = [[2, 0], [1, 3]] [[2, 1], [0, 3]].
    #[test]
    fn a_factor_and_its_inverse_by_hand() {
        let mut whitener = Whitener::default();
        assert!(whitener.renew(&[4.0, 2.0, f64::NAN, 5.0], 2, |j, h| if j == 1 {
            2.0 * h
        } else {
            h
        }));
        assert_eq!(whitener.upper, [2.0, 1.0, 0.0, 3.0]);
        assert_eq!(whitener.inverse, [0.5, 0.0, -0.5 / 3.0, 1.0 / 3.0]);
        assert!((whitener.pivot_ratio() - 9.0 / 4.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_positive_definite_has_none() {
        let mut whitener = Whitener::default();
        for H in [[1.0, 2.0, 2.0, 1.0], [0.0; 4], [f64::NAN; 4], [1.0, f64::INFINITY, 0.0, 1.0]] {
            assert!(!whitener.renew(&H, 2, |_, h| h));
        }
        assert!(!whitener.renew(&[1e-300, 1e-300, 0.0, 1e-300], 2, |_, h| h));
    }
}
