//! Any valid spans, written in every form that llmspan writes, come back as the same calls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::path::Path;

use llmspan::calls::CallTable;
use llmspan::ingest::{CanonicalFormat, Options};
use llmspan::simulate::dump::Assembled;
use llmspan::simulate::span::{Attrs, Span, SpanKind, Status};
use llmspan::simulate::write::{Format, write};
use proptest::prelude::*;

const BASE_NS: i64 = 1_793_714_400_000_000_000;

fn read(path: &Path) -> CallTable {
    let (table, ingest) =
        llmspan::read(&[path.display().to_string()], &Options::default()).unwrap();
    assert!(!ingest.lost_any(), "{}: {:?}", path.display(), ingest.files);
    table
}

/// What one span carries; texts may hold anything that a text can.
#[derive(Debug, Clone)]
struct Call {
    offset_ns: i64,
    length_ns: i64,
    texts: [String; 4],
    counts: [Option<u32>; 4],
    ttft_s: Option<f64>,
    streamed: Option<bool>,
    failed: bool,
    openinference: bool,
    server: bool,
}

fn call() -> impl Strategy<Value = Call> {
    let text = || "[ -~]{0,12}|\\PC{1,6}|[\\x00-\\x1f\"\\\\<>=,|]{1,4}|[0-9]{1,9}|true|\u{202e}a";
    let texts = [text(), text(), text(), text()];
    let count = || proptest::option::of(0_u32..2_000_000);
    (
        (0_i64..3_600_000_000_000, 0_i64..600_000_000_000),
        texts,
        [count(), count(), count(), count()],
        proptest::option::of(0.0_f64..30.0),
        any::<(Option<bool>, bool, bool, bool)>(),
    )
        .prop_map(|((offset_ns, length_ns), texts, counts, ttft_s, flags)| {
            let (streamed, failed, openinference, server) = flags;
            Call {
                offset_ns,
                length_ns,
                texts,
                counts,
                ttft_s,
                streamed,
                failed,
                openinference,
                server,
            }
        })
}

fn attributes(call: &Call) -> Attrs {
    let mut attrs = Attrs::default();
    let [model, tenant, reason, id] = call.texts.clone();
    let names = if call.openinference {
        attrs.text("openinference.span.kind", "LLM");
        attrs.text("llm.model_name", model);
        ["prompt", "completion", "prompt_details.cache_read", "completion_details.reasoning"]
            .map(|name| format!("llm.token_count.{name}"))
    } else {
        attrs.text("gen_ai.provider.name", "openai");
        attrs.text("gen_ai.operation.name", "chat");
        attrs.text("gen_ai.request.model", model);
        ["input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens"]
            .map(|name| format!("gen_ai.usage.{name}"))
    };
    for (name, count) in names.into_iter().zip(call.counts) {
        if let Some(count) = count {
            attrs.int(name, i64::from(count));
        }
    }
    if let Some(ttft_s) = call.ttft_s {
        attrs.float("gen_ai.response.time_to_first_chunk", ttft_s);
    }
    if let Some(streamed) = call.streamed {
        attrs.flag("gen_ai.request.stream", streamed);
    }
    attrs.list("gen_ai.response.finish_reasons", reason);
    attrs.text("gen_ai.response.id", id);
    attrs.text("tenant.id", tenant);
    attrs.text("gen_ai.input.messages", "a prompt that must not be kept");
    attrs
}

fn span(place: usize, call: &Call) -> Span {
    let start_ns = BASE_NS + call.offset_ns;
    let end_ns = start_ns + call.length_ns;
    let first = (start_ns + call.length_ns / 3, "First Token Stream Event", Attrs::default());
    Span {
        trace_id: format!("{:032x}", place / 2 + 1),
        span_id: format!("{:016x}", place + 1),
        parent_id: String::new(),
        name: "chat".into(),
        kind: if call.server { SpanKind::Server } else { SpanKind::Client },
        start_ns,
        end_ns,
        status: if call.failed { (Status::Error, "") } else { (Status::Unset, "") },
        attrs: attributes(call),
        events: if call.openinference { vec![first] } else { Vec::new() },
        dropped_events: 0,
        scope: ("a.scope", "1.0"),
        resource: place % 2,
    }
}

fn dump(calls: &[Call]) -> Assembled {
    let resource = |name: &str| {
        let mut attrs = Attrs::default();
        attrs.text("service.name", name);
        attrs
    };
    // A kept attribute that only some calls have, or none.
    let mut other = resource("b \"quoted\"");
    other.text("service.version", calls[0].texts[0].clone());
    Assembled {
        resources: vec![resource("a"), other],
        spans: calls.iter().enumerate().map(|(place, call)| span(place, call)).collect(),
        ids: Vec::new(),
        pods: Vec::new(),
    }
}

/// As many as take a few seconds, or as `PROPTEST_CASES` says.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(48, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn spans_come_back_as_the_same_table_from_every_form(calls in proptest::collection::vec(call(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let dump = dump(&calls);
        let mut first: Option<CallTable> = None;
        for format in Format::ALL {
            let path = folder.path().join(format.file());
            write(&dump, format, &path).unwrap();
            let table = read(&path);
            prop_assert!(!table.is_empty());
            match &first {
                Some(first) => prop_assert_eq!(first, &table, "{:?} differs", format),
                None => first = Some(table),
            }
        }
    }

    /// Also where spans are written twice, once with less on them.
    #[test]
    fn the_order_of_the_spans_decides_nothing(
        calls in proptest::collection::vec(call(), 1..12),
        order in Just((0..24_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut dump = dump(&calls);
        let again: Vec<Span> = dump.spans.iter().filter(|span| span.start_ns % 2 == 0).cloned().collect();
        dump.spans.extend(again.into_iter().map(|mut span| {
            span.attrs.0.pop();
            span.attrs.0.retain(|(name, _)| name != "tenant.id");
            span
        }));
        let path = folder.path().join(Format::Ndjson.file());
        write(&dump, Format::Ndjson, &path).unwrap();
        let table = read(&path);
        let spans = std::mem::take(&mut dump.spans);
        dump.spans = order.iter().filter_map(|place| spans.get(*place).cloned()).collect();
        write(&dump, Format::Ndjson, &path).unwrap();
        prop_assert_eq!(table, read(&path));
    }

    #[test]
    fn calls_come_back_as_the_same_table_from_every_form(calls in proptest::collection::vec(call(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Format::ALL[0].file());
        write(&dump(&calls), Format::ALL[0], &path).unwrap();
        let table = read(&path);
        for format in [CanonicalFormat::Parquet, CanonicalFormat::Ndjson, CanonicalFormat::Csv] {
            let mut bytes = Vec::new();
            table.write(format, &mut bytes).unwrap();
            let path = folder.path().join("calls");
            std::fs::write(&path, &bytes).unwrap();
            prop_assert_eq!(&table, &read(&path), "{:?} differs", format);
            let text = String::from_utf8_lossy(&bytes);
            prop_assert!(!text.contains("must not be kept"));
        }
    }
}
