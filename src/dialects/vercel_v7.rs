//! Vercel AI SDK 7 (`@ai-sdk/otel`): `chat` inside steps inside an agent.

use super::table::{Dialect, Field, Streaming, Test, WHOLE, attr};
use super::{context, proposed, semconv};
use crate::schema::Col;

const FIELDS: &[Field] = &[
    attr(Col::PromptName, "ai.telemetry.metadata.promptName"),
    attr(Col::PromptVersion, "ai.telemetry.metadata.promptVersion"),
    attr(Col::Tenant, "ai.telemetry.metadata.tenantId"),
    attr(Col::SessionId, "ai.telemetry.metadata.sessionId"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "vercel_v7",
    title: "Vercel AI SDK 7",
    source: "vercel/ai, @ai-sdk/otel 1.0",
    signs: &[&[Test::Scope("gen_ai"), Test::Has("gen_ai.operation.name")]],
    spans: semconv::SPANS,
    fields: &[semconv::FIELDS, FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::TtftTells,
    rank: 5,
    span_per_attempt: true,
    notes: &[
        "`invoke_agent` and `step N` repeat the usage of the calls inside them: they are wrappers.",
        "The first chunk stands under the name of a metric.",
        "`gen_ai.client.operation.time_per_output_chunk` is a mean over chunks, not tokens, and is not \
         read.",
    ],
};
