//! OpenTelemetry's own Python instrumentations of the `genai` family.

use super::table::{Dialect, Streaming, Test, WHOLE_OMITS_ZERO};
use super::{context, proposed, semconv};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "genai_official",
    title: "OpenTelemetry Python genai instrumentations",
    source: "open-telemetry/opentelemetry-python-contrib, instrumentation-genai-* 1.3b0",
    signs: &[&[
        Test::Scope("opentelemetry.instrumentation.genai."),
        Test::Has("gen_ai.operation.name"),
    ]],
    spans: semconv::SPANS,
    fields: &[semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::AbsentIsFalse,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "The cached count is omitted where it is zero: beside an input count, its absence is zero.",
        "The Anthropic one is written round the SDK's own span, which carries the request id.",
    ],
};
