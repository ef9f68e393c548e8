//! Contents and keys are planted in every place that a dump has, and looked for in every output.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::{Value, json};

/// In contents, keys and headers: it may stand nowhere.
const SECRET: &str = "sk-ant-api03-PLANTEDPLANTED";
const PROMPT: &str = "merger talks with Initech";
/// In names that are told: it must not act.
const ACTIVE: &str = "\u{1b}]0;owned\u{7}\u{9b}2J<script>alert(1)</script>|`=1+1`";

const START_NS: u64 = 1_793_700_000_000_000_000;

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// Attributes in which instrumentations write contents, headers and keys.
const PLACES: [&str; 30] = [
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.0.content",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "llm.prompts",
    "llm.input_messages.0.message.content",
    "input.value",
    "output.value",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "ai.prompt.messages",
    "ai.response.text",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "langfuse.trace.input",
    "http.request.header.authorization",
    "http.request.header.x-api-key",
    "http.request.header.cookie",
    "http.response.header.set-cookie",
    "http.request.body",
    "http.response.body",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "request_data",
    "response_data",
    "error.message",
];

fn call(n: u64) -> Value {
    let start = START_NS + n * 4_000_000_000;
    let slow: u32 = if (100..140).contains(&n) { 3 } else { 1 };
    let secret = format!("{PROMPT} {SECRET}");
    let mut attributes = vec![
        attribute("gen_ai.provider.name", "openai"),
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.request.model", &format!("=m{ACTIVE}")),
        attribute("gen_ai.response.id", &format!("@id{n}{ACTIVE}")),
        attribute("gen_ai.prompt.name", &format!("+p{ACTIVE}")),
        attribute("tenant.id", "tenant-bob"),
        attribute("session.id", "session-bob"),
        attribute("http.response.header.x-request-id", &format!("req_{n}{ACTIVE}")),
        attribute("url.full", &format!("https://u:{SECRET}@api.openai.com/v1/chat?key={SECRET}")),
        json!({"key": "gen_ai.request.stream", "value": {"boolValue": true}}),
        json!({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "900"}}),
        json!({"key": "gen_ai.usage.output_tokens", "value": {"intValue": "90"}}),
        json!({"key": "gen_ai.response.time_to_first_chunk",
               "value": {"doubleValue": 0.2 * f64::from(slow)}}),
    ];
    attributes.extend(PLACES.iter().map(|place| attribute(place, &secret)));
    let nested = json!([{"role": "user", "content": secret}]).to_string();
    attributes.push(attribute("gen_ai.prompt.messages", &nested));
    attributes.push(json!({"key": "gen_ai.input", "value": {"arrayValue": {"values": [
        {"kvlistValue": {"values": [attribute("content", &secret)]}}]}}}));
    json!({
        "traceId": format!("{n:032x}"), "spanId": format!("{n:016x}"), "kind": 3,
        "name": format!("chat {ACTIVE}"),
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + u64::from(slow) * 1_000_000_000).to_string(),
        "attributes": attributes,
        "events": [
            {"timeUnixNano": start.to_string(), "name": "gen_ai.content.prompt",
             "attributes": [attribute("gen_ai.prompt", &secret)]},
            {"timeUnixNano": start.to_string(), "name": "exception",
             "attributes": [attribute("exception.message", &secret),
                            attribute("exception.stacktrace", &secret)]}],
        "status": {"message": secret},
        "links": [{"traceState": secret, "attributes": [attribute("x", &secret)]}],
    })
}

fn dump(folder: &Path) -> String {
    let spans: Vec<Value> = (1..=240).map(call).collect();
    let whole = json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", &format!("-svc{ACTIVE}")),
                                    attribute("process.command_line", SECRET),
                                    attribute("api.key", SECRET)]},
        "scopeSpans": [{"scope": {"name": "lib", "attributes": [attribute("key", SECRET)]},
                        "spans": spans}]}]});
    // A record that is cut in its content, for what is said of it.
    let cut = format!("{{\"resourceSpans\":[{{\"x\":\"{PROMPT} {SECRET}");
    let path = folder.join("spans.ndjson");
    fs::write(&path, format!("{whole}\n{cut}")).unwrap();
    path.display().to_string()
}

struct Told {
    what: String,
    text: String,
}

/// The files that the commands below write.
const FILES: [&str; 8] =
    ["r.html", "r.md", "r.txt", "r.json", "calls.csv", "calls.ndjson", "t.csv", "t.md"];

/// Every command, `IN` standing for the dump, `@` for the folder that is written to.
const LINES: [&str; 20] = [
    "diagnose IN --window 2026-11-03T10:06:40/3m",
    "diagnose IN --window 2026-11-03T10:06:40/3m --plain",
    "diagnose IN --window 2026-11-03T10:06:40/3m -o @r.html -o @r.md -o @r.txt -o @r.json --with-charts @charts",
    "diagnose IN",
    "diagnose IN --window 25:00-26:00",
    "ticket IN --window 2026-11-03T10:06:40/3m",
    "audit IN",
    "audit IN --format markdown",
    "audit IN --format json",
    "explain 00000000000000000000000000000070 IN",
    "explain 00000000000000000000000000000070 IN --format json",
    "timeline IN --by request_model",
    "timeline IN --by request_model -o @t.csv",
    "timeline IN --by request_model -o @t.md",
    "timeline IN --by tenant --format json",
    "normalize IN -o @calls.csv",
    "normalize IN -o @calls.ndjson",
    "inspect IN",
    "inspect IN --format json",
    "normalize IN -o - --format csv --strict",
];

/// Everything that every command prints or writes about the dump.
fn everything(folder: &Path, input: &str, more: &[&str]) -> Vec<Told> {
    let mut told = Vec::new();
    for line in LINES {
        let place = |word: &str| match word.strip_prefix('@') {
            Some(name) => folder.join(name).display().to_string(),
            None if word == "IN" => input.to_owned(),
            None => word.to_owned(),
        };
        let words = line.split(' ').map(place);
        let output =
            Command::cargo_bin("llmspan").unwrap().args(words).args(more).output().unwrap();
        let code = output.status.code();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(code, Some(0 | 2 | 3)), "{line}: {err}");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        told.push(Told { what: format!("{line} (out)"), text: out });
        told.push(Told { what: format!("{line} (err)"), text: err });
    }
    let mut paths: Vec<_> = FILES.iter().map(|name| folder.join(name)).collect();
    let charts = fs::read_dir(folder.join("charts")).unwrap();
    paths.extend(charts.map(|entry| entry.unwrap().path()));
    for path in paths {
        let what = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{what} is missing"));
        told.push(Told { what, text });
    }
    told
}

#[test]
fn contents_and_keys_reach_no_output_and_names_do_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = dump(folder.path());
    let all = everything(folder.path(), &input, &[]);
    // The test looks where there is something to see.
    assert!(all.iter().any(|told| told.text.contains("owned")));
    assert!(all.iter().any(|told| told.text.contains("tenant-bob")));
    for Told { what, text } in &all {
        for secret in [SECRET, PROMPT, "Initech", "PLANTED", "u:sk"] {
            assert!(!text.contains(secret), "{what} tells {secret}");
        }
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{9b}' || c == '\u{202e}');
        assert!(!text.contains(acts), "{what} holds a control character");
        if [".html", ".svg", ".md"].iter().any(|end| what.ends_with(end)) {
            assert!(!text.contains("<script>alert"), "{what} holds a script");
        }
        if what.ends_with(".csv") {
            for cell in text.lines().flat_map(|line| line.split(',')) {
                let cell = cell.trim_matches('"');
                let number = cell.parse::<f64>().is_ok();
                assert!(number || !cell.starts_with(['=', '+', '-', '@']), "{what}: {cell}");
            }
        }
    }
}

#[test]
fn redaction_leaves_no_tenant_and_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let input = dump(folder.path());
    let all = everything(folder.path(), &input, &["--redact"]);
    assert!(all.iter().any(|told| told.text.contains("id-")));
    for Told { what, text } in &all {
        assert!(!text.contains("tenant-bob") && !text.contains("session-bob"), "{what}");
    }
}

#[test]
fn a_table_written_with_formulas_reads_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.csv");
    fs::write(
        &input,
        "trace_id,span_id,start,duration_s,request_model,tenant,attr.zone\n\
         aa,01,2026-01-02T03:04:05Z,1.5,'=1+1,'''@x,'-1\n",
    )
    .unwrap();
    let output = folder.path().join("out.csv");
    let read = |path: &Path| {
        let inputs = [path.display().to_string()];
        llmspan::read(&inputs, &llmspan::ingest::Options::default()).unwrap().0
    };
    let table = read(&input);
    assert_eq!(table.text(llmspan::schema::Col::RequestModel, 0).as_deref(), Some("=1+1"));
    assert_eq!(table.segment("zone").get(0), Some("-1"));
    let run = Command::cargo_bin("llmspan")
        .unwrap()
        .args(["normalize", input.to_str().unwrap(), "-o", output.to_str().unwrap()])
        .status();
    assert!(run.unwrap().success());
    assert!(fs::read_to_string(&output).unwrap().contains(",'=1+1,"));
    assert_eq!(read(&output), table);
}
