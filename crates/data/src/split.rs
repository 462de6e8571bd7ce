//! Disjoint parts of a dataset (notes §3.2.1): rows to train on, and rows the
//! model has not seen, to test, calibrate and conformalise it.
//!
//! The risk on test rows estimates the expected risk only if rows are drawn
//! independently from one distribution. Where they come in groups (patients,
//! users) or in time, [`SplitBy::Groups`] and [`SplitBy::Order`] keep what
//! belongs together on one side.

use crate::rng::{Purpose, rng, shuffle};
use crate::{Error, Result};

/// Shares of the parts; what is left trains.
///
/// # Examples
/// ```
/// use wonderland_data::{SplitBy, SplitSettings};
/// let settings = SplitSettings { test: 0.2, calibration: 0.1, ..Default::default() };
/// let split = settings.split(100, SplitBy::Chance)?;
/// assert_eq!((split.train.len(), split.calibration.len(), split.test.len()), (70, 10, 20));
/// # Ok::<(), wonderland_data::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SplitSettings {
    /// Share of the rows that test.
    pub test: f64,
    /// Share of the rows that fit a calibration map.
    pub calibration: f64,
    /// Share of the rows that set the thresholds of conformal prediction.
    pub conformal: f64,
    /// Seed of the random choice.
    pub seed: u64,
}

impl Default for SplitSettings {
    /// A fifth tests, the rest trains.
    fn default() -> Self {
        Self { test: 0.2, calibration: 0.0, conformal: 0.0, seed: 0 }
    }
}

/// How rows are dealt to the parts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SplitBy<'a> {
    /// At random.
    Chance,
    /// At random within every class (one code per row): in every part, the
    /// rows of a class are less than one row away from their share.
    Strata(&'a [usize]),
    /// Whole groups at random (one group number per row).
    Groups(&'a [usize]),
    /// In order: first train, then calibration and conformal, last test.
    Order,
}

/// Four disjoint sets of rows, each in ascending order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Split {
    /// Rows to fit on.
    pub train: Vec<usize>,
    /// Rows to fit a calibration map on.
    pub calibration: Vec<usize>,
    /// Rows to set conformal thresholds on.
    pub conformal: Vec<usize>,
    /// Rows to evaluate on.
    pub test: Vec<usize>,
}

/// Names of the parts, in the order used throughout this file.
const PARTS: [&str; 4] = ["train", "calibration", "conformal", "test"];

impl SplitSettings {
    /// Deals rows 0, …, n − 1 to the parts.
    ///
    /// # Errors
    /// Fractions that leave nothing to train on, a part that is asked for but
    /// would be empty, or not one class or group per row.
    pub fn split(&self, n: usize, by: SplitBy<'_>) -> Result<Split> {
        let shares = self.shares()?;
        let mut rng = rng(self.seed, Purpose::Split);
        let mut part_of = vec![0; n];
        let mut what = "rows";
        match by {
            // Nothing to draw: part 0 trains.
            SplitBy::Chance | SplitBy::Order if shares[1..].iter().all(|&s| s == 0.0) => {}
            SplitBy::Chance => {
                let mut order: Vec<usize> = (0..n).collect();
                shuffle(&mut order, &mut rng);
                deal(&order, &round_within_one(&[n], shares)[0], &mut part_of);
            }
            SplitBy::Order => {
                let order: Vec<usize> = (0..n).collect();
                deal(&order, &round_within_one(&[n], shares)[0], &mut part_of);
            }
            SplitBy::Strata(codes) => {
                let mut strata = members("the strata", codes, n)?;
                let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
                for (rows, counts) in strata.iter_mut().zip(round_within_one(&sizes, shares)) {
                    shuffle(rows, &mut rng);
                    deal(rows, &counts, &mut part_of);
                }
            }
            SplitBy::Groups(groups) => {
                let mut groups = members("the groups", groups, n)?;
                groups.retain(|rows| !rows.is_empty());
                shuffle(&mut groups, &mut rng);
                what = "rows in whole groups";
                deal_groups(groups, n, shares, &mut part_of);
            }
        }
        let mut parts: [Vec<usize>; 4] = Default::default();
        for (row, &part) in part_of.iter().enumerate() {
            parts[part].push(row);
        }
        for ((rows, share), part) in parts.iter().zip(shares).zip(PARTS) {
            if share > 0.0 && rows.is_empty() {
                return Err(Error::EmptyPart { part, n, what });
            }
        }
        let [train, calibration, conformal, test] = parts;
        Ok(Split { train, calibration, conformal, test })
    }

    /// Shares of all four parts, train first.
    fn shares(&self) -> Result<[f64; 4]> {
        let given =
            [("calibration", self.calibration), ("conformal", self.conformal), ("test", self.test)];
        for (name, value) in given {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::BadFraction { name, value });
            }
        }
        let held_out = self.calibration + self.conformal + self.test;
        if held_out >= 1.0 {
            return Err(Error::BadFraction {
                name: "the sum of all held-out parts",
                value: held_out,
            });
        }
        Ok([1.0 - held_out, self.calibration, self.conformal, self.test])
    }
}

impl Split {
    /// The split whose parts are given; all rows below n that are in none train.
    ///
    /// # Errors
    /// [`Error::BadRow`] when a row is not there or in two parts.
    pub fn from_held_out(
        n: usize,
        calibration: Vec<usize>,
        conformal: Vec<usize>,
        test: Vec<usize>,
    ) -> Result<Self> {
        let mut taken = vec![false; n];
        for &row in calibration.iter().chain(&conformal).chain(&test) {
            match taken.get_mut(row) {
                None => return Err(Error::BadRow { row, fault: "not there", n }),
                Some(true) => return Err(Error::BadRow { row, fault: "given twice", n }),
                Some(free) => *free = true,
            }
        }
        let train: Vec<usize> = (0..n).filter(|&row| !taken[row]).collect();
        if train.is_empty() {
            return Err(Error::EmptyPart { part: "train", n, what: "rows" });
        }
        let mut split = Self { train, calibration, conformal, test };
        split.calibration.sort_unstable();
        split.conformal.sort_unstable();
        split.test.sort_unstable();
        Ok(split)
    }
}

/// The rows of every class or group, in order.
pub(crate) fn members(what: &str, codes: &[usize], n: usize) -> Result<Vec<Vec<usize>>> {
    if codes.len() != n {
        let what = crate::Snippet::new(what);
        return Err(Error::WrongLength { what, expected: n, found: codes.len() });
    }
    // Codes may be any numbers: only their order and equality count.
    let mut distinct = codes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut members = vec![Vec::new(); distinct.len()];
    for (row, code) in codes.iter().enumerate() {
        members[distinct.partition_point(|c| c < code)].push(row);
    }
    Ok(members)
}

/// Gives the first rows to the first part, the next to the next, and so on.
fn deal(rows: &[usize], counts: &[usize; 4], part_of: &mut [usize]) {
    let mut rows = rows.iter();
    for (part, &count) in counts.iter().enumerate() {
        for &row in rows.by_ref().take(count) {
            part_of[row] = part;
        }
    }
}

/// Gives every group, the largest first, to the part that lacks most rows.
fn deal_groups(mut groups: Vec<Vec<usize>>, n: usize, shares: [f64; 4], part_of: &mut [usize]) {
    let mut lacking = shares.map(|share| share * n as f64);
    groups.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    for rows in groups {
        let most = (1..4).fold(0, |best, p| if lacking[p] > lacking[best] { p } else { best });
        lacking[most] -= rows.len() as f64;
        for row in rows {
            part_of[row] = most;
        }
    }
}

/// Whole numbers near `sizes[k] · shares[p]`: every one its quota rounded up or
/// down, every class complete, every part its own total rounded up or down.
///
/// Rounding the quotas down leaves some rows of every class and some places in
/// every part; a bipartite flow with at most one row per class and part fills
/// them. It exists because the quotas themselves are a fractional one.
fn round_within_one(sizes: &[usize], shares: [f64; 4]) -> Vec<[usize; 4]> {
    let quota = |size: usize, part: usize| {
        let exact = size as f64 * shares[part];
        // 0.1 · 30 is three, also when it is not quite so in binary.
        let near = exact.round();
        if (exact - near).abs() < 1e-9 * (1.0 + near) { near } else { exact }
    };
    let mut counts: Vec<[usize; 4]> = sizes
        .iter()
        .map(|&size| [0, 1, 2, 3].map(|part| quota(size, part).floor() as usize))
        .collect();
    let open: Vec<[bool; 4]> = sizes
        .iter()
        .map(|&size| [0, 1, 2, 3].map(|part| quota(size, part).fract() > 0.0))
        .collect();
    let mut left: Vec<usize> =
        sizes.iter().zip(&counts).map(|(size, count)| size - count.iter().sum::<usize>()).collect();
    let total: usize = sizes.iter().sum();
    let mut extra = vec![[false; 4]; sizes.len()];
    let mut load = [0, 1, 2, 3].map(|part| counts.iter().map(|count| count[part]).sum::<usize>());
    // First fill every part to its total rounded down, then let each take one more.
    for round_up in [false, true] {
        let capacity = [0, 1, 2, 3].map(|part| {
            let quota = quota(total, part);
            (if round_up { quota.ceil() } else { quota.floor() }) as usize
        });
        for (class, left) in left.iter_mut().enumerate() {
            while *left > 0
                && place(class, &open, &mut extra, &mut load, &capacity, &mut [false; 4])
            {
                *left -= 1;
            }
        }
    }
    for ((count, extra), left) in counts.iter_mut().zip(&extra).zip(left) {
        for part in 0..4 {
            count[part] += usize::from(extra[part]);
        }
        // Nothing is left but for what the snapping of quotas may have hidden.
        count[0] += left;
    }
    counts
}

/// Places one row of `class`, moving rows of other classes on if need be
/// (an augmenting path). A part once filled stays filled.
fn place(
    class: usize,
    open: &[[bool; 4]],
    extra: &mut [[bool; 4]],
    load: &mut [usize; 4],
    capacity: &[usize; 4],
    seen: &mut [bool; 4],
) -> bool {
    for part in 0..4 {
        if seen[part] || !open[class][part] || extra[class][part] {
            continue;
        }
        seen[part] = true;
        if load[part] < capacity[part] {
            load[part] += 1;
            extra[class][part] = true;
            return true;
        }
        for other in 0..extra.len() {
            if extra[other][part] && place(other, open, extra, load, capacity, seen) {
                extra[other][part] = false;
                extra[class][part] = true;
                return true;
            }
        }
    }
    false
}
