//! What attributes mean: one const table per dialect, and the registry of them.
//!
//! A new dialect is a new file with its table, a line in [`DIALECTS`] and a fixture.

pub mod hosts;
pub mod http;
mod table;

mod context;
mod list;
mod own;
mod page;
mod proposed;

mod anthropic_platform;
mod anthropic_sdk;
mod bedrock_botocore;
mod claude_code;
mod cloudflare_ai_gateway;
mod codex_cli;
mod datadog;
mod dynamo;
mod envoy_ai_gateway;
mod gemini_cli;
mod genai_official;
mod genkit;
mod google_adk;
mod google_genai;
mod helicone;
mod kong;
mod langfuse;
mod langsmith;
mod langsmith_runs;
mod litellm;
mod litellm_spend_logs;
mod litellm_v2;
mod livekit;
mod llm_d;
mod logfire;
mod mapped_columns;
mod mlflow;
mod openai_v2;
mod openinference;
mod openinference_langchain;
mod openlit;
mod openllmetry;
mod openllmetry_anthropic;
mod openllmetry_bedrock;
mod portkey;
mod pydantic_ai;
mod qwen_code;
mod semconv;
mod semconv_old;
mod sglang;
mod tensorrt_llm;
mod tgi;
mod triton;
mod vercel;
mod vercel_v7;
mod vllm;

pub use list::{Fills, Listed};
pub use own::Tables;
pub use page::page;
pub use table::{
    Absent, Accounting, Clue, Dialect, Field, From, Input, Part, SpanRule, Streaming, Test, To,
    Unit, Zero,
};

use crate::ingest::{Figure, Keep, Wanted};
use crate::schema::Col;

/// Every dialect, in the order in which they are tried: the most particular first.
pub static DIALECTS: &[&Dialect] = &[
    &anthropic_platform::DIALECT,
    &anthropic_sdk::DIALECT,
    &claude_code::DIALECT,
    &gemini_cli::DIALECT,
    &codex_cli::DIALECT,
    &qwen_code::DIALECT,
    &livekit::DIALECT,
    &google_adk::DIALECT,
    &genkit::DIALECT,
    &litellm_v2::DIALECT,
    &litellm::DIALECT,
    &vercel::DIALECT,
    &vercel_v7::DIALECT,
    &pydantic_ai::DIALECT,
    &logfire::DIALECT,
    &langfuse::DIALECT,
    &langsmith::DIALECT,
    &langsmith_runs::DIALECT,
    &litellm_spend_logs::DIALECT,
    &helicone::DIALECT,
    &datadog::DIALECT,
    &mapped_columns::DIALECT,
    &mlflow::DIALECT,
    &envoy_ai_gateway::DIALECT,
    &kong::DIALECT,
    &portkey::DIALECT,
    &cloudflare_ai_gateway::DIALECT,
    &openlit::DIALECT,
    &tensorrt_llm::DIALECT,
    &vllm::DIALECT,
    &sglang::DIALECT,
    &llm_d::DIALECT,
    &tgi::DIALECT,
    &triton::DIALECT,
    &dynamo::DIALECT,
    &google_genai::DIALECT,
    &genai_official::DIALECT,
    &openai_v2::DIALECT,
    &bedrock_botocore::DIALECT,
    &openllmetry_anthropic::DIALECT,
    &openllmetry_bedrock::DIALECT,
    &openllmetry::DIALECT,
    &openinference_langchain::DIALECT,
    &openinference::DIALECT,
    &semconv::DIALECT,
    &semconv_old::DIALECT,
    &http::DIALECT,
];

/// What ingest has to look for: every attribute, document path and event of the built-in tables.
pub fn wanted() -> Wanted {
    wanted_by(DIALECTS)
}

/// What ingest has to look for on behalf of these tables.
fn wanted_by(dialects: &[&Dialect]) -> Wanted {
    let mut wanted = Wanted::default();
    for dialect in dialects {
        let keep = if dialect.id == http::DIALECT.id { Keep::IfClient } else { Keep::Always };
        for group in dialect.signs {
            want_sign(&mut wanted, group, keep);
        }
        for test in dialect.spans.iter().flat_map(|rule| rule.when) {
            want_test(&mut wanted, test, Keep::Never);
        }
        for field in dialect.all_fields() {
            want_field(&mut wanted, &field);
            if keep == Keep::Always {
                want_figure(&mut wanted, &field);
            }
        }
        for event in dialect.chunks {
            wanted.want_event(event, Keep::Never);
        }
    }
    wanted.want_attempts(&http::url_attributes(), &http::GENERATING);
    wanted
}

impl Dialect {
    /// Its field rules, in the order in which they are believed.
    pub fn all_fields(&self) -> impl Iterator<Item = Field> {
        let headers = (self.id == http::DIALECT.id).then(http::header_fields);
        let own = self.fields.iter().copied().flatten().copied();
        own.chain(headers.into_iter().flatten())
    }

    /// The table of that name.
    pub fn find(id: &str) -> Option<&'static Self> {
        DIALECTS.iter().copied().find(|dialect| dialect.id == id)
    }
}

/// One attribute of a group of signs makes a span worth keeping: its first. A group without
/// attributes goes by the span's name.
fn want_sign(wanted: &mut Wanted, group: &[Test], keep: Keep) {
    let mut keep = Some(keep);
    for test in group {
        let attribute = !matches!(test, Test::Scope(_) | Test::Name(_) | Test::Kind(_));
        let worth = if attribute { keep.take() } else { None };
        want_test(wanted, test, worth.unwrap_or(Keep::Never));
    }
    if keep.is_some() {
        for test in group {
            if let Test::Name(name) = test {
                wanted.want_span(name);
            }
        }
    }
}

fn want_test(wanted: &mut Wanted, test: &Test, keep: Keep) {
    match test {
        Test::Is(name, _) | Test::Ends(name, _) => {
            wanted.want_attr(name, keep);
        }
        Test::Has(name) => {
            wanted.want_presence(name, keep);
        }
        Test::Lacks(name) => {
            wanted.want_presence(name, Keep::Never);
        }
        Test::Scope(_) | Test::Name(_) | Test::Kind(_) => {}
    }
}

fn want_field(wanted: &mut Wanted, field: &Field) {
    match field.from {
        From::Attr(name) | From::Resource(name) | From::Repr(name, _) => {
            wanted.want_attr(name, Keep::Never);
        }
        From::Path(name, path) => {
            wanted.want_path(name, path, Keep::Never);
        }
        From::Event(name) => {
            wanted.want_event(name, Keep::Never);
        }
        From::EventAttr(event, name) => {
            wanted.want_event_attr(event, name, Keep::Never);
        }
        From::Fixed(_) => {}
    }
}

/// A field that a server can count by without knowing the dialect: a plain attribute.
fn want_figure(wanted: &mut Wanted, field: &Field) {
    let figure = match field.to {
        To::Col(Col::RequestModel) => Figure::RequestModel,
        To::Col(Col::TtftS) => Figure::TtftS,
        To::Col(Col::InputTokens) => Figure::InputTokens,
        To::Col(Col::OutputTokens) => Figure::OutputTokens,
        To::Col(Col::ErrorType) => Figure::ErrorType,
        To::Col(Col::HttpStatus) => Figure::HttpStatus,
        _ => return,
    };
    if let (From::Attr(name), Unit::Plain | Unit::Millis) = (field.from, field.unit) {
        wanted.want_figure(figure, name, field.unit == Unit::Millis);
    }
}
