//! The files by which each format of the page was shown are read as it says, and the stores'
//! tables give the same call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use llmspan::calls::CallTable;
use llmspan::diagnosis::Ingest;
use llmspan::ingest::Options;
use llmspan::ingest::formats::FORMATS;
use llmspan::schema::Col;
use llmspan::windows::WindowArgs;

fn read(name: &str) -> (CallTable, Ingest) {
    let path = Path::new("testdata").join(name).display().to_string();
    llmspan::read(&[path], &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A real file whose spans are of other things.
const NO_CALL: &str = "formats/parquet/otlp2parquet.parquet";

#[test]
fn every_format_of_the_page_is_read_from_the_file_that_shows_it() {
    for format in FORMATS {
        let (table, ingest) = read(format.shown);
        let named = &ingest.files[0].format;
        assert!(named.starts_with(format.named), "{}: {named}", format.shown);
        assert!(!table.is_empty() || format.shown == NO_CALL, "{} holds no call", format.shown);
        assert!(!ingest.lost_any(), "{}: {:?}", format.shown, ingest.files);
        if !table.is_empty() {
            let found = llmspan::diagnose(&table, ingest, &WindowArgs::default());
            assert!(found.is_ok(), "{}: {:?}", format.shown, found.err());
        }
    }
}

#[test]
fn the_tables_of_the_stores_give_the_call_that_was_put_in() {
    for name in [
        "signoz",
        "otlp2records",
        "rotel",
        "greptimedb",
        "openobserve",
        "tempo_vparquet3/data",
        "tempo_vparquet4/data",
        "tempo_vparquet5/data",
        "otap",
        "../rows/honeycomb",
    ] {
        let end = match name {
            "otap" => "",
            "../rows/honeycomb" => ".csv",
            _ => ".parquet",
        };
        let (table, ingest) = read(&format!("formats/parquet/{name}{end}"));
        assert_eq!(table.len(), 1, "{name}: {:?}", ingest.files);
        assert_eq!(table.starts_ns(), [1_767_323_045_123_456_000], "{name}");
        let number = |col| table.numbers(col)[0];
        assert!((number(Col::DurationS) - 2.376_544).abs() < 1e-9, "{name}");
        let tokens = (number(Col::InputTokens), number(Col::OutputTokens));
        assert_eq!(tokens, (1800.0, 90.0), "{name}");
        let text = |col| table.text(col, 0).unwrap_or_else(|| panic!("{name}: {col:?}"));
        assert_eq!(text(Col::TraceId), "5b8efff798038103d269b633813fc60c", "{name}");
        assert_eq!(text(Col::SpanId), "eee19b7ec3c1b174", "{name}");
        assert_eq!(text(Col::ServiceName), "rag", "{name}");
        assert_eq!(text(Col::RequestModel), "gpt-4o", "{name}");
        assert!(!ingest.lost_any(), "{name}");
    }
}

#[test]
fn rows_tell_the_same_as_parquet_and_as_text() {
    for (parquet, text) in [
        ("formats/parquet/langsmith_runs.parquet", "formats/rows/langsmith_runs.jsonl"),
        ("formats/parquet/litellm_spend_logs.parquet", "formats/rows/litellm_spend_logs.json"),
        ("formats/parquet/homemade.parquet", "formats/rows/homemade_ms.jsonl"),
        ("formats/parquet/mlflow_search_traces.parquet", "formats/rows/mlflow_traces.jsonl"),
        ("formats/rows/mlflow_search_traces.csv", "formats/rows/mlflow_traces.jsonl"),
        ("formats/rows/mlflow_search_traces.json", "formats/rows/mlflow_traces.jsonl"),
    ] {
        assert_eq!(read(parquet).0, read(text).0, "{parquet}");
    }
}

#[test]
fn a_span_that_two_files_hold_counts_once() {
    let inputs = ["formats/rows/jaeger_ui.json", "formats/rows/jaeger_ui.json"];
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (number, name) in inputs.iter().enumerate() {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::copy(Path::new("testdata").join(name), &path).unwrap();
        paths.push(path.display().to_string());
    }
    let (table, ingest) = llmspan::read(&paths, &Options::default()).unwrap();
    assert_eq!((table.len(), ingest.folded.get("duplicate_span")), (2, Some(&3)));
}
