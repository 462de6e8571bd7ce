//! How unusual a class is for a row of probabilities: LAC, margin, APS, RAPS.
//! The very function that scored the calibration set scores the candidates.

use serde::{Deserialize, Serialize};
use wonderland_linalg::MatRef;

use crate::blocks::{LANES, Lanes, for_blocks, vectors, vectors_mut};
use crate::{Result, check};

/// A nonconformity score of class y for probabilities P₀ … P_{m−1}.
///
/// # References
/// Sadinle, Lei and Wasserman 2019 (LAC); Romano, Sesia and Candès 2020 (APS);
/// Angelopoulos et al. 2021 (RAPS).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum ClassScore {
    /// 1 − P_y: the smallest sets on average; they may be empty.
    Lac,
    /// max over k ≠ y of P_k, minus P_y.
    Margin,
    /// Mass of the classes ranked before y, plus (1 − u) P_y.
    ///
    /// Classes are ranked by falling probability, the lower index first among
    /// equals. u ~ U\[0, 1) is one number per sample, shared by its classes, so
    /// that sets are nested in α; without randomisation u = 0, and sets cover
    /// more than asked.
    Aps {
        /// Whether u is drawn.
        randomised: bool,
    },
    /// APS plus λ · max(0, rank − k_reg), ranks from 1.
    Raps {
        /// Weight λ ≥ 0 of the penalty.
        lambda: f64,
        /// Ranks that go free.
        k_reg: usize,
        /// Whether u is drawn.
        randomised: bool,
    },
}

impl ClassScore {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Raps { lambda, .. } => check::parameter(
                "lambda",
                lambda,
                lambda.is_finite() && lambda >= 0.0,
                "it must be finite and not negative",
            ),
            _ => Ok(()),
        }
    }

    /// Whether the score uses a random number u.
    #[must_use]
    pub fn is_randomised(self) -> bool {
        matches!(self, Self::Aps { randomised: true } | Self::Raps { randomised: true, .. })
    }
}

/// Scores the classes of eight rows at a time.
pub(super) struct Scorer {
    score: ClassScore,
    /// Probabilities by rank, and their classes.
    p: Vec<Lanes>,
    order: Vec<Lanes>,
    /// The classes of one row, where rows are ranked one by one.
    ranked: Vec<u32>,
    scores: Vec<Lanes>,
}

impl Scorer {
    pub(super) fn new(score: ClassScore, n_classes: usize) -> Self {
        Self {
            score,
            p: vec![[0.0; LANES]; n_classes],
            order: vec![[0.0; LANES]; n_classes],
            ranked: (0..n_classes as u32).collect(),
            scores: vec![[0.0; LANES]; n_classes],
        }
    }

    /// Calls `f(first, rows, scores)` for each block of the rows of P, with
    /// `u(i)` the random number of row i; `scores[k][r]` is the score of class
    /// k for row first + r.
    pub(super) fn for_blocks(
        mut self,
        P: MatRef<'_, f64>,
        u: impl Fn(usize) -> f64,
        mut f: impl FnMut(usize, usize, &[Lanes]),
    ) {
        let arch = pulp::Arch::new();
        for_blocks(P, |first, rows, block| {
            let u = if self.score.is_randomised() {
                std::array::from_fn(|r| u(first + r.min(rows - 1)))
            } else {
                [0.0; LANES]
            };
            arch.dispatch(ScoreBlock { scorer: &mut self, block, u });
            f(first, rows, &self.scores);
        });
    }
}

struct ScoreBlock<'a> {
    scorer: &'a mut Scorer,
    block: &'a [Lanes],
    u: Lanes,
}

impl pulp::WithSimd for ScoreBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { scorer, block, u } = self;
        match scorer.score {
            ClassScore::Lac => {
                for (scores, p) in scorer.scores.iter_mut().zip(block) {
                    (0..LANES).for_each(|r| scores[r] = 1.0 - p[r]);
                }
            }
            ClassScore::Margin => margins(block, &mut scorer.scores),
            ClassScore::Aps { .. } => cumulative(simd, block, &u, 0.0, 0, scorer),
            ClassScore::Raps { lambda, k_reg, .. } => {
                cumulative(simd, block, &u, lambda, k_reg, scorer)
            }
        }
    }
}

#[inline(always)]
fn margins(block: &[Lanes], scores: &mut [Lanes]) {
    let (mut first, mut second) = ([f64::NEG_INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    let mut top = [0.0; LANES];
    for (k, p) in block.iter().enumerate() {
        for r in 0..LANES {
            let leads = p[r] > first[r];
            let loser = if leads { first[r] } else { p[r] };
            second[r] = if loser > second[r] { loser } else { second[r] };
            top[r] = if leads { k as f64 } else { top[r] };
            first[r] = if leads { p[r] } else { first[r] };
        }
    }
    for (k, (scores, p)) in scores.iter_mut().zip(block).enumerate() {
        for r in 0..LANES {
            // A single class has no rival: its margin is −P.
            let rival =
                if top[r].total_cmp(&(k as f64)).is_eq() { second[r].max(0.0) } else { first[r] };
            scores[r] = rival - p[r];
        }
    }
}

/// Scores by cumulative mass. The running sum is clamped at 1, where rounding
/// could lift it; the same order of additions at calibration and prediction
/// makes equal rows score equally to the last bit.
#[inline(always)]
fn cumulative<S: pulp::Simd>(
    simd: S,
    block: &[Lanes],
    u: &Lanes,
    lambda: f64,
    k_reg: usize,
    scorer: &mut Scorer,
) {
    let Scorer { p, order, ranked, scores, .. } = scorer;
    if block.len() > FEW {
        rank_by_sort(block, p, order, ranked);
    } else {
        rank_by_insertion(simd, block, p, order);
    }
    let mut before = [0.0; LANES];
    for (j, (p, order)) in p.iter_mut().zip(order).enumerate() {
        let penalty = lambda * (j + 1).saturating_sub(k_reg) as f64;
        for r in 0..LANES {
            let mass = before[r] + (1.0 - u[r]) * p[r];
            let up_to = before[r] + p[r];
            before[r] = if up_to < 1.0 { up_to } else { 1.0 };
            p[r] = (if mass < 1.0 { mass } else { 1.0 }) + penalty;
        }
        for r in 0..LANES {
            scores[order[r] as usize][r] = p[r];
        }
    }
}

/// Up to so many classes are ranked by insertion, all rows in step.
const FEW: usize = 32;

/// Ranks by falling probability, the lower class first among equals.
///
/// Which class is ahead is not predictable: moving both, by selection, costs
/// less than the branches of a sort of each row.
#[inline(always)]
fn rank_by_insertion<S: pulp::Simd>(
    simd: S,
    block: &[Lanes],
    p: &mut [Lanes],
    order: &mut [Lanes],
) {
    let width = LANES / S::F64_LANES;
    let (block, p, order) = (vectors::<S>(block), vectors_mut::<S>(p), vectors_mut::<S>(order));
    for v in 0..width {
        for (k, &new) in block[v..].iter().step_by(width).enumerate() {
            let (mut carry, mut class) = (new, simd.splat_f64s(k as f64));
            // From the last place to the first, the larger of two is carried on.
            for j in (0..k).rev() {
                let (old, old_class) = (p[j * width + v], order[j * width + v]);
                let ahead = simd.greater_than_f64s(carry, old);
                p[(j + 1) * width + v] = simd.select_f64s(ahead, old, carry);
                order[(j + 1) * width + v] = simd.select_f64s(ahead, old_class, class);
                carry = simd.select_f64s(ahead, carry, old);
                class = simd.select_f64s(ahead, class, old_class);
            }
            (p[v], order[v]) = (carry, class);
        }
    }
}

/// The same, row by row.
fn rank_by_sort(block: &[Lanes], p: &mut [Lanes], order: &mut [Lanes], ranked: &mut [u32]) {
    for r in 0..LANES {
        // −0.0 and 0.0 are equal.
        let key = |k: u32| block[k as usize][r] + 0.0;
        ranked.sort_unstable_by(|&i, &j| key(j).total_cmp(&key(i)).then(i.cmp(&j)));
        for ((p, order), &k) in p.iter_mut().zip(&mut *order).zip(&*ranked) {
            (p[r], order[r]) = (block[k as usize][r], f64::from(k));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use wonderland_linalg::Tensor;

    use super::{ClassScore, Scorer};
    use crate::random::{Purpose, stream};

    /// The definitions, one row at a time.
    fn plain(score: ClassScore, P: &[f64], u: f64) -> Vec<f64> {
        let mut order: Vec<usize> = (0..P.len()).collect();
        order.sort_by(|&i, &j| P[j].total_cmp(&P[i]));
        let by_mass = |lambda: f64, k_reg: usize, u: f64| {
            let (mut scores, mut before) = (vec![0.0; P.len()], 0.0_f64);
            for (j, &k) in order.iter().enumerate() {
                let penalty = lambda * (j + 1).saturating_sub(k_reg) as f64;
                scores[k] = (before + (1.0 - u) * P[k]).min(1.0) + penalty;
                before = (before + P[k]).min(1.0);
            }
            scores
        };
        let of = |randomised: bool| if randomised { u } else { 0.0 };
        match score {
            ClassScore::Lac => P.iter().map(|p| 1.0 - p).collect(),
            ClassScore::Margin => {
                let rival = |k: usize| {
                    let others = P.iter().enumerate().filter(|&(j, _)| j != k);
                    others.map(|(_, &p)| p).fold(0.0, f64::max)
                };
                (0..P.len()).map(|k| rival(k) - P[k]).collect()
            }
            ClassScore::Aps { randomised } => by_mass(0.0, 0, of(randomised)),
            ClassScore::Raps { lambda, k_reg, randomised } => {
                by_mass(lambda, k_reg, of(randomised))
            }
        }
    }

    #[test]
    fn blocks_score_as_rows_do() {
        let mut rng = stream(1, Purpose::Ties);
        for m in [1, 2, 3, 10, 32, 33, 70] {
            // Multiples of 1/8 tie often; nineteen rows leave a short block.
            let P = Tensor::from_fn(19, m, |_, _| f64::from(rng.random_range(0..8_u8)) / 8.0);
            let u: Vec<f64> = (0..19).map(|_| rng.random()).collect();
            for score in [
                ClassScore::Lac,
                ClassScore::Margin,
                ClassScore::Aps { randomised: true },
                ClassScore::Aps { randomised: false },
                ClassScore::Raps { lambda: 0.1, k_reg: 2, randomised: true },
            ] {
                let mut seen = 0;
                Scorer::new(score, m).for_blocks(
                    P.as_mat(),
                    |i| u[i],
                    |first, rows, scores| {
                        for i in first..first + rows {
                            let row: Vec<f64> = scores.iter().map(|s| s[i - first]).collect();
                            assert_eq!(row, plain(score, P.row(i), u[i]), "{score:?}, {m} classes");
                        }
                        seen += rows;
                    },
                );
                assert_eq!(seen, 19);
            }
        }
    }
}
