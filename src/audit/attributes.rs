//! The thirty attributes that tell causes apart: what each is worth, and what its absence costs.

use crate::diagnosis::Cause;
use crate::schema::Col;

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its standard name, or the one that llmspan proposes.
    pub name: &'static str,
    /// The column that it fills.
    pub col: Col,
    /// Points of the score.
    pub weight: u64,
    /// Calls that could carry it.
    pub among: Among,
    /// Causes that cannot be told, or only by guesses, without it.
    pub costs: &'static [Cause],
    /// What is lost with it, in one clause.
    pub loses: &'static str,
}

/// Calls that could carry an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// All.
    Every,
    /// Those that were answered.
    Answered,
    /// Answered streams; where no call says whether it streamed, all that were answered.
    Streams,
    /// Answered calls to a provider that bills cache writes.
    CacheWriters,
    /// Answered calls that found less than half of their prompt in the cache.
    Misses,
    /// Those that failed.
    Failed,
}

impl Among {
    /// The calls in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Every => "all calls",
            Self::Answered => "answered calls",
            Self::Streams => "answered streams",
            Self::CacheWriters => "answered calls to Anthropic's models",
            Self::Misses => "calls that missed the cache",
            Self::Failed => "failed calls",
        }
    }
}

const fn attribute(
    name: &'static str,
    col: Col,
    weight: u64,
    among: Among,
    costs: &'static [Cause],
    loses: &'static str,
) -> Attribute {
    Attribute { name, col, weight, among, costs, loses }
}

use Among::{Answered, CacheWriters, Every, Failed, Misses, Streams};
use Cause::{
    AcceptanceDropDraftSwap, AcceptanceDropTrafficShift, CacheMissCold, CacheMissEvicted,
    CacheMissPromptChanged, CapacityEvent, ClientRetries, ClientStall, DecodeContention, LoadSurge,
    MixShift, ModelChange, OutputGrowth, PoolChange, PrefillQueueing, PromptGrowth, RegionChange,
};

const MISSES: &[Cause] = &[CacheMissPromptChanged, CacheMissEvicted, CacheMissCold];
const PREFILL: &[Cause] = &[
    PromptGrowth,
    CacheMissPromptChanged,
    CacheMissEvicted,
    CacheMissCold,
    PrefillQueueing,
    CapacityEvent,
];
const ACCEPTANCE: &[Cause] = &[AcceptanceDropTrafficShift, AcceptanceDropDraftSwap];

/// The attributes: who, what was asked, when it came, how much work it was, where it ran.
#[rustfmt::skip]
pub const ATTRIBUTES: [Attribute; 30] = [
    attribute("service.name", Col::ServiceName, 3, Every, &[MixShift, LoadSurge],
        "services cannot be told apart, nor one's own rate from another's"),
    attribute("gen_ai.provider.name", Col::Provider, 2, Every, &[MixShift],
        "no ticket can be addressed, and providers are compared as one"),
    attribute("gen_ai.request.model", Col::RequestModel, 4, Every, &[MixShift, ModelChange],
        "slow and fast models are compared as one"),
    attribute("gen_ai.response.model", Col::ResponseModel, 4, Answered, &[ModelChange],
        "a new build behind an old name stays unseen"),
    attribute("gen_ai.request.stream", Col::Streaming, 2, Answered, &[PrefillQueueing, DecodeContention],
        "streams and whole answers are compared as one"),
    attribute("span duration", Col::DurationS, 5, Answered, &[CapacityEvent, OutputGrowth, ClientStall],
        "there is no latency to judge"),
    attribute("gen_ai.response.time_to_first_chunk", Col::TtftS, 8, Streams, PREFILL,
        "time before the first token and time after it cannot be parted"),
    attribute("gen_ai.response.decode_duration", Col::DecodeS, 3, Streams, &[DecodeContention, OutputGrowth],
        "the pace of an answer is not known"),
    attribute("gen_ai.response.inter_token_latency.p95", Col::ItlP95S, 3, Streams, &[DecodeContention, ClientStall],
        "a stall inside a stream hides in its mean"),
    attribute("gen_ai.usage.input_tokens", Col::InputTokens, 6, Answered, &[PromptGrowth, PrefillQueueing, MixShift],
        "waiting and a longer prompt look alike"),
    attribute("gen_ai.usage.output_tokens", Col::OutputTokens, 6, Answered, &[OutputGrowth, DecodeContention],
        "a slower answer and a longer one look alike"),
    attribute("gen_ai.usage.cache_read.input_tokens", Col::CacheReadTokens, 7, Answered,
        &[CacheMissPromptChanged, CacheMissEvicted, CacheMissCold, PromptGrowth, PrefillQueueing],
        "a lost prompt cache looks like a slow provider"),
    attribute("gen_ai.usage.cache_write.input_tokens", Col::CacheWriteTokens, 2, CacheWriters, MISSES,
        "a cache being filled anew stays unseen"),
    attribute("cache_miss event, reason", Col::CacheMissReason, 1, Misses, MISSES,
        "the reason of a miss is inferred"),
    attribute("gen_ai.prompt.hash", Col::PromptHash, 4, Every, &[CacheMissPromptChanged, CacheMissEvicted],
        "an edited prompt and an evicted one look alike"),
    attribute("gen_ai.prompt.version", Col::PromptVersion, 2, Every, &[CacheMissPromptChanged, PromptGrowth],
        "the edit that did it cannot be named"),
    attribute("gen_ai.conversation.id", Col::SessionId, 2, Every, &[CacheMissCold, CacheMissEvicted],
        "how long a prefix lay idle is guessed from its prompt alone"),
    attribute("gen_ai.provider.request_id", Col::RequestId, 6, Answered, &[],
        "the provider's support has nothing to look up"),
    attribute("gen_ai.response.id", Col::ResponseId, 1, Answered, &[],
        "two records of one call cannot be matched by id"),
    attribute("gen_ai.provider.region", Col::Region, 4, Answered, &[RegionChange, CapacityEvent],
        "a call served elsewhere looks like a slow provider"),
    attribute("gen_ai.provider.pool_id", Col::PoolId, 3, Answered, &[PoolChange],
        "another deployment or backend stays unseen"),
    attribute("gen_ai.response.system_fingerprint", Col::SystemFingerprint, 3, Answered, &[PoolChange, ModelChange],
        "another backend configuration stays unseen"),
    attribute("gen_ai.response.service_tier", Col::ServiceTier, 2, Answered, &[PoolChange, MixShift],
        "priority and default traffic are compared as one"),
    attribute("http.request.resend_count", Col::Attempts, 5, Every, &[ClientRetries],
        "a retried call looks like a slow one"),
    attribute("http.client.request.duration", Col::ClientWaitS, 3, Answered, &[ClientStall, ClientRetries],
        "time lost before the request left looks like the provider's"),
    attribute("error.type", Col::ErrorType, 1, Failed, &[ClientRetries],
        "a rate limit and a time-out look alike"),
    attribute("openai-processing-ms, server-timing", Col::ServerProcessingS, 3, Answered, &[ClientStall, PrefillQueueing],
        "the provider's time and the network's cannot be parted"),
    attribute("gen_ai.server.queue_wait_ms", Col::QueueWaitS, 3, Answered, &[PrefillQueueing, CapacityEvent],
        "a queue is inferred from the first token"),
    attribute("gen_ai.server.batch_size", Col::BatchSize, 2, Answered, &[DecodeContention, CapacityEvent],
        "a crowded batch is inferred from the pace"),
    attribute("gen_ai.speculative.acceptance_rate", Col::SpecAcceptanceRatio, 2, Answered, ACCEPTANCE,
        "a draft model that guesses badly looks like a crowded batch"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::RULES;

    #[test]
    fn what_a_rule_needs_is_in_the_table_and_costs_that_rule() {
        for rule in RULES.iter().filter(|rule| !rule.needs.is_empty()) {
            let named = ATTRIBUTES.iter().filter(|entry| rule.needs.contains(&entry.name));
            let told: Vec<&str> = named
                .filter(|entry| entry.costs.contains(&rule.cause))
                .map(|entry| entry.name)
                .collect();
            assert!(!told.is_empty(), "{}: {:?}", rule.cause.id(), rule.needs);
        }
    }

    #[test]
    fn every_cause_costs_something_and_no_column_stands_twice() {
        for cause in Cause::ALL {
            assert!(ATTRIBUTES.iter().any(|entry| entry.costs.contains(&cause)), "{}", cause.id());
        }
        let mut cols: Vec<Col> = ATTRIBUTES.iter().map(|entry| entry.col).collect();
        cols.sort_unstable();
        cols.dedup();
        assert_eq!(cols.len(), ATTRIBUTES.len());
    }
}
