//! What a run concludes: the JSON contract, and all that a report may say.
//!
//! Verdict fills these types, reports render them and compute nothing. Serialised as they stand
//! they are the contract `llmspan.diagnosis/1`: a field may be added, never renamed or removed.
//! All durations are seconds, all times UTC, all shares and ratios plain numbers (not percent);
//! `None` is written as `null` and means not known.

pub mod audit;
pub mod capacity;
mod cause;
mod charts;
pub mod check;
pub mod cost;
mod counted;
mod explanation;
mod ingest;
pub mod inspection;
pub mod printable;
mod query;
mod timeline;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

pub use cause::{Cause, Owner};
pub use charts::{
    Charts, Distribution, ExpectedStep, Point, Scatter, ShareSeries, Shares, Spread, TimeAxis,
};
pub use counted::{
    CLASSES_PER_DOUBLING, Counted, CountedCalls, CountedSlice, ServerCell, ServerCounts,
};
pub use explanation::{
    CallFigure, CallPart, CallParts, Cohort, EXPLANATION_SCHEMA, Explanation, FoundCall, PartSource,
};
pub use ingest::{Ingest, IngestFile, Loss, MAPPED, Rejected};
pub use query::{Gives, Query};
pub use timeline::{Days, Drift, DumpTimeline, TIMELINE_SCHEMA, TimelineGroup, TimelineSpike};

/// The contract's version.
pub const SCHEMA: &str = "llmspan.diagnosis/1";

/// The whole conclusion about one window.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The window that was judged.
    pub window: Period,
    /// The normal traffic that it was held against; none where the data holds none.
    pub baseline: Option<Period>,
    /// Spike, no spike, or not enough data to say.
    pub verdict: Verdict,
    /// The verdict in one sentence, with its figures.
    pub headline: String,
    /// Ranked causes; empty unless the verdict is a spike.
    pub diagnoses: Vec<RankedCause>,
    /// Causes that the evidence speaks against.
    pub ruled_out: Vec<RuledOut>,
    /// Causes that these spans can neither confirm nor rule out.
    pub undecidable: Vec<Undecidable>,
    /// The latency signals, window against baseline, on which the verdict rests.
    pub signals: Vec<SignalChange>,
    /// Where the added time went.
    pub waterfall: Option<Waterfall>,
    /// What the window cost beside the same calls in the baseline; none unless it is a spike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<cost::Cost>,
    /// The tree as it was walked: what was asked, what was read, what it meant.
    pub path: Vec<Step>,
    /// Signals over time.
    pub timeline: Option<Timeline>,
    /// What a server counted of every call; none where every call was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// Points, distributions and shares to draw. They are no part of the JSON contract: they
    /// would be most of its bytes, and whoever wants calls reads the call table.
    #[serde(skip)]
    pub charts: Option<Charts>,
    /// Everything that qualifies the answer: thin data, censoring, a moved window.
    pub notes: Vec<String>,
    /// How many calls carry each column that the diagnosis uses.
    pub coverage: Vec<Coverage>,
    /// What was read, folded, skipped and lost.
    pub ingest: Ingest,
    /// Where the window was not given: the other spikes found, most severe first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_spikes: Vec<Diagnosis>,
}

/// A half-open period of time; a call belongs to it when it started in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Period {
    /// First instant.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// First instant after it.
    #[serde(serialize_with = "rfc3339")]
    pub end: DateTime<Utc>,
    /// LLM calls that started in it.
    pub calls: usize,
}

/// Whether something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Larger than the baseline's own movement, and material.
    Spike,
    /// Nothing that is not also seen in normal traffic.
    NoSpike,
    /// Too few calls, or no baseline, to say either.
    InsufficientData,
}

/// One ranked cause.
#[derive(Debug, Clone, Serialize)]
pub struct RankedCause {
    /// 1 for the most likely.
    pub rank: usize,
    /// Which cause.
    pub cause: Cause,
    /// Whose it is.
    pub owner: Owner,
    /// Calibrated probability that it is real and material.
    pub confidence: f64,
    /// The part of the added time that it explains, 0 to 1.
    pub share: f64,
    /// The smallest slice to which it is confined, by attribute name; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// When it began.
    #[serde(serialize_with = "rfc3339_millis")]
    pub onset: DateTime<Utc>,
    /// One or two sentences for the incident page.
    pub summary: String,
    /// The figures that speak for it.
    pub evidence: Vec<Evidence>,
    /// Calls of its segment in the window that it slowed.
    pub affected_calls: usize,
    /// Calls of its segment in the window.
    pub segment_calls: usize,
    /// Provider request ids to cite, worst first.
    pub request_ids: Vec<CitedCall>,
    /// What to do now.
    pub next_steps: Vec<String>,
}

/// A figure, baseline against window.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// What was measured; the unit is its suffix (`ttft_p95_s`, `cache_hit_ratio`).
    pub signal: String,
    /// In the baseline.
    pub baseline: Option<f64>,
    /// In the window.
    pub window: Option<f64>,
    /// Lower end of the window figure's 95 % interval.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// What it means, where the figures alone do not say: `held within 6 %`, `v41 → v42`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The SQL that repeats it on the call table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
}

/// A call to cite in the ticket.
#[derive(Debug, Clone, Serialize)]
pub struct CitedCall {
    /// Provider that issued the id.
    pub provider: Option<String>,
    /// The provider's HTTP request id.
    pub request_id: String,
    /// The id in the response body.
    pub response_id: Option<String>,
    /// Trace id.
    pub trace_id: Option<String>,
    /// Span id.
    pub span_id: Option<String>,
    /// When the call started.
    #[serde(serialize_with = "rfc3339_millis")]
    pub start: DateTime<Utc>,
    /// Which figure was slow: `ttft_s`, `itl_s` or `duration_s`.
    pub signal: String,
    /// What it was.
    pub observed_s: f64,
    /// What the same work took in the baseline.
    pub expected_s: f64,
}

/// A cause that the evidence speaks against.
#[derive(Debug, Clone, Serialize)]
pub struct RuledOut {
    /// Which cause.
    pub cause: Cause,
    /// Why, with the figure.
    pub because: String,
}

/// A cause that cannot be told from these spans.
#[derive(Debug, Clone, Serialize)]
pub struct Undecidable {
    /// Which cause.
    pub cause: Cause,
    /// Attributes that would decide it.
    pub missing: Vec<String>,
    /// What stands in the way, in one sentence.
    pub because: String,
}

/// One latency signal, window against baseline.
#[derive(Debug, Clone, Serialize)]
pub struct SignalChange {
    /// `duration_p95_s`, `ttft_p50_s`, `error_share`, …
    pub signal: String,
    /// In the baseline.
    pub baseline: Option<f64>,
    /// In the window.
    pub window: Option<f64>,
    /// Lower end of the 95 % interval of the ratio window / baseline.
    pub ratio_low: Option<f64>,
    /// Upper end of it.
    pub ratio_high: Option<f64>,
    /// Largest ratio between windows of this length inside the baseline: the yardstick.
    pub usual_ratio: Option<f64>,
    /// What the figures say.
    pub change: Change,
}

/// What a signal did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Rose, beyond the usual and materially.
    Rose,
    /// Fell, beyond the usual and materially.
    Fell,
    /// Shown to have stayed: the interval lies inside the margin.
    Held,
    /// Neither shown to have moved nor to have stayed.
    Unclear,
    /// Not carried by enough calls.
    Unknown,
}

/// Where the added time of a call went, mean per call; the terms add up to the change.
#[derive(Debug, Clone, Serialize)]
pub struct Waterfall {
    /// The slice that it is about; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// Which figure is taken apart: `duration_s`.
    pub signal: String,
    /// Its mean in the baseline.
    pub baseline_s: f64,
    /// Its mean in the window.
    pub window_s: f64,
    /// The tail mean (the slowest twentieth) in the baseline.
    pub tail_baseline_s: Option<f64>,
    /// The tail mean in the window.
    pub tail_window_s: Option<f64>,
    /// The terms, in causal order; they sum to the change of the mean.
    pub terms: Vec<Term>,
}

/// One term of the waterfall.
#[derive(Debug, Clone, Serialize)]
pub struct Term {
    /// Id: `cache_misses`.
    pub id: String,
    /// For a person: `cache misses`.
    pub label: String,
    /// Added mean seconds per call; negative where it got faster.
    pub mean_s: f64,
    /// Lower end of its 95 % interval.
    pub low_s: Option<f64>,
    /// Upper end of it.
    pub high_s: Option<f64>,
    /// Added seconds in the tail mean.
    pub tail_s: Option<f64>,
    /// Its part of the change of the mean.
    pub share: Option<f64>,
}

/// One step of the path through the tree.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What was asked: `did TTFT move at the same uncached tokens?`
    pub question: String,
    /// What was read.
    pub reading: String,
    /// What follows.
    pub answer: String,
}

/// Fewest calls of a bin for its 95th percentile: of fewer it is no more than the slowest call.
pub const LEAST_TAIL_CALLS: usize = 5;

/// Signals over time, in bins of equal length.
#[derive(Debug, Clone, Serialize)]
pub struct Timeline {
    /// Start of the first bin.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// Length of a bin, seconds.
    pub bin_s: f64,
    /// First bin of the window.
    pub window_from: usize,
    /// First bin after the window.
    pub window_to: usize,
    /// Bin of the onset of the first-ranked cause.
    pub onset_bin: Option<usize>,
    /// The slice that it is about; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// The series, all of the same length.
    pub series: Vec<Series>,
}

/// One series of the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// `ttft_p95_s`, `itl_p95_s`, `cache_hit_ratio`, `calls_per_minute`, …
    pub signal: String,
    /// One value a bin; null where no call tells.
    pub values: Vec<Option<f64>>,
}

/// How many calls carry a column.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// The column.
    pub column: String,
    /// Share of the baseline's calls that carry it.
    pub baseline_share: f64,
    /// Share of the window's calls that carry it.
    pub window_share: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn rfc3339<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn rfc3339_millis<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}
