//! The audit of real dumps against what their shapes and the report on them say is there.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use assert_cmd::Command;
use llmspan::audit::{ATTRIBUTES, audit};
use llmspan::diagnosis::audit::State::{Absent, Present, Sometimes};
use llmspan::diagnosis::audit::{Audit, DialectAudit, State};
use llmspan::ingest::Options;
use llmspan::report::Style;
use llmspan::report::audit::{Format, render};
use support::house::root;

fn path(fixture: &str) -> String {
    let folder = root().join("testdata/dialects").join(fixture);
    let forms = ["spans.otlp.pb.zst", "spans.otlp.json"].map(|form| folder.join(form));
    let found = forms.into_iter().find(|path| path.is_file()).unwrap();
    found.to_str().unwrap().to_owned()
}

fn of(fixture: &str) -> Audit {
    let (table, ingest) = llmspan::read(&[path(fixture)], &Options::default()).unwrap();
    audit(&table, &ingest)
}

fn dialect(fixture: &str, id: &str) -> DialectAudit {
    let mut all = of(fixture).services.into_iter().flat_map(|service| service.dialects);
    all.find(|found| found.dialect == id).unwrap()
}

fn state(found: &DialectAudit, column: &str) -> (State, u64, u64) {
    let entry = found.attributes.iter().find(|entry| entry.column == column).unwrap();
    (entry.state, entry.known, entry.of)
}

fn fix<'a>(found: &'a DialectAudit, column: &str) -> Option<&'a str> {
    found.attributes.iter().find(|entry| entry.column == column).unwrap().fix.as_deref()
}

/// Fixture, dialect, column, and what its shapes show: the first chunk, the tokens, the cached
/// count, the request id and the HTTP attempts are what the instrumentations differ in.
const SHAPES: &[(&str, &str, &str, State)] = &[
    // `gen_ai.response.time_to_first_chunk` on every stream; the id on the span itself.
    ("anthropic_sdk", "anthropic_sdk", "ttft_s", Present),
    ("anthropic_sdk", "anthropic_sdk", "cache_read_tokens", Present),
    ("anthropic_sdk", "anthropic_sdk", "cache_write_tokens", Present),
    ("anthropic_sdk", "anthropic_sdk", "request_id", Present),
    ("anthropic_sdk", "anthropic_sdk", "service_tier", Present),
    ("anthropic_sdk", "anthropic_sdk", "server_processing_s", Absent),
    // The library's span has no first chunk; that of the SDK beside it has.
    ("openllmetry_anthropic", "anthropic_sdk", "ttft_s", Present),
    ("openllmetry_anthropic", "anthropic_sdk", "request_id", Present),
    // The cached count is left out where it is zero; the fingerprint is on few answers.
    ("genai_official", "genai_official", "ttft_s", Present),
    ("genai_official", "genai_official", "cache_read_tokens", Present),
    ("genai_official", "genai_official", "service_tier", Present),
    ("genai_official", "genai_official", "system_fingerprint", Sometimes),
    ("genai_official", "genai_official", "server_processing_s", Present),
    // Gemini sends no request id; three in four calls ride on a traced HTTP client.
    ("google_genai", "google_genai", "ttft_s", Present),
    ("google_genai", "google_genai", "request_id", Absent),
    ("google_genai", "google_genai", "server_processing_s", Sometimes),
    // `completion_start_time`; ids of the body only from the Responses API.
    ("langfuse", "langfuse", "ttft_s", Present),
    ("langfuse", "langfuse", "response_id", Sometimes),
    ("langfuse", "langfuse", "input_tokens", Sometimes),
    ("langfuse", "langfuse", "request_id", Present),
    // No first chunk; headers inside `hidden_params`; the cached count inside a Python literal.
    ("litellm", "litellm", "ttft_s", Absent),
    ("litellm", "litellm", "request_id", Sometimes),
    ("litellm", "litellm", "cache_read_tokens", Sometimes),
    // Neither first chunk nor cached count, nor whether it streamed.
    ("openai_v2", "openai_v2", "ttft_s", Absent),
    ("openai_v2", "openai_v2", "cache_read_tokens", Absent),
    ("openai_v2", "openai_v2", "streaming", Absent),
    ("openai_v2", "openai_v2", "input_tokens", Sometimes),
    // The first token is an event; the id is inside the output's document.
    ("openinference", "openinference", "ttft_s", Present),
    ("openinference", "openinference", "input_tokens", Sometimes),
    ("openinference", "openinference", "response_id", Present),
    // None of it; ids patchy.
    ("openinference_langchain", "openinference_langchain", "ttft_s", Absent),
    ("openinference_langchain", "openinference_langchain", "response_id", Sometimes),
    ("openinference_langchain", "openinference_langchain", "cache_read_tokens", Sometimes),
    // One event a chunk on chat streams, none on the Responses API; tier on few.
    ("openllmetry", "openllmetry", "ttft_s", Sometimes),
    ("openllmetry", "openllmetry", "itl_p95_s", Sometimes),
    ("openllmetry", "openllmetry", "input_tokens", Sometimes),
    ("openllmetry", "openllmetry", "service_tier", Sometimes),
    ("openllmetry", "openllmetry", "system_fingerprint", Sometimes),
    ("openllmetry_long", "openllmetry", "ttft_s", Sometimes),
    // Always asks for usage; the conversation is named.
    ("pydantic_ai", "pydantic_ai", "ttft_s", Present),
    ("pydantic_ai", "pydantic_ai", "input_tokens", Present),
    ("pydantic_ai", "pydantic_ai", "session_id", Present),
    // `msToFirstChunk`, cached counts, headers by undici.
    ("vercel", "vercel", "ttft_s", Present),
    ("vercel", "vercel", "cache_read_tokens", Present),
    ("vercel", "vercel", "request_id", Present),
];

const REAL: [&str; 13] = [
    "anthropic_sdk",
    "genai_official",
    "google_genai",
    "langfuse",
    "litellm",
    "openai_v2",
    "openinference",
    "openinference_langchain",
    "openllmetry",
    "openllmetry_anthropic",
    "openllmetry_long",
    "pydantic_ai",
    "vercel",
];

#[test]
fn real_dumps_carry_what_their_shapes_show() {
    let mut wrong = Vec::new();
    for (fixture, id, column, expected) in SHAPES {
        let found = state(&dialect(fixture, id), column);
        if found.0 != *expected {
            wrong.push(format!("{fixture} {column}: {found:?}, expected {expected:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_real_dump_names_the_region_the_pool_or_the_prompt() {
    for fixture in REAL {
        for found in of(fixture).services.iter().flat_map(|service| &service.dialects) {
            for column in ["region", "pool_id", "queue_wait_s", "batch_size", "prompt_hash"] {
                assert_eq!(state(found, column).0, Absent, "{fixture} {column}");
            }
            assert_eq!(state(found, "duration_s").0, Present, "{fixture}");
            assert_eq!(state(found, "service_name").0, Present, "{fixture}");
        }
    }
}

#[test]
fn a_gap_is_closed_by_the_change_for_its_instrumentation() {
    for (fixture, id, column, change) in [
        ("litellm", "litellm", "ttft_s", Some("litellm_v2")),
        ("openai_v2", "openai_v2", "ttft_s", Some("genai_package")),
        ("openai_v2", "openai_v2", "cache_read_tokens", Some("genai_package")),
        ("openai_v2", "openai_v2", "input_tokens", Some("include_usage")),
        ("openllmetry", "openllmetry", "input_tokens", Some("include_usage")),
        ("openllmetry", "openllmetry", "cache_read_tokens", Some("include_usage")),
        ("openllmetry_long", "openllmetry", "ttft_s", Some("event_limit")),
        (
            "openinference_langchain",
            "openinference_langchain",
            "ttft_s",
            Some("openinference_openai"),
        ),
        (
            "openinference_langchain",
            "openinference_langchain",
            "request_id",
            Some("response_headers"),
        ),
        ("vercel", "vercel", "prompt_hash", Some("telemetry_metadata")),
        ("langfuse", "langfuse", "prompt_version", Some("langfuse_prompt")),
        ("logfire", "logfire", "request_id", Some("request_id_hook")),
        ("vercel_v7", "vercel_v7", "request_id", Some("response_headers_node")),
        ("semconv_old", "semconv_old", "region", Some("azure_region")),
        // What a provider does not send, no change on the client's side can bring.
        ("google_genai", "google_genai", "request_id", None),
        ("litellm", "litellm", "request_id", None),
        ("anthropic_sdk", "anthropic_sdk", "server_processing_s", None),
        ("genai_official", "genai_official", "batch_size", None),
    ] {
        assert_eq!(fix(&dialect(fixture, id), column), change, "{fixture} {column}");
    }
}

#[test]
fn a_service_that_carries_more_scores_more() {
    let score = |fixture: &str| of(fixture).services[0].score;
    assert!(score("genai_official") > score("openai_v2"));
    assert!(score("semconv") > score("genai_official"), "it carries the proposed attributes");
    assert!(score("openllmetry") > score("openllmetry_long"), "events were dropped");
    for fixture in REAL {
        assert!((1..100).contains(&score(fixture)), "{fixture}");
    }
}

#[test]
fn every_attribute_stands_in_every_group_and_every_fix_is_named_by_a_gap() {
    for fixture in REAL {
        for found in of(fixture).services.iter().flat_map(|service| &service.dialects) {
            assert_eq!(found.attributes.len(), ATTRIBUTES.len());
            for entry in &found.attributes {
                assert_eq!(entry.loses.is_some(), entry.state.is_gap(), "{}", entry.attribute);
                assert!(entry.known <= entry.of);
            }
            for change in &found.fixes {
                let named = found.attributes.iter().filter(|e| e.fix.as_ref() == Some(&change.id));
                let named: Vec<&String> = named.map(|entry| &entry.attribute).collect();
                assert_eq!(change.closes.iter().collect::<Vec<_>>(), named, "{}", change.id);
            }
        }
    }
}

#[test]
fn every_form_says_the_same_and_the_terminal_keeps_its_width() {
    let (table, ingest) = llmspan::read(&[path("litellm")], &Options::default()).unwrap();
    let found = audit(&table, &ingest);
    let style = Style::of_width(Style::NARROW);
    let terminal = render(&found, &ingest, Format::Terminal, style);
    let markdown = render(&found, &ingest, Format::Markdown, style);
    let json = render(&found, &ingest, Format::Json, style);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "llmspan.audit/1");
    assert_eq!(json["services"][0]["score"], found.services[0].score);
    let score = format!("score {} of 100", found.services[0].score);
    for text in [&terminal, &markdown] {
        for part in ["LITELLM_OTEL_V2", "gen_ai.response.time_to_first_chunk", "litellm-gateway"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.contains(&score));
    }
    // Snippets stand as they are; they are indented by six.
    let wide =
        terminal.lines().find(|line| !line.starts_with("      ") && line.chars().count() > 80);
    assert_eq!(wide, None);
}

#[test]
fn a_hostile_service_name_reaches_no_terminal() {
    let mut found = of("litellm");
    found.services[0].service = Some("a\u{1b}[31m|b\u{202e}".to_owned());
    for format in [Format::Terminal, Format::Markdown, Format::Json] {
        let style = Style::of_width(Style::NARROW);
        let text = render(&found, &llmspan::diagnosis::Ingest::default(), format, style);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{format:?}");
    }
}

#[test]
fn the_command_writes_files_and_gates_on_the_score() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.json");
    let run = |more: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("llmspan"));
        command.arg("audit").arg(path("openai_v2")).args(more).output().unwrap()
    };
    let quiet = run(&["-o", file.to_str().unwrap()]);
    assert_eq!((quiet.status.code(), quiet.stdout.len()), (Some(0), 0));
    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written["calls"], 39);
    assert_eq!(run(&["--fail-under", "1"]).status.code(), Some(0));
    assert_eq!(run(&["--fail-under", "99"]).status.code(), Some(1));
    assert_eq!(run(&["--format", "html"]).status.code(), Some(2));
    assert_eq!(run(&["-o", "audit.html"]).status.code(), Some(2));
}
