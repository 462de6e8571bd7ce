//! Calls a plain loop compiled for the widest vectors the machine has.
//!
//! pulp picks the instruction set at run time. What it compiles for that set
//! is what is inlined into `with_simd`: a named `#[inline(always)]` kernel is,
//! a closure need not be, and then runs scalar, fused multiply-adds by a
//! library call and all. Hence the struct that this macro writes; by hand,
//! `dispatch!(f(x: &'a [f64]) -> f64)` would be
//!
//! ```text
//! struct Call<'a> { x: &'a [f64] }
//! impl<'a> pulp::WithSimd for Call<'a> {
//!     type Output = f64;
//!     #[inline(always)]
//!     fn with_simd<S: pulp::Simd>(self, _: S) -> f64 { f(self.x) }
//! }
//! pulp::Arch::new().dispatch(Call { x })
//! ```

macro_rules! dispatch {
    ($kernel:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty) => {{
        struct Call<'a> {
            $($arg: $ty,)*
            _borrow: std::marker::PhantomData<&'a ()>,
        }
        impl<'a> pulp::WithSimd for Call<'a> {
            type Output = $ret;
            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, _simd: S) -> $ret {
                $kernel($(self.$arg),*)
            }
        }
        pulp::Arch::new().dispatch(Call { $($arg,)* _borrow: std::marker::PhantomData })
    }};
}
pub(crate) use dispatch;

/// `f64`s in the widest vectors of this processor, at least four.
pub(crate) fn vector_lanes() -> usize {
    struct Lanes;
    impl pulp::WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
            S::F64_LANES
        }
    }
    pulp::Arch::new().dispatch(Lanes).max(4)
}
