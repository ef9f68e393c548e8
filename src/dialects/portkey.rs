//! Portkey's gateway: a server span a request, as its export of complete logs writes it.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", &["embeddings"])], Part::Other),
    rule(&[Test::Has("gen_ai.request.model")], Part::ServerView),
];

/// The address is the whole URL, and the status says OK whatever happened.
const FIELDS: &[Field] = &[
    attr(Col::ServerAddress, "server.address").unit(Unit::Host),
    attr(Col::HttpStatus, "error.type"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "portkey",
    title: "Portkey gateway",
    source: "Portkey-AI/gateway, export of complete logs to OpenTelemetry",
    signs: &[&[Test::Scope("portkey"), Test::Has("gen_ai.request.model")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "Under a client's span it is a server view; without one it is the call.",
        "Recognised by its scope, which is `OTEL_SERVICE_NAME` where that is set: let it begin with \
         `portkey`. Without that the conventions read the spans.",
        "Times are whole milliseconds; no first chunk is told.",
    ],
};
