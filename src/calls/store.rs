//! The canonical table on disk: written as Parquet, NDJSON or CSV, and read back from all three.

mod csv;
mod fields;
mod ndjson;
mod parquet;
mod sampled;

use std::io::{self, Write};

pub(super) use sampled::read as sampled;

use super::CallTable;
use crate::diagnosis::Loss;
use crate::error::{Error, Result};
use crate::ingest::{CanonicalFormat, CanonicalInput};
use crate::schema::Col;

/// Rows formatted, or read, at a time.
const CHUNK_ROWS: usize = 1 << 14;

impl CallTable {
    /// Writes the table to a stream.
    ///
    /// # Errors
    /// What the stream refuses.
    pub fn write(&self, format: CanonicalFormat, out: &mut (dyn Write + Send)) -> io::Result<()> {
        match format {
            CanonicalFormat::Parquet => parquet::write(self, out),
            CanonicalFormat::Ndjson => ndjson::write(self, out),
            CanonicalFormat::Csv => csv::write(self, out),
        }
    }

    /// Reads a table back, with the records that were lost. A missing column is all null, a
    /// column that is neither canonical nor a kept attribute is left out, empty text and NaN are
    /// null; rows need not be sorted.
    ///
    /// # Errors
    /// A column of the wrong type, a row without its start, or a file that is cut or damaged.
    pub fn read(input: &CanonicalInput) -> Result<(Self, Vec<Loss>)> {
        Self::read_columns(input, None)
    }

    /// The same where no more of the canonical columns than these are needed: a form that keeps
    /// columns apart leaves the others where they are.
    ///
    /// # Errors
    /// Those of [`CallTable::read`].
    pub fn read_columns(
        input: &CanonicalInput,
        columns: Option<&[Col]>,
    ) -> Result<(Self, Vec<Loss>)> {
        match input.format {
            CanonicalFormat::Parquet => Ok((parquet::read(input, columns)?, Vec::new())),
            CanonicalFormat::Ndjson => ndjson::read(input),
            CanonicalFormat::Csv => Ok((csv::read(input)?, Vec::new())),
        }
    }
}

/// The error for a value that does not belong in its column; the value itself is not told.
fn misfit(place: &str, column: &str, found: &str, belongs: &str) -> Error {
    Error::input(
        place,
        format!("column `{column}` holds {found} where {belongs} belongs"),
        "write the table again with `llmspan normalize`, or give the column its type",
    )
}
