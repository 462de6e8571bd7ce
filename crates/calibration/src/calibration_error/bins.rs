//! How [0, 1] is cut: equal width with exact edges, or equal mass (notes §4.3.4).

use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Which end of an equal-width bin belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Closed {
    /// (a, b], and the first bin [0, 1/M]: the definition of Guo et al. 2017.
    #[default]
    Right,
    /// [a, b), and the last bin [1 − 1/M, 1].
    Left,
}

/// How probabilities are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bins {
    /// M bins of width 1/M; the edges are the doubles nearest to m/M, so that
    /// 0.3 is on the edge of ten bins exactly.
    EqualWidth {
        /// Number of bins M.
        n_bins: usize,
        /// Which end belongs to a bin.
        closed: Closed,
    },
    /// M groups of as equal size as possible, the larger ones first; equal
    /// probabilities stay together in the group of their first occurrence.
    /// Under sample weights, group m ends where the cumulative weight first
    /// reaches m/M of the total.
    EqualMass {
        /// Number of groups M.
        n_bins: usize,
    },
}

impl Default for Bins {
    /// Fifteen right-closed bins of equal width, the usual choice in print.
    fn default() -> Self {
        Self::equal_width(15)
    }
}

impl Bins {
    /// M right-closed bins of equal width.
    #[must_use]
    pub fn equal_width(n_bins: usize) -> Self {
        Self::EqualWidth { n_bins, closed: Closed::Right }
    }

    /// M groups of equal size.
    #[must_use]
    pub fn equal_mass(n_bins: usize) -> Self {
        Self::EqualMass { n_bins }
    }

    /// The number of bins M.
    #[must_use]
    pub fn n_bins(&self) -> usize {
        match *self {
            Self::EqualWidth { n_bins, .. } | Self::EqualMass { n_bins } => n_bins,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let n = self.n_bins();
        check::parameter(
            "n_bins",
            n as f64,
            (1..=1_000_000).contains(&n),
            "it must lie between 1 and a million",
        )
    }
}

/// Exact equal-width edges and the search in them.
#[derive(Debug, Clone)]
pub(crate) struct Edges {
    /// m/M for m = 0..=M, correctly rounded.
    edges: Vec<f64>,
    closed: Closed,
}

impl Edges {
    pub(crate) fn new(n_bins: usize, closed: Closed) -> Self {
        let edges = (0..=n_bins).map(|m| m as f64 / n_bins as f64).collect();
        Self { edges, closed }
    }

    pub(crate) fn all(&self) -> &[f64] {
        &self.edges
    }

    pub(crate) fn lower(&self, bin: usize) -> f64 {
        self.edges[bin]
    }

    pub(crate) fn upper(&self, bin: usize) -> f64 {
        self.edges[bin + 1]
    }

    /// The bin of p in [0, 1]. The product p·M only guesses; comparing with
    /// the edges decides, because the product rounds across them.
    #[inline]
    pub(crate) fn bin(&self, p: f64) -> usize {
        let last = self.edges.len() - 2;
        let guess = ((p * (last + 1) as f64) as i64 as usize).min(last);
        match self.closed {
            Closed::Right if p <= self.edges[guess] => guess.saturating_sub(1),
            Closed::Right if p > self.edges[guess + 1] => guess + 1,
            Closed::Left if p < self.edges[guess] => guess.saturating_sub(1),
            Closed::Left if p >= self.edges[guess + 1] => (guess + 1).min(last),
            _ => guess,
        }
    }
}

/// [`Edges::bin`] of a vector of probabilities at once, in whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct VectorEdges<S: pulp::Simd> {
    simd: S,
    n_bins: S::f64s,
    closed: Closed,
}

impl<S: pulp::Simd> VectorEdges<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, edges: &Edges) -> Self {
        let n_bins = simd.splat_f64s((edges.edges.len() - 1) as f64);
        Self { simd, n_bins, closed: edges.closed }
    }

    /// The edge m/M nearest to p is one division away, rounded as the table
    /// rounds it; on which side of it p lies decides.
    #[inline(always)]
    pub(crate) fn bin(&self, p: S::f64s) -> S::f64s {
        let Self { simd, n_bins, closed } = *self;
        // A sum of this size has no digits after the point.
        let whole = simd.splat_f64s(1.5 * (1_u64 << 52) as f64);
        let nearest = simd.sub_f64s(simd.mul_add_f64s(p, n_bins, whole), whole);
        let edge = simd.div_f64s(nearest, n_bins);
        let one = simd.splat_f64s(1.0);
        let before = simd.sub_f64s(nearest, one);
        match closed {
            Closed::Right => {
                let above = simd.greater_than_f64s(p, edge);
                simd.max_f64s(simd.select_f64s(above, nearest, before), simd.splat_f64s(0.0))
            }
            Closed::Left => {
                let above = simd.greater_than_or_equal_f64s(p, edge);
                let last = simd.sub_f64s(n_bins, one);
                simd.min_f64s(simd.select_f64s(above, nearest, before), last)
            }
        }
    }
}

/// Ends (exclusive) of the equal-mass groups in `p` sorted increasingly;
/// `weight(i)` is the weight of the i-th sorted sample when weights differ.
#[expect(clippy::float_cmp, reason = "ties are equal to the last bit")]
pub(crate) fn equal_mass_ends(p: &[f64], weights: Option<&[f64]>, n_bins: usize) -> Vec<usize> {
    let n = p.len();
    let mut ends = match weights {
        None => {
            let (size, larger) = (n / n_bins, n % n_bins);
            (1..=n_bins).map(|m| m * size + m.min(larger)).collect::<Vec<_>>()
        }
        Some(w) => {
            let total: f64 = w.iter().sum();
            let (mut reached, mut end) = (0.0, 0);
            let mut ends = Vec::with_capacity(n_bins);
            for m in 1..=n_bins {
                while end < n && reached * (n_bins as f64) < total * m as f64 {
                    reached += w[end];
                    end += 1;
                }
                ends.push(end);
            }
            ends
        }
    };
    for end in &mut ends {
        while *end > 0 && *end < n && p[*end] == p[*end - 1] {
            *end += 1;
        }
    }
    if let Some(last) = ends.last_mut() {
        *last = n;
    }
    // Ties may have pushed an end past the next one.
    for m in 1..ends.len() {
        ends[m] = ends[m].max(ends[m - 1]);
    }
    ends
}
