//! What a replica is configured with, what it is given, and what it gives back.

use super::cost::StepCost;
use super::prefix::{CacheSpec, Prefix};

/// How prompts and decodes share iterations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// Whole prompts first, up to so many tokens an iteration; decodes wait meanwhile.
    PrefillFirst {
        /// Prompt tokens of one iteration, unless a single prompt is longer.
        max_tokens: u32,
    },
    /// Decodes always run; prompts fill the rest of the token budget in chunks.
    Chunked {
        /// Tokens of one iteration.
        budget: u32,
    },
    /// Prompts only; decodes happen elsewhere.
    PrefillOnly {
        /// Prompt tokens of one iteration, unless a single prompt is longer.
        max_tokens: u32,
    },
    /// Decodes only; prompts arrive computed.
    DecodeOnly,
}

/// A replica's configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EngineSpec {
    /// Step-time coefficients.
    pub cost: StepCost,
    /// Batching policy.
    pub scheduler: Scheduler,
    /// Tokens of KV that fit.
    pub kv_tokens: f64,
    /// Sequences that may run at once.
    pub max_sequences: u32,
    /// The prefix cache.
    pub cache: CacheSpec,
    /// Draft tokens per iteration; 0 without speculation.
    pub draft_tokens: u32,
}

/// Whose job it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// One of the calls under observation, by index.
    Own(u32),
    /// Somebody else's.
    Neighbour,
}

/// A request as the engine sees it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Whose.
    pub kind: JobKind,
    /// When it reaches the replica, seconds.
    pub arrive_s: f64,
    /// Prompt tokens.
    pub prompt_tokens: f64,
    /// The part of the prompt that others may share.
    pub prefix: Prefix,
    /// Cached tokens where the prefix cannot say (neighbours).
    pub assumed_cached_tokens: f64,
    /// Tokens to produce, the first included.
    pub output_tokens: u32,
    /// Decode iterations for the tokens after the first.
    pub decode_steps: u32,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Whose.
    pub kind: JobKind,
    /// When it reached the replica.
    pub arrive_s: f64,
    /// When its prefill was first scheduled.
    pub admitted_s: f64,
    /// When its first token was out.
    pub first_token_s: f64,
    /// When its last token was out.
    pub done_s: f64,
    /// Prompt tokens read from the prefix cache.
    pub cached_tokens: u32,
    /// Half-open ranges of the replica's decode iterations in which it took part.
    pub steps: Vec<(u32, u32)>,
    /// Sequences in the batch when it was admitted, itself included.
    pub batch: u32,
    /// Jobs running when it arrived.
    pub running: u32,
    /// Jobs waiting when it arrived.
    pub waiting: u32,
    /// Place among the prompts of its first prefill iteration.
    pub position: u32,
    /// How often it was thrown out of the KV and computed again.
    pub preemptions: u32,
    /// Its prompt tokens.
    pub prompt_tokens: f64,
    /// Its tokens to produce.
    pub output_tokens: u32,
    /// Its decode iterations.
    pub decode_steps: u32,
}
