//! Codex CLI.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, fixed, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Has("gen_ai.usage.input_tokens")], Part::Call),
    rule(&[Test::Has("codex.usage.total_tokens")], Part::Call),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "openai"),
    fixed(Col::Operation, "chat"),
    attr(Col::ReasoningTokens, "codex.usage.reasoning_output_tokens"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "codex_cli",
    title: "Codex CLI",
    source: "openai/codex, codex-rs/otel/src/events/session_telemetry.rs",
    signs: &[
        &[Test::Has("codex.usage.total_tokens")],
        &[Test::Has("codex.usage.reasoning_output_tokens")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "Usage stands on the span that handles the response; input includes the cached part.",
        "First chunk, request ids and retries stand in log events, which are not read.",
    ],
};
