//! LangSmith's OpenTelemetry export: arbitrary names, token details as Python literals.

use super::table::{
    Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE_OMITS_ZERO, attr, repr, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const KIND: &str = "langsmith.span.kind";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is(KIND, &["llm"])], Part::Call),
    rule(&[Test::Is(KIND, &["chain", "prompt", "agent"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    attr(Col::Streaming, "langsmith.request.streaming"),
    repr(Col::CacheReadTokens, "gen_ai.usage.input_token_details", &["cache_read"]),
    repr(Col::CacheWriteTokens, "gen_ai.usage.input_token_details", &["cache_creation"]),
    repr(Col::ReasoningTokens, "gen_ai.usage.output_token_details", &["reasoning"]),
    attr(Col::Provider, "langsmith.metadata.ls_provider"),
    attr(Col::RequestModel, "langsmith.metadata.ls_model_name"),
    attr(Col::SessionId, "langsmith.metadata.session_id"),
    attr(Col::SessionId, "langsmith.metadata.thread_id"),
    attr(Col::Tenant, "langsmith.metadata.tenant_id"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "langsmith",
    title: "LangSmith, OpenTelemetry export",
    source: "langchain-ai/langsmith-sdk, OpenTelemetry exporter",
    signs: &[&[Test::Has(KIND)]],
    spans: SPANS,
    fields: &[semconv::FIELDS, FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::Said,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "No first chunk: its events are not exported.",
        "Details of the counts are Python literals; the cached part is left out where zero.",
    ],
};
