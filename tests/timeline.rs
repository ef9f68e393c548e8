//! A whole dump over time, from outside: bins hold every call, a slow stretch is marked, groups
//! and days are told apart.
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
    let (code, out, err) = run(&[&["timeline"], arguments, &["-f", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let document = serde_json::from_str(include_str!("../docs/timeline.schema.json")).unwrap();
    let complaints = schema::complaints(&schema::closed_to(document), &report);
    assert_eq!(complaints, Vec::<String>::new());
    report
}

/// Two calls a minute over so many minutes, one of each service; `slow` minutes take three times
/// as long before the first token.
fn dump(minutes: u32, slow: std::ops::Range<u32>) -> (tempfile::TempDir, String) {
    let mut text = String::from(
        "trace_id,span_id,start,duration_s,request_model,service_name,status,ttft_s,input_tokens,\
         uncached_tokens,output_tokens\n",
    );
    for call in 0..minutes * 2 {
        let minute = call / 2;
        let noise = 1.0 + f64::from(call * 7 % 11) / 50.0;
        let ttft = 0.4 * noise * if slow.contains(&minute) { 3.0 } else { 1.0 };
        let (day, hour, minute) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
        let (second, service) = if call % 2 == 0 { (0, "shop") } else { (30, "=cmd()") };
        writeln!(
            text,
            "t{call},s{call},2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z,{},m,{service},ok,\
             {ttft},1000,1000,100",
            ttft + 1.0
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_string_lossy().into_owned();
    (folder, path)
}

fn sum(list: &Value) -> u64 {
    list.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn every_call_stands_in_a_bin_and_in_a_group() {
    let report = json(&[INCIDENT, "--every", "5m", "--by", "service.name"]);
    let all = &report["all"];
    assert_eq!(all["calls"], 804);
    assert_eq!(sum(&all["calls_by_bin"]), 804);
    let groups = report["groups"].as_array().unwrap();
    assert!(groups.len() > 1);
    assert_eq!(groups.iter().map(|group| sum(&group["calls_by_bin"])).sum::<u64>(), 804);
    let bins = usize::try_from(report["bins"].as_u64().unwrap()).unwrap();
    for series in all["series"].as_array().unwrap() {
        assert_eq!(series["values"].as_array().unwrap().len(), bins);
    }
}

#[test]
fn a_slow_stretch_is_marked_where_it_was_and_its_window_can_be_diagnosed() {
    let (_folder, path) = dump(240, 120..150);
    let report = json(&[&path, "--every", "10m"]);
    let spikes = report["spikes"].as_array().unwrap();
    assert_eq!(spikes.len(), 1, "{spikes:?}");
    let spike = &spikes[0];
    assert_eq!(
        (&spike["from_bin"], &spike["signal"]),
        (&12.into(), &"ttft_same_work_ratio".into())
    );
    assert!((spike["ratio"].as_f64().unwrap() - 3.0).abs() < 0.5, "{spike}");
    let (_, page, _) = run(&["timeline", &path, "--every", "10m"]);
    let window = page.lines().find_map(|line| line.trim().strip_prefix("--window ")).unwrap();
    let (code, verdict, err) = run(&["diagnose", &path, "--window", window]);
    assert_eq!(code, 0, "{err}");
    assert!(verdict.contains("SPIKE"), "{verdict}");
}

#[test]
fn quiet_traffic_has_no_mark() {
    let (_folder, path) = dump(240, 0..0);
    let report = json(&[&path]);
    assert_eq!(report["spikes"].as_array().unwrap().len(), 0);
    assert_eq!(report["days"], Value::Null);
    let (_, page, _) = run(&["timeline", &path]);
    assert!(page.contains("No stretch stands out"), "{page}");
}

#[test]
fn a_long_dump_is_shown_by_day() {
    let (_folder, path) = dump(4 * 1440, 0..0);
    let report = json(&[&path]);
    assert_eq!(report["days"]["all"]["calls_by_bin"].as_array().unwrap().len(), 4);
    let (_, page, _) = run(&["timeline", &path]);
    let fourth = |line: &str| line.starts_with("   03-04  2,880");
    assert!(page.contains("By day") && page.lines().any(fourth), "{page}");
}

#[test]
fn a_tail_that_creeps_up_for_days_is_told_as_drift_and_steady_days_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, creep: f64| {
        let mut text = String::from(
            "trace_id,span_id,start,duration_s,request_model,service_name,status,ttft_s\n",
        );
        for quarter in 0..8 * 96 {
            let (day, hour, minute) = (1 + quarter / 96, quarter / 4 % 24, quarter % 4 * 15);
            let noise = 0.01 * f64::from(quarter % 7);
            let ttft = 0.5 * (1.0 + creep * f64::from(quarter) / 96.0) + noise;
            let model = if creep > 0.0 && quarter > 700 { "new" } else { "old" };
            let start = format!("2026-03-{day:02}T{hour:02}:{minute:02}:00Z");
            let duration = ttft + 1.0;
            writeln!(text, "t{quarter},s{quarter},{start},{duration},{model},chat,ok,{ttft}")
                .unwrap();
        }
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let drifts = |path: &str| json(&[path])["days"]["drifts"].clone();
    let crept = drifts(&write("creep.csv", 0.1));
    let of = |signal: &str| {
        crept.as_array().unwrap().iter().find(|drift| drift["signal"] == signal).cloned()
    };
    let tail = of("ttft_p50_s").unwrap();
    let rise = tail["last"].as_f64().unwrap() / tail["first"].as_f64().unwrap();
    assert!((1.4..1.7).contains(&rise), "{crept}");
    assert!(of("mix_moved_share").unwrap()["last"].as_f64().unwrap() > 0.2, "{crept}");
    let steady = drifts(&write("steady.csv", 0.0));
    assert_eq!(steady.as_array().map(Vec::len), Some(0), "{steady}");
}

#[test]
fn the_csv_has_a_row_a_bin_and_group_and_no_formula() {
    let (_folder, path) = dump(60, 0..0);
    let (code, out, err) =
        run(&["timeline", &path, "--every", "10m", "--by", "service_name", "-f", "csv"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 1 + 3 * 6, "{out}");
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|line| line.split(',').count() == columns), "{out}");
    assert!(lines.iter().any(|line| line.starts_with("'=cmd()")), "{out}");
}

#[test]
fn the_pages_fit_their_width_and_files_go_by_suffix() {
    let (code, out, err) = run(&["timeline", INCIDENT, "--by", "region", "--plain"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.is_ascii() && out.lines().all(|line| line.len() <= 80), "{out}");
    let folder = tempfile::tempdir().unwrap();
    for (name, start) in [("t.md", "804 calls from"), ("t.csv", "group,of,"), ("t.json", "{")] {
        let path = folder.path().join(name);
        let (code, out, err) = run(&["timeline", INCIDENT, "-o", path.to_str().unwrap()]);
        assert_eq!((code, out.as_str()), (0, ""), "{err}");
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(start), "{name}");
    }
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let wrong: [&[&str]; 4] =
        [&["--every", "soon"], &["--every", "1ms"], &["--by", "no_such_column"], &["-f", "html"]];
    for more in wrong {
        let (code, out, err) = run(&[&["timeline", INCIDENT], more].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{more:?}: {err}");
        assert!(err.starts_with("error: ") && err.contains("\nhelp: "), "{err}");
    }
}
