//! Logfire's OpenAI and Anthropic instrumentations: a stream is two spans.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE_OMITS_ZERO, clue, path, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("logfire.span_type", &["log"])], Part::Twin),
    rule(&[Test::Name("streaming response from")], Part::Twin),
    rule(&[Test::Is("gen_ai.operation.name", semconv::WRAPS)], Part::Wrapper),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::Call),
    rule(&[Test::Has("gen_ai.operation.name")], Part::Other),
];

const RAW: &str = "gen_ai.usage.raw";

const FIELDS: &[Field] = &[
    path(Col::CacheReadTokens, RAW, &["prompt_tokens_details", "cached_tokens"]),
    path(Col::CacheReadTokens, RAW, &["input_tokens_details", "cached_tokens"]),
    path(Col::CacheReadTokens, RAW, &["cache_read_input_tokens"]),
    path(Col::CacheWriteTokens, RAW, &["cache_creation_input_tokens"]),
    path(Col::ReasoningTokens, RAW, &["completion_tokens_details", "reasoning_tokens"]),
    path(Col::ReasoningTokens, RAW, &["output_tokens_details", "reasoning_tokens"]),
    path(Col::Streaming, "request_data", &["stream"]),
    path(Col::RequestModel, "request_data", &["model"]),
    clue(Clue::StreamS, "duration"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "logfire",
    title: "Logfire (OpenAI, Anthropic)",
    source: "pydantic/logfire 5.2, instrument_openai and instrument_anthropic",
    signs: &[
        &[Test::Scope("logfire.openai"), Test::Has("gen_ai.operation.name")],
        &[Test::Scope("logfire.anthropic"), Test::Has("gen_ai.operation.name")],
        &[Test::Scope("logfire."), Test::Has("gen_ai.request.model")],
    ],
    spans: SPANS,
    fields: &[semconv::FIELDS, FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "On a stream the span ends when the stream opens; a second one of no length, written at its \
         end, holds the usage. The two are folded: start from the first, end and usage from the second.",
        "No first chunk: the first span's length is the time to the headers.",
        "HTTP spans are suppressed during these calls, so there is no request id.",
    ],
};
