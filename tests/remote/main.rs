//! Inputs that are not on this machine: the same answer as from a file, and no answer out of a part.
#![cfg(feature = "remote")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::panic, reason = "a failed test panics")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod faults;
mod objects;
mod sampled;
mod tables;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    for (name, _) in std::env::vars() {
        if ["AWS_", "AZURE_", "GOOGLE_", "LLMSPAN_CLICKHOUSE"].iter().any(|p| name.starts_with(p)) {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(environment.iter().copied()).env("HOME", "/nonexistent");
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Nothing but an error: exit code 3, this in the message, and not one word of a report.
fn no_answer(ran: &Ran, words: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    for words in words {
        assert!(ran.err.contains(words), "{words:?} is not in: {}", ran.err);
    }
    assert!(ran.err.contains("\nhelp: "), "{}", ran.err);
}

/// Incidents as OTLP JSON lines, unpacked, each with its window.
fn dumps(folder: &Path) -> Vec<(String, PathBuf, String)> {
    let mut dumps = Vec::new();
    for incident in ["000", "001", "006", "007", "012", "013", "018", "019"] {
        let case = Path::new("testdata/incidents").join(incident);
        let truth: Value =
            serde_json::from_slice(&std::fs::read(case.join("truth.json")).unwrap()).unwrap();
        let packed = std::fs::read(case.join(truth["file"].as_str().unwrap())).unwrap();
        let mut plain = Vec::new();
        if packed.starts_with(&[0x1f, 0x8b]) {
            std::io::copy(&mut flate2::read::MultiGzDecoder::new(&*packed), &mut plain).unwrap();
        } else {
            zstd::stream::copy_decode(&*packed, &mut plain).unwrap();
        }
        let path = folder.join(format!("d{incident}.ndjson"));
        std::fs::write(&path, plain).unwrap();
        dumps.push((format!("d{incident}"), path, dated(&truth)));
    }
    dumps
}

/// The window of an incident with its date.
fn dated(truth: &Value) -> String {
    let of = |end: &str| truth["window"][end].as_str().unwrap();
    format!("{}/{}", of("start"), of("end"))
}

/// The diagnosis of an input without its account of where it was read from.
fn diagnosis(input: &str, window: &str, environment: &[(&str, &str)]) -> String {
    let ran = run(&["diagnose", input, "--window", window, "--format", "json"], environment);
    assert_eq!(ran.code, 0, "{input}: {}", ran.err);
    let mut diagnosis: Value = serde_json::from_str(&ran.out).unwrap();
    let ingest = diagnosis.as_object_mut().unwrap().remove("ingest").unwrap();
    assert!(ingest["calls"].as_u64().unwrap() > 0);
    diagnosis["calls"] = ingest["calls"].clone();
    serde_json::to_string_pretty(&diagnosis).unwrap()
}

fn first_difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let around =
        |text: &str| text.lines().skip(at.saturating_sub(3)).take(7).collect::<Vec<_>>().join("\n");
    format!("{}\n-- and --\n{}", around(a), around(b))
}
