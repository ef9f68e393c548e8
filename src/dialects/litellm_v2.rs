//! LiteLLM, its second form (`LITELLM_OTEL_V2`): OpenTelemetry's conventions.

use super::table::{Dialect, Streaming, Test, WHOLE_LEARNED};
use super::{context, litellm, proposed, semconv};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "litellm_v2",
    title: "LiteLLM, second form",
    source: "BerriAI/litellm 1.106, LITELLM_OTEL_V2",
    signs: &[
        &[Test::Has("litellm.call_type"), Test::Has("gen_ai.operation.name")],
        &[Test::Has("litellm.request.streaming")],
    ],
    spans: semconv::SPANS,
    fields: &[litellm::FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_LEARNED,
    streaming: Streaming::Said,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "Synchronous calls write no span at all.",
        "No request id on the span: it comes from the HTTP attempt.",
    ],
};
