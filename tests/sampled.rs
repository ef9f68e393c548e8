//! Very many calls, of which whole traces are judged: the answer is that of all of them, every call
//! is counted, and the report says what was done.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use support::house;

/// How often each call stands beside itself.
const COPIES: i64 = 16;
/// One in so many of them is judged.
const ONE_IN: usize = 4;

fn run(arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    let output = command.current_dir(house::root()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An incident with every call several times over, as other traces that start a little apart, as a
/// Parquet table; how many calls that are.
fn multiplied(case: &str, folder: &Path) -> (PathBuf, usize) {
    let dump = house::root().join("testdata/incidents").join(case);
    let spans = fs::read_dir(&dump).unwrap().map(|entry| entry.unwrap().path());
    let spans = spans.into_iter().find(|path| !path.ends_with("truth.json")).unwrap();
    let calls = run(&["normalize", spans.to_str().unwrap(), "-q", "-o", "-", "--format", "ndjson"]);
    let (mut text, mut count) = (String::new(), 0_i64);
    for line in calls.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        for copy in 0..COPIES {
            let mut call = call.clone();
            for id in ["trace_id", "span_id", "parent_span_id", "request_id", "response_id"] {
                if let Some(told) = call[id].as_str() {
                    call[id] = format!("{copy:02}{told}").into();
                }
            }
            let start: DateTime<Utc> = call["start"].as_str().unwrap().parse().unwrap();
            let apart = TimeDelta::milliseconds(count * 7919 % 3000);
            call["start"] = (start + apart).to_rfc3339().into();
            text.push_str(&call.to_string());
            text.push('\n');
            count += 1;
        }
    }
    let lines = folder.join("calls.ndjson");
    fs::write(&lines, text).unwrap();
    let table = folder.join("calls.parquet");
    run(&["normalize", lines.to_str().unwrap(), "-q", "-o", table.to_str().unwrap()]);
    (table, usize::try_from(count).unwrap())
}

fn window_of(case: &str) -> String {
    let truth = house::root().join("testdata/incidents").join(case).join("truth.json");
    let truth: Value = serde_json::from_str(&fs::read_to_string(truth).unwrap()).unwrap();
    truth["window_arg"].as_str().unwrap().to_owned()
}

fn diagnosed(table: &Path, window: &str, most: &str) -> Value {
    let table = table.to_str().unwrap();
    let of = ["diagnose", table, "-w", window, "--max-calls", most, "-q", "-f", "json"];
    serde_json::from_str(&run(&of)).unwrap()
}

/// What the answer is: the verdict, and of the first cause what it is and whose.
fn answer(report: &Value) -> [&Value; 3] {
    let first = &report["diagnoses"][0];
    [&report["verdict"], &first["cause"], &first["owner"]]
}

/// Whether two answers name the same place, and a time within a bin of each other.
fn same_place_and_time(whole: &Value, sampled: &Value) -> bool {
    let onset = |report: &Value| -> Option<DateTime<Utc>> {
        report["diagnoses"][0]["onset"].as_str()?.parse().ok()
    };
    let place = |report: &Value| report["diagnoses"][0]["segment"].clone();
    let bin_s = whole["timeline"]["bin_s"].as_f64().unwrap();
    let apart = onset(whole).zip(onset(sampled)).map(|(one, other)| (one - other).abs());
    let near = apart.is_none_or(|apart| apart.as_seconds_f64() <= bin_s);
    near && place(whole) == place(sampled)
}

/// A sample of some three thousand calls, some three hundred of them in the window, is a hundredth of
/// what is judged unless said: even then it is the same cause, and mostly to the same place.
#[test]
fn a_sample_of_whole_traces_gives_the_answer_of_every_call() {
    let (mut other, mut elsewhere) = (Vec::new(), Vec::new());
    for case in 0..20 {
        let case = &format!("{case:03}");
        let folder = tempfile::tempdir().unwrap();
        let (table, calls) = multiplied(case, folder.path());
        let window = window_of(case);
        let whole = diagnosed(&table, &window, "all");
        let sampled = diagnosed(&table, &window, &(calls / ONE_IN).to_string());
        if answer(&whole) != answer(&sampled) {
            other.push(case.clone());
        } else if !same_place_and_time(&whole, &sampled) {
            elsewhere.push(case.clone());
        }
        let counted = &sampled["counted"];
        assert_eq!(counted["exact"], true, "{case}");
        let all = &counted["slices"][0];
        assert_eq!(all["window"]["calls"], whole["window"]["calls"], "{case}");
        assert!(whole.get("counted").is_none(), "{case}");
    }
    // Of the one that may differ the sample says that it is too small to say.
    assert!(other.len() <= 1, "another answer in {other:?}");
    assert!(elsewhere.len() <= 4, "another place or time in {elsewhere:?}");
}

#[test]
fn the_report_says_what_was_judged_and_what_was_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (table, calls) = multiplied("010", folder.path());
    let window = window_of("010");
    let most = (calls / ONE_IN).to_string();
    let table = table.to_str().unwrap();
    for form in ["terminal", "markdown", "html", "json"] {
        let of = ["diagnose", table, "-w", &window, "--max-calls", &most, "-q", "-f", form];
        let text = run(&of).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["one trace in 4 was", "every call was counted", "told by a hash of its id"] {
            assert!(text.contains(part), "{form} does not say `{part}`");
        }
    }
    // The order and the form in which the calls are stored make no other sample.
    let lines = Path::new(table).with_extension("ndjson");
    let report = |input: &str| {
        let of = ["diagnose", input, "-w", &window, "--max-calls", &most, "-q", "-f", "json"];
        let mut report: Value = serde_json::from_str(&run(&of)).unwrap();
        report["ingest"] = Value::Null;
        report
    };
    assert_eq!(report(table), report(lines.to_str().unwrap()));
}

#[test]
fn a_timeline_of_a_sample_counts_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let (table, calls) = multiplied("010", folder.path());
    let of = |most: &str| -> Value {
        let table = table.to_str().unwrap();
        let of = ["timeline", table, "--every", "1m", "--max-calls", most, "-q", "-f", "json"];
        serde_json::from_str(&run(&of)).unwrap()
    };
    let (whole, sampled) = (of("all"), of(&(calls / ONE_IN).to_string()));
    assert_eq!(whole["all"]["calls"], sampled["all"]["calls"]);
    assert_eq!(whole["all"]["calls_by_bin"], sampled["all"]["calls_by_bin"]);
}
