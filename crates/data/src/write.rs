//! Writing files whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

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
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wonderland-").suffix(".tmp");
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    } else {
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    // Dropped, and so deleted, on every way out but the last.
    let temporary = builder.tempfile_in(folder)?;
    buffered(temporary.as_file(), write)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    // The new name must reach the disk too, where folders can be synced.
    if let Ok(folder) = File::open(folder) {
        match folder.sync_all() {
            Err(e) if e.kind() != io::ErrorKind::InvalidInput => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

fn buffered(file: &File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = BufWriter::with_capacity(64 * 1024, file);
    write(&mut buffer)?;
    buffer.flush()
}
