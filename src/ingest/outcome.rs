//! What reading one file, or one chunk of it, gave: the kept spans, and the tally of what was not.

use std::fmt;

use super::CanonicalInput;
use super::span::Spans;
use crate::diagnosis::Loss;

/// What one file gave.
#[derive(Debug, Default)]
pub struct FileOutcome {
    /// The kept spans, in file order.
    pub spans: Spans,
    /// The file's bytes, where it is the canonical call table itself.
    pub table: Option<CanonicalInput>,
    /// What the file turned out to be: `otlp_json`, `parquet: ClickHouse otel_traces`.
    pub format: String,
    /// Spans seen, kept or not.
    pub span_count: u64,
    /// What was skipped, lost or odd.
    pub losses: Tally,
}

/// Where in its file a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    File,
    /// A line, counted from 1.
    Line(u64),
    /// A byte of the decompressed content, counted from 0.
    Byte(u64),
    /// A row of a table, counted from 0.
    Row(u64),
}

impl Place {
    /// The place seen from the start of the file, where this one is counted from a chunk that
    /// begins at these bytes, lines and rows.
    #[must_use]
    pub const fn shifted(self, bytes: u64, lines: u64) -> Self {
        match self {
            Self::Line(line) => Self::Line(line.saturating_add(lines)),
            Self::Byte(byte) => Self::Byte(byte.saturating_add(bytes)),
            Self::File | Self::Row(_) => self,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the whole file"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Records that were skipped, lost or odd, counted by reason, each with its first place.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    reason: String,
    count: u64,
    first: Place,
    lost: bool,
}

impl Tally {
    /// Counts a record whose data is lost.
    pub fn lost(&mut self, reason: &str, place: Place) {
        self.add(reason, 1, place, true);
    }

    /// Counts a record that was skipped on purpose, or used although it was odd.
    pub fn noted(&mut self, reason: &str, place: Place) {
        self.add(reason, 1, place, false);
    }

    /// Counts several records of one reason; `place` is that of the first.
    pub fn add(&mut self, reason: &str, count: u64, place: Place, lost: bool) {
        let same = |entry: &&mut Entry| entry.lost == lost && entry.reason == reason;
        if let Some(entry) = self.entries.iter_mut().find(same) {
            entry.count = entry.count.saturating_add(count);
        } else if count > 0 {
            self.entries.push(Entry { reason: reason.to_owned(), count, first: place, lost });
        }
    }

    /// Adds the tally of a later chunk that begins at these bytes and lines of the file.
    pub fn absorb(&mut self, later: &Self, bytes: u64, lines: u64) {
        for entry in &later.entries {
            self.add(&entry.reason, entry.count, entry.first.shifted(bytes, lines), entry.lost);
        }
    }

    /// Takes records of this reason as skipped on purpose.
    pub fn pardon(&mut self, reason: &str) {
        let same = |entry: &&mut Entry| entry.reason == reason;
        self.entries.iter_mut().filter(same).for_each(|entry| entry.lost = false);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many records were lost.
    pub fn lost_count(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.lost).map(|entry| entry.count).sum()
    }

    /// As it stands in the report, in order of first appearance.
    pub fn losses(&self) -> Vec<Loss> {
        let loss = |entry: &Entry| Loss {
            reason: entry.reason.clone(),
            count: entry.count,
            first: entry.first.to_string(),
            lost: entry.lost,
        };
        self.entries.iter().map(loss).collect()
    }
}
