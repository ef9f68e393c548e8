//! What was counted of every call, by a server or of llmspan's own table, where only a sample of them
//! was judged.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Series, SignalChange, rfc3339};

/// Lengths are counted by classes, so many to each doubling: a quantile of classes is good to half
/// of one, 2.2 %.
pub const CLASSES_PER_DOUBLING: u32 = 16;

/// What a server answered: spans of LLM calls and of what stands around them, counted by time and
/// slice. It is no part of the JSON contract; what is concluded from it is [`Counted`].
#[derive(Debug, Clone, PartialEq)]
pub struct ServerCounts {
    /// One trace in so many was read.
    pub one_in: u64,
    /// A bin begins at a multiple of its length after this, nanoseconds.
    pub origin_ns: i64,
    /// Length of a bin, nanoseconds.
    pub bin_ns: i64,
    /// Whether calls were counted, of a call table or after assembly, and not spans.
    pub of_calls: bool,
    /// The counts, in no order.
    pub cells: Vec<ServerCell>,
}

/// The spans of one kind in one slice and bin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerCell {
    /// Number of the bin.
    pub bin: i64,
    /// Whether they started in the window.
    pub in_window: bool,
    /// `service.name`; empty where there is none.
    pub service: String,
    /// `gen_ai.request.model`; empty where there is none.
    pub model: String,
    /// Name of the span and of its scope, which tell calls from what stands around them.
    pub kind: (String, String),
    /// How many.
    pub spans: u64,
    /// How many of them are in the sample.
    pub sampled: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Tokens as the spans state them; null where none does.
    pub input_tokens: Option<f64>,
    /// Tokens as the spans state them; null where none does.
    pub output_tokens: Option<f64>,
    /// Durations of those that did not fail, by class.
    pub duration: Vec<(i32, u64)>,
    /// TTFT of those that did not fail and state it, by class.
    pub ttft: Vec<(i32, u64)>,
}

/// What every call says, as a server counted it, beside the judgement of a sample.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    /// One trace in so many was read and judged.
    pub one_in: u64,
    /// Whether the counts are of calls alone: false where some spans of a kind are calls and others
    /// are not, and their part was taken from the sample.
    pub exact: bool,
    /// Length of a bin in which the server counted, seconds.
    pub bin_s: f64,
    /// First instant of the baseline's first bin.
    #[serde(serialize_with = "rfc3339")]
    pub baseline_start: DateTime<Utc>,
    /// First instant after its last.
    #[serde(serialize_with = "rfc3339")]
    pub baseline_end: DateTime<Utc>,
    /// All calls, the services, the models, and the slice of the first cause where it is one of
    /// these or both.
    pub slices: Vec<CountedSlice>,
}

/// The calls of a slice, all of them.
#[derive(Debug, Clone, Serialize)]
pub struct CountedSlice {
    /// By attribute name; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// In the window.
    pub window: CountedCalls,
    /// In the baseline.
    pub baseline: CountedCalls,
    /// Window against baseline, with the baseline's own windows of that length as the yardstick.
    pub signals: Vec<SignalChange>,
    /// On the bins of the report's timeline; empty where these are not whole bins of the server's.
    pub series: Vec<Series>,
}

/// How many calls, and their tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct CountedCalls {
    /// Calls.
    pub calls: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Input tokens as the spans state them: whether cached ones are among them is their dialect's
    /// way.
    pub input_tokens: Option<f64>,
    /// Output tokens as the spans state them.
    pub output_tokens: Option<f64>,
}
