//! What a dump is: what was read of it, what of that was understood, and what was not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ingest::IngestFile;
use super::rfc3339;

/// Version of the JSON form.
pub const INSPECTION_SCHEMA: &str = "llmspan.inspection/1";

/// What a dump is.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// [`INSPECTION_SCHEMA`].
    pub schema: &'static str,
    /// One entry a file: its format, its spans, what was skipped and lost.
    pub files: Vec<IngestFile>,
    /// Spans seen, kept or not.
    pub spans: u64,
    /// LLM calls among them.
    pub calls: u64,
    /// When the calls started; none without calls.
    pub started: Option<Started>,
    /// Dialects found, most calls first.
    pub dialects: Vec<DialectFound>,
    /// Spans folded into a call, by kind.
    pub folded: BTreeMap<String, u64>,
    /// Calls to which HTTP attempts were joined.
    pub joined: u64,
    /// Values that could not be true and were dropped, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// How many calls carry each column of the call table that any carries, in table order.
    pub columns: Vec<ColumnFound>,
    /// Attributes that no table reads, most frequent first; names, never values.
    pub unread: Vec<AttributeFound>,
    /// Attributes whose name is not told, because it is no identifier.
    pub untold: u64,
}

/// When the first and the last call started.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// The first.
    #[serde(serialize_with = "rfc3339")]
    pub first: DateTime<Utc>,
    /// The last.
    #[serde(serialize_with = "rfc3339")]
    pub last: DateTime<Utc>,
}

/// A dialect that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialectFound {
    /// Its id.
    pub dialect: String,
    /// Its name for people.
    pub title: String,
    /// Calls that it wrote.
    pub calls: u64,
}

/// A column that is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnFound {
    /// Its name.
    pub column: String,
    /// Calls that carry it.
    pub calls: u64,
}

/// An attribute that no table reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeFound {
    /// Its name; `*` stands for a place in a list.
    pub attribute: String,
    /// How often it was met, on spans and resources.
    pub count: u64,
}
