//! Splits and folds are partitions, and keep together what belongs together.

use proptest::prelude::*;
use wonderland_data::{Error, Fold, Split, SplitBy, SplitSettings, k_folds};

fn parts(split: &Split) -> [&Vec<usize>; 4] {
    [&split.train, &split.calibration, &split.conformal, &split.test]
}

fn is_partition(parts: &[&Vec<usize>], n: usize) -> bool {
    let mut all: Vec<usize> = parts.iter().flat_map(|rows| rows.iter().copied()).collect();
    all.sort_unstable();
    all == (0..n).collect::<Vec<_>>() && parts.iter().all(|rows| rows.is_sorted())
}

fn shares() -> impl Strategy<Value = SplitSettings> {
    (0.0..0.4_f64, 0.0..0.3_f64, 0.0..0.25_f64, any::<u64>()).prop_map(
        |(test, calibration, conformal, seed)| SplitSettings { test, calibration, conformal, seed },
    )
}

/// Less than one away, but for rounding in the share itself.
fn within_one(count: usize, exact: f64) -> bool {
    (count as f64 - exact).abs() < 1.0 + 1e-9 * exact
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn strata_are_within_one_row(codes in prop::collection::vec(0_usize..6, 40..200), settings in shares()) {
        let n = codes.len();
        let by = SplitBy::Strata(&codes);
        // A part may come out empty when its share is below one row.
        let Ok(split) = settings.split(n, by) else { return Ok(()) };
        prop_assert!(is_partition(&parts(&split), n));
        prop_assert_eq!(&split, &settings.split(n, by).unwrap());
        let held_out = settings.test + settings.calibration + settings.conformal;
        let fractions = [1.0 - held_out, settings.calibration, settings.conformal, settings.test];
        for (rows, fraction) in parts(&split).into_iter().zip(fractions) {
            prop_assert!(within_one(rows.len(), n as f64 * fraction));
            for class in 0..6 {
                let size = codes.iter().filter(|code| **code == class).count();
                let count = rows.iter().filter(|row| codes[**row] == class).count();
                prop_assert!(within_one(count, size as f64 * fraction), "{count} of {size} for {fraction}");
            }
        }
    }

    #[test]
    fn groups_never_straddle(groups in prop::collection::vec(0_usize..30, 60..200), settings in shares()) {
        let n = groups.len();
        let Ok(split) = settings.split(n, SplitBy::Groups(&groups)) else { return Ok(()) };
        prop_assert!(is_partition(&parts(&split), n));
        for group in 0..30 {
            let touched = parts(&split).iter().filter(|rows| rows.iter().any(|row| groups[*row] == group)).count();
            prop_assert!(touched <= 1);
        }
    }

    #[test]
    fn chance_and_order_are_partitions(n in 30_usize..200, settings in shares()) {
        for by in [SplitBy::Chance, SplitBy::Order] {
            let Ok(split) = settings.split(n, by) else { continue };
            prop_assert!(is_partition(&parts(&split), n));
            prop_assert!(within_one(split.test.len(), n as f64 * settings.test));
            if by == SplitBy::Order {
                prop_assert_eq!(parts(&split).map(|rows| rows.clone()).concat(), (0..n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn folds_test_every_row_once(codes in prop::collection::vec(0_usize..8, 20..120), k in 2_usize..8, seed in any::<u64>()) {
        let n = codes.len();
        for by in [SplitBy::Chance, SplitBy::Order, SplitBy::Strata(&codes), SplitBy::Groups(&codes)] {
            let folds = match k_folds(n, k, by, seed) {
                Ok(folds) => folds,
                Err(Error::BadFolds { .. }) if matches!(by, SplitBy::Groups(_)) => continue,
                Err(error) => panic!("{error}"),
            };
            prop_assert_eq!(&folds, &k_folds(n, k, by, seed).unwrap());
            let tests: Vec<&Vec<usize>> = folds.iter().map(|fold| &fold.test).collect();
            prop_assert!(is_partition(&tests, n));
            for Fold { train, test } in &folds {
                prop_assert!(is_partition(&[train, test], n));
                match by {
                    SplitBy::Groups(_) => prop_assert!(test.iter().all(|row| train.iter().all(|other| codes[*row] != codes[*other]))),
                    _ => prop_assert!(within_one(test.len(), n as f64 / k as f64)),
                }
                if matches!(by, SplitBy::Strata(_)) {
                    for class in 0..8 {
                        let size = codes.iter().filter(|code| **code == class).count();
                        let count = test.iter().filter(|row| codes[**row] == class).count();
                        prop_assert!(within_one(count, size as f64 / k as f64));
                    }
                }
            }
        }
    }
}

#[test]
fn exact_shares_are_met_exactly() {
    // Three classes of 50, as iris: 0.7 of 50 is 35, whatever binary makes of it.
    let codes: Vec<usize> = (0..150).map(|i| i / 50).collect();
    let settings = SplitSettings { test: 0.2, calibration: 0.1, conformal: 0.0, seed: 4 };
    let split = settings.split(150, SplitBy::Strata(&codes)).unwrap();
    assert_eq!(parts(&split).map(Vec::len), [105, 15, 0, 30]);
    for rows in [&split.train, &split.test] {
        let count = |class| rows.iter().filter(|row| codes[**row] == class).count();
        assert!(count(0) == count(1) && count(1) == count(2));
    }
}

#[test]
fn seeds_differ_and_repeat() {
    let split =
        |seed| SplitSettings { seed, ..Default::default() }.split(1000, SplitBy::Chance).unwrap();
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
    // Every row tests about every fifth time: 5 standard deviations of 200 draws.
    let mut tested = vec![0; 100];
    for seed in 0..200 {
        let split =
            SplitSettings { seed, ..Default::default() }.split(100, SplitBy::Chance).unwrap();
        split.test.iter().for_each(|row| tested[*row] += 1);
    }
    assert!(tested.iter().all(|&t: &i32| (t - 40).abs() < 29), "{tested:?}");
}

#[test]
fn what_cannot_be_split() {
    let settings = SplitSettings::default();
    for (bad, name) in [
        (SplitSettings { test: 1.0, ..settings }, "test"),
        (SplitSettings { test: -0.1, ..settings }, "test"),
        (SplitSettings { conformal: f64::NAN, ..settings }, "conformal"),
        (SplitSettings { calibration: 0.9, ..settings }, "the sum of all held-out parts"),
    ] {
        match bad.split(100, SplitBy::Chance) {
            Err(Error::BadFraction { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(settings.split(0, SplitBy::Chance), Err(Error::EmptyPart { .. })));
    assert!(matches!(settings.split(1, SplitBy::Order), Err(Error::EmptyPart { .. })));
    assert!(matches!(settings.split(5, SplitBy::Groups(&[3; 5])), Err(Error::EmptyPart { .. })));
    assert!(matches!(settings.split(5, SplitBy::Strata(&[0; 4])), Err(Error::WrongLength { .. })));
    assert!(matches!(k_folds(5, 1, SplitBy::Chance, 0), Err(Error::BadFolds { .. })));
    assert!(matches!(k_folds(5, 6, SplitBy::Chance, 0), Err(Error::BadFolds { .. })));
    assert!(matches!(
        k_folds(5, 2, SplitBy::Groups(&[1; 5]), 0),
        Err(Error::BadFolds { n: 1, .. })
    ));
}

#[test]
fn parts_may_be_given() {
    let split = Split::from_held_out(5, vec![4], vec![], vec![2, 0]).unwrap();
    assert_eq!((split.train, split.test), (vec![1, 3], vec![0, 2]));
    assert!(matches!(
        Split::from_held_out(5, vec![5], vec![], vec![]),
        Err(Error::BadRow { row: 5, .. })
    ));
    assert!(matches!(
        Split::from_held_out(5, vec![1], vec![1], vec![]),
        Err(Error::BadRow { row: 1, .. })
    ));
    assert!(matches!(
        Split::from_held_out(1, vec![], vec![], vec![0]),
        Err(Error::EmptyPart { .. })
    ));
}
