//! The command line from outside: exit codes, messages, files, pipes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use assert_cmd::cargo::CommandCargoExt;
use support::{house, schema};

fn llmspan(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    command.current_dir(house::root()).args(arguments).env_remove("NO_COLOR");
    command
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Ran {
    let output = llmspan(arguments).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A shipped incident with its window, or none (said) where the fixtures are not there.
fn incident() -> Option<[&'static str; 3]> {
    const INCIDENT: [&str; 3] = ["testdata/incidents/010/spans.parquet", "--window", "05:01-05:11"];
    if house::root().join(INCIDENT[0]).exists() {
        return Some(INCIDENT);
    }
    eprintln!("skipped: {} is not there", INCIDENT[0]);
    None
}

fn diagnose(incident: [&str; 3], more: &[&str]) -> Ran {
    let mut arguments = vec!["diagnose"];
    arguments.extend(incident);
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn help_shows_examples_and_the_version_is_told() {
    let help = run(&["diagnose", "--help"]);
    assert_eq!(help.code, 0);
    assert!(
        help.out.contains("llmspan diagnose spans.parquet --window 14:00-14:15"),
        "{}",
        help.out
    );
    assert!(help.out.lines().all(|line| line.chars().count() <= 100));
    assert_eq!(run(&["--version"]).out, format!("llmspan {}\n", env!("CARGO_PKG_VERSION")));
    let bare = run(&[]);
    assert_eq!((bare.code, bare.out.as_str()), (2, ""));
    assert!(bare.err.contains("Usage: llmspan"));
}

#[test]
fn a_usage_error_is_one_paragraph_and_one_line_of_help() {
    let wrong: [&[&str]; 9] = [
        &["diagnose"],
        &["digest"],
        &["diagnose", "x", "--colour"],
        &["diagnose", "x", "--threads", "many"],
        &["diagnose", "x", "--threads", "0"],
        &["diagnose", "x", "--format", "yaml"],
        &["diagnose", "x", "--fail-on", "latency"],
        &["diagnose", "x", "-o", "report.pdf"],
        &["diagnose", "x", "-o", "a.md", "-o", "a.md"],
    ];
    for arguments in wrong {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        let lines: Vec<&str> = ran.err.lines().collect();
        assert_eq!(lines.len(), 2, "{arguments:?}: {}", ran.err);
        assert!(lines[0].starts_with("error: ") && lines[1].starts_with("help: "), "{}", ran.err);
    }
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let ran = run(&["diagnose", "no/such/spans.json", "--window", "14:00-14:15"]);
    if incident().is_none() {
        return;
    }
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("no/such/spans.json"), "{}", ran.err);
}

#[test]
fn a_window_outside_the_data_is_a_usage_error_that_names_the_data() {
    let Some([file, flag, _]) = incident() else { return };
    let ran = run(&["diagnose", file, flag, "2001-01-01T00:00/15m"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("2026-"), "{}", ran.err);
}

#[test]
fn several_reports_are_written_from_one_run() {
    let Some(incident) = incident() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (text, page, json) = (path("r.txt"), path("r.md"), path("r.json"));
    let ran = diagnose(incident, &["-o", &text, "-o", &page, "-o", &json]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("wrote ") && ran.err.contains("SPIKE: "), "{}", ran.err);
    assert_eq!(fs::read_to_string(&text).unwrap(), diagnose(incident, &[]).out);
    assert_eq!(fs::read_to_string(&page).unwrap(), diagnose(incident, &["-f", "markdown"]).out);
    assert_eq!(fs::read_to_string(&json).unwrap(), diagnose(incident, &["-f", "json"]).out);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no part is left beside them");
    let quiet = diagnose(incident, &["-o", &json, "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn plots_lie_beside_a_markdown_report_that_shows_them() {
    let Some(incident) = incident() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let ran = diagnose(incident, &["-o", &path("r.md"), "--with-charts", &path("plots")]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let page = fs::read_to_string(path("r.md")).unwrap();
    let shown = page.lines().filter_map(|line| line.strip_prefix("![")?.split_once("](plots/"));
    let shown: Vec<&str> = shown.map(|(_, name)| name.trim_end_matches(')')).collect();
    assert!(shown.len() > 1, "{page}");
    assert_eq!(fs::read_dir(path("plots")).unwrap().count(), shown.len());
    for name in shown {
        let svg = fs::read_to_string(folder.path().join("plots").join(name)).unwrap();
        assert!(svg.contains("<svg"), "{name}");
    }
    assert!(!diagnose(incident, &["-f", "markdown"]).out.contains("### Charts"));
}

#[test]
fn the_json_of_a_real_run_follows_the_schema_at_any_thread_count() {
    let Some(incident) = incident() else { return };
    let one = diagnose(incident, &["-f", "json", "--threads", "1"]);
    let two = diagnose(incident, &["-f", "json", "--threads", "2"]);
    assert_eq!(one.code, 0, "{}", one.err);
    assert_eq!(one.out, two.out);
    let report = serde_json::from_str(&one.out).unwrap();
    assert_eq!(schema::complaints(&schema::closed(), &report), Vec::<String>::new());
}

#[test]
fn fail_on_decides_the_exit_code() {
    let Some(incident) = incident() else { return };
    let json = diagnose(incident, &["-f", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let first = &report["diagnoses"][0];
    for what in [first["cause"].as_str().unwrap(), first["owner"].as_str().unwrap(), "spike"] {
        assert_eq!(diagnose(incident, &["--fail-on", what]).code, 1, "{what}");
    }
    let found = report["diagnoses"].as_array().unwrap();
    let absent = |other: &&str| found.iter().all(|cause| cause["cause"] != **other);
    let other = ["client_stall", "output_growth", "load_surge"].into_iter().find(absent).unwrap();
    assert_eq!(diagnose(incident, &["--fail-on", other]).code, 0, "{other}");
}

#[test]
fn max_ids_limits_what_is_cited() {
    let Some(incident) = incident() else { return };
    let json = diagnose(incident, &["-f", "json", "--max-ids", "1"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    for cause in report["diagnoses"].as_array().unwrap() {
        assert!(cause["request_ids"].as_array().unwrap().len() <= 1);
    }
}

#[test]
fn a_closed_pipe_is_silent() {
    let Some(incident) = incident() else { return };
    let mut command = llmspan(&["diagnose", incident[0], incident[1], incident[2], "-f", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn a_report_that_cannot_be_written_is_an_output_error() {
    let Some(incident) = incident() else { return };
    let folder: PathBuf = tempfile::tempdir().unwrap().path().join("gone");
    let path = folder.join("r.md").to_string_lossy().into_owned();
    let ran = diagnose(incident, &["-o", &path]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("r.md"), "{}", ran.err);
}

#[test]
fn a_piped_report_has_no_colour() {
    let Some(incident) = incident() else { return };
    assert!(!diagnose(incident, &[]).out.contains('\u{1b}'));
    assert!(diagnose(incident, &["--plain"]).out.is_ascii());
}
