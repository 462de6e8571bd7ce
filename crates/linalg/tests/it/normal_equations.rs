//! Least squares over blocks of rows.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_linalg::{Error, LeastSquares, NormalEquations, Route, Tensor, column, lstsq};

use crate::refinement::with_condition;

const ROWS: usize = 64;

fn data(seed: u64, n: usize, c: usize) -> (Tensor, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let X = Tensor::from_fn(n, c, |_, j| 10.0 * j as f64 + rng.random_range(-1.0..1.0));
    let y =
        (0..n).map(|i| 3.0 + X.row(i).iter().sum::<f64>() + rng.random_range(-1.0..1.0)).collect();
    (X, y)
}

/// The blocks of the given indices.
fn sums(
    X: &Tensor,
    y: &[f64],
    intercept: bool,
    blocks: impl IntoIterator<Item = usize>,
) -> NormalEquations {
    let mut sums = NormalEquations::new(X.ncols(), 1, intercept);
    for b in blocks {
        let rows = b * ROWS..((b + 1) * ROWS).min(y.len());
        let part = X.as_mat().subrows(rows.start, rows.len());
        sums.add(b as u64, part, column(&y[rows]), None).unwrap();
    }
    sums
}

#[test]
fn the_bits_depend_on_the_blocks_alone() {
    let (X, y) = data(1, 1000, 4);
    let blocks = 1000_usize.div_ceil(ROWS);
    let reference = sums(&X, &y, true, 0..blocks);
    assert_eq!(reference.n_samples(), 1000);
    assert_eq!(sums(&X, &y, true, (0..blocks).rev()), reference);
    assert_eq!(sums(&X, &y, true, (0..blocks).map(|b| b * 7 % blocks)), reference);
    for split in 1..blocks {
        let mut left = sums(&X, &y, true, split..blocks);
        left.merge(sums(&X, &y, true, 0..split)).unwrap();
        assert_eq!(left, reference);
    }
    let mut even = sums(&X, &y, true, (0..blocks).step_by(2));
    even.merge(sums(&X, &y, true, (1..blocks).step_by(2))).unwrap();
    assert_eq!(even, reference);
}

#[test]
fn the_answer_is_that_of_the_data_in_memory() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for kappa in [1e1, 1e4, 1e6] {
        let X = with_condition(&mut rng, 300, 6, kappa);
        let y: Vec<f64> = (0..300).map(|_| rng.random_range(-1.0..1.0)).collect();
        let ours = sums(&X, &y, false, 0..5).solve(0.0).unwrap();
        let reference = lstsq(X.as_mat(), column(&y)).unwrap();
        assert_eq!(ours.route, Route::NormalEquations);
        for (a, b) in ours.coefficients.as_slice().iter().zip(reference.coefficients.as_slice()) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "κ = {kappa:e}: {a} is not {b}");
        }
        assert!((ours.residual_norm[0] / reference.residual_norm[0] - 1.0).abs() < 1e-12);
    }
}

/// As many rows as a file has, in pieces of the size in which files are read.
#[test]
fn many_rows_give_the_answer_of_the_rows_in_memory() {
    const MANY: usize = 12 * 8192 + 77;
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for gap in [1.0, 1e-3, 1e-6] {
        let mut X = Tensor::from_fn(MANY, 4, |_, j| 10.0 * j as f64 + rng.random_range(-1.0..1.0));
        for i in 0..MANY {
            let row = X.row_mut(i);
            row[3] = row[0] + gap * row[3];
        }
        let noise = (0..MANY).map(|_| rng.random_range(-1.0..1.0));
        let y: Vec<f64> =
            noise.enumerate().map(|(i, e)| 3.0 + X.row(i).iter().sum::<f64>() + e).collect();
        let mut sums = NormalEquations::new(4, 1, true);
        for (b, start) in (0..MANY).step_by(8192).enumerate() {
            let rows = start..MANY.min(start + 8192);
            let part = X.as_mat().subrows(start, rows.len());
            sums.add(b as u64, part, column(&y[rows]), None).unwrap();
        }
        let ours = sums.solve(0.0).unwrap();
        let settings = LeastSquares { intercept: true, ..Default::default() };
        let whole = settings.solve(X.as_mat(), column(&y)).unwrap();
        // What the streamed fit promises.
        let bound = f64::max(1e-12, 8.0 * whole.scaled_condition * f64::EPSILON);
        let pairs = ours.coefficients.as_slice().iter().zip(whole.coefficients.as_slice());
        for (a, b) in pairs.chain(ours.intercept.iter().zip(&whole.intercept)) {
            assert!((a - b).abs() <= bound * b.abs(), "gap {gap:e}: {a} is not {b}");
        }
    }
}

#[test]
fn weights_penalties_and_reports_agree_with_the_other_routes() {
    let (X, y) = data(3, 200, 3);
    let w: Vec<f64> = (0..200).map(|i| (i % 5) as f64).collect();
    for l2 in [0.0, 2.5] {
        let mut sums = NormalEquations::new(3, 1, true);
        for b in 0..4 {
            let part = X.as_mat().subrows(b * 50, 50);
            let rows = b * 50..(b + 1) * 50;
            sums.add(b as u64, part, column(&y[rows.clone()]), Some(&w[rows])).unwrap();
        }
        let ours = sums.solve(l2).unwrap();
        let settings = LeastSquares { intercept: true, l2, ..Default::default() };
        let reference = settings.solve_weighted(X.as_mat(), column(&y), &w).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-11 * b.abs(), "{a} is not {b}");
        near(ours.intercept[0], reference.intercept[0]);
        for (a, b) in ours.coefficients.as_slice().iter().zip(reference.coefficients.as_slice()) {
            near(*a, *b);
        }
        near(ours.residual_norm[0], reference.residual_norm[0]);
        near(ours.effective_df, reference.effective_df);
        assert_eq!((ours.n_samples, ours.rank), (reference.n_samples, reference.rank));
        match (ours.std_errors(0), reference.std_errors(0)) {
            (Some(a), Some(b)) => a.iter().zip(&b).for_each(|(a, b)| near(*a, *b)),
            (a, b) => assert_eq!((a, b), (None, None)),
        }
    }
}

#[test]
fn faults_are_typed() {
    let (X, y) = data(4, 64, 2);
    let mut all = sums(&X, &y, true, 0..1);
    let again = all.add(0, X.as_mat(), column(&y), None).unwrap_err();
    assert_eq!(again, Error::DuplicateBlock { index: 0 });
    let copy = all.clone();
    assert_eq!(all.merge(copy).unwrap_err(), Error::DuplicateBlock { index: 0 });
    let other = NormalEquations::new(2, 1, false);
    assert!(matches!(all.merge(other), Err(Error::ShapeMismatch { .. })));
    let narrow = X.select_columns(&[0]).unwrap();
    assert!(matches!(
        all.add(1, narrow.as_mat(), column(&y), None),
        Err(Error::ShapeMismatch { .. })
    ));
    let mut bad = X.clone();
    bad[[3, 1]] = f64::NAN;
    let before = all.clone();
    assert!(matches!(
        all.add(1, bad.as_mat(), column(&y), None),
        Err(Error::NonFinite { row: 3, .. })
    ));
    assert_eq!(all, before);
    assert!(matches!(all.solve(-1.0), Err(Error::InvalidPenalty { .. })));
    let empty = NormalEquations::new(2, 1, true).solve(0.0).unwrap_err();
    assert_eq!(empty, Error::Empty { op: "normal equations" });

    let twice = Tensor::from_fn(64, 2, |i, _| X[[i, 0]]);
    let dependent = sums(&twice, &y, true, 0..1).solve(0.0).unwrap_err();
    assert!(matches!(dependent, Error::IllConditioned { .. }), "{dependent}");
    // A penalty makes the same columns solvable.
    assert!(sums(&twice, &y, true, 0..1).solve(1.0).is_ok());
    let huge = X.map(|x| x * 1e200);
    assert_eq!(sums(&huge, &y, true, 0..1).solve(0.0).unwrap_err(), Error::IllScaled { column: 1 });
}
