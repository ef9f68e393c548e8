//! The audit of real dumps against what their shapes and the report on them say is there.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stdout, reason = "the test says how much it held against what")]

mod support;

use assert_cmd::Command;
use llmspan::audit::{ATTRIBUTES, audit};
use llmspan::diagnosis::audit::State::{Absent, Present, Sometimes};
use llmspan::diagnosis::audit::{Audit, DialectAudit, State};
use llmspan::dialects::{Absent as AbsentCount, Dialect, From, To};
use llmspan::ingest::Options;
use llmspan::report::Style;
use llmspan::report::audit::{Format, render};
use support::house::root;
use support::shapes::{self, Shape};

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

/// Dialects, and how the names of the spans begin that are their calls.
type Calls = &'static [(&'static str, &'static [&'static str])];

/// A real dump, and the spans that are the calls of its dialects (the table of `REPORT.md`).
const DUMPS: [(&str, Calls); 13] = [
    ("anthropic-sdk-native", &[("anthropic_sdk", &["anthropic.messages.create"])]),
    ("genai-openai-official", &[("genai_official", &["chat "])]),
    ("google-genai", &[("google_genai", &["generate_content "])]),
    ("langfuse", &[("langfuse", &["OpenAI-generation", "ChatOpenAI"])]),
    ("litellm", &[("litellm", &["litellm_request", "POST /v1/answer"])]),
    ("openai-v2", &[("openai_v2", &["chat "])]),
    ("openinference-langchain", &[("openinference_langchain", &["ChatOpenAI"])]),
    ("openinference-openai", &[("openinference", &["ChatCompletion", "Response"])]),
    (
        "pydantic-ai-logfire",
        &[("pydantic_ai", &["chat gpt"]), ("anthropic_sdk", &["anthropic.messages.create"])],
    ),
    ("traceloop-anthropic", &[("anthropic_sdk", &["anthropic.messages.create"])]),
    ("traceloop-openai", &[("openllmetry", &["openai.chat", "openai.response"])]),
    ("traceloop-openai-long", &[("openllmetry", &["openai.chat"])]),
    ("vercel-ai", &[("vercel", &["ai.streamText.doStream", "ai.generateText.doGenerate"])]),
];

/// Columns that no single attribute of a call's span fills: derived from its times, from its HTTP
/// attempts, from the resource, or from what a dialect leaves out.
const DERIVED: [&str; 6] =
    ["service_name", "duration_s", "decode_s", "attempts", "client_wait_s", "streaming"];

/// How often the sources of a column stand on these spans: at least, by the source that most carry,
/// and at most, by all of them. None where what stands inside a document decides.
fn standing(dialect: &Dialect, column: &str, shapes: &[&Shape]) -> Option<(u64, u64)> {
    let (mut least, mut most, mut documents) = (0, 0, false);
    for shape in shapes {
        let of = |from: From| match from {
            From::Attr(name) => shape.attributes.get(name).copied(),
            From::Event(name) | From::EventAttr(name, _) => shape.events.get(name).copied(),
            _ => None,
        };
        let fields = || {
            dialect.all_fields().filter(|field| match field.to {
                To::Col(col) => col.name() == column,
                _ => false,
            })
        };
        documents |= fields().any(|field| match field.from {
            From::Path(name, _) | From::Repr(name, _) => shape.attributes.contains_key(name),
            _ => false,
        });
        let counts: Vec<u64> = fields().filter_map(|field| of(field.from)).collect();
        least += counts.iter().max().copied().unwrap_or(0);
        most += counts.iter().sum::<u64>();
    }
    (!documents).then_some((least, most))
}

/// What the audit of a dump says against its shapes: a list of what differs, and how many figures
/// were held against them.
fn disagreements(
    name: &str,
    calls: Calls,
    shapes: &[Shape],
    found: &Audit,
) -> (Vec<String>, usize) {
    let (mut wrong, mut held) = (Vec::new(), 0);
    let http: Vec<&Shape> = shapes.iter().filter(|shape| shape.name == "POST").collect();
    // LiteLLM's child that repeats the payload.
    let raw: Vec<&Shape> =
        shapes.iter().filter(|shape| shape.name == "raw_gen_ai_request").collect();
    let headers = Dialect::find("http").unwrap();
    for row in found.services.iter().flat_map(|service| &service.dialects) {
        let dialect = Dialect::find(&row.dialect).unwrap();
        let (_, names) = calls.iter().find(|(id, _)| *id == row.dialect).unwrap();
        let of = |shape: &&Shape| names.iter().any(|name| shape.name.starts_with(name));
        let own: Vec<&Shape> = shapes.iter().filter(of).collect();
        let spans: u64 = own.iter().map(|shape| shape.spans).sum();
        let answered = state(row, "response_id").2;
        assert!(row.calls <= spans && answered <= row.calls, "{name} {}", row.dialect);
        // Spans that failed carry some attributes; two spans of one call are one call.
        let slack = spans - answered;
        for entry in &row.attributes {
            let (column, known) = (entry.column.as_str(), entry.known);
            let zeros = column == "cache_read_tokens"
                && !matches!(dialect.tokens.absent_cache, AbsentCount::Unknown);
            // One event a chunk tells of both, and shapes count events and not spans with them.
            let chunked = !dialect.chunks.is_empty() && ["ttft_s", "itl_p95_s"].contains(&column);
            if entry.of == 0 || DERIVED.contains(&column) || chunked {
                continue;
            }
            let Some((least, most)) = standing(dialect, column, &own) else { continue };
            let most_on = |dialect, shapes: &[&Shape]| {
                standing(dialect, column, shapes).map_or(0, |(_, most)| most)
            };
            let beside = most_on(headers, &http) + most_on(dialect, &raw);
            held += 1;
            let fits = match (known, zeros) {
                (0, _) => least == 0,
                // What is left out where it is zero is known on more calls than carry it.
                (_, true) => least > 0 && known >= least - slack.min(least),
                _ => known <= most + beside && known + slack >= least,
            };
            if !fits {
                wrong.push(format!(
                    "{name} {} {column}: {known} of {}, shapes show {least} to {most} and {beside} \
                     beside, of {spans} spans",
                    row.dialect, entry.of
                ));
            }
        }
    }
    (wrong, held)
}

#[test]
fn every_figure_on_a_real_dump_agrees_with_its_span_shapes() {
    let Some(folder) = support::shared("realspans") else { return };
    let (mut wrong, mut held) = (Vec::new(), 0);
    for (name, calls) in DUMPS {
        let folder = folder.join(name);
        let file = folder.join("spans.otlp.pb.zst").to_str().unwrap().to_owned();
        let (table, ingest) = llmspan::read(&[file], &Options::default()).unwrap();
        let shapes = shapes::read(&folder);
        let found = disagreements(name, calls, &shapes, &audit(&table, &ingest));
        wrong.extend(found.0);
        held += found.1;
    }
    println!("{held} figures of 13 dumps held against their shapes");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(held > 250, "{held}");
}

/// The test above can fail: an attribute more or less on the shapes is noticed.
#[test]
fn a_shape_with_another_count_disagrees() {
    let Some(folder) = support::shared("realspans") else { return };
    let (name, calls) = DUMPS[5];
    let file = folder.join(name).join("spans.otlp.pb.zst").to_str().unwrap().to_owned();
    let (table, ingest) = llmspan::read(&[file], &Options::default()).unwrap();
    let found = audit(&table, &ingest);
    let mut shapes = shapes::read(&folder.join(name));
    for shape in shapes.iter_mut().filter(|shape| shape.name.starts_with("chat ")) {
        shape.attributes.insert("gen_ai.usage.cache_read.input_tokens".to_owned(), 5);
        shape.attributes.remove("gen_ai.usage.output_tokens");
    }
    let (wrong, _) = disagreements(name, calls, &shapes, &found);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}
