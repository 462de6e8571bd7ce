//! Model files: a whole pipeline in two lines of text, written whole or not at
//! all, refused with a reason when anything about them is off.
//!
//! # Stability
//! - Line 1 is the header `{"format":"wonderland-model","version":1,"bytes":…,"crc32":…}`;
//!   `bytes` and `crc32` are those of line 2 without its line break. Every
//!   version keeps `format` and `version` in this place.
//! - A release reads every version up to its own and writes its own. A file of a
//!   later version is refused by name, never half read.
//! - Within a version the payload's fields and their meaning do not change. A
//!   new field, a new kind of model or a changed meaning is a new version, and
//!   the fixtures of all older versions stay in the tests. (Version 1 is settled
//!   by the first release; the fixture says what it is until then.)
//! - Numbers are written with the fewest digits that read back to the same
//!   bits, so save → load → save is byte-identical and predictions are
//!   bit-identical. Nothing non-finite is ever written.
//! - Reading trusts no declared size: memory grows with the bytes that are
//!   there. Everything is checked after parsing (columns against transforms,
//!   transforms against coefficients, finite values) before a pipeline exists.

pub(crate) mod envelope;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::{Error, Pipeline, Result};

/// Why bytes are not a usable model file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Something else altogether.
    #[error(
        "this is not a wonderland model ({why}): give a file that `wonderland fit --out` wrote"
    )]
    NotAModel {
        /// What gave it away.
        why: String,
    },
    /// Written by a later release, or no version there ever was.
    #[error(
        "this model file has version {found}, but versions 1 to {known} are known: use a newer wonderland"
    )]
    UnknownVersion {
        /// Version of the file.
        found: u64,
        /// Latest known version.
        known: u32,
    },
    /// The end is missing.
    #[error("this model file is truncated ({}): copy it again, or fit again", missing(*.expected, *.actual))]
    Truncated {
        /// Bytes the whole file has, where its header still tells.
        expected: Option<u64>,
        /// Bytes that are there.
        actual: u64,
    },
    /// Bytes were changed.
    #[error("this model file is damaged ({why}): copy it again, or fit again")]
    Damaged {
        /// What was found.
        why: String,
    },
    /// Undamaged, but its content is not a pipeline.
    #[error("this model file does not hold a valid pipeline ({why}): fit again")]
    Invalid {
        /// What was found.
        why: String,
    },
}

impl Fault {
    fn other_format(found: &str) -> Self {
        let shown: String = found.chars().take(40).collect();
        Self::NotAModel { why: format!("its format is {shown:?}") }
    }
}

fn missing(expected: Option<u64>, actual: u64) -> String {
    match expected {
        Some(expected) => format!("{actual} of {expected} bytes are there"),
        None => format!("it ends after {actual} bytes, within its header"),
    }
}

impl Pipeline {
    /// The bytes of the model file.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a pipeline that could not be read back, such as
    /// one that holds a number that is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let invalid = |why: String| Error::ModelFile {
            file: wonderland_data::Snippet::new("the pipeline"),
            fault: Fault::Invalid { why },
        };
        // JSON has no NaN and would hold `null` instead, without a word.
        if let Some(why) = self.fault() {
            return Err(invalid(why));
        }
        let payload = serde_json::to_vec(self).map_err(|error| invalid(error.to_string()))?;
        Ok(envelope::seal(envelope::MODEL, &payload))
    }

    /// The pipeline in the bytes of a model file; `name` is what messages call
    /// it.
    ///
    /// # Errors
    /// [`Error::ModelFile`] with the fault found.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        read(bytes)
            .map_err(|fault| Error::ModelFile { file: wonderland_data::Snippet::new(name), fault })
    }

    /// Saves the pipeline, whole or not at all
    /// ([`write_atomically`](wonderland_data::write_atomically)).
    ///
    /// # Errors
    /// Those of [`to_bytes`](Self::to_bytes), and what the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let bytes = self.to_bytes()?;
        Ok(wonderland_data::write_atomically(path, |file| file.write_all(&bytes))?)
    }

    /// Loads a saved pipeline.
    ///
    /// # Errors
    /// A file that cannot be read, or [`Error::ModelFile`] with the fault found.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&wonderland_data::read_file(path)?, &path.to_string_lossy())
    }
}

fn read(bytes: &[u8]) -> Result<Pipeline, Fault> {
    let payload = envelope::open(envelope::MODEL, bytes)?;
    let pipeline: Pipeline = serde_json::from_slice(payload)
        .map_err(|error| Fault::Invalid { why: shortened(&error.to_string()) })?;
    match pipeline.fault() {
        Some(why) => Err(Fault::Invalid { why: shortened(&why) }),
        None => Ok(pipeline),
    }
}

/// The text of a fault as it may be shown: it can quote the file.
fn shortened(text: &str) -> String {
    wonderland_data::Snippet::new(text).to_string()
}
