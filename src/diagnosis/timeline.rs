//! What is said about a whole dump over time: level and tail of each signal, spikes, drift by day.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ingest, Series, rfc3339};

/// Version of the JSON form of a whole dump's timeline.
pub const TIMELINE_SCHEMA: &str = "llmspan.timeline/1";

/// A whole dump in bins of equal length.
#[derive(Debug, Clone, Serialize)]
pub struct DumpTimeline {
    /// [`TIMELINE_SCHEMA`].
    pub schema: &'static str,
    /// Start of the first bin.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// Length of a bin, seconds.
    pub bin_s: f64,
    /// How many bins.
    pub bins: usize,
    /// What the groups are told apart by; null where it was not asked for.
    pub by: Option<String>,
    /// All calls.
    pub all: TimelineGroup,
    /// The calls of each value, those with most calls first.
    pub groups: Vec<TimelineGroup>,
    /// Stretches in which calls stood above the same work elsewhere in the dump, strongest first:
    /// where to look, no verdict.
    pub spikes: Vec<TimelineSpike>,
    /// All calls by UTC day; null where the dump is shorter than three days.
    pub days: Option<Days>,
    /// What qualifies the figures, in sentences.
    pub notes: Vec<String>,
    /// What was read.
    pub ingest: Ingest,
}

/// Some of the calls over time.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineGroup {
    /// The value that they share; null for all calls, and for those that do not carry the
    /// attribute.
    pub value: Option<String>,
    /// How many.
    pub calls: usize,
    /// How many in each bin.
    pub calls_by_bin: Vec<usize>,
    /// The signals, each with one value a bin; null where too few calls tell.
    pub series: Vec<Series>,
}

/// A stretch that stands out.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineSpike {
    /// First instant.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// First instant after it.
    #[serde(serialize_with = "rfc3339")]
    pub end: DateTime<Utc>,
    /// First bin that it fills, to the nearest.
    pub from_bin: usize,
    /// First bin after it.
    pub to_bin: usize,
    /// What stood out most: `ttft_same_work_ratio`, `itl_same_work_ratio` or
    /// `duration_same_work_ratio`.
    pub signal: &'static str,
    /// Its level in the stretch beside its usual level.
    pub ratio: f64,
    /// Calls that started in it.
    pub calls: usize,
}

/// The dump by day.
#[derive(Debug, Clone, Serialize)]
pub struct Days {
    /// First day, its first instant, UTC.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// All calls, one bin a day. `mix_moved_share` stands beside the other signals: the share of
    /// the day's calls that would have to be of another model and service for the day to have the
    /// mix of the whole dump.
    pub all: TimelineGroup,
    /// Signals that rise or fall day by day.
    pub drifts: Vec<Drift>,
}

/// A signal that rose or fell over the days.
#[derive(Debug, Clone, Serialize)]
pub struct Drift {
    /// Which; `mix_moved_share` holds the last days against the mix of the first.
    pub signal: String,
    /// Its middle over the first days; null for `mix_moved_share`.
    pub first: Option<f64>,
    /// Its middle over the last days.
    pub last: f64,
    /// How many days count as the first, and as the last.
    pub days: usize,
}
