//! Tables that nobody documented, their columns mapped onto those of the call table.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, rule,
};
use super::{context, proposed};
use crate::schema::Col;

const ROW: &str = "mapped.row";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("mapped.operation", &["embedding", "embeddings", "rerank"])], Part::Other),
    rule(&[Test::Has(ROW)], Part::Call),
];

const FIELDS: &[Field] = &[
    attr(Col::ServiceName, "mapped.service_name"),
    attr(Col::Provider, "mapped.provider"),
    attr(Col::Operation, "mapped.operation"),
    attr(Col::RequestModel, "mapped.request_model"),
    attr(Col::ResponseModel, "mapped.response_model"),
    attr(Col::Streaming, "mapped.streaming"),
    attr(Col::TtftS, "mapped.ttft_s"),
    attr(Col::DecodeS, "mapped.decode_s"),
    attr(Col::ItlS, "mapped.itl_s"),
    attr(Col::ItlP50S, "mapped.itl_p50_s"),
    attr(Col::ItlP95S, "mapped.itl_p95_s"),
    attr(Col::ItlP99S, "mapped.itl_p99_s"),
    attr(Col::ChunkCount, "mapped.chunk_count"),
    attr(Col::InputTokens, "mapped.input_tokens"),
    attr(Col::CacheReadTokens, "mapped.cache_read_tokens"),
    attr(Col::CacheWriteTokens, "mapped.cache_write_tokens"),
    attr(Col::CacheHitRatio, "mapped.cache_hit_ratio"),
    attr(Col::CacheMissReason, "mapped.cache_miss_reason").unit(Unit::MissReason),
    attr(Col::OutputTokens, "mapped.output_tokens"),
    attr(Col::ReasoningTokens, "mapped.reasoning_tokens"),
    attr(Col::QueueWaitS, "mapped.queue_wait_s"),
    attr(Col::PrefillS, "mapped.prefill_s"),
    attr(Col::ServerDecodeS, "mapped.server_decode_s"),
    attr(Col::ServerProcessingS, "mapped.server_processing_s"),
    attr(Col::BatchSize, "mapped.batch_size"),
    attr(Col::BatchPosition, "mapped.batch_position"),
    attr(Col::RunningRequests, "mapped.running_requests"),
    attr(Col::WaitingRequests, "mapped.waiting_requests"),
    attr(Col::SpecAcceptedTokens, "mapped.spec_accepted_tokens"),
    attr(Col::SpecProposedTokens, "mapped.spec_proposed_tokens"),
    attr(Col::SpecAcceptanceRatio, "mapped.spec_acceptance_ratio"),
    attr(Col::RequestId, "mapped.request_id"),
    attr(Col::ResponseId, "mapped.response_id"),
    attr(Col::Region, "mapped.region"),
    attr(Col::PoolId, "mapped.pool_id"),
    attr(Col::SystemFingerprint, "mapped.system_fingerprint"),
    attr(Col::ServiceTier, "mapped.service_tier"),
    attr(Col::ServerAddress, "mapped.server_address"),
    attr(Col::PromptName, "mapped.prompt_name"),
    attr(Col::PromptVersion, "mapped.prompt_version"),
    attr(Col::PromptHash, "mapped.prompt_hash"),
    attr(Col::Tenant, "mapped.tenant"),
    attr(Col::SessionId, "mapped.session_id"),
    attr(Col::ErrorType, "mapped.error_type"),
    attr(Col::HttpStatus, "mapped.http_status"),
    attr(Col::FinishReason, "mapped.finish_reason"),
    attr(Col::Attempts, "mapped.attempts"),
    attr(Col::RetryWaitS, "mapped.retry_wait_s"),
    attr(Col::ClientWaitS, "mapped.client_wait_s"),
    attr(Col::RefusedAttempts, "mapped.refused_attempts"),
    attr(Col::RateLimitTokens, "mapped.rate_limit_tokens"),
    attr(Col::RateLimitTokensLeft, "mapped.rate_limit_tokens_left"),
    attr(Col::RateLimitRequests, "mapped.rate_limit_requests"),
    attr(Col::RateLimitRequestsLeft, "mapped.rate_limit_requests_left"),
    clue(Clue::Failed, "mapped.status").unit(Unit::Contains("err")),
    clue(Clue::Failed, "mapped.status").unit(Unit::Contains("fail")),
    clue(Clue::Failed, "mapped.status").unit(Unit::Contains("timeout")),
    clue(Clue::Failure, "mapped.status"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "mapped_columns",
    title: "Columns mapped by name, or by `--map`",
    source: "the names that home-made logs of calls use",
    signs: &[&[Test::Has(ROW)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 1,
    span_per_attempt: false,
    notes: &[
        "The mapping that was chosen is printed; `--map part=column:unit` says otherwise.",
        "A lone time is taken as the start of the call; `--map end=column` says that it is the end.",
        "Input counts are taken to include cached tokens.",
    ],
};
