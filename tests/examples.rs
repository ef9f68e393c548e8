//! The examples of the library run on a shipped dump and say what they should.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::path::PathBuf;
use std::process::Command;

const INCIDENT: &str = "testdata/incidents/010/spans.parquet";

/// `cargo test` builds the examples beside the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(std::path::Path::parent).unwrap();
    folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What an example prints; none where only this test was built.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
fn run(name: &str, arguments: &[&str]) -> Option<String> {
    let program = example(name);
    if !program.exists() {
        eprintln!("skipped: {} is not built; `cargo test` builds it", program.display());
        return None;
    }
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(support::house::root()).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_entry_of_the_library_has_an_example_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_string_lossy().into_owned();
    let rows = format!("{place}/calls.ndjson");
    if let Some(out) = run("read", &[INCIDENT]) {
        assert!(out.contains("3896 spans, 804 LLM calls"), "{out}");
    }
    if let Some(out) = run("normalise", &[INCIDENT, &rows]) {
        assert!(out.starts_with("804 calls, TTFT p95 0."), "{out}");
        assert_eq!(std::fs::read_to_string(&rows).unwrap().lines().count(), 804);
    }
    if let Some(out) = run("diagnose", &[INCIDENT, "05:01-05:11"]) {
        assert!(out.contains("1. region_change"), "{out}");
        assert!(out.contains("cite req_"), "{out}");
    }
    if let Some(out) = run("render", &[INCIDENT, &place]) {
        assert_eq!(out.lines().count(), 4, "{out}");
        assert!(folder.path().join("incident.html").exists());
    }
}
