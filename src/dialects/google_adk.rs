//! Google's Agent Development Kit.

use super::table::{
    Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE_OMITS_ZERO, fixed, path, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const RESPONSE: &str = "gcp.vertex.agent.llm_response";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("call_llm")], Part::Call),
    rule(&[Test::Is("gen_ai.operation.name", &["call_llm"])], Part::Call),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::Call),
    rule(&[Test::Is("gen_ai.operation.name", semconv::WRAPS)], Part::Wrapper),
    rule(&[Test::Name("invocation")], Part::Wrapper),
    rule(&[Test::Name("agent_run")], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "gcp.gemini"),
    path(Col::InputTokens, RESPONSE, &["usage_metadata", "prompt_token_count"]),
    path(Col::CacheReadTokens, RESPONSE, &["usage_metadata", "cached_content_token_count"]),
    path(Col::ReasoningTokens, RESPONSE, &["usage_metadata", "thoughts_token_count"]),
    path(Col::OutputTokens, RESPONSE, &["usage_metadata", "candidates_token_count"]),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "google_adk",
    title: "Google Agent Development Kit",
    source: "google/adk-python, telemetry; readers of Langfuse and MLflow",
    signs: &[
        &[Test::Scope("gcp.vertex.agent"), Test::Has("gen_ai.operation.name")],
        &[Test::Has("gcp.vertex.agent.llm_response")],
        &[Test::Is("gen_ai.system", &["gcp.vertex.agent"])],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "Its duration includes the callbacks around the model; no first chunk.",
        "The cached count is omitted where it is zero.",
    ],
};
