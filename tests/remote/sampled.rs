//! Windows too large to ship: the server's exact counts of every call beside the judgement of a
//! sample of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::tables::chdb;
use crate::{dumps, run};

/// A call as the call table of the whole dump has it.
struct Call {
    start_ns: i64,
    duration_s: Option<f64>,
    ttft_s: Option<f64>,
    failed: bool,
    output_tokens: Option<f64>,
    attributes: BTreeMap<&'static str, String>,
}

fn calls(dump: &str) -> Vec<Call> {
    let ran = run(&["normalize", dump, "-o", "-", "--format", "csv"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut rows = csv::Reader::from_reader(ran.out.as_bytes());
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let [start, duration, ttft, status, tokens, service, model] = [
        "start",
        "duration_s",
        "ttft_s",
        "status",
        "output_tokens",
        "service_name",
        "request_model",
    ]
    .map(at);
    let call = |row: csv::StringRecord| Call {
        start_ns: ns(&row[start]),
        duration_s: row[duration].parse().ok(),
        ttft_s: row[ttft].parse().ok(),
        failed: &row[status] != "ok",
        output_tokens: row[tokens].parse().ok(),
        attributes: BTreeMap::from([
            ("service.name", row[service].to_owned()),
            ("gen_ai.request.model", row[model].to_owned()),
        ]),
    };
    rows.records().map(|row| call(row.unwrap())).collect()
}

fn ns(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().expect(text).timestamp_nanos_opt().unwrap()
}

fn json(input: &str, window: &str) -> Value {
    let ran = run(&["diagnose", input, "--window", window, "--format", "json"], &[]);
    assert_eq!(ran.code, 0, "{input}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_sample_is_judged_beside_the_exact_counts_of_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = dumps(folder.path());
    let Some(server) = chdb(folder.path(), &dumps) else { return };
    let mut fewer = 0;
    for (at, (name, path, window)) in dumps.iter().enumerate() {
        let dump = path.to_str().unwrap();
        let (calls, whole) = (calls(dump), json(dump, window));
        let table =
            ["otel_traces", "otel_traces_json", "signoz_index_v3", "otel_traces_spread"][at % 4];
        let of = format!("clickhouse://127.0.0.1:{}/{name}?table={table}", server.port);
        let sampled = json(&format!("{of}&sample=3"), window);
        assert!(whole.get("counted").is_none());
        let counted = &sampled["counted"];
        assert_eq!((&counted["one_in"], &counted["exact"]), (&3.into(), &true.into()), "{name}");
        // What is judged is the sample.
        let judged = sampled["ingest"]["calls"].as_u64().unwrap();
        assert!(judged > 0 && judged * 2 < calls.len() as u64, "{name}: {judged}");
        assert!(sampled["window"]["calls"].as_u64() < whole["window"]["calls"].as_u64());
        fewer += usize::from(sampled["verdict"] == whole["verdict"]);
        // What is counted is every call.
        let all = &counted["slices"][0];
        assert_eq!(all["window"]["calls"], whole["window"]["calls"], "{name}");
        for slice in counted["slices"].as_array().unwrap() {
            same_counts(name, slice, &calls, (&sampled, counted));
        }
        redrawn(name, &sampled);
    }
    assert!(fewer >= 4, "{fewer} verdicts of a third of the calls are those of all");
    told(server.port, &dumps[0].0, &dumps[0].2);
    over_time(server.port, &dumps[0]);
}

/// `timeline` tells every call, of which it reads a sample.
fn over_time(port: u16, (name, path, _): &(String, std::path::PathBuf, String)) {
    let calls = calls(path.to_str().unwrap());
    let input =
        format!("clickhouse://127.0.0.1:{port}/{name}?since=2026-10-01&until=2026-11-30&sample=3");
    let arguments = ["--every", "5m", "--by", "service.name", "--format", "json"];
    let ran = run(&[&["timeline", &input], arguments.as_slice()].concat(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["all"]["calls"], calls.len());
    assert!(found["ingest"]["calls"].as_u64().unwrap() * 2 < calls.len() as u64);
    let start = ns(found["start"].as_str().unwrap());
    let groups = found["groups"].as_array().unwrap();
    for group in std::iter::once(&found["all"]).chain(groups) {
        let service = group["value"].as_str();
        for (bin, told) in group["calls_by_bin"].as_array().unwrap().iter().enumerate() {
            let from = start + bin as i64 * 300_000_000_000;
            let inside = calls.iter().filter(|call| {
                (from..from + 300_000_000_000).contains(&call.start_ns)
                    && service.is_none_or(|service| call.attributes["service.name"] == service)
            });
            assert_eq!(*told, inside.count(), "{service:?}, bin {bin}");
        }
    }
}

/// Holds a slice's counts, series and quantiles against the call table of the whole dump.
fn same_counts(name: &str, slice: &Value, calls: &[Call], (sampled, counted): (&Value, &Value)) {
    let segment = slice["segment"].as_object().unwrap();
    let of_slice = |call: &&Call| {
        segment.iter().all(|(key, value)| {
            call.attributes.get(key.as_str()).map(String::as_str) == value.as_str()
        })
    };
    let calls: Vec<&Call> = calls.iter().filter(of_slice).collect();
    let within = |from: &Value, to: &Value| -> Vec<&Call> {
        let (from, to) = (ns(from.as_str().unwrap()), ns(to.as_str().unwrap()));
        calls.iter().copied().filter(|call| (from..to).contains(&call.start_ns)).collect()
    };
    let window = within(&sampled["window"]["start"], &sampled["window"]["end"]);
    let baseline = within(&counted["baseline_start"], &counted["baseline_end"]);
    for (side, calls) in [("window", &window), ("baseline", &baseline)] {
        let told = &slice[side];
        let what = format!("{name}, {segment:?}, {side}");
        assert_eq!(told["calls"], calls.len(), "{what}");
        assert_eq!(told["failed"], calls.iter().filter(|call| call.failed).count(), "{what}");
        let tokens: f64 = calls.iter().filter_map(|call| call.output_tokens).sum();
        assert_eq!(told["output_tokens"].as_f64().unwrap_or(0.0), tokens, "{what}");
        for (signal, q) in [("duration_p50_s", 0.5), ("duration_p95_s", 0.95), ("ttft_p50_s", 0.5)]
        {
            let changes = slice["signals"].as_array().unwrap();
            let Some(change) = changes.iter().find(|change| change["signal"] == signal) else {
                continue;
            };
            let value = |call: &&&Call| match signal.starts_with("ttft") {
                true => call.ttft_s,
                false => call.duration_s,
            };
            let mut values: Vec<f64> =
                calls.iter().filter(|call| !call.failed).filter_map(|call| value(&call)).collect();
            values.sort_by(f64::total_cmp);
            let exact = values[(q * (values.len() - 1) as f64 + 1e-9) as usize];
            let told = change[side].as_f64().unwrap();
            assert!((told / exact - 1.0).abs() < 0.023, "{what} {signal}: {told} for {exact}");
        }
    }
    let start = ns(sampled["timeline"]["start"].as_str().unwrap());
    let bin_ns = (sampled["timeline"]["bin_s"].as_f64().unwrap() * 1e9).round() as i64;
    let series = slice["series"].as_array().unwrap();
    let of = |signal: &str| series.iter().find(|series| series["signal"] == signal).unwrap();
    let rates = of("calls_per_minute")["values"].as_array().unwrap();
    let shares = of("error_share")["values"].as_array().unwrap();
    let bins = (start..).step_by(bin_ns as usize);
    for ((from, rate), share) in bins.zip(rates).zip(shares) {
        let inside = calls.iter().filter(|call| (from..from + bin_ns).contains(&call.start_ns));
        let (mut count, mut failed) = (0.0, 0.0);
        inside.for_each(|call| (count, failed) = (count + 1.0, failed + f64::from(call.failed)));
        let per_minute = count * 60e9 / bin_ns as f64;
        assert!((rate.as_f64().unwrap() - per_minute).abs() < 1e-6, "{name} {segment:?} at {from}");
        assert_eq!(share.as_f64(), (count > 0.0).then(|| failed / count), "{name} {segment:?}");
    }
}

/// The timeline's counts are those of every call wherever the server counted by its slice.
fn redrawn(name: &str, sampled: &Value) {
    let own = &sampled["timeline"]["segment"];
    let slices = sampled["counted"]["slices"].as_array().unwrap();
    let Some(slice) = slices.iter().find(|slice| slice["segment"] == *own) else {
        let notes = sampled["notes"].to_string();
        assert!(notes.contains("the timeline is that of the sample"), "{name}: {notes}");
        return;
    };
    for signal in ["calls_per_minute", "error_share"] {
        let values = |of: &Value| {
            let all = of["series"].as_array().unwrap();
            all.iter().find(|series| series["signal"] == signal).unwrap()["values"].clone()
        };
        assert_eq!(values(&sampled["timeline"]), values(slice), "{name} {signal}");
    }
}

/// Every form of the report states both steps, and the questions are shown.
fn told(port: u16, name: &str, window: &str) {
    let input = format!("clickhouse://127.0.0.1:{port}/{name}?max_calls=250");
    for format in ["terminal", "markdown", "html"] {
        let ran = run(&["diagnose", &input, "--window", window, "--format", format], &[]);
        let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("was read and judged; every call was counted by the server"),
            "{format}: {}",
            ran.out
        );
        assert!(words.contains("Of every call, to 2.2 %: duration p50"), "{format}: {}", ran.out);
    }
    let shown = run(&["diagnose", &input, "--window", window, "--show-queries"], &[]);
    assert!(shown.err.contains("GROUP BY bin, inside, service, model"), "{}", shown.err);
    let dry = run(&["diagnose", &input, "--window", window, "--dry-run"], &[]);
    assert!(dry.out.contains("GROUP BY bin, inside, service, model"), "{}", dry.out);
}
