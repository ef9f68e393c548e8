//! Every container, spelling and compression of OTLP gives the same spans.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::Path;

use llmspan::error::Result;
use llmspan::ingest::{self, Ingested, Options};
use support::wanted::{genai, render, render_spans};

fn read(path: &Path) -> Result<Ingested> {
    ingest::read(&[path.display().to_string()], &genai(), &Options::default())
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new("testdata/formats").join(name)
}

#[test]
fn every_form_of_the_fixture_gives_the_same_spans() {
    let whole = read(&fixture("lines.ndjson")).unwrap();
    assert_eq!((whole.ingest.spans, whole.spans.spans.len()), (7, 6));
    assert_eq!((whole.spans.resources.len(), whole.spans.scopes.len()), (2, 3));
    let mut compared = 0;
    for entry in Path::new("testdata/formats").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let read = read(&path).unwrap();
        assert!(!read.ingest.lost_any(), "{}: {:?}", path.display(), read.ingest.files);
        let bare = path.file_name().unwrap().to_string_lossy().contains("span");
        if bare {
            assert_eq!(render_spans(&read), render_spans(&whole), "{}", path.display());
        } else {
            assert_eq!(render(&read), render(&whole), "{}", path.display());
        }
        compared += 1;
    }
    assert!(compared >= 40, "{compared}");
}

#[test]
fn the_report_says_what_a_file_turned_out_to_be() {
    let format = |name: &str| read(&fixture(name)).unwrap().ingest.files[0].format.clone();
    assert_eq!(format("lines.ndjson"), "otlp_json");
    assert_eq!(format("members.ndjson.gz"), "otlp_json (gzip)");
    assert_eq!(format("bare.pb"), "otlp_proto");
    assert_eq!(format("zstd_in_gzip.pb"), "otlp_proto (gzip, zstd)");
    assert_eq!(format("delimited.pb"), "otlp_proto delimited");
    assert_eq!(format("frames_zstd_json.bin"), "otlp frames");
}

#[test]
fn lines_of_other_signals_are_skipped_and_counted() {
    let read = read(&fixture("with_other_signals.ndjson")).unwrap();
    let losses = &read.ingest.files[0].losses;
    let told: Vec<_> = losses.iter().map(|l| (l.reason.as_str(), l.first.as_str())).collect();
    assert_eq!(told, [("logs", "line 1"), ("metrics", "line 4"), ("profiles", "line 6")]);
    assert!(!read.ingest.lost_any());
}

#[test]
fn several_inputs_come_in_the_order_given_and_share_their_resources() {
    let inputs = ["bare.pb", "lines.ndjson", "frames.pb"].map(|f| fixture(f).display().to_string());
    let read = ingest::read(&inputs, &genai(), &Options::default()).unwrap();
    assert_eq!(read.spans.spans.len(), 18);
    assert_eq!(read.spans.resources.len(), 2);
    let files: Vec<_> = read.ingest.files.iter().map(|file| file.file.clone()).collect();
    assert_eq!(files, inputs);
}

#[test]
fn the_result_is_the_same_at_one_thread_and_at_many() {
    let lines = std::fs::read(fixture("lines.ndjson")).unwrap();
    let pretty = std::fs::read(fixture("concatenated_pretty.json")).unwrap();
    let frames = std::fs::read(fixture("frames.pb")).unwrap();
    let bare = std::fs::read(fixture("bare.pb")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, piece) in [("l", lines), ("p", pretty), ("f", frames), ("b", bare)] {
        // Several chunks of 4 MiB, and a bad record far behind the first.
        let mut content = piece.repeat((9 << 20) / piece.len());
        content.extend_from_slice(&piece[..piece.len() - 100]);
        let path = dir.path().join(name);
        std::fs::write(&path, &content).unwrap();
        let packed = dir.path().join(format!("{name}.zst"));
        std::fs::write(&packed, zstd::encode_all(&content[..], 1).unwrap()).unwrap();
        let at = |path: &Path, threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let read = pool.install(|| read(path)).unwrap();
            assert_eq!(read.spans.resources.len(), 2, "{name}");
            (render(&read), read.ingest.files[0].losses.clone())
        };
        let one = at(&path, 1);
        assert!(one.0.lines().count() > 1000, "{name}");
        assert_eq!(one.1.len(), 1, "{name} {:?}", one.1);
        assert!(one == at(&path, 4), "{name} differs by threads");
        assert!(one == at(&packed, 3), "{name} differs when compressed");
    }
}

#[test]
fn every_form_of_a_real_dump_gives_the_same_spans() {
    let Some(root) = support::shared("realspans") else { return };
    let mut compared = 0;
    for dialect in root.read_dir().unwrap() {
        let dialect = dialect.unwrap().path();
        if !dialect.is_dir() {
            continue;
        }
        let forms = [
            "spans.otlp.ndjson.gz",
            "spans.otlp.pb.zst",
            "spans.lenprefixed.pb",
            "spans.collector-compression-zstd.json.bin",
            "spans.collector-compression-zstd.proto.bin",
        ];
        let mut first: Option<String> = None;
        for form in forms.map(|form| dialect.join(form)).iter().filter(|path| path.exists()) {
            let ingested = read(form).unwrap();
            assert!(!ingested.ingest.lost_any(), "{}: {:?}", form.display(), ingested.ingest.files);
            let text = render(&ingested);
            assert!(!ingested.spans.spans.is_empty(), "{}", form.display());
            let first = first.get_or_insert_with(|| text.clone());
            assert!(*first == text, "{} differs", form.display());
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared}");
}

/// Files of public projects: spans seen, or what the refusal says.
const SAMPLES: [(&str, std::result::Result<u64, &str>); 35] = [
    ("agora/demo_traces.jsonl", Ok(957)),
    ("agora/examples_decorator_example_telemetry_traces_1762768076.jsonl", Ok(54)),
    ("azure-public-dataset/data_AzureLLMInferenceTrace_code.csv", Err(NO_LENGTH)),
    ("azure-public-dataset/data_AzureLLMInferenceTrace_conv.csv", Err(NO_LENGTH)),
    ("duckdb-otlp/test_data_malformed.jsonl", Ok(1)),
    ("duckdb-otlp/test_data_multifile_malformed_traces.jsonl", Err("JSON cut short")),
    ("duckdb-otlp/test_data_multifile_valid_traces.jsonl", Ok(1)),
    ("duckdb-otlp/test_data_otap_traces-initial.otlp", Ok(1)),
    ("duckdb-otlp/test_data_otlp_traces.pb", Ok(1)),
    ("duckdb-otlp/test_data_single_trace.jsonl", Ok(1)),
    ("duckdb-otlp/test_data_traces_deep_nesting.jsonl", Ok(1)),
    ("duckdb-otlp/test_data_traces_large_attrs.jsonl", Ok(1)),
    ("duckdb-otlp/test_data_traces_nulls.jsonl", Ok(3)),
    ("duckdb-otlp/test_data_traces_simple.jsonl", Ok(3)),
    ("duckdb-otlp/test_data_ts_overflow_logs.jsonl", Err("logs (line 1)")),
    ("hyperdx/smoke-tests_otel-collector_data_traces_basic-insert_input.json", Ok(2)),
    (
        "jaeger/cmd_jaeger_internal_extension_jaegerquery_internal_apiv3_snapshots_GetTrace.json",
        Ok(1),
    ),
    (
        "jaeger/cmd_jaeger_internal_extension_jaegerquery_internal_fixture_otlp2jaeger-in.json",
        Ok(2),
    ),
    ("jaeger/internal_storage_integration_fixtures_traces_example_trace.json", Ok(5)),
    ("mooncake/FAST25-release_traces_synthetic_trace.jsonl", Err("JSON without spans (line 1)")),
    ("opentelemetry-proto/examples_trace.json", Ok(1)),
    ("otelite/crates_otelite-core_tests_fixtures_sample_traces.json", Ok(1)),
    ("otelq/tests_testdata_logs.jsonl", Err("logs (line 1)")),
    ("otelq/tests_testdata_traces.jsonl", Ok(8)),
    ("otlp2parquet/testdata_invalid_trace_invalid_base64.json", Ok(1)),
    ("otlp2parquet/testdata_metrics_mixed.jsonl", Err("metrics (line 1)")),
    ("otlp2parquet/testdata_trace.json", Ok(2)),
    ("otlp2parquet/testdata_trace.pb", Ok(2)),
    ("otlp2parquet/testdata_traces.jsonl", Ok(19)),
    ("otlp2parquet/testdata_traces.pb", Ok(19)),
    ("otlp2records/tests_fixtures_sample_otlp_traces.json", Ok(1)),
    ("ottl-playground/testdata_traces.json", Ok(2)),
    ("robotframework-trace-report/otel-traces.json", Ok(1066)),
    ("robotframework-trace-report/tests_fixtures_malformed_trace.json", Ok(3)),
    ("zipkin/zipkin-lens_testdata_yelp.json", Ok(16)),
];

/// How traces of requests without any length of time are refused.
const NO_LENGTH: &str = "a time, a duration or first token, and a model or token counts";

#[test]
fn files_of_public_projects_are_read_or_refused_as_they_should_be() {
    let Some(root) = support::shared("samples") else { return };
    for (name, want) in SAMPLES {
        match (read(&root.join(name)), want) {
            (Ok(read), Ok(spans)) => assert_eq!(read.ingest.spans, spans, "{name}"),
            (Err(error), Err(message)) => {
                assert!(error.to_string().contains(message), "{name}: {error}");
                assert_eq!(error.exit_code(), 3);
            }
            (read, _) => panic!("{name}: {:?}", read.map(|read| read.ingest)),
        }
    }
}

#[test]
fn the_ids_of_base64_json_are_those_of_its_protobuf_twin() {
    let Some(root) = support::shared("samples/otlp2parquet") else { return };
    let mut wanted = genai();
    for name in ["GET /api/users", "SELECT users", "http.request", "db.query"] {
        wanted.want_span(name);
    }
    wanted.want_attr("http.method", ingest::Keep::Always);
    wanted.want_attr("http.request.method", ingest::Keep::Always);
    wanted.want_attr("net.peer.ip", ingest::Keep::Always);
    wanted.want_attr("rpc.system", ingest::Keep::Always);
    let read = |name: &str| {
        let path = root.join(name).display().to_string();
        ingest::read(&[path], &wanted, &Options::default()).unwrap()
    };
    let (json, proto) = (read("testdata_traces.jsonl"), read("testdata_traces.pb"));
    assert!(!json.spans.spans.is_empty());
    assert_eq!(render(&json), render(&proto));
}
