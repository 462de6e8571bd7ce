//! Gradient descent (notes §2.3) with momentum (§2.3.2):
//! x_t = x_{t−1} + g_t, g_t = −η∇f(x_{t−1}) + λ g_{t−1}.

use serde::{Deserialize, Serialize};

use crate::error::{Error, check_setting};
use crate::run::{Point, Run};
use crate::vector::{along, dot, max_abs, norm};
use crate::{Objective, Observer, Outcome, Result, Stop, Stopping};

/// How long the steps are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// The same η at every step. It converges for an L-smooth objective that is
    /// bounded below when η < 2/L, and diverges beyond: that is an error.
    Fixed(f64),
    /// η = 1/L from the Lipschitz constant L of the gradient, the largest
    /// eigenvalue of the Hessian: descends at every step.
    Lipschitz(f64),
    /// The largest of η₀, η₀/2, η₀/4, … that lowers the value by at least a
    /// tenth of what the slope promises (Armijo); the next search starts at
    /// twice the step found. Needs no constant.
    Backtracking {
        /// The first step η₀ to try.
        first: f64,
    },
}

/// What earlier steps add to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Momentum {
    /// Nothing: steepest descent.
    #[default]
    None,
    /// g_t = −η∇f(x_{t−1}) + λ g_{t−1}: the notes' momentum.
    HeavyBall(f64),
    /// The gradient is taken where momentum alone would arrive:
    /// g_t = −η∇f(x_{t−1} + λ g_{t−1}) + λ g_{t−1}.
    Nesterov(f64),
}

/// Gradient descent, the method of the notes: cheap steps, slow on badly
/// scaled problems, where [`Lbfgs`](crate::Lbfgs) is as cheap and far faster.
///
/// Momentum restarts when it would climb (backtracking only). With a fixed
/// step the value may rise for a while; a run that ends higher than it started,
/// or leaves the finite numbers, is [`Error::Diverged`].
///
/// # References
/// Notes §2.3, §2.3.1, §2.3.2 (each gradient keeps its own step η, as in the
/// definition; the expansion there does not).
///
/// # Examples
/// ```
/// use wonderland_optim::{GradientDescent, Step};
/// let mut f = |x: &[f64], g: &mut [f64]| { g[0] = 2.0 * x[0]; x[0] * x[0] };
/// // L = 2: a step of 1/L finds the minimum of a parabola at once.
/// let found = GradientDescent { step: Step::Lipschitz(2.0), ..Default::default() }
///     .minimise(&mut f, &[5.0], &mut ())?;
/// assert_eq!((found.x[0], found.iterations), (0.0, 1));
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GradientDescent {
    /// How long the steps are.
    pub step: Step,
    /// What earlier steps add.
    pub momentum: Momentum,
    /// When to stop.
    pub stopping: Stopping,
}

impl Default for GradientDescent {
    fn default() -> Self {
        Self {
            step: Step::Backtracking { first: 1.0 },
            momentum: Momentum::None,
            stopping: Stopping::default(),
        }
    }
}

/// The share of the promised decrease that backtracking insists on.
const ARMIJO: f64 = 0.1;
/// Halvings before a search gives up: η₀ · 2⁻¹²⁰ is below any useful step.
const MAX_HALVINGS: usize = 120;

impl GradientDescent {
    /// Minimises `objective` from `x0`.
    ///
    /// # Errors
    /// Bad settings or start; [`Error::Diverged`], [`Error::Unbounded`].
    pub fn minimise<O: Objective>(
        &self,
        objective: &mut O,
        x0: &[f64],
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let (eta, backtracks) = self.check()?;
        let mut at = Point::default();
        let mut run = Run::start(objective, x0.to_vec(), self.stopping, &mut at)?;
        if let Some(stop) = run.begin(&at, observer) {
            return Ok(run.finish(stop));
        }
        if backtracks {
            self.backtracking(run, at, eta, observer)
        } else {
            self.fixed(run, at, eta, observer)
        }
    }

    /// The first step, and whether it is searched for.
    fn check(&self) -> Result<(f64, bool)> {
        let (name, value) = match self.step {
            Step::Fixed(eta) => ("the step", eta),
            Step::Lipschitz(l) => ("the Lipschitz constant", l),
            Step::Backtracking { first } => ("the first step", first),
        };
        let rule = "it must be positive and finite";
        check_setting(value > 0.0 && value.is_finite(), name, value, rule)?;
        let lambda = self.lambda();
        check_setting(
            (0.0..1.0).contains(&lambda),
            "the momentum",
            lambda,
            "it must be at least 0 and below 1",
        )?;
        Ok(match self.step {
            Step::Fixed(eta) => (eta, false),
            Step::Lipschitz(l) => (1.0 / l, false),
            Step::Backtracking { first } => (first, true),
        })
    }

    fn lambda(&self) -> f64 {
        match self.momentum {
            Momentum::None => 0.0,
            Momentum::HeavyBall(lambda) | Momentum::Nesterov(lambda) => lambda,
        }
    }

    /// Steps of a known length.
    fn fixed<O: Objective>(
        &self,
        mut run: Run<'_, O>,
        mut at: Point,
        eta: f64,
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let (lambda, nesterov) = (self.lambda(), matches!(self.momentum, Momentum::Nesterov(_)));
        let mut velocity = vec![0.0; at.x.len()];
        let mut next = at.clone();
        // With Nesterov `at` is the point looked ahead to, `x` the iterate.
        let mut x = at.x.clone();
        loop {
            for (v, g) in velocity.iter_mut().zip(&at.gradient) {
                *v = lambda * *v - eta * g;
            }
            x.iter_mut().zip(&velocity).for_each(|(x, v)| *x += v);
            along(&mut next.x, &x, if nesterov { lambda } else { 0.0 }, &velocity);
            if !run.evaluate(&mut next) {
                return Err(run.diverged(next.value));
            }
            let stop = run.step(&at.x, &next, observer)?;
            std::mem::swap(&mut at, &mut next);
            match stop {
                Some(Stop::Iterations | Stop::Evaluations) if at.value > run.start_value() => {
                    return Err(run.diverged(at.value));
                }
                Some(stop) => return Ok(run.finish(stop)),
                None => {}
            }
        }
    }

    /// Steps found by halving.
    fn backtracking<O: Objective>(
        &self,
        mut run: Run<'_, O>,
        mut at: Point,
        mut eta: f64,
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let (lambda, nesterov) = (self.lambda(), matches!(self.momentum, Momentum::Nesterov(_)));
        let mut velocity = vec![0.0; at.x.len()];
        let mut p = vec![0.0; at.x.len()];
        let (mut next, mut ahead) = (at.clone(), at.clone());
        loop {
            // Where the gradient is taken: here, or where momentum would arrive.
            along(&mut ahead.x, &at.x, lambda, &velocity);
            let looks_ahead = nesterov
                && norm(&velocity) > 0.0
                && run.evaluate(&mut ahead)
                && ahead.value < at.value;
            let base = if looks_ahead { &ahead } else { &at };
            let mut moved = false;
            for _ in 0..MAX_HALVINGS {
                let carried = if nesterov { 0.0 } else { lambda };
                for ((p, v), g) in p.iter_mut().zip(&velocity).zip(&base.gradient) {
                    *p = carried * v - eta * g;
                }
                let slope = dot(&p, &base.gradient);
                if slope >= 0.0 {
                    // Momentum climbs: restart it.
                    velocity.fill(0.0);
                    continue;
                }
                along(&mut next.x, &base.x, 1.0, &p);
                if next.x == base.x {
                    break;
                }
                // Once the promised decrease is below rounding, only a smaller
                // gradient counts as progress.
                if run.evaluate(&mut next)
                    && next.value <= base.value + ARMIJO * slope
                    && (next.value < base.value
                        || max_abs(&next.gradient) < max_abs(&base.gradient))
                {
                    moved = true;
                    break;
                }
                eta *= 0.5;
                // A shorter η must shorten the whole step, or it never descends.
                velocity.iter_mut().for_each(|v| *v *= 0.5);
            }
            if !moved {
                if looks_ahead {
                    velocity.fill(0.0);
                    continue;
                }
                return run.stuck();
            }
            velocity.iter_mut().zip(next.x.iter().zip(&at.x)).for_each(|(v, (a, b))| *v = a - b);
            let stop = run.step(&at.x, &next, observer)?;
            std::mem::swap(&mut at, &mut next);
            eta *= 2.0;
            if let Some(stop) = stop {
                return Ok(run.finish(stop));
            }
        }
    }
}

/// Refuses a vector that is not finite, for the checks of this crate.
pub(crate) fn check_same_length(a: &[f64], b: &[f64]) -> Result<()> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::WrongLength {
        name: "the second vector",
        actual: b.len(),
        expected: a.len(),
        rule: "both must have the dimension of the objective",
    })
}
