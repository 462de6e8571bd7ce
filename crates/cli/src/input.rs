//! Where tables come from: a built-in set, standard input, or a file.

use std::io::{self, Read};
use std::path::Path;

use wonderland::Result;
use wonderland::data::{BuiltIn, Csv, Error as DataError, Snippet, Table, builtins, open_file};

/// A place to read a table from, as it is named on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A bare name of a built-in set; `./iris` would be a file.
    BuiltIn(&'static BuiltIn),
    /// `-`.
    Stdin,
    /// Anything else.
    File(&'a Path),
}

/// A table, and the names of all columns of its file, also of those that were
/// not read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) table: Table,
    pub(crate) header: Vec<String>,
}

impl<'a> Source<'a> {
    pub(crate) fn of(name: &'a Path) -> Self {
        if name.as_os_str() == "-" {
            return Self::Stdin;
        }
        match builtins().iter().find(|set| name.as_os_str() == set.name) {
            Some(set) => Self::BuiltIn(set),
            None => Self::File(name),
        }
    }

    /// The built-in set, if it is one.
    pub(crate) fn built_in(self) -> Option<&'static BuiltIn> {
        match self {
            Self::BuiltIn(set) => Some(set),
            Self::Stdin | Self::File(_) => None,
        }
    }

    /// Reads the table.
    pub(crate) fn read(self, csv: &Csv) -> Result<Loaded> {
        match self {
            Self::BuiltIn(set) => read(csv, set.csv().as_bytes(), set.name),
            Self::Stdin => read(csv, io::stdin().lock(), "standard input"),
            Self::File(path) => read(csv, open_file(path)?, &path.to_string_lossy()),
        }
    }
}

fn read(csv: &Csv, stream: impl Read, name: &str) -> Result<Loaded> {
    let mut reader = csv.reader(stream, name)?;
    let header = reader.names().to_vec();
    match reader.next_rows(usize::MAX)? {
        Some(table) => Ok(Loaded { table, header }),
        None => Err(DataError::NoRows { file: Snippet::new(name) }.into()),
    }
}
