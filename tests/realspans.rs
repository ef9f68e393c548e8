//! The real dumps against what was served: rows, tokens, ids and first chunks, in every form.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may fail")]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use llmspan::calls::CallTable;
use llmspan::ingest::Options;
use llmspan::schema::Col;

/// A real dump: its fixture, its folder in the shared material, the logical calls that were made,
/// the rows that its spans can show, and why the two differ.
struct Dump {
    fixture: &'static str,
    shared: &'static str,
    logical: usize,
    rows: usize,
    because: &'static str,
}

const fn dump(
    fixture: &'static str,
    shared: &'static str,
    logical: usize,
    rows: usize,
    because: &'static str,
) -> Dump {
    Dump { fixture, shared, logical, rows, because }
}

const DUMPS: [Dump; 13] = [
    dump("anthropic_sdk", "anthropic-sdk-native", 50, 50, ""),
    dump("genai_official", "genai-openai-official", 51, 51, ""),
    dump(
        "google_genai",
        "google-genai",
        52,
        50,
        "automatic function calling puts two calls into one span, twice",
    ),
    dump("langfuse", "langfuse", 51, 51, ""),
    dump(
        "litellm",
        "litellm",
        48,
        45,
        "five calls inside the application's span left no attributes (of some of these the HTTP \
         attempt remains, without model or tokens), and two that failed before they were sent are \
         rows but no logical calls",
    ),
    dump(
        "openai_v2",
        "openai-v2",
        51,
        39,
        "the Responses API is not traced: its twelve calls are HTTP spans without model and tokens",
    ),
    dump(
        "openinference_langchain",
        "openinference-langchain",
        56,
        57,
        "one call failed in the client before it was sent",
    ),
    dump("openinference", "openinference-openai", 51, 51, ""),
    dump("pydantic_ai", "pydantic-ai-logfire", 57, 57, ""),
    dump("openllmetry_anthropic", "traceloop-anthropic", 50, 50, ""),
    dump("openllmetry", "traceloop-openai", 51, 51, ""),
    dump("openllmetry_long", "traceloop-openai-long", 12, 12, ""),
    dump(
        "vercel",
        "vercel-ai",
        52,
        50,
        "the stream that broke and the one that was abandoned never ended their spans",
    ),
];

/// One attempt as the provider served it.
struct Served {
    request_id: String,
    stream: bool,
    input: Option<i64>,
    cached: Option<i64>,
    output: Option<i64>,
    /// What was sent of a broken stream.
    sent: Option<i64>,
    broken: bool,
}

struct Truth {
    by_request: HashMap<String, usize>,
    by_response: HashMap<String, usize>,
    served: Vec<Served>,
}

fn truth(folder: &Path) -> Truth {
    let mut reader = csv::Reader::from_path(folder.join("truth.csv")).unwrap();
    let mut truth =
        Truth { by_request: HashMap::new(), by_response: HashMap::new(), served: Vec::new() };
    for (at, record) in reader.deserialize::<HashMap<String, String>>().enumerate() {
        let record = record.unwrap();
        let int = |name: &str| record[name].parse::<i64>().ok();
        truth.by_request.insert(record["request_id"].clone(), at);
        truth.by_response.insert(record["response_id"].clone(), at);
        truth.served.push(Served {
            request_id: record["request_id"].clone(),
            stream: record["stream"] == "True",
            input: int("input_tokens_total"),
            cached: int("cached_read_tokens"),
            output: int("output_tokens_wire"),
            sent: int("output_tokens_sent"),
            broken: record["outcome"].starts_with("mid_stream"),
        });
    }
    truth.by_request.remove("");
    truth.by_response.remove("");
    truth
}

/// What a table says, held against what was served.
#[derive(Debug, Default, PartialEq, Eq)]
struct Score {
    rows: usize,
    repeated_ids: usize,
    request_ids: [usize; 3],
    input: [usize; 3],
    cached: [usize; 3],
    output: [usize; 3],
    first_chunks: usize,
    first_chunks_unstreamed: usize,
    status: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

const RIGHT: usize = 0;
const WRONG: usize = 1;
const NONE: usize = 2;

fn score(table: &CallTable, truth: &Truth) -> Score {
    let mut score = Score { rows: table.len(), ..Score::default() };
    let ints = [Col::InputTokens, Col::CacheReadTokens, Col::OutputTokens].map(|c| table.ints(c));
    let ttft = table.numbers(Col::TtftS);
    let mut seen = BTreeSet::new();
    for row in 0..table.len() {
        let span = table.text(Col::SpanId, row).unwrap_or_default();
        let response = table.text(Col::ResponseId, row);
        if let Some(id) = &response {
            score.repeated_ids += usize::from(!seen.insert(id.clone()));
        }
        let request = table.text(Col::RequestId, row);
        let by_response = response.and_then(|id| truth.by_response.get(&id));
        let by_request = request.as_ref().and_then(|id| truth.by_request.get(id));
        let status = table.text(Col::Status, row).unwrap();
        *score.status.entry(status).or_default() += 1;
        // The body's id says which call it is; where there is none, the attempt must fit.
        let mut known = by_response.or(by_request).map(|at| &truth.served[*at]);
        match (&request, by_response, by_request) {
            (None, ..) => score.request_ids[NONE] += 1,
            (Some(id), Some(at), _) if truth.served[*at].request_id == *id => {
                score.request_ids[RIGHT] += 1;
            }
            (Some(_), None, Some(at)) if fits(&truth.served[*at], &ints, row) => {
                score.request_ids[RIGHT] += 1;
            }
            _ => {
                score.request_ids[WRONG] += 1;
                score.wrong.push(format!("request id of {span}"));
                known = None;
            }
        }
        if !ttft[row].is_nan() {
            score.first_chunks += 1;
        }
        let Some(served) = known else { continue };
        if !served.stream && !ttft[row].is_nan() {
            score.first_chunks_unstreamed += 1;
        }
        let output = if served.broken { served.sent } else { served.output };
        let counts = [served.input, served.cached, output];
        let tallies = [&mut score.input, &mut score.cached, &mut score.output];
        for ((have, want), tally) in ints.iter().zip(counts).zip(tallies) {
            let verdict = match have[row] {
                None => NONE,
                Some(have) if Some(have) == want => RIGHT,
                Some(_) => WRONG,
            };
            tally[verdict] += 1;
            if verdict == WRONG {
                score.wrong.push(format!("{:?} for {want:?} in {span}", have[row]));
            }
        }
    }
    score
}

fn fits(served: &Served, ints: &[Vec<Option<i64>>; 3], row: usize) -> bool {
    let output = if served.broken { served.sent } else { served.output };
    [served.input, served.cached, output]
        .iter()
        .zip(ints)
        .all(|(served, have)| have[row].is_none() || *served == have[row])
}

fn read(path: &Path) -> CallTable {
    let path = path.to_str().unwrap().to_owned();
    llmspan::read(&[path], &Options::default()).unwrap().0
}

fn fixture(dump: &Dump) -> std::path::PathBuf {
    Path::new("testdata/dialects").join(dump.fixture)
}

#[test]
fn real_dumps_come_out_as_they_were_served() {
    let mut report = String::from(
        "right / wrong / not carried, of rows whose call is known\n\n\
         dialect                  logical rows ids twice  request id    input         cached        \
         output        first chunk  status\n",
    );
    let mut wrong = Vec::new();
    for dump in &DUMPS {
        let folder = fixture(dump);
        let truth = truth(&folder);
        let score = score(&read(&folder.join("spans.otlp.pb.zst")), &truth);
        let other = self::score(&read(&folder.join("spans.otlp.ndjson.gz")), &truth);
        assert_eq!(score, other, "{}: JSON and protobuf disagree", dump.fixture);
        let three = |n: [usize; 3]| format!("{:<13}", format!("{} / {} / {}", n[0], n[1], n[2]));
        writeln!(
            report,
            "{:<24} {:>7} {:>4} {:>9}  {} {} {} {} {:>11}  {:?}",
            dump.fixture,
            dump.logical,
            score.rows,
            score.repeated_ids,
            three(score.request_ids),
            three(score.input),
            three(score.cached),
            three(score.output),
            score.first_chunks,
            score.status
        )
        .unwrap();
        if !dump.because.is_empty() {
            writeln!(report, "    {}", dump.because).unwrap();
        }
        let good = score.rows == dump.rows
            && score.repeated_ids == 0
            && score.first_chunks_unstreamed == 0
            && score.wrong.is_empty();
        if !good {
            wrong.push(format!("{}: {score:?}", dump.fixture));
        }
    }
    println!("{report}");
    assert!(wrong.is_empty(), "{report}\n{wrong:#?}");
    insta::assert_snapshot!(report);
}

#[test]
fn every_other_form_gives_the_same_calls() {
    let Some(shared) = support::shared("realspans") else { return };
    for dump in &DUMPS {
        let truth = truth(&fixture(dump));
        let reference = score(&read(&fixture(dump).join("spans.otlp.pb.zst")), &truth);
        for form in [
            "spans.lenprefixed.pb",
            "spans.collector-compression-zstd.json.bin",
            "spans.collector-compression-zstd.proto.bin",
            "otel_traces.parquet",
        ] {
            let path = shared.join(dump.shared).join(form);
            if path.is_file() {
                let score = score(&read(&path), &truth);
                assert_eq!(score, reference, "{} as {form}", dump.fixture);
            }
        }
    }
}

#[test]
fn a_capped_stream_has_no_first_chunk() {
    let folder = fixture(&DUMPS[11]);
    let table = read(&folder.join("spans.otlp.pb.zst"));
    let (ttft, chunks) = (table.numbers(Col::TtftS), table.ints(Col::ChunkCount));
    let itl = table.numbers(Col::ItlS);
    let served = {
        let mut reader = csv::Reader::from_path(folder.join("truth.csv")).unwrap();
        let rows = reader.deserialize::<HashMap<String, String>>().map(Result::unwrap);
        rows.map(|row| (row["response_id"].clone(), row)).collect::<HashMap<_, _>>()
    };
    let number = |row: &HashMap<String, String>, name: &str| row[name].parse::<f64>().unwrap();
    for row in 0..table.len() {
        assert_eq!(ttft[row].is_nan(), chunks[row].is_none());
        let truth = &served[&table.text(Col::ResponseId, row).unwrap()];
        // The client lagged behind the provider: its own clock is the measure.
        let decode = number(truth, "client_total_client_s") - number(truth, "client_ttft_client_s");
        let pace = decode / (number(truth, "output_tokens_wire") - 1.0);
        assert!((0.4..1.4).contains(&(itl[row] / pace)), "{} for {pace}", itl[row]);
    }
}
