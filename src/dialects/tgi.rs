//! Text Generation Inference: the router's own view of a request, durations as Rust writes them.

use super::table::{
    Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, fixed, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[rule(&[Test::Has("inference_time")], Part::ServerView)];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "tgi"),
    attr(Col::QueueWaitS, "queue_time").unit(Unit::WithUnit),
    attr(Col::ServerProcessingS, "total_time").unit(Unit::WithUnit),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "tgi",
    title: "Text Generation Inference",
    source: "huggingface/text-generation-inference, router/src/server.rs",
    signs: &[&[Test::Has("inference_time"), Test::Has("total_time"), Test::Has("queue_time")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view: queue and whole time, written as text with its unit (`45.2ms`, `900µs`).",
        "`time_per_token` is inference over generated tokens, prefill included: it is not read.",
        "No first token, no model and no token counts on the span.",
    ],
};
