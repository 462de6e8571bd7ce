//! Opening and reading a file as it is.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{Error, Result, Snippet, input};

/// Opens a file to read, with the messages of this crate.
///
/// # Errors
/// [`Error::Io`] for whatever the system refuses, a folder among them.
pub fn open_file(path: impl AsRef<Path>) -> Result<File> {
    input::open(path.as_ref())
}

/// All bytes of a file, unpacked by nothing.
///
/// # Errors
/// [`Error::Io`] for whatever the system refuses, a folder among them.
///
/// # Examples
/// ```
/// let missing = wonderland_data::read_file("no/such/file").unwrap_err();
/// assert_eq!(missing.to_string(), "no/such/file: cannot open it: no such file or folder: check the name, and the folder it is in");
/// ```
pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let mut bytes = Vec::new();
    input::open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io(&Snippet::path(path), "read it", &e))?;
    Ok(bytes)
}
