//! What was read and lost, as every report ends with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::ServerCounts;

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
    /// The same by service and dialect, with what stood for unknown and was never counted as
    /// lost. It is no part of the diagnosis contract: an audit tells it.
    #[serde(skip)]
    pub rejected_of: Vec<Rejected>,
    /// What servers counted of the calls of which a sample was read, in input order. What is
    /// concluded from it stands elsewhere.
    #[serde(skip)]
    pub counted: Vec<Arc<ServerCounts>>,
}

/// Values of one service and dialect that were not believed, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// `service.name`; none where the resource names none.
    pub service: Option<String>,
    /// The dialect's id.
    pub dialect: String,
    /// Why.
    pub reason: &'static str,
    /// How many calls.
    pub calls: u64,
}

/// How the reason of a loss begins that is none: which columns of a table nobody documented were
/// taken for what.
pub const MAPPED: &str = "columns taken as ";

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
    /// The same of two readings together.
    pub fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.spans += other.spans;
        self.calls += other.calls;
        for (dialect, calls) in other.dialects {
            match self.dialects.iter_mut().find(|have| have.0 == dialect) {
                Some(have) => have.1 += calls,
                None => self.dialects.push((dialect, calls)),
            }
        }
        self.dialects.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for (kind, count) in other.folded {
            *self.folded.entry(kind).or_default() += count;
        }
        for (reason, count) in other.rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
        self.rejected_of.extend(other.rejected_of);
        self.counted.extend(other.counted);
    }

    /// Whether any record was lost, as against skipped on purpose.
    pub fn lost_any(&self) -> bool {
        self.files.iter().any(|file| file.losses.iter().any(|loss| loss.lost))
    }
}
