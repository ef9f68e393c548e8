//! OpenLIT: the conventions' names, with clocks and zeros of its own.

use super::table::{Absent, Accounting, Clue, Dialect, Field, Input, Streaming, Test, Zero, clue};
use super::{context, proposed, semconv};

const FIELDS: &[Field] = &[
    clue(Clue::TtftAfterHeadersS, "gen_ai.server.time_to_first_token"),
    clue(Clue::TotalTokens, "gen_ai.client.token.usage"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openlit",
    title: "OpenLIT",
    source: "openlit/openlit 1.45",
    signs: &[
        &[Test::Scope("openlit"), Test::Has("gen_ai.operation.name")],
        &[Test::Has("gen_ai.sdk.version"), Test::Has("gen_ai.operation.name")],
    ],
    spans: semconv::SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: Accounting {
        input: Input::AsProvider,
        absent_cache: Absent::Unknown,
        zero_cache: Zero::Learned,
    },
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "Its first chunk is counted from the arrival of the headers: it is used only where an HTTP \
         attempt tells when they came, and never on calls that did not stream, where it repeats the \
         duration.",
        "`gen_ai.server.time_per_output_token` is a mean gap between chunks, zero where not known: it \
         is not read.",
        "Input includes cached tokens for OpenAI and excludes them for Anthropic, under one name.",
        "Without usage from the provider it writes estimates, with nothing to tell them by.",
        "Streams that broke or were abandoned have no span.",
    ],
};
