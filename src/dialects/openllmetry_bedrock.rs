//! OpenLLMetry's Bedrock instrumentation: the usual names around Bedrock's own count.

use super::table::{Dialect, Streaming, Test, WHOLE};
use super::{bedrock_botocore, context, openllmetry, proposed};

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openllmetry_bedrock",
    title: "OpenLLMetry (Traceloop), Amazon Bedrock",
    source: "traceloop/openllmetry, packages/opentelemetry-instrumentation-bedrock",
    signs: &[&[
        Test::Scope("opentelemetry.instrumentation.bedrock"),
        Test::Has("gen_ai.request.model"),
    ]],
    spans: openllmetry::SPANS,
    fields: &[bedrock_botocore::FIELDS, openllmetry::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "Input is Bedrock's own count, without the cached part, under the inclusive name.",
        "Neither an attribute nor events tell of the first chunk, and no request id is written.",
    ],
};
