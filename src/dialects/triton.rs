//! Triton Inference Server: the server's own view of a request, as timestamps.

use super::table::{
    Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, event, fixed, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("compute")], Part::Other),
    rule(&[Test::Has("triton.model_name")], Part::ServerView),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "triton"),
    attr(Col::RequestModel, "triton.model_name"),
    attr(Col::RequestId, "triton.trace_request_id"),
    event(Col::QueueWaitS, "COMPUTE_START"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "triton",
    title: "Triton Inference Server",
    source: "its user guide on traces; attribute names not verified",
    signs: &[&[Test::Has("triton.model_name")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view: the wait is the time of `COMPUTE_START`, counted from the span's start.",
    ],
};
