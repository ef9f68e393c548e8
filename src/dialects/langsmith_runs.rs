//! LangSmith's runs: its own record of a call, as its API, SDK and bulk export write it.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE_OMITS_ZERO, attr, clue,
    clue_path, event, path, rule, segment,
};
use super::{context, proposed};
use crate::schema::Col;

const TYPE: &str = "langsmith.run.run_type";
const EXTRA: &str = "langsmith.run.extra";
const OUTPUTS: &str = "langsmith.run.outputs";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is(TYPE, &["llm"])], Part::Call),
    rule(&[Test::Is(TYPE, &["chain", "prompt", "parser"])], Part::Wrapper),
    rule(&[Test::Has(TYPE)], Part::Other),
];

/// The message of the first answer, as LangChain serialises it.
const fn message(col: Col, path_to: &'static [&'static str]) -> Field {
    path(col, OUTPUTS, path_to)
}

const FIELDS: &[Field] = &[
    path(Col::RequestModel, EXTRA, &["metadata", "ls_model_name"]),
    path(Col::RequestModel, EXTRA, &["invocation_params", "model"]),
    path(Col::RequestModel, EXTRA, &["invocation_params", "model_name"]),
    path(Col::Provider, EXTRA, &["metadata", "ls_provider"]),
    path(Col::Streaming, EXTRA, &["invocation_params", "stream"]),
    path(Col::SessionId, EXTRA, &["metadata", "session_id"]),
    path(Col::SessionId, EXTRA, &["metadata", "thread_id"]),
    path(Col::Tenant, EXTRA, &["metadata", "tenant_id"]),
    message(
        Col::ResponseModel,
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "model_name"],
    ),
    message(Col::ResponseModel, &["llm_output", "model_name"]),
    message(Col::ResponseModel, &["model"]),
    message(
        Col::InputTokens,
        &["generations", "*", "*", "message", "kwargs", "usage_metadata", "input_tokens"],
    ),
    message(Col::InputTokens, &["usage_metadata", "input_tokens"]),
    message(Col::InputTokens, &["llm_output", "token_usage", "prompt_tokens"]),
    attr(Col::InputTokens, "langsmith.run.prompt_tokens"),
    message(
        Col::CacheReadTokens,
        &[
            "generations",
            "*",
            "*",
            "message",
            "kwargs",
            "usage_metadata",
            "input_token_details",
            "cache_read",
        ],
    ),
    message(Col::CacheReadTokens, &["usage_metadata", "input_token_details", "cache_read"]),
    path(Col::CacheReadTokens, "langsmith.run.prompt_token_details", &["cache_read"]),
    message(
        Col::CacheWriteTokens,
        &[
            "generations",
            "*",
            "*",
            "message",
            "kwargs",
            "usage_metadata",
            "input_token_details",
            "cache_creation",
        ],
    ),
    message(Col::CacheWriteTokens, &["usage_metadata", "input_token_details", "cache_creation"]),
    path(Col::CacheWriteTokens, "langsmith.run.prompt_token_details", &["cache_creation"]),
    message(
        Col::OutputTokens,
        &["generations", "*", "*", "message", "kwargs", "usage_metadata", "output_tokens"],
    ),
    message(Col::OutputTokens, &["usage_metadata", "output_tokens"]),
    message(Col::OutputTokens, &["llm_output", "token_usage", "completion_tokens"]),
    attr(Col::OutputTokens, "langsmith.run.completion_tokens"),
    message(
        Col::ReasoningTokens,
        &[
            "generations",
            "*",
            "*",
            "message",
            "kwargs",
            "usage_metadata",
            "output_token_details",
            "reasoning",
        ],
    ),
    message(Col::ReasoningTokens, &["usage_metadata", "output_token_details", "reasoning"]),
    path(Col::ReasoningTokens, "langsmith.run.completion_token_details", &["reasoning"]),
    clue_path(Clue::TotalTokens, OUTPUTS, &["usage_metadata", "total_tokens"]),
    clue(Clue::TotalTokens, "langsmith.run.total_tokens"),
    message(
        Col::FinishReason,
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "finish_reason"],
    ),
    message(
        Col::SystemFingerprint,
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "system_fingerprint"],
    ),
    message(
        Col::ServiceTier,
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "service_tier"],
    ),
    message(
        Col::ResponseId,
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "id"],
    ),
    message(Col::ResponseId, &["llm_output", "id"]),
    message(Col::ResponseId, &["id"]),
    attr(Col::TtftS, "langsmith.run.first_token").unit(Unit::Iso),
    event(Col::TtftS, "new_token"),
    clue(Clue::Failed, "langsmith.run.status").unit(Unit::Contains("error")),
    clue(Clue::Failure, "langsmith.run.error"),
    segment("langsmith.run.session_name"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "langsmith_runs",
    title: "LangSmith runs",
    source: "langchain-ai/langsmith-sdk, run schema; bulk export",
    signs: &[&[Test::Has(TYPE)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &["new_token"],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::Said,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "The first token is `first_token_time`, or the first event `new_token`.",
        "Counts include the cached part, which is left out where it is zero.",
        "Times without a zone are UTC. Ids are UUIDs.",
    ],
};
