//! Matrix products (notes §2.1.2), transposed operands as views.

use faer::{MatMut, MatRef};

use crate::{Error, Result, Scalar, Tensor};

/// C = A B for A ~ (n, k), B ~ (k, m); a transposed operand is `a.transpose()`.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the inner dimensions differ.
pub fn matmul<T: Scalar>(A: MatRef<'_, T>, B: MatRef<'_, T>) -> Result<Tensor<T>> {
    let mut C = Tensor::zeros(&[A.nrows(), B.ncols()]);
    matmul_into(C.as_mat_mut(), false, A, B)?;
    Ok(C)
}

/// C = A B, or C += A B with `add`; does not allocate.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the shapes do not fit.
pub fn matmul_into<T: Scalar>(
    C: MatMut<'_, T>,
    add: bool,
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
    T::gemm(C, add, A, B);
    Ok(())
}
