//! Opening a Parquet file, held in memory or where it lies, and turning whatever goes wrong into a
//! message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Fields;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::RowGroupMetaData;
use prost::bytes::Bytes;

use super::pieces::{self, Pieces};
use super::{footer, hint};
use crate::error::{Error, Result};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 4096;

/// A Parquet file, its footer read.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    file: String,
    held: Held,
    footer: ArrowReaderMetadata,
}

/// Where its bytes are.
#[derive(Debug, Clone)]
enum Held {
    /// In memory, all of them.
    Bytes(Bytes),
    /// In a file, from which the chunks of the asked columns are read row group by row group.
    File(Arc<Path>),
}

impl Open {
    /// Reads the footer.
    ///
    /// # Errors
    /// There is none, or it is encrypted or damaged; the message says which.
    pub(crate) fn new(file: &str, bytes: Vec<u8>) -> Result<Self> {
        let bytes = Bytes::from(bytes);
        if let Some(error) = without_footer(file, &bytes) {
            return Err(error);
        }
        let held = Held::Bytes(bytes.clone());
        Self::held(file, held, &Pieces::new(bytes.len() as u64, vec![(0, bytes)]))
    }

    /// Reads the footer of a file that stays where it is.
    ///
    /// # Errors
    /// Those of [`Open::new`], and a file that cannot be read.
    pub(crate) fn file(file: &str, path: &Path) -> Result<Self> {
        let footer = guarded(file, || pieces::footer(path))?;
        Self::held(file, Held::File(path.into()), &footer)
    }

    fn held(file: &str, held: Held, bytes: &Pieces) -> Result<Self> {
        if footer::is_absurd(bytes.last()) {
            return Err(damaged(file));
        }
        // The types as Parquet states them: the Arrow schema that some writers store beside
        // adds only variants of the same content, and may contradict it.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer = guarded(file, || ArrowReaderMetadata::load(bytes, options.clone()))?;
        // Where the library cannot read it so, it is read as it stands.
        let lighter = options.with_schema(Arc::new(hint::lighter(footer.schema())));
        let metadata = Arc::clone(footer.metadata());
        let lighter = guarded(file, || ArrowReaderMetadata::try_new(metadata, lighter));
        let footer = lighter.unwrap_or(footer);
        Ok(Self { file: file.to_owned(), held, footer })
    }

    /// The file's columns.
    pub(crate) fn fields(&self) -> &Fields {
        self.footer.schema().fields()
    }

    /// The file's bytes; none where they are not held.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self.held {
            Held::Bytes(bytes) => bytes.into(),
            Held::File(_) => Vec::new(),
        }
    }

    /// What the footer says of a row group.
    pub(crate) fn row_group(&self, row_group: usize) -> &RowGroupMetaData {
        self.footer.metadata().row_group(row_group)
    }

    /// How many rows each row group holds.
    pub(crate) fn row_groups(&self) -> Vec<u64> {
        let groups = self.footer.metadata().row_groups().iter();
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or_default()).collect()
    }

    /// Decodes the named columns of a row group and hands each batch to `each`.
    ///
    /// # Errors
    /// A damaged page, or what `each` refuses. Batches before it have been handed on.
    pub(crate) fn batches(
        &self,
        row_group: usize,
        columns: &[&str],
        each: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        self.selected(row_group, columns, (None, BATCH_ROWS), each)
    }

    /// The same of some rows, so many at a time.
    ///
    /// # Errors
    /// Those of [`Open::batches`].
    pub(crate) fn selected(
        &self,
        row_group: usize,
        columns: &[&str],
        (rows, at_a_time): (Option<RowSelection>, usize),
        mut each: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let fields = self.fields().iter().enumerate();
        let roots = fields.filter(|(_, field)| columns.contains(&field.name().as_str()));
        let mask = ProjectionMask::roots(self.footer.parquet_schema(), roots.map(|(root, _)| root));
        let bytes = match &self.held {
            Held::Bytes(bytes) => Pieces::new(bytes.len() as u64, vec![(0, bytes.clone())]),
            Held::File(path) => {
                guarded(&self.file, || pieces::columns(path, self.row_group(row_group), &mask))?
            }
        };
        let footer = self.footer.clone();
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, footer)
            .with_row_groups(vec![row_group])
            .with_projection(mask)
            .with_batch_size(at_a_time);
        if let Some(rows) = rows {
            builder = builder.with_row_selection(rows);
        }
        let mut reader = guarded(&self.file, || builder.build())?;
        while let Some(batch) = guarded(&self.file, || reader.next().transpose())? {
            each(&batch)?;
        }
        Ok(())
    }
}

/// Runs the Parquet library on what may be anything: its errors, and its panics on damaged
/// pages, become this file's error. What they say may quote content, so it is not repeated.
fn guarded<T, E>(file: &str, run: impl FnOnce() -> std::result::Result<T, E>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(damaged(file)),
    }
}

fn damaged(file: &str) -> Error {
    Error::input(
        file,
        "a Parquet file whose footer or pages are damaged",
        "write or copy the file again; its size should equal the original's",
    )
}

fn without_footer(file: &str, bytes: &[u8]) -> Option<Error> {
    let error = |message: &str, help: &str| Some(Error::input(file, message, help));
    let ending = bytes.len().checked_sub(4).and_then(|at| bytes.get(at..));
    if ending == Some(b"PARE") {
        let help = "decrypt it, or export it again without encryption";
        return error("a Parquet file with an encrypted footer, which is not read", help);
    }
    if bytes.len() < 12 || ending != Some(b"PAR1") {
        let message = format!(
            "a Parquet file without its footer: it starts as one, but its {} bytes do not end in \
             `PAR1`. The writer was stopped, or the copy is cut short",
            bytes.len()
        );
        return error(&message, "let the writer close the file, or copy it again");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_file_says_that_its_footer_is_missing() {
        for bytes in [&b"PAR1"[..], b"PAR1 and then some, but cut"] {
            let error = Open::new("a.parquet", bytes.to_vec()).unwrap_err();
            assert!(error.to_string().contains("without its footer"), "{error}");
        }
        let error = Open::new("a.parquet", b"PAR1 encrypted PARE".to_vec()).unwrap_err();
        assert!(error.to_string().contains("encrypted"), "{error}");
        let error = Open::new("a.parquet", b"PAR1\xff\xff\xff\xff\xff\xff\x00\x00PAR1".to_vec());
        assert!(error.unwrap_err().to_string().contains("damaged"));
    }
}
