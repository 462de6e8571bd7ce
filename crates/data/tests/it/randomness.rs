//! Seeds keep their meaning; batches and resamples are what they say.

use rand::Rng;
use wonderland_data::{Error, MiniBatches, Purpose, bootstrap_rows, rng, shuffle};

/// A change here would change every seeded result of everybody.
#[test]
fn streams_keep_their_numbers() {
    let purposes = [
        Purpose::Split,
        Purpose::Folds,
        Purpose::Shuffle,
        Purpose::Init,
        Purpose::Bootstrap,
        Purpose::Noise,
        Purpose::Ties,
        Purpose::Search,
        Purpose::Permutation,
        Purpose::EarlyStopping,
    ];
    for (i, purpose) in purposes.into_iter().enumerate() {
        assert_eq!(purpose as usize, i + 1);
        assert_eq!(rng(5, purpose).get_stream(), i as u64 + 1);
    }
    let first: std::collections::BTreeSet<u64> =
        purposes.iter().map(|&purpose| rng(5, purpose).next_u64()).collect();
    assert_eq!(first.len(), purposes.len());
}

#[test]
fn all_orders_are_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    let mut rng = rng(0, Purpose::Permutation);
    for _ in 0..6000 {
        let mut items = [0, 1, 2];
        shuffle(&mut items, &mut rng);
        *counts.entry(items).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    // Five standard deviations of a count of 1000 expected.
    assert!(counts.values().all(|&count: &i32| (count - 1000).abs() < 145), "{counts:?}");
}

/// The notes say that n/b epochs follow from the batch size. An epoch is one
/// pass over the data; what follows from the batch size r is its ⌈n/r⌉ batches.
#[test]
fn notes_5_3_batches_make_an_epoch() {
    for (n, r, batches) in [(12, 4, 3), (10, 4, 3), (3, 5, 1), (7, 1, 7)] {
        let mut mini = MiniBatches::new(n, r, 1).unwrap();
        assert_eq!(mini.per_epoch(), batches);
        for epoch in 0..3 {
            let sizes: Vec<usize> = mini.epoch(epoch).map(<[usize]>::len).collect();
            assert_eq!(sizes.len(), batches);
            assert!(sizes[..batches - 1].iter().all(|&size| size == r));
            let mut rows: Vec<usize> = mini.epoch(epoch).flatten().copied().collect();
            rows.sort_unstable();
            assert_eq!(rows, (0..n).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_resumed_training_meets_the_same_batches() {
    let rows = |batches: &mut MiniBatches, epoch| {
        batches.epoch(epoch).flatten().copied().collect::<Vec<_>>()
    };
    let mut all = MiniBatches::new(50, 8, 3).unwrap();
    let epochs: Vec<Vec<usize>> = (0..4).map(|epoch| rows(&mut all, epoch)).collect();
    assert_eq!(rows(&mut MiniBatches::new(50, 8, 3).unwrap(), 3), epochs[3]);
    assert_eq!(rows(&mut MiniBatches::new(50, 25, 3).unwrap(), 3), epochs[3]);
    assert_ne!(epochs[0], epochs[1]);
    assert_ne!(rows(&mut MiniBatches::new(50, 8, 4).unwrap(), 0), epochs[0]);
    for (n, batch_size) in [(0, 1), (1, 0)] {
        assert!(matches!(MiniBatches::new(n, batch_size, 0), Err(Error::BadBatch { .. })));
    }
}

#[test]
fn a_bootstrap_leaves_out_a_share_of_1_over_e() {
    let rows = bootstrap_rows(10_000, 9, 0);
    let mut drawn = vec![false; 10_000];
    rows.iter().for_each(|row| drawn[*row] = true);
    let left_out = drawn.iter().filter(|drawn| !**drawn).count() as f64 / 10_000.0;
    // The deviation of this share is 0.0031.
    assert!((left_out - (-1.0_f64).exp()).abs() < 0.016, "{left_out}");
    assert_eq!(rows, bootstrap_rows(10_000, 9, 0));
    assert!(bootstrap_rows(0, 0, 0).is_empty());
}
