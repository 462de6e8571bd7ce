//! Files are written whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

use wonderland_data::{Error, write_atomically};

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn refuse(path: &Path, kind: io::ErrorKind, message: &str) {
    match write_atomically(path, |file| file.write_all(&[b'x'; 100_000])) {
        Err(error @ Error::Io { kind: found, .. }) => {
            assert_eq!(found, kind, "{error}");
            assert!(error.to_string().contains(message), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let fail = |path: &Path| {
        write_atomically(path, |file| {
            file.write_all(&[b'x'; 200_000])?;
            Err(io::Error::other("the sky fell"))
        })
    };
    let error = fail(&path).unwrap_err();
    assert!(error.to_string().ends_with("cannot write it: the sky fell"), "{error}");
    assert!(files_in(folder.path()).is_empty());
    write_atomically(&path, |file| file.write_all(b"old")).unwrap();
    fail(&path).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    write_atomically(&path, |file| file.write_all(b"new")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(files_in(folder.path()), ["model"]);
}

#[test]
fn places_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    refuse(folder.path(), io::ErrorKind::IsADirectory, "it is a folder");
    refuse(&folder.path().join("none/model"), io::ErrorKind::NotFound, "no such folder");
    let file = folder.path().join("file");
    fs::write(&file, "old").unwrap();
    refuse(&file.join("model"), io::ErrorKind::NotADirectory, "cannot write it");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    refuse(&file, io::ErrorKind::PermissionDenied, "permission denied");
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(files_in(folder.path()), ["file"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn permissions_are_kept_and_new_files_are_ordinary() {
        let folder = tempfile::tempdir().unwrap();
        let (path, plain) = (folder.path().join("model"), folder.path().join("plain"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&plain, "").unwrap();
        write_atomically(&path, |file| file.write_all(b"1")).unwrap();
        assert_eq!(mode(&path), mode(&plain));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_atomically(&path, |file| file.write_all(b"2")).unwrap();
        assert_eq!(mode(&path), 0o640);
    }

    #[test]
    fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        write_atomically(&link, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn devices_are_written_directly() {
        write_atomically("/dev/null", |file| file.write_all(b"x")).unwrap();
        refuse(Path::new("/dev/full"), io::ErrorKind::StorageFull, "no space left");
        // A regular file that is held open, as standard output may be.
        let held = tempfile::NamedTempFile::new().unwrap();
        fs::write(held.path(), "1").unwrap();
        let open = std::os::fd::AsRawFd::as_raw_fd(held.as_file());
        write_atomically(format!("/proc/self/fd/{open}"), |file| file.write_all(b"2")).unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut held.as_file(), &mut text).unwrap();
        assert_eq!(text, "12");
        assert!(fs::metadata("/dev/full").unwrap().permissions().mode() & 0o170_000 == 0o020_000);
    }
}
