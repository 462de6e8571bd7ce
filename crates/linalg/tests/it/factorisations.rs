//! Properties of the pseudoinverse and the defects of faer that touch us.

use proptest::prelude::*;
use wonderland_linalg::{MatRef, Tensor, lstsq, matmul, pinv};

/// A ~ (n, c) of rank at most r, as a product of small integers.
fn low_rank() -> impl Strategy<Value = Tensor> {
    (1..7_usize, 1..7_usize, 1..4_usize).prop_flat_map(|(n, c, r)| {
        let part = |size| proptest::collection::vec((-4..=4_i32).prop_map(f64::from), size);
        (part(n * r), part(r * c)).prop_map(move |(a, b)| {
            let (A, B) = (Tensor::new(&[n, r], a).unwrap(), Tensor::new(&[r, c], b).unwrap());
            matmul(A.as_mat(), B.as_mat()).unwrap()
        })
    })
}

fn product(A: MatRef<'_, f64>, B: MatRef<'_, f64>) -> Tensor {
    matmul(A, B).unwrap()
}

fn largest(A: &Tensor) -> f64 {
    A.as_slice().iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Largest |A − B|.
fn distance(A: &Tensor, B: &Tensor) -> f64 {
    A.as_slice().iter().zip(B.as_slice()).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn erratum_4_1_4_the_pseudoinverse_meets_moore_and_penrose(X in low_rank()) {
        let P = pinv(X.as_mat(), None).unwrap();
        let (XP, PX) = (product(X.as_mat(), P.as_mat()), product(P.as_mat(), X.as_mat()));
        // Errors of X⁺ are ε κ ‖X⁺‖; sizes here are below 7.
        let (x, p) = (largest(&X), largest(&P));
        let tol = 512.0 * f64::EPSILON * (1.0 + x * p).powi(2);
        prop_assert!(distance(&product(XP.as_mat(), X.as_mat()), &X) <= tol * x);
        prop_assert!(distance(&product(PX.as_mat(), P.as_mat()), &P) <= tol * p);
        prop_assert!(distance(&XP, &XP.transpose()) <= tol);
        prop_assert!(distance(&PX, &PX.transpose()) <= tol);
    }

    #[test]
    fn the_shortest_minimiser_is_the_pseudoinverse_times_y(X in low_rank(), seed in 0..1000_i32) {
        let y = Tensor::from_fn(X.nrows(), 1, |i, _| f64::from((seed + 37 * i as i32) % 19 - 9));
        let fit = lstsq(X.as_mat(), y.as_mat()).unwrap();
        let P = pinv(X.as_mat(), None).unwrap();
        let expected = product(P.as_mat(), y.as_mat());
        let tol = 1024.0 * f64::EPSILON * (1.0 + largest(&X) * largest(&P)).powi(2);
        prop_assert!(
            distance(&fit.coefficients, &expected) <= tol * (1.0 + largest(&expected)),
            "{:?} is not {expected:?}", fit.coefficients
        );
    }
}

#[test]
fn products_with_zero_blocks_are_right_at_n_5018() {
    // faer-rs #273: one column of a parallel product of row-major views was
    // silently wrong at this size on data with zero blocks. Ours is sequential.
    let n = 5018;
    let A = Tensor::<f64>::from_fn(n, 24, |i, j| {
        if (i / 64 + j / 8) % 3 == 0 { 0.0 } else { ((i * 7 + j * 13) % 31) as f64 - 15.0 }
    });
    let B = Tensor::<f64>::from_fn(24, n, |i, j| {
        if (i / 8 + j / 100) % 2 == 0 { 0.0 } else { ((i * 5 + j * 11) % 29) as f64 - 14.0 }
    });
    // Small integers: every product and sum is exact.
    let gram = product(A.as_mat().transpose(), A.as_mat());
    for i in 0..24 {
        for j in 0..24 {
            let naive: f64 = (0..n).map(|k| A[[k, i]] * A[[k, j]]).sum();
            assert_eq!(gram[[i, j]], naive);
        }
    }
    let mut x = vec![0.0; n];
    let AB = product(A.as_mat().subrows(0, 40), B.as_mat());
    for i in 0..40 {
        x.fill(0.0);
        for k in 0..24 {
            for (x, b) in x.iter_mut().zip(B.row(k)) {
                *x += A[[i, k]] * b;
            }
        }
        assert_eq!(AB.row(i), x);
    }
}
