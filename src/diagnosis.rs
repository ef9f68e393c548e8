//! What a run concludes: the JSON contract, and all that a report may say.
//!
//! Verdict fills these types, reports render them and compute nothing. Serialised as they stand
//! they are the contract `llmspan.diagnosis/1`: a field may be added, never renamed or removed.
//! All durations are seconds, all times UTC, all shares and ratios plain numbers (not percent);
//! `None` is written as `null` and means not known.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

mod charts;

pub use charts::{
    Charts, Distribution, ExpectedStep, Point, Scatter, ShareSeries, Shares, Spread, TimeAxis,
};

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
    /// The tree as it was walked: what was asked, what was read, what it meant.
    pub path: Vec<Step>,
    /// Signals over time.
    pub timeline: Option<Timeline>,
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

/// Who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The client's code.
    YourCode,
    /// The prompt, or what goes into it.
    YourPrompt,
    /// The client's own traffic.
    YourTraffic,
    /// What shares the provider's batch.
    ProviderBatch,
    /// The provider's machines, routing and deployments.
    ProviderInfrastructure,
}

impl Owner {
    /// Every owner, nearest first.
    pub const ALL: [Self; 5] = [
        Self::YourCode,
        Self::YourPrompt,
        Self::YourTraffic,
        Self::ProviderBatch,
        Self::ProviderInfrastructure,
    ];

    /// The id used in JSON and on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::YourCode => "your_code",
            Self::YourPrompt => "your_prompt",
            Self::YourTraffic => "your_traffic",
            Self::ProviderBatch => "provider_batch",
            Self::ProviderInfrastructure => "provider_infrastructure",
        }
    }

    /// For a person: `your prompt`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::YourCode => "your code",
            Self::YourPrompt => "your prompt",
            Self::YourTraffic => "your traffic",
            Self::ProviderBatch => "the provider's batch",
            Self::ProviderInfrastructure => "the provider's infrastructure",
        }
    }
}

/// A cause of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each has a file of its own under causes/")]
pub enum Cause {
    PromptGrowth,
    CacheMissPromptChanged,
    CacheMissEvicted,
    CacheMissCold,
    PrefillQueueing,
    DecodeContention,
    CapacityEvent,
    LoadSurge,
    AcceptanceDropTrafficShift,
    AcceptanceDropDraftSwap,
    RegionChange,
    PoolChange,
    ModelChange,
    ClientRetries,
    ClientStall,
    OutputGrowth,
    MixShift,
}

impl Cause {
    /// Every cause, in the contract's order.
    pub const ALL: [Self; 17] = [
        Self::PromptGrowth,
        Self::CacheMissPromptChanged,
        Self::CacheMissEvicted,
        Self::CacheMissCold,
        Self::PrefillQueueing,
        Self::DecodeContention,
        Self::CapacityEvent,
        Self::LoadSurge,
        Self::AcceptanceDropTrafficShift,
        Self::AcceptanceDropDraftSwap,
        Self::RegionChange,
        Self::PoolChange,
        Self::ModelChange,
        Self::ClientRetries,
        Self::ClientStall,
        Self::OutputGrowth,
        Self::MixShift,
    ];

    /// The id used everywhere: JSON, file names, headings, fixtures.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PromptGrowth => "prompt_growth",
            Self::CacheMissPromptChanged => "cache_miss_prompt_changed",
            Self::CacheMissEvicted => "cache_miss_evicted",
            Self::CacheMissCold => "cache_miss_cold",
            Self::PrefillQueueing => "prefill_queueing",
            Self::DecodeContention => "decode_contention",
            Self::CapacityEvent => "capacity_event",
            Self::LoadSurge => "load_surge",
            Self::AcceptanceDropTrafficShift => "acceptance_drop_traffic_shift",
            Self::AcceptanceDropDraftSwap => "acceptance_drop_draft_swap",
            Self::RegionChange => "region_change",
            Self::PoolChange => "pool_change",
            Self::ModelChange => "model_change",
            Self::ClientRetries => "client_retries",
            Self::ClientStall => "client_stall",
            Self::OutputGrowth => "output_growth",
            Self::MixShift => "mix_shift",
        }
    }

    /// What happened, in a few words for the verdict line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PromptGrowth => "prompts got longer",
            Self::CacheMissPromptChanged => "prompt cache lost after a prompt edit",
            Self::CacheMissEvicted => "prompt cache evicted by the provider",
            Self::CacheMissCold => "prompt cache gone cold",
            Self::PrefillQueueing => "requests queued before prefill",
            Self::DecodeContention => "decode slowed by a crowded batch",
            Self::CapacityEvent => "the provider lost capacity",
            Self::LoadSurge => "your own traffic surged",
            Self::AcceptanceDropTrafficShift => "workload shifted to text that drafts badly",
            Self::AcceptanceDropDraftSwap => "speculative acceptance fell everywhere",
            Self::RegionChange => "calls were served from another region",
            Self::PoolChange => "calls were served by another pool",
            Self::ModelChange => "the served model changed",
            Self::ClientRetries => "failed attempts were retried inside the call",
            Self::ClientStall => "time was lost in the client",
            Self::OutputGrowth => "answers got longer",
            Self::MixShift => "traffic moved to slower calls",
        }
    }

    /// Whose it is.
    pub const fn owner(self) -> Owner {
        match self {
            Self::PromptGrowth | Self::CacheMissPromptChanged | Self::OutputGrowth => {
                Owner::YourPrompt
            }
            Self::CacheMissCold
            | Self::LoadSurge
            | Self::AcceptanceDropTrafficShift
            | Self::MixShift => Owner::YourTraffic,
            Self::PrefillQueueing | Self::DecodeContention => Owner::ProviderBatch,
            Self::CacheMissEvicted
            | Self::CapacityEvent
            | Self::AcceptanceDropDraftSwap
            | Self::RegionChange
            | Self::PoolChange
            | Self::ModelChange => Owner::ProviderInfrastructure,
            Self::ClientRetries | Self::ClientStall => Owner::YourCode,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
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

/// What was read, folded, skipped and lost.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ingest {
    /// One entry a file, in input order.
    pub files: Vec<IngestFile>,
    /// Spans seen, kept or not.
    pub spans: u64,
    /// LLM calls in the table.
    pub calls: u64,
    /// Calls by dialect, most first.
    pub dialects: Vec<(String, u64)>,
    /// Spans folded into a call: wrappers, double instrumentation, server views, by kind.
    pub folded: BTreeMap<String, u64>,
    /// Values that could not be true and were dropped, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// What one file gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IngestFile {
    /// As it was named on the command line, or found under it.
    pub file: String,
    /// What it turned out to be: `otlp_json (gzip)`.
    pub format: String,
    /// Spans seen.
    pub spans: u64,
    /// Records skipped or lost.
    pub losses: Vec<Loss>,
}

/// Records of a file that were skipped or lost for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// `logs`, `truncated`, `not JSON`, …
    pub reason: String,
    /// How many records; at least one.
    pub count: u64,
    /// The first place: `line 17`, `byte 4096`.
    pub first: String,
    /// Whether data was lost, as against skipped on purpose (other signals).
    pub lost: bool,
}

impl Ingest {
    /// Whether any record was lost, as against skipped on purpose.
    pub fn lost_any(&self) -> bool {
        self.files.iter().any(|file| file.losses.iter().any(|loss| loss.lost))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn rfc3339<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn rfc3339_millis<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_called_the_same_everywhere() {
        for cause in Cause::ALL {
            let json = serde_json::to_value(cause).unwrap();
            assert_eq!(json, cause.id());
        }
    }

    #[test]
    fn an_owner_is_called_the_same_everywhere() {
        for owner in Owner::ALL {
            let json = serde_json::to_value(owner).unwrap();
            assert_eq!(json, owner.id());
        }
    }
}
