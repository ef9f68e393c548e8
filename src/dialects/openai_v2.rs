//! OpenTelemetry's older OpenAI instrumentation in its default mode.

use super::table::{Dialect, Streaming, Test, WHOLE};
use super::{context, proposed, semconv};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openai_v2",
    title: "OpenTelemetry OpenAI v2 instrumentation",
    source: "open-telemetry/opentelemetry-python-contrib, instrumentation-openai-v2 2.4b0",
    signs: &[
        &[Test::Scope("opentelemetry.instrumentation.openai_v2"), Test::Has("gen_ai.system")],
        &[Test::Scope("opentelemetry.util.genai.handler"), Test::Has("gen_ai.operation.name")],
    ],
    spans: semconv::SPANS,
    fields: &[semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "No first chunk, no cached count, no streaming flag: their absence says nothing.",
        "The Responses API is not traced: such calls exist as HTTP spans only, which carry neither \
         model nor tokens, and are no rows.",
    ],
};
