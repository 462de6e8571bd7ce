//! Equal-width bin counts that are updated chunk by chunk and merged across
//! shards: the table of the whole, whatever the chunks.

use serde::{Deserialize, Serialize};

use super::bins::{Bins, Closed, Edges};
use super::exact::{self, Packed};
use super::table::{BinTable, Group};
use crate::sum::Sum;
use crate::{Error, Forecasts, Result};

/// Streaming state of an equal-width reliability table.
///
/// # Numerics
/// Without weights the sums are exact integers (p in units of 2⁻⁶², so to
/// 2·10⁻¹⁹ each) and chunks merge to the very table of the batch; with weights
/// the sums are compensated and agree to one rounding.
///
/// # Examples
/// ```
/// use wonderland_calibration::{BinCounts, Closed, Forecasts};
/// let mut left = BinCounts::new(10, Closed::Right)?;
/// let mut right = left.clone();
/// left.update(&Forecasts::new(&[0.05], &[false])?);
/// right.update(&Forecasts::new(&[0.95], &[true])?);
/// left.merge(&right)?;
/// assert!((left.table().error()?.ece - 0.05).abs() < 1e-15);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinCounts {
    n_bins: usize,
    closed: Closed,
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    /// Unweighted samples, events among them, and Σ p in units of 2⁻⁶².
    count: u64,
    events: u64,
    p: u128,
    /// Weighted samples.
    n_weighted: u64,
    weight: Sum,
    weight_sq: Sum,
    weighted_p: Sum,
    weighted_y: Sum,
}

impl BinCounts {
    /// An empty state with `n_bins` bins of equal width.
    ///
    /// # Errors
    /// [`Error::BadParameter`] when the number of bins is 0 or beyond a million.
    pub fn new(n_bins: usize, closed: Closed) -> Result<Self> {
        Bins::EqualWidth { n_bins, closed }.check()?;
        Ok(Self { n_bins, closed, cells: vec![Cell::default(); n_bins] })
    }

    /// Adds samples.
    pub fn update(&mut self, f: &Forecasts<'_>) {
        let edges = Edges::new(self.n_bins, self.closed);
        match f.weights() {
            None => {
                let mut sums = vec![Packed::default(); self.n_bins];
                for (p, y) in f.p().chunks(Packed::MOST).zip(f.y().chunks(Packed::MOST)) {
                    exact::add(p, y, &edges, &mut sums);
                    for (cell, sums) in self.cells.iter_mut().zip(&mut sums) {
                        let sums = std::mem::take(sums);
                        cell.count += sums.count();
                        cell.events += sums.events();
                        cell.p += sums.p();
                    }
                }
            }
            Some(_) => {
                for (p, y, w) in f.iter() {
                    let cell = &mut self.cells[edges.bin(p)];
                    cell.n_weighted += 1;
                    cell.weight.add(w);
                    cell.weight_sq.add(w * w);
                    cell.weighted_p.add(w * p);
                    if y {
                        cell.weighted_y.add(w);
                    }
                }
            }
        }
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`Error::CannotMerge`] when the bins differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if (self.n_bins, self.closed) != (other.n_bins, other.closed) {
            let name = |s: &Self| format!("{} bins closed {:?}", s.n_bins, s.closed);
            return Err(Error::CannotMerge { left: name(self), right: name(other) });
        }
        for (a, b) in self.cells.iter_mut().zip(&other.cells) {
            a.count += b.count;
            a.events += b.events;
            a.p += b.p;
            a.n_weighted += b.n_weighted;
            a.weight.merge(&b.weight);
            a.weight_sq.merge(&b.weight_sq);
            a.weighted_p.merge(&b.weighted_p);
            a.weighted_y.merge(&b.weighted_y);
        }
        Ok(())
    }

    /// The table of all samples so far.
    #[must_use]
    pub fn table(&self) -> BinTable {
        let edges = Edges::new(self.n_bins, self.closed);
        let rows = self.cells.iter().enumerate().map(|(m, cell)| {
            let mut group = Group { count: cell.count + cell.n_weighted, ..Group::default() };
            group.weight.add(cell.count as f64);
            group.weight.merge(&cell.weight);
            group.weight_sq.add(cell.count as f64);
            group.weight_sq.merge(&cell.weight_sq);
            group.p.add(cell.p as f64 / exact::UNIT);
            group.p.merge(&cell.weighted_p);
            group.y.add(cell.events as f64);
            group.y.merge(&cell.weighted_y);
            group.row(edges.lower(m), edges.upper(m))
        });
        BinTable {
            bins: Bins::EqualWidth { n_bins: self.n_bins, closed: self.closed },
            rows: rows.collect(),
        }
    }
}
