//! Venn–Abers: two probabilities per score, from isotonic regressions with the
//! new score labelled 0 and 1; one of the two is calibrated, whatever the data.
//!
//! With label 1 the new score is the vector (1, 1) inserted into the
//! cumulative sum diagram; its isotonic value is the slope there of the
//! greatest convex minorant. Moving the insertion point by one group changes
//! one corner, so all values cost one sweep over a stack of corners.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::pav::ordered;
use crate::scored::check_scored;
use crate::{Error, Result};

/// How the two probabilities become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Merge {
    /// p₁ / (1 − p₀ + p₁): the minimax choice for the log loss.
    #[default]
    Log,
    /// p₁ + p₀²/2 − p₁²/2: the minimax choice for the Brier score.
    Brier,
}

/// The pair p₀ ≤ p₁ of one score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VennAbersPair {
    /// Isotonic value with the new label set to 0.
    pub p0: f64,
    /// Isotonic value with the new label set to 1.
    pub p1: f64,
}

impl VennAbersPair {
    /// p₁ − p₀: how much a single label decides.
    #[must_use]
    pub fn width(self) -> f64 {
        self.p1 - self.p0
    }

    /// One probability between p₀ and p₁.
    #[must_use]
    pub fn merged(self, merge: Merge) -> f64 {
        let Self { p0, p1 } = self;
        let p = match merge {
            Merge::Log => p1 / (1.0 - p0 + p1),
            Merge::Brier => p1 + 0.5 * (p0 - p1) * (p0 + p1),
        };
        p.clamp(p0, p1)
    }
}

/// Inductive Venn–Abers calibration.
///
/// # Guarantee
/// If calibration and new samples are exchangeable, p_Y is calibrated for the
/// true label Y: E[Y | p_Y] = p_Y.
///
/// # Examples
/// ```
/// use wonderland_calibration::VennAbers;
/// let map = VennAbers::default().fit(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true])?;
/// let pair = map.pair(2.5)?;
/// assert_eq!((pair.p0, pair.p1), (0.0, 1.0));
/// let pair = map.pair(2.0)?; // labelled 1, it joins a group of two zeros' end
/// assert_eq!((pair.p0, pair.p1), (0.0, 0.5));
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VennAbers {
    /// How [`VennAbersMap::transform`] merges the pair.
    pub merge: Merge,
}

/// Precomputed Venn–Abers pairs; a query is a binary search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VennAbersMap {
    /// Distinct calibration scores, increasing; only those where a value changes,
    /// and the ends.
    scores: Vec<f64>,
    /// p₀ of a new score equal to or just above each.
    p0: Vec<f64>,
    /// p₁ of a new score equal to or just below each.
    p1: Vec<f64>,
    merge: Merge,
}

impl VennAbers {
    /// Precomputes the pairs of every possible new score in O(n log n).
    ///
    /// # Errors
    /// Bad lengths or values.
    ///
    /// # Panics
    /// For 2³² samples or more.
    ///
    /// # References
    /// Vovk, Petej and Fedorova 2015, algorithms 1–4.
    pub fn fit(&self, scores: &[f64], y: &[bool]) -> Result<VennAbersMap> {
        check_scored(scores, y, None)?;
        let counted = counted(scores, y);
        let (n, all) = (counted.len(), counted[counted.len() - 1]);
        let p1 = upper(n, |i| (counted[i].samples, counted[i].events));
        // p₀ is 1 − p₁ of the mirrored problem: order reversed, labels swapped.
        let p0 = upper(n, |i| {
            let rest = n.checked_sub(i + 2).map_or(Counted::NONE, |below| counted[below]);
            let samples = all.samples - rest.samples;
            (samples, samples - (all.events - rest.events))
        });
        // Below score i a query is answered by p₀ of the score before and p₁ of
        // score i, above it by p₀ of score i and p₁ of the next: the answer may
        // change where p₁ begins a run at the next score, or p₀ one at this.
        let mut steps = vec![0, n - 1];
        steps.extend(p1.starts[1..].iter().map(|&start| start - 1));
        steps.extend(p0.starts[1..].iter().map(|&start| n - start));
        steps.sort_unstable();
        steps.dedup();
        Ok(VennAbersMap {
            scores: steps.iter().map(|&i| counted[i].x).collect(),
            p0: steps.iter().map(|&i| 1.0 - p0.at(n - 1 - i)).collect(),
            p1: steps.iter().map(|&i| p1.at(i)).collect(),
            merge: self.merge,
        })
    }
}

/// A distinct score, with the samples and events up to it.
#[derive(Clone, Copy)]
struct Counted {
    x: f64,
    samples: u32,
    events: u32,
}

impl Counted {
    const NONE: Self = Self { x: f64::NEG_INFINITY, samples: 0, events: 0 };
}

/// The distinct scores, increasing.
fn counted(scores: &[f64], y: &[bool]) -> Vec<Counted> {
    assert!(u32::try_from(scores.len()).is_ok(), "fewer than 2³² samples");
    // −0.0 and 0.0 are one score.
    let one = |(x, &y): (&f64, &bool)| Counted { x: x + 0.0, samples: 1, events: u32::from(y) };
    let mut counted: Vec<Counted> = scores.iter().zip(y).map(one).collect();
    counted.sort_unstable_by_key(|sample| ordered(sample.x));
    counted.dedup_by(|next, kept| {
        let tied = next.x.total_cmp(&kept.x).is_eq();
        if tied {
            kept.samples += next.samples;
            kept.events += next.events;
        }
        tied
    });
    let mut before = Counted::NONE;
    for score in &mut counted {
        score.samples += before.samples;
        score.events += before.events;
        before = *score;
    }
    counted
}

/// A sequence as the runs of equal values in it: a million scores have a few
/// thousand.
#[derive(Default)]
struct Runs {
    starts: Vec<usize>,
    values: Vec<f64>,
}

impl Runs {
    /// Appends the value at `i`, the next index.
    #[expect(clippy::float_cmp, reason = "a run ends with a difference in the last bit")]
    fn push(&mut self, i: usize, value: f64) {
        if self.values.last().is_none_or(|&last| last != value) {
            self.starts.push(i);
            self.values.push(value);
        }
    }

    fn at(&self, i: usize) -> f64 {
        self.values[self.starts.partition_point(|&start| start <= i) - 1]
    }
}

/// The slope of the greatest convex minorant at an inserted (1, 1), for each of
/// n groups it may be inserted before; `up_to(i)` are the samples and events of
/// the groups up to i.
fn upper(n: usize, up_to: impl Fn(usize) -> (u32, u32)) -> Runs {
    type Point = (f64, f64);
    // Twice the signed area of a, b, c: positive for a left turn at b.
    let turn = |a: Point, b: Point, c: Point| (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0);
    // The diagram with (1, 1) first; point 0 is (−1, −1).
    let point = |i: usize| match i {
        0 => (-1.0, -1.0),
        1 => (0.0, 0.0),
        _ => {
            let (samples, events) = up_to(i - 2);
            (f64::from(samples), f64::from(events))
        }
    };
    // Corners of its minorant from the right, so that the left end is on top.
    let mut corners: Vec<Point> = Vec::new();
    let push = |corners: &mut Vec<Point>, point| {
        while let [.., b, a] = corners[..] {
            if turn(point, a, b) > 0.0 {
                break;
            }
            corners.pop();
        }
        corners.push(point);
    };
    (0..n + 2).rev().for_each(|i| push(&mut corners, point(i)));
    let mut slopes = Runs::default();
    let mut left = point(0);
    for i in 0..n {
        let (top, next) = (corners[corners.len() - 1], corners[corners.len() - 2]);
        slopes.push(i, (next.1 - top.1) / (next.0 - top.0));
        // Group i moves before the insertion: its corner shifts down-left.
        let (here, after) = (point(i + 1), point(i + 2));
        let moved = (left.0 + after.0 - here.0, left.1 + after.1 - here.1);
        left = moved;
        if turn(top, next, moved) < 0.0 {
            corners.pop();
            push(&mut corners, moved);
        }
    }
    slopes
}

impl VennAbersMap {
    /// The pair of one score, in O(log n).
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn pair(&self, score: f64) -> Result<VennAbersPair> {
        if score.is_nan() {
            return Err(Error::NonFinite { what: "score", row: 0, column: 0, value: score });
        }
        Ok(self.pair_in(score, 0..self.scores.len()))
    }

    /// The pair of a score whose lower neighbours end inside `range`.
    fn pair_in(&self, score: f64, range: Range<usize>) -> VennAbersPair {
        let below = range.start + self.scores[range].partition_point(|&s| s < score);
        let up_to = below + usize::from(self.scores.get(below).is_some_and(|&s| s <= score));
        VennAbersPair {
            p0: up_to.checked_sub(1).map_or(0.0, |i| self.p0[i]),
            p1: self.p1.get(below).copied().unwrap_or(1.0),
        }
    }

    /// The pairs of many scores.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn pairs(&self, scores: &[f64]) -> Result<Vec<VennAbersPair>> {
        if let Some(row) = scores.iter().position(|s| s.is_nan()) {
            return Err(Error::NonFinite { what: "scores", row, column: 0, value: scores[row] });
        }
        // For many queries, a table of where equally wide cells begin leaves
        // a few scores to search instead of all of them.
        let guide = Guide::new(&self.scores, scores.len());
        Ok(scores.iter().map(|&s| self.pair_in(s, guide.range(s))).collect())
    }

    /// The merged probabilities of many scores.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN.
    pub fn transform(&self, scores: &[f64]) -> Result<Vec<f64>> {
        Ok(self.pairs(scores)?.into_iter().map(|pair| pair.merged(self.merge)).collect())
    }
}

/// Where each of many equally wide cells begins in a sorted slice.
///
/// The cell of a number is a non-decreasing function of it, rounding included,
/// and the same for members and queries: so the members below a query end
/// inside the query's cell.
struct Guide {
    low: f64,
    scale: f64,
    /// Members in cells before each cell, and their number.
    starts: Vec<u32>,
}

impl Guide {
    fn new(sorted: &[f64], n_queries: usize) -> Self {
        // Few queries do not repay the table; one cell means plain search.
        let n_cells = if n_queries < sorted.len() / 8 { 1 } else { sorted.len().max(1) };
        let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        let scale = n_cells as f64 / (high - low);
        // Equal ends, or a span that overflows or is too small to divide by.
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let mut guide = Self { low, scale, starts: vec![0; n_cells + 1] };
        for &s in sorted {
            let cell = guide.cell(s);
            guide.starts[cell + 1] += 1;
        }
        for i in 0..n_cells {
            guide.starts[i + 1] += guide.starts[i];
        }
        guide
    }

    fn cell(&self, s: f64) -> usize {
        // Casts saturate: below the first member is cell 0. ∞ · 0 is NaN,
        // which casts to 0, the only cell in use then.
        (((s - self.low) * self.scale) as usize).min(self.starts.len() - 2)
    }

    fn range(&self, s: f64) -> Range<usize> {
        let cell = self.cell(s);
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }
}
