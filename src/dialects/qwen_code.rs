//! Qwen Code.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, clue, rule, segment,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[rule(&[Test::Has("qwen-code.model")], Part::Call)];

const FIELDS: &[Field] = &[
    attr(Col::RequestModel, "qwen-code.model"),
    clue(Clue::FinishS, "duration_ms").ms(),
    segment("llm_request.context"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "qwen_code",
    title: "Qwen Code",
    source: "copies of its telemetry source; span name not verified",
    signs: &[&[Test::Has("qwen-code.model")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "The provider is not on the span; no first chunk, and usage only where the conventions are written beside it.",
    ],
};
