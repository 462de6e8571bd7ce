//! A million samples through each anchor of calibration: confidence ECE
//! (`ece-N`), smooth ECE (`smooth-ece-N`), temperature (`temperature-N`),
//! isotonic regression of sorted samples (`pav-N`), Venn–Abers with as many
//! queries (`venn-abers-N`), APS and LAC sets (`aps-N`, `lac-N`), ten classes
//! where there are classes.
//!
//! The truths beside the data come from slow, obvious formulas, not from the
//! library.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wonderland_benches::uniform;
use wonderland_calibration::{
    Alpha, Bins, ClassForecasts, ClassScore, ConformalClassification, ConformalClassifier,
    Forecasts, Logits, PredictionSets, Probabilities, TemperatureScaling, VennAbers,
    confidence_calibration_error, pav, smooth_ece,
};
use wonderland_linalg::Tensor;

use crate::arrays::{read_f64, write_f64};
use crate::{Fault, Loaded, Work, unknown};

const CLASSES: usize = 10;
/// Samples that set the threshold of APS; their data follow another seed.
const HELD_OUT: usize = 100_000;

/// Writes the data of a workload and, where there is one, the true answer.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let (task, n) = task(workload)?;
    match task {
        "ece" => {
            let (P, labels) = class_data(n, 1);
            write_f64(folder, "truth.f64", &[truth::confidence_ece(&P, &labels, 15)])?;
            write_classes(folder, "", &P, &labels)
        }
        "temperature" => {
            let (Z, labels) = logits(n, 1);
            write_f64(folder, "truth.f64", &[truth::inverse_temperature(&Z, &labels)])?;
            write_classes(folder, "", &Z, &labels)
        }
        "aps" | "lac" => {
            let (P, labels) = class_data(n, 1);
            write_classes(folder, "", &P, &labels)?;
            let (P, labels) = class_data(HELD_OUT, 3);
            write_classes(folder, "held_out_", &P, &labels)
        }
        _ => {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let mut p: Vec<f64> = (0..n).map(|_| rng.random()).collect();
            if task == "pav" {
                p.sort_unstable_by(f64::total_cmp);
            }
            // A wave around honesty: its residuals change sign.
            let event = |p: f64| p + 0.1 * (std::f64::consts::TAU * p).sin();
            let y: Vec<f64> =
                p.iter().map(|&p| f64::from(u8::from(rng.random::<f64>() < event(p)))).collect();
            match task {
                "smooth-ece" => write_f64(folder, "truth.f64", &[truth::smooth_ece(&p, &y)])?,
                "pav" => write_f64(folder, "truth.f64", &truth::isotonic(&y))?,
                _ => {
                    let queries: Vec<f64> = (0..n).map(|_| rng.random()).collect();
                    write_f64(folder, "truth.f64", &truth::venn_abers(&p, &y, &queries[..100]))?;
                    write_f64(folder, "queries.f64", &queries)?;
                }
            }
            write_f64(folder, "p.f64", &p)?;
            write_f64(folder, "y.f64", &y)
        }
    }
}

/// Reads the data of a workload.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let (task, n) = task(workload)?;
    if !variant.is_empty() {
        return unknown(workload, variant);
    }
    if matches!(task, "aps" | "lac") {
        let score =
            if task == "lac" { ClassScore::Lac } else { ClassScore::Aps { randomised: true } };
        let (P, labels) = read_classes(folder, "", n)?;
        let held_out = read_classes(folder, "held_out_", HELD_OUT)?;
        return Ok(Box::new(Sets { score, P, labels, held_out, found: None }));
    }
    let truth = read_f64(folder, "truth.f64")?;
    if matches!(task, "ece" | "temperature") {
        let (scores, labels) = read_classes(folder, "", n)?;
        return Ok(Box::new(OfClasses {
            task: task.to_owned(),
            scores,
            labels,
            truth,
            found: 0.0,
        }));
    }
    Ok(Box::new(OfEvents {
        task: task.to_owned(),
        p: read_f64(folder, "p.f64")?,
        y: read_f64(folder, "y.f64")?,
        outcomes: read_f64(folder, "y.f64")?.into_iter().map(|y| y > 0.5).collect(),
        queries: if task == "venn-abers" { read_f64(folder, "queries.f64")? } else { Vec::new() },
        truth,
        found: Vec::new(),
    }))
}

/// `smooth-ece-1000` is ("smooth-ece", 1000).
fn task(workload: &str) -> Result<(&str, usize), Fault> {
    const TASKS: [&str; 7] =
        ["ece", "smooth-ece", "temperature", "pav", "venn-abers", "aps", "lac"];
    let parts = workload.rsplit_once('-').and_then(|(task, n)| Some((task, n.parse().ok()?)));
    parts.filter(|(task, _)| TASKS.contains(task)).map_or_else(|| unknown(workload, ""), Ok)
}

/// Logits of a model twice too sharp, and labels from the honest ones.
fn logits(n: usize, seed: u64) -> (Tensor, Vec<usize>) {
    let Z = uniform::<f64>(n, CLASSES, seed).map(|z| 6.0 * z);
    let mut rng = ChaCha8Rng::seed_from_u64(seed + 1);
    let labels = (0..n)
        .map(|i| {
            let honest: Vec<f64> = Z.row(i).iter().map(|z| (0.5 * z).exp()).collect();
            let mut left = rng.random::<f64>() * honest.iter().sum::<f64>();
            let drawn = honest.iter().position(|e| {
                left -= e;
                left < 0.0
            });
            drawn.unwrap_or(CLASSES - 1)
        })
        .collect();
    (Z, labels)
}

fn class_data(n: usize, seed: u64) -> (Tensor, Vec<usize>) {
    let (Z, labels) = logits(n, seed);
    let mut P = Z;
    for i in 0..n {
        wonderland_linalg::kernels::softmax(P.row_mut(i));
    }
    (P, labels)
}

fn write_classes(
    folder: &Path,
    head: &str,
    scores: &Tensor,
    labels: &[usize],
) -> Result<(), Fault> {
    write_f64(folder, &format!("{head}scores.f64"), scores.as_slice())?;
    let labels: Vec<f64> = labels.iter().map(|&y| y as f64).collect();
    write_f64(folder, &format!("{head}labels.f64"), &labels)
}

fn read_classes(folder: &Path, head: &str, n: usize) -> Result<(Tensor, Vec<usize>), Fault> {
    let scores = Tensor::new(&[n, CLASSES], read_f64(folder, &format!("{head}scores.f64"))?)?;
    let labels = read_f64(folder, &format!("{head}labels.f64"))?;
    Ok((scores, labels.into_iter().map(|y| y as usize).collect()))
}

struct OfClasses {
    task: String,
    scores: Tensor,
    labels: Vec<usize>,
    truth: Vec<f64>,
    found: f64,
}

impl Work for OfClasses {
    fn run(&mut self) -> Result<(), Fault> {
        self.found = if self.task == "ece" {
            let f = ClassForecasts::new(self.scores.as_mat(), &self.labels)?;
            confidence_calibration_error(&f, &Bins::default())?.ece
        } else {
            let Z = Logits::new(self.scores.as_mat())?;
            1.0 / TemperatureScaling::default().fit(&Z, &self.labels)?.temperature()
        };
        Ok(())
    }

    fn error(&self) -> f64 {
        (self.found - self.truth[0]).abs() / self.truth[0]
    }
}

struct OfEvents {
    task: String,
    p: Vec<f64>,
    y: Vec<f64>,
    outcomes: Vec<bool>,
    queries: Vec<f64>,
    /// Of the first samples or queries.
    truth: Vec<f64>,
    found: Vec<f64>,
}

impl Work for OfEvents {
    fn run(&mut self) -> Result<(), Fault> {
        self.found = match self.task.as_str() {
            "smooth-ece" => vec![smooth_ece(&Forecasts::new(&self.p, &self.outcomes)?).value],
            "pav" => pav(&self.y, None)?,
            _ => VennAbers::default().fit(&self.p, &self.outcomes)?.transform(&self.queries)?,
        };
        Ok(())
    }

    fn error(&self) -> f64 {
        self.found.iter().zip(&self.truth).fold(0.0, |worst, (f, t)| worst.max((f - t).abs()))
    }
}

/// Randomised APS or LAC at α = 1/10: threshold from the held-out samples, then sets.
struct Sets {
    score: ClassScore,
    P: Tensor,
    labels: Vec<usize>,
    held_out: (Tensor, Vec<usize>),
    found: Option<PredictionSets>,
}

impl Work for Sets {
    fn run(&mut self) -> Result<(), Fault> {
        let settings = ConformalClassification {
            score: self.score,
            ..ConformalClassification::new(Alpha::TENTH)
        };
        let held_out = ClassForecasts::new(self.held_out.0.as_mat(), &self.held_out.1)?;
        let fit: ConformalClassifier = settings.fit(&held_out)?;
        self.found = Some(fit.predict(&Probabilities::new(self.P.as_mat())?, 1)?);
        Ok(())
    }

    /// How far the share of sets that hold the truth is from nine tenths.
    fn error(&self) -> f64 {
        let Some(sets) = &self.found else { return 1.0 };
        let covered = self.labels.iter().enumerate().filter(|&(i, &y)| sets.contains(i, y)).count();
        (covered as f64 / self.labels.len() as f64 - 0.9).abs()
    }
}

/// The same answers by slow, obvious formulas.
mod truth {
    use std::f64::consts::PI;

    use wonderland_linalg::Tensor;
    use wonderland_linalg::kernels::sum_twofold;

    /// Bins (m − 1)/M < p ≤ m/M by comparing with every edge, sums to twice
    /// the digits.
    pub(super) fn confidence_ece(P: &Tensor, labels: &[usize], n_bins: usize) -> f64 {
        let mut gaps = vec![Vec::new(); n_bins];
        for (i, &y) in labels.iter().enumerate() {
            let row = P.row(i);
            let top = row.iter().copied().fold(0.0, f64::max);
            let class = row.iter().position(|&p| p >= top);
            let bin = (1..n_bins).filter(|&m| top > m as f64 / n_bins as f64).count();
            gaps[bin].extend([f64::from(u8::from(class == Some(y))), -top]);
        }
        gaps.iter().map(|g| sum_twofold(g).abs()).sum::<f64>() / labels.len() as f64
    }

    /// Plain Newton steps on the derivative of the log loss in β = 1/T.
    pub(super) fn inverse_temperature(Z: &Tensor, labels: &[usize]) -> f64 {
        let mut beta = 0.5;
        for _ in 0..6 {
            let (mut slope, mut curvature) = (Vec::new(), Vec::new());
            for (i, &y) in labels.iter().enumerate() {
                let (mut s0, mut s1, mut s2) = (0.0, 0.0, 0.0);
                for z in Z.row(i) {
                    let e = (beta * z).exp();
                    (s0, s1, s2) = (s0 + e, s1 + e * z, s2 + e * z * z);
                }
                slope.push(s1 / s0 - Z.row(i)[y]);
                curvature.push(s2 / s0 - (s1 / s0) * (s1 / s0));
            }
            beta -= sum_twofold(&slope) / sum_twofold(&curvature);
        }
        beta
    }

    /// The cosine series of the smeared residuals term by term, its size
    /// integrated by trapezoids, and bisection on the bandwidth.
    pub(super) fn smooth_ece(p: &[f64], y: &[f64]) -> f64 {
        // Enough for bandwidths from 0.015 on: exp(−(200 π 0.015)²/2) = e⁻⁴⁴.
        const TERMS: usize = 200;
        const NODES: usize = 20_000;
        let (mut cosines, n) = ([0.0; TERMS], p.len() as f64);
        for (p, y) in p.iter().zip(y) {
            for (k, c) in cosines.iter_mut().enumerate() {
                *c += (y - p) / n * (PI * k as f64 * p).cos();
            }
        }
        let integral = |sigma: f64| {
            let value = |t: f64| {
                let wave = |(k, c): (usize, &f64)| {
                    let w = PI * k as f64;
                    2.0 * c * (-0.5 * (w * sigma).powi(2)).exp() * (w * t).cos()
                };
                (cosines[0] + cosines.iter().enumerate().skip(1).map(wave).sum::<f64>()).abs()
            };
            let inner: f64 = (1..NODES).map(|i| value(i as f64 / NODES as f64)).sum();
            (inner + 0.5 * (value(0.0) + value(1.0))) / NODES as f64
        };
        let (mut low, mut high) = (0.015, 1.0);
        while high - low > 1e-10 {
            let middle = 0.5 * (low + high);
            if integral(middle) > middle { low = middle } else { high = middle }
        }
        low
    }

    /// Pools neighbours of 0/1 outcomes while a mean exceeds the next, in
    /// whole numbers.
    pub(super) fn isotonic(y: &[f64]) -> Vec<f64> {
        let mut blocks: Vec<(u64, u64)> = Vec::new();
        for &y in y {
            let mut block = (y as u64, 1);
            while let Some(&(sum, n)) = blocks.last() {
                if sum * block.1 < block.0 * n {
                    break;
                }
                block = (block.0 + sum, block.1 + n);
                blocks.pop();
            }
            blocks.push(block);
        }
        let fitted = blocks.iter().map(|&(sum, n)| vec![sum as f64 / n as f64; n as usize]);
        fitted.flatten().collect()
    }

    /// One isotonic regression for each label of each query; the two merged
    /// for the log loss.
    pub(super) fn venn_abers(p: &[f64], y: &[f64], queries: &[f64]) -> Vec<f64> {
        let mut samples: Vec<(f64, f64)> = p.iter().copied().zip(y.iter().copied()).collect();
        samples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let merged = |&q: &f64| {
            let place = samples.partition_point(|s| s.0 < q);
            let value = |label: f64| {
                let mut y: Vec<f64> = samples.iter().map(|s| s.1).collect();
                y.insert(place, label);
                isotonic(&y)[place]
            };
            let (p0, p1) = (value(0.0), value(1.0));
            p1 / (1.0 - p0 + p1)
        };
        queries.iter().map(merged).collect()
    }
}
