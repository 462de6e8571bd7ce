//! Products by the threads of a team.
//!
//! The one idea: the result is halved along its longer side until the parts are
//! no larger than worth a fork. Every part is a product of its own, of whole
//! rows by whole columns, so that no entry is summed in another way than by one
//! thread, and each thread packs what only it reads.

use faer::{MatMut, MatRef};

use crate::packed::{self, Way};
use crate::product::{check_product, into_rows};
use crate::{Result, Scalar, Team};

/// Multiply-adds of a product from which on a second thread pays: about 10 µs of
/// one thread, of which a fork takes 1.
const WORTH_SHARING: usize = 1 << 19;
/// Multiply-adds of a part; smaller parts are packed too often.
const PART: usize = 1 << 22;
/// Most parts: 2 to this power.
const HALVINGS: u32 = 3;
/// Inner dimension up to which all kernels for larger products find an entry as one
/// sum in one order, and multiply-adds up to which faer has others.
const ONE_SUM: usize = 512;
const SMALL: usize = 1 << 12;
/// Least rows or columns of a part.
const NARROWEST: usize = 32;

/// Whether [`matmul_shared`] gives several threads some of the n m k multiply-adds.
#[must_use]
pub fn is_worth_sharing(n: usize, k: usize, m: usize) -> bool {
    n.max(m) >= 2 * NARROWEST && n.saturating_mul(k).saturating_mul(m) >= WORTH_SHARING
}

/// Whether [`matmul_shared`] adds α A B ~ (n, m) to C with the bits that writing the
/// product of inner dimension k, multiplying by α and adding would give.
#[must_use]
pub fn adds_same_bits(n: usize, k: usize, m: usize) -> bool {
    n.min(m) >= 2 && (2..=ONE_SUM).contains(&k) && n.saturating_mul(k).saturating_mul(m) > SMALL
}

/// C = A B, as [`matmul_into`](crate::matmul_into), or C += α A B with `onto` = Some(α),
/// by the threads of a team.
///
/// # Numerics
/// The bits do not depend on the number of threads; see [`adds_same_bits`] for
/// those of a product that is added.
///
/// # Errors
/// As [`matmul_into`](crate::matmul_into).
///
/// # Examples
/// ```
/// use wonderland_linalg::{Tensor, Threads, matmul, matmul_shared};
/// let (A, B) = (Tensor::full(&[200, 300], 0.1), Tensor::full(&[300, 100], 0.3));
/// let mut C = Tensor::zeros(&[200, 100]);
/// let (a, b) = (A.as_mat(), B.as_mat());
/// Threads::new(2)?.run(|team| matmul_shared(team, C.as_mat_mut(), None, a, b))?;
/// assert_eq!(C, matmul(a, b)?);
/// # Ok::<(), wonderland_linalg::Error>(())
/// ```
pub fn matmul_shared<T: Scalar>(
    team: Team,
    C: MatMut<'_, T>,
    onto: Option<T>,
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
) -> Result<()> {
    check_product(C.as_ref(), A, B)?;
    let (C, A, B) = into_rows(C, A, B);
    let (n, k, m) = (A.nrows(), A.ncols(), B.ncols());
    let shared = !team.is_alone() && is_worth_sharing(n, k, m);
    let halvings = if shared { (n * k * m / PART).max(2).ilog2().min(HALVINGS) } else { 0 };
    let way = packed::best(onto, A, B);
    halves(team, halvings, way, C, onto, A, B);
    Ok(())
}

/// In the way of the whole product, whatever would be best for a part.
fn halves<T: Scalar>(
    team: Team,
    halvings: u32,
    way: Option<Way>,
    C: MatMut<'_, T>,
    onto: Option<T>,
    A: MatRef<'_, T>,
    B: MatRef<'_, T>,
) {
    let by_rows = C.nrows() > C.ncols();
    let longer = C.nrows().max(C.ncols());
    // The first half is the larger.
    let half = (longer / 2).next_multiple_of(NARROWEST);
    if halvings == 0 || longer < half + NARROWEST {
        return T::gemm_by(way, C, onto, A, B);
    }
    let ((first, last), (first_A, last_A), (first_B, last_B)) = if by_rows {
        (C.split_at_row_mut(half), A.split_at_row(half), (B, B))
    } else {
        (C.split_at_col_mut(half), (A, A), B.split_at_col(half))
    };
    team.join(
        || halves(team, halvings - 1, way, first, onto, first_A, first_B),
        || halves(team, halvings - 1, way, last, onto, last_A, last_B),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, Threads, matmul};

    fn wavy<T: Scalar>(n: usize, c: usize) -> Tensor<T> {
        Tensor::from_fn(n, c, |i, j| T::from_f64((1.0 + (i * 7 + j * 13) as f64).sin()))
    }

    /// C by one thread and by several, whichever operand is transposed.
    fn check<T: Scalar>(n: usize, k: usize, m: usize) {
        let (A, B): (Tensor<T>, Tensor<T>) = (wavy(n, k), wavy(k, m));
        let (At, Bt) = (A.transpose(), B.transpose());
        for (A, B) in [
            (A.as_mat(), B.as_mat()),
            (At.as_mat().transpose(), B.as_mat()),
            (A.as_mat(), Bt.as_mat().transpose()),
        ] {
            for onto in [None, Some(T::ONE), Some(T::from_f64(-0.1))] {
                let mut expected = Tensor::full(&[n, m], T::ONE);
                matmul_shared(Team::alone(), expected.as_mat_mut(), onto, A, B).unwrap();
                for count in [1, 2, 3, 8] {
                    let mut C = Tensor::full(&[n, m], T::ONE);
                    let threads = Threads::new(count).unwrap();
                    threads.run(|t| matmul_shared(t, C.as_mat_mut(), onto, A, B)).unwrap();
                    assert_eq!(C, expected, "{n} x {k} x {m} by {count} threads");
                }
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_bits_of_one() {
        check::<f32>(128, 784, 256);
        check::<f64>(784, 128, 100);
        check::<f32>(512, 128, 10);
        check::<f64>(97, 600, 131);
        // The kernel for large matrices, and sizes at which a part of them is not
        // large any more.
        check::<f32>(512, 600, 520);
        check::<f64>(260, 700, 250);
        check::<f32>(1100, 520, 64);
        check::<f32>(600, 784, 300);
        check::<f32>(1200, 600, 10);
        check::<f64>(9000, 64, 1);
        check::<f64>(300, 600, 16);
        // Columns where they lie, also where a part would have too few rows for it, or
        // a part of what is copied could lie.
        check::<f32>(150, 600, 48);
        check::<f32>(64, 600, 128);
        check::<f32>(180, 600, 256);
        check::<f64>(200, 700, 64);
    }

    /// C + α A B by one call and in three steps, whichever operand is transposed.
    fn check_onto<T: Scalar>(n: usize, k: usize, m: usize) {
        let (A, B): (Tensor<T>, Tensor<T>) = (wavy(n, k), wavy(k, m));
        let (At, Bt) = (A.transpose(), B.transpose());
        let (a, b) = ([A.as_mat(), At.as_mat().transpose()], [B.as_mat(), Bt.as_mat().transpose()]);
        for (A, B) in [(a[0], b[0]), (a[0], b[1]), (a[1], b[0]), (a[1], b[1])] {
            let (old, product): (Tensor<T>, _) = (wavy(n, m), matmul(A, B).unwrap());
            for alpha in [1.0, -1.0, -0.1, 3.7].map(T::from_f64) {
                let mut C = old.clone();
                matmul_shared(Team::alone(), C.as_mat_mut(), Some(alpha), A, B).unwrap();
                let expected = Tensor::from_fn(n, m, |i, j| old[[i, j]] + alpha * product[[i, j]]);
                assert_eq!(C, expected, "{n} x {k} x {m} times {alpha}");
            }
        }
    }

    #[test]
    fn a_product_added_has_the_bits_of_a_product_and_a_sum() {
        for n in [2, 3, 5, 8, 17, 40, 100] {
            for m in [2, 3, 8, 10, 16, 33, 100] {
                for k in [2, 3, 4, 7, 16, 33, 64, 100, 256, 511, 512] {
                    if adds_same_bits(n, k, m) {
                        check_onto::<f32>(n, k, m);
                        check_onto::<f64>(n, k, m);
                    }
                }
            }
        }
        check_onto::<f32>(784, 32, 256);
        check_onto::<f32>(300, 512, 300);
        check_onto::<f64>(700, 512, 530);
        check_onto::<f64>(64, 300, 1600);
        assert!(!adds_same_bits(100, 1, 100) && !adds_same_bits(600, 513, 600));
    }

    #[test]
    fn shapes_are_checked() {
        let A = wavy::<f64>(100, 100);
        let mut C = Tensor::zeros(&[100, 99]);
        let bad = matmul_shared(Team::alone(), C.as_mat_mut(), None, A.as_mat(), A.as_mat());
        assert!(bad.is_err());
    }
}
