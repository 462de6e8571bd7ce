//! Damped Newton (notes §2.3): the step to the minimum of the local quadratic
//! model, shortened by a line search when the model is too hopeful.

use serde::{Deserialize, Serialize};
use wonderland_linalg::Tensor;

use crate::cholesky::Cholesky;
use crate::walk::Walk;
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
        self.minimise_in(&mut NewtonMemory::default(), objective, x0.to_vec(), observer)
    }

    /// The same in memory that is kept for the next run.
    ///
    /// `x0` becomes the point of the outcome: in memory of an earlier run of as
    /// many variables, nothing is allocated.
    ///
    /// # Errors
    /// Those of [`minimise`](Self::minimise).
    ///
    /// # Examples
    /// ```
    /// # use wonderland_linalg::Tensor;
    /// use wonderland_optim::{Hessian, Newton, NewtonMemory, Objective};
    /// struct Parabola(f64); // (x − a)²
    /// impl Objective for Parabola {
    ///     fn value_and_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
    ///         g[0] = 2.0 * (x[0] - self.0);
    ///         (x[0] - self.0).powi(2)
    ///     }
    /// }
    /// impl Hessian for Parabola {
    ///     fn hessian(&mut self, _x: &[f64], H: &mut Tensor) { H[[0, 0]] = 2.0; }
    /// }
    /// let (mut memory, mut x) = (NewtonMemory::default(), vec![0.0]);
    /// for a in [1.0, 2.0, 3.0] {
    ///     x = Newton::default().minimise_in(&mut memory, &mut Parabola(a), x, &mut ())?.x;
    ///     assert!((x[0] - a).abs() < 1e-15);
    /// }
    /// # Ok::<(), wonderland_optim::Error>(())
    /// ```
    pub fn minimise_in<O: Hessian>(
        &self,
        memory: &mut NewtonMemory,
        objective: &mut O,
        x0: Vec<f64>,
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let NewtonMemory { walk, H, cholesky } = memory;
        H.reset(&[x0.len(), x0.len()]);
        cholesky.reset(x0.len());
        let mut run = walk.start(objective, x0, self.stopping)?;
        if let Some(stop) = run.begin(&walk.at, observer) {
            return Ok(run.finish(stop));
        }
        loop {
            run.hessians += 1;
            run.objective.hessian(&walk.at.x, H);
            walk.steepest();
            let newton = cholesky.factorise(H);
            if newton {
                cholesky.solve(&mut walk.p);
            }
            if !walk.descends() {
                walk.steepest();
            }
            let mut found = walk.search(&mut run, 1.0);
            if !found && newton {
                walk.steepest();
                found = walk.search(&mut run, 1.0);
            }
            if !found {
                return run.stuck();
            }
            if let Some(stop) = walk.step(&mut run, observer)? {
                return Ok(run.finish(stop));
            }
        }
    }
}

/// What runs of [`Newton`] work in.
#[derive(Debug, Clone)]
pub struct NewtonMemory {
    walk: Walk,
    H: Tensor,
    cholesky: Cholesky,
}

impl Default for NewtonMemory {
    /// Holds nothing yet.
    fn default() -> Self {
        Self { walk: Walk::default(), H: Tensor::zeros(&[0, 0]), cholesky: Cholesky::default() }
    }
}
