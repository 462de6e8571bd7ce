//! The kept corpus: one folder for each target, one file for each input.

use std::path::Path;

/// The inputs of a target, in the order of their file names.
pub(crate) fn read(target: &str) -> Result<Vec<Vec<u8>>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(fault)? {
        files.push(entry.map_err(fault)?.path());
    }
    files.sort();
    files.iter().map(|file| std::fs::read(file).map_err(fault)).collect()
}
