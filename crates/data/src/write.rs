//! Writing files whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result, Snippet};

/// Writes a file whole or not at all.
///
/// What `write` writes goes to a temporary file in the same folder, which is
/// brought to the disk and then renamed to `path`: whoever looks, at whatever
/// moment, sees the whole old file or the whole new one. If anything fails,
/// nothing remains and an old file is untouched. A link is followed, and the
/// permissions of an old file are kept; a read-only one is refused. What is no
/// regular file (a terminal, a pipe) or stands for an open one (`/dev/stdout`)
/// is written to directly.
///
/// # Errors
/// [`Error::Io`] for whatever the system refuses, and for an error that
/// `write` returns.
///
/// # Examples
/// ```
/// use wonderland_data::write_atomically;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("numbers.csv");
/// write_atomically(&path, |file| file.write_all(b"x\n1\n"))?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"x\n1\n");
/// # Ok::<(), wonderland_data::Error>(())
/// ```
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    write_to(path, write).map_err(|e| Error::io(&Snippet::path(path), "write it", &e))
}

fn write_to(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // Added behind what an open file already holds, as a shell's `>>` does.
        Ok(meta) if !meta.is_file() || names_open_file(path) => {
            buffered(&OpenOptions::new().append(true).open(path)?, write)
        } // A rename would replace a file that its owner protects.
        Ok(meta) if meta.permissions().readonly() => Err(io::ErrorKind::PermissionDenied.into()),
        // Through a link to the file itself, which would else be replaced.
        Ok(meta) => replace(&fs::canonicalize(path)?, Some(meta.permissions()), write),
        Err(e) if e.kind() == io::ErrorKind::NotFound => replace(path, None, write),
        Err(e) => Err(e),
    }
}

/// Whether the path stands for a file that somebody holds open: a rename would
/// take it away from under them.
fn names_open_file(path: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|name| path.starts_with(name))
}

/// Writes a temporary file beside `path` and renames it.
fn replace(
    path: &Path,
    permissions: Option<fs::Permissions>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Dropped, and so deleted, on every way out but the last.
    let (file, temporary) = Temporary::create_in(folder)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    buffered(&file, write)?;
    file.sync_all()?;
    drop(file);
    temporary.rename(path)?;
    // The new name must reach the disk too, where folders can be synced.
    if let Ok(folder) = File::open(folder) {
        match folder.sync_all() {
            Err(e) if e.kind() != io::ErrorKind::InvalidInput => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// A file that is deleted unless it gets its name.
struct Temporary {
    path: Option<PathBuf>,
}

impl Temporary {
    /// Creates a file that was not there before; what another run left behind,
    /// or a link put in its place, is not touched.
    fn create_in(folder: &Path) -> io::Result<(File, Self)> {
        for attempt in 0..1 << 16 {
            let name = format!(".wonderland-{}-{attempt}.tmp", std::process::id());
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
                Ok(file) => return Ok((file, Self { path: Some(path) })),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            fs::rename(path, to)?;
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nobody is left to be told that this failed.
            let _ = fs::remove_file(path);
        }
    }
}

fn buffered(file: &File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = BufWriter::with_capacity(64 * 1024, file);
    write(&mut buffer)?;
    buffer.flush()
}
