//! `llmspan inspect` and `llmspan dialects`, from outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("llmspan").unwrap().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn inspected(path: &str) -> Value {
    let (code, out, err) = run(&["inspect", path, "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_dump_says_what_it_is() {
    let found = inspected("testdata/dialects/openlit/spans.otlp.json");
    assert_eq!(found["schema"], "llmspan.inspection/1");
    assert_eq!(found["dialects"][0]["dialect"], "openlit");
    assert_eq!(found["files"][0]["format"], "otlp_json");
    assert!(
        found["started"]["first"].as_str().unwrap() <= found["started"]["last"].as_str().unwrap()
    );
    let columns = found["columns"].as_array().unwrap();
    let calls = |name| columns.iter().find(|c| c["column"] == name).map(|c| c["calls"].clone());
    assert_eq!(calls("request_model"), Some(found["calls"].clone()));
    let (code, out, _) = run(&["inspect", "testdata/dialects/openlit/spans.otlp.json"]);
    assert_eq!(code, 0);
    for part in ["INSPECT", "Files", "otlp_json", "OpenLIT", "Attributes that no table reads"] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn what_is_not_understood_is_named_most_frequent_first_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.json");
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let span = |n: u32, attributes: Vec<Value>| {
        json!({"traceId": format!("{n:032x}"), "spanId": format!("{n:016x}"), "name": "llm",
               "startTimeUnixNano": "1793700000000000000", "endTimeUnixNano": "1793700001000000000",
               "attributes": attributes})
    };
    let spans = [
        span(1, vec![attribute("acme.model", "m"), attribute("acme.prompt.0.text", "SECRET")]),
        span(2, vec![attribute("acme.model", "m"), attribute("acme.prompt.1.text", "SECRET")]),
        span(3, vec![attribute("acme.model", "m"), attribute("SECRET told as a name", "x")]),
        span(4, vec![attribute("gen_ai.provider.name", "openai")]),
    ];
    let dump = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]});
    fs::write(&path, dump.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let found = inspected(path);
    let names = json!([{"attribute": "acme.model", "count": 3},
                       {"attribute": "acme.prompt.*.text", "count": 2}]);
    assert_eq!(found["unread"], names);
    assert_eq!(found["untold"], 1);
    assert_eq!(found["calls"], 0);
    let (_, out, err) = run(&["inspect", path]);
    assert!(out.contains("acme.prompt.*.text") && !out.contains("SECRET"), "{out}");
    assert!(!err.contains("SECRET"), "{err}");
    assert!(!found.to_string().contains("SECRET"));
}

#[test]
fn the_dialects_are_listed_and_one_is_told_in_full() {
    let (code, out, _) = run(&["dialects"]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().count(), llmspan::dialects::DIALECTS.len());
    assert!(out.lines().any(|line| line.starts_with("vllm ")));
    let (_, out, _) = run(&["dialects", "vercel"]);
    assert!(out.contains("ai.response.msToFirstChunk (milliseconds)"), "{out}");
    let (_, out, _) = run(&["dialects", "--format", "json"]);
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(listed["schema"], "llmspan.dialects/1");
    let (code, _, err) = run(&["dialects", "nonsense"]);
    assert_eq!(code, 2);
    assert!(err.contains("nonsense"), "{err}");
}

#[test]
fn columns_that_no_table_reads_are_told_of_flattened_and_mapped_parquet_too() {
    let folder = "testdata/formats/parquet";
    for (name, unread) in [
        ("flattened", "gen_ai.request.max_tokens"),
        ("clickhouse_vercel_ai", "ai.settings.maxRetries"),
    ] {
        let found = inspected(&format!("{folder}/{name}.parquet"));
        let names: Vec<&str> = found["unread"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| u["attribute"].as_str().unwrap())
            .collect();
        assert!(names.contains(&unread), "{name}: {names:?}");
        assert!(!names.contains(&"gen_ai.request.model"), "{name}: {names:?}");
    }
}
