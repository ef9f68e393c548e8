//! OpenTelemetry's instrumentation of Google's Gen AI SDK.

use super::table::{Dialect, Streaming, Test, WHOLE_OMITS_ZERO};
use super::{context, proposed, semconv};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "google_genai",
    title: "OpenTelemetry Google Gen AI instrumentation",
    source: "open-telemetry/opentelemetry-python-contrib, instrumentation-google-genai 1.3b0",
    signs: &[&[
        Test::Scope("opentelemetry.instrumentation.google_genai"),
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
        "With automatic function calling one span holds several calls, with their times added up and \
         the usage of the last: such a span is one row.",
        "The cached count is omitted where it is zero.",
        "Output includes thoughts; versions before 1.3 counted them beside it.",
        "Gemini has no request id header; the response id is the body's.",
    ],
};
