//! OpenTelemetry GenAI semantic conventions before 1.37 (`gen_ai.system`).

use super::table::{Dialect, Field, Streaming, Test, WHOLE_LEARNED, attr};
use super::{context, proposed, semconv};
use crate::schema::Col;

/// What only this generation writes.
const FIELDS: &[Field] = &[attr(Col::TtftS, "gen_ai.server.time_to_first_token")];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "semconv_old",
    title: "OpenTelemetry GenAI conventions, deprecated names",
    source: "open-telemetry/semantic-conventions, generations to 1.36",
    signs: &[
        &[Test::Has("gen_ai.system")],
        &[Test::Has("gen_ai.operation.name")],
        &[Test::Has("gen_ai.request.model")],
        &[Test::Has("gen_ai.usage.prompt_tokens")],
        &[Test::Has("llm.request.type")],
    ],
    spans: semconv::SPANS,
    fields: &[semconv::FIELDS, FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_LEARNED,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "This generation had no attribute for the first chunk; emitters write the name of the metric, \
         `gen_ai.server.time_to_first_token`, on the client's span: it is the client's figure.",
        "Nothing says whether the answer was streamed, unless a first chunk is written.",
    ],
};
