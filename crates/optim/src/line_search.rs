//! A line search for the strong Wolfe conditions that never gives up empty
//! handed while some point along the direction is lower.
//!
//! With φ(t) = f(x + tp): the search keeps an interval whose left end is low
//! enough and points downhill, and whose right end is too high, points uphill,
//! or lies outside the domain. Such an interval holds an acceptable point; it
//! is narrowed by cubic interpolation, with bisection as the safeguard.

use crate::Objective;
use crate::run::{Point, Run, noise};
use crate::vector::{along, dot};

/// Sufficient decrease: φ(t) ≤ φ(0) + C1 t φ′(0).
const C1: f64 = 1e-4;
/// |φ′(t)| ≤ C2 |φ′(0)|: loose, for directions that know the curvature.
const C2: f64 = 0.9;
/// Trials per search; bisection alone gains 2⁻⁶⁰ by then.
const MAX_TRIALS: i32 = 60;
/// Largest factor by which one of the first trials may lengthen the step; later
/// ones may go further, so that an unbounded fall is found before the trials run
/// out.
const MAX_GROWTH: f64 = 10.0;
const PATIENT_TRIALS: i32 = 5;

/// One end of the interval.
#[derive(Debug, Clone, Copy)]
struct End {
    t: f64,
    /// φ(t); +∞ outside the domain.
    value: f64,
    /// φ′(t); NaN outside the domain.
    slope: f64,
}

/// The points of a search.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineSearch {
    /// The trial point; on success the point found.
    pub(crate) trial: Point,
    /// The lowest trial point so far, should none meet the conditions.
    fallback: Point,
}

impl LineSearch {
    /// Makes it one in d dimensions.
    pub(crate) fn reset(&mut self, d: usize) {
        self.trial.reset(d);
        self.fallback.reset(d);
    }

    /// Searches along `p` from `from`, first at step `t`; true when `trial`
    /// holds a point to move to.
    ///
    /// `p` must be a descent direction.
    pub(crate) fn search<O: Objective>(
        &mut self,
        run: &mut Run<'_, O>,
        from: &Point,
        p: &[f64],
        mut t: f64,
    ) -> bool {
        let start = End { t: 0.0, value: from.value, slope: dot(&from.gradient, p) };
        debug_assert!(start.slope < 0.0);
        let slack = noise(from.value);
        let (mut low, mut high) = (start, None::<End>);
        let mut lowest = from.value;
        let mut width = f64::INFINITY;
        for trials in 1..=MAX_TRIALS {
            along(&mut self.trial.x, &from.x, t, p);
            if self.trial.x == from.x {
                break; // The step has fallen below the spacing of the numbers.
            }
            let inside = run.evaluate(&mut self.trial);
            let trial = if inside {
                End { t, value: self.trial.value, slope: dot(&self.trial.gradient, p) }
            } else {
                End { t, value: f64::INFINITY, slope: f64::NAN }
            };
            // Near a minimum values differ by rounding only, and the slopes tell
            // what the values cannot: the approximate Wolfe condition of Hager
            // and Zhang, SIAM J. Optim. 16 (2005) 170, eq. (4.1).
            let low_enough = trial.value <= start.value + C1 * t * start.slope
                || (trial.value <= start.value + slack
                    && trial.slope <= (2.0 * C1 - 1.0) * start.slope);
            if low_enough && trial.slope.abs() <= -C2 * start.slope {
                return true;
            }
            if low_enough && trial.slope < 0.0 {
                low = trial;
            } else {
                high = Some(trial);
            }
            if trial.value < lowest {
                lowest = trial.value;
                std::mem::swap(&mut self.trial, &mut self.fallback);
            }
            t = match high {
                None => longer(start, low, trials),
                Some(high) if high.t - low.t > 0.66 * width => 0.5 * (low.t + high.t),
                Some(high) => between(low, high),
            };
            width = high.map_or(width, |high| high.t - low.t);
        }
        // Something lower was seen: take it rather than abort.
        std::mem::swap(&mut self.trial, &mut self.fallback);
        lowest < from.value
    }
}

/// A longer step, where the slope extrapolated from 0 to `low` would vanish,
/// but by a factor between 2 and `MAX_GROWTH`.
fn longer(start: End, low: End, trials: i32) -> f64 {
    let secant = low.t * start.slope / (start.slope - low.slope);
    // A slope that steepens gives a negative or undefined secant step.
    let guess = if secant > low.t { secant } else { f64::INFINITY };
    let growth = MAX_GROWTH.powi((trials - PATIENT_TRIALS).max(1));
    guess.clamp(2.0 * low.t, (growth * low.t).min(f64::MAX))
}

/// A step inside the interval, a tenth of its width from either end at least.
fn between(low: End, high: End) -> f64 {
    let width = high.t - low.t;
    let guess = if !high.value.is_finite() {
        // Outside the domain: the boundary may be anywhere.
        0.1 * width
    } else {
        cubic_minimiser(low, high, width)
    };
    let guess = if guess.is_finite() { guess } else { 0.5 * width };
    low.t + guess.clamp(0.1 * width, 0.9 * width)
}

/// The distance from `low` of the minimiser of the cubic that has the values
/// and slopes of both ends (Nocedal & Wright, eq. 3.59); NaN if it has none.
fn cubic_minimiser(low: End, high: End, width: f64) -> f64 {
    let d1 = low.slope + high.slope - 3.0 * (high.value - low.value) / width;
    let root = (d1 * d1 - low.slope * high.slope).sqrt();
    width * (1.0 - (high.slope + root - d1) / (high.slope - low.slope + 2.0 * root))
}
