//! Anybody's forecasts: probabilities, logits or predictions in a table, with
//! or without the truth beside them (notes §4.3.3, §4.3.4).
//!
//! No model of ours is needed. [`ForecastColumns`] says which columns hold what,
//! a [`ForecastTable`] is what was read; it is assessed ([`Assessing`]),
//! recalibrated ([`MapFit`], [`CalibrationMap`]), turned into prediction sets
//! ([`SetPrediction`]) or decisions ([`CostTable`]). Numbers predicted by any
//! regressor get intervals ([`IntervalColumns`]).

mod assess;
mod columns;
mod costs;
mod fault;
mod intervals;
mod map;
mod map_file;
mod page;
mod refit;
mod sets;
mod table;

pub use assess::{Assessing, Assessment, ClassErrors, ErrorMeasures, Measure};
pub use columns::{ForecastColumns, Kind, Scores};
pub use costs::{CostComparison, CostTable, Decisions};
pub use fault::Fault;
pub use intervals::{IntervalColumns, Intervals, NumberColumns, NumberTable};
pub use map::{CalibrationMap, Map, MapKind};
pub use page::CalibrationPage;
pub use refit::{Holdout, MapFit, Refitted};
pub use sets::{SetPrediction, Sets};
pub use table::ForecastTable;
