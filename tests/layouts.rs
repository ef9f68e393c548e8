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

/// Under the names that the collector's S3, blob, Kafka and file exporters give.
#[test]
fn the_trees_that_collectors_leave_are_read_as_they_lie_and_each_span_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str| std::fs::read(Path::new("testdata/formats").join(name)).unwrap();
    let (json, lines, proto) = (bytes("one_request.json"), bytes("lines.ndjson"), bytes("bare.pb"));
    let zstd = zstd::encode_all(proto.as_slice(), 1).unwrap();
    let first_line = lines.split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
    let message = [json.clone(), b"\n".to_vec(), json.clone()].concat();
    let hour = "s3/year=2026/month=01/day=02/hour=03/minute=04";
    let alone = calls_of(&folder.path().join("alone"), &[("traces.json", json.as_slice())]);
    assert!(alone.0 > 0);
    for (tree, files) in [
        (
            "s3",
            vec![
                (format!("{hour}/traces_1.json"), &json),
                (format!("{hour}/traces_2.binpb"), &proto),
            ],
        ),
        (
            "blob",
            vec![
                ("blob/traces_15_04_05.json_12".into(), &json),
                ("blob/traces.pb_7.zst".into(), &zstd),
            ],
        ),
        ("kafka", vec![("kafka/topic".into(), &message)]),
        (
            "file",
            vec![
                ("file/traces.json".into(), &lines),
                ("file/traces-2026-01-02T03-04-05.173.json".into(), &first_line),
            ],
        ),
    ] {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let (calls, twice) = calls_of(&folder.path().join(tree), &files);
        assert_eq!(calls, alone.0, "{tree}");
        assert!(twice > 0, "{tree}");
    }
}

/// The calls of these files in a folder, and how many spans were there twice.
fn calls_of(folder: &Path, files: &[(&str, &[u8])]) -> (usize, u64) {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let inputs = [folder.display().to_string()];
    let (table, ingest) = llmspan::read(&inputs, &Options::default()).unwrap();
    assert!(!ingest.lost_any(), "{:?}", ingest.files);
    let twice = ingest.folded.get("duplicate_span").copied().unwrap_or_default();
    (table.len(), twice)
}
