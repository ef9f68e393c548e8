//! Parquet files of spans, one file per layout.

use super::outcome::FileOutcome;
use super::wanted::Wanted;
use crate::error::{Error, Result};

/// Reads a Parquet file; `file` is its name for messages.
///
/// # Errors
/// A file that is no Parquet, or whose columns are no known layout of spans.
pub fn read(file: &str, _bytes: Vec<u8>, _wanted: &Wanted) -> Result<FileOutcome> {
    Err(Error::input(file, "Parquet is not read yet", "export OTLP JSON or protobuf instead"))
}
