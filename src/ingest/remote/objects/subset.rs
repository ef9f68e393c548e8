//! Reads of a Parquet object only what is needed: its footer, and in the row groups of the time
//! that is asked for the columns that hold spans. What comes out is a smaller Parquet file.

use std::ops::Range;

use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter,
    RowGroupMetaData,
};
use parquet::file::statistics::Statistics;

use super::super::Stretch;
use crate::ingest::parquet::needed_columns;
use crate::ingest::time;
use crate::ingest::wanted::Wanted;

const MAGIC: &[u8] = b"PAR1";
/// The length of the footer and the magic behind it.
pub const ENDING: usize = 8;

/// Pieces of a file, and the file that is made of them.
pub struct Subset {
    metadata: ParquetMetaData,
    /// Row groups kept.
    groups: Vec<usize>,
    /// Leaf columns kept.
    leaves: Vec<usize>,
    /// Where the kept chunks lie, in order of row group and column.
    pub ranges: Vec<Range<u64>>,
}

/// How many bytes the footer has, told by the end of the file; `None` where this is no Parquet
/// that can be read in pieces.
pub fn footer_length(ending: &[u8]) -> Option<u64> {
    let at = ending.len().checked_sub(ENDING)?;
    let (length, magic) = ending.get(at..)?.split_at(4);
    let length = u32::from_le_bytes(length.try_into().ok()?);
    (magic == MAGIC).then_some(u64::from(length) + ENDING as u64)
}

/// Chooses the pieces; `None` where all of the file is as good as the pieces, or safer.
///
/// `footer` ends with the file and begins with the metadata.
pub fn choose(footer: &[u8], wanted: &Wanted, times: Option<&[Stretch]>) -> Option<Subset> {
    let metadata = footer.get(..footer.len().checked_sub(ENDING)?)?;
    let metadata = ParquetMetaDataReader::decode_metadata(metadata).ok()?;
    let schema = metadata.file_metadata().schema_descr();
    let arrow = parquet_to_arrow_schema(schema, None).ok()?;
    let needed = needed_columns(arrow.fields(), wanted)?;
    let leaves: Vec<usize> = (0..schema.num_columns())
        .filter(|leaf| {
            let root = schema.get_column_root(*leaf).name();
            needed.columns.as_ref().is_none_or(|columns| columns.iter().any(|name| name == root))
        })
        .collect();
    let start = arrow.fields().iter().find(|field| *field.name() == needed.start)?;
    let leaf = (0..schema.num_columns())
        .find(|leaf| schema.column(*leaf).path().parts() == [needed.start.clone()]);
    let groups: Vec<usize> = (0..metadata.num_row_groups())
        .filter(|group| {
            let (Some(times), Some(leaf)) = (times, leaf) else { return true };
            let statistics = metadata.row_group(*group).column(leaf).statistics();
            let bounds = statistics.and_then(|found| bounds(found, start.data_type()));
            bounds.is_none_or(|(first, last)| {
                times.iter().any(|time| first < time.end_ns && last >= time.start_ns)
            })
        })
        .collect();
    let mut ranges = Vec::new();
    for group in &groups {
        for leaf in &leaves {
            let (start, length) = metadata.row_group(*group).column(*leaf).byte_range();
            ranges.push(start..start.checked_add(length)?);
        }
    }
    Some(Subset { metadata, groups, leaves, ranges })
}

/// First and last start in a row group, nanoseconds.
fn bounds(statistics: &Statistics, kind: &DataType) -> Option<(i64, i64)> {
    let Statistics::Int64(values) = statistics else { return None };
    let (first, last) = (*values.min_opt()?, *values.max_opt()?);
    let scale = match kind {
        DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1,
        _ => {
            let unit = time::unit(first)?;
            return (Some(unit) == time::unit(last)).then(|| (unit.to_ns(first), unit.to_ns(last)));
        }
    };
    // What was rounded down may lie up to one unit later.
    Some((first.saturating_mul(scale), last.saturating_add(1).saturating_mul(scale)))
}

impl Subset {
    /// The smaller file; `pieces` are the bytes of the ranges, in order. `None` where they do not
    /// fit, which is an object that changed or is damaged.
    pub fn build(self, pieces: &[impl AsRef<[u8]>]) -> Option<Vec<u8>> {
        let fits = |(piece, range): (&_, &Range<u64>)| {
            AsRef::<[u8]>::as_ref(piece).len() as u64 == range.end - range.start
        };
        if pieces.len() != self.ranges.len() || !pieces.iter().zip(&self.ranges).all(fits) {
            return None;
        }
        let mut file = MAGIC.to_vec();
        let mut pieces = pieces.iter();
        let mut groups = Vec::new();
        for (order, group) in self.groups.iter().enumerate() {
            let group = self.metadata.row_group(*group).clone();
            let mut columns = Vec::new();
            for (leaf, column) in group.columns().iter().enumerate() {
                let mut at = None;
                if self.leaves.contains(&leaf) {
                    at = Some(file.len());
                    file.extend_from_slice(pieces.next()?.as_ref());
                }
                columns.push(moved(column, at)?);
            }
            groups.push(placed(group, columns, order)?);
        }
        let metadata = self.metadata.into_builder().set_row_groups(groups).build();
        let mut footer = Vec::new();
        ParquetMetaDataWriter::new(&mut footer, &metadata).finish().ok()?;
        file.extend_from_slice(&footer);
        Some(file)
    }
}

fn placed(
    group: RowGroupMetaData,
    columns: Vec<ColumnChunkMetaData>,
    order: usize,
) -> Option<RowGroupMetaData> {
    let builder = group.into_builder().set_column_metadata(columns);
    builder.set_ordinal(i32::try_from(order).ok()?).build().ok()
}

/// The chunk at its new place; where it was not read, at a place that nobody looks at.
fn moved(column: &ColumnChunkMetaData, at: Option<usize>) -> Option<ColumnChunkMetaData> {
    let (start, _) = column.byte_range();
    let start = i64::try_from(start).ok()?;
    let at = i64::try_from(at.unwrap_or(MAGIC.len())).ok()?;
    let shifted = |offset: i64| offset - start + at;
    column
        .clone()
        .into_builder()
        .set_data_page_offset(shifted(column.data_page_offset()))
        .set_dictionary_page_offset(column.dictionary_page_offset().map(shifted))
        .set_index_page_offset(None)
        .set_bloom_filter_offset(None)
        .set_bloom_filter_length(None)
        .set_offset_index_offset(None)
        .set_offset_index_length(None)
        .set_column_index_offset(None)
        .set_column_index_length(None)
        .build()
        .ok()
}
