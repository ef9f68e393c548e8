//! Kong AI Gateway: the gateway's view, in OpenTelemetry's words on a span of its own name.

use super::table::{Dialect, Part, SpanRule, Streaming, Test, WHOLE, rule};
use super::{context, proposed, semconv};

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::ServerView),
    rule(&[Test::Has("gen_ai.operation.name")], Part::Other),
    rule(&[Test::Has("gen_ai.request.model")], Part::ServerView),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "kong",
    title: "Kong AI Gateway",
    source: "developer.konghq.com, Gen AI OpenTelemetry span attributes (from 3.13)",
    signs: &[
        &[Test::Name("kong.gen_ai"), Test::Has("gen_ai.operation.name")],
        &[Test::Name("kong.gen_ai"), Test::Has("gen_ai.request.model")],
    ],
    spans: SPANS,
    fields: &[semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "Under a client's span it is a server view; without one it is the call.",
        "Kong's own time stands in the headers `x-kong-upstream-latency` and `x-kong-proxy-latency` \
         of the client's HTTP span.",
    ],
};
