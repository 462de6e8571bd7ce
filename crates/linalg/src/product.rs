//! Matrix products (notes §2.1.2), transposed operands as views.

use faer::{MatMut, MatRef};

use crate::{Error, Result, Scalar, Tensor, column, packed};

/// C = A B for A ~ (n, k), B ~ (k, m); a transposed operand is `a.transpose()`.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the inner dimensions differ.
pub fn matmul<T: Scalar>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> Result<Tensor<T>> {
    let mut C = Tensor::zeros(&[A.nrows(), B.ncols()]);
    matmul_into(C.as_mat_mut(), false, A, B)?;
    Ok(C)
}

/// C = A B, or C += A B with `add`; operands may lie in memory in any order.
///
/// # Numerics
/// One thread. Large products and some narrow ones with A transposed are summed by
/// a kernel of our own, all others by faer; sizes and how A lies decide. Allocates
/// nothing, but for what either kernel keeps per thread after its first use.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the shapes do not fit.
pub fn matmul_into<T: Scalar>(
    C: MatMut<'_, T>,
    add: bool,
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
) -> Result<()> {
    check_product(C.as_ref(), A, B)?;
    gemm(C, add.then_some(T::ONE), A, B);
    Ok(())
}

/// C = A B, or C += α A B with `onto` = Some(α).
pub(crate) fn gemm<T: Scalar>(
    C: MatMut<'_, T>,
    onto: Option<T>,
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
) {
    let (C, A, B) = into_rows(C, A, B);
    T::gemm_by(packed::best(onto, A, B), C, onto, A, B);
}

/// The same product written into rows: one into columns is that of the transposes.
pub(crate) fn into_rows<'c, 'a, T>(
    C: MatMut<'c, T>,
    A: MatRef<'a, T>,
    B: MatRef<'a, T>,
) -> (MatMut<'c, T>, MatRef<'a, T>, MatRef<'a, T>) {
    if C.row_stride() == 1 && C.col_stride() != 1 {
        (C.transpose_mut(), B.transpose(), A.transpose())
    } else {
        (C, A, B)
    }
}

/// Whether C has the shape of A B.
pub(crate) fn check_product<T: Scalar>(
    C: MatRef<'_, T>,
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
) -> Result<()> {
    if A.ncols() != B.nrows() {
        return Err(Error::ShapeMismatch {
            op: "matmul",
            left: vec![A.nrows(), A.ncols()],
            right: vec![B.nrows(), B.ncols()],
            rule: "columns of the first must equal rows of the second",
        });
    }
    if C.nrows() != A.nrows() || C.ncols() != B.ncols() {
        return Err(Error::ShapeMismatch {
            op: "matmul",
            left: vec![C.nrows(), C.ncols()],
            right: vec![A.nrows(), B.ncols()],
            rule: "the output must have the rows of the first and the columns of the second",
        });
    }
    Ok(())
}

/// y = A x for A ~ (n, c) and x ~ (c).
///
/// # Errors
/// [`Error::ShapeMismatch`] unless x has one entry per column.
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, matvec};
/// let A = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(matvec(A.as_mat(), &[1.0, -1.0])?, [-1.0, -1.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn matvec<T: Scalar>(A: MatRef<'_, T>, x: &[T]) -> Result<Vec<T>> {
    if A.ncols() != x.len() {
        return Err(Error::ShapeMismatch {
            op: "matvec",
            left: vec![A.nrows(), A.ncols()],
            right: vec![x.len()],
            rule: "give one entry per column",
        });
    }
    let mut y = vec![T::ZERO; A.nrows()];
    let out = MatMut::from_column_major_slice_mut(&mut y, A.nrows(), 1);
    gemm(out, None, A, column(x));
    Ok(y)
}

/// The Gram matrix XᵀX ~ (c, c), symmetric to the bit.
///
/// # Numerics
/// Half the work of a product: the lower triangle is summed over blocks of rows
/// in order, then mirrored. Its condition is the square of X's; to solve
/// a least-squares problem use [`lstsq`](crate::lstsq).
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, gram};
/// let X = Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(gram(X.as_mat()).as_slice(), [10.0, 14.0, 14.0, 20.0]);
/// ```
#[must_use]
pub fn gram<T: Scalar>(X: MatRef<'_, T>) -> Tensor<T> {
    let c = X.ncols();
    let mut G = Tensor::zeros(&[c, c]);
    T::gram_lower(G.as_mat_mut(), X);
    for i in 0..c {
        for j in i + 1..c {
            G[[i, j]] = G[[j, i]];
        }
    }
    G
}

/// Zᵢ = Xᵢ Yᵢ for every i: X ~ (n, a, b), Y ~ (n, b, c), Z ~ (n, a, c)
/// (notes §2.1.3).
///
/// # Errors
/// [`Error::WrongRank`] unless both have three axes, [`Error::ShapeMismatch`].
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, matmul_batched};
/// let X = Tensor::new(&[2, 1, 2], vec![1.0, 2.0, 3.0, 4.0])?;
/// let Y = Tensor::new(&[2, 2, 1], vec![1.0, 1.0, 0.0, 1.0])?;
/// assert_eq!(matmul_batched(&X, &Y)?.as_slice(), [3.0, 4.0]);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn matmul_batched<T: Scalar>(X: &Tensor<T>, Y: &Tensor<T>) -> Result<Tensor<T>> {
    let ([n, a, _], [_, _, c]) = (three_axes(X)?, three_axes(Y)?);
    let mut Z = Tensor::zeros(&[n, a, c]);
    matmul_batched_into(&mut Z, X, Y)?;
    Ok(Z)
}

/// The same into Z ~ (n, a, c), whatever it held; allocates as little as
/// [`matmul_into`].
///
/// # Errors
/// Those of [`matmul_batched`], also for another shape of Z.
pub fn matmul_batched_into<T: Scalar>(
    Z: &mut Tensor<T>,
    X: &Tensor<T>,
    Y: &Tensor<T>,
) -> Result<()> {
    let op = "matmul_batched";
    let ([n, a, b], [m, b2, c]) = (three_axes(X)?, three_axes(Y)?);
    if n != m || b != b2 {
        return Err(Error::ShapeMismatch {
            op,
            left: X.shape().to_vec(),
            right: Y.shape().to_vec(),
            rule: "the shapes must be (n, a, b) and (n, b, c)",
        });
    }
    if Z.shape() != [n, a, c] {
        return Err(Error::ShapeMismatch {
            op,
            left: Z.shape().to_vec(),
            right: vec![n, a, c],
            rule: "the output must have one product for each pair",
        });
    }
    for i in 0..n {
        let out = MatMut::from_row_major_slice_mut(Z.row_mut(i), a, c);
        let x = MatRef::from_row_major_slice(X.row(i), a, b);
        gemm(out, None, x, MatRef::from_row_major_slice(Y.row(i), b, c));
    }
    Ok(())
}

fn three_axes<T: Scalar>(Z: &Tensor<T>) -> Result<[usize; 3]> {
    Z.shape().try_into().map_err(|_| Error::WrongRank {
        op: "matmul_batched",
        expected: 3,
        shape: Z.shape().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "small integers: every result is exact")]

    use super::*;

    fn counted(n: usize, c: usize) -> Tensor {
        Tensor::from_fn(n, c, |i, j| ((i * 7 + j * 3) % 11) as f64 - 5.0)
    }

    #[test]
    fn notes_2_1_2_products_are_dots_of_rows_and_columns() {
        let (A, B) = (counted(5, 7), counted(7, 4));
        let C = matmul(A.as_mat(), B.as_mat()).unwrap();
        for i in 0..5 {
            for j in 0..4 {
                let dot: f64 = (0..7).map(|k| A[[i, k]] * B[[k, j]]).sum();
                assert_eq!(C[[i, j]], dot);
            }
        }
    }

    #[test]
    fn transposed_operands_are_views_and_products_accumulate() {
        let (A, B) = (counted(7, 5), counted(4, 7));
        let mut C = Tensor::full(&[5, 4], 100.0);
        let expected = matmul(A.transpose().as_mat(), B.transpose().as_mat()).unwrap();
        matmul_into(C.as_mat_mut(), true, A.as_mat().transpose(), B.as_mat().transpose()).unwrap();
        assert_eq!(C, expected.map(|x| x + 100.0));
        // Overwriting does not read what was there.
        C.as_mut_slice().fill(f64::NAN);
        matmul_into(C.as_mat_mut(), false, A.as_mat().transpose(), B.as_mat().transpose()).unwrap();
        assert_eq!(C, expected);
    }

    #[test]
    fn the_gram_matrix_is_the_product_at_every_blocking() {
        for n in [0, 1, 63, 64, 65, 511, 512, 513, 1100] {
            for c in [0, 1, 6, 43, 200] {
                let (X, turned) = (counted(n, c), counted(n, c).transpose());
                let expected = matmul(X.as_mat().transpose(), X.as_mat()).unwrap();
                assert_eq!(gram(X.as_mat()), expected);
                assert_eq!(gram(turned.as_mat().transpose()), expected);
                let single = Tensor::<f32>::from_fn(n, c, |i, j| X[[i, j]] as f32);
                let expected = Tensor::from_fn(c, c, |i, j| expected[[i, j]] as f32);
                assert_eq!(gram(single.as_mat()), expected);
            }
        }
    }

    #[test]
    fn notes_2_1_3_a_batch_is_one_product_after_another() {
        let X = Tensor::new(&[3, 2, 4], counted(6, 4).into_vec()).unwrap();
        let Y = Tensor::new(&[3, 4, 5], counted(12, 5).into_vec()).unwrap();
        let mut Z = Tensor::full(&[3, 2, 5], f64::NAN);
        matmul_batched_into(&mut Z, &X, &Y).unwrap();
        for i in 0..3 {
            let x = MatRef::from_row_major_slice(X.row(i), 2, 4);
            let y = MatRef::from_row_major_slice(Y.row(i), 4, 5);
            assert_eq!(Z.row(i), matmul(x, y).unwrap().as_slice());
        }
        assert_eq!(matmul_batched(&X, &Y).unwrap(), Z);
        let counted = allocation_counter::measure(|| matmul_batched_into(&mut Z, &X, &Y).unwrap());
        assert_eq!(counted.count_total, 0);
    }

    #[test]
    fn shapes_are_checked() {
        let A = counted(2, 3);
        assert!(matches!(matmul(A.as_mat(), A.as_mat()), Err(Error::ShapeMismatch { .. })));
        let mut C = Tensor::zeros(&[2, 3]);
        let bad = matmul_into(C.as_mat_mut(), false, A.as_mat(), A.as_mat().transpose());
        assert!(matches!(bad, Err(Error::ShapeMismatch { .. })));
        assert!(matches!(matvec(A.as_mat(), &[1.0]), Err(Error::ShapeMismatch { .. })));
        let X = Tensor::<f64>::zeros(&[2, 3, 4]);
        let Y = Tensor::zeros(&[2, 4, 5]);
        let bad = matmul_batched_into(&mut Tensor::zeros(&[2, 5, 3]), &X, &Y);
        assert!(matches!(bad, Err(Error::ShapeMismatch { .. })));
        assert!(matches!(matmul_batched(&X, &X), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(matmul_batched(&X, &A), Err(Error::WrongRank { expected: 3, .. })));
    }
}
