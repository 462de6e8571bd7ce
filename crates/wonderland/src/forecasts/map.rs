//! Recalibration maps for any number of classes: fitted on forecasts beside the
//! truth, applied to forecasts alone.

use serde::{Deserialize, Serialize};
use wonderland_calibration::{
    ClassRecalibration, ClassRecalibrator, Error as CalibrationFault, Logits, PlattMap,
    PlattScaling, Probabilities, Recalibration, Recalibrator, TemperatureFit, TemperatureOptimum,
    TemperatureScaling,
};
use wonderland_data::Snippet;
use wonderland_linalg::Tensor;

use super::{Fault, ForecastColumns, ForecastTable, Kind, Scores};
use crate::Result;

/// A kind of recalibration map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapKind {
    /// One temperature on the logits.
    Temperature,
    /// Slope and intercept on the log-odds.
    Platt,
    /// A non-decreasing map.
    Isotonic,
    /// Frequencies of bins of equal mass.
    Histogram,
    /// Merged Venn–Abers pairs.
    VennAbers,
}

impl MapKind {
    /// Name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
            Self::Histogram => "histogram",
            Self::VennAbers => "venn-abers",
        }
    }

    fn binary(self) -> Recalibration {
        match self {
            Self::Temperature => Recalibration::Temperature(TemperatureScaling::default()),
            Self::Platt => Recalibration::Platt(PlattScaling::default()),
            Self::Isotonic => Recalibration::Isotonic(Default::default()),
            Self::Histogram => Recalibration::Histogram(Default::default()),
            Self::VennAbers => Recalibration::VennAbers(Default::default()),
        }
    }
}

/// A fitted map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Map {
    /// softmax(z/T), for any number of classes.
    Temperature(TemperatureFit),
    /// σ(slope · z + intercept) of the difference of two logits.
    Sigmoid(PlattMap),
    /// A map of the probability of the positive one of two classes.
    Binary(Recalibrator),
    /// One map per class against the rest, the row then divided by its sum.
    PerClass(ClassRecalibrator),
}

/// A fitted map with what is needed to apply it to a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationMap {
    /// Which map.
    pub kind: MapKind,
    /// What it was fitted on.
    pub input: Kind,
    /// Columns of the forecasts in the file it was fitted on.
    pub columns: Vec<String>,
    /// Classes, in the order of the map.
    pub classes: Vec<String>,
    /// The positive one of two classes.
    pub positive: usize,
    /// Rows it was fitted on.
    pub n: usize,
    /// The fitted map.
    pub map: Map,
}

impl CalibrationMap {
    /// Fits a map on forecasts beside the truth.
    ///
    /// # Errors
    /// A table without labels; a temperature without an optimum; a probability
    /// of 0 or 1 where the map works on log-odds.
    pub fn fit(kind: MapKind, table: &ForecastTable) -> Result<Self> {
        let map = fit(kind, table)?;
        if let Map::Temperature(fit) = &map
            && let Some(why) = no_optimum(fit)
        {
            return Err(Fault::NoTemperature { n: table.n(), why }.into());
        }
        Ok(Self {
            kind,
            input: table.kind(),
            columns: table.columns.clone(),
            classes: table.classes.clone(),
            positive: table.positive,
            n: table.n(),
            map,
        })
    }

    /// The columns it is applied to: those it was fitted on, by name.
    #[must_use]
    pub fn forecast_columns(&self) -> ForecastColumns {
        let single = self.columns.len() == 1;
        ForecastColumns {
            scores: Scores::Named(self.columns.clone()),
            kind: self.input,
            classes: if single { Vec::new() } else { self.classes.clone() },
            positive: single.then(|| self.classes[1].clone()),
            negative: single.then(|| self.classes[0].clone()),
            ..ForecastColumns::default()
        }
    }

    /// Recalibrates forecasts of the same classes, whatever their order.
    ///
    /// # Errors
    /// Other classes; logits where the map was fitted on probabilities, or the
    /// reverse.
    pub fn apply(&self, table: &ForecastTable) -> Result<Probabilities<'static>> {
        if table.kind() != self.input {
            return Err(Fault::OtherKind {
                file: table.source.clone(),
                found: table.kind().name(),
                expected: self.input.name(),
                option: match self.input {
                    Kind::Probabilities => "--proba",
                    Kind::Logits => "--logits",
                },
            }
            .into());
        }
        let ordered = table.reorder(&self.classes, "the map")?;
        apply(&self.map, &ordered, self.positive)
    }

    /// What the map does, in a few words.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.map {
            Map::Temperature(fit) => format!("softmax(z / T) with T = {:.6}", fit.temperature()),
            Map::Sigmoid(map) => sigmoid(map),
            Map::Binary(Recalibrator::Platt(map)) => sigmoid(map),
            Map::Binary(_) => format!(
                "{} map of the probability of {}",
                self.kind.name(),
                Snippet::new(&self.classes[self.positive])
            ),
            Map::PerClass(maps) => {
                format!(
                    "{} {} maps, one per class against the rest",
                    maps.maps.len(),
                    self.kind.name()
                )
            }
        }
    }
}

fn sigmoid(map: &PlattMap) -> String {
    format!("sigmoid({:.6} · log-odds {:+.6})", map.slope, map.intercept)
}

/// Fits without asking whether the map is good for anything.
pub(super) fn fit(kind: MapKind, table: &ForecastTable) -> Result<Map> {
    let labels = table.truth("fitting a map")?;
    let fault = |fault| saturated(kind, fault);
    if kind == MapKind::Temperature {
        let from_proba;
        let logits = match &table.logits {
            Some(logits) => logits,
            None => {
                from_proba = Logits::from_probabilities(&table.proba);
                &from_proba
            }
        };
        let fit = TemperatureScaling::default().fit(logits, labels).map_err(fault)?;
        return Ok(Map::Temperature(fit));
    }
    let f = table.forecasts("fitting a map")?;
    if table.n_classes() != 2 {
        let each = ClassRecalibration { each: kind.binary() };
        return Ok(Map::PerClass(each.fit(&f).map_err(fault)?));
    }
    let event = f.class(table.positive);
    match (&table.logits, kind) {
        // The logits themselves: their probabilities may round to 0 or 1.
        (Some(logits), MapKind::Platt) => {
            let scores = log_odds(logits, table.positive);
            let map = PlattScaling::default().fit(&scores, event.y(), None).map_err(fault)?;
            Ok(Map::Sigmoid(map))
        }
        _ => Ok(Map::Binary(kind.binary().fit(&event).map_err(fault)?)),
    }
}

/// Applies a map to forecasts of its classes in its order.
pub(super) fn apply(
    map: &Map,
    table: &ForecastTable,
    positive: usize,
) -> Result<Probabilities<'static>> {
    let of_event = |q: Vec<f64>| {
        let at = |i: usize, k: usize| if k == positive { q[i] } else { 1.0 - q[i] };
        Ok(Probabilities::from_tensor(Tensor::from_fn(q.len(), 2, at))?)
    };
    match map {
        Map::Temperature(fit) => Ok(match &table.logits {
            Some(logits) => fit.transform(logits)?,
            None => fit.transform(&Logits::from_probabilities(&table.proba))?,
        }),
        Map::Sigmoid(map) => {
            let logits = table.logits.as_ref().expect("`apply` asked for logits");
            of_event(map.transform(&log_odds(logits, positive))?)
        }
        Map::Binary(map) => {
            let P = table.proba.as_mat();
            let p: Vec<f64> = (0..table.n()).map(|i| P[(i, positive)]).collect();
            of_event(map.transform(&p)?)
        }
        Map::PerClass(maps) => Ok(maps.transform(&table.proba)?),
    }
}

/// Differences of two logits.
fn log_odds(logits: &Logits<'_>, positive: usize) -> Vec<f64> {
    let Z = logits.as_mat();
    (0..Z.nrows()).map(|i| Z[(i, positive)] - Z[(i, 1 - positive)]).collect()
}

fn no_optimum(fit: &TemperatureFit) -> Option<&'static str> {
    match fit.optimum {
        TemperatureOptimum::Interior { .. } => None,
        TemperatureOptimum::TToZero => Some(
            "every true class already has the largest probability, so sharper is always better",
        ),
        TemperatureOptimum::TToInfinity => {
            Some("the forecasts point away from the true classes, so flatter is always better")
        }
    }
}

fn saturated(kind: MapKind, fault: CalibrationFault) -> crate::Error {
    match fault {
        CalibrationFault::NonFinite { .. } | CalibrationFault::ImpossibleLabel { .. } => {
            let method = match kind {
                MapKind::Temperature => "temperature scaling",
                _ => "Platt scaling",
            };
            Fault::Saturated { method }.into()
        }
        fault => fault.into(),
    }
}

impl ForecastTable {
    /// The same forecasts with their classes in the given order.
    pub(super) fn reorder(&self, classes: &[String], by: &'static str) -> Result<Self> {
        let position = |name: &String| self.classes.iter().position(|c| c == name);
        let at: Option<Vec<usize>> = classes.iter().map(position).collect();
        let Some(at) = at.filter(|at| at.len() == self.n_classes()) else {
            return Err(Fault::OtherClasses {
                file: self.source.clone(),
                found: Snippet::list(self.classes.iter().map(String::as_str)),
                by,
                expected: Snippet::list(classes.iter().map(String::as_str)),
            }
            .into());
        };
        if at.iter().enumerate().all(|(k, &j)| k == j) {
            return Ok(self.clone());
        }
        let P = self.proba.as_mat();
        let (n, m) = (self.n(), at.len());
        let proba = Probabilities::from_tensor(Tensor::from_fn(n, m, |i, k| P[(i, at[k])]))?;
        let logits = (self.logits.as_ref())
            .map(|logits| {
                let Z = logits.as_mat();
                Logits::from_tensor(Tensor::from_fn(n, m, |i, k| Z[(i, at[k])]))
            })
            .transpose()?;
        let code = |y: &usize| at.iter().position(|j| j == y).expect("a permutation");
        Ok(Self {
            proba,
            logits,
            labels: self.labels.as_ref().map(|y| y.iter().map(code).collect()),
            positive: code(&self.positive),
            classes: classes.to_vec(),
            ..self.clone()
        })
    }
}
