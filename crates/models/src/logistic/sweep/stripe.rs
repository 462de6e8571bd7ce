//! One pass over a run of rows: logits, residuals, and the product back into the
//! gradient while each block is in the cache.

use wonderland_linalg::MatRef;
use wonderland_linalg::kernels::{
    Elementary, exp_rows, padded_width, rows_gradient, rows_times, scale_rows, softplus_sigmoid,
};

/// Bytes of X in a block: what the first cache holds.
const BLOCK_BYTES: usize = 32 << 10;
/// Rows whose normalisers are multiplied before one logarithm is taken: 16 of at
/// most 2⁶⁰ classes stay below the largest number.
const PER_LOG: usize = 16;

/// Most rows of a block.
const MOST_ROWS: usize = 256;

/// Rows of a block: few enough for the first cache, many enough that the
/// gradient is not moved for nothing.
pub(super) fn block_rows(c: usize) -> usize {
    (BLOCK_BYTES / 8 / c.max(1)).clamp(64, MOST_ROWS)
}

/// What a pass needs to know, shared by the stripes.
pub(super) struct Pass<'a> {
    pub(super) X: MatRef<'a, f64>,
    pub(super) y: &'a [usize],
    pub(super) weights: Option<&'a [f64]>,
    /// Of two classes with one output: 1 for the first, −1 for the second.
    pub(super) signs: &'a [f64],
    pub(super) per_weight: f64,
    /// (c, width) and (width); places without an output hold 0 and −∞.
    pub(super) W: &'a [f64],
    pub(super) b: &'a [f64],
}

impl Pass<'_> {
    /// The weight of row i over the sum of all.
    fn share(&self, i: usize) -> f64 {
        self.weights.map_or(self.per_weight, |w| w[i] * self.per_weight)
    }
}

/// A run of blocks with its share of the sums.
pub(super) struct Stripe {
    pub(super) rows: std::ops::Range<usize>,
    /// (c, width), as [`Pass::W`].
    pub(super) gradient: Vec<f64>,
    pub(super) gradient_b: Vec<f64>,
    pub(super) value: f64,
    /// Rows with more than one half on their class.
    pub(super) confident: usize,
    /// Who ran it last.
    #[cfg(test)]
    pub(super) worker: Option<std::thread::ThreadId>,
    /// Logits, then residuals: (rows, width).
    z: Vec<f64>,
    top: Vec<f64>,
    sum: Vec<f64>,
    /// Rows that do not lie in one piece.
    copies: Vec<f64>,
}

impl Stripe {
    pub(super) fn new(rows: std::ops::Range<usize>, c: usize, outputs: usize) -> Self {
        let (width, block) = (padded_width(outputs), block_rows(c));
        Self {
            rows,
            gradient: vec![0.0; c * width],
            gradient_b: vec![0.0; width],
            value: 0.0,
            confident: 0,
            #[cfg(test)]
            worker: None,
            z: vec![0.0; block * width],
            top: vec![0.0; block],
            sum: vec![0.0; block],
            copies: Vec::new(),
        }
    }

    pub(super) fn run(&mut self, pass: &Pass<'_>) {
        self.gradient.fill(0.0);
        self.gradient_b.fill(0.0);
        (self.value, self.confident) = (0.0, 0);
        #[cfg(test)]
        {
            self.worker = Some(std::thread::current().id());
        }
        let mut copies = std::mem::take(&mut self.copies);
        let block = self.top.len();
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
        let width = self.gradient_b.len();
        let z = &mut self.z[..X.len() * width];
        z.chunks_exact_mut(width).for_each(|z| z.copy_from_slice(pass.b));
        rows_times(X, pass.W, width, z);
        if width == 1 {
            self.sigmoid(pass, start, X.len())
        } else {
            self.softmax(pass, start, X.len())
        }
        rows_gradient(X, &self.z[..X.len() * width], width, &mut self.gradient);
    }

    /// Turns the logits of one output into weighted residuals s(σ(z) − y).
    fn sigmoid(&mut self, pass: &Pass<'_>, start: usize, n: usize) {
        let (z, signs) = (&mut self.z[..n], &pass.signs[start..start + n]);
        // −z for the second class: its sigmoid is how wrong the row is, small
        // without cancellation where it is right, and its softplus the loss.
        z.iter_mut().zip(signs).for_each(|(z, sign)| *z *= sign);
        match pass.weights {
            None => {
                self.confident += z.iter().filter(|z| **z < 0.0).count();
                self.value += softplus_sigmoid(z) * pass.per_weight;
            }
            Some(weights) => {
                let losses = &mut self.sum[..n];
                Elementary::Softplus.apply_into(z, losses);
                for ((z, loss), s) in z.iter().zip(losses).zip(&weights[start..]) {
                    self.confident += usize::from(*z < 0.0 && *s > 0.0);
                    self.value += *loss * (s * pass.per_weight);
                }
                Elementary::Sigmoid.apply(z);
            }
        }
        for (i, (z, sign)) in z.iter_mut().zip(signs).enumerate() {
            *z *= sign * pass.share(start + i);
            self.gradient_b[0] += *z;
        }
    }

    /// The same for the softmax of several outputs.
    fn softmax(&mut self, pass: &Pass<'_>, start: usize, n: usize) {
        let width = self.gradient_b.len();
        let (z, y) = (&mut self.z[..n * width], &pass.y[start..start + n]);
        let (top, sum) = (&mut self.top[..n], &mut self.sum[..n]);
        // ln Σ e^z − z_y = (top − z_y) + ln sum; z_y is gone after `exp_rows`.
        for (i, &class) in y.iter().enumerate() {
            self.value -= pass.share(start + i) * z[i * width + class];
        }
        exp_rows(z, width, top, sum);
        for (i, (top, sum)) in top.iter().zip(&*sum).enumerate() {
            self.value += pass.share(start + i) * top;
            if pass.weights.is_some() {
                self.value += pass.share(start + i) * sum.ln();
            }
        }
        if pass.weights.is_none() {
            let log_of = |sums: &[f64]| sums.iter().product::<f64>().ln();
            self.value += sum.chunks(PER_LOG).map(log_of).sum::<f64>() * pass.per_weight;
        }
        for (i, (sum, &class)) in sum.iter_mut().zip(y).enumerate() {
            let share = pass.share(start + i);
            // p_y > ½, which also rules out ties.
            self.confident += usize::from(share > 0.0 && 2.0 * z[i * width + class] > *sum);
            *sum = share / *sum;
        }
        scale_rows(z, width, sum, &mut self.gradient_b);
        for (i, (z, &class)) in z.chunks_exact_mut(width).zip(y).enumerate() {
            let share = pass.share(start + i);
            z[class] -= share;
            self.gradient_b[class] -= share;
        }
    }
}
