#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "matrices are upper case, as in the notes")]

mod error;
mod snippet;

mod builtin;
mod csv;
mod idx;
mod images;
mod input;
mod labels;
mod preprocess;
mod table;

mod batches;
mod folds;
mod rng;
mod split;

mod read;
mod write;

pub use batches::{MiniBatches, bootstrap_rows, take_rows};
pub use builtin::{BuiltIn, builtin, builtins};
pub use csv::{Csv, CsvReader, CsvWriter, ReadAs};
pub use error::{Error, Result};
pub use folds::{Fold, k_folds};
pub use idx::Idx;
pub use images::Images;
pub use labels::{Labels, Target, Task};
pub use preprocess::{
    Basis, Feature, Missing, OneHot, Polynomial, Preprocessing, Preprocessor, Unseen, powers,
};
pub use read::{open_file, read_file};
pub use rng::{Purpose, rng, shuffle};
pub use snippet::Snippet;
pub use split::{Split, SplitBy, SplitSettings};
pub use table::{Cell, Column, Table, Text, Values};
pub use write::write_atomically;
