//! Rows of other tools as JSON and CSV: each file's calls, held against the file's own fields.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::{Path, PathBuf};

use llmspan::calls::CallTable;
use llmspan::diagnosis::Ingest;
use llmspan::ingest::{MapRule, Options};
use llmspan::schema::{Col, Kind};

fn read(path: &Path, options: &Options) -> (CallTable, Ingest) {
    llmspan::read(&[path.display().to_string()], options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture, or where the name has a folder a file of a public project; none where it is not at
/// hand.
fn find(name: &str) -> Option<PathBuf> {
    match name.split_once('/') {
        Some((project, file)) => {
            support::shared(&format!("samples/{project}")).map(|folder| folder.join(file))
        }
        None => Some(fixture(name)),
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new("testdata/formats/rows").join(name)
}

/// The known cells of a row that say what was measured.
fn told(table: &CallTable, row: usize) -> String {
    let asked = [
        Col::Dialect,
        Col::Start,
        Col::DurationS,
        Col::TtftS,
        Col::RequestModel,
        Col::ResponseModel,
        Col::InputTokens,
        Col::CacheReadTokens,
        Col::OutputTokens,
        Col::ReasoningTokens,
        Col::Status,
    ];
    let cell = |col: Col| match col.info().kind {
        Kind::Text => table.text(col, row),
        Kind::Time => Some(table.starts_ns()[row].to_string()),
        _ => Some(table.numbers(col)[row]).filter(|float| !float.is_nan()).map(|float| {
            let rounded = (float * 1e6).round() / 1e6;
            rounded.to_string()
        }),
    };
    let cells = asked.map(|col| cell(col).unwrap_or_else(|| "-".to_owned()));
    cells.join(" ")
}

/// File, what it is read as, how many spans, and its calls.
const FILES: &[(&str, &str, u64, &[&str])] = &[
    (
        "langfuse_trace.json",
        "json rows: Langfuse observations",
        2,
        &["langfuse 1767323045835000000 7.878 6.322 - gemini-2.5-flash 1800 1280 90 40 ok"],
    ),
    // 62 and 85 tokens and 3.043 s are the observation's own usageDetails and latency.
    (
        "langfuse/worker_src___tests___chatml_framework-traces_vercel-aisdk-2025-11-17.trace.json",
        "json rows: Langfuse observations",
        3,
        &["vercel 1763391318787000000 3.043 - gpt-5 gpt-5-2025-08-07 62 - 85 - ok"],
    ),
    (
        "langfuse_api_trace.json",
        "json rows: Langfuse observations",
        2,
        &[
            "langfuse 1767323045835000000 7.878 6.322 - gemini-2.5-flash 24 0 1407 1029 ok",
            "langfuse 1767323045835000000 30 - - gemini-2.5-flash - - - - timeout",
        ],
    ),
    (
        "langfuse_api_observations.json",
        "json rows: Langfuse observations",
        2,
        &[
            "langfuse 1767323045835000000 7.878 6.322 - gemini-2.5-flash 24 0 1407 1029 ok",
            "langfuse 1767323045835000000 30 - - gemini-2.5-flash - - - - timeout",
        ],
    ),
    (
        "langfuse_batch_export.csv",
        "csv: Langfuse observations",
        1,
        &["langfuse 1767323045123456000 2.376544 0.777 - gpt-4o 1800 1280 90 - ok"],
    ),
    (
        "langsmith_runs.jsonl",
        "json rows: LangSmith runs",
        2,
        &[
            "langsmith_runs 1767323045123456000 2.376544 0.777 gpt-4o gpt-4o-2024-11-20 1800 1280 \
             90 40 ok",
            "langsmith_runs 1767323045123456000 30 - gpt-4o - - - - - timeout",
        ],
    ),
    // The second did not stream: its first chunk is written as its end.
    (
        "litellm_spend_logs.json",
        "json rows: LiteLLM spend logs",
        2,
        &[
            "litellm_spend_logs 1767323045123456000 2.376544 0.777 gpt-4o gpt-4o-2024-11-20 1800 \
             1280 90 40 ok",
            "litellm_spend_logs 1767323046123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 1280 \
             90 40 ok",
        ],
    ),
    (
        "litellm_spend_logs.csv",
        "csv: LiteLLM spend logs",
        2,
        &[
            "litellm_spend_logs 1767323045123456000 2.376544 0.777 gpt-4o gpt-4o-2024-11-20 1800 \
             1280 90 40 ok",
            "litellm_spend_logs 1767323046123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 1280 \
             90 40 ok",
        ],
    ),
    ("helicone.jsonl", "json rows: Helicone requests", 3, HELICONE),
    ("helicone.csv", "csv: Helicone requests", 3, HELICONE),
    (
        "phoenix_rest.json",
        "json rows: Phoenix spans",
        1,
        &["openinference 1767323045123456000 2.376544 0.776544 - gpt-4o 1800 1280 90 - ok"],
    ),
    ("snowflake_events.jsonl", "json rows: Snowflake event table", 4, SNOWFLAKE),
    ("snowflake_events.csv", "csv: Snowflake event table", 4, SNOWFLAKE),
    (
        "databricks_spans.jsonl",
        "json rows: spans with an attributes column",
        1,
        &["semconv_old 1767323045123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 - 90 - ok"],
    ),
    (
        "homemade_relative.csv",
        "csv: mapped columns",
        2,
        &[
            "mapped_columns 5000000000 3.2 - ChatGPT - 472 - 18 - ok",
            "mapped_columns 45000000000 2 - GPT-4 - 1087 - 230 - ok",
        ],
    ),
    (
        "datadog_export.json",
        "json rows: Datadog LLM Observability spans",
        4,
        &[
            "datadog 1767323045123456000 2.376544 0.777 gpt-4o - 1800 1280 90 - ok",
            "datadog 1767323046000000000 29 - gpt-4o - - - - - error",
        ],
    ),
    ("clickhouse.jsonl", "json rows: ClickHouse otel_traces", 25, CLICKHOUSE),
    ("clickhouse.json", "json rows: ClickHouse otel_traces", 25, CLICKHOUSE),
    ("clickhouse.csv", "csv: ClickHouse otel_traces", 25, CLICKHOUSE),
    (
        "jaeger_ui.json",
        "json rows: Jaeger",
        3,
        &[
            "openai_v2 1767323045123460000 2.376544 - gpt-4o - 1800 - 90 - ok",
            "openai_v2 1767323045123461000 2.376544 - gpt-4o - 1800 - 90 - timeout",
        ],
    ),
    (
        "jaeger_elasticsearch.jsonl",
        "json rows: Jaeger",
        1,
        &["semconv_old 1767323045123456000 2.376544 - gpt-4o - 1800 - 90 - ok"],
    ),
    ("zipkin/zipkin-lens_testdata_yelp.json", "json rows: Zipkin v2", 16, &[]),
    (
        "zipkin.json",
        "json rows: Zipkin v2",
        2,
        &[
            "openai_v2 1767323045123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 - 90 - ok",
            "openai_v2 1767323050000000000 30 - gpt-4o - - - - - timeout",
        ],
    ),
    ("go_stdouttrace.jsonl", "json rows: Go stdouttrace", 2, GO),
    ("go_stdouttrace_pretty.json", "json rows: Go stdouttrace", 2, GO),
    (
        "python_console.json",
        "json rows: spans with an attributes column",
        2,
        &[
            "semconv_old 1767323045123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 - 90 - ok",
            "semconv_old 1767323046123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 - 90 - \
             timeout",
        ],
    ),
    // The stream's own msToFirstChunk is 426.85.
    (
        "openinference/js_packages_openinference-vercel_test___fixtures___v6-spans_all-spans.json",
        "json rows: JavaScript ReadableSpan",
        10,
        &[
            "vercel 1770131992242000000 1.779416 - gpt-4o-mini gpt-4o-mini-2024-07-18 14 - 20 - ok",
            "vercel 1770131994023000000 3.034286 - gpt-4o-mini gpt-4o-mini-2024-07-18 50 - 9 - ok",
            "vercel 1770131997066000000 3.519813 - gpt-4o-mini gpt-4o-mini-2024-07-18 63 - 156 - \
             ok",
            "vercel 1770132000598000000 5.386307 0.426854 gpt-4o-mini gpt-4o-mini-2024-07-18 15 0 \
             112 0 ok",
        ],
    ),
    (
        "js_readable_span.jsonl",
        "json rows: JavaScript ReadableSpan",
        1,
        &["semconv_old 1767323045123000000 2.376 - gpt-4o - 1800 - 90 - ok"],
    ),
    (
        "robotframework-trace-report/tests_fixtures_signoz_response_spans.json",
        "json rows: SigNoz query API",
        7,
        &[],
    ),
    (
        "signoz_api.json",
        "json rows: SigNoz query API",
        1,
        &["semconv_old 1767323045123456789 2.376543 - gpt-4o - 1800 - 90 - ok"],
    ),
    // Rows without a length of time: the next row's start is none.
    (
        "spans_without_length.jsonl",
        "json rows: spans with an attributes column",
        2,
        &["semconv_old 1767323045123456000 - - gpt-4o - 1800 - 90 - ok"],
    ),
    (
        "agora/examples_decorator_example_telemetry_traces_1762768076.jsonl",
        "json rows: spans with an attributes column",
        54,
        &[
            "openllmetry 1762768245596361000 - - gpt-4o-mini gpt-4o-mini-2024-07-18 8 - 9 0 ok",
            "openllmetry 1762768288233109000 - - gpt-4o-mini gpt-4o-mini-2024-07-18 31 - 150 0 ok",
            "openllmetry 1762769218494818000 - - gpt-4o-mini gpt-4o-mini-2024-07-18 9 - 9 0 ok",
            "openllmetry 1762769284995138000 - - gpt-4o-mini gpt-4o-mini-2024-07-18 34 - 29 0 ok",
        ],
    ),
    (
        "homemade_ms.jsonl",
        "json rows: mapped columns",
        4,
        &[
            "mapped_columns 1767323050000000000 2.3765 0.64 gpt-4o - 1800 - 90 - ok",
            "mapped_columns 1767323051000000000 2.3765 0.64 gpt-4o - 1800 - 90 - ok",
            "mapped_columns 1767323052000000000 2.3765 0.64 gpt-4o - 1800 - 90 - ok",
            "mapped_columns 1767323053000000000 2.3765 0.64 gpt-4o - 1800 - 90 - ok",
        ],
    ),
];

const HELICONE: &[&str] = &[
    "helicone 1767323041000000000 10 0.64 gpt-4o gpt-4o-2024-11-20 1800 1280 90 - ok",
    "helicone 1767323042000000000 10 0.64 claude-sonnet-4-5 claude-sonnet-4-5 1800 1280 90 - ok",
    "helicone 1767323043000000000 0.12 - gpt-4o gpt-4o-2024-11-20 - - - - error",
];

const SNOWFLAKE: &[&str] = &[
    "openai_v2 1767323045123456000 2.376544 - gpt-4o gpt-4o-2024-11-20 1800 - 90 - ok",
    "openai_v2 1767323050000000000 30 - gpt-4o - - - - - timeout",
];

const CLICKHOUSE: &[&str] = &[];

const GO: &[&str] = &[
    "semconv_old 1767323045123456789 2.376544 - gpt-4o - 1800 - 90 - ok",
    "semconv_old 1767323046123456789 2.376544 - gpt-4o - 1800 - 90 - error",
];

#[test]
fn every_file_gives_the_calls_that_its_own_fields_tell() {
    let mut wrong = Vec::new();
    for (name, format, spans, calls) in FILES {
        let Some(path) = find(name) else { continue };
        let (table, ingest) = read(&path, &Options::default());
        let file = &ingest.files[0];
        if (file.format.as_str(), file.spans) != (*format, *spans) {
            wrong.push(format!("{name}: {} {}", file.format, file.spans));
        }
        if ingest.lost_any() {
            wrong.push(format!("{name} lost {:?}", file.losses));
        }
        let found: Vec<String> = (0..table.len()).map(|row| told(&table, row)).collect();
        if !name.starts_with("clickhouse") && found != *calls {
            wrong.push(format!("{name}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fixture_has_its_line() {
    for entry in Path::new("testdata/formats/rows").read_dir().unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let known = FILES.iter().any(|file| file.0 == name) || UNTABLED.contains(&name.as_str());
        assert!(known, "{name} is not tested");
    }
}

/// Their times are those of the day on which the tool wrote them, or they are read elsewhere.
const UNTABLED: [&str; 6] = [
    "make.py",
    "homemade_unlabelled.csv",
    "honeycomb.csv",
    "mlflow_traces.jsonl",
    "mlflow_search_traces.json",
    "mlflow_search_traces.csv",
];

#[test]
fn clickhouse_tells_the_same_in_json_csv_and_parquet() {
    let all = |path: &Path| {
        let (table, _) = read(path, &Options::default());
        let mut bytes = Vec::new();
        table.write(llmspan::ingest::CanonicalFormat::Ndjson, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let parquet = all(Path::new("testdata/formats/parquet/clickhouse_vercel_ai.parquet"));
    assert!(parquet.lines().count() >= 5);
    for name in ["clickhouse.jsonl", "clickhouse.json", "clickhouse.csv"] {
        assert_eq!(all(&fixture(name)), parquet, "{name}");
    }
}

#[test]
fn columns_that_no_name_tells_are_told_by_map() {
    let map = ["ttft=first:ms", "status=outcome"].map(|text| MapRule::parse(text).unwrap());
    let options = Options { map: map.to_vec(), ..Options::default() };
    let (table, ingest) = read(&fixture("homemade_unlabelled.csv"), &options);
    assert_eq!(
        told(&table, 3),
        "mapped_columns 1767323048000000000 2.6 0.613 gpt-4o - 1800 - 90 - timeout"
    );
    let said = &ingest.files[0].losses.iter().find(|l| l.reason.contains("taken as")).unwrap();
    assert!(!said.lost);
    for part in ["start=ts", "duration=latency (s, by its values)", "ttft_s=first (ms)"] {
        assert!(said.reason.contains(part), "{}", said.reason);
    }
}

#[test]
fn a_file_cut_anywhere_loses_no_row_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["langsmith_runs.jsonl", "helicone.csv", "homemade_ms.jsonl"] {
        let content = std::fs::read(fixture(name)).unwrap();
        let mut last = 0;
        for cut in (1..=content.len()).step_by(7) {
            let path = folder.path().join("cut");
            std::fs::write(&path, &content[..cut]).unwrap();
            let inputs = [path.display().to_string()];
            let calls =
                llmspan::read(&inputs, &Options::default()).map_or(0, |(table, _)| table.len());
            assert!(calls >= last, "{name} cut at {cut}: {calls} after {last}");
            last = calls;
        }
        assert!(last >= 1, "{name}");
    }
}
