//! Damped Newton (notes §2.3): the step to the minimum of the local quadratic
//! model, shortened by a line search when the model is too hopeful.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

use crate::cholesky::Cholesky;
use crate::line_search::LineSearch;
use crate::run::Run;
use crate::vector::dot;
use crate::{Hessian, Observer, Outcome, Result, Stopping};

/// Newton's method with a Cholesky factorisation and a strong-Wolfe search:
/// quadratic convergence for up to about a hundred parameters, d³/3 per step.
///
/// Where the Hessian has no positive curvature in some direction, a multiple
/// of the identity is added until it has.
///
/// # References
/// Nocedal & Wright, *Numerical Optimization* (2006), §3.4.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_optim::{Hessian, Newton, Objective};
/// struct Exp; // eˣ − 2x, least at ln 2
/// impl Objective for Exp {
///     fn value_and_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
///         g[0] = x[0].exp() - 2.0;
///         x[0].exp() - 2.0 * x[0]
///     }
/// }
/// impl Hessian for Exp {
///     fn hessian(&mut self, x: &[f64], H: &mut Tensor) { H[[0, 0]] = x[0].exp(); }
/// }
/// let found = Newton::default().minimise(&mut Exp, &[0.0], &mut ())?;
/// assert!((found.x[0] - 2f64.ln()).abs() < 1e-6);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Newton {
    /// When to stop.
    pub stopping: Stopping,
}

impl Newton {
    /// Minimises `objective` from `x0`.
    ///
    /// # Errors
    /// Bad settings or start; [`Error::Unbounded`](crate::Error::Unbounded).
    pub fn minimise<O: Hessian>(
        &self,
        objective: &mut O,
        x0: &[f64],
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let d = x0.len();
        let (mut run, mut at) = Run::start(objective, x0, self.stopping)?;
        if let Some(stop) = run.begin(&at, observer) {
            return Ok(run.finish(stop));
        }
        let mut search = LineSearch::new(&run, 0.9);
        let mut H = Tensor::zeros(&[d, d]);
        let mut cholesky = Cholesky::new(d);
        let mut p = vec![0.0; d];
        loop {
            run.hessians += 1;
            run.objective.hessian(&at.x, &mut H);
            p.iter_mut().zip(&at.gradient).for_each(|(p, g)| *p = -g);
            let newton = cholesky.factorise(&H);
            if newton {
                cholesky.solve(&mut p);
            }
            if p.iter().any(|v| !v.is_finite()) || dot(&p, &at.gradient) >= 0.0 {
                p.iter_mut().zip(&at.gradient).for_each(|(p, g)| *p = -g);
            }
            let mut found = search.search(&mut run, &at, &p, 1.0);
            if !found && newton {
                p.iter_mut().zip(&at.gradient).for_each(|(p, g)| *p = -g);
                found = search.search(&mut run, &at, &p, 1.0);
            }
            if !found {
                return run.stuck();
            }
            let stop = run.step(&at.x, &search.trial, observer)?;
            std::mem::swap(&mut at, &mut search.trial);
            if let Some(stop) = stop {
                return Ok(run.finish(stop));
            }
        }
    }
}
