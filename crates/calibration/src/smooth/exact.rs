//! ∫|f| for a sum f of few folded Gaussians: find the sign changes of f, and
//! take differences of its antiderivative between them.
//!
//! Narrow kernels are summed in space, with the mirror images at 0 and 1;
//! wide ones as cosine series, where the folding is built in.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use wonderland_linalg::Real;

/// From this bandwidth on, 56 cosine terms reach e⁻³⁷.
const WIDE: f64 = 0.05;
const TERMS: usize = 56;
/// A Gaussian is below 10⁻¹⁷ of its peak beyond nine standard deviations.
const REACH: f64 = 9.0;
/// Nodes per bandwidth between which f is taken to change sign once at most.
const NODES: f64 = 8.0;

pub(super) struct ExactSmoother {
    p: Vec<f64>,
    r: Vec<f64>,
    /// Σ r cos(πkp) for k < TERMS.
    cosines: Vec<f64>,
}

impl ExactSmoother {
    pub(super) fn new(p: Vec<f64>, r: Vec<f64>) -> Self {
        let cosine = |k: usize| p.iter().zip(&r).map(|(p, r)| r * (PI * k as f64 * p).cos()).sum();
        let cosines = (0..TERMS).map(cosine).collect();
        Self { p, r, cosines }
    }

    /// s(σ).
    pub(super) fn integral(&self, sigma: f64) -> f64 {
        if sigma >= WIDE {
            let wave = Wave::new(&self.cosines, sigma);
            let n = (4.0 * NODES / WIDE) as usize;
            total_variation(&wave, (0..=n).map(|i| i as f64 / n as f64))
        } else {
            let bumps = Bumps::new(&self.p, &self.r, sigma);
            total_variation(&bumps, self.nodes(sigma).into_iter())
        }
    }

    /// Nodes on [0, 1]: dense within reach of a point, none where f is zero.
    fn nodes(&self, sigma: f64) -> Vec<f64> {
        let step = sigma / NODES;
        let (reach, mut nodes) = (REACH * sigma, vec![0.0]);
        for (j, &p) in self.p.iter().enumerate() {
            let left = if j == 0 { 0.0 } else { 0.5 * (self.p[j - 1] + p) };
            let right = self.p.get(j + 1).map_or(1.0, |next| 0.5 * (p + next));
            let (from, to) = (left.max(p - reach), right.min(p + reach));
            let pieces = ((to - from) / step).ceil().max(1.0);
            for i in 0..=pieces as usize {
                nodes.push(from + (to - from) * (i as f64 / pieces));
            }
            // The point itself: crowded points lie closer than a step.
            nodes.push(p);
        }
        nodes.push(1.0);
        nodes.sort_unstable_by(f64::total_cmp);
        nodes.dedup();
        nodes
    }
}

/// A function with its antiderivative.
trait Smooth {
    fn value(&self, t: f64) -> f64;
    fn antiderivative(&self, t: f64) -> f64;
}

/// ∫|f| over the span of the nodes.
fn total_variation(f: &impl Smooth, nodes: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut sign) = (0.0, 0.0);
    let (mut from, mut last_t, mut last_f) = (None, 0.0, 0.0);
    for t in nodes {
        let value = f.value(t);
        let start = *from.get_or_insert_with(|| f.antiderivative(t));
        if value != 0.0 {
            if sign * value < 0.0 {
                let root = f.antiderivative(root(f, last_t, last_f, t, value));
                total += (root - start).abs();
                from = Some(root);
            }
            sign = value.signum();
            (last_t, last_f) = (t, value);
        }
    }
    total + (f.antiderivative(1.0) - from.unwrap_or(0.0)).abs()
}

/// The zero between a and b, by regula falsi with the Illinois rule. An error
/// e of the root costs only f′e² of area.
fn root(f: &impl Smooth, mut a: f64, mut fa: f64, mut b: f64, mut fb: f64) -> f64 {
    let width = 1e-9 * (b - a);
    for _ in 0..60 {
        if b - a <= width {
            break;
        }
        let t = a + (b - a) * fa / (fa - fb);
        // Rounded onto an end, as when f is zero there but for rounding.
        if t <= a {
            return a;
        }
        if t >= b {
            return b;
        }
        let ft = f.value(t);
        if ft == 0.0 {
            return t;
        }
        if (ft > 0.0) == (fa > 0.0) {
            (a, fa) = (t, ft);
            fb *= 0.5;
        } else {
            (b, fb) = (t, ft);
            fa *= 0.5;
        }
    }
    0.5 * (a + b)
}

/// Σ r K_σ in space, mirror images included.
struct Bumps {
    /// Points and images, increasing, with their residuals.
    points: Vec<(f64, f64)>,
    /// Σ of the residuals before each point.
    before: Vec<f64>,
    sigma: f64,
}

impl Bumps {
    fn new(p: &[f64], r: &[f64], sigma: f64) -> Self {
        let reach = REACH * sigma;
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(p.len());
        for (&p, &r) in p.iter().zip(r) {
            points.push((p, r));
            if p < reach {
                points.push((-p, r));
            }
            if 1.0 - p < reach {
                points.push((2.0 - p, r));
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut before = vec![0.0];
        for (j, point) in points.iter().enumerate() {
            before.push(before[j] + point.1);
        }
        Self { points, before, sigma }
    }

    /// The points within reach of t.
    fn near(&self, t: f64) -> std::ops::Range<usize> {
        let reach = REACH * self.sigma;
        let from = self.points.partition_point(|x| x.0 < t - reach);
        let to = from + self.points[from..].partition_point(|x| x.0 <= t + reach);
        from..to
    }
}

impl Smooth for Bumps {
    fn value(&self, t: f64) -> f64 {
        let scale = 1.0 / (self.sigma * (2.0 * PI).sqrt());
        let near = &self.points[self.near(t)];
        scale
            * near
                .iter()
                .map(|&(p, r)| {
                    let x = (t - p) / self.sigma;
                    r * (-0.5 * x * x).exp()
                })
                .sum::<f64>()
    }

    fn antiderivative(&self, t: f64) -> f64 {
        let near = self.near(t);
        let scale = FRAC_1_SQRT_2 / self.sigma;
        let tails: f64 = self.points[near.clone()]
            .iter()
            .map(|&(p, r)| 0.5 * r * (1.0 + Real::erf((t - p) * scale)))
            .sum();
        self.before[near.start] + tails
    }
}

/// Σ r K_σ as a cosine series.
struct Wave {
    coefficients: Vec<f64>,
}

impl Wave {
    fn new(cosines: &[f64], sigma: f64) -> Self {
        let damped = |(k, &c): (usize, &f64)| {
            let x = PI * k as f64 * sigma;
            (if k == 0 { 1.0 } else { 2.0 }) * c * (-0.5 * x * x).exp()
        };
        Self { coefficients: cosines.iter().enumerate().map(damped).collect() }
    }

    fn sum(&self, term: impl Fn(f64, f64) -> f64) -> f64 {
        self.coefficients.iter().enumerate().skip(1).map(|(k, &a)| term(a, PI * k as f64)).sum()
    }
}

impl Smooth for Wave {
    fn value(&self, t: f64) -> f64 {
        self.coefficients[0] + self.sum(|a, w| a * (w * t).cos())
    }

    fn antiderivative(&self, t: f64) -> f64 {
        self.coefficients[0] * t + self.sum(|a, w| a / w * (w * t).sin())
    }
}
