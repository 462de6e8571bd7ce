//! Limited-memory BFGS (notes §2.3, quasi-Newton): the direction −Hg where H
//! approximates the inverse Hessian from the last few steps and gradient
//! changes, never written down.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::run::Point;
use crate::vector::{add_scaled, dot, norm};
use crate::walk::Walk;
use crate::{Objective, Observer, Outcome, Result, Stopping};

/// L-BFGS with a strong-Wolfe line search: the method of choice for smooth
/// objectives of any size whose Hessian is not at hand.
///
/// Per iteration: 4·memory·d multiplications and, nearly always, one evaluation.
/// When a search finds nothing lower, the memory is dropped and steepest
/// descent is tried before the run stops with
/// [`Stop::Precision`](crate::Stop::Precision).
///
/// # References
/// Liu & Nocedal, Math. Program. 45 (1989) 503; Nocedal & Wright, *Numerical
/// Optimization* (2006), algorithm 7.4.
///
/// # Examples
/// ```
/// use wonderland_optim::Lbfgs;
/// // (x − 3)² + 10 (y + 1)²
/// let mut bowl = |x: &[f64], g: &mut [f64]| {
///     let (a, b) = (x[0] - 3.0, x[1] + 1.0);
///     g.copy_from_slice(&[2.0 * a, 20.0 * b]);
///     a * a + 10.0 * b * b
/// };
/// let found = Lbfgs::default().minimise(&mut bowl, &[0.0, 0.0], &mut ())?;
/// assert!((found.x[0] - 3.0).abs() < 1e-6 && (found.x[1] + 1.0).abs() < 1e-6);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lbfgs {
    /// Pairs of steps and gradient changes that are kept, at least 1; 5 to 20
    /// are usual.
    pub memory: usize,
    /// When to stop.
    pub stopping: Stopping,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self { memory: 10, stopping: Stopping::default() }
    }
}

impl Lbfgs {
    /// Minimises `objective` from `x0`.
    ///
    /// # Errors
    /// Bad settings or start; [`Error::Unbounded`](crate::Error::Unbounded).
    pub fn minimise<O: Objective>(
        &self,
        objective: &mut O,
        x0: &[f64],
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        self.minimise_knowing(&mut LbfgsMemory::default(), objective, x0.to_vec(), observer)
    }

    /// Minimises with what an earlier run has learned about the curvature of a
    /// similar objective in the same variables, and leaves there what this one has.
    ///
    /// `x0` becomes the point of the outcome: in memory of an earlier run of as
    /// many variables, nothing is allocated.
    ///
    /// # Errors
    /// Those of [`minimise`](Self::minimise).
    ///
    /// # Examples
    /// ```
    /// use wonderland_optim::{Lbfgs, LbfgsMemory};
    /// let bowl = |a: f64| {
    ///     move |x: &[f64], g: &mut [f64]| {
    ///         g.copy_from_slice(&[x[0] - a, 100.0 * x[1]]);
    ///         0.5 * (x[0] - a).powi(2) + 50.0 * x[1] * x[1]
    ///     }
    /// };
    /// let mut known = LbfgsMemory::default();
    /// let solver = Lbfgs::default();
    /// let first = solver.minimise_knowing(&mut known, &mut bowl(1.0), vec![3.0, 1.0], &mut ())?;
    /// let alone = solver.minimise(&mut bowl(2.0), &first.x, &mut ())?;
    /// let second = solver.minimise_knowing(&mut known, &mut bowl(2.0), first.x, &mut ())?;
    /// assert!((second.x[0] - 2.0).abs() < 1e-6 && second.evaluations <= alone.evaluations);
    /// # Ok::<(), wonderland_optim::Error>(())
    /// ```
    pub fn minimise_knowing<O: Objective>(
        &self,
        memory: &mut LbfgsMemory,
        objective: &mut O,
        x0: Vec<f64>,
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        check_setting(
            self.memory >= 1,
            "memory",
            self.memory as f64,
            "keep at least one pair; GradientDescent keeps none",
        )?;
        let LbfgsMemory { known, walk } = memory;
        known.hold(self.memory, x0.len());
        let mut run = walk.start(objective, x0, self.stopping)?;
        if let Some(stop) = run.begin(&walk.at, observer) {
            return Ok(run.finish(stop));
        }
        loop {
            walk.steepest();
            known.turn(&mut walk.p);
            // Rounding may spoil the direction of a nearly singular memory.
            if !walk.descends() {
                known.forget();
                walk.steepest();
            }
            let t = if known.pairs.is_empty() {
                // The first direction has no scale: move by at most 1, or by a
                // thousandth of a far point.
                (1.0_f64.max(1e-3 * norm(&walk.at.x)) / norm(&walk.at.gradient)).min(1.0)
            } else {
                1.0
            };
            if !walk.search(&mut run, t) {
                if known.pairs.is_empty() {
                    return run.stuck();
                }
                known.forget();
                continue;
            }
            let stop = walk.step(&mut run, observer)?;
            known.push(walk.before(), &walk.at);
            if let Some(stop) = stop {
                return Ok(run.finish(stop));
            }
        }
    }
}

/// One step s = x⁺ − x and its gradient change y = g⁺ − g.
#[derive(Debug, Clone)]
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    /// ⟨s, y⟩ > 0.
    sy: f64,
}

/// The curvature of an objective as [`Lbfgs`] knows it: the last steps and the
/// changes of the gradient along them; and the memory that runs work in.
#[derive(Debug, Clone, Default)]
pub struct LbfgsMemory {
    known: Pairs,
    walk: Walk,
}

/// The last pairs.
#[derive(Debug, Clone, Default)]
struct Pairs {
    /// Oldest first.
    pairs: VecDeque<Pair>,
    /// Storage of pairs that were dropped.
    spare: Vec<Pair>,
    capacity: usize,
    alpha: Vec<f64>,
    dim: usize,
}

impl LbfgsMemory {
    /// Knows nothing any more, and keeps its storage for another run.
    ///
    /// # Examples
    /// ```
    /// use wonderland_optim::{Lbfgs, LbfgsMemory};
    /// let mut bowl = |x: &[f64], g: &mut [f64]| {
    ///     g[0] = x[0] - 1.0;
    ///     0.5 * g[0] * g[0]
    /// };
    /// let (solver, mut memory) = (Lbfgs::default(), LbfgsMemory::default());
    /// let first = solver.minimise_knowing(&mut memory, &mut bowl, vec![9.0], &mut ())?;
    /// memory.forget();
    /// let again = solver.minimise_knowing(&mut memory, &mut bowl, vec![9.0], &mut ())?;
    /// assert_eq!(first, again);
    /// # Ok::<(), wonderland_optim::Error>(())
    /// ```
    pub fn forget(&mut self) {
        self.known.forget();
    }
}

impl Pairs {
    fn forget(&mut self) {
        self.spare.extend(self.pairs.drain(..));
    }

    /// Makes room for `capacity` pairs; those of other dimensions are dropped.
    fn hold(&mut self, capacity: usize, dim: usize) {
        if self.dim != dim {
            self.pairs.clear();
            self.spare.clear();
        }
        self.spare.extend(self.pairs.drain(..self.pairs.len().saturating_sub(capacity)));
        // All pairs may be dropped at once.
        self.spare.reserve(capacity.saturating_sub(self.spare.len()));
        self.alpha.resize(capacity, 0.0);
        (self.capacity, self.dim) = (capacity, dim);
    }

    /// Adds the pair of a step, in the storage of the oldest when full.
    ///
    /// A pair without curvature would break positive definiteness and is left
    /// out; under the strong Wolfe conditions there is none.
    fn push(&mut self, from: &Point, to: &Point) {
        let oldest = if self.pairs.len() == self.capacity { self.pairs.pop_front() } else { None };
        let mut pair = oldest.or_else(|| self.spare.pop()).unwrap_or_else(|| Pair {
            s: vec![0.0; self.dim],
            y: vec![0.0; self.dim],
            sy: 0.0,
        });
        for i in 0..self.dim {
            pair.s[i] = to.x[i] - from.x[i];
            pair.y[i] = to.gradient[i] - from.gradient[i];
        }
        pair.sy = dot(&pair.s, &pair.y);
        if pair.sy > f64::EPSILON * norm(&pair.s) * norm(&pair.y) && pair.sy.is_finite() {
            self.pairs.push_back(pair);
        } else {
            self.spare.push(pair);
        }
    }

    /// p = Hp by the two-loop recursion.
    fn turn(&mut self, p: &mut [f64]) {
        for (pair, alpha) in self.pairs.iter().zip(&mut self.alpha).rev() {
            *alpha = dot(&pair.s, p) / pair.sy;
            add_scaled(p, -*alpha, &pair.y);
        }
        if let Some(last) = self.pairs.back() {
            let scale = last.sy / dot(&last.y, &last.y);
            p.iter_mut().for_each(|p| *p *= scale);
        }
        for (pair, alpha) in self.pairs.iter().zip(&self.alpha) {
            let beta = dot(&pair.y, p) / pair.sy;
            add_scaled(p, alpha - beta, &pair.s);
        }
    }
}
