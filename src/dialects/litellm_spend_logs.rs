//! LiteLLM's spend logs: one row a call, as its proxy keeps it for billing.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, clue_path,
    path, rule, segment,
};
use super::{context, proposed};
use crate::schema::Col;

const CALL_TYPE: &str = "litellm.spend_logs.call_type";
const METADATA: &str = "litellm.spend_logs.metadata";

const SPANS: &[SpanRule] = &[
    rule(
        &[Test::Is(
            CALL_TYPE,
            &[
                "completion",
                "acompletion",
                "text_completion",
                "atext_completion",
                "responses",
                "aresponses",
                "anthropic_messages",
                "generate_content",
                "agenerate_content",
                "generate_content_stream",
                "agenerate_content_stream",
                "pass_through_endpoint",
                "allm_passthrough_route",
                "llm_passthrough_route",
            ],
        )],
        Part::Call,
    ),
    rule(&[Test::Has(CALL_TYPE)], Part::Other),
];

const FIELDS: &[Field] = &[
    attr(Col::ResponseModel, "litellm.spend_logs.model"),
    attr(Col::RequestModel, "litellm.spend_logs.model_group"),
    attr(Col::Provider, "litellm.spend_logs.custom_llm_provider"),
    attr(Col::ServerAddress, "litellm.spend_logs.api_base").unit(Unit::Host),
    attr(Col::PoolId, "litellm.spend_logs.model_id"),
    attr(Col::TtftS, "litellm.spend_logs.first_chunk").unit(Unit::Iso),
    attr(Col::InputTokens, "litellm.spend_logs.prompt_tokens"),
    attr(Col::OutputTokens, "litellm.spend_logs.completion_tokens"),
    path(
        Col::CacheReadTokens,
        METADATA,
        &["usage_object", "prompt_tokens_details", "cached_tokens"],
    ),
    path(Col::CacheReadTokens, METADATA, &["usage_object", "cache_read_input_tokens"]),
    path(
        Col::CacheReadTokens,
        METADATA,
        &["additional_usage_values", "prompt_tokens_details", "cached_tokens"],
    ),
    path(Col::CacheReadTokens, METADATA, &["additional_usage_values", "cache_read_input_tokens"]),
    path(Col::CacheWriteTokens, METADATA, &["usage_object", "cache_creation_input_tokens"]),
    path(
        Col::CacheWriteTokens,
        METADATA,
        &["additional_usage_values", "cache_creation_input_tokens"],
    ),
    path(
        Col::ReasoningTokens,
        METADATA,
        &["usage_object", "completion_tokens_details", "reasoning_tokens"],
    ),
    path(
        Col::ReasoningTokens,
        METADATA,
        &["additional_usage_values", "completion_tokens_details", "reasoning_tokens"],
    ),
    attr(Col::ResponseId, "litellm.spend_logs.request_id"),
    attr(Col::SessionId, "litellm.spend_logs.session_id"),
    path(Col::Tenant, METADATA, &["user_api_key_team_alias"]),
    attr(Col::Tenant, "litellm.spend_logs.team_id"),
    attr(Col::Tenant, "litellm.spend_logs.end_user"),
    path(Col::ErrorType, METADATA, &["error_information", "error_class"]),
    path(Col::HttpStatus, METADATA, &["error_information", "error_code"]),
    clue_path(Clue::Resends, METADATA, &["attempted_retries"]),
    clue(Clue::Failed, "litellm.spend_logs.status").unit(Unit::Contains("fail")),
    clue(Clue::GatewayCache, "litellm.spend_logs.cache_hit"),
    segment("litellm.spend_logs.model_group"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "litellm_spend_logs",
    title: "LiteLLM spend logs",
    source: "BerriAI/litellm, table LiteLLM_SpendLogs (litellm/proxy/schema.prisma)",
    signs: &[&[Test::Has(CALL_TYPE)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::TtftTells,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "Of a call that did not stream, `completionStartTime` is its end and no first chunk.",
        "`request_id` is the id in the response's body, or LiteLLM's own; never the provider's \
         HTTP request id.",
        "Times without a zone are UTC.",
    ],
};
