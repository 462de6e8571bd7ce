//! Arrays in files: little-endian numbers, row by row, as `numpy.fromfile` reads them.

use std::path::Path;

use crate::Fault;

/// Writes 64-bit numbers.
pub(crate) fn write_f64(folder: &Path, name: &str, numbers: &[f64]) -> Result<(), Fault> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    Ok(std::fs::write(folder.join(name), bytes)?)
}

/// Writes 32-bit numbers.
pub(crate) fn write_f32(folder: &Path, name: &str, numbers: &[f32]) -> Result<(), Fault> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    Ok(std::fs::write(folder.join(name), bytes)?)
}

/// Reads 64-bit numbers.
pub(crate) fn read_f64(folder: &Path, name: &str) -> Result<Vec<f64>, Fault> {
    let bytes = std::fs::read(folder.join(name))?;
    let (numbers, rest) = bytes.as_chunks();
    debug_assert!(rest.is_empty());
    Ok(numbers.iter().map(|b| f64::from_le_bytes(*b)).collect())
}

/// Reads 32-bit numbers.
pub(crate) fn read_f32(folder: &Path, name: &str) -> Result<Vec<f32>, Fault> {
    let bytes = std::fs::read(folder.join(name))?;
    let (numbers, rest) = bytes.as_chunks();
    debug_assert!(rest.is_empty());
    Ok(numbers.iter().map(|b| f32::from_le_bytes(*b)).collect())
}
