//! The discrete Fourier transform of a power of two, Σ xⱼ e^(+2πi jk/n).
//!
//! Stockham's form: no bit reversal, and every pass runs over contiguous
//! numbers. One size and one direction are all the cosine transforms of this
//! folder need, so a library of transforms would mostly be waited for.

use std::f64::consts::TAU;

/// Sines and cosines for lengths up to one power of two.
pub(super) struct Transform {
    length: usize,
    /// (cos, sin) of 2πk/length for k < length/2, each to the last digit.
    turns: Vec<(f64, f64)>,
}

/// Complex numbers, real and imaginary parts apart.
pub(super) struct Signal {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
}

impl Signal {
    pub(super) fn zeros(n: usize) -> Self {
        Self { re: vec![0.0; n], im: vec![0.0; n] }
    }
}

impl Transform {
    /// For lengths up to `length`, a power of two.
    pub(super) fn new(length: usize) -> Self {
        debug_assert!(length.is_power_of_two());
        let turn = |k: usize| {
            let (sin, cos) = (TAU * (k as f64 / length as f64)).sin_cos();
            (cos, sin)
        };
        Self { length, turns: (0..length / 2).map(turn).collect() }
    }

    /// Transforms a signal whose length is a power of two.
    pub(super) fn apply(&self, x: &mut Signal) {
        let n = x.re.len();
        debug_assert!(n.is_power_of_two() && n <= self.length && x.im.len() == n);
        let mut y = Signal::zeros(n);
        let (mut half, mut stride) = (n / 2, 1);
        while half > 0 {
            // Element q of transform j stands at q + stride · j.
            let step = self.length / (2 * half);
            for j in 0..half {
                let turn = self.turns[j * step];
                let (a, b) = (stride * j, stride * (j + half));
                let parts = (&x.re[a..a + stride], &x.im[a..a + stride]);
                let others = (&x.re[b..b + stride], &x.im[b..b + stride]);
                let to = 2 * stride * j..2 * stride * (j + 1);
                butterflies(turn, parts, others, &mut y.re[to.clone()], &mut y.im[to]);
            }
            std::mem::swap(x, &mut y);
            (half, stride) = (half / 2, 2 * stride);
        }
    }
}

/// a + b to the first half of the places, (a − b) · turn to the second.
#[inline]
fn butterflies(
    (cos, sin): (f64, f64),
    (a_re, a_im): (&[f64], &[f64]),
    (b_re, b_im): (&[f64], &[f64]),
    re: &mut [f64],
    im: &mut [f64],
) {
    let stride = a_re.len();
    let ((re, turned_re), (im, turned_im)) = (re.split_at_mut(stride), im.split_at_mut(stride));
    for q in 0..stride {
        re[q] = a_re[q] + b_re[q];
        im[q] = a_im[q] + b_im[q];
        let (d_re, d_im) = (a_re[q] - b_re[q], a_im[q] - b_im[q]);
        turned_re[q] = d_re * cos - d_im * sin;
        turned_im[q] = d_re * sin + d_im * cos;
    }
}

#[cfg(test)]
mod tests {
    use rustfft::FftPlanner;
    use rustfft::num_complex::Complex;

    use super::{Signal, Transform};

    #[test]
    fn agrees_with_another_implementation() {
        let transform = Transform::new(8192);
        for n in [1_usize, 2, 8, 64, 8192] {
            let given: Vec<Complex<f64>> = (0..n)
                .map(|j| Complex::new((1.1 * j as f64).sin(), (0.7 * j as f64).cos()))
                .collect();
            let mut x = Signal {
                re: given.iter().map(|z| z.re).collect(),
                im: given.iter().map(|z| z.im).collect(),
            };
            transform.apply(&mut x);
            let mut theirs = given;
            FftPlanner::new().plan_fft_inverse(n).process(&mut theirs);
            // Each of log₂ n passes rounds values up to √n · √n.
            let tol = 4.0 * f64::EPSILON * n as f64 * (1.0 + (n as f64).log2());
            for (k, z) in theirs.iter().enumerate() {
                assert!((x.re[k] - z.re).abs() <= tol && (x.im[k] - z.im).abs() <= tol, "{n}: {k}");
            }
        }
    }
}
