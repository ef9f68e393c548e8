//! LiteLLM, its `otel` callback in the first form: one span a call, or none but the application's.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, path, repr,
    rule, segment,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const USAGE: &str = "metadata.usage_object";
const HIDDEN: &str = "hidden_params";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("raw_gen_ai_request")], Part::Raw),
    rule(&[Test::Is("gen_ai.operation.name", semconv::WRAPS)], Part::Wrapper),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::Call),
    rule(
        &[Test::Is("gen_ai.operation.name", &["acompletion", "responses", "aresponses"])],
        Part::Call,
    ),
    rule(&[Test::Has("gen_ai.operation.name")], Part::Other),
    rule(
        &[Test::Is("llm.request.type", &["completion", "acompletion", "responses", "aresponses"])],
        Part::Call,
    ),
    rule(&[Test::Name("Received Proxy Server Request")], Part::Wrapper),
];

/// LiteLLM's attributes, both forms.
pub(super) const FIELDS: &[Field] = &[
    path(Col::RequestId, HIDDEN, &["additional_headers", "llm_provider-apim-request-id"]),
    path(Col::RequestId, HIDDEN, &["additional_headers", "llm_provider-x-amzn-requestid"]),
    path(Col::RequestId, HIDDEN, &["additional_headers", "llm_provider-request-id"]),
    path(Col::RequestId, HIDDEN, &["additional_headers", "llm_provider-x-request-id"]),
    path(Col::RequestId, HIDDEN, &["additional_headers", "request-id"]),
    path(Col::RequestId, HIDDEN, &["additional_headers", "x-request-id"]),
    path(Col::Region, HIDDEN, &["additional_headers", "llm_provider-x-ms-region"])
        .unit(Unit::RegionName),
    path(Col::EdgePop, HIDDEN, &["additional_headers", "llm_provider-cf-ray"]).unit(Unit::Suffix),
    path(
        Col::RateLimitTokens,
        HIDDEN,
        &["additional_headers", "llm_provider-x-ratelimit-limit-tokens"],
    ),
    path(
        Col::RateLimitTokensLeft,
        HIDDEN,
        &["additional_headers", "llm_provider-x-ratelimit-remaining-tokens"],
    ),
    path(
        Col::RateLimitRequests,
        HIDDEN,
        &["additional_headers", "llm_provider-x-ratelimit-limit-requests"],
    ),
    path(
        Col::RateLimitRequestsLeft,
        HIDDEN,
        &["additional_headers", "llm_provider-x-ratelimit-remaining-requests"],
    ),
    path(
        Col::ServerProcessingS,
        HIDDEN,
        &["additional_headers", "llm_provider-openai-processing-ms"],
    )
    .ms(),
    path(
        Col::ServerProcessingS,
        HIDDEN,
        &["additional_headers", "llm_provider-x-envoy-upstream-service-time"],
    )
    .ms(),
    path(Col::ServerProcessingS, HIDDEN, &["additional_headers", "llm_provider-server-timing"])
        .unit(Unit::ServerTiming),
    path(Col::PoolId, HIDDEN, &["model_id"]),
    path(Col::ServerAddress, HIDDEN, &["api_base"]).unit(Unit::Host),
    repr(Col::CacheReadTokens, USAGE, &["prompt_tokens_details", "cached_tokens"]),
    repr(Col::CacheReadTokens, USAGE, &["cache_read_input_tokens"]),
    repr(Col::CacheWriteTokens, USAGE, &["cache_creation_input_tokens"]),
    repr(Col::CacheWriteTokens, USAGE, &["prompt_tokens_details", "cache_creation_tokens"]),
    repr(Col::ReasoningTokens, USAGE, &["completion_tokens_details", "reasoning_tokens"]),
    attr(Col::SystemFingerprint, "llm.openai.system_fingerprint"),
    attr(Col::Tenant, "metadata.user_api_key_team_alias"),
    attr(Col::Tenant, "metadata.user_api_key_team_id"),
    attr(Col::Tenant, "metadata.user_api_key_end_user_id"),
    attr(Col::Tenant, "litellm.team.alias"),
    attr(Col::Tenant, "litellm.team.id"),
    attr(Col::Tenant, "litellm.end_user.id"),
    attr(Col::Streaming, "litellm.request.streaming"),
    attr(Col::HttpStatus, "error.code"),
    attr(Col::HttpStatus, "litellm.provider.error.code"),
    clue(Clue::GatewayCache, "litellm.cache_hit"),
    segment("litellm.model_group"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "litellm",
    title: "LiteLLM, first form",
    source: "BerriAI/litellm 1.106, callback `otel`",
    signs: &[
        &[Test::Name("raw_gen_ai_request")],
        &[Test::Has("litellm.provider.model")],
        &[Test::Has("hidden_params")],
        &[Test::Has("llm.openai.model")],
        &[Test::Has("llm.openai.id")],
        &[Test::Has("llm.anthropic.model")],
        &[Test::Has("llm.gemini.stringified_raw_response")],
        &[Test::Has("llm.None.model")],
        &[Test::Scope("litellm"), Test::Has("litellm.call_id")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "Inside an application's span it writes no span: its attributes stand on the application's \
         own, whose duration is then that of the whole request, and one of several calls wins.",
        "No first chunk. Streams without usage are written as zeros, and read as not known.",
        "The cached count is only in `metadata.usage_object`, a Python literal.",
        "The provider's headers are inside `hidden_params`; the response id is LiteLLM's own for \
         Anthropic.",
        "`raw_gen_ai_request` repeats its parent.",
    ],
};
