//! Cloudflare AI Gateway: a gateway's view, told by the names under which it keeps the content.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const PROMPT: &str = "gen_ai.prompt_json";
const ANSWER: &str = "gen_ai.completion_json";
const PROVIDER: &str = "gen_ai.model.provider";

const SPANS: &[SpanRule] = &[rule(&[Test::Has("gen_ai.request.model")], Part::ServerView)];

const FIELDS: &[Field] = &[attr(Col::Provider, PROVIDER)];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "cloudflare_ai_gateway",
    title: "Cloudflare AI Gateway",
    source: "developers.cloudflare.com, AI Gateway, OpenTelemetry integration",
    signs: &[
        &[Test::Has(PROVIDER), Test::Has("gen_ai.request.model")],
        &[Test::Has(PROMPT), Test::Has("gen_ai.usage.cost")],
        &[Test::Has(ANSWER), Test::Has("gen_ai.usage.cost")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A client's call is its parent where the request carried `cf-aig-otel-trace-id` and \
         `cf-aig-otel-parent-span-id`; otherwise the gateway's span is the call.",
        "The prompt and the answer are on the span; that they are there is looked at, and nothing \
         of them is kept.",
        "No first chunk and no cached tokens are told.",
    ],
};
