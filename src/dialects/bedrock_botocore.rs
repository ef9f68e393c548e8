//! OpenTelemetry's botocore instrumentation of Amazon Bedrock.

use super::table::{Clue, Dialect, Field, Streaming, Test, WHOLE, attr, clue, fixed};
use super::{context, proposed, semconv};
use crate::schema::Col;

/// Bedrock's own count leaves the cache out, under the inclusive name.
pub(super) const FIELDS: &[Field] = &[
    fixed(Col::Provider, "aws.bedrock"),
    clue(Clue::InputWithoutCache, "gen_ai.usage.input_tokens"),
    attr(Col::OutputTokens, "gen_ai.usage.output_tokens"),
    attr(Col::CacheReadTokens, "gen_ai.usage.cache_read.input_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.cache_creation.input_tokens"),
    attr(Col::RequestId, "aws.request_id"),
    attr(Col::Region, "gen_ai.provider.region"),
    attr(Col::Region, "cloud.region"),
    clue(Clue::Resends, "retry_attempts"),
    attr(Col::Operation, "gen_ai.operation.name"),
    attr(Col::RequestModel, "gen_ai.request.model"),
    attr(Col::ResponseModel, "gen_ai.response.model"),
    attr(Col::FinishReason, "gen_ai.response.finish_reasons"),
    attr(Col::ResponseId, "gen_ai.response.id"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "bedrock_botocore",
    title: "OpenTelemetry botocore, Amazon Bedrock",
    source: "open-telemetry/opentelemetry-python-contrib, instrumentation-botocore",
    signs: &[&[
        Test::Scope("opentelemetry.instrumentation.botocore.bedrock"),
        Test::Has("gen_ai.system"),
    ]],
    spans: semconv::SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "Input is Bedrock's own count, without the cached part, under the inclusive name.",
        "The region is the client's endpoint, not the target of a cross-region inference profile.",
        "One span holds all attempts.",
    ],
};
