//! A lookup made by hand, for tests of ingest that must not depend on the dialect tables.

use llmspan::ingest::{Ingested, Keep, Wanted};

/// Wants what the real dumps carry of each way to be taken.
pub fn genai() -> Wanted {
    let mut wanted = Wanted::default();
    for name in [
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.response.id",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.time_to_first_chunk",
        "llm.model_name",
        "ai.model.id",
        "ai.response.msToFirstChunk",
        "langfuse.observation.model.name",
    ] {
        wanted.want_attr(name, Keep::Always);
    }
    for name in ["http.response.header.x_request_id", "http.response.header.x-request-id"] {
        wanted.want_attr(name, Keep::IfClient);
    }
    for name in ["service.name", "telemetry.sdk.language", "http.response.status_code"] {
        wanted.want_attr(name, Keep::Never);
    }
    wanted.want_path("langfuse.observation.usage_details", &["total_tokens"], Keep::Always);
    wanted.want_path("output.value", &["id"], Keep::Never);
    wanted.want_path("output.value", &["usage", "prompt_tokens"], Keep::Never);
    wanted.want_event("gen_ai.content.completion.chunk", Keep::Always);
    wanted.want_event_attr("exception", "exception.type", Keep::Never);
    wanted.want_event_attr("ai.stream.firstChunk", "ai.response.msToFirstChunk", Keep::Never);
    wanted.want_span("GET");
    wanted
}

/// Everything that was read, one line a span.
pub fn render(ingested: &Ingested) -> String {
    lines(ingested, true)
}

/// The spans alone, without their resources and scopes, one line a span.
pub fn render_spans(ingested: &Ingested) -> String {
    lines(ingested, false)
}

fn lines(ingested: &Ingested, groups: bool) -> String {
    let spans = &ingested.spans;
    let mut text = format!("{} spans seen\n", ingested.ingest.spans);
    for span in spans.spans.iter() {
        let attrs: Vec<_> = spans.attrs(span).iter().collect();
        let mut span = span.clone();
        (span.attrs, span.packed) = Default::default();
        let resource = &spans.resources[span.resource as usize];
        let scope = &spans.scopes[span.scope as usize];
        (span.resource, span.scope) = (0, 0);
        text += &format!("{span:?} {attrs:?}");
        if groups {
            text += &format!(" {resource:?} {scope:?}");
        }
        text += "\n";
    }
    text
}
