//! Logistic regression (notes §4.2.2, §4.3.1): softmax(xW + b) fitted by
//! maximum likelihood, with an L2 penalty on W.

mod columns;
mod fitted;
mod memory;
mod rows;
mod sample;
mod sweep;
#[cfg(test)]
mod tests;
mod trail;

use std::cell::Cell;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use wonderland_linalg::{MatRef, Team, Tensor};
use wonderland_optim::{
    Lbfgs, LbfgsMemory, Newton, NewtonMemory, Observer, Outcome, Progress, Stopping,
};

use crate::classes::{check_codes, check_weights};
use crate::{Error, Result, Workspace};
pub use fitted::{FitStop, FittedLogisticRegression};
pub(crate) use memory::Memory;
use sample::Sample;
use sweep::{Data, Sweep};
use trail::Trail;

/// Logistic regression: minimises
/// 1/n Σᵢ CE(yᵢ, softmax(xᵢW + b)) + (l2/2)‖W‖², the intercept b unpenalised;
/// with sample weights s the mean is Σ sᵢ CEᵢ / Σ sᵢ.
///
/// The objective is convex, so its stationary point is the minimum; the mean of
/// each row of W, which no probability depends on, is 0. For two classes
/// scikit-learn penalises w = w₁ − w₀ instead: its `C` is 2/(n · l2) there and
/// 1/(n · l2) otherwise.
///
/// # Examples
/// ```
/// use wonderland_linalg::Tensor;
/// use wonderland_models::LogisticRegression;
/// // Without columns to tell them apart, the classes' shares: 1 of 4, 3 of 4.
/// let X = Tensor::from_rows(&[[0.0], [0.0], [0.0], [0.0]]);
/// let fit = LogisticRegression::default().fit(X.as_mat(), &[0, 1, 1, 1])?;
/// let proba = fit.predict_proba(X.as_mat())?;
/// assert!((proba[[0, 1]] - 0.75).abs() < 1e-8);
/// # Ok::<(), wonderland_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticRegression {
    /// The strength of the penalty, at least 0; `None` is 1/n, n the sum of the
    /// weights: weak, and enough for a finite answer on separable classes.
    pub l2: Option<f64>,
    /// Whether an intercept b is fitted; without it b = 0.
    pub intercept: bool,
    /// Which of the equivalent forms two classes take.
    pub form: Form,
    /// How the minimum is found.
    pub solver: LogisticSolver,
    /// The fit stops once no entry of the gradient is larger, per unit of the
    /// scaled parameters that the solver works in.
    pub tolerance: f64,
    /// The fit stops after this many iterations.
    pub max_iterations: usize,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        Self {
            l2: None,
            intercept: true,
            form: Form::Auto,
            solver: LogisticSolver::Auto,
            // The gap to the minimum is about tolerance² over the least
            // curvature, which scaling keeps near l2 or above: 1e-16 / 1e-4.
            tolerance: 1e-8,
            max_iterations: 1000,
        }
    }
}

/// The two forms of two-class logistic regression (notes §4.3.1). Both have the
/// same optimum; the sigmoid has half the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Form {
    /// The sigmoid for two classes, the softmax for more.
    #[default]
    Auto,
    /// One output per class.
    Softmax,
}

/// How the minimum of the logistic objective is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LogisticSolver {
    /// Newton for up to 100 parameters of few rows, L-BFGS beyond.
    #[default]
    Auto,
    /// Damped Newton: few sweeps over the data, each with a Hessian, whose cost
    /// grows with the square of the parameters.
    Newton,
    /// L-BFGS: one sweep over the data per iteration, in variables in which a
    /// sample of the rows has unit curvature. The more rows, the more of the last
    /// steps it remembers: 10 to 64.
    Lbfgs,
}

/// Parameters up to which [`LogisticSolver::Auto`] takes Newton.
const NEWTON_UP_TO: usize = 100;
/// Products in a Hessian up to which it does: some hundredths of a second.
const NEWTON_PRICE: f64 = 1e8;

impl LogisticRegression {
    /// Fits W and b.
    ///
    /// # Shapes
    /// X ~ (n, c) with any strides, y ~ (n) codes 0..m, every class present.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::TooFewRows`], [`Error::OneClass`],
    /// [`Error::EmptyClass`], [`Error::InvalidSetting`], NaN or infinities in X,
    /// and [`Error::Overflow`] when the optimum is beyond the number range.
    ///
    /// # Numerics
    /// Columns are centred, scaled and (for L-BFGS) made uncorrelated inside the
    /// solver (a change of variables folded into W, not a copy of X), so the
    /// optimum is that of the columns as given and badly scaled ones cost no
    /// iterations. One fused pass over X per evaluation; blocks are summed in a
    /// fixed order.
    ///
    /// Separable classes have no finite optimum when `l2` is 0: the fit then
    /// stops at the first W that puts more than one half on every row's class
    /// and says [`FitStop::Separable`]. Classes that touch at ties only have none
    /// either: there the gradient fades along a ray, and a fit whose objective stays
    /// as low far along its late steps is [`FitStop::Unbounded`].
    ///
    /// # References
    /// Notes §4.2.2, §4.3.1, §4.3.2.
    pub fn fit(&self, X: MatRef<'_, f64>, y: &[usize]) -> Result<FittedLogisticRegression> {
        self.fit_observed(X, y, None, &mut ())
    }

    /// Fits with a weight s ≥ 0 per row: a row of weight 2 counts twice.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) and [`Error::InvalidWeights`].
    pub fn fit_weighted(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: &[f64],
    ) -> Result<FittedLogisticRegression> {
        self.fit_observed(X, y, Some(weights), &mut ())
    }

    /// Fits under the eyes of an observer, which may end the fit.
    ///
    /// # Errors
    /// Those of [`fit_weighted`](Self::fit_weighted).
    pub fn fit_observed(
        &self,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
        observer: &mut impl Observer,
    ) -> Result<FittedLogisticRegression> {
        self.fit_by(Team::alone(), X, y, weights, observer)
    }

    /// Fits with the threads of a team, inside
    /// [`Threads::run`](wonderland_linalg::Threads::run); any number of threads
    /// gives the same bits.
    ///
    /// # Errors
    /// Those of [`fit_weighted`](Self::fit_weighted).
    ///
    /// # Examples
    /// ```
    /// use wonderland_linalg::{Tensor, Threads};
    /// use wonderland_models::LogisticRegression;
    /// let X = Tensor::from_fn(1000, 2, |i, j| ((i * (7 + j)) % 13) as f64);
    /// let y: Vec<usize> = (0..1000).map(|i| usize::from(i % 13 > 4)).collect();
    /// let settings = LogisticRegression::default();
    /// let fit = Threads::new(2)?.run(|team| settings.fit_by(team, X.as_mat(), &y, None, &mut ()))?;
    /// assert_eq!(fit, settings.fit(X.as_mat(), &y)?);
    /// # Ok::<(), wonderland_models::Error>(())
    /// ```
    pub fn fit_by(
        &self,
        team: Team,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
        observer: &mut impl Observer,
    ) -> Result<FittedLogisticRegression> {
        self.fit_with(&mut Workspace::default(), team, X, y, weights, observer)
    }

    /// The same in memory that is kept for the next fit.
    ///
    /// # Errors
    /// Those of [`fit_weighted`](Self::fit_weighted).
    pub fn fit_with(
        &self,
        workspace: &mut Workspace,
        team: Team,
        X: MatRef<'_, f64>,
        y: &[usize],
        weights: Option<&[f64]>,
        observer: &mut impl Observer,
    ) -> Result<FittedLogisticRegression> {
        self.check()?;
        if X.nrows() == 0 {
            return Err(Error::TooFewRows { what: "a fit", needed: 1, actual: 0 });
        }
        let total = check_weights(weights, X.nrows())?;
        let Workspace { logistic: memory, seen, .. } = workspace;
        let Memory { columns, sample, sweep, lbfgs, newton, trail, u } = memory;
        let n_classes = check_codes(team, y, X.nrows(), weights, seen)?;
        let l2 = self.l2.unwrap_or(1.0 / total);
        let outputs = if n_classes == 2 && self.form == Form::Auto { 1 } else { n_classes };
        // NaN and infinities of X are refused in the pass that this makes.
        columns.renew(team, X, weights, outputs.max(2), l2, self.intercept)?;
        let data = Data { X, y, weights, outputs, l2 };
        let (solver, started) = if self.takes_newton(X.nrows(), columns.n_rows(), outputs) {
            (Solver::Newton(newton), false)
        } else {
            lbfgs.forget();
            // Its passes are so short that falling asleep between them would cost more.
            let started = Sample::of(data, columns, sample).is_some_and(|sample| {
                team.awake(|| sample.prepare(team, columns, sweep, lbfgs, u))
            });
            (Solver::Lbfgs(lbfgs), started)
        };
        let separates = Cell::new(false);
        let mut sweep = Sweep::new(team, data, columns, sweep, &separates);
        if !started {
            sweep.start(u);
        }
        let start = std::mem::take(u);
        let (outcome, stop) = self.minimise(solver, &mut sweep, start, trail, observer)?;
        let (W, b) = sweep.parameters(&outcome.x);
        let (coefficients, intercept) = centred(W, b);
        if coefficients.as_slice().iter().chain(&intercept).any(|v| !v.is_finite()) {
            return Err(Error::Overflow { what: "a coefficient" });
        }
        let Outcome { x, value, gradient_norm, iterations, evaluations, .. } = outcome;
        *u = x;
        Ok(FittedLogisticRegression {
            coefficients,
            intercept,
            has_intercept: self.intercept,
            l2,
            objective: value,
            gradient_norm,
            iterations,
            evaluations,
            stop,
        })
    }

    fn check(&self) -> Result<()> {
        let l2 = self.l2.unwrap_or(0.0);
        let settings = [("l2", l2), ("tolerance", self.tolerance)];
        for (name, value) in settings {
            if !(value >= 0.0 && value.is_finite()) {
                let rule = "it must be at least 0 and finite";
                return Err(Error::InvalidSetting { name, value, rule });
            }
        }
        Ok(())
    }

    /// Whether Hessians are worth their price: `n` rows of `columns` variables.
    fn takes_newton(&self, n: usize, columns: usize, outputs: usize) -> bool {
        let price = (n * columns * columns) as f64 * (outputs * (outputs + 1) / 2) as f64;
        match self.solver {
            LogisticSolver::Auto => columns * outputs <= NEWTON_UP_TO && price <= NEWTON_PRICE,
            LogisticSolver::Newton => true,
            LogisticSolver::Lbfgs => false,
        }
    }

    /// Minimises from `start`, and looks whether there is a minimum at all.
    fn minimise(
        &self,
        solver: Solver<'_>,
        sweep: &mut Sweep<'_>,
        start: Vec<f64>,
        trail: &mut Trail,
        observer: &mut impl Observer,
    ) -> Result<(Outcome, FitStop)> {
        let stopping = Stopping {
            gradient: self.tolerance,
            max_iterations: self.max_iterations,
            ..Stopping::default()
        };
        let separates = sweep.separates;
        trail.clear();
        let mut watch = |progress: &Progress<'_>| {
            // A separating W is a certificate that scaling it up lowers the loss
            // for ever; with a penalty it is only a good fit.
            if separates.get() {
                return ControlFlow::Break(());
            }
            trail.pass(progress);
            observer.observe(progress)
        };
        let outcome = match solver {
            Solver::Newton(memory) => {
                Newton { stopping }.minimise_in(memory, sweep, start, &mut watch)?
            }
            Solver::Lbfgs(memory) => {
                let lbfgs = Lbfgs { stopping, memory: sweep.pairs() };
                lbfgs.minimise_knowing(memory, sweep, start, &mut watch)?
            }
        };
        let stop = match FitStop::from(outcome.stop) {
            FitStop::Observer if separates.get() => FitStop::Separable,
            stop if stop.converged() && trail.goes_on(sweep, &outcome) => FitStop::Unbounded,
            stop => stop,
        };
        Ok((outcome, stop))
    }
}

/// What looks for the minimum, in its memory.
enum Solver<'a> {
    Newton(&'a mut NewtonMemory),
    /// With what is known of the curvature.
    Lbfgs(&'a mut LbfgsMemory),
}

/// W ~ (c, m) and b ~ (m) with rows of mean 0; one output becomes two, −w/2 and
/// w/2, which give the same probabilities.
fn centred(W: &[f64], b: &[f64]) -> (Tensor, Vec<f64>) {
    let (k, m) = (b.len(), b.len().max(2));
    let mut coefficients = Tensor::zeros(&[W.len() / k, m]);
    let rows = coefficients.as_mut_slice().chunks_exact_mut(m).zip(W.chunks_exact(k));
    rows.for_each(|(out, w)| centre(w, out));
    let mut intercept = vec![0.0; m];
    centre(b, &mut intercept);
    (coefficients, intercept)
}

fn centre(w: &[f64], out: &mut [f64]) {
    if let [w] = *w {
        out.copy_from_slice(&[-0.5 * w, 0.5 * w]);
        return;
    }
    // Divided first: the sum of coefficients near the largest number would overflow.
    let mean: f64 = w.iter().map(|v| v / w.len() as f64).sum();
    out.iter_mut().zip(w).for_each(|(out, v)| *out = v - mean);
}
