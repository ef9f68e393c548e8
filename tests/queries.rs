//! The SQL of every line of evidence, run as it stands in DuckDB on the shipped incidents: it gives
//! the line's own figures. Skipped with a message where Python has no `duckdb`
//! (`.ci/run` lays it into `target/duckdb`).
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::house::root;

/// Runs every query of a list in its folder and writes what it gives, one list of rows a query.
const RUNNER: &str = r"
import duckdb, json, os, sys
answers = []
for folder, sql in json.load(open(sys.argv[1])):
    os.chdir(folder)
    found = duckdb.sql(sql)
    answers.append([dict(zip(found.columns, row)) for row in found.fetchall()])
json.dump(answers, sys.stdout)
";

/// A Python that has DuckDB; none, with a message, where there is none.
fn python() -> Option<String> {
    let own = root().join("target/duckdb/bin/python").display().to_string();
    let named = std::env::var("LLMSPAN_DUCKDB_PYTHON").unwrap_or_default();
    let found = [named, own, "python3".to_owned()].into_iter().find(|python| {
        let probe = Command::new(python).args(["-c", "import duckdb"]).output();
        probe.is_ok_and(|probe| probe.status.success())
    });
    if found.is_none() {
        eprintln!(
            "skipped: no Python with duckdb (python3 -m venv target/duckdb && \
             target/duckdb/bin/pip install duckdb)"
        );
    }
    found
}

fn llmspan(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("llmspan"));
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A shipped incident: its dump, and its window.
fn shipped(incident: &Path) -> (String, String) {
    let truth: Value =
        serde_json::from_slice(&std::fs::read(incident.join("truth.json")).unwrap()).unwrap();
    let entries = std::fs::read_dir(incident).unwrap().map(|entry| entry.unwrap().path());
    let dump = entries.into_iter().find(|path| path.file_stem().unwrap() != "truth").unwrap();
    let text = |key: &str| truth["window"][key].as_str().unwrap().to_owned();
    (dump.display().to_string(), format!("{}/{}", text("start"), text("end")))
}

/// The evidence lines of a dump's window; its call table is written into `folder`.
fn evidence(dump: &str, window: &str, folder: &Path) -> Vec<Value> {
    let table = folder.join("calls.parquet").display().to_string();
    llmspan(&["normalize", dump, "-o", &table, "--quiet"]);
    let report = llmspan(&["diagnose", dump, "--window", window, "--format", "json"]);
    let report: Value = serde_json::from_slice(&report).unwrap();
    let causes = report["diagnoses"].as_array().unwrap().iter();
    causes.flat_map(|cause| cause["evidence"].as_array().unwrap().clone()).collect()
}

/// What DuckDB answers to the queries of these lines, each asked in the folder beside it.
fn answers(python: &str, asked: &[(PathBuf, Value)], folder: &Path) -> Vec<Value> {
    let sql =
        |line: &Value| line["query"]["sql"].as_str().expect("every line has its query").to_owned();
    let asked: Vec<Value> = asked.iter().map(|(here, line)| json!([here, sql(line)])).collect();
    let list = folder.join("asked.json");
    std::fs::write(&list, json!(asked).to_string()).unwrap();
    let output = Command::new(python).args(["-c", RUNNER]).arg(&list).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), asked.len());
    answers
}

/// The figure of a period out of the rows of an answer.
fn value(rows: &Value, period: &str) -> Option<f64> {
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row["period"] == period)?["value"].as_f64()
}

fn same(told: &Value, found: Option<f64>) -> bool {
    match (told.as_f64(), found) {
        (Some(told), Some(found)) => (told - found).abs() <= 1e-9 * told.abs().max(1e-3),
        (told, found) => told.is_none() && found.is_none(),
    }
}

/// Holds the lines against what DuckDB answers; how many gave their own figures.
fn compared(lines: &[(PathBuf, Value)], answers: &[Value]) -> usize {
    let mut figures = 0;
    for ((here, line), rows) in lines.iter().zip(answers) {
        let place = format!("{}: {line:#}\n{rows:#}", here.display());
        if line["query"]["gives"] == "figures" {
            assert!(same(&line["baseline"], value(rows, "baseline")), "{place}");
            assert!(same(&line["window"], value(rows, "window")), "{place}");
            figures += 1;
        } else {
            for period in ["baseline", "window"] {
                let of = rows.as_array().unwrap().iter().find(|row| row["period"] == period);
                assert!(of.is_some_and(|row| row["calls"].as_u64() > Some(0)), "{place}");
            }
        }
    }
    figures
}

#[test]
fn every_line_of_evidence_can_be_repeated_in_duckdb() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    let incidents = std::fs::read_dir(root().join("testdata/incidents")).unwrap();
    let mut incidents: Vec<_> = incidents.map(|entry| entry.unwrap().path()).collect();
    incidents.sort();
    for incident in incidents.iter().filter(|path| path.join("truth.json").is_file()) {
        let here = folder.path().join(incident.file_name().unwrap());
        std::fs::create_dir(&here).unwrap();
        let (dump, window) = shipped(incident);
        lines.extend(evidence(&dump, &window, &here).into_iter().map(|line| (here.clone(), line)));
    }
    let answers = answers(&python, &lines, folder.path());
    let figures = compared(&lines, &answers);
    assert!(figures > 50, "only {figures} lines give their own figures");
}

#[test]
fn names_with_quotes_and_other_scripts_are_asked_about_as_they_are() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (dump, window) = shipped(&root().join("testdata/incidents/001"));
    let table = folder.path().join("calls.ndjson");
    llmspan(&["normalize", &dump, "-o", &table.display().to_string(), "--quiet"]);
    let odd = format!("it's \u{202e}\u{6a21}\u{e9}'; DROP TABLE x; --{}", "x".repeat(150));
    let text = std::fs::read_to_string(&table).unwrap();
    let text = text.replace("\"rag-answer\"", &json!(odd).to_string());
    std::fs::write(&table, text).unwrap();
    let here = folder.path().to_owned();
    let lines = evidence(&table.display().to_string(), &window, &here);
    let lines: Vec<(PathBuf, Value)> = lines.into_iter().map(|line| (here.clone(), line)).collect();
    let about = |line: &Value| line["query"]["sql"].as_str().unwrap().contains("DROP TABLE");
    assert!(lines.iter().any(|(_, line)| about(line)), "no line is about the odd name");
    assert!(compared(&lines, &answers(&python, &lines, folder.path())) > 0);
}

#[test]
fn figures_that_differ_are_found_out() {
    let rows = json!([{"period": "baseline", "value": 0.61}, {"period": "window", "value": null}]);
    assert!(same(&json!(0.61), value(&rows, "baseline")));
    assert!(!same(&json!(0.6101), value(&rows, "baseline")));
    assert!(!same(&json!(0.61), value(&rows, "window")));
    assert!(same(&Value::Null, value(&rows, "absent")));
}
