//! Envoy AI Gateway: a gateway's view, in OpenInference's or OpenTelemetry's words.

use super::table::{Dialect, Part, SpanRule, Streaming, Test, WHOLE, rule};
use super::{context, openinference, proposed, semconv};

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("openinference.span.kind", &["llm"])], Part::ServerView),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::ServerView),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "envoy_ai_gateway",
    title: "Envoy AI Gateway",
    source: "envoyproxy/ai-gateway, internal/tracing",
    signs: &[
        &[Test::Scope("envoyproxy/ai-gateway"), Test::Has("openinference.span.kind")],
        &[Test::Scope("envoyproxy/ai-gateway"), Test::Has("gen_ai.operation.name")],
    ],
    spans: SPANS,
    fields: &[openinference::FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "Under a client's span it is a server view; without one it is the call.",
        "In OpenInference's words the cache write is `cache_creation`, against the specification.",
    ],
};
