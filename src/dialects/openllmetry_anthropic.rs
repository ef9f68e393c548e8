//! OpenLLMetry's Anthropic instrumentation: no first chunk, and a count that is off on streams.

use super::table::{Dialect, Streaming, Test, WHOLE};
use super::{context, openllmetry, proposed, semconv};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openllmetry_anthropic",
    title: "OpenLLMetry (Traceloop), Anthropic",
    source: "traceloop/openllmetry, opentelemetry-instrumentation-anthropic 0.62",
    signs: &[&[Test::Scope("opentelemetry.instrumentation.anthropic")]],
    spans: openllmetry::SPANS,
    fields: &[openllmetry::FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "Neither an attribute nor events tell of the first chunk.",
        "On a stream the output count is too high by what the opening message already counted.",
        "Anthropic's SDK writes a span of its own beside it, often in another trace: the two are \
         folded by response id and the SDK's figures are kept.",
        "The streaming flag is absent for the `.stream()` helper.",
    ],
};
