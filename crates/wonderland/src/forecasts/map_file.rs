//! Saved maps: the two lines of a model file under a name of their own, refused
//! with a reason when anything about them is off.

use std::path::Path;

use wonderland_calibration::Recalibrator;
use wonderland_data::Snippet;

use super::{CalibrationMap, Fault, Map, MapKind};
use crate::Result;
use crate::model_file::Fault as FileFault;
use crate::model_file::envelope::{self, Format};

/// The first line of a map file; its stability is that of model files.
const MAP: Format = Format { name: "wonderland-map", version: 1 };

impl CalibrationMap {
    /// The bytes of the map file.
    ///
    /// # Errors
    /// [`Fault::MapFile`] for a map that could not be read back.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let invalid = |why: &str| fault("the map", why);
        if let Some(why) = self.fault() {
            return Err(invalid(&why));
        }
        let payload = serde_json::to_vec(self).map_err(|error| invalid(&error.to_string()))?;
        Ok(envelope::seal(MAP, &payload))
    }

    /// The map in the bytes of a map file; `name` is what messages call it.
    ///
    /// # Errors
    /// [`Fault::MapFile`].
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        let payload = envelope::open(MAP, bytes).map_err(|why| fault(name, &reason(&why)))?;
        let map: Self =
            serde_json::from_slice(payload).map_err(|error| fault(name, &error.to_string()))?;
        match map.fault() {
            Some(why) => Err(fault(name, &why)),
            None => Ok(map),
        }
    }

    /// Loads a saved map.
    ///
    /// # Errors
    /// A file that cannot be read, or [`Fault::MapFile`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&wonderland_data::read_file(path)?, &path.to_string_lossy())
    }

    /// What contradicts itself in a map.
    fn fault(&self) -> Option<String> {
        let m = self.classes.len();
        let columns = self.columns.len();
        if m < 2 || self.positive >= m || !(columns == m || (columns == 1 && m == 2)) {
            return Some(format!("{columns} columns for {m} classes"));
        }
        let kind_fits = match (&self.map, self.kind) {
            (Map::Temperature(fit), MapKind::Temperature) => {
                let t = fit.temperature();
                fit.n_classes == m && t.is_finite() && t > 0.0
            }
            (Map::Sigmoid(map), MapKind::Platt) => {
                m == 2 && map.slope.is_finite() && map.intercept.is_finite()
            }
            (Map::Binary(map), kind) => m == 2 && is_sound(map, kind),
            (Map::PerClass(maps), kind) => {
                maps.maps.len() == m && maps.maps.iter().all(|map| is_sound(map, kind))
            }
            _ => false,
        };
        (!kind_fits).then(|| format!("its numbers are no {} map", self.kind.name()))
    }
}

/// Whether a map of one probability is of its kind and can be applied.
fn is_sound(map: &Recalibrator, kind: MapKind) -> bool {
    let rising = |x: &[f64]| x.windows(2).all(|w| w[0] <= w[1]);
    let unit = |x: &[f64]| x.iter().all(|x| (0.0..=1.0).contains(x));
    match (map, kind) {
        (Recalibrator::Platt(map), MapKind::Platt) => {
            map.slope.is_finite() && map.intercept.is_finite()
        }
        (Recalibrator::Isotonic(map), MapKind::Isotonic) => {
            let n = map.values.len();
            n > 0
                && map.starts.len() == n
                && map.ends.len() == n
                && [&map.starts, &map.ends, &map.values].iter().all(|x| rising(x))
                && unit(&map.values)
        }
        (Recalibrator::Histogram(map), MapKind::Histogram) => {
            let n = map.values.len();
            n > 0 && map.edges.len() == n + 1 && rising(&map.edges) && unit(&map.values)
        }
        (Recalibrator::VennAbers(map), MapKind::VennAbers) => {
            map.transform(&[0.0, 0.5, 1.0]).is_ok_and(|q| unit(&q))
        }
        _ => false,
    }
}

fn fault(file: &str, why: &str) -> crate::Error {
    Fault::MapFile { file: Snippet::new(file), why: Snippet::new(why) }.into()
}

/// The reason alone: the mend of a model file is not that of a map.
fn reason(fault: &FileFault) -> String {
    match fault {
        FileFault::NotAModel { why } | FileFault::Damaged { why } | FileFault::Invalid { why } => {
            why.clone()
        }
        FileFault::UnknownVersion { found, known } => {
            format!(
                "it has version {found}, but versions 1 to {known} are known: use a newer wonderland"
            )
        }
        FileFault::Truncated { expected: Some(expected), actual } => {
            format!("it is truncated: {actual} of {expected} bytes are there")
        }
        FileFault::Truncated { expected: None, actual } => {
            format!("it ends after {actual} bytes, within its header")
        }
    }
}
