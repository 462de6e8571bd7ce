//! The two element types of tensors, `f32` and `f64`.
//!
//! The trait is sealed and carries, hidden, the calls into faer: they are
//! compiled here for both types, so that crates above never compile faer's
//! generic kernels again.

use std::cell::RefCell;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::ReborrowMut;
use faer::{Accum, ContiguousFwd, MatMut, MatRef, Par};

use crate::least_squares::{pack_rows, transpose_tile};
use crate::packed::{Product, Way};
use crate::simd::dispatch;
use crate::{Real, gram};

/// Element of a [`Tensor`](crate::Tensor): `f32` or `f64`.
pub trait Scalar:
    Real + faer::traits::RealField + serde::Serialize + serde::de::DeserializeOwned + sealed::Kernels
{
    /// Distance from 1 to the next larger number.
    const EPSILON: Self;
    /// Largest finite number.
    const MAX: Self;
    /// Smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;
}

pub(crate) mod sealed {
    use faer::{ContiguousFwd, MatMut, MatRef};

    use crate::packed::Way;

    /// The compiled calls into faer.
    pub trait Kernels: crate::kernels::Lane {
        /// C = A B, or C += α A B with `onto` = Some(α), in one of our ways or by faer.
        fn gemm_by(
            way: Option<Way>,
            C: MatMut<'_, Self>,
            onto: Option<Self>,
            A: MatRef<'_, Self>,
            B: MatRef<'_, Self>,
        );
        /// Eight rows written into columns `ld` apart, column j times `scales[j]`.
        fn transpose_tile(rows: [&[Self]; 8], scales: &[f64], out: &mut [f64], ld: usize);
        /// Columns of X written one behind the other, `ld` apart, elements
        /// widened and multiplied by `scales`.
        fn pack_rows(
            X: MatRef<'_, Self, usize, usize, ContiguousFwd>,
            scales: &[f64],
            out: &mut [f64],
            ld: usize,
        );
        /// The lower triangle of `dst += XᵀX`; the rest is left alone.
        fn gram_lower(dst: MatMut<'_, Self>, X: MatRef<'_, Self>);
    }
}

/// The lower triangle of `dst += XᵀX` by what is faster for so many columns.
fn add_any(dst: MatMut<'_, f64>, X: MatRef<'_, f64>) {
    if gram::pays(X.ncols()) { gram::add_packed(dst, X) } else { add_by_faer(dst, X) }
}

/// The same by faer, a product of blocks of rows.
fn add_by_faer<T: Scalar>(mut dst: MatMut<'_, T>, X: MatRef<'_, T>) {
    const ROWS: usize = 512;
    for start in (0..X.nrows()).step_by(ROWS) {
        let X = X.subrows(start, ROWS.min(X.nrows() - start));
        triangular::matmul(
            dst.rb_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            X.transpose(),
            BlockStructure::Rectangular,
            X,
            BlockStructure::Rectangular,
            T::ONE,
            Par::Seq,
        );
    }
}

macro_rules! impl_scalar {
    ($t:ident, $gram:expr) => {
        impl Scalar for $t {
            const EPSILON: Self = $t::EPSILON;
            const MAX: Self = $t::MAX;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const INFINITY: Self = $t::INFINITY;
            const NAN: Self = $t::NAN;
        }
        impl sealed::Kernels for $t {
            fn gemm_by(
                way: Option<Way>,
                C: MatMut<'_, $t>,
                onto: Option<$t>,
                A: MatRef<'_, $t>,
                B: MatRef<'_, $t>,
            ) {
                thread_local! {
                    static SCRATCH: RefCell<Vec<$t>> = const { RefCell::new(Vec::new()) };
                }
                if let Some(way) = way {
                    return SCRATCH.with_borrow_mut(|scratch| {
                        pulp::Arch::new().dispatch(Product { way, C, onto, A, B, scratch });
                    });
                }
                let accum = if onto.is_some() { Accum::Add } else { Accum::Replace };
                matmul(C, accum, A, B, onto.unwrap_or(1.0), Par::Seq);
            }
            fn transpose_tile(rows: [&[$t]; 8], scales: &[f64], out: &mut [f64], ld: usize) {
                dispatch!(transpose_tile(
                    rows: [&'a [$t]; 8],
                    scales: &'a [f64],
                    out: &'a mut [f64],
                    ld: usize,
                ) -> ());
            }
            fn pack_rows(
                X: MatRef<'_, $t, usize, usize, ContiguousFwd>,
                scales: &[f64],
                out: &mut [f64],
                ld: usize,
            ) {
                dispatch!(pack_rows(
                    X: MatRef<'a, $t, usize, usize, ContiguousFwd>,
                    scales: &'a [f64],
                    out: &'a mut [f64],
                    ld: usize,
                ) -> ());
            }
            fn gram_lower(dst: MatMut<'_, $t>, X: MatRef<'_, $t>) {
                $gram(dst, X);
            }
        }
    };
}
impl_scalar!(f32, add_by_faer::<f32>);
impl_scalar!(f64, add_any);
