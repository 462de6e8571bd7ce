//! Where a fit was going when it stopped.
//!
//! Without a penalty, classes that are separable but for ties have no optimum:
//! the objective falls for ever along a ray, ever more slowly, so that the
//! gradient meets any tolerance. The way from late iterates to the end then
//! points along that ray.

use std::collections::VecDeque;

use wonderland_optim::{Objective, Outcome, Progress};

use super::sweep::Sweep;

/// How far along a late way to look, in variables in which the curvature at
/// even odds is 1: a change of odds by about e⁴⁰.
const FAR: f64 = 40.0;

/// How many earlier iterates are kept.
const KEPT: usize = 4;

/// Iterates on the way, each with a tenth of the gradient of the one before.
#[derive(Default)]
pub(super) struct Trail {
    norm: f64,
    marks: VecDeque<Vec<f64>>,
}

impl Trail {
    /// Notes an iterate.
    pub(super) fn pass(&mut self, at: &Progress<'_>) {
        if self.marks.is_empty() || at.gradient_norm <= 0.1 * self.norm {
            self.norm = at.gradient_norm;
            self.marks.truncate(KEPT - 1);
            self.marks.push_front(at.x.to_vec());
        }
    }

    /// Whether the objective, far along a late way of the fit, is hardly above
    /// where it stopped: by less than a tenth of what one row of `n` of the wrong
    /// class costs at even odds. Near an optimum it rises by half the curvature
    /// times the square of the way, and then by `FAR` per row that it gets wrong.
    pub(super) fn goes_on(&self, sweep: &mut Sweep<'_>, end: &Outcome, n: usize) -> bool {
        let mut gradient = vec![0.0; end.x.len()];
        let bound = end.value + 0.1 / n as f64;
        self.marks.iter().any(|mark| {
            let way = end.x.iter().zip(mark).map(|(x, from)| x - from);
            let length = way.clone().map(|d| d * d).sum::<f64>().sqrt();
            let far: Vec<f64> = end.x.iter().zip(way).map(|(x, d)| x + FAR * d / length).collect();
            length > 0.0 && sweep.value_and_gradient(&far, &mut gradient) < bound
        })
    }
}
