//! A run that searches along one direction after the other: the points and the
//! direction, whose memory serves the next run.

use crate::line_search::LineSearch;
use crate::run::{Point, Run};
use crate::vector::{dot, reset};
use crate::{Objective, Observer, Result, Stop, Stopping};

/// Where a run is, and where it looks next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    /// The iterate.
    pub(crate) at: Point,
    /// The direction.
    pub(crate) p: Vec<f64>,
    search: LineSearch,
}

impl Walk {
    /// Evaluates the starting point.
    pub(crate) fn start<'a, O: Objective>(
        &mut self,
        objective: &'a mut O,
        x0: Vec<f64>,
        stopping: Stopping,
    ) -> Result<Run<'a, O>> {
        self.search.reset(x0.len());
        reset(&mut self.p, x0.len());
        Run::start(objective, x0, stopping, &mut self.at)
    }

    /// Turns to steepest descent.
    pub(crate) fn steepest(&mut self) {
        self.p.iter_mut().zip(&self.at.gradient).for_each(|(p, g)| *p = -g);
    }

    /// Whether the direction is finite and leads downhill.
    pub(crate) fn descends(&self) -> bool {
        dot(&self.p, &self.at.gradient) < 0.0 && self.p.iter().all(|v| v.is_finite())
    }

    /// Searches along the direction, first at step `t`; false if nothing lower is
    /// found.
    pub(crate) fn search<O: Objective>(&mut self, run: &mut Run<'_, O>, t: f64) -> bool {
        self.search.search(run, &self.at, &self.p, t)
    }

    /// Moves to what the search found; a reason to stop, if there is one.
    ///
    /// # Errors
    /// [`Error::Unbounded`](crate::Error::Unbounded).
    pub(crate) fn step<O: Objective>(
        &mut self,
        run: &mut Run<'_, O>,
        observer: &mut impl Observer,
    ) -> Result<Option<Stop>> {
        let stop = run.step(&self.at.x, &self.search.trial, observer)?;
        std::mem::swap(&mut self.at, &mut self.search.trial);
        Ok(stop)
    }

    /// The iterate before the last step.
    pub(crate) fn before(&self) -> &Point {
        &self.search.trial
    }
}
