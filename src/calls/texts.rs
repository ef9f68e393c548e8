//! Texts of one column that differ in nearly every row: one piece of memory for all of them.

use std::ops::Range;

use arrow_array::StringArray;
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

/// Ids are no longer than this, mostly.
const ID_BYTES: usize = 64;

/// Texts one behind the other; empty text is null.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    bytes: String,
    ends: Vec<usize>,
}

impl Texts {
    /// None so far.
    pub fn with_room(rows: usize) -> Self {
        Self { bytes: String::new(), ends: Vec::with_capacity(rows) }
    }

    /// Adds a row.
    pub fn push(&mut self, text: &str) {
        if self.bytes.capacity() == 0 {
            // Ids are of one length, mostly.
            let rows = self.ends.capacity() - self.ends.len();
            self.bytes.reserve_exact(text.len().min(ID_BYTES) * rows);
        }
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes all of them have.
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether every one is empty.
    pub const fn has_none(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Room for so many bytes more.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve_exact(bytes);
    }

    fn range(&self, row: usize) -> Range<usize> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[row]
    }

    /// The text in a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let range = self.range(row);
        if range.is_empty() { None } else { self.bytes.get(range) }
    }

    /// Adds the rows of another.
    pub fn extend(&mut self, other: &Self) {
        let before = self.bytes.len();
        self.bytes.push_str(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    /// Adds empty rows.
    pub fn extend_null(&mut self, rows: usize) {
        self.ends.resize(self.ends.len() + rows, self.bytes.len());
    }

    /// Some rows as Arrow has them.
    pub fn array(&self, rows: Range<usize>) -> StringArray {
        let start = rows.start.checked_sub(1).map_or(0, |before| self.ends[before]);
        let ends = &self.ends[rows];
        let offset = |end: usize| i32::try_from(end - start).expect("a row group below 2 GiB");
        let offsets = std::iter::once(0).chain(ends.iter().map(|end| offset(*end)));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets.collect::<Vec<i32>>()));
        let end = ends.last().copied().unwrap_or(start);
        let bytes = Buffer::from(&self.bytes.as_bytes()[start..end]);
        let known = offsets.windows(2).map(|pair| pair[0] < pair[1]);
        let known: NullBuffer = known.collect();
        StringArray::new(offsets, bytes, Some(known).filter(|known| known.null_count() > 0))
    }
}
