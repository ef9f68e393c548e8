//! Anthropic's server-side spans, delivered to the customer's own endpoint.

use super::table::{Dialect, Part, SpanRule, Streaming, Test, WHOLE, rule};
use super::{context, proposed, semconv};

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::ServerView),
    rule(&[Test::Has("anthropic.request.id")], Part::ServerView),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "anthropic_platform",
    title: "Claude API server spans",
    source: "platform.claude.com, OpenTelemetry export (attribute list not verified)",
    signs: &[
        &[Test::Scope("com.anthropic.claude-platform"), Test::Has("gen_ai.operation.name")],
        &[Test::Scope("com.anthropic.claude-platform"), Test::Has("anthropic.request.id")],
    ],
    spans: SPANS,
    fields: &[super::anthropic_sdk::FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &["The same call as the SDK's span, seen from the server: it lends the server's times."],
};
