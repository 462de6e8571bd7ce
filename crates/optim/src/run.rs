//! The bookkeeping that all minimisers share: counting, the best point, the
//! reasons to stop. A method asks for evaluations and reports its iterates.

use crate::error::{Error, Result};
use crate::vector::{distance, max_abs, reset};
use crate::{Objective, Observer, Outcome, Progress, Stop, Stopping};

/// How far apart two values must be to differ by more than rounding.
pub(crate) fn noise(value: f64) -> f64 {
    8.0 * f64::EPSILON * value.abs()
}

/// A point with its value and gradient.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
}

impl Point {
    /// A point of d zeros, to be evaluated, in the memory that is there.
    pub(crate) fn reset(&mut self, d: usize) {
        reset(&mut self.x, d);
        reset(&mut self.gradient, d);
        self.value = f64::INFINITY;
    }
}

/// A run under way.
pub(crate) struct Run<'a, O> {
    pub(crate) objective: &'a mut O,
    pub(crate) iterations: usize,
    pub(crate) hessians: usize,
    evaluations: usize,
    start: f64,
    stopping: Stopping,
    /// The best point, its gradient norm, and the lowest value of any point.
    best: Vec<f64>,
    best_value: f64,
    best_gradient_norm: f64,
    lowest: f64,
    /// Steps since the best point last changed.
    idle: usize,
    unbounded: bool,
}

/// Steps within rounding of the lowest value, none of them better, after which a
/// run is at the limit of its arithmetic.
const MAX_IDLE: usize = 30;

impl<'a, O: Objective> Run<'a, O> {
    /// Evaluates the starting point, and puts it into `at`.
    pub(crate) fn start(
        objective: &'a mut O,
        x0: Vec<f64>,
        stopping: Stopping,
        at: &mut Point,
    ) -> Result<Self> {
        stopping.check()?;
        if let Some(index) = x0.iter().position(|v| !v.is_finite()) {
            return Err(Error::NonFiniteStart { index, value: x0[index] });
        }
        at.reset(x0.len());
        at.x.copy_from_slice(&x0);
        let mut run = Self {
            objective,
            iterations: 0,
            hessians: 0,
            evaluations: 0,
            start: f64::INFINITY,
            stopping,
            best: x0,
            best_value: f64::INFINITY,
            best_gradient_norm: f64::INFINITY,
            lowest: f64::INFINITY,
            idle: 0,
            unbounded: false,
        };
        if !run.evaluate(at) {
            return Err(Error::UndefinedAtStart { value: at.value });
        }
        run.start = at.value;
        Ok(run)
    }

    /// Evaluates the objective at `point.x`; false outside its domain.
    pub(crate) fn evaluate(&mut self, point: &mut Point) -> bool {
        self.evaluations += 1;
        point.value = self.objective.value_and_gradient(&point.x, &mut point.gradient);
        self.unbounded |= point.value == f64::NEG_INFINITY;
        let inside = point.value.is_finite()
            && point.gradient.iter().all(|g| g.is_finite())
            && point.x.iter().all(|x| x.is_finite());
        if inside {
            self.keep_best(point);
        }
        inside
    }

    fn keep_best(&mut self, point: &Point) {
        let gradient_norm = max_abs(&point.gradient);
        self.lowest = self.lowest.min(point.value);
        let close = point.value <= self.lowest + noise(self.lowest);
        // The old best may have left the band around a new lowest value.
        let overtaken = self.best_value > self.lowest + noise(self.lowest);
        if close && (overtaken || gradient_norm < self.best_gradient_norm) {
            self.idle = 0;
            self.best.copy_from_slice(&point.x);
            self.best_value = point.value;
            self.best_gradient_norm = gradient_norm;
        }
    }

    /// Reports the start; a reason to stop there, if there is one.
    pub(crate) fn begin(&mut self, at: &Point, observer: &mut impl Observer) -> Option<Stop> {
        self.report(at, 0.0, observer)
    }

    /// Reports the step from `from` to `to`; a reason to stop, if there is one.
    ///
    /// # Errors
    /// [`Error::Unbounded`].
    pub(crate) fn step(
        &mut self,
        from: &[f64],
        to: &Point,
        observer: &mut impl Observer,
    ) -> Result<Option<Stop>> {
        self.iterations += 1;
        if self.unbounded {
            return Err(Error::Unbounded { iteration: self.iterations });
        }
        let step_norm = distance(from, &to.x);
        let stop = self.report(to, step_norm, observer);
        self.idle += 1;
        let idles = self.idle > MAX_IDLE && to.value <= self.lowest + noise(self.lowest);
        let short = step_norm * step_norm < self.stopping.step;
        Ok(match stop {
            Some(Stop::Gradient | Stop::Observer) => stop,
            _ if short => Some(Stop::Step),
            None if idles => Some(self.limit()),
            stop => stop,
        })
    }

    fn report(&mut self, at: &Point, step_norm: f64, observer: &mut impl Observer) -> Option<Stop> {
        let progress = Progress {
            iteration: self.iterations,
            evaluations: self.evaluations,
            x: &at.x,
            value: at.value,
            gradient_norm: max_abs(&at.gradient),
            step_norm,
        };
        if observer.observe(&progress).is_break() {
            Some(Stop::Observer)
        } else if progress.gradient_norm <= self.stopping.gradient {
            Some(Stop::Gradient)
        } else if self.iterations >= self.stopping.max_iterations {
            Some(Stop::Iterations)
        } else if self.evaluations >= self.stopping.max_evaluations {
            Some(Stop::Evaluations)
        } else {
            None
        }
    }

    /// The error of a run whose last value is `value`, if it ran away.
    pub(crate) fn diverged(&self, value: f64) -> Error {
        Error::Diverged { iteration: self.iterations + 1, start: self.start, value }
    }

    /// f at the starting point.
    pub(crate) fn start_value(&self) -> f64 {
        self.start
    }

    /// The end of a run that found no further step.
    ///
    /// # Errors
    /// [`Error::Unbounded`] when that is why.
    pub(crate) fn stuck(self) -> Result<Outcome> {
        if self.unbounded {
            return Err(Error::Unbounded { iteration: self.iterations + 1 });
        }
        let stop = self.limit();
        Ok(self.finish(stop))
    }

    /// Whether no better point means the limit of the arithmetic.
    fn limit(&self) -> Stop {
        // Rounding hides a decrease of ε|f|, which a curvature of |f|/x² turns
        // into a gradient of √ε |f|/x; a thousand times that is no rounding.
        let size = self.best.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        let limit = 1e3 * f64::EPSILON.sqrt() * self.best_value.abs().max(1.0) / size;
        if self.best_gradient_norm <= limit { Stop::Precision } else { Stop::Stalled }
    }

    /// The best point as the outcome.
    pub(crate) fn finish(self, stop: Stop) -> Outcome {
        Outcome {
            x: self.best,
            value: self.best_value,
            gradient_norm: self.best_gradient_norm,
            iterations: self.iterations,
            evaluations: self.evaluations,
            hessians: self.hessians,
            stop,
        }
    }
}
