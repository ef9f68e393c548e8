//! What is said about one call: its parts, its work, and what its cohort usually takes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Ingest, rfc3339_millis};

/// Version of the JSON form of an explanation.
pub const EXPLANATION_SCHEMA: &str = "llmspan.explanation/1";

/// The answer to one id.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// [`EXPLANATION_SCHEMA`].
    pub schema: &'static str,
    /// The id that was asked about.
    pub asked: String,
    /// Every call that carries it, in order of start.
    pub matches: Vec<FoundCall>,
    /// The call taken apart; null where several carry the id.
    pub call: Option<CallParts>,
    /// What was read.
    pub ingest: Ingest,
}

/// A call as a list names it.
#[derive(Debug, Clone, Serialize)]
pub struct FoundCall {
    /// Trace id.
    pub trace_id: Option<String>,
    /// Span id.
    pub span_id: Option<String>,
    /// The provider's HTTP request id.
    pub request_id: Option<String>,
    /// The id in the response body.
    pub response_id: Option<String>,
    /// When it started.
    #[serde(serialize_with = "rfc3339_millis")]
    pub start: DateTime<Utc>,
    /// `service.name`.
    pub service_name: Option<String>,
    /// Who served it.
    pub provider: Option<String>,
    /// Model that was asked for.
    pub request_model: Option<String>,
    /// Model that answered.
    pub response_model: Option<String>,
    /// Serving region.
    pub region: Option<String>,
    /// `ok`, `error`, `timeout` or `cancelled`.
    pub status: String,
    /// Whole call, retries included; null where the span never ended.
    pub duration_s: Option<f64>,
}

/// One call taken apart.
#[derive(Debug, Clone, Serialize)]
pub struct CallParts {
    /// The answer in one sentence.
    pub headline: String,
    /// What stands out, in sentences; empty where nothing does.
    pub findings: Vec<String>,
    /// Whole call, retries included, seconds.
    pub duration_s: Option<f64>,
    /// What the same work usually takes, seconds; null where the cohort cannot tell.
    pub same_work_s: Option<f64>,
    /// Share of the cohort's calls that took less beside their own work; null likewise.
    pub slower_than_share: Option<f64>,
    /// The parts in order of time; they add up to the duration.
    pub parts: Vec<CallPart>,
    /// The call's work and figures beside those of its cohort.
    pub figures: Vec<CallFigure>,
    /// Whom it is held against.
    pub cohort: Cohort,
    /// What is not known, in sentences.
    pub unknown: Vec<String>,
}

/// A stretch of the call.
#[derive(Debug, Clone, Serialize)]
pub struct CallPart {
    /// Id: `prefill`.
    pub id: &'static str,
    /// For a person: `prefill of 1,204 uncached tokens`.
    pub label: String,
    /// Where it begins, seconds after the call's start.
    pub from_s: f64,
    /// How long it took, seconds.
    pub observed_s: f64,
    /// What the same work usually takes, seconds; null where the cohort cannot tell.
    pub usual_s: Option<f64>,
    /// Whether the spans say it, or the cohort's own rate was laid on the call's tokens.
    pub source: PartSource,
}

/// How a part is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartSource {
    /// Reported in the spans.
    Measured,
    /// The cohort's rate on the call's own tokens.
    Estimated,
    /// What the other parts leave over.
    Remainder,
}

/// One figure of the call beside its cohort.
#[derive(Debug, Clone, Serialize)]
pub struct CallFigure {
    /// What it is; the unit is its suffix.
    pub signal: &'static str,
    /// The call's.
    pub observed: f64,
    /// 10th percentile of the cohort; null where too few of it carry the figure.
    pub usual_p10: Option<f64>,
    /// Median of the cohort.
    pub usual_p50: Option<f64>,
    /// 90th percentile of the cohort.
    pub usual_p90: Option<f64>,
}

/// Served calls of the same model, provider and service in the rest of the dump.
#[derive(Debug, Clone, Serialize)]
pub struct Cohort {
    /// How many.
    pub calls: usize,
    /// Provider; null where not known.
    pub provider: Option<String>,
    /// Model that was asked for; null likewise.
    pub request_model: Option<String>,
    /// `service.name`; null likewise.
    pub service_name: Option<String>,
}
