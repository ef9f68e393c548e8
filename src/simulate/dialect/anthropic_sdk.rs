//! The spans that Anthropic's SDK writes itself: request id and resend count on the call.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind, Status};

/// The call's span.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let mut span = view.span("anthropic.messages.create", SpanKind::Client);
    let attrs = &mut span.attrs;
    attrs.text("gen_ai.operation.name", "chat");
    attrs.text("gen_ai.provider.name", "anthropic");
    attrs.text("gen_ai.request.model", view.request_model());
    attrs.int("gen_ai.request.max_tokens", 4096);
    if view.outcome.streaming {
        attrs.flag("gen_ai.request.stream", true);
    }
    attrs.text("http.request.method", "POST");
    attrs.text("http.route", "/v1/messages");
    let rich = matches!(view.level(), Observability::Full | Observability::Typical);
    if rich {
        attrs.text("server.address", view.host());
        attrs.int("server.port", 443);
        let resends = view.outcome.attempts.len().saturating_sub(1);
        if resends > 0 {
            attrs.int("http.request.resend_count", i64::try_from(resends).unwrap_or(0));
        }
        attrs.text("anthropic.request.id", view.request_id);
    }
    if view.answered() {
        answer(view, attrs);
        span.status = (Status::Ok, "");
    } else {
        let overloaded = view.outcome.attempts.last().and_then(|attempt| attempt.status);
        attrs.text(
            "error.type",
            if overloaded.is_some() { "overloaded_error" } else { "APITimeoutError" },
        );
    }
    if rich {
        proposed::identity(view, &mut span.attrs);
        match view.visible.prompt {
            PromptIdentity::NameVersion => {
                span.attrs.text("gen_ai.prompt.name", view.prompt_name());
                span.attrs.text("gen_ai.prompt.version", format!("v{}", view.version()));
            }
            PromptIdentity::Hash => {
                span.attrs.text("gen_ai.system_instructions.hash", view.prompt_hash());
            }
            PromptIdentity::None => {}
        }
    }
    proposed::add(view, &mut span);
    vec![span]
}

fn answer(view: &View<'_>, attrs: &mut Attrs) {
    attrs.int("http.response.status_code", 200);
    attrs.text("gen_ai.response.id", view.response_id);
    attrs.text("gen_ai.response.model", view.pool.response_model);
    attrs.text("anthropic.message.stop_reason", "end_turn");
    attrs.text("anthropic.response.service_tier", "standard");
    attrs.int("gen_ai.usage.input_tokens", view.input_tokens());
    attrs.int("gen_ai.usage.output_tokens", view.output_tokens());
    if let Some(cached) = view.cached_tokens() {
        attrs.int("gen_ai.usage.cache_read.input_tokens", cached);
    }
    if let Some(written) = view.written_tokens() {
        attrs.int("gen_ai.usage.cache_write.input_tokens", written);
        attrs.int("anthropic.usage.cache_creation.ephemeral_5m_input_tokens", written);
        attrs.int("anthropic.usage.cache_creation.ephemeral_1h_input_tokens", 0);
    }
    if let Some(ttft_s) = view.ttft_s() {
        attrs.float("gen_ai.response.time_to_first_chunk", ttft_s);
    }
}
