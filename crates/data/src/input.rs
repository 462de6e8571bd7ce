//! Opening files, plain or gzip: what comes in decides, not its name.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::{Error, Result, Snippet};

/// Opens a file to read.
pub(crate) fn open(path: &Path) -> Result<File> {
    let name = || Snippet::path(path);
    let file = File::open(path).map_err(|e| Error::io(&name(), "open it", &e))?;
    // A folder opens on Unix and only fails when read; say so at once.
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        let e = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(Error::io(&name(), "open it", &e));
    }
    Ok(file)
}

/// The first bytes of a stream, looked at and put back.
type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// A stream, unpacked on the way if it begins like gzip.
pub(crate) enum Unpacked<R> {
    Plain(Peeked<R>),
    Gzip(Box<MultiGzDecoder<Peeked<R>>>),
}

impl<R: Read> Unpacked<R> {
    pub(crate) fn new(mut stream: R, file: &Snippet) -> Result<Self> {
        let mut magic = Vec::with_capacity(2);
        (&mut stream)
            .take(2)
            .read_to_end(&mut magic)
            .map_err(|e| Error::io(file, "read it", &e))?;
        let is_gzip = magic == [0x1f, 0x8b];
        let peeked = Cursor::new(magic).chain(stream);
        Ok(if is_gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(peeked)))
        } else {
            Self::Plain(peeked)
        })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Gzip(stream) => stream.read(into),
        }
    }
}
