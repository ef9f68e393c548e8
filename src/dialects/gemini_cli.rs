//! Gemini CLI.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE_OMITS_ZERO, attr, clue, fixed,
    rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", &["llm_call"])], Part::Call),
    rule(&[Test::Is("gen_ai.operation.name", &["agent_call", "user_prompt"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "gcp.gemini"),
    clue(Clue::MoreOutput, "gen_ai.usage.reasoning.output_tokens"),
    attr(Col::SessionId, "gen_ai.conversation.id"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "gemini_cli",
    title: "Gemini CLI",
    source: "google-gemini/gemini-cli, packages/core/src/telemetry",
    signs: &[
        &[Test::Scope("gemini-cli"), Test::Has("gen_ai.operation.name")],
        &[Test::Is("gen_ai.operation.name", &["llm_call"])],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "Output is the API's count of candidates, without thoughts.",
        "`gen_ai.prompt.name` holds the id of the user's prompt, not a name.",
        "No first chunk; durations and cached counts stand in log events, which are not read.",
    ],
};
