//! One call taken apart, from outside: its parts add up, its cohort is held against it, what is
//! not known is said.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::fmt::Write;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use support::{house, schema};

const INCIDENT: &str = "testdata/incidents/010/spans.parquet";

fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    let output = command.current_dir(house::root()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(arguments: &[&str]) -> Value {
    let (code, out, err) = run(&[&["explain"], arguments, &["-f", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let document = serde_json::from_str(include_str!("../docs/explanation.schema.json")).unwrap();
    let complaints = schema::complaints(&schema::closed_to(document), &report);
    assert_eq!(complaints, Vec::<String>::new());
    report
}

/// A table of forty ordinary calls and one that is asked about, as `llmspan normalize` writes it.
struct Dump {
    _folder: tempfile::TempDir,
    path: String,
}

/// What the odd call differs in; everything else of it is ordinary.
struct Odd {
    ttft_s: f64,
    decode_s: f64,
    cache_read: u32,
    status: &'static str,
    rest: &'static str,
}

const ORDINARY: Odd =
    Odd { ttft_s: 0.3, decode_s: 1.0, cache_read: 900, status: "ok", rest: "1,0,0," };

fn dump(odd: &Odd) -> Dump {
    let mut text = String::from(
        "trace_id,span_id,start,duration_s,request_model,provider,service_name,status,ttft_s,\
         decode_s,itl_s,input_tokens,cache_read_tokens,uncached_tokens,output_tokens,attempts,\
         retry_wait_s,client_wait_s,queue_wait_s\n",
    );
    let mut row = |trace: &str, span: &str, minute: u32, call: &Odd, scale: f64| {
        let uncached = 1000 - call.cache_read;
        let (ttft, decode) = (call.ttft_s * scale, call.decode_s * scale);
        writeln!(
            text,
            "{trace},{span},2026-01-02T03:{minute:02}:00Z,{},gpt-4o,openai,shop,{},{ttft},{decode},{},\
             1000,{},{uncached},101,{}",
            ttft + decode,
            call.status,
            decode / 100.0,
            call.cache_read,
            call.rest
        )
        .unwrap();
    };
    for minute in 0..40 {
        let scale = 1.0 + f64::from(minute % 5) * 0.01;
        row(&format!("aa{minute:02}"), &format!("bb{minute:02}"), minute, &ORDINARY, scale);
    }
    row("cc", "dd01", 50, odd, 1.0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, text).unwrap();
    Dump { path: path.to_string_lossy().into_owned(), _folder: folder }
}

fn part<'a>(call: &'a Value, id: &str) -> Option<&'a Value> {
    call["parts"].as_array().unwrap().iter().find(|part| part["id"] == id)
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn texts(list: &Value) -> String {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_parts_of_every_call_of_a_dump_add_up_to_its_duration() {
    let (code, calls, err) = run(&["normalize", INCIDENT, "-o", "-", "--format", "ndjson"]);
    assert_eq!(code, 0, "{err}");
    for line in calls.lines().step_by(67) {
        let row: Value = serde_json::from_str(line).unwrap();
        let report = json(&[row["span_id"].as_str().unwrap(), INCIDENT]);
        let call = &report["call"];
        let sum: f64 =
            call["parts"].as_array().unwrap().iter().map(|part| seconds(&part["observed_s"])).sum();
        let Some(duration) = row["duration_s"].as_f64() else { continue };
        assert!((sum - duration).abs() < 1e-6, "{}", call["parts"]);
    }
}

#[test]
fn a_wait_before_the_first_token_is_told_from_decode() {
    let slow = dump(&Odd { ttft_s: 2.3, ..ORDINARY });
    let report = json(&["dd01", &slow.path]);
    let call = &report["call"];
    assert!(
        call["headline"]
            .as_str()
            .unwrap()
            .starts_with("Your LLM call took 3,300 ms; the same work usually takes 1,3"),
        "{call}"
    );
    let decode = part(call, "decode").unwrap();
    assert!((seconds(&decode["observed_s"]) - seconds(&decode["usual_s"])).abs() < 0.06, "{call}");
    let waited: f64 = call["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["id"] != "decode")
        .map(|part| seconds(&part["observed_s"]) - seconds(&part["usual_s"]))
        .sum();
    assert!((waited - 2.0).abs() < 0.1, "{call}");
    assert!(texts(&call["findings"]).contains("First token: network, queue, set-up"), "{call}");
    assert_eq!(call["slower_than_share"], 1.0);
}

#[test]
fn an_ordinary_call_is_said_to_be_one() {
    let report = json(&["dd01", &dump(&ORDINARY).path]);
    let call = &report["call"];
    assert!(texts(&call["findings"]).contains("No part of it stands out"), "{call}");
}

#[test]
fn a_missed_cache_and_retries_are_named() {
    let slow = dump(&Odd { ttft_s: 1.8, cache_read: 0, rest: "3,1.2,0.1,", ..ORDINARY });
    let report = json(&["DD01", &slow.path]);
    let call = &report["call"];
    assert_eq!(seconds(&part(call, "retries").unwrap()["observed_s"]), 1.2);
    assert_eq!(seconds(&part(call, "client_wait").unwrap()["observed_s"]), 0.1);
    let found = texts(&call["findings"]);
    assert!(found.contains("prompt tokens to prefill 1,000, usually 100"), "{found}");
    assert!(found.contains("cache-hit ratio 0 %, usually 90 %"), "{found}");
    assert!(found.contains("Failed attempts"), "{found}");
}

#[test]
fn a_call_that_was_cut_off_is_not_held_against_whole_ones() {
    let cut = dump(&Odd { status: "timeout", ..ORDINARY });
    let report = json(&["dd01", &cut.path]);
    let call = &report["call"];
    assert!(call["headline"].as_str().unwrap().contains("cut off"), "{call}");
    assert_eq!(call["same_work_s"], Value::Null);
    assert!(call["parts"].as_array().unwrap().iter().all(|part| part["usual_s"].is_null()));
}

#[test]
fn without_a_cohort_nothing_is_called_usual() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.csv");
    std::fs::write(
        &path,
        "trace_id,span_id,start,duration_s,request_model,status\naa,bb,2026-01-02T03:04:05Z,2.34,gpt-4o,ok\n",
    )
    .unwrap();
    let report = json(&["bb", path.to_str().unwrap()]);
    let call = &report["call"];
    assert_eq!(
        call["headline"],
        "Your LLM call took 2,340 ms; what the same work usually takes is not known."
    );
    assert!(texts(&call["unknown"]).contains("too few to say what is usual"), "{call}");
    assert!(texts(&call["unknown"]).contains("prompt's tokens are not recorded"), "{call}");
}

#[test]
fn several_calls_of_one_trace_are_listed_and_an_unknown_id_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.csv");
    let rows = "aa,b1,2026-01-02T03:04:05Z,1,m,ok\naa,b2,2026-01-02T03:04:06Z,2,m,ok\n";
    std::fs::write(
        &path,
        format!("trace_id,span_id,start,duration_s,request_model,status\n{rows}"),
    )
    .unwrap();
    let path = path.to_str().unwrap();
    let report = json(&["aa", path]);
    assert_eq!((report["matches"].as_array().unwrap().len(), &report["call"]), (2, &Value::Null));
    let (_, out, _) = run(&["explain", "aa", path]);
    assert!(out.contains("2 calls carry aa") && out.contains("b2"), "{out}");
    let (code, out, err) = run(&["explain", "zz", path]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: ") && err.contains("\nhelp: "), "{err}");
}

#[test]
fn the_page_fits_its_width_and_names_in_it_are_inert() {
    let (code, out, err) = run(&["explain", "req_8520", INCIDENT]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let id = "req_85203e557e02e43d453ed5d32440a569";
    let (code, out, err) = run(&["explain", id, INCIDENT, "--plain"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(out.is_ascii() && out.contains("Your LLM call took"), "{out}");
    let (_, page, _) = run(&["explain", id, INCIDENT, "-f", "markdown"]);
    assert!(page.starts_with("**Your LLM call took"), "{page}");
    let hostile = "trace_id,span_id,start,duration_s,request_model,status\n\
                   aa,bb,2026-01-02T03:04:05Z,1,\"x\u{1b}[2J|<b>\",ok\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.csv");
    std::fs::write(&path, hostile).unwrap();
    let path = path.to_str().unwrap();
    for format in ["terminal", "markdown"] {
        let (_, out, _) = run(&["explain", "bb", path, "-f", format]);
        assert!(!out.contains('\u{1b}'), "{out}");
        assert!(format == "terminal" || !out.contains("<b>"), "{out}");
    }
}
