//! Parquet layouts: the same spans whatever the layout, and a clear word where there are none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use llmspan::ingest::{
    FileOutcome, Keep, Span, SpanKind, StatusCode, Value, ValueRef, Wanted, parquet,
};

const MODEL: &str = "gen_ai.request.model";
const INPUT: &str = "gen_ai.usage.input_tokens";

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/parquet");
    fs::read(folder.join(name)).unwrap()
}

fn wanted() -> Wanted {
    let mut wanted = Wanted::default();
    for name in [
        MODEL,
        INPUT,
        "gen_ai.response.id",
        "llm.model_name",
        "llm.token_count.prompt",
        "langfuse.observation.type",
    ] {
        wanted.want_attr(name, Keep::Always);
    }
    for name in [
        "gen_ai.response.finish_reasons",
        "ai.response.msToFirstChunk",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "service.name",
        "cloud.region",
        "llm.token_count.completion",
        "llm.token_count.prompt_details.cache_read",
        "metadata.tenant",
        "openinference.span.kind",
        "langfuse.observation.model.name",
        "langfuse.observation.completion_start_time",
        "langfuse.observation.level",
        "langfuse.observation.prompt.version",
        "langfuse.observation.metadata.note",
        "session.id",
    ] {
        wanted.want_attr(name, Keep::Never);
    }
    for name in ["http.response.header.x-request-id", "http.response.header.request_id"] {
        wanted.want_attr(name, Keep::IfClient);
    }
    wanted.want_path("ai.response.providerMetadata", &["openai", "serviceTier"], Keep::Never);
    for key in ["input", "input_cached_tokens"] {
        wanted.want_path("langfuse.observation.usage_details", &[key], Keep::Never);
    }
    wanted.want_event("ai.stream.firstChunk", Keep::Never);
    wanted.want_event_attr("ai.stream.firstChunk", "ai.response.msToFirstChunk", Keep::Never);
    wanted.want_event("First Token Stream Event", Keep::Never);
    wanted
}

fn read(name: &str, wanted: &Wanted) -> FileOutcome {
    let outcome = parquet::read(name, fixture(name), wanted).unwrap();
    assert!(outcome.losses.is_empty(), "{name}: {:?}", outcome.losses);
    outcome
}

/// What a span says, in one form for all layouts: numbers as numbers, attributes sorted.
fn told(outcome: &FileOutcome, wanted: &Wanted) -> Vec<String> {
    let one = |span: &Span| {
        let resource = &outcome.spans.resources[span.resource as usize];
        let scope = &outcome.spans.scopes[span.scope as usize];
        let of_resource = resource.attrs.iter().map(|(id, value)| (*id, value.lent()));
        let attrs = outcome.spans.attrs(span);
        let mut attrs: Vec<String> = attrs
            .iter()
            .chain(of_resource)
            .map(|(id, value)| match value.as_f64() {
                Some(number) => format!("{}={number}", wanted.name(id)),
                None => format!("{}={}", wanted.name(id), value.as_str().unwrap()),
            })
            .collect();
        attrs.sort();
        let ids = [&span.trace_id, &span.span_id, &span.parent_span_id].map(ToString::to_string);
        format!(
            "{ids:?} {:?} {:?} {:?} {} {:?} {scope:?} {:?} {attrs:?}",
            span.name, span.kind, span.status, span.start_ns, span.end_ns, span.events,
        )
    };
    outcome.spans.spans.iter().map(one).collect()
}

fn attr<'s>(
    outcome: &'s FileOutcome,
    span: &Span,
    wanted: &Wanted,
    name: &str,
) -> Option<ValueRef<'s>> {
    let attrs = outcome.spans.attrs(span);
    let id = wanted.id(name).unwrap_or_else(|| panic!("{name} is wanted"));
    attrs.place(id).and_then(|place| attrs.get(place))
}

fn texts<'s>(outcome: &'s FileOutcome, wanted: &Wanted, name: &str) -> Vec<&'s str> {
    let spans = outcome.spans.spans.iter();
    spans
        .filter_map(|span| attr(outcome, span, wanted, name))
        .filter_map(ValueRef::as_str)
        .collect()
}

#[test]
fn clickhouse_spans_carry_their_attributes_events_and_resource() {
    let wanted = wanted();
    let outcome = read("clickhouse_vercel_ai.parquet", &wanted);
    assert_eq!(outcome.format, "parquet: ClickHouse otel_traces");
    let spans = &outcome.spans.spans;
    assert!(outcome.span_count > spans.len() as u64, "spans of no interest are only counted");
    let call = spans.iter().find(|span| &*span.name == "ai.streamText.doStream").unwrap();
    assert_eq!(call.trace_id.to_string(), "85f17a6874a90d1cbf2c649c13f5cdb0");
    assert_eq!(call.parent_span_id.to_string(), "7a78b0920782edcc");
    assert_eq!(call.kind, SpanKind::Internal);
    assert_eq!(call.end_ns.unwrap() - call.start_ns, 1_814_055_600);
    let text = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_str);
    let number = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_f64);
    assert_eq!(text(MODEL), Some("gpt-4o"));
    assert_eq!(number(INPUT), Some(1800.0));
    assert_eq!(text("gen_ai.response.finish_reasons"), Some("stop"));
    let first = number("event:ai.stream.firstChunk#ai.response.msToFirstChunk");
    assert_eq!(first.unwrap().round(), 1254.0);
    assert_eq!(call.events[0].time_ns, 1_795_343_123_118_511_193);
    let resource = &outcome.spans.resources[call.resource as usize];
    let region = wanted.id("cloud.region").unwrap();
    assert!(resource.attrs.contains(&(region, Value::Str("iad1".into()))));
    let tiers = texts(&outcome, &wanted, "ai.response.providerMetadata#openai.serviceTier");
    assert!(tiers.contains(&"default"), "a document gives its wanted path: {tiers:?}");
}

#[test]
fn the_same_traces_are_the_same_spans_in_every_layout() {
    let wanted = wanted();
    let expected = told(&read("clickhouse_vercel_ai.parquet", &wanted), &wanted);
    assert!(expected.len() >= 8);
    for (name, format) in [
        ("clickhouse_binary.parquet", "parquet: ClickHouse otel_traces"),
        ("clickhouse_json.parquet", "parquet: ClickHouse otel_traces"),
        ("nested_otlp.parquet", "parquet: spans with an attributes column"),
        ("flattened_python_sdk.parquet", "parquet: flattened attributes"),
    ] {
        let outcome = read(name, &wanted);
        assert_eq!(outcome.format, format);
        assert_eq!(told(&outcome, &wanted), expected, "{name}");
    }
}

#[test]
fn arrays_written_as_json_text_are_their_first_scalar() {
    const PROCESSING: &str = "http.response.header.openai_processing_ms";
    let mut wanted = wanted();
    wanted.want_attr(PROCESSING, Keep::IfClient);
    let outcome = read("clickhouse_array_text.parquet", &wanted);
    let found = texts(&outcome, &wanted, PROCESSING);
    assert!(!found.is_empty() && found.iter().all(|text| text.parse::<u32>().is_ok()), "{found:?}");
    let real = read("clickhouse_anthropic.parquet", &wanted);
    let ids = texts(&real, &wanted, "http.response.header.request_id");
    assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with("req_")), "{ids:?}");
}

#[test]
fn flattened_columns_made_by_hand_are_read() {
    let mut wanted = wanted();
    wanted.want_event("cache_miss", Keep::Never);
    wanted.want_event_attr("cache_miss", "reason", Keep::Never);
    let outcome = read("flattened.parquet", &wanted);
    let spans = &outcome.spans.spans;
    let call = spans.iter().find(|span| &*span.name == "chat gemini-2.0-flash").unwrap();
    assert_eq!(call.kind, SpanKind::Client);
    let text = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_str);
    assert_eq!(text("gen_ai.response.finish_reasons"), Some("stop"));
    assert_eq!(text("event:cache_miss#reason"), Some("evicted"));
    assert_eq!(call.events.len(), 1);
    let scope = &outcome.spans.scopes[call.scope as usize];
    assert_eq!(&*scope.name, "opentelemetry.instrumentation.openai_v2");
    let langfuse = read("flattened_langfuse_sdk.parquet", &wanted);
    let inputs = langfuse.spans.spans.iter().filter_map(|span| {
        attr(&langfuse, span, &wanted, "langfuse.observation.usage_details#input")
            .and_then(ValueRef::as_f64)
    });
    assert!(inputs.count() > 0);
}

#[test]
fn phoenix_frames_of_both_clients_are_read_alike() {
    let wanted = wanted();
    for name in ["phoenix_client.parquet", "phoenix_direct.parquet"] {
        let outcome = read(name, &wanted);
        assert_eq!((outcome.format.as_str(), outcome.span_count), ("parquet: Phoenix spans", 3));
        let [call] = outcome.spans.spans.iter().collect::<Vec<_>>()[..] else {
            panic!("{name}: one LLM call")
        };
        let number = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_f64);
        let text = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_str);
        assert_eq!(call.kind, SpanKind::Unspecified, "OpenInference's kind is not OTel's");
        assert_eq!(text("openinference.span.kind"), Some("LLM"));
        assert_eq!(number("llm.token_count.prompt"), Some(1800.0));
        assert_eq!(number("llm.token_count.prompt_details.cache_read"), Some(1280.0));
        assert_eq!(text("metadata.tenant"), Some("acme"));
        assert_eq!(call.status, StatusCode::Ok);
        assert_eq!(call.events[0].time_ns, 1_767_323_045_900_000_000);
    }
}

#[test]
fn langfuse_observations_carry_the_names_that_its_sdk_gives() {
    let wanted = wanted();
    for (name, first) in [
        ("langfuse_v2.parquet", "2026-01-02T03:04:05.900000000Z"),
        ("langfuse_milliseconds.parquet", "2026-01-02T03:04:05.900456000Z"),
    ] {
        let outcome = read(name, &wanted);
        assert_eq!(outcome.format, "parquet: Langfuse observations");
        let [call, failed, _span] = outcome.spans.spans.iter().collect::<Vec<_>>()[..] else {
            panic!("{name}: three")
        };
        let text = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_str);
        assert_eq!(text("langfuse.observation.type"), Some("generation"));
        assert_eq!(text("langfuse.observation.model.name"), Some("gpt-4o"));
        assert_eq!(text("langfuse.observation.completion_start_time"), Some(first), "{name}");
        assert_eq!(text("http.response.header.x-request-id"), Some("req_1"));
        assert_eq!(text("langfuse.observation.metadata.note"), Some("x"));
        assert_eq!(text("session.id"), Some("s1"));
        let number = |name| attr(&outcome, call, &wanted, name).and_then(ValueRef::as_f64);
        assert_eq!(number("langfuse.observation.usage_details#input"), Some(520.0));
        assert_eq!(number("langfuse.observation.usage_details#input_cached_tokens"), Some(1280.0));
        assert_eq!(number("langfuse.observation.prompt.version"), Some(7.0));
        let service = &outcome.spans.resources[call.resource as usize].attrs;
        assert_eq!(service[0].1, Value::Str("rag".into()));
        assert_eq!(failed.span_id.to_string(), "obs-2");
        assert_eq!(failed.status, StatusCode::Error);
        assert_eq!(failed.end_ns.unwrap() - failed.start_ns, 1_500_000_000, "{name}: latency");
        let id = attr(&outcome, failed, &wanted, "http.response.header.x-request-id");
        assert_eq!(id.unwrap().as_str(), Some("req_2"));
        assert!(
            attr(&outcome, failed, &wanted, "langfuse.observation.completion_start_time").is_none()
        );
        assert_eq!(failed.resource, call.resource);
    }
}

#[test]
fn otlp2parquet_tables_are_counted_although_none_of_their_spans_is_wanted() {
    let mut wanted = wanted();
    let outcome = read("otlp2parquet.parquet", &wanted);
    assert_eq!(outcome.format, "parquet: otlp2parquet");
    assert_eq!((outcome.span_count, outcome.spans.spans.len()), (19, 0));
    wanted.want_attr("rpc.grpc.status_code", Keep::Always);
    let outcome = read("otlp2parquet.parquet", &wanted);
    let span = &outcome.spans.spans[0];
    assert_eq!(attr(&outcome, span, &wanted, "rpc.grpc.status_code"), Some(ValueRef::Int(0)));
    assert_eq!(span.end_ns.unwrap() - span.start_ns, 367_000_000);
}

#[test]
fn a_table_that_holds_no_spans_is_refused_with_its_columns() {
    let error = parquet::read("x.parquet", fixture("not_spans.parquet"), &wanted()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("Looked for ClickHouse `otel_traces`"), "{message}");
    assert!(message.contains("prompt, response, reasoning_trace"), "{message}");
    assert_eq!(error.exit_code(), 3);
}

#[test]
fn a_cut_or_damaged_file_says_so_and_gives_what_it_can() {
    let wanted = wanted();
    let error = parquet::read("cut.parquet", fixture("cut.parquet"), &wanted).unwrap_err();
    assert!(error.to_string().contains("without its footer"), "{error}");
    let whole = fixture("clickhouse_vercel_ai.parquet");
    let rows = read("clickhouse_vercel_ai.parquet", &wanted).span_count;
    let mut some_lost = 0;
    for place in (4..whole.len() - 8).step_by(97) {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(place).take(5) {
            *byte ^= 0x5a;
        }
        if let Ok(outcome) = parquet::read("damaged.parquet", bytes, &wanted) {
            some_lost += usize::from(outcome.losses.losses().iter().any(|loss| loss.lost));
            assert!(outcome.spans.spans.len() as u64 <= rows);
        }
    }
    assert!(some_lost > 0, "a damaged row group is counted and the others are read");
}
