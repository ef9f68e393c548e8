//! `llmspan.toml` through the whole reader: own columns, own dialects, thresholds, zone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use llmspan::dialects::Tables;
use llmspan::ingest::Options;
use llmspan::schema::Col;
use llmspan::settings::Settings;

/// Two spans of an instrumentation that nobody knows, and one of a known one.
const SPANS: &str = r#"{"resourceSpans":[{"resource":{"attributes":[
 {"key":"service.name","value":{"stringValue":"shop"}},
 {"key":"acme.zone","value":{"stringValue":"eu-9"}},
 {"key":"app.release","value":{"stringValue":"7"}}]},
 "scopeSpans":[{"scope":{"name":"acme"},"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"llm","kind":3,
  "startTimeUnixNano":"1793700000000000000","endTimeUnixNano":"1793700002000000000",
  "attributes":[
   {"key":"acme.model","value":{"stringValue":"acme-1"}},
   {"key":"acme.stream","value":{"boolValue":true}},
   {"key":"customer.id","value":{"stringValue":"c-17"}},
   {"key":"acme.usage","value":{"stringValue":"{\"in\":100,\"cached\":900,\"out\":40}"}}],
  "events":[{"name":"acme.first_token","timeUnixNano":"1793700000500000000"}]},
 {"traceId":"1af7651916cd43dd8448eb211c80319c","spanId":"c7ad6b7169203331","name":"agent run","kind":1,
  "startTimeUnixNano":"1793700000000000000","endTimeUnixNano":"1793700002000000000",
  "attributes":[{"key":"acme.model","value":{"stringValue":"acme-1"}}]},
 {"traceId":"2af7651916cd43dd8448eb211c80319c","spanId":"d7ad6b7169203331","name":"chat gpt-4o","kind":3,
  "startTimeUnixNano":"1793700010000000000","endTimeUnixNano":"1793700012000000000",
  "attributes":[
   {"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
   {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
   {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
   {"key":"acme.pool","value":{"stringValue":"blue"}},
   {"key":"experiment.arm","value":{"stringValue":"b"}},
   {"key":"acme.first_byte","value":{"intValue":"250"}},
   {"key":"gen_ai.request.stream","value":{"boolValue":true}}]}]}]}]}"#;

fn example() -> String {
    let page = fs::read_to_string("docs/settings.md").unwrap();
    let rest = page.split("```toml").nth(1).unwrap();
    rest.split("```").next().unwrap().to_owned()
}

#[test]
fn own_dialects_and_columns_fill_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.json");
    fs::write(&path, SPANS).unwrap();
    let inputs = [path.to_str().unwrap().to_owned()];
    let settings = Settings::parse("llmspan.toml", example().as_bytes()).unwrap();
    let (table, ingest) = llmspan::read_as(&inputs, &Options::default(), &settings).unwrap();
    assert_eq!(table.len(), 2, "{ingest:?}");
    let text = |col, row| table.text(col, row).unwrap_or_default();
    assert_eq!(text(Col::Dialect, 0), "acme_gateway");
    assert_eq!(text(Col::Provider, 0), "acme");
    assert_eq!(text(Col::RequestModel, 0), "acme-1");
    assert_eq!(text(Col::Tenant, 0), "c-17");
    assert_eq!(text(Col::Region, 0), "eu-9");
    assert_eq!(table.ints(Col::InputTokens)[0], Some(1000));
    assert_eq!(table.ints(Col::CacheReadTokens)[0], Some(900));
    assert_eq!(table.numbers(Col::TtftS)[0], 0.5);
    assert_eq!(text(Col::Dialect, 1), "semconv");
    assert_eq!(text(Col::PoolId, 1), "blue");
    assert_eq!(table.numbers(Col::TtftS)[1], 0.25);
    assert_eq!(table.segment("experiment.arm").get(1), Some("b"));
    assert_eq!(table.segment("app.release").get(0), Some("7"));
    // Without the settings only the known call is there, and nothing of the rest.
    let (plain, _) = llmspan::read(&inputs, &Options::default()).unwrap();
    assert_eq!(plain.len(), 1);
    assert_eq!(plain.text(Col::PoolId, 0), None);
}

fn llmspan(folder: &Path, line: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmspan"));
    let output = command.current_dir(folder).args(line.split(' ')).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn the_file_is_found_in_the_working_directory_or_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spans.json"), SPANS).unwrap();
    let line = "normalize spans.json -o - --format csv";
    assert_eq!(llmspan(folder.path(), line).1.lines().count(), 2);
    fs::write(folder.path().join("other.toml"), example()).unwrap();
    let named = llmspan(folder.path(), &format!("{line} --config other.toml"));
    assert_eq!(named.1.lines().count(), 3, "{}", named.2);
    fs::write(folder.path().join("llmspan.toml"), example()).unwrap();
    assert_eq!(llmspan(folder.path(), line).1.lines().count(), 3);
    fs::write(folder.path().join("llmspan.toml"), "\ntenants = \"x\"\n").unwrap();
    let (code, _, told) = llmspan(folder.path(), line);
    assert_eq!(code, 2);
    assert!(told.contains("llmspan.toml, line 2, key `tenants`"), "{told}");
    let (code, _, told) = llmspan(folder.path(), &format!("{line} --config absent.toml"));
    assert_eq!(code, 3, "{told}");
}

/// The incident's normal traffic and window, by the minute that its truth tells.
#[test]
fn thresholds_decide_what_is_material() {
    let incident = Path::new("testdata/incidents/010/spans.parquet").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let line = format!("diagnose {} --window 05:01-05:11 --format json", incident.display());
    let verdict = |settings: &str| {
        fs::write(folder.path().join("llmspan.toml"), settings).unwrap();
        let (code, out, told) = llmspan(folder.path(), &line);
        assert_eq!(code, 0, "{told}");
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        (report["verdict"].clone(), report["diagnoses"].as_array().unwrap().len())
    };
    assert_eq!(verdict("").0, "spike");
    let strict = "[material]\nsame_work_ratio = 50.0\nown_work_ratio = 50.0\ntypical_ratio = 50.0\nslow_ratio = 50.0\n";
    assert_ne!(verdict(strict), verdict(""));
}

#[test]
fn the_zone_of_the_settings_stands_behind_the_argument() {
    let incident = Path::new("testdata/incidents/010/spans.parquet").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("llmspan.toml"), "timezone = \"+02:00\"\n").unwrap();
    let start = |more: &str| {
        let line = format!("diagnose {} --format json {more}", incident.display());
        let (code, out, told) = llmspan(folder.path(), &line);
        assert_eq!(code, 0, "{told}");
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        report["window"]["start"].as_str().unwrap().to_owned()
    };
    assert!(start("--window 07:01-07:11").contains("T05:01:00"));
    assert!(start("--window 05:01-05:11 --tz UTC").contains("T05:01:00"));
}

#[test]
fn a_built_in_dialect_is_not_replaced_and_an_unknown_base_is_told() {
    let with = |id: &str, base: &str| {
        let text = format!(
            "[[dialects]]\nid = \"{id}\"\nrecognise = [{{ has = \"x\" }}]\nbased_on = \"{base}\""
        );
        Tables::new(&Settings::parse("llmspan.toml", text.as_bytes()).unwrap())
    };
    assert!(with("vllm", "semconv").unwrap_err().to_string().contains("built-in"));
    assert!(with("mine", "nothing").unwrap_err().to_string().contains("line 1"));
    let tables = with("mine", "semconv").unwrap();
    assert_eq!(tables.all()[0].id, "mine");
}
