//! Attributes that the field lacks and llmspan proposes; they may ride on any dialect's spans.

use super::table::{Clue, Field, Unit, attr, clue, event_attr};
use crate::schema::Col;

/// The proposed attributes.
pub const FIELDS: &[Field] = &[
    attr(Col::RequestId, "gen_ai.provider.request_id"),
    attr(Col::RequestId, "gen_ai.provider.request.id"),
    attr(Col::Region, "gen_ai.provider.region"),
    attr(Col::PoolId, "gen_ai.provider.pool_id"),
    attr(Col::DecodeS, "gen_ai.response.decode_duration"),
    attr(Col::ItlS, "gen_ai.response.inter_token_latency.mean"),
    attr(Col::ItlP50S, "gen_ai.response.inter_token_latency.p50"),
    attr(Col::ItlP95S, "gen_ai.response.inter_token_latency.p95"),
    attr(Col::ItlP99S, "gen_ai.response.inter_token_latency.p99"),
    attr(Col::CacheHitRatio, "gen_ai.usage.cache_hit_ratio"),
    event_attr(Col::CacheMissReason, "cache_miss", "reason").unit(Unit::MissReason),
    attr(Col::BatchSize, "gen_ai.server.batch_size"),
    attr(Col::BatchPosition, "gen_ai.server.batch_position"),
    attr(Col::QueueWaitS, "gen_ai.server.queue_wait_ms").ms(),
    attr(Col::RunningRequests, "gen_ai.server.running_requests"),
    attr(Col::WaitingRequests, "gen_ai.server.waiting_requests"),
    attr(Col::SpecAcceptedTokens, "gen_ai.speculative.accepted_tokens"),
    attr(Col::SpecProposedTokens, "gen_ai.speculative.proposed_tokens"),
    attr(Col::SpecAcceptanceRatio, "gen_ai.speculative.acceptance_rate"),
    clue(Clue::Resends, "http.request.resend_count"),
];
