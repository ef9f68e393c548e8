//! Dynamo: the front end's own view of a request.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, fixed, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[rule(&[Test::Name("http-request")], Part::ServerView)];

const FIELDS: &[Field] = &[fixed(Col::Provider, "dynamo"), attr(Col::RequestId, "x_request_id")];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "dynamo",
    title: "Dynamo",
    source: "ai-dynamo/dynamo, its guide on logging",
    signs: &[&[Test::Has("x_request_id"), Test::Name("http-request")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view that carries the client's request id; the timings are in the body `nvext.timing`, which no span holds.",
    ],
};
