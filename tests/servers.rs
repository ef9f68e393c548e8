//! Server metrics beside a dump: columns filled by time, evidence in the diagnosis.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

const START_S: u64 = 1_793_714_400;

/// Calls of a vLLM server, one every two seconds; in the last ten minutes of fifty they queue.
fn dump(folder: &Path) -> String {
    let mut text = String::new();
    for n in 0..1500_u64 {
        let slow = n >= 1200;
        let start = START_S * 1_000_000_000 + n * 2_000_000_000 + n * 7919 % 900_000_000;
        let jitter = (n * 2_654_435_761 % 100) as f64 / 1000.0;
        let ttft = if slow { 1.4 } else { 0.2 } + jitter;
        let end = start + ((ttft + 1.0 + jitter) * 1e9) as u64;
        let double = |key: &str, value: f64| {
            format!(r#"{{"key":"{key}","value":{{"doubleValue":{value}}}}}"#)
        };
        let int = |key: &str, value: u64| {
            format!(r#"{{"key":"{key}","value":{{"intValue":"{value}"}}}}"#)
        };
        let text_of = |key: &str, value: &str| {
            format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
        };
        let attributes = [
            text_of("gen_ai.provider.name", "openai"),
            text_of("gen_ai.operation.name", "chat"),
            text_of("gen_ai.request.model", "llama"),
            r#"{"key":"gen_ai.request.stream","value":{"boolValue":true}}"#.to_owned(),
            double("gen_ai.response.time_to_first_chunk", ttft),
            int("gen_ai.usage.input_tokens", 800 + n % 40),
            int("gen_ai.usage.output_tokens", 100),
        ];
        writeln!(
            text,
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"spans":[{{"traceId":"{:032x}","spanId":"{:016x}","name":"chat llama","kind":3,"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","attributes":[{}]}}]}}]}}]}}"#,
            n + 1,
            n + 1,
            attributes.join(",")
        )
        .unwrap();
    }
    let path = folder.join("spans.ndjson");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A snapshot every 15 seconds, each a file with its time in the name.
fn snapshots(folder: &Path) -> String {
    let all = folder.join("snapshots");
    fs::create_dir(&all).unwrap();
    for at in (0..3000).step_by(15) {
        let waiting = if at >= 2400 { 40 } else { 1 };
        let text = format!(
            "# TYPE vllm:num_requests_running gauge\n\
             vllm:num_requests_running{{engine=\"0\",model_name=\"llama\"}} 16.0\n\
             vllm:num_requests_waiting{{engine=\"0\",model_name=\"llama\"}} {waiting}.0\n\
             vllm:kv_cache_usage_perc{{engine=\"0\",model_name=\"llama\"}} 0.9\n\
             vllm:num_preemptions_total{{engine=\"0\",model_name=\"llama\"}} {at}\n"
        );
        fs::write(all.join(format!("vllm_{}.prom", START_S + at)), text).unwrap();
    }
    all.display().to_string()
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("llmspan").unwrap().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_queue_at_a_calls_start_fills_its_columns_and_stands_as_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (dump, snapshots) = (dump(folder.path()), snapshots(folder.path()));
    let line = ["normalize", &dump, "-o", "-", "--format", "ndjson"];
    let rows = |out: &str| -> Vec<Value> {
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (_, plain, _) = run(&line);
    assert!(rows(&plain).iter().all(|row| row["waiting_requests"].is_null()));
    let (code, out, err) = run(&[&line[..], &["--server-metrics", &snapshots]].concat());
    assert_eq!(code, 0, "{err}");
    let rows = rows(&out);
    assert_eq!(rows[100]["waiting_requests"], 1);
    assert_eq!(rows[1400]["waiting_requests"], 40);
    assert_eq!(rows[1400]["running_requests"], 16);
    let window = "2026-11-03T14:40/10m";
    let line = ["diagnose", &dump, "--window", window, "--format", "json"];
    let (code, out, err) = run(&[&line[..], &["--server-metrics", &snapshots]].concat());
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["diagnoses"][0]["cause"], "prefill_queueing", "{report:#}");
    let evidence = report["diagnoses"][0]["evidence"].as_array().unwrap();
    let found = evidence.iter().find(|e| e["signal"] == "server_waiting_requests").unwrap();
    assert_eq!(found["baseline"], 1.0);
    assert_eq!(found["window"], 40.0);
}

#[test]
fn calls_of_another_model_and_calls_of_many_servers_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dump = dump(folder.path());
    let write = |name: &str, model: &str, instance: &str| {
        let path = folder.path().join(name);
        let text = format!(
            "# {START_S}\nvllm:num_requests_waiting{{model_name=\"{model}\",instance=\"{instance}\"}} 5\n"
        );
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let other = write("other.prom", "mistral", "a");
    let (one, two) = (write("one.prom", "llama", "a"), write("two.prom", "llama", "b"));
    let line = ["normalize", &dump, "-o", "-", "--format", "ndjson"];
    let filled = |more: &[&str]| {
        let (code, out, err) = run(&[&line[..], more].concat());
        assert_eq!(code, 0, "{err}");
        out.lines().filter(|line| !line.contains("\"waiting_requests\":null")).count()
    };
    assert_eq!(filled(&["--server-metrics", &other]), 0);
    assert_eq!(filled(&["--server-metrics", &one, "--server-metrics", &two]), 0);
    // Only the first ninety seconds are near the one snapshot.
    assert_eq!(filled(&["--server-metrics", &one]), 45);
}

#[test]
fn files_that_tell_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dump = dump(folder.path());
    for (name, text, says) in [
        ("a.prom", "vllm:num_requests_waiting 5\n", "when it was taken"),
        ("b.prom", "# 1793714400\nprocess_cpu_seconds_total 5\n", "no metric of vLLM"),
        ("c.json", "{\"resourceSpans\":[]}", "no export of OTLP metrics"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let path = path.display().to_string();
        let (code, _, err) = run(&["inspect", &dump, "--server-metrics", &path]);
        assert_eq!(code, 3, "{err}");
        assert!(err.contains(says) && err.contains(name), "{err}");
    }
}

/// The bounds of a shipped incident's window, in text and in seconds since the epoch.
fn window_of(incident: &str) -> (String, i64, i64) {
    let truth = fs::read(format!("testdata/incidents/{incident}/truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let text = |end: &str| truth["window"][end].as_str().unwrap().to_owned();
    let seconds = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
    let (start, end) = (text("start"), text("end"));
    (format!("{start}/{end}"), seconds(&start), seconds(&end))
}

fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag << 3 | 2];
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend(bytes);
    out
}

/// One request of OTLP metrics as protobuf, each a sum with one point.
fn protobuf(at_s: i64, metrics: &[(&str, f64)]) -> Vec<u8> {
    let time = (at_s * 1_000_000_000).to_le_bytes();
    let metric = |(name, value): &(&str, f64)| {
        let point = [&[3 << 3 | 1][..], &time, &[4 << 3 | 1], &value.to_le_bytes()].concat();
        field(2, &[field(1, name.as_bytes()), field(7, &field(1, &point))].concat())
    };
    let metrics: Vec<u8> = metrics.iter().flat_map(metric).collect();
    field(1, &field(2, &metrics))
}

fn json(at_s: i64, metrics: &[(&str, f64)]) -> Value {
    let time = (at_s * 1_000_000_000).to_string();
    let metric = |(name, value): &(&str, f64)| serde_json::json!({"name": name, "sum": {"dataPoints": [{"timeUnixNano": time, "asDouble": value}]}});
    let metrics: Vec<Value> = metrics.iter().map(metric).collect();
    serde_json::json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})
}

/// What a share was before the window and within, as two counters: the part and the whole.
fn counters(start_s: i64, at_s: i64, shares: [f64; 2]) -> [f64; 2] {
    let inside = (at_s - start_s).max(0) as f64;
    let whole = (at_s - (start_s - 7200)) as f64;
    [(whole - inside) * shares[0] + inside * shares[1], whole]
}

#[test]
fn eviction_contention_and_acceptance_have_the_servers_as_witness() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("002", "cache_miss_evicted", "server_prefix_hit_share", [0.8, 0.1]),
        ("005", "decode_contention", "server_running_requests", [8.0, 30.0]),
        ("008", "acceptance_drop_traffic_shift", "server_acceptance_share", [0.7, 0.3]),
    ];
    for (incident, cause, signal, [before, within]) in cases {
        let (window, start_s, end_s) = window_of(incident);
        let mut metrics = Vec::new();
        for at_s in (start_s - 7200..end_s + 30).step_by(30) {
            let [part, whole] = counters(start_s, at_s, [before, within]);
            match incident {
                "002" => {
                    let names = ["vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"];
                    let message = protobuf(at_s, &[(names[0], part), (names[1], whole)]);
                    let packed = zstd::encode_all(&message[..], 1).unwrap();
                    metrics.extend(u32::try_from(packed.len()).unwrap().to_be_bytes());
                    metrics.extend(packed);
                }
                "005" => {
                    let value = if at_s < start_s { before } else { within };
                    let line =
                        format!("# {at_s}\nvllm:num_requests_running{{engine=\"0\"}} {value}\n");
                    metrics.extend(line.into_bytes());
                }
                _ => {
                    let stem = "vllm:spec_decode_num";
                    let names = [format!("{stem}_accepted_tokens"), format!("{stem}_draft_tokens")];
                    let line = json(at_s, &[(&names[0], part), (&names[1], whole)]);
                    metrics.extend(format!("{line}\n").into_bytes());
                }
            }
        }
        let path = folder.path().join(incident);
        fs::write(&path, metrics).unwrap();
        let dump = format!("testdata/incidents/{incident}");
        let line = ["diagnose", &dump, "--window", &window, "--format", "json", "--server-metrics"];
        let (code, out, err) = run(&[&line[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(code, 0, "{incident}: {err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let found = report["diagnoses"].as_array().unwrap().iter().find(|d| d["cause"] == cause);
        let evidence =
            found.unwrap_or_else(|| panic!("{incident}: {report:#}"))["evidence"].as_array();
        let found = evidence.unwrap().iter().find(|e| e["signal"] == signal).unwrap();
        for (side, value) in [("baseline", before), ("window", within)] {
            let told = found[side].as_f64().unwrap();
            assert!((told - value).abs() < 0.1 * value.max(0.3), "{incident} {side}: {told}");
        }
    }
}
