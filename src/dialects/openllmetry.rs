//! OpenLLMetry (Traceloop): one span a call, one event a chunk.

use super::table::{
    Clue, Dialect, Field, Part, Streaming, Test, Unit, WHOLE_ZERO_UNKNOWN, attr, clue, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

/// What Traceloop's instrumentations and its SDK add to the conventions.
pub(super) const FIELDS: &[Field] = &[
    attr(Col::ServerAddress, "gen_ai.openai.api_base").unit(Unit::Host),
    attr(Col::PromptName, "traceloop.prompt.key"),
    attr(Col::PromptVersion, "traceloop.prompt.version"),
    attr(Col::PromptVersion, "traceloop.prompt.version_name"),
    attr(Col::PromptHash, "traceloop.prompt.version_hash"),
    attr(Col::Tenant, "traceloop.association.properties.tenant_id"),
    attr(Col::Tenant, "traceloop.association.properties.tenant"),
    attr(Col::Tenant, "traceloop.association.properties.organization_id"),
    attr(Col::Tenant, "traceloop.association.properties.user_id"),
    attr(Col::SessionId, "traceloop.association.properties.session_id"),
    attr(Col::SessionId, "traceloop.association.properties.chat_id"),
    clue(Clue::TotalTokens, "gen_ai.usage.total_tokens"),
];

/// Its agent and workflow spans.
pub(super) const SPANS: &[super::table::SpanRule] = &[
    rule(&[Test::Is("traceloop.span.kind", &["tool"])], Part::Other),
    rule(&[Test::Has("traceloop.span.kind")], Part::Wrapper),
    rule(&[Test::Name("openai.session")], Part::Wrapper),
    rule(&[Test::Name("openai.embeddings")], Part::Other),
    rule(&[Test::Is("gen_ai.operation.name", semconv::WRAPS)], Part::Wrapper),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::Call),
    rule(&[Test::Has("gen_ai.operation.name")], Part::Other),
    rule(&[Test::Is("llm.request.type", semconv::GENERATES)], Part::Call),
    rule(&[Test::Has("llm.request.type")], Part::Other),
    rule(&[Test::Has("gen_ai.request.model")], Part::Call),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openllmetry",
    title: "OpenLLMetry (Traceloop)",
    source: "traceloop/openllmetry, opentelemetry-instrumentation-openai 0.62",
    signs: &[
        &[Test::Has("traceloop.span.kind")],
        &[Test::Scope("opentelemetry.instrumentation.openai.v")],
        &[Test::Scope("opentelemetry.instrumentation.mistralai")],
        &[Test::Scope("opentelemetry.instrumentation.cohere")],
        &[Test::Scope("opentelemetry.instrumentation.groq")],
        &[Test::Scope("opentelemetry.instrumentation.together")],
        &[Test::Scope("opentelemetry.instrumentation.vertexai")],
        &[Test::Scope("opentelemetry.instrumentation.ollama")],
        &[Test::Has("gen_ai.is_streaming")],
        &[Test::Has("gen_ai.openai.api_base")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &["gen_ai.content.completion.chunk", "llm.content.completion.chunk"],
    tokens: WHOLE_ZERO_UNKNOWN,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "No attribute for the first chunk: it is the first chunk event, unless the SDK dropped events \
         (it keeps the last 128), when the first one kept is not the first one sent.",
        "The events are the content chunks and three more: the role, the finish, the usage.",
        "A cached count of zero is also written where the provider gave no detail: it is believed \
         only where positive counts of the same provider stand in the dump.",
        "The Responses API has no chunk events, and its HTTP span is a sibling or a root of its own.",
        "A stream that broke or was abandoned is not marked as an error.",
    ],
};
