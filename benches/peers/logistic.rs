//! Logistic regression to a gradient of 1e-6: `logistic-NxCxM` with M classes,
//! `logistic-NxC` with two, no intercept, mean cross-entropy + ‖W‖²/(2n);
//! `logistic-pass-…`, one pass of such a fit on the average: the time from the
//! first iterate to the last over the evaluations in between.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use wonderland::models::{FittedLogisticRegression, LogisticRegression, LogisticSolver};
use wonderland::optim::Progress;
use wonderland_benches::uniform;
use wonderland_linalg::kernels::Elementary;
use wonderland_linalg::{MatRef, Tensor, Threads, matmul};

use crate::arrays::{read_f64, write_f64};
use crate::{Fault, Loaded, Work, probe, unknown};

/// Writes X, the classes of the rows (as numbers), and the minimum.
pub(crate) fn prepare(workload: &str, folder: &Path) -> Result<(), Fault> {
    let Some((n, c, m)) = sizes(workload) else { return unknown(workload, "") };
    let X = uniform::<f64>(n, c, 1);
    let W = uniform::<f64>(c, m, 2);
    let chance = uniform::<f64>(n, 1, 3);
    let logits = matmul(X.as_mat(), W.as_mat())?;
    // Classes drawn from the model itself: the optimum is well inside.
    let classes: Vec<usize> = (0..n)
        .map(|i| {
            let weights: Vec<f64> = logits.row(i).iter().map(|z| (2.0 * z).exp()).collect();
            let mut left = 0.5 * (chance.as_slice()[i] + 1.0) * weights.iter().sum::<f64>();
            let drawn = weights.iter().position(|w| {
                left -= w;
                left <= 0.0
            });
            drawn.unwrap_or(m - 1)
        })
        .collect();
    let exact = LogisticRegression { tolerance: 1e-12, ..settings(n, m) };
    let minimum = exact.fit(X.as_mat(), &classes)?.objective;
    write_f64(folder, "X.f64", X.as_slice())?;
    write_f64(folder, "y.f64", &classes.iter().map(|&k| k as f64).collect::<Vec<_>>())?;
    write_f64(folder, "minimum.f64", &[minimum])
}

/// Reads the data of a workload; the variant `two-threads` uses two.
pub(crate) fn load(workload: &str, variant: &str, folder: &Path) -> Result<Loaded, Fault> {
    let Some((n, c, m)) = sizes(workload) else { return unknown(workload, variant) };
    let settings = match variant {
        "newton" => LogisticRegression { solver: LogisticSolver::Newton, ..settings(n, m) },
        "lbfgs" => LogisticRegression { solver: LogisticSolver::Lbfgs, ..settings(n, m) },
        "" | "two-threads" => settings(n, m),
        "arithmetic-floor" => return Ok(Box::new(Floor::Arithmetic { n, c, m, seconds: 0.0 })),
        "reading" => {
            let mut numbers = read_f64(folder, "X.f64")?;
            numbers.extend(read_f64(folder, "y.f64")?);
            return Ok(Box::new(Floor::Reading { numbers, seconds: 0.0 }));
        }
        _ => return unknown(workload, variant),
    };
    let fit = Fit {
        X: Tensor::new(&[n, c], read_f64(folder, "X.f64")?)?,
        y: read_f64(folder, "y.f64")?.into_iter().map(|k| k as usize).collect(),
        minimum: read_f64(folder, "minimum.f64")?.first().copied().ok_or("no minimum")?,
        threads: Threads::new(if variant == "two-threads" { 2 } else { 1 })?,
        settings,
        found: None,
    };
    Ok(if workload.starts_with(PASS) {
        Box::new(Pass { fit, seconds: 0.0 })
    } else {
        Box::new(fit)
    })
}

const PASS: &str = "logistic-pass-";

/// Rows, columns and classes.
fn sizes(workload: &str) -> Option<(usize, usize, usize)> {
    let sizes = workload.strip_prefix(PASS).or_else(|| workload.strip_prefix("logistic-"))?;
    let sizes = sizes.split('x').map(str::parse);
    match *sizes.collect::<Result<Vec<usize>, _>>().ok()? {
        [n, c] => Some((n, c, 2)),
        [n, c, m] => Some((n, c, m)),
        _ => None,
    }
}

/// The peers' bound for every entry of the gradient in W.
const GRADIENT: f64 = 1e-6;

/// Two classes are penalised through w = w₁ − w₀, of which W holds ±w/2.
///
/// Our tolerance is for variables of about unit curvature, in which the gradient
/// here is more than three times as large with two classes, five with ten;
/// `Fit::error` checks it in W.
fn settings(n: usize, m: usize) -> LogisticRegression {
    let l2 = if m == 2 { 2.0 } else { 1.0 } / n as f64;
    let tolerance = if m == 2 { 3.0 } else { 5.0 } * GRADIENT;
    LogisticRegression { l2: Some(l2), intercept: false, tolerance, ..Default::default() }
}

struct Fit {
    X: Tensor<f64>,
    y: Vec<usize>,
    minimum: f64,
    threads: Threads,
    settings: LogisticRegression,
    found: Option<FittedLogisticRegression>,
}

impl Work for Fit {
    fn run(&mut self) -> Result<(), Fault> {
        let (X, y): (MatRef<'_, f64>, _) = (self.X.as_mat(), &self.y);
        let fit = self.threads.run(|team| self.settings.fit_by(team, X, y, None, &mut ()))?;
        self.found = Some(fit);
        Ok(())
    }

    /// The relative gap to the minimum; infinite while the gradient is too large.
    fn error(&self) -> f64 {
        let gap = |fit: &FittedLogisticRegression| (fit.objective - self.minimum).abs();
        match &self.found {
            Some(fit) if self.gradient(fit).is_ok_and(|g| g <= GRADIENT) => gap(fit) / self.minimum,
            _ => f64::INFINITY,
        }
    }
}

impl Fit {
    /// The largest entry of the gradient, of two classes in w = w₁ − w₀.
    fn gradient(&self, fit: &FittedLogisticRegression) -> Result<f64, Fault> {
        let (n, m) = (self.X.nrows() as f64, fit.n_classes());
        let mut residuals = fit.predict_proba(self.X.as_mat())?;
        self.y.iter().enumerate().for_each(|(i, &k)| residuals[[i, k]] -= 1.0);
        let G = matmul(self.X.as_mat().transpose(), residuals.as_mat())?;
        let W = &fit.coefficients;
        let entry = |j: usize, k: usize| match m {
            2 => (G[[j, 1]] + W[[j, 1]] - W[[j, 0]]) / n,
            _ => (G[[j, k]] + W[[j, k]]) / n,
        };
        let entries = (0..W.nrows()).flat_map(|j| (0..m).map(move |k| (j, k)));
        Ok(entries.fold(0.0, |largest: f64, (j, k)| largest.max(entry(j, k).abs())))
    }
}

/// One pass of a fit, on the average.
struct Pass {
    fit: Fit,
    seconds: f64,
}

impl Work for Pass {
    #[expect(clippy::disallowed_methods, reason = "what is timed here is the answer")]
    fn run(&mut self) -> Result<(), Fault> {
        let Fit { X, y, settings, .. } = &self.fit;
        let mut times = Vec::new();
        let fit = settings.fit_observed(X.as_mat(), y, None, &mut |_: &Progress<'_>| {
            times.push(Instant::now());
            ControlFlow::Continue(())
        })?;
        let (Some(first), Some(last)) = (times.first(), times.last()) else {
            return Err("the fit had no iterates".into());
        };
        // The first evaluation is that of the first iterate.
        self.seconds = (*last - *first).as_secs_f64() / (fit.evaluations - 1) as f64;
        self.fit.found = Some(fit);
        Ok(())
    }

    fn error(&self) -> f64 {
        self.fit.error()
    }

    fn seconds(&self) -> Option<f64> {
        Some(self.seconds)
    }
}

/// What a pass cannot do without.
enum Floor {
    /// The multiply-adds of X W and of its way back, and an exponential per row
    /// and class.
    Arithmetic { n: usize, c: usize, m: usize, seconds: f64 },
    /// X and the classes, from memory.
    Reading { numbers: Vec<f64>, seconds: f64 },
}

impl Work for Floor {
    fn run(&mut self) -> Result<(), Fault> {
        match self {
            Self::Arithmetic { n, c, m, seconds } => {
                let (x, mut out) = ([-0.7_f64; 1024], [0.0; 1024]);
                let ((), exponentials) = probe::timed(|| {
                    for _ in 0..(*n * *m).div_ceil(x.len()) {
                        Elementary::Exp.apply_into(black_box(&x), black_box(&mut out));
                    }
                });
                let products = probe::seconds_of_multiply_adds(4.0 * (*n * *c * *m) as f64);
                *seconds = products + exponentials;
            }
            Self::Reading { numbers, seconds } => *seconds = probe::seconds_of_reading(numbers),
        }
        Ok(())
    }

    fn error(&self) -> f64 {
        0.0
    }

    fn seconds(&self) -> Option<f64> {
        let (Self::Arithmetic { seconds, .. } | Self::Reading { seconds, .. }) = self;
        Some(*seconds)
    }
}
