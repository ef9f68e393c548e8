//! Every dialect has a fixture that it reads, and the page that documents them is current.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use llmspan::calls::CallTable;
use llmspan::diagnosis::Ingest;
use llmspan::dialects::{self, DIALECTS};
use llmspan::ingest::Options;
use llmspan::schema::{Col, Kind};

const FIXTURES: &str = "testdata/dialects";

/// Dialects that only ever tell of a call beside another one in their fixture.
const VIEWS: [&str; 3] = ["anthropic_platform", "envoy_ai_gateway", "openllmetry_anthropic"];

fn dump(id: &str) -> PathBuf {
    let folder = Path::new(FIXTURES).join(id);
    let forms = ["spans.otlp.json", "spans.otlp.pb.zst", "rows.json"].map(|form| folder.join(form));
    let found = forms.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{id} has no fixture in {FIXTURES}"))
}

fn read(path: &Path) -> (CallTable, Ingest) {
    llmspan::read(&[path.to_str().unwrap().to_owned()], &Options::default()).unwrap()
}

#[test]
fn every_dialect_reads_its_fixture() {
    for dialect in DIALECTS.iter().filter(|dialect| dialect.id != "http") {
        let (table, ingest) = read(&dump(dialect.id));
        if VIEWS.contains(&dialect.id) {
            let kinds = ["server_view", "double_instrumentation"];
            let folded = kinds.iter().any(|kind| ingest.folded.contains_key(*kind));
            assert!(folded, "{}", dialect.id);
        } else {
            let codes = table.codes(Col::Dialect.name());
            assert!(codes.values.iter().any(|id| id == dialect.id), "{}: {codes:?}", dialect.id);
        }
    }
}

#[test]
fn hand_made_spans_come_out_as_documented() {
    let mut report = String::new();
    for dialect in DIALECTS {
        let path = Path::new(FIXTURES).join(dialect.id).join("spans.otlp.json");
        if path.is_file() {
            let (table, ingest) = read(&path);
            writeln!(report, "{}", dialect.id).unwrap();
            for row in 0..table.len() {
                writeln!(report, "  {}", cells(&table, row)).unwrap();
            }
            if !ingest.folded.is_empty() {
                writeln!(report, "  folded {:?}", ingest.folded).unwrap();
            }
            if !ingest.rejected.is_empty() {
                writeln!(report, "  rejected {:?}", ingest.rejected).unwrap();
            }
        }
    }
    insta::assert_snapshot!(report);
}

/// The known cells of a row but those that say which span it is.
fn cells(table: &CallTable, row: usize) -> String {
    let skip = [Col::TraceId, Col::ParentSpanId, Col::Start, Col::ScopeName, Col::SpanName];
    let mut line = String::new();
    for col in Col::all().filter(|col| !skip.contains(col)) {
        let value = match col.info().kind {
            Kind::Text => table.text(col, row),
            Kind::Flag => table.flags(col)[row].map(|flag| flag.to_string()),
            Kind::Seconds | Kind::Ratio => {
                let float = table.numbers(col)[row];
                (!float.is_nan()).then(|| format!("{float:.4}"))
            }
            Kind::Tokens | Kind::Count | Kind::Time => {
                table.ints(col)[row].map(|int| int.to_string())
            }
        };
        if let Some(value) = value {
            write!(line, "{}={value} ", col.name()).unwrap();
        }
    }
    for name in table.segment_names() {
        if let Some(value) = table.segment(&name).get(row) {
            write!(line, "attr.{name}={value} ").unwrap();
        }
    }
    line.trim_end().to_owned()
}

#[test]
fn ids_are_unique_and_name_their_file() {
    let mut ids: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.id).collect();
    for id in &ids {
        assert!(Path::new("src/dialects").join(format!("{id}.rs")).is_file(), "{id}");
        assert!(dialects::Dialect::find(id).is_some());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), DIALECTS.len());
}

#[test]
fn the_page_is_current() {
    let path = Path::new("docs/dialects.md");
    let page = dialects::page();
    let written = std::fs::read_to_string(path).unwrap_or_default();
    if written != page {
        std::fs::create_dir_all("docs").unwrap();
        std::fs::write(path, &page).unwrap();
        panic!("docs/dialects.md was stale: it has been written again from the tables");
    }
}

#[test]
fn prompts_never_reach_the_table() {
    for folder in std::fs::read_dir(FIXTURES).unwrap() {
        let id = folder.unwrap().file_name().into_string().unwrap();
        if !Path::new(FIXTURES).join(&id).is_dir() {
            continue;
        }
        let (table, _) = read(&dump(&id));
        let mut text = Vec::new();
        table.write(llmspan::ingest::CanonicalFormat::Ndjson, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        for secret in ["quick brown fox", "support assistant", "Summarise ticket", "14C, rain"] {
            assert!(!text.contains(secret), "{id} leaks content");
        }
    }
}

/// MLflow's own file is among those of the formats.
const OF_MLFLOW: &str = "testdata/formats/rows/mlflow_traces.jsonl";

/// Two calls that a real tool traced, the same for each: `testdata/make_dialects.py`.
#[test]
fn what_the_real_tool_wrote_is_read_as_what_its_provider_served() {
    let mut seen = 0;
    for dialect in DIALECTS {
        let path = match dialect.id {
            "mlflow" => PathBuf::from(OF_MLFLOW),
            id => Path::new(FIXTURES).join(id).join("real.otlp.pb"),
        };
        if !path.is_file() {
            continue;
        }
        seen += 1;
        let (table, ingest) = read(&path);
        let id = dialect.id;
        assert_eq!(table.len(), 2, "{id}");
        assert!(!ingest.lost_any(), "{id}: {:?}", ingest.files);
        for row in 0..2 {
            assert_eq!(table.text(Col::Dialect, row).as_deref(), Some(id));
            let ints = [Col::InputTokens, Col::OutputTokens, Col::CacheReadTokens];
            let ints = ints.map(|col| table.ints(col)[row]);
            assert_eq!(ints, [Some(1800), Some(4), Some(1280)], "{id}");
            assert!(table.numbers(Col::DurationS)[row] > 0.05, "{id}");
        }
        llmspan::diagnose(&table, ingest, &llmspan::windows::WindowArgs::default()).unwrap();
    }
    assert_eq!(seen, 6, "bedrock_botocore, langsmith, logfire, mlflow, openlit and vercel_v7");
}
