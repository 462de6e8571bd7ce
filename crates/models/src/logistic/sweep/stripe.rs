//! One pass over a run of rows: logits, residuals, and the product back into the
//! gradient while each block is in the cache; with two classes all in one kernel.

use wonderland_linalg::MatRef;
use wonderland_linalg::kernels::{
    Sixteen, TwoClasses, padded_width, rows_gradient, rows_times, softmax_residuals,
};

use crate::logistic::rows::{MOST_ROWS, copy, lend};
use crate::workspace::renew;

/// Bytes of X in a block: little more than the first cache holds, so that the
/// second serves the rest and has room for the block that is fetched meanwhile.
const BLOCK_BYTES: usize = 40 << 10;

/// Rows that are treated together.
const GROUP: usize = size_of::<Sixteen>() / size_of::<f64>();

/// Rows of a block, in whole groups: few enough for the caches, many enough that
/// the gradient is not moved for nothing.
pub(super) fn block_rows(c: usize) -> usize {
    let rows = (BLOCK_BYTES / 8 / c.max(1)).clamp(64, MOST_ROWS);
    rows - rows % GROUP
}

/// Places per row of W: whole vectors, but a single output is not padded.
pub(super) fn width(outputs: usize) -> usize {
    if outputs == 1 { 1 } else { padded_width(outputs) }
}

/// What a pass needs to know, shared by the stripes.
pub(super) struct Pass<'a> {
    pub(super) X: MatRef<'a, f64>,
    pub(super) y: &'a [usize],
    pub(super) weights: Option<&'a [f64]>,
    pub(super) per_weight: f64,
    /// (c, width) and (width); places without an output hold 0, but a single output
    /// is not padded.
    pub(super) W: &'a [f64],
    pub(super) b: &'a [f64],
}

/// A run of blocks with its share of the sums.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    pub(super) rows: std::ops::Range<usize>,
    /// (outputs, c).
    pub(super) gradient: Vec<f64>,
    /// Per output what its lanes sum to.
    pub(super) gradient_b: Vec<Sixteen>,
    pub(super) value: f64,
    /// Rows with more than one half on their class.
    pub(super) confident: usize,
    /// Who ran it last.
    #[cfg(test)]
    pub(super) worker: Option<std::thread::ThreadId>,
    /// Logits: (rows, width).
    z: Vec<f64>,
    /// Residuals, by groups of rows and then by outputs.
    residuals: Vec<Sixteen>,
    /// The weights of rows over the sum of all.
    shares: Vec<f64>,
    /// Rows that do not lie in one piece.
    copies: Vec<f64>,
}

impl Stripe {
    /// Makes it one of other rows, in the memory that is there.
    pub(super) fn renew(&mut self, rows: std::ops::Range<usize>, c: usize, outputs: usize) {
        let (width, block) = (width(outputs), block_rows(c));
        self.rows = rows;
        renew(&mut self.gradient, outputs * c, 0.0);
        renew(&mut self.gradient_b, outputs, [0.0; GROUP]);
        renew(&mut self.z, block * width, 0.0);
        renew(&mut self.residuals, block / GROUP * outputs, [0.0; GROUP]);
        renew(&mut self.shares, block, 0.0);
    }

    pub(super) fn run(&mut self, pass: &Pass<'_>) {
        self.gradient.fill(0.0);
        self.gradient_b.fill([0.0; GROUP]);
        (self.value, self.confident) = (0.0, 0);
        #[cfg(test)]
        {
            self.worker = Some(std::thread::current().id());
        }
        if self.gradient_b.len() == 1 {
            self.two_classes(pass);
        } else {
            self.classes(pass);
        }
    }

    /// One output: rows need no blocks where they lie in one piece each.
    fn two_classes(&mut self, pass: &Pass<'_>) {
        let (rows, block) = (self.rows.clone(), self.shares.len());
        if pass.X.col_stride() == 1 {
            let X = pass.X.subrows(rows.start, rows.len());
            return self.add_two_classes(pass, rows.start, X);
        }
        let mut copies = std::mem::take(&mut self.copies);
        for start in rows.clone().step_by(block) {
            let X = pass.X.subrows(start, block.min(rows.end - start));
            self.add_two_classes(pass, start, copy(X, &mut copies));
        }
        self.copies = copies;
    }

    /// The rows X from `start` on.
    fn add_two_classes(&mut self, pass: &Pass<'_>, start: usize, X: MatRef<'_, f64>) {
        let rows = start..start + X.nrows();
        let (y, weights) = (&pass.y[rows.clone()], pass.weights.map(|w| &w[rows]));
        let rows = TwoClasses { X, y, weights, scale: pass.per_weight };
        let found =
            rows.add_gradient(pass.W, pass.b[0], &mut self.gradient, &mut self.gradient_b[0]);
        self.value += found.value;
        self.confident += found.confident;
    }

    /// Several outputs, in blocks that are in the cache.
    fn classes(&mut self, pass: &Pass<'_>) {
        let (X, block) = (pass.X, self.shares.len());
        let blocks = self.rows.clone().step_by(block);
        if X.col_stride() == 1 {
            let mut places: [[&[f64]; MOST_ROWS]; 2] = [[&[]; MOST_ROWS]; 2];
            let [mut here, mut next] = places.each_mut();
            let mut ahead = lend(X, self.rows.start, block, next);
            for start in blocks {
                let n = ahead.min(self.rows.end - start);
                std::mem::swap(&mut here, &mut next);
                ahead = lend(X, start + n, block, next);
                self.block(pass, start, &here[..n], &next[..ahead]);
            }
        } else {
            let mut copies = std::mem::take(&mut self.copies);
            for start in blocks {
                let n = block.min(self.rows.end - start);
                let mut here: [&[f64]; MOST_ROWS] = [&[]; MOST_ROWS];
                lend(copy(X.subrows(start, n), &mut copies), 0, n, &mut here);
                self.block(pass, start, &here[..n], &[]);
            }
            self.copies = copies;
        }
    }

    /// The rows from `start` on, while those that come next are fetched.
    fn block(&mut self, pass: &Pass<'_>, start: usize, X: &[&[f64]], next: &[&[f64]]) {
        let (n, width) = (X.len(), pass.b.len());
        let (z, y) = (&mut self.z[..n * width], &pass.y[start..start + n]);
        let residuals = &mut self.residuals[..n.div_ceil(GROUP) * self.gradient_b.len()];
        // Half of what comes next is fetched by either product.
        let (next, later) = next.split_at(next.len() / 2);
        rows_times(X, next, pass.W, pass.b, z);
        let shares = &mut self.shares[..n];
        match pass.weights {
            None => shares.fill(pass.per_weight),
            Some(w) => {
                let shares = shares.iter_mut().zip(&w[start..start + n]);
                shares.for_each(|(s, w)| *s = w * pass.per_weight);
            }
        }
        let shares = &self.shares[..n];
        let found = softmax_residuals(z, width, y, shares, residuals, &mut self.gradient_b);
        self.value += found.value;
        self.confident += found.confident;
        rows_gradient(X, later, residuals, &mut self.gradient);
    }
}
