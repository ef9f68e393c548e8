//! The table's times to a window and the normal traffic that it is held against.
//!
//! [`choose`] resolves what was asked for; [`split_at`] chooses the baseline of a window that was
//! found by [`find`].

mod bins;
mod choose;
mod find;
mod grammar;
mod needed;

use std::fmt;

use chrono::{DateTime, SecondsFormat};

pub use bins::bin_ns;
pub use choose::{choose, placed, split_at};
pub use find::{
    Counted, Found, LEAST_SEARCHED_CALLS, LEAST_SEARCHED_S, candidates, candidates_beside, find,
    searchable,
};
pub use grammar::{duration_ns, is_written};
pub use needed::{around, needed, stated};

/// What was asked for, as it was written; `None` where it was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WindowArgs {
    /// The window.
    pub window: Option<String>,
    /// The normal traffic to hold it against.
    pub baseline: Option<String>,
    /// The zone of times written without an offset: a name such as `Europe/Berlin`, or an offset.
    pub tz: Option<String>,
}

impl WindowArgs {
    /// The same, in this zone where none was asked for.
    #[must_use]
    pub fn in_zone(&self, usual: Option<&str>) -> Self {
        Self { tz: self.tz.clone().or_else(|| usual.map(str::to_owned)), ..self.clone() }
    }
}

/// A half-open stretch of time, nanoseconds since the epoch: a call belongs to it when it started
/// in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First instant.
    pub start_ns: i64,
    /// First instant after it.
    pub end_ns: i64,
}

impl Range {
    /// Its length, seconds.
    pub fn length_s(&self) -> f64 {
        (i128::from(self.end_ns) - i128::from(self.start_ns)) as f64 * 1e-9
    }

    /// Whether the two share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start_ns < other.end_ns && other.start_ns < self.end_ns
    }

    /// The rows of calls that started in it; `starts_ns` ascends.
    pub fn rows(&self, starts_ns: &[i64]) -> std::ops::Range<usize> {
        let from = starts_ns.partition_point(|&start| start < self.start_ns);
        let to = starts_ns.partition_point(|&start| start < self.end_ns);
        from..to.max(from)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |time_ns| {
            let time = DateTime::from_timestamp_nanos(time_ns);
            time.to_rfc3339_opts(SecondsFormat::Secs, true)
        };
        write!(f, "{}/{}", text(self.start_ns), text(self.end_ns))
    }
}

/// A window and its baseline, in time and in rows of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The window.
    pub window: Range,
    /// Rows of the calls that started in it.
    pub window_rows: std::ops::Range<usize>,
    /// The stretches of normal traffic, ascending and apart; empty where the data holds none.
    pub baseline: Vec<Range>,
    /// Rows of each stretch.
    pub baseline_rows: Vec<std::ops::Range<usize>>,
    /// What was chosen, and why, in sentences.
    pub notes: Vec<String>,
    /// How many windows this one was picked from for being the most striking; 1 where it was given.
    pub picked_from: usize,
}

impl Split {
    /// Calls in the baseline.
    pub fn baseline_calls(&self) -> usize {
        self.baseline_rows.iter().map(ExactSizeIterator::len).sum()
    }

    /// Every row of the baseline, ascending.
    pub fn baseline_row_indices(&self) -> Vec<usize> {
        self.baseline_rows.iter().cloned().flatten().collect()
    }

    /// From the first instant of the baseline to its last; `None` without one.
    pub fn baseline_span(&self) -> Option<Range> {
        let (first, last) = (self.baseline.first()?, self.baseline.last()?);
        Some(Range { start_ns: first.start_ns, end_ns: last.end_ns })
    }
}
