//! What an audit concludes: which attributes the spans carry, what each gap costs, what closes it.

use serde::Serialize;

use super::Cause;

/// The contract's version.
pub const AUDIT_SCHEMA: &str = "llmspan.audit/1";

/// The whole audit. A field may be added, never renamed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// [`AUDIT_SCHEMA`].
    pub schema: &'static str,
    /// LLM calls that were looked at.
    pub calls: u64,
    /// One entry a service, most calls first.
    pub services: Vec<ServiceAudit>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceAudit {
    /// `service.name`; none where the resource names none.
    pub service: Option<String>,
    /// Its LLM calls.
    pub calls: u64,
    /// 0 to 100: of its dialects' scores, the mean by calls.
    pub score: u64,
    /// One entry a dialect in which it writes, most calls first.
    pub dialects: Vec<DialectAudit>,
}

/// The calls of one service that were read with one dialect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialectAudit {
    /// The dialect's id.
    pub dialect: String,
    /// Its name for people.
    pub title: String,
    /// Its calls.
    pub calls: u64,
    /// 0 to 100: the weight of what is there over the weight of what could be.
    pub score: u64,
    /// Every attribute of the table, in its order.
    pub attributes: Vec<AttributeAudit>,
    /// Changes that close gaps, the one that wins most first.
    pub fixes: Vec<FixAudit>,
}

/// One attribute on the calls of one service and dialect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeAudit {
    /// The name under which it is proposed or standard.
    pub attribute: String,
    /// The column of the call table that was looked at.
    pub column: String,
    /// Whether it is there.
    pub state: State,
    /// Calls that carry it, credibly or not.
    pub known: u64,
    /// Calls that could carry it.
    pub of: u64,
    /// Why it is not believed; none otherwise.
    pub because: Option<String>,
    /// What a diagnosis loses without it; none where it is present.
    pub loses: Option<String>,
    /// Causes that it takes to tell; empty where it is present.
    pub costs: Vec<Cause>,
    /// The change that closes the gap, by its id among the fixes; none where no change on the
    /// client's side is known.
    pub fix: Option<String>,
}

/// A change that closes gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FixAudit {
    /// Its id.
    pub id: String,
    /// What to do, in one sentence.
    pub change: String,
    /// The attributes that it brings.
    pub closes: Vec<String>,
    /// The causes that these help to tell.
    pub costs: Vec<Cause>,
    /// Points of the score that are to be won, at most.
    pub gain: u64,
    /// The snippet's language: `python`, `sh`, …
    pub language: String,
    /// The change itself.
    pub snippet: String,
}

/// Whether an attribute is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On at least 19 in 20 of the calls that could carry it.
    Present,
    /// On fewer.
    Sometimes,
    /// On none.
    Absent,
    /// Written, but not to be believed.
    NotCredible,
    /// No call could carry it.
    NotApplicable,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Present, Self::Sometimes, Self::Absent, Self::NotCredible, Self::NotApplicable];

    /// The state in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Sometimes => "sometimes",
            Self::Absent => "absent",
            Self::NotCredible => "not credible",
            Self::NotApplicable => "does not apply",
        }
    }

    /// Whether something is missing.
    pub const fn is_gap(self) -> bool {
        matches!(self, Self::Sometimes | Self::Absent | Self::NotCredible)
    }
}
