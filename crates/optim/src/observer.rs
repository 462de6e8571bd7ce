//! How progress bars, histories and early stopping attach: a minimiser shows
//! each iterate to an observer, which may end the run.

use std::ops::ControlFlow;

/// What an observer sees after an iteration (iteration 0 is the start).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Iterations done.
    pub iteration: usize,
    /// Evaluations of the objective with its gradient so far.
    pub evaluations: usize,
    /// The iterate.
    pub x: &'a [f64],
    /// f at the iterate.
    pub value: f64,
    /// max |∂f/∂xᵢ| at the iterate.
    pub gradient_norm: f64,
    /// ‖x_{t+1} − x_t‖ of the last step (0 at the start).
    pub step_norm: f64,
}

/// Watches a run; [`ControlFlow::Break`] ends it with
/// [`Stop::Observer`](crate::Stop::Observer).
///
/// Every closure `|progress| …` is one, and `()` watches nothing.
pub trait Observer {
    /// Sees one iterate.
    fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(&Progress<'_>) -> ControlFlow<()>> Observer for F {
    fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self(progress)
    }
}

impl Observer for () {
    fn observe(&mut self, _progress: &Progress<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
