//! The labelled world: the same bytes from the same seed, effects that physics allows, dumps that
//! decode, truth that agrees with its dump.

use std::collections::HashSet;
use std::path::Path;

use llmspan::diagnosis::Cause;
use llmspan::simulate::case::{Case, Severity, Wanted, make};
use llmspan::simulate::dialect::Dialect;
use llmspan::simulate::incident::{Effect, Trap};
use llmspan::simulate::labels::Observability;
use llmspan::simulate::suite::{Suite, Theme, write_suite};
use llmspan::simulate::truth::{Pair, Signal, ratio};
use llmspan::simulate::write::Format;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde_json::Value;

fn case(effect: Effect, seed: u64) -> Case {
    make(&Wanted {
        effects: vec![effect],
        severity: Severity::Moderate,
        window_calls: 160,
        providers: vec!["openai"],
        tenants: false,
        seed,
        trace: None,
    })
}

fn suite(theme: Theme, dialect: Dialect, format: Format) -> Suite {
    Suite {
        theme,
        cases: 1,
        seed: 5,
        dialect: Some(dialect),
        observability: Some(Observability::Full),
        format: Some(format),
        severity: Some(Severity::Moderate),
        window_calls: Some(40),
        trace: None,
    }
}

/// The calls of the incident's slice that started while it lasted.
fn inside(case: &Case) -> Vec<Pair> {
    let incident = case.realised[0].incident;
    let pairs = case.pairs.iter().zip(&case.held);
    pairs
        .filter(|(pair, held)| {
            held[0] && pair.start_s >= incident.onset_s && pair.start_s < incident.end_s
        })
        .map(|(pair, _)| *pair)
        .collect()
}

#[test]
fn longer_answers_leave_ttft_and_itl_alone() {
    let case = case(Effect::Cause(Cause::OutputGrowth), 21);
    let pairs = inside(&case);
    assert!((ratio(&pairs, Signal::Ttft, 0.5) - 1.0).abs() < 0.03);
    assert!((ratio(&pairs, Signal::Itl, 0.5) - 1.0).abs() < 0.03);
    assert!(ratio(&pairs, Signal::Duration, 0.5) > 1.2);
}

#[test]
fn contention_moves_itl_more_than_ttft() {
    let case = case(Effect::Cause(Cause::DecodeContention), 22);
    let pairs = inside(&case);
    assert!(ratio(&pairs, Signal::Itl, 0.5) > 1.2);
    assert!(ratio(&pairs, Signal::Ttft, 0.5) < 1.3 * ratio(&pairs, Signal::Itl, 0.5));
}

#[test]
fn lost_capacity_moves_both() {
    let pairs = inside(&case(Effect::Cause(Cause::CapacityEvent), 23));
    assert!(ratio(&pairs, Signal::Itl, 0.5) > 1.05);
    assert!(ratio(&pairs, Signal::Ttft, 0.95) > 1.05);
}

#[test]
fn a_lost_cache_moves_ttft_and_not_itl() {
    let pairs = inside(&case(Effect::Cause(Cause::CacheMissPromptChanged), 24));
    assert!(ratio(&pairs, Signal::Ttft, 0.5).max(ratio(&pairs, Signal::Ttft, 0.95)) > 1.2);
    assert!(ratio(&pairs, Signal::Itl, 0.5) < 1.12);
}

#[test]
fn a_deploy_that_changes_nothing_slows_nobody() {
    let case = case(Effect::Trap(Trap::BenignDeploy), 25);
    assert!(case.pairs.iter().all(|pair| !pair.affected));
    let bumped = case.run.outcomes.iter().flatten();
    let versions: HashSet<u32> = bumped.map(|outcome| outcome.made.version).collect();
    assert!(versions.len() > 1, "the deploy must be visible");
}

fn written(suite: &Suite, folder: &Path) -> (Vec<u8>, Value) {
    write_suite(suite, folder).expect("a writable folder");
    let format = suite.format.expect("set");
    let dump = std::fs::read(folder.join("000").join(format.file())).expect("the dump");
    let truth = std::fs::read(folder.join("000").join("truth.json")).expect("the truth");
    (dump, serde_json::from_slice(&truth).expect("JSON"))
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let suite = suite(Theme::Cause(Cause::ClientStall), Dialect::Semconv, Format::Ndjson);
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(written(&suite, one.path()), written(&suite, two.path()));
    let other = Suite { seed: 6, ..suite };
    let three = tempfile::tempdir().unwrap();
    assert_ne!(
        written(&other, three.path()).0,
        std::fs::read(one.path().join("000/spans.otlp.ndjson")).unwrap()
    );
}

#[test]
fn every_dialect_writes_json_that_the_otlp_types_read() {
    for dialect in Dialect::ALL {
        let folder = tempfile::tempdir().unwrap();
        let (dump, truth) = written(
            &suite(Theme::Cause(Cause::ClientRetries), dialect, Format::Ndjson),
            folder.path(),
        );
        let mut ids = HashSet::new();
        for line in dump.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let request: ExportTraceServiceRequest =
                serde_json::from_slice(line).expect("OTLP/JSON");
            let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
            for span in scopes.flat_map(|scope| &scope.spans) {
                assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{}", span.name);
                assert!(ids.insert(span.span_id.clone()), "a span id twice");
            }
        }
        agrees(&truth, &ids);
    }
}

/// Every call of the window is in the dump, once, and on one side of the truth.
fn agrees(truth: &Value, ids: &HashSet<Vec<u8>>) {
    let list = |name: &str| truth[name].as_array().expect("a list").len();
    assert_eq!(list("affected_request_ids") + list("unaffected_request_ids"), list("window_calls"));
    assert_eq!(truth["window"]["affected"], list("affected_request_ids"));
    for call in truth["window_calls"].as_array().expect("a list") {
        let hex = call[2].as_str().expect("a span id");
        let bytes: Vec<u8> = (0..8)
            .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex digits"))
            .collect();
        assert!(ids.contains(&bytes), "{hex} is not in the dump");
    }
    assert!(truth["acceptable_top1"].as_array().expect("a list").contains(&truth["labels"][0]));
}

#[test]
fn protobuf_frames_and_parquet_hold_the_same_spans() {
    let about = Theme::Cause(Cause::OutputGrowth);
    let spans = |request: &ExportTraceServiceRequest| -> usize {
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.map(|scope| scope.spans.len()).sum()
    };
    let folder = tempfile::tempdir().unwrap();
    let (bare, truth) = written(&suite(about, Dialect::OpenLlmetry, Format::Pb), folder.path());
    let count = spans(&ExportTraceServiceRequest::decode(bare.as_slice()).unwrap());
    assert_eq!(truth["spans_total"], count);

    let (framed, _) = written(&suite(about, Dialect::OpenLlmetry, Format::LenPb), folder.path());
    let (mut rest, mut in_frames) = (framed.as_slice(), 0);
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (message, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        in_frames += spans(&ExportTraceServiceRequest::decode(message).unwrap());
        rest = tail;
    }
    assert_eq!(in_frames, count);

    written(&suite(about, Dialect::OpenLlmetry, Format::Parquet), folder.path());
    let file = std::fs::File::open(folder.path().join("000/spans.parquet")).unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, count);
}
