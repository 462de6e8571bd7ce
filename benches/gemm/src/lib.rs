//! A safe door to the products of the `gemm` crate, so that benchmarks can set
//! ours beside them.
//!
//! Its one function takes raw pointers and is not safe to call; every package of
//! the workspace forbids that. This one stands outside, only the benchmarks use
//! it, and its one block of unsafe code rests on lengths checked before it.

#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

use gemm::Parallelism;

/// Types of which `gemm` has vector code.
pub trait Element: Copy + 'static + sealed::Sealed {
    /// Zero and one.
    const UNITS: (Self, Self);
}

impl Element for f32 {
    const UNITS: (f32, f32) = (0.0, 1.0);
}

impl Element for f64 {
    const UNITS: (f64, f64) = (0.0, 1.0);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A matrix that lies row by row, or with `turned` column by column.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a, T> {
    /// Rows times columns of them.
    pub numbers: &'a [T],
    /// Rows as it is multiplied.
    pub rows: usize,
    /// Columns as it is multiplied.
    pub columns: usize,
    /// Whether it lies in memory as its transpose.
    pub turned: bool,
}

impl<T> Operand<'_, T> {
    /// Elements from one column to the next, and from one row to the next.
    fn strides(&self) -> (isize, isize) {
        let (columns, rows) = if self.turned { (self.rows, 1) } else { (1, self.columns) };
        (columns.cast_signed(), rows.cast_signed())
    }
}

/// C = A B on one thread, C row by row.
///
/// # Panics
/// When the sizes do not fit each other or the slices.
pub fn multiply<T: Element>(C: &mut [T], A: Operand<'_, T>, B: Operand<'_, T>) {
    let (n, k, m) = (A.rows, A.columns, B.columns);
    assert_eq!(k, B.rows, "columns of A must equal rows of B");
    assert_eq!(Some(A.numbers.len()), n.checked_mul(k), "A has another number of elements");
    assert_eq!(Some(B.numbers.len()), k.checked_mul(m), "B has another number of elements");
    assert_eq!(Some(C.len()), n.checked_mul(m), "C has another number of elements");
    let ((A_columns, A_rows), (B_columns, B_rows)) = (A.strides(), B.strides());
    let (zero, one) = T::UNITS;
    // SAFETY: every place that is reached from a pointer by fewer steps than
    // there are rows and columns lies in its slice, by the lengths above and
    // the strides of a matrix without gaps; `C` is borrowed alone, so it lies in
    // neither of the others.
    unsafe {
        gemm::gemm(
            n,
            m,
            k,
            C.as_mut_ptr(),
            1,
            m.cast_signed(),
            false,
            A.numbers.as_ptr(),
            A_columns,
            A_rows,
            B.numbers.as_ptr(),
            B_columns,
            B_rows,
            zero,
            one,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
