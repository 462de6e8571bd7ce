//! Residuals pooled by equal p, while there are few distinct p.

use crate::Forecasts;
use crate::sum::Sum;

/// Beyond this many distinct p the exact method gives way to the grid.
const FEW: usize = 2000;

/// Residuals w (y − p) / Σ w.
pub(super) enum Residuals {
    /// Few distinct p, increasing, with the residual of each.
    Few { p: Vec<f64>, r: Vec<f64> },
    /// More than [`FEW`] distinct p.
    Many,
}

/// Pools by a small open-addressed table on the bits of p: no sort of all n.
pub(super) fn residuals(f: &Forecasts<'_>) -> Residuals {
    const SLOTS: usize = 8192;
    let mut slot_of = vec![u32::MAX; SLOTS];
    let mut pooled: Vec<(f64, Sum)> = Vec::new();
    let mut weight = Sum::default();
    for (p, y, w) in f.iter() {
        let p = p + 0.0; // −0.0 is 0.0
        weight.add(w);
        let mut slot = (p.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 51) as usize;
        let entry = loop {
            match slot_of[slot] {
                u32::MAX => {
                    if pooled.len() == FEW {
                        return Residuals::Many;
                    }
                    slot_of[slot] = pooled.len() as u32;
                    pooled.push((p, Sum::default()));
                    break pooled.len() - 1;
                }
                entry if pooled[entry as usize].0.to_bits() == p.to_bits() => break entry as usize,
                _ => slot = (slot + 1) % SLOTS,
            }
        };
        pooled[entry].1.add(w * (f64::from(u8::from(y)) - p));
    }
    pooled.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let weight = weight.value();
    let (p, r) = pooled.into_iter().map(|(p, r)| (p, r.value() / weight)).unzip();
    Residuals::Few { p, r }
}
