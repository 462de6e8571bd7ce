//! Tensors on a screen: `Debug` on one line, `Display` as a table, both cut
//! off long before they scroll.

use std::fmt;

use crate::{Scalar, Tensor};

impl<T: Scalar> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        write!(f, "Tensor ~ {:?} ", self.shape())?;
        f.debug_list().entries(&self.as_slice()[..self.len().min(SHOWN)]).finish()?;
        match self.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, " … {more} more"),
            _ => Ok(()),
        }
    }
}

/// The matrix as a table of at most ten rows and eight columns; further axes
/// are laid out side by side. A precision is passed on to the numbers.
impl<T: Scalar> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ROWS: usize = 10;
        const COLUMNS: usize = 8;
        let cell = |x: &T| f.precision().map_or_else(|| format!("{x}"), |p| format!("{x:.p$}"));
        let (n, c) = (self.nrows(), self.ncols());
        let rows: Vec<Vec<String>> = (0..n.min(ROWS))
            .map(|i| self.row(i).iter().take(COLUMNS).map(cell).collect())
            .collect();
        let width = rows.iter().flatten().map(String::len).max().unwrap_or(0);
        write!(f, "{:?}", self.shape())?;
        for row in rows {
            writeln!(f)?;
            for cell in row {
                write!(f, " {cell:>width$}")?;
            }
            if c > COLUMNS {
                write!(f, " … {} more", c - COLUMNS)?;
            }
        }
        if n > ROWS {
            write!(f, "\n … {} more rows", n - ROWS)?;
        }
        Ok(())
    }
}
