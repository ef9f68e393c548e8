//! Claude Code's traces.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, fixed, rule,
    segment,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("claude_code.llm_request")], Part::Call),
    rule(&[Test::Is("span.type", &["llm_request"])], Part::Call),
    rule(&[Test::Name("claude_code.interaction")], Part::Wrapper),
    rule(&[Test::Is("span.type", &["interaction"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "anthropic"),
    fixed(Col::Operation, "chat"),
    attr(Col::RequestModel, "gen_ai.request.model"),
    attr(Col::RequestModel, "model"),
    attr(Col::TtftS, "ttft_ms").ms(),
    clue(Clue::FinishS, "duration_ms").ms(),
    clue(Clue::InputWithoutCache, "input_tokens"),
    attr(Col::CacheReadTokens, "cache_read_tokens"),
    attr(Col::CacheWriteTokens, "cache_creation_tokens"),
    attr(Col::OutputTokens, "output_tokens"),
    attr(Col::RequestId, "request_id"),
    clue(Clue::Resends, "attempt").unit(Unit::Attempt),
    attr(Col::FinishReason, "stop_reason"),
    attr(Col::HttpStatus, "status_code"),
    attr(Col::ErrorType, "error"),
    clue(Clue::Failed, "success").unit(Unit::Negated),
    segment("speed"),
    segment("query_source"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "claude_code",
    title: "Claude Code",
    source: "Claude Code, traces (beta); names from a capture",
    signs: &[
        &[Test::Scope("com.anthropic.claude_code"), Test::Has("ttft_ms")],
        &[Test::Name("claude_code.llm_request")],
        &[Test::Name("claude_code.interaction")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 6,
    span_per_attempt: false,
    notes: &[
        "Input is the API's own count, without the cached part.",
        "The duration is on the wall clock, retries included; one span holds all attempts.",
    ],
};
