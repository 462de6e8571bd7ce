//! Where a fit was going when it stopped.
//!
//! Without a penalty, classes that are separable but for ties have no optimum:
//! the objective falls for ever along a ray, ever more slowly, so that the
//! gradient meets any tolerance. The way from late iterates to the end then
//! points along that ray.

use wonderland_optim::{Objective, Outcome, Progress};

use super::sweep::Sweep;
use crate::workspace::renew;

/// How far along a late way to look, in variables in which the curvature at
/// even odds is 1: a change of odds by about e⁴⁰.
const FAR: f64 = 40.0;

/// How many earlier iterates are kept.
const KEPT: usize = 4;

/// Iterates on the way, each with a tenth of the gradient of the one before.
#[derive(Debug, Default)]
pub(super) struct Trail {
    norm: f64,
    /// How many there were; the last few are kept, in turn.
    passed: usize,
    marks: [Vec<f64>; KEPT],
    far: Vec<f64>,
    gradient: Vec<f64>,
}

impl Trail {
    /// Forgets all iterates.
    pub(super) fn clear(&mut self) {
        self.passed = 0;
    }

    /// Notes an iterate.
    pub(super) fn pass(&mut self, at: &Progress<'_>) {
        if self.passed == 0 || at.gradient_norm <= 0.1 * self.norm {
            self.norm = at.gradient_norm;
            let mark = &mut self.marks[self.passed % KEPT];
            mark.clear();
            mark.extend_from_slice(at.x);
            self.passed += 1;
        }
    }

    /// Whether the objective, far along a late way of the fit, is hardly above
    /// where it stopped: by less than a tenth of what one row of all of the wrong
    /// class costs at even odds. Near an optimum it rises by half the curvature
    /// times the square of the way, and then by `FAR` per row that it gets wrong. With
    /// a penalty it never goes on.
    pub(super) fn goes_on(&mut self, sweep: &mut Sweep<'_>, end: &Outcome) -> bool {
        if sweep.l2 > 0.0 {
            return false;
        }
        let Self { passed, marks, far, gradient, .. } = self;
        renew(gradient, end.x.len(), 0.0);
        let bound = end.value + 0.1 / sweep.X.nrows() as f64;
        marks[..KEPT.min(*passed)].iter().any(|mark| {
            let way = end.x.iter().zip(mark).map(|(x, from)| x - from);
            let length = way.clone().map(|d| d * d).sum::<f64>().sqrt();
            far.clear();
            far.extend(end.x.iter().zip(way).map(|(x, d)| x + FAR * d / length));
            length > 0.0 && sweep.value_and_gradient(far, gradient) < bound
        })
    }
}
