//! Helicone's export of requests: one row a call, as its gateway saw it.

use super::table::{
    Absent, Accounting, Clue, Dialect, Field, Input, Part, SpanRule, Streaming, Test, Unit, Zero,
    attr, clue, rule,
};
use super::{context, proposed};
use crate::schema::Col;

const REQUEST: &str = "helicone.request_id";

const SPANS: &[SpanRule] = &[rule(&[Test::Has(REQUEST)], Part::Call)];

const FIELDS: &[Field] = &[
    attr(Col::RequestModel, "helicone.request_model"),
    attr(Col::RequestModel, "helicone.model"),
    attr(Col::ResponseModel, "helicone.response_model"),
    attr(Col::Provider, "helicone.provider"),
    attr(Col::ServerAddress, "helicone.target_url").unit(Unit::Host),
    attr(Col::TtftS, "helicone.time_to_first_token").ms(),
    attr(Col::InputTokens, "helicone.prompt_tokens"),
    attr(Col::OutputTokens, "helicone.completion_tokens"),
    attr(Col::CacheReadTokens, "helicone.prompt_cache_read_tokens"),
    attr(Col::CacheWriteTokens, "helicone.prompt_cache_write_tokens"),
    attr(Col::ReasoningTokens, "helicone.reasoning_tokens"),
    attr(Col::HttpStatus, "helicone.response_status"),
    attr(Col::SessionId, "helicone.request_properties.Helicone-Session-Id"),
    attr(Col::PromptName, "helicone.request_properties.Helicone-Prompt-Id"),
    attr(Col::PromptName, "helicone.prompt_id"),
    attr(Col::PromptVersion, "helicone.prompt_version"),
    attr(Col::Tenant, "helicone.request_user_id"),
    attr(Col::Tenant, "helicone.user_id"),
    clue(Clue::TotalTokens, "helicone.total_tokens"),
    // Helicone's own states of requests without an answer are below zero.
    clue(Clue::Failed, "helicone.response_status").unit(Unit::Contains("-")),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "helicone",
    title: "Helicone requests",
    source: "Helicone/helicone, request export (`npx @helicone/export`, `/v1/request/query`)",
    signs: &[&[Test::Has(REQUEST)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: Accounting {
        input: Input::AsProvider,
        absent_cache: Absent::Unknown,
        zero_cache: Zero::Learned,
    },
    streaming: Streaming::TtftTells,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "Times are the gateway's; lengths are milliseconds.",
        "`request_id` is Helicone's own and no id that the provider knows.",
        "The prompt's count is the provider's own: without the cached part for Anthropic.",
    ],
};
