//! A user's own dialect: how its spans are known, what they are, where its columns stand.

use std::collections::BTreeMap;

use super::attributes::Mapping;

/// A dialect as a user writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnDialect {
    /// Where it stands: file and line.
    pub place: String,
    /// Its name in reports and in the table.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// A span is of it when one of these groups holds.
    pub recognise: Vec<Group>,
    /// What its spans are, first match; without any, every span is a call.
    pub spans: Vec<(Group, Role)>,
    /// Where its columns stand.
    pub columns: Vec<Mapping>,
    /// Attributes to keep for slicing.
    pub segments: Vec<String>,
    /// A built-in dialect whose rules follow its own.
    pub based_on: Option<String>,
    /// Events that are written once a chunk.
    pub chunk_events: Vec<String>,
    /// How tokens are counted.
    pub tokens: Tokens,
    /// How a stream is told.
    pub streaming: Streamed,
}

/// Tests that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Attributes that are present.
    pub has: Vec<String>,
    /// Attributes that are absent.
    pub lacks: Vec<String>,
    /// Attributes whose text is one of these.
    pub is: BTreeMap<String, Vec<String>>,
    /// How the scope's name starts.
    pub scope: Option<String>,
    /// How the span's name starts.
    pub name: Option<String>,
}

impl Group {
    /// Whether it tests nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The call.
    Call,
    /// The same call as a server or gateway saw it.
    ServerView,
    /// An agent, chain or framework span around calls.
    Wrapper,
    /// Nothing to do with a call.
    Other,
}

/// How tokens are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// What the input count holds.
    pub input: InputCount,
    /// What an absent cached count means.
    pub absent_cache: AbsentCount,
    /// What a cached count of zero means.
    pub zero_cache: ZeroCount,
}

/// What the input count holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputCount {
    /// The whole prompt, as OpenAI counts.
    #[default]
    Whole,
    /// The prompt without what was read from or written to the cache, as Anthropic counts.
    WithoutCache,
    /// The provider's own count passed on.
    AsProvider,
}

/// What an absent cached count means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentCount {
    /// Not known.
    #[default]
    Unknown,
    /// The library omits zeros.
    Zero,
}

/// What a cached count of zero means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroCount {
    /// Nothing was read.
    #[default]
    Miss,
    /// The library writes zero for unknown, unless positive counts stand in the dump too.
    Learned,
}

/// How a stream is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Streamed {
    /// By its flag or a first chunk.
    #[default]
    Said,
    /// The flag is written only where true.
    AbsentIsFalse,
    /// Every stream has its first chunk written.
    TtftTells,
}
