//! OpenTelemetry's GenAI conventions, as of 2026 and in their generation before 1.37.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::service::Flow;
use crate::simulate::span::{Attrs, Span, SpanKind};

/// Which generation of the conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// `gen_ai.provider.name`, `gen_ai.response.time_to_first_chunk`.
    Current,
    /// `gen_ai.system`, `gen_ai.usage.prompt_tokens`, `gen_ai.server.time_to_first_token`.
    Old,
}

/// The call's span.
pub fn call(view: &View<'_>, generation: Generation) -> Vec<Span> {
    let model = view.request_model();
    let mut span = view.span(format!("chat {model}"), SpanKind::Client);
    let current = generation == Generation::Current;
    let attrs = &mut span.attrs;
    attrs.text("gen_ai.operation.name", "chat");
    let provider = view.world.provider;
    if current {
        attrs.text("gen_ai.provider.name", provider.name);
    } else {
        attrs.text("gen_ai.system", provider.system);
    }
    attrs.text("gen_ai.request.model", model);
    attrs.int("gen_ai.request.max_tokens", 4096);
    if view.outcome.streaming && current {
        attrs.flag("gen_ai.request.stream", true);
    }
    let rich = matches!(view.level(), Observability::Full | Observability::Typical);
    if rich {
        attrs.text("server.address", view.host());
        attrs.int("server.port", 443);
    }
    if view.answered() {
        answer(view, current, attrs);
    } else if let Some(error) = view.error_type() {
        attrs.text("error.type", error);
    }
    if rich {
        context(view, attrs);
    }
    proposed::add(view, &mut span);
    vec![span]
}

fn answer(view: &View<'_>, current: bool, attrs: &mut Attrs) {
    attrs.text("gen_ai.response.model", view.pool.response_model);
    attrs.text("gen_ai.response.id", view.response_id);
    attrs.list("gen_ai.response.finish_reasons", "stop");
    let (input, output, read, write, ttft) = if current {
        (
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.response.time_to_first_chunk",
        )
    } else {
        (
            "gen_ai.usage.prompt_tokens",
            "gen_ai.usage.completion_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.server.time_to_first_token",
        )
    };
    attrs.int(input, view.input_tokens());
    attrs.int(output, view.output_tokens());
    if let Some(cached) = view.cached_tokens() {
        attrs.int(read, cached);
    }
    if let Some(written) = view.written_tokens() {
        attrs.int(write, written);
    }
    if let Some(ttft_s) = view.ttft_s() {
        attrs.float(ttft, ttft_s);
    }
    let rich = matches!(view.level(), Observability::Full | Observability::Typical);
    if current && rich && view.world.provider.fingerprint {
        attrs.text("openai.response.system_fingerprint", view.pool.fingerprint.clone());
    }
}

fn context(view: &View<'_>, attrs: &mut Attrs) {
    if matches!(view.service.kind.flow, Flow::Chat { .. }) {
        attrs.text("gen_ai.conversation.id", format!("conv_{:016x}", view.call.session));
    }
    proposed::identity(view, attrs);
    match view.visible.prompt {
        PromptIdentity::NameVersion => {
            attrs.text("gen_ai.prompt.name", view.prompt_name());
            attrs.text("gen_ai.prompt.version", format!("v{}", view.version()));
        }
        PromptIdentity::Hash => attrs.text("gen_ai.system_instructions.hash", view.prompt_hash()),
        PromptIdentity::None => {}
    }
}
