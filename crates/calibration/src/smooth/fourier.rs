//! ∫|f| for many Gaussians: residuals on a grid, cosine coefficients once by
//! FFT, then every bandwidth is a damping of the spectrum and one FFT back.

use std::f64::consts::PI;

use super::transform::{Signal, Transform};
use crate::Forecasts;

pub(super) struct FourierSmoother {
    cells: usize,
    /// Σ r cos(πkp).
    cosines: Vec<f64>,
    /// Σ |r| and |Σ r|.
    total: f64,
    signed: f64,
    /// Of lengths up to 2·cells.
    transform: Transform,
}

const SMALLEST: usize = 256;

impl FourierSmoother {
    pub(super) fn new(f: &Forecasts<'_>, cells: usize) -> Self {
        let (grid, weight) = deposit(f, cells);
        let transform = Transform::new(2 * cells);
        // The even extension turns the transform into one of cosines.
        let mut even = Signal::zeros(2 * cells);
        for (j, &g) in grid.iter().enumerate() {
            let g = g / weight;
            if j == 0 || j == cells {
                even.re[j] += g;
            } else {
                even.re[j] += 0.5 * g;
                even.re[2 * cells - j] += 0.5 * g;
            }
        }
        transform.apply(&mut even);
        let (mut total, mut signed) = (0.0, 0.0);
        for (p, y, w) in f.iter() {
            let r = w * (f64::from(u8::from(y)) - p);
            total += r.abs();
            signed += r;
        }
        even.re.truncate(cells);
        Self {
            cells,
            cosines: even.re,
            total: total / weight,
            signed: (signed / weight).abs(),
            transform,
        }
    }

    pub(super) fn total(&self) -> f64 {
        self.total
    }

    pub(super) fn signed(&self) -> f64 {
        self.signed
    }

    /// s(σ) and a bound on its error.
    pub(super) fn integral(&self, sigma: f64) -> (f64, f64) {
        // 64 nodes per bandwidth; terms beyond πkσ = 8.6 are below e⁻³⁷.
        let n = ((64.0 / sigma) as usize).next_power_of_two().clamp(SMALLEST, self.cells);
        let h = 1.0 / n as f64;
        let terms = ((8.6 / (PI * sigma)) as usize + 1).min(n - 1);
        // One transform gives f (real part) and its antiderivative without the
        // linear term (imaginary part).
        let mut nodes = Signal::zeros(2 * n);
        nodes.re[0] = self.cosines[0];
        let (mut second, mut third) = (0.0, 0.0);
        for k in 1..=terms {
            let w = PI * k as f64;
            let a = 2.0 * self.cosines[k] * (-0.5 * (w * sigma) * (w * sigma)).exp();
            second += a.abs() * w * w;
            third += a.abs() * w * w * w;
            let b = a / w;
            nodes.re[k] = 0.5 * (a + b);
            nodes.re[2 * n - k] = 0.5 * (a - b);
        }
        self.transform.apply(&mut nodes);

        let mean = self.cosines[0];
        let (mut s, mut roots, mut grazing) = (0.0, 0_usize, 0_usize);
        for j in 0..n {
            let (a, b) = (nodes.re[j], nodes.re[j + 1]);
            let rise = nodes.im[j + 1] - nodes.im[j] + mean * h;
            if a * b < 0.0 {
                let part = turning(a, b, rise, h);
                s += part.abs() + (rise - part).abs();
                roots += 1;
            } else {
                s += rise.abs();
                grazing += usize::from(a.abs().min(b.abs()) <= 0.125 * h * h * second);
            }
        }
        // Cubic spreading: h⁴ max|θ(1−θ)(1+θ)(2−θ)|/24 ‖K⁗‖₁ = 0.0657 (h/σ)⁴;
        // Hermite in a cell with a root: h⁴/384 · |f‴|, counted twice; a pair
        // of roots overlooked in a grazing cell: h³/4 · |f″|.
        let spread = 0.0657 * (1.0 / (self.cells as f64 * sigma)).powi(4) * self.total;
        let hermite = roots as f64 * h.powi(4) / 192.0 * third;
        let overlooked = grazing as f64 * h.powi(3) / 4.0 * second;
        (s, spread + hermite + overlooked + 1e-12)
    }
}

/// The rise of the antiderivative from the left end of a cell to the zero of
/// f inside, on the cubic that matches f and the rise at both ends.
fn turning(a: f64, b: f64, rise: f64, h: f64) -> f64 {
    let slope = rise / h;
    // f(x) = a + c x + d x² for x in [0, 1].
    let c = 6.0 * slope - 4.0 * a - 2.0 * b;
    let d = 3.0 * (a + b) - 6.0 * slope;
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = a / (a - b);
    for _ in 0..60 {
        let value = a + x * (c + x * d);
        if (value > 0.0) == (a > 0.0) {
            low = x
        } else {
            high = x
        }
        let newton = x - value / (c + 2.0 * d * x);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-14 {
            break;
        }
        x = next;
    }
    h * x * (a + x * (0.5 * c + x * d / 3.0))
}

/// Spreads w (y − p) over the four grid points around p by cubic (Lagrange)
/// weights, folded at the ends, and sums the weights.
fn deposit(f: &Forecasts<'_>, cells: usize) -> (Vec<f64>, f64) {
    // Two points of margin on either side, folded back afterwards.
    const MARGIN: usize = 2;
    let mut wide = vec![0.0; cells + 1 + 2 * MARGIN];
    let mut weight = 0.0;
    let mut add = |p: f64, y: bool, w: f64| {
        let x = p * cells as f64;
        let j = (x as usize).min(cells - 1);
        let t = x - j as f64;
        let r = w * (if y { 1.0 - p } else { -p });
        let (t1, t2, t3) = (t + 1.0, t - 1.0, t - 2.0);
        let at = &mut wide[j + MARGIN - 1..j + MARGIN + 3];
        at[0] -= r * t * t2 * t3 * (1.0 / 6.0);
        at[1] += r * t1 * t2 * t3 * 0.5;
        at[2] -= r * t1 * t * t3 * 0.5;
        at[3] += r * t1 * t * t2 * (1.0 / 6.0);
    };
    match f.weights() {
        None => {
            f.p().iter().zip(f.y()).for_each(|(&p, &y)| add(p, y, 1.0));
            weight += f.len() as f64;
        }
        Some(_) => f.iter().for_each(|(p, y, w)| {
            add(p, y, w);
            weight += w;
        }),
    }
    let mut grid = wide[MARGIN..=MARGIN + cells].to_vec();
    for m in 1..=MARGIN {
        grid[m] += wide[MARGIN - m];
        grid[cells - m] += wide[MARGIN + cells + m];
    }
    (grid, weight)
}
