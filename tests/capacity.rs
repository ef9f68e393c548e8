//! Capacity from outside: the answer against the truth of simulated deployments, the contract, what
//! a shared API gets, and the proof that docs/capacity.md quotes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod deployments;
mod support;

use std::process::Command;
use std::sync::Arc;

use assert_cmd::cargo::CommandCargoExt;
use deployments::Deployed;
use deployments::proof::{ask, known, proof};
use deployments::scraped::scrape;
use deployments::supposed::supposed;
use llmspan::calls::{CallTable, Cell};
use llmspan::capacity::fit::Known;
use llmspan::capacity::what_if::WhatIf;
use llmspan::capacity::{CapacityArgs, capacity};
use llmspan::diagnosis::Ingest;
use llmspan::diagnosis::capacity::{Capacity, Constraint, Identifiable};
use llmspan::report::Style;
use llmspan::report::capacity::{CapacityFormat, render};
use llmspan::schema::Col;
use llmspan::slo::Slo;
use serde_json::Value;

use support::{house, schema};

const INCIDENT: &str = "testdata/incidents/010/spans.parquet";

fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    let output = command.current_dir(house::root()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn keeps_the_contract(report: &Value) {
    let document = serde_json::from_str(include_str!("../docs/capacity.schema.json")).unwrap();
    let complaints = schema::complaints(&schema::closed_to(document), report);
    assert_eq!(complaints, Vec::<String>::new());
}

fn answer(deployed: &Deployed, args: &CapacityArgs) -> Capacity {
    let ran = deployed.run(&[1.0; 4], 0);
    capacity(&deployed.table(&ran), Ingest::default(), args).unwrap()
}

/// Two replicas at a seventh of their load, with all that an operator knows.
fn quiet() -> (Deployed, CapacityArgs) {
    let deployed = Deployed::own(1000);
    let args = CapacityArgs { known: known(&deployed), ..ask() };
    (deployed, args)
}

#[test]
fn a_quiet_deployment_is_answered_and_every_form_says_so() {
    let (deployed, mut args) = quiet();
    args.slos =
        ["ttft.p95 < 100s", "itl.p95 < 3500us"].map(|text| Slo::parse(text).unwrap()).into();
    args.between = true;
    let found = answer(&deployed, &args);
    assert_ne!(found.identifiable, Identifiable::No, "{}", found.because);
    let report = serde_json::to_value(&found).unwrap();
    keeps_the_contract(&report);
    assert_eq!(report["scales"].as_array().unwrap().len(), 5);
    let p95 = |at: usize| found.scales[2 * at].predicted.itl_p95_s.unwrap().value.unwrap();
    assert!(p95(0) < p95(1) && p95(1) < p95(2), "more load is slower");
    let held = &found.slos[0].max_scale;
    assert!(held.value.is_none_or(|scale| scale >= 2.0), "{held:?}");
    let broken = found.slos[1].max_scale.value.unwrap();
    assert!((1.0..3.0).contains(&broken), "{broken}");
    for (format, mark) in [
        (CapacityFormat::Terminal, "Gives first"),
        (CapacityFormat::Markdown, "| 2× | ITL |"),
        (CapacityFormat::Svg, "ITL p95 against traffic"),
        (CapacityFormat::Html, "<svg xmlns"),
        (CapacityFormat::Json, "\"llmspan.capacity/1\""),
    ] {
        let text = render(&found, format, Style::of_width(Style::NARROW));
        assert!(text.contains(mark), "{text}");
        assert!(text.ends_with('\n'));
        if format == CapacityFormat::Terminal {
            fits(&text);
        }
    }
}

fn fits(page: &str) {
    let widest = page.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= Style::NARROW, "{widest}");
}

#[test]
fn what_nobody_said_of_caps_bounds_no_figure_from_above_beyond_the_recorded_load() {
    let (deployed, args) = quiet();
    let unsaid = CapacityArgs { known: Known::default(), scales: vec![1.5, 4.0], ..args };
    let found = answer(&deployed, &unsaid);
    let p95 = |at: usize| found.scales[at].predicted.ttft_p95_s.unwrap();
    assert!(p95(0).high.is_some(), "what was recorded has both ends");
    let open = p95(2);
    assert!(open.low.is_some() && open.value.is_none() && open.high.is_none(), "{open:?}");
    assert_eq!(found.identifiable, Identifiable::Partly);
    assert!(found.cliff.unwrap().holds_at.unwrap() < 4.0, "{:?}", found.cliff);
    assert!(found.wrong_if[0].contains("--max-sequences"), "{:?}", found.wrong_if);
    let page = render(&found, CapacityFormat::Terminal, Style::of_width(Style::NARROW));
    assert!(page.contains("or more"), "{page}");
    fits(&page);
}

#[test]
fn what_is_missing_for_an_answer_is_counted() {
    let (deployed, args) = quiet();
    let ran = deployed.run(&[1.0; 4], 0);
    let table = deployed.table(&ran);
    let calls = (0..300).map(|row| {
        let mut call = llmspan::calls::Call::default();
        for col in [Col::DurationS, Col::InputTokens, Col::OutputTokens] {
            call.set(col, Cell::Float(table.numbers(col)[row]));
        }
        call.set(Col::Start, Cell::Int(table.starts_ns()[row]));
        call
    });
    let bare = CallTable::from_calls(calls.collect());
    let found = capacity(&bare, Ingest::default(), &args).unwrap();
    assert_eq!(found.identifiable, Identifiable::No);
    assert!(found.because.contains("0 of them with time to first chunk"), "{}", found.because);
    assert!(found.next_steps[0].contains("llmspan audit"), "{:?}", found.next_steps);
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let (deployed, args) = quiet();
    let [one, other] = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&answer(&deployed, &args)).unwrap())
    });
    assert_eq!(one, other);
}

#[test]
fn suppositions_move_the_answer_the_way_physics_does() {
    let (deployed, args) = quiet();
    let p95 = |what_if: WhatIf| {
        let found = answer(&deployed, &CapacityArgs { what_if, ..args.clone() });
        let last = found.scales.last().unwrap().predicted;
        let middle = |bound: Option<llmspan::diagnosis::capacity::Bound>| {
            let bound = bound.unwrap();
            (bound.low.unwrap() * bound.high.unwrap()).sqrt()
        };
        (middle(last.ttft_p95_s), middle(last.itl_p95_s), middle(last.duration_p95_s))
    };
    let now = p95(WhatIf::default());
    let cached = p95(WhatIf { cache_hit_ratio: Some(0.98), ..WhatIf::default() });
    let accepted = p95(WhatIf { acceptance_ratio: Some(0.1), ..WhatIf::default() });
    let longer = p95(WhatIf { output_factor: Some(1.5), ..WhatIf::default() });
    let prompts = p95(WhatIf { prompt_factor: Some(2.0), ..WhatIf::default() });
    let more = p95(WhatIf { more_replicas: Some(2), ..WhatIf::default() });
    let none = CapacityArgs {
        what_if: WhatIf { more_replicas: Some(-2), ..WhatIf::default() },
        ..args.clone()
    };
    let ran = deployed.run(&[1.0; 4], 0);
    let refused = capacity(&deployed.table(&ran), Ingest::default(), &none).unwrap_err();
    assert!(refused.to_string().contains("none is left"), "{refused}");
    assert!(cached.0 < now.0, "more cache, less prefill");
    assert!(accepted.1 > 1.2 * now.1, "fewer drafts accepted, slower tokens");
    assert!(longer.2 > 1.2 * now.2, "longer answers take longer");
    assert!(prompts.0 > 1.3 * now.0, "longer prompts, later first tokens");
    assert!(more.1 < now.1, "more replicas, less contention");
}

#[test]
fn an_api_that_others_share_is_not_extrapolated() {
    let found = answer(&Deployed::shared(1), &ask());
    assert_eq!(found.identifiable, Identifiable::No);
    assert!(found.scales.is_empty() && found.engine.is_none());
    assert!(found.because.contains("own load"), "{}", found.because);
    assert!(found.rests_on.iter().any(|line| line.contains("busiest minutes")));
    assert!(found.next_steps.iter().any(|line| line.contains("1.25")), "the test that settles it");
    keeps_the_contract(&serde_json::to_value(&found).unwrap());
}

#[test]
fn real_spans_are_read_and_the_contract_is_kept() {
    let (code, out, err) = run(&["capacity", INCIDENT, "--slo", "ttft.p95 < 1s", "-f", "json"]);
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    keeps_the_contract(&report);
    assert_eq!(report["identifiable"], false);
    assert_eq!(report["slos"][0]["slo"], "ttft.p95 < 1s");
    let (code, out, _) = run(&["capacity", INCIDENT, "--plain"]);
    assert_eq!(code, 0);
    assert!(out.is_ascii() && out.contains("CANNOT BE TOLD"), "{out}");
}

#[test]
fn arguments_that_make_no_sense_are_named() {
    for (arguments, why) in [
        (["--scale", "0"], "--scale 0"),
        (["--slo", "ttft < 1s"], "names no percentile"),
        (["--replicas", "2"], "no change"),
        (["--prompt-tokens", "1.5"], "no factor"),
        (["--mix", "chat"], "no share"),
        (["--mix", "nobody=0.5"], "no call is of the service"),
        (["--model", "nothing"], "none is of that model"),
        (["--cache-hit", "2"], "--cache-hit 2 is not between"),
        (["--cache-hit", "120%"], "--cache-hit 1.2 is not between"),
        (["--acceptance", "most"], "write it as 0.9 or 90%"),
        (["--scale", "twice"], "write it as 2 or 1.5"),
    ] {
        let (code, _, err) = run(&[&["capacity", INCIDENT][..], &arguments].concat());
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(why), "{why}: {err}");
    }
}

#[test]
fn a_constraint_is_named_where_the_engine_gives() {
    // One replica, thirty-two sequences, a KV memory that half as much again fills.
    let deployed = Deployed::own(1013);
    let args = CapacityArgs { known: known(&deployed), ..ask() };
    let found = answer(&deployed, &args);
    assert_eq!(found.binding_constraint, Some(Constraint::KvMemory));
    assert!(found.scales.last().unwrap().beyond_cliff);
    assert_eq!(found.identifiable, Identifiable::Partly);
}

#[test]
fn server_metrics_tell_replicas_and_memory_and_whether_spans_are_missing() {
    let deployed = Deployed::own(1013);
    let ran = deployed.run(&[1.0; 4], 0);
    let folder = tempfile::tempdir().unwrap();
    let scraped = scrape(&deployed, &ran, folder.path());
    let servers = Arc::new(llmspan::servers::read(&[scraped]).unwrap());
    let args = CapacityArgs { servers, ..ask() };
    let found = capacity(&deployed.table(&ran), Ingest::default(), &args).unwrap();
    let told = found.servers.unwrap();
    let pool = &deployed.world.pools[0];
    assert_eq!(told.replicas, Some(pool.replicas));
    let memory = told.kv_tokens.unwrap() / pool.engine.kv_tokens;
    assert!((0.8..1.25).contains(&memory), "{memory}");
    assert_ne!(found.identifiable, Identifiable::No, "{}", found.because);
    assert_eq!(found.engine.as_ref().unwrap().replicas, pool.replicas);
    keeps_the_contract(&serde_json::to_value(&found).unwrap());
    // Every other call was not exported: by Little's law the servers had twice as much to do.
    let mut half = ran;
    half.outcomes = half.outcomes.into_iter().step_by(2).collect();
    let found = capacity(&deployed.table(&half), Ingest::default(), &args).unwrap();
    assert_eq!(found.identifiable, Identifiable::No);
    assert!(found.because.contains("spans are missing"), "{}", found.because);
}

#[test]
fn inputs_are_mapped_and_databases_asked_as_by_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    let row = |n: usize| {
        let at = n as f64 * 1.7;
        format!("{:.3},{},{:.3},{:.3},{},{}\n", 1.794e9 + at, "m", 2.0, 0.3, 900 + n % 50, 120)
    };
    let text: String = (0..240).map(row).collect();
    std::fs::write(&path, format!("began,name,took,first,tokens_in,tokens_out\n{text}")).unwrap();
    let path = path.display().to_string();
    let map = "start=began,request_model=name,duration_s=took,ttft_s=first,input_tokens=tokens_in,output_tokens=tokens_out";
    let mut arguments = vec!["capacity", &path, "-f", "json", "-q"];
    let pairs: Vec<&str> = map.split(',').flat_map(|pair| ["--map", pair]).collect();
    arguments.extend(pairs);
    let (code, out, err) = run(&arguments);
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["recorded"]["model"], "m");
    assert_eq!(report["recorded"]["calls"], 240);
    let asked = [
        "capacity",
        "clickhouse://reader@localhost:8123/otel?table=otel_traces&since=2026-11-03T12:00:00Z&until=2026-11-03T13:00:00Z",
        "--dry-run",
    ];
    let (code, out, err) = run(&asked);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("SELECT"), "{out}");
}

/// A call every half second with its HTTP request, whose headers say what is left of 60,000 tokens.
fn metered(folder: &std::path::Path) -> String {
    let attribute = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{value}}}"#);
    let text = |value: &str| format!(r#"{{"stringValue":"{value}"}}"#);
    let int = |value: u64| format!(r#"{{"intValue":"{value}"}}"#);
    let listed = |value: &str| format!(r#"{{"arrayValue":{{"values":[{}]}}}}"#, text(value));
    let span = |trace: u64, id: u64, parent: u64, length_ms: u64, attributes: &[String]| {
        let start = 1_793_714_400_000_000_000 + trace * 500_000_000;
        let parent = if parent > 0 { format!("{parent:016x}") } else { String::new() };
        format!(
            r#"{{"traceId":"{:032x}","spanId":"{id:016x}","parentSpanId":"{parent}","name":"s","kind":3,"startTimeUnixNano":"{start}","endTimeUnixNano":"{}","attributes":[{}]}}"#,
            trace + 1,
            start + length_ms * 1_000_000,
            attributes.join(",")
        )
    };
    let mut lines = String::new();
    for n in 0..600_u64 {
        let call = [
            attribute("gen_ai.provider.name", &text("openai")),
            attribute("gen_ai.operation.name", &text("chat")),
            attribute("gen_ai.request.model", &text("gpt-x")),
            attribute("gen_ai.usage.input_tokens", &int(150)),
            attribute("gen_ai.usage.output_tokens", &int(50)),
        ];
        let header = |name: &str| format!("http.response.header.{name}");
        let request = [
            attribute("http.request.method", &text("POST")),
            attribute("url.full", &text("https://api.openai.com/v1/chat/completions")),
            attribute("http.response.status_code", &int(200)),
            attribute(&header("x-ratelimit-limit-tokens"), &listed("60000")),
            attribute(&header("x_ratelimit_remaining_tokens"), &listed("40000")),
        ];
        let spans =
            [span(n, 2 * n + 1, 0, 900, &call), span(n, 2 * n + 2, 2 * n + 1, 800, &request)];
        lines += &format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
            spans.join(",")
        );
        lines.push('\n');
    }
    let path = folder.join("spans.ndjson");
    std::fs::write(&path, lines).unwrap();
    path.display().to_string()
}

#[test]
fn rate_limit_headers_become_headroom_and_may_give_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = metered(folder.path());
    let arguments = ["capacity", &path, "--scale", "2", "--scale", "3", "-q"];
    let (code, out, err) = run(&[&arguments[..], &["-f", "json"]].concat());
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    keeps_the_contract(&report);
    let quota = &report["limits"]["quotas"][0];
    // 120 calls a minute of 200 tokens.
    assert_eq!(quota["used_p99"], 24_000.0);
    assert_eq!(quota["limit"], 60_000.0);
    assert_eq!(quota["headroom_scale"], 2.5);
    assert_eq!(report["binding_constraint"], "rate_limit");
    assert_eq!(report["binding_scale"], 2.5);
    let (_, out, _) = run(&arguments);
    assert!(out.contains("60,000") && out.contains("2.50× the traffic"), "{out}");
}

/// The table of docs/capacity.md:
/// `cargo test --test capacity -- --ignored --nocapture proof`
#[test]
#[ignore = "minutes: simulates a hundred services at once, twice and half as much again"]
#[allow(clippy::print_stdout, reason = "its table is what it is for")]
fn the_proof() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (from, own, shared) =
        (number("LLMSPAN_FROM", 9700), number("LLMSPAN_OWN", 64), number("LLMSPAN_SHARED", 60));
    let table = proof(from, own, shared);
    println!("{}", table.text);
    assert!(table.holds, "a bar of the issue is not reached");
}

/// The table of what-ifs of docs/capacity.md:
/// `cargo test --test capacity -- --ignored --nocapture what_ifs`
#[test]
#[ignore = "minutes: simulates a dozen deployments as each supposition makes them"]
#[allow(clippy::print_stdout, reason = "its table is what it is for")]
fn what_ifs_come_out_as_the_changed_deployment_does() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (text, holds) = supposed(number("LLMSPAN_FROM", 9600), number("LLMSPAN_OWN", 12));
    println!("{text}");
    assert!(holds, "fewer than four in five figures are near");
}
