//! Comma-separated values: strict reading into typed columns, and writing.

mod plain;
mod reader;
mod records;
mod writer;

pub use reader::{Csv, CsvReader, ReadAs};
pub use writer::CsvWriter;
