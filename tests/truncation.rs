//! A file of any format that is cut at any byte gives every record that lies before the cut, says
//! that it was cut, and never fails in another way.
//!
//! Near the ends of records every cut is tried, elsewhere every eleventh; `LLMSPAN_EVERY_CUT=1`
//! tries all of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use llmspan::ingest::Options;

/// A dump made of records, each of so many bytes and so many spans, behind a head without any.
struct Dump {
    name: &'static str,
    head: Vec<u8>,
    records: Vec<Vec<u8>>,
    /// Whether a record counts only once the byte behind it is there: a row of CSV may go on.
    closed_by_next: bool,
}

const SPANS_OF_RECORD: u64 = 1;

fn request(id: u64) -> String {
    let start = 1_793_714_400_000_000_000_u64 + id * 1_000_000_000;
    let end = start + 500_000_000;
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"a]}}\"b"}}}}]}},"scopeSpans":[{{"scope":{{"name":"s"}},"spans":[{{"traceId":"{id:032x}","spanId":"{id:016x}","name":"chat m","kind":3,"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","attributes":[{{"key":"gen_ai.provider.name","value":{{"stringValue":"openai"}}}},{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},{{"key":"gen_ai.request.model","value":{{"stringValue":"m"}}}}]}}]}}]}}]}}"#
    )
}

fn protobuf(id: u64) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;
    let request: ExportTraceServiceRequest = serde_json::from_str(&request(id)).unwrap();
    request.encode_to_vec()
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

fn delimited(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_varint(message.len() as u64, &mut out);
    [out, message.to_vec()].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn each(one: impl Fn(u64) -> Vec<u8>) -> Vec<Vec<u8>> {
    (1..=3).map(one).collect()
}

fn plain(name: &'static str, one: impl Fn(u64) -> Vec<u8>) -> Dump {
    Dump { name, head: Vec::new(), records: each(one), closed_by_next: false }
}

fn line(id: u64) -> Vec<u8> {
    (request(id) + "\n").into_bytes()
}

fn pretty(id: u64) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(&request(id)).unwrap();
    (serde_json::to_string_pretty(&value).unwrap() + "\n").into_bytes()
}

/// The lines of a fixture as records, behind so many lines of head.
fn lines(name: &'static str, head: usize) -> Dump {
    let text = fs::read_to_string(Path::new("testdata/formats/rows").join(name)).unwrap();
    let mut lines: Vec<Vec<u8>> =
        text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
    let head = lines.drain(..head).flatten().collect();
    lines.truncate(3);
    Dump { name, head, records: lines, closed_by_next: true }
}

fn dumps() -> Vec<Dump> {
    let zst = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    vec![
        plain("ndjson", line),
        plain("pretty", pretty),
        plain("pasted", |id| request(id).into_bytes()),
        Dump { head: b"[\n".to_vec(), ..plain("array", |id| (request(id) + ",").into_bytes()) },
        plain("bare_pb", protobuf),
        plain("frames_pb", |id| framed(&protobuf(id))),
        plain("frames_json", |id| framed(request(id).as_bytes())),
        plain("frames_zstd_pb", |id| framed(&zst(&protobuf(id)))),
        plain("delimited", |id| delimited(&protobuf(id))),
        plain("gzip_members", |id| gzip(&line(id))),
        plain("zstd_frames", |id| zst(&line(id))),
        lines("helicone.csv", 1),
        lines("langsmith_runs.jsonl", 0),
        lines("clickhouse.jsonl", 0),
        lines("js_readable_span.jsonl", 0),
        lines("go_stdouttrace.jsonl", 0),
        lines("helicone.jsonl", 0),
        lines("homemade_ms.jsonl", 0),
        lines("jaeger_elasticsearch.jsonl", 0),
    ]
}

fn count(path: &Path, bytes: &[u8]) -> u64 {
    fs::write(path, bytes).unwrap();
    let inputs = [path.display().to_string()];
    let read = catch_unwind(AssertUnwindSafe(|| llmspan::read(&inputs, &Options::default())));
    match read {
        Ok(Ok((_, ingest))) => ingest.spans,
        Ok(Err(error)) => {
            assert_eq!(error.exit_code(), 3, "{error}");
            0
        }
        Err(_) => {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("truncation.failing");
            fs::write(&kept, bytes).unwrap();
            panic!("reading panicked; its input is {}", kept.display());
        }
    }
}

fn tried(cut: usize, ends: &[usize]) -> bool {
    let near = ends.iter().any(|end| end.abs_diff(cut) <= 6);
    near || cut.is_multiple_of(11) || std::env::var_os("LLMSPAN_EVERY_CUT").is_some()
}

#[test]
fn no_record_before_the_cut_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for dump in dumps() {
        let whole = [dump.head.clone(), dump.records.concat()].concat();
        let all = count(&path, &whole);
        let records = dump.records.len() as u64;
        assert!(all >= records * SPANS_OF_RECORD, "{}: {all} of {records}", dump.name);
        let mut ends = Vec::new();
        let mut end = dump.head.len();
        for record in &dump.records {
            end += record.len();
            ends.push(end);
        }
        for cut in (0..whole.len()).filter(|cut| tried(*cut, &ends)) {
            let before = ends.iter().filter(|end| **end + usize::from(dump.closed_by_next) <= cut);
            let least = before.count() as u64 * SPANS_OF_RECORD;
            let found = count(&path, &whole[..cut]);
            assert!(
                found >= least,
                "{} cut at {cut}: {found} of {least}, records end at {ends:?}",
                dump.name
            );
        }
    }
}

#[test]
fn of_a_cut_compressed_stream_all_that_it_still_holds_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let text: Vec<u8> = (1..=40).flat_map(line).collect();
    for whole in [gzip(&text), zstd::encode_all(&text[..], 1).unwrap()] {
        for cut in (12..whole.len()).step_by(7) {
            let mut held = Vec::new();
            let cut = &whole[..cut];
            let _ = match cut[0] {
                0x1f => flate2::read::GzDecoder::new(cut).read_to_end(&mut held),
                _ => zstd::stream::read::Decoder::new(cut).unwrap().read_to_end(&mut held),
            };
            let least = held.iter().filter(|byte| **byte == b'\n').count() as u64;
            let found = count(&path, cut);
            assert!(found >= least, "{found} of {least} at {}", cut.len());
        }
    }
}

#[test]
fn a_file_whose_end_names_its_parts_is_refused_by_name_and_never_half_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let mut files: Vec<PathBuf> = fs::read_dir("testdata/formats/parquet")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect();
    files.sort();
    let mut tried = 0;
    for file in files {
        let whole = fs::read(&file).unwrap();
        for cut in (4..whole.len()).step_by(whole.len() / 40 + 1) {
            assert_eq!(count(&path, &whole[..cut]), 0, "{} cut at {cut}", file.display());
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
}

/// Every other fixture, of whatever form: cut anywhere it is read as far as it goes, or refused.
#[test]
fn no_cut_of_any_fixture_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let mut folders = vec![PathBuf::from("testdata/formats"), PathBuf::from("testdata/broken")];
    let mut tried = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            let whole = fs::read(&file).unwrap();
            for cut in (1..whole.len()).step_by(whole.len() / 12 + 1) {
                count(&path, &whole[..cut]);
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}
