//! Newton-CG: Newton's equation solved by conjugate gradients, which need
//! products with the Hessian only. Far from the minimum a rough solution does;
//! where curvature turns negative, that direction is followed instead.

use serde::{Deserialize, Serialize};

use crate::run::{Point, Run};
use crate::vector::{add_scaled, dot, norm};
use crate::walk::Walk;
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
        let mut walk = Walk::default();
        let mut run = walk.start(objective, x0.to_vec(), self.stopping)?;
        if let Some(stop) = run.begin(&walk.at, observer) {
            return Ok(run.finish(stop));
        }
        let mut inner = ConjugateGradients::new(x0.len());
        loop {
            let scaled = inner.solve(&mut run, &walk.at, &mut walk.p);
            if !scaled {
                walk.steepest();
            }
            // A direction of negative curvature carries no length.
            let t = if scaled { 1.0 } else { 1.0_f64.min(1.0 / norm(&walk.p)) };
            let mut found = walk.descends() && walk.search(&mut run, t);
            if !found {
                walk.steepest();
                let t = 1.0_f64.min(1.0 / norm(&walk.p));
                found = walk.search(&mut run, t);
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

/// The inner solver of ∇²f p = −∇f with its vectors.
struct ConjugateGradients {
    residual: Vec<f64>,
    search: Vec<f64>,
    product: Vec<f64>,
}

impl ConjugateGradients {
    fn new(d: usize) -> Self {
        let zeros = || vec![0.0; d];
        Self { residual: zeros(), search: zeros(), product: zeros() }
    }

    /// Leaves the direction in `p`; false when even steepest descent has no
    /// positive curvature.
    fn solve<O: HessianProduct>(
        &mut self,
        run: &mut Run<'_, O>,
        at: &Point,
        p: &mut [f64],
    ) -> bool {
        let Point { x, gradient, .. } = at;
        let size = norm(gradient);
        let tolerance = size * size.sqrt().min(0.5);
        p.fill(0.0);
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
                return step > 0;
            }
            let alpha = rr / curvature;
            add_scaled(p, alpha, &self.search);
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
