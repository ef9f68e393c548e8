//! What a gate on two recordings concludes: segment by segment, what regressed, and which
//! objectives are kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Cause, Ingest, Owner, rfc3339};

/// Version of the JSON form of a check.
pub const CHECK_SCHEMA: &str = "llmspan.check/1";

/// A recording held against another, or against objectives.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// [`CHECK_SCHEMA`].
    pub schema: &'static str,
    /// Whether nothing regressed and every objective is kept.
    pub passed: bool,
    /// The conclusion in one sentence.
    pub headline: String,
    /// What it is held against; null where only objectives were given.
    pub baseline: Option<Recording>,
    /// What is checked.
    pub candidate: Recording,
    /// Everything first, then the segments that hold enough calls on both sides.
    pub segments: Vec<SegmentCheck>,
    /// The objectives, in the order in which they were given.
    pub objectives: Vec<Objective>,
    /// Why, where something regressed: the diagnosis' causes, the likeliest first.
    pub causes: Vec<CheckCause>,
    /// What qualifies the answer, in sentences.
    pub notes: Vec<String>,
    /// What was read.
    pub ingest: Ingest,
}

/// One side.
#[derive(Debug, Clone, Serialize)]
pub struct Recording {
    /// The files or the window, as they were named.
    pub name: String,
    /// When its first call started.
    #[serde(serialize_with = "rfc3339")]
    pub start: DateTime<Utc>,
    /// When its last call started.
    #[serde(serialize_with = "rfc3339")]
    pub end: DateTime<Utc>,
    /// Its calls.
    pub calls: usize,
}

/// The calls that carry the same values.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentCheck {
    /// The values by attribute; empty is everything.
    pub segment: BTreeMap<String, String>,
    /// Its calls in the baseline.
    pub baseline_calls: usize,
    /// Its calls in the candidate.
    pub candidate_calls: usize,
    /// What is judged: each reason for a call to take longer than the same kind of call did.
    pub measures: Vec<Measure>,
    /// The latencies as they were, for the reader; no part of the judgement.
    pub latencies: Vec<Latency>,
}

/// One reason, candidate against baseline.
#[derive(Debug, Clone, Serialize)]
pub struct Measure {
    /// What was measured: `ttft_same_work_ratio`, `failure_share`, …
    pub signal: String,
    /// In the baseline.
    pub baseline: f64,
    /// In the candidate.
    pub candidate: f64,
    /// Lower end of the candidate's 95 % interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// The least that matters.
    pub least: f64,
    /// How many standard errors of runs without change it stands above the baseline.
    pub errors: f64,
    /// What follows.
    pub outcome: MeasureOutcome,
}

/// What a measure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOutcome {
    /// Worse, beyond chance and materially.
    Regressed,
    /// Worse in the same way, but because traffic moved: no regression of what serves it.
    Shifted,
    /// Better, beyond chance and materially.
    Improved,
    /// Shown to have stayed: the interval ends below what matters.
    Held,
    /// Neither shown to be worse nor to have stayed.
    Unclear,
}

/// A latency as it was.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// `ttft_p95_s`.
    pub signal: String,
    /// In the baseline; null where no call tells.
    pub baseline: Option<f64>,
    /// In the candidate; null where no call tells.
    pub candidate: Option<f64>,
    /// Lower end of the 95 % interval of their ratio.
    pub ratio_low: Option<f64>,
    /// Upper end of it.
    pub ratio_high: Option<f64>,
}

/// One objective in one segment.
#[derive(Debug, Clone, Serialize)]
pub struct Objective {
    /// As it is written: `ttft.p95 < 1.5s`.
    pub slo: String,
    /// Where; empty is everything.
    pub segment: BTreeMap<String, String>,
    /// What was measured: `ttft_p95_s`, `error_share`.
    pub signal: String,
    /// The bound, seconds or a share.
    pub bound: f64,
    /// The figure; null where no call tells.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// Calls that tell.
    pub calls: usize,
    /// What follows.
    pub outcome: ObjectiveOutcome,
}

/// Whether an objective is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveOutcome {
    /// The figure lies below the bound.
    Kept,
    /// It does not.
    Broken,
    /// Too few calls carry it to say: a gate does not pass on that.
    Unknown,
}

/// Why something regressed.
#[derive(Debug, Clone, Serialize)]
pub struct CheckCause {
    /// Which cause.
    pub cause: Cause,
    /// Whose it is.
    pub owner: Owner,
    /// How sure.
    pub confidence: f64,
    /// Where; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// What happened.
    pub summary: String,
}
