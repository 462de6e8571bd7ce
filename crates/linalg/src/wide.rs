//! Loops of other crates, compiled for the widest vectors the machine has.

use pulp::{Arch, Simd, WithSimd};

/// A piece of work whose loops are worth wide vectors.
///
/// What [`run`](Wide::run) calls is compiled for them only if it is inlined, so it
/// and the loops it calls are marked `#[inline(always)]`. Sums and products are
/// rounded one by one whatever the width, so that the bits do not depend on it.
pub trait Wide {
    /// What it gives.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

struct Work<W>(W);

impl<W: Wide> WithSimd for Work<W> {
    type Output = W::Output;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> W::Output {
        self.0.run()
    }
}

/// Does the work with the widest vectors of this processor.
#[inline]
pub fn wide<W: Wide>(work: W) -> W::Output {
    Arch::new().dispatch(Work(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dot<'a>(&'a [f64], &'a [f64], &'a mut [f64]);

    impl Wide for Dot<'_> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            let Self(x, y, products) = self;
            products.iter_mut().zip(x.iter().zip(y)).for_each(|(p, (x, y))| *p = x * y);
            products.iter().fold(0.0, |sum, p| sum + p)
        }
    }

    #[test]
    fn wide_vectors_have_the_bits_of_narrow_ones() {
        let x: Vec<f64> = (0..37).map(|i| f64::from(i).sin()).collect();
        let y: Vec<f64> = (0..37).map(|i| f64::from(i).cos()).collect();
        let (mut found, mut expected) = (vec![0.0; 37], vec![0.0; 37]);
        let sum = wide(Dot(&x, &y, &mut found));
        assert_eq!(sum.to_bits(), Dot(&x, &y, &mut expected).run().to_bits());
        assert_eq!(found, expected);
    }
}
