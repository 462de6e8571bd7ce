//! Files that people look at.

use std::path::Path;

use wonderland::data::{Snippet, write_atomically};
use wonderland::report::Report;

use crate::interrupt;
use crate::voice::Voice;

/// Writes a page, whole or not at all.
pub(crate) fn write_report(path: &Path, page: &Report, voice: &Voice) -> anyhow::Result<()> {
    let _saving = interrupt::while_saving();
    write_atomically(path, |file| file.write_all(page.to_html().as_bytes()))?;
    voice.note(format_args!("report written to {}", Snippet::path(path)));
    Ok(())
}
