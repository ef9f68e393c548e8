//! Parts of a file as the Parquet library reads them: only those that are needed are held, and no
//! two threads share a place in the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use parquet::arrow::ProjectionMask;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};
use prost::bytes::{Buf, Bytes, buf::Reader};

/// Read of a file's end at first: most footers lie within.
const FOOTER_GUESS: u64 = 1 << 16;
/// The footer's length and the magic behind it.
const TAIL: u64 = 8;
const MAGIC: &[u8] = b"PAR1";

/// Some stretches of a file.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    length: u64,
    /// First byte and content of each, ascending.
    held: Vec<(u64, Bytes)>,
}

impl Pieces {
    /// These stretches of a file of that length.
    pub fn new(length: u64, held: Vec<(u64, Bytes)>) -> Self {
        Self { length, held }
    }

    /// The last stretch.
    pub fn last(&self) -> &[u8] {
        self.held.last().map_or(&[], |(_, bytes)| bytes)
    }

    fn from(&self, start: u64) -> Result<Bytes> {
        let at = self.held.partition_point(|(first, _)| *first <= start);
        let piece = at.checked_sub(1).and_then(|at| self.held.get(at));
        let (first, bytes) = piece.ok_or_else(unheld)?;
        let skip = usize::try_from(start - first).map_err(|_| unheld())?;
        if skip <= bytes.len() { Ok(bytes.slice(skip..)) } else { Err(unheld()) }
    }
}

fn unheld() -> ParquetError {
    ParquetError::EOF("a place of the file that was not read".to_owned())
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Pieces {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.from(start)?;
        if length <= bytes.len() { Ok(bytes.slice(..length)) } else { Err(unheld()) }
    }
}

/// The end of a file with its whole footer.
pub(super) fn footer(path: &Path) -> Result<Pieces> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let end = read(&mut file, length.saturating_sub(FOOTER_GUESS), length)?;
    // What is no Parquet file states no length either.
    let tail = end.strip_suffix(MAGIC).and_then(|rest| rest.last_chunk::<4>());
    let stated = tail.copied();
    let needed = u64::from(u32::from_le_bytes(stated.ok_or_else(unheld)?)) + TAIL;
    let start = length.checked_sub(needed).ok_or_else(unheld)?;
    let end = if needed > end.len() as u64 { read(&mut file, start, length)? } else { end };
    Ok(Pieces::new(length, vec![(length - end.len() as u64, end)]))
}

/// The chunks of some columns of a row group.
pub(super) fn columns(
    path: &Path,
    group: &RowGroupMetaData,
    wanted: &ProjectionMask,
) -> Result<Pieces> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let leaves = group.columns().iter().enumerate();
    let leaves = leaves.filter(|(leaf, _)| wanted.leaf_included(*leaf));
    let mut ranges: Vec<(u64, u64)> = leaves.map(|(_, column)| column.byte_range()).collect();
    ranges.sort_unstable();
    let mut held = Vec::with_capacity(ranges.len());
    for (start, size) in ranges {
        let end = start.checked_add(size).filter(|end| *end <= length).ok_or_else(unheld)?;
        held.push((start, read(&mut file, start, end)?));
    }
    Ok(Pieces::new(length, held))
}

fn read(file: &mut File, start: u64, end: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(end - start).unwrap_or(0));
    file.seek(SeekFrom::Start(start))?;
    file.take(end - start).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_an_error_and_no_panic() {
        let pieces = Pieces::new(100, vec![(10, Bytes::from_static(b"abc"))]);
        assert_eq!(pieces.get_bytes(11, 2).unwrap(), "bc");
        assert!(pieces.get_bytes(11, 3).is_err());
        assert!(pieces.get_bytes(9, 1).is_err() && pieces.get_bytes(40, 1).is_err());
        assert!(pieces.get_read(u64::MAX).is_err());
    }
}
