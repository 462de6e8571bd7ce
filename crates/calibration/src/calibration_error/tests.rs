//! Bins: exact edges, ties kept together, where the sweep stops.

use super::bins::{Closed, Edges};
use crate::{Bins, Forecasts, calibration_error, ece_sweep};

/// Fifteen forecasts on multiples of 0.05, where libraries disagree.
#[test]
fn edges_are_exact() {
    for m in 1..=100 {
        let right = Edges::new(m, Closed::Right);
        let left = Edges::new(m, Closed::Left);
        for i in 0..=m {
            let p = i as f64 / m as f64;
            assert_eq!(right.bin(p), i.saturating_sub(1), "p = {i}/{m}");
            assert_eq!(left.bin(p), i.min(m - 1), "p = {i}/{m}");
            assert_eq!(right.bin(p.next_up().min(1.0)), i.min(m - 1));
            assert_eq!(left.bin(p.next_down().max(0.0)), i.saturating_sub(1));
        }
    }
}

#[test]
fn one_is_in_the_last_bin() {
    // torchmetrics gives 1.0 a bin of its own and answers 0.525.
    let f = Forecasts::new(&[0.95, 1.0], &[true, false]).unwrap();
    let e = calibration_error(&f, &Bins::equal_width(10)).unwrap();
    assert!((e.ece - 0.475).abs() < 1e-15);
}

#[test]
fn equal_mass_keeps_ties_together() {
    let p = [0.2, 0.2, 0.2, 0.2, 0.9, 0.9];
    let y = [false, true, false, true, true, true];
    let table =
        crate::reliability_table(&Forecasts::new(&p, &y).unwrap(), &Bins::equal_mass(3)).unwrap();
    assert_eq!(table.rows.iter().map(|r| r.count).collect::<Vec<_>>(), [4, 0, 2]);
    assert_eq!(table.rows[0].frequency, Some(0.5));
}

#[test]
fn sweep_stops_at_the_first_decrease() {
    // Two halves increase, three thirds do not.
    let p = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let y = [false, false, true, false, true, false];
    let (n_bins, _) = ece_sweep(&Forecasts::new(&p, &y).unwrap()).unwrap();
    assert_eq!(n_bins, 3);
}
