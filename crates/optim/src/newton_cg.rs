//! Newton-CG: Newton's equation solved by conjugate gradients, which need
//! products with the Hessian only. Far from the minimum a rough solution does;
//! where curvature turns negative, that direction is followed instead.

use serde::{Deserialize, Serialize};

use crate::line_search::LineSearch;
use crate::run::Run;
use crate::vector::{add_scaled, dot, norm};
use crate::{HessianProduct, Observer, Outcome, Result, Stopping};

/// Truncated Newton: for many parameters and badly conditioned problems whose
/// Hessian-vector products cost about as much as a gradient.
///
/// # References
/// Nocedal & Wright, *Numerical Optimization* (2006), algorithm 7.1; forcing
/// term min(½, √‖g‖) of Dembo & Steihaug, Math. Program. 26 (1983) 190.
///
/// # Examples
/// ```
/// use wonderland_optim::{HessianProduct, NewtonCg, Objective};
/// struct Bowl; // ½ (x² + 100 y²)
/// impl Objective for Bowl {
///     fn value_and_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
///         g.copy_from_slice(&[x[0], 100.0 * x[1]]);
///         0.5 * (x[0] * x[0] + 100.0 * x[1] * x[1])
///     }
/// }
/// impl HessianProduct for Bowl {
///     fn hessian_product(&mut self, _x: &[f64], v: &[f64], out: &mut [f64]) {
///         out.copy_from_slice(&[v[0], 100.0 * v[1]]);
///     }
/// }
/// let found = NewtonCg::default().minimise(&mut Bowl, &[3.0, 1.0], &mut ())?;
/// assert!(found.gradient_norm < 1e-6);
/// # Ok::<(), wonderland_optim::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NewtonCg {
    /// When to stop.
    pub stopping: Stopping,
}

impl NewtonCg {
    /// Minimises `objective` from `x0`.
    ///
    /// # Errors
    /// Bad settings or start; [`Error::Unbounded`](crate::Error::Unbounded).
    pub fn minimise<O: HessianProduct>(
        &self,
        objective: &mut O,
        x0: &[f64],
        observer: &mut impl Observer,
    ) -> Result<Outcome> {
        let (mut run, mut at) = Run::start(objective, x0, self.stopping)?;
        if let Some(stop) = run.begin(&at, observer) {
            return Ok(run.finish(stop));
        }
        let mut search = LineSearch::new(&run, 0.9);
        let mut inner = ConjugateGradients::new(x0.len());
        loop {
            let scaled = inner.solve(&mut run, &at.x, &at.gradient);
            // A direction of negative curvature carries no length.
            let t = if scaled { 1.0 } else { 1.0_f64.min(1.0 / norm(&inner.p)) };
            let mut found =
                dot(&inner.p, &at.gradient) < 0.0 && search.search(&mut run, &at, &inner.p, t);
            if !found {
                inner.steepest(&at.gradient);
                let t = 1.0_f64.min(1.0 / norm(&at.gradient));
                found = search.search(&mut run, &at, &inner.p, t);
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

/// The inner solver of ∇²f p = −∇f with its vectors.
struct ConjugateGradients {
    /// The direction found.
    p: Vec<f64>,
    residual: Vec<f64>,
    search: Vec<f64>,
    product: Vec<f64>,
}

impl ConjugateGradients {
    fn new(d: usize) -> Self {
        let zeros = || vec![0.0; d];
        Self { p: zeros(), residual: zeros(), search: zeros(), product: zeros() }
    }

    fn steepest(&mut self, gradient: &[f64]) {
        self.p.iter_mut().zip(gradient).for_each(|(p, g)| *p = -g);
    }

    /// Leaves the direction in `p`; false when it is steepest descent, taken
    /// because its curvature is not positive.
    fn solve<O: HessianProduct>(
        &mut self,
        run: &mut Run<'_, O>,
        x: &[f64],
        gradient: &[f64],
    ) -> bool {
        let size = norm(gradient);
        let tolerance = size * size.sqrt().min(0.5);
        self.p.fill(0.0);
        self.residual.copy_from_slice(gradient);
        self.search.iter_mut().zip(gradient).for_each(|(s, g)| *s = -g);
        let mut rr = dot(gradient, gradient);
        // In exact arithmetic d steps suffice; rounding may ask for more.
        for step in 0..20.max(2 * x.len()) {
            run.hessians += 1;
            run.objective.hessian_product(x, &self.search, &mut self.product);
            let curvature = dot(&self.search, &self.product);
            let flat = f64::EPSILON * norm(&self.search) * norm(&self.product);
            if !(curvature > flat && curvature.is_finite()) {
                if step == 0 {
                    self.steepest(gradient);
                    return false;
                }
                return true;
            }
            let alpha = rr / curvature;
            add_scaled(&mut self.p, alpha, &self.search);
            add_scaled(&mut self.residual, alpha, &self.product);
            let next = dot(&self.residual, &self.residual);
            if next.sqrt() <= tolerance {
                return true;
            }
            let beta = next / rr;
            rr = next;
            self.search.iter_mut().zip(&self.residual).for_each(|(s, r)| *s = beta * *s - r);
        }
        true
    }
}
