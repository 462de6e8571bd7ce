//! Where tables come from: a built-in set, standard input, or a file of a table
//! or of images.

use std::io::{self, Read};
use std::path::Path;

use wonderland::Result;
use wonderland::data::{
    BuiltIn, Csv, Error as DataError, Idx, Images, Snippet, Table, builtins, open_file,
};

use crate::exit::UsageError;

/// A place to read a table from, as it is named on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A bare name of a built-in set; `./iris` would be a file.
    BuiltIn(&'static BuiltIn),
    /// `-`.
    Stdin,
    /// A file of images in IDX, and of their labels.
    Images { images: &'a Path, labels: Option<&'a Path> },
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
            None if Images::are_in(name) => Self::Images { images: name, labels: None },
            None => Self::File(name),
        }
    }

    /// The table `name` with the labels of its images, if it is images; `option`
    /// is what gives them.
    pub(crate) fn with_labels(
        name: &'a Path,
        labels: Option<&'a Path>,
        option: &str,
    ) -> Result<Self, UsageError> {
        let shown = Snippet::path(name);
        match (Self::of(name), labels) {
            (Self::Images { images, .. }, Some(_)) => Ok(Self::Images { images, labels }),
            (Self::Images { .. }, None) => {
                Err(UsageError(format!("{shown} holds images: name their labels with {option}")))
            }
            (source, None) => Ok(source),
            (_, Some(_)) => Err(UsageError(format!(
                "{option} is for a file of images in IDX, which {shown} is not: leave it out, or name the images"
            ))),
        }
    }

    /// Whether it is images.
    pub(crate) fn is_images(self) -> bool {
        matches!(self, Self::Images { .. })
    }

    /// Whether it is a file that is not there.
    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::File(path) if !path.exists())
    }

    /// The built-in set, if it is one.
    pub(crate) fn built_in(self) -> Option<&'static BuiltIn> {
        match self {
            Self::BuiltIn(set) => Some(set),
            Self::Stdin | Self::File(_) | Self::Images { .. } => None,
        }
    }

    /// Reads the table.
    pub(crate) fn read(self, csv: &Csv) -> Result<Loaded> {
        match self {
            Self::BuiltIn(set) => read(csv, set.csv().as_bytes(), set.name),
            Self::Images { images, labels } => {
                let name = images.to_string_lossy();
                let labels_of = labels.map_or_else(Default::default, |l| l.to_string_lossy());
                let labels = labels.map(Idx::open_labels).transpose()?;
                let table =
                    Images::new(Idx::open_images(images)?, labels, &labels_of)?.table(&name)?;
                if !csv.allow_absent {
                    csv.rules.iter().try_for_each(|(name, _)| table.column(name).map(|_| ()))?;
                }
                let header = table.names().map(str::to_owned).collect();
                Ok(Loaded { table, header })
            }
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
