//! One pass over a run of rows: logits, residuals, and the product back into the
//! gradient while each block is in the cache.

use wonderland_linalg::MatRef;
use wonderland_linalg::kernels::{
    Elementary, Sixteen, padded_width, rows_gradient, rows_times, softmax_residuals,
    softplus_sigmoid,
};

/// Bytes of X in a block: little more than the first cache holds, so that the
/// second serves the rest.
const BLOCK_BYTES: usize = 48 << 10;

/// Most rows of a block.
const MOST_ROWS: usize = 256;
/// Rows that are treated together.
const GROUP: usize = size_of::<Sixteen>() / size_of::<f64>();

/// Rows of a block, in whole groups: few enough for the caches, many enough that
/// the gradient is not moved for nothing.
pub(super) fn block_rows(c: usize) -> usize {
    let rows = (BLOCK_BYTES / 8 / c.max(1)).clamp(64, MOST_ROWS);
    rows - rows % GROUP
}

/// What a pass needs to know, shared by the stripes.
pub(super) struct Pass<'a> {
    pub(super) X: MatRef<'a, f64>,
    pub(super) y: &'a [usize],
    pub(super) weights: Option<&'a [f64]>,
    /// Of two classes with one output: 1 for the first, −1 for the second.
    pub(super) signs: &'a [f64],
    pub(super) per_weight: f64,
    /// (c, width) and (width); places without an output hold 0.
    pub(super) W: &'a [f64],
    pub(super) b: &'a [f64],
}

/// A run of blocks with its share of the sums.
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
    pub(super) fn new(rows: std::ops::Range<usize>, c: usize, outputs: usize) -> Self {
        let (width, block) = (padded_width(outputs), block_rows(c));
        Self {
            rows,
            gradient: vec![0.0; outputs * c],
            gradient_b: vec![[0.0; GROUP]; outputs],
            value: 0.0,
            confident: 0,
            #[cfg(test)]
            worker: None,
            z: vec![0.0; block * width],
            residuals: vec![[0.0; GROUP]; block / GROUP * outputs],
            shares: vec![0.0; block],
            copies: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, pass: &Pass<'_>) {
        self.gradient.fill(0.0);
        self.gradient_b.fill([0.0; GROUP]);
        (self.value, self.confident) = (0.0, 0);
        #[cfg(test)]
        {
            self.worker = Some(std::thread::current().id());
        }
        let mut copies = std::mem::take(&mut self.copies);
        let block = self.shares.len();
        for start in self.rows.clone().step_by(block) {
            let rows = start..(start + block).min(self.rows.end);
            let X = pass.X.subrows(start, rows.len());
            // On the stack: a pass allocates nothing.
            let mut rows: [&[f64]; MOST_ROWS] = [&[]; MOST_ROWS];
            if X.col_stride() == 1 {
                for (place, row) in rows.iter_mut().zip(X.row_iter()) {
                    *place = row.try_as_row_major().map_or(&[], |row| row.as_slice());
                }
            } else {
                copies.clear();
                copies.extend(X.row_iter().flat_map(|row| row.iter().copied()));
                let c = X.ncols();
                for (i, place) in rows.iter_mut().enumerate().take(X.nrows()) {
                    *place = &copies[i * c..][..c];
                }
            }
            self.block(pass, start, &rows[..X.nrows()]);
        }
        self.copies = copies;
    }

    fn block(&mut self, pass: &Pass<'_>, start: usize, X: &[&[f64]]) {
        let (n, width) = (X.len(), pass.b.len());
        let z = &mut self.z[..n * width];
        z.chunks_exact_mut(width).for_each(|z| z.copy_from_slice(pass.b));
        rows_times(X, pass.W, width, z);
        let shares = &mut self.shares[..n];
        match pass.weights {
            None => shares.fill(pass.per_weight),
            Some(w) => {
                shares.iter_mut().zip(&w[start..]).for_each(|(s, w)| *s = w * pass.per_weight);
            }
        }
        let residuals = &mut self.residuals[..n.div_ceil(GROUP) * self.gradient_b.len()];
        if width == 1 {
            self.sigmoid(pass, start, n);
        } else {
            let (y, totals) = (&pass.y[start..start + n], &mut self.gradient_b);
            let found = softmax_residuals(z, width, y, shares, residuals, totals);
            self.value += found.value;
            self.confident += found.confident;
        }
        let residuals = &self.residuals[..n.div_ceil(GROUP) * self.gradient_b.len()];
        rows_gradient(X, residuals, &mut self.gradient);
    }

    /// Turns the logits of one output into weighted residuals s(σ(z) − y).
    fn sigmoid(&mut self, pass: &Pass<'_>, start: usize, n: usize) {
        let (z, signs) = (&mut self.z[..n], &pass.signs[start..start + n]);
        let shares = &self.shares[..n];
        let residuals = &mut self.residuals.as_flattened_mut()[..n];
        // −z for the second class: its sigmoid is how wrong the row is, small
        // without cancellation where it is right, and its softplus the loss.
        z.iter_mut().zip(signs).for_each(|(z, sign)| *z *= sign);
        match pass.weights {
            None => {
                self.confident += z.iter().filter(|z| **z < 0.0).count();
                self.value += softplus_sigmoid(z) * pass.per_weight;
            }
            Some(_) => {
                Elementary::Softplus.apply_into(z, residuals);
                for ((z, loss), share) in z.iter().zip(&*residuals).zip(shares) {
                    self.confident += usize::from(*z < 0.0 && *share > 0.0);
                    self.value += loss * share;
                }
                Elementary::Sigmoid.apply(z);
            }
        }
        for ((r, z), (sign, share)) in residuals.iter_mut().zip(&*z).zip(signs.iter().zip(shares)) {
            *r = z * (sign * share);
        }
        let total = &mut self.gradient_b[0];
        for group in residuals.chunks(GROUP) {
            total.iter_mut().zip(group).for_each(|(total, r)| *total += r);
        }
    }
}
