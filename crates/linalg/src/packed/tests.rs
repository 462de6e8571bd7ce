//! The packed kernel against the definition, from every layout.

#![allow(clippy::float_cmp, reason = "small integers: every result is exact")]

use pulp::WithSimd;

use super::*;
use crate::scalar::sealed::Kernels;
use crate::{Tensor, matmul_into};

/// Small whole numbers: every order of summation gives the same.
fn counted<T: Scalar>(n: usize, c: usize) -> Tensor<T> {
    Tensor::from_fn(n, c, |i, j| T::from_f64(((i * 7 + j * 13) % 11) as f64 - 5.0))
}

fn naive<T: Scalar>(A: MatRef<'_, T>, B: MatRef<'_, T>, old: T) -> Tensor<T> {
    Tensor::from_fn(A.nrows(), B.ncols(), |i, j| {
        (0..A.ncols()).fold(old, |sum, l| sum + A[(i, l)] * B[(l, j)])
    })
}

/// The product from every layout of the operands and of C.
#[track_caller]
fn check<T: Scalar + Kernels>(n: usize, k: usize, m: usize)
where
    for<'a> Product<'a, T>: WithSimd,
{
    let (A, B) = (counted::<T>(n, k), counted::<T>(k, m));
    let (A_turned, B_turned) = (A.transpose(), B.transpose());
    // Written backwards and read backwards: neighbours are −1 apart.
    let back = |X: &Tensor<T>| {
        let (r, c) = (X.nrows(), X.ncols());
        Tensor::from_fn(r, c, |i, j| X[[r - 1 - i, c - 1 - j]])
    };
    let (A_back, B_back) = (back(&A), back(&B));
    let layouts_A =
        [A.as_mat(), A_turned.as_mat().transpose(), A_back.as_mat().reverse_rows_and_cols()];
    let layouts_B =
        [B.as_mat(), B_turned.as_mat().transpose(), B_back.as_mat().reverse_rows_and_cols()];
    let mut scratch = Vec::new();
    for onto in [None, Some(T::ONE)] {
        let old = if onto.is_some() { T::ONE } else { T::ZERO };
        let expected = naive(A.as_mat(), B.as_mat(), old);
        for (A, B) in layouts_A.iter().flat_map(|A| layouts_B.map(|B| (*A, B))) {
            // Overwriting does not read what was there.
            let fill = if onto.is_some() { T::ONE } else { T::NAN };
            let (mut C, mut turned) = (Tensor::full(&[n, m], fill), Tensor::full(&[m, n], fill));
            let scratch = &mut scratch;
            let way = way(A, B);
            let product = Product { way, C: C.as_mat_mut(), onto, A, B, scratch };
            pulp::Arch::new().dispatch(product);
            assert_eq!(C, expected, "{n} x {k} x {m}");
            let C = turned.as_mat_mut().transpose_mut();
            pulp::Arch::new().dispatch(Product { way, C, onto, A, B, scratch });
            assert_eq!(turned.transpose(), expected, "{n} x {k} x {m}, C turned");
        }
    }
}

#[test]
fn packed_products_are_sums_of_products() {
    for (n, k, m) in [(1, 1, 1), (5, 3, 7), (6, 17, 16), (13, 33, 40), (75, 5, 1), (2, 600, 9)] {
        check::<f32>(n, k, m);
        check::<f64>(n, k, m);
    }
    // Vectors along the rows of C, in one block of the inner dimension and in two.
    for (n, k, m) in [(64, 32, 10), (70, 33, 4), (97, 600, 12)] {
        check::<f32>(n, k, m);
    }
    // Columns of A where they lie, with rows left over and in blocks.
    for (n, k, m) in [(64, 128, 16), (70, 600, 16), (148, 130, 48)] {
        check::<f32>(n, k, m);
        check::<f64>(n, k, m);
    }
    // Rows of A too close to 2048 bytes apart to be read where they lie.
    check::<f32>(9, 512, 20);
    check::<f32>(7, 2, 1030);
    check::<f64>(80, 520, 35);
}

#[test]
fn a_large_product_with_the_first_transposed_is_the_naive_one() {
    let (A, B) = (counted::<f64>(300, 170), counted::<f64>(300, 170));
    let A = A.as_mat().transpose();
    assert!(best(None, A, B.as_mat()).is_some() && best(None, B.as_mat(), A).is_none());
    let expected = naive(A, B.as_mat(), 1.0);
    let mut C = Tensor::full(&[170, 170], 1.0);
    matmul_into(C.as_mat_mut(), true, A, B.as_mat()).unwrap();
    assert_eq!(C, expected);
    let mut turned = Tensor::full(&[170, 170], 1.0);
    matmul_into(turned.as_mat_mut().transpose_mut(), true, A, B.as_mat()).unwrap();
    assert_eq!(turned.transpose(), expected);
}

#[test]
fn only_the_first_large_product_allocates() {
    let (A, B) = (counted::<f32>(300, 200), counted::<f32>(300, 200));
    let mut C = Tensor::zeros(&[200, 200]);
    let mut multiply = || {
        matmul_into(C.as_mat_mut(), false, A.as_mat().transpose(), B.as_mat()).unwrap();
    };
    multiply();
    assert_eq!(allocation_counter::measure(multiply).count_total, 0);
}
