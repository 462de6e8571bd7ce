//! One object with everything a reliability diagram shows: the table, the PAV
//! curve with its consistency band, the densities, and the numbers beside it.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::calibration_error::Edges;
use crate::pav::{Tie, blocks, pool, pool_ties};
use crate::random::{Purpose, stream};
use crate::scores::{Corp, corp_brier};
use crate::smooth::{SmoothEce, smooth_ece};
use crate::uncertainty::quantile;
use crate::{
    BinTable, Bins, CalibrationError, Closed, Forecasts, Result, check, reliability_table,
};

/// Settings of a [`Reliability`].
///
/// # Examples
/// ```
/// use wonderland_calibration::{Forecasts, ReliabilityDiagram};
/// let p = [0.1, 0.3, 0.3, 0.7, 0.8, 0.9];
/// let y = [false, false, true, true, false, true];
/// let r = ReliabilityDiagram::default().of(&Forecasts::new(&p, &y)?)?;
/// assert_eq!(r.table.rows.len(), 15);
/// assert_eq!(r.curve.last().unwrap().calibrated, 1.0);
/// # Ok::<(), wonderland_calibration::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityDiagram {
    /// Bins of the table.
    pub bins: Bins,
    /// Cells of the densities.
    pub density_cells: usize,
    /// Level of the consistency band, at each p.
    pub level: f64,
    /// Draws behind the band; 0 leaves it out.
    pub draws: usize,
    /// Most points at which the band is given.
    pub band_points: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for ReliabilityDiagram {
    fn default() -> Self {
        Self {
            bins: Bins::default(),
            density_cells: 50,
            level: 0.9,
            draws: 400,
            band_points: 101,
            seed: 0,
        }
    }
}

/// A point of the recalibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The forecast.
    pub p: f64,
    /// The frequency that isotonic regression finds there.
    pub calibrated: f64,
}

/// Where the curve lies when the forecasts are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BandPoint {
    /// The forecast.
    pub p: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// How the forecasts are spread, by outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Edges of the cells, one more than cells; an edge belongs to the cell
    /// above it, and 1 to the last.
    pub edges: Vec<f64>,
    /// Weight of the samples in each cell where the event happened.
    pub events: Vec<f64>,
    /// Weight of those where it did not.
    pub non_events: Vec<f64>,
}

/// What a reliability diagram shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Number of samples.
    pub n_samples: usize,
    /// One row per bin, empty ones kept.
    pub table: BinTable,
    /// The errors of that table.
    pub error: CalibrationError,
    /// The smooth error, which needs no bins.
    pub smooth: SmoothEce,
    /// The CORP decomposition of the Brier score.
    pub corp: Corp,
    /// The PAV curve: the two ends of each flat piece, by increasing p.
    pub curve: Vec<CurvePoint>,
    /// The consistency band, by increasing p.
    pub band: Vec<BandPoint>,
    /// How the forecasts are spread.
    pub density: Density,
    /// The settings.
    pub settings: ReliabilityDiagram,
}

impl ReliabilityDiagram {
    /// Computes table, curve, band and densities.
    ///
    /// The band is pointwise: at each p, the curve of calibrated forecasts
    /// lies inside with probability `level`. Outcomes are drawn from the
    /// forecasts and run through the same isotonic regression.
    ///
    /// # Errors
    /// [`BadParameter`](crate::Error::BadParameter) for a setting out of range.
    ///
    /// # References
    /// Notes §4.3.4; Dimitriadis, Gneiting and Jordan 2021.
    pub fn of(&self, f: &Forecasts<'_>) -> Result<Reliability> {
        check::open_unit("level", self.level)?;
        let rule = "it must lie between 1 and a million";
        let cells = self.density_cells;
        check::parameter("density_cells", cells as f64, (1..=1_000_000).contains(&cells), rule)?;
        let points = self.band_points;
        check::parameter("band_points", points as f64, points >= 2, "it must be at least 2")?;
        let table = reliability_table(f, &self.bins)?;
        let pooled = pool_ties(f.iter());
        Ok(Reliability {
            n_samples: f.len(),
            error: table.error()?,
            table,
            smooth: smooth_ece(f),
            corp: corp_brier(f),
            curve: curve(&pooled),
            band: self.band(f, &pooled),
            density: self.density(f),
            settings: *self,
        })
    }

    fn band(&self, f: &Forecasts<'_>, pooled: &[Tie]) -> Vec<BandPoint> {
        if self.draws == 0 {
            return Vec::new();
        }
        // Distinct p at equally spaced ranks.
        let last = pooled.len() - 1;
        let n = self.band_points.min(pooled.len());
        let at: Vec<usize> = (0..n).map(|i| i * last / (n - 1).max(1)).collect();
        let order = f.order();
        let mut values = vec![Vec::with_capacity(self.draws); n];
        let mut rng = stream(self.seed, Purpose::Band);
        let mut sums = vec![0.0; pooled.len()];
        for _ in 0..self.draws {
            sums.fill(0.0);
            let mut group = 0;
            for &i in &order {
                let (p, w) = (f.p()[i as usize] + 0.0, f.weight(i as usize));
                let event = rng.random::<f64>() < p;
                if w > 0.0 {
                    while pooled[group].x < p {
                        group += 1;
                    }
                    sums[group] += if event { w } else { 0.0 };
                }
            }
            let blocks = pool(sums.iter().copied().zip(pooled.iter().map(|tie| tie.weight)));
            let mut block = blocks.iter().peekable();
            for (values, &j) in values.iter_mut().zip(&at) {
                while block.next_if(|b| b.end <= j).is_some() {}
                values.push(block.peek().map_or(f64::NAN, |b| b.mean()));
            }
        }
        let tail = 0.5 * (1.0 - self.level);
        at.iter()
            .zip(values)
            .map(|(&j, mut values)| {
                values.sort_unstable_by(f64::total_cmp);
                BandPoint {
                    p: pooled[j].x,
                    lower: quantile(&values, tail),
                    upper: quantile(&values, 1.0 - tail),
                }
            })
            .collect()
    }

    fn density(&self, f: &Forecasts<'_>) -> Density {
        let n = self.density_cells;
        let (mut events, mut non_events) = (vec![0.0; n], vec![0.0; n]);
        let edges = Edges::new(n, Closed::Left);
        for (p, y, w) in f.iter() {
            let cell = edges.bin(p);
            if y { events[cell] += w } else { non_events[cell] += w }
        }
        Density { edges: edges.all().to_vec(), events, non_events }
    }
}

fn curve(pooled: &[Tie]) -> Vec<CurvePoint> {
    let (mut points, mut start) = (Vec::new(), 0);
    for block in blocks(pooled) {
        let calibrated = block.mean();
        points.push(CurvePoint { p: pooled[start].x, calibrated });
        if block.end - start > 1 {
            points.push(CurvePoint { p: pooled[block.end - 1].x, calibrated });
        }
        start = block.end;
    }
    points
}
