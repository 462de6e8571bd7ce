//! Bins: exact edges, ties kept together, where the sweep stops.

use super::bins::{Closed, Edges};
use super::exact::{self, Packed, UNIT};
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

/// Sample by sample, in whole numbers of 2⁻⁶², by comparing with the edges.
fn slow_sums(p: &[f64], y: &[bool], edges: &Edges, n_bins: usize) -> Vec<(u64, u64, u128)> {
    let mut sums = vec![(0, 0, 0); n_bins];
    for (&p, &y) in p.iter().zip(y) {
        let (count, events, units) = &mut sums[edges.bin(p)];
        *count += 1;
        *events += u64::from(y);
        *units += (p * UNIT).round_ties_even() as u128;
    }
    sums
}

#[test]
fn sums_are_those_of_the_slow_way() {
    for n_bins in (1..=100).chain([1000, 999_983]) {
        // Every edge and its neighbours, tiny numbers among them, in blocks
        // that are not full; then one bin filled to the brim.
        let edge = |i: usize| (i % (n_bins + 1)) as f64 / n_bins as f64;
        let near = |i: usize| [edge(i), edge(i).next_up().min(1.0), edge(i).next_down().max(0.0)];
        let edges: Vec<f64> = (0..1000).flat_map(near).collect();
        for (p, closed) in [
            (edges.clone(), Closed::Right),
            (edges, Closed::Left),
            (vec![1.0; Packed::MOST], Closed::Right),
            (vec![1e-12; Packed::MOST], Closed::Left),
        ] {
            let y: Vec<bool> =
                (0..p.len()).map(|i| p.len() == Packed::MOST || i % 3 == 0).collect();
            let edges = Edges::new(n_bins, closed);
            let mut sums = vec![Packed::default(); n_bins];
            exact::add(&p, &y, &edges, &mut sums);
            let found: Vec<_> = sums.iter().map(|s| (s.count(), s.events(), s.p())).collect();
            assert!(found == slow_sums(&p, &y, &edges, n_bins), "{n_bins} bins, {closed:?}");
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
