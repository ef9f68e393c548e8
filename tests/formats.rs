//! Every container, spelling and compression of OTLP gives the same spans.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::Path;

use llmspan::error::Result;
use llmspan::ingest::{self, Ingested, Options};
use support::wanted::{genai, render, render_spans};

fn read(path: &Path) -> Result<Ingested> {
    ingest::read(&[path.display().to_string()], &genai(), &Options::default())
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new("testdata/formats").join(name)
}

#[test]
fn every_form_of_the_fixture_gives_the_same_spans() {
    let whole = read(&fixture("lines.ndjson")).unwrap();
    assert_eq!((whole.ingest.spans, whole.spans.spans.len()), (7, 6));
    assert_eq!((whole.spans.resources.len(), whole.spans.scopes.len()), (2, 3));
    let mut compared = 0;
    for entry in Path::new("testdata/formats").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let read = read(&path).unwrap();
        assert!(!read.ingest.lost_any(), "{}: {:?}", path.display(), read.ingest.files);
        let bare = path.file_name().unwrap().to_string_lossy().contains("span");
        if bare {
            assert_eq!(render_spans(&read), render_spans(&whole), "{}", path.display());
        } else {
            assert_eq!(render(&read), render(&whole), "{}", path.display());
        }
        compared += 1;
    }
    assert!(compared >= 40, "{compared}");
}

#[test]
fn the_report_says_what_a_file_turned_out_to_be() {
    let format = |name: &str| read(&fixture(name)).unwrap().ingest.files[0].format.clone();
    assert_eq!(format("lines.ndjson"), "otlp_json");
    assert_eq!(format("members.ndjson.gz"), "otlp_json (gzip)");
    assert_eq!(format("bare.pb"), "otlp_proto");
    assert_eq!(format("zstd_in_gzip.pb"), "otlp_proto (gzip, zstd)");
    assert_eq!(format("delimited.pb"), "otlp_proto delimited");
    assert_eq!(format("frames_zstd_json.bin"), "otlp frames");
}

#[test]
fn lines_of_other_signals_are_skipped_and_counted() {
    let read = read(&fixture("with_other_signals.ndjson")).unwrap();
    let losses = &read.ingest.files[0].losses;
    let told: Vec<_> = losses.iter().map(|l| (l.reason.as_str(), l.first.as_str())).collect();
    assert_eq!(told, [("logs", "line 1"), ("metrics", "line 4"), ("profiles", "line 6")]);
    assert!(!read.ingest.lost_any());
}

#[test]
fn several_inputs_come_in_the_order_given_and_share_their_resources() {
    let inputs = ["bare.pb", "lines.ndjson", "frames.pb"].map(|f| fixture(f).display().to_string());
    let read = ingest::read(&inputs, &genai(), &Options::default()).unwrap();
    assert_eq!(read.spans.spans.len(), 18);
    assert_eq!(read.spans.resources.len(), 2);
    let files: Vec<_> = read.ingest.files.iter().map(|file| file.file.clone()).collect();
    assert_eq!(files, inputs);
}

#[test]
fn the_result_is_the_same_at_one_thread_and_at_many() {
    let lines = std::fs::read(fixture("lines.ndjson")).unwrap();
    let pretty = std::fs::read(fixture("concatenated_pretty.json")).unwrap();
    let frames = std::fs::read(fixture("frames.pb")).unwrap();
    let bare = std::fs::read(fixture("bare.pb")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, piece) in [("l", lines), ("p", pretty), ("f", frames), ("b", bare)] {
        // Several chunks of 4 MiB, and a bad record far behind the first.
        let mut content = piece.repeat((9 << 20) / piece.len());
        content.extend_from_slice(&piece[..piece.len() - 100]);
        let path = dir.path().join(name);
        std::fs::write(&path, &content).unwrap();
        let packed = dir.path().join(format!("{name}.zst"));
        std::fs::write(&packed, zstd::encode_all(&content[..], 1).unwrap()).unwrap();
        let at = |path: &Path, threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let read = pool.install(|| read(path)).unwrap();
            assert_eq!(read.spans.resources.len(), 2, "{name}");
            (render(&read), read.ingest.files[0].losses.clone())
        };
        let one = at(&path, 1);
        assert!(one.0.lines().count() > 1000, "{name}");
        assert_eq!(one.1.len(), 1, "{name} {:?}", one.1);
        assert!(one == at(&path, 4), "{name} differs by threads");
        assert!(one == at(&packed, 3), "{name} differs when compressed");
    }
}

#[test]
fn every_form_of_a_real_dump_gives_the_same_spans() {
    let Some(root) = support::shared("realspans") else { return };
    let mut compared = 0;
    for dialect in root.read_dir().unwrap() {
        let dialect = dialect.unwrap().path();
        if !dialect.is_dir() {
            continue;
        }
        let forms = [
            "spans.otlp.ndjson.gz",
            "spans.otlp.pb.zst",
            "spans.lenprefixed.pb",
            "spans.collector-compression-zstd.json.bin",
            "spans.collector-compression-zstd.proto.bin",
        ];
        let mut first: Option<String> = None;
        for form in forms.map(|form| dialect.join(form)).iter().filter(|path| path.exists()) {
            let ingested = read(form).unwrap();
            assert!(!ingested.ingest.lost_any(), "{}: {:?}", form.display(), ingested.ingest.files);
            let text = render(&ingested);
            assert!(!ingested.spans.spans.is_empty(), "{}", form.display());
            let first = first.get_or_insert_with(|| text.clone());
            assert!(*first == text, "{} differs", form.display());
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared}");
}

#[test]
fn the_ids_of_base64_json_are_those_of_its_protobuf_twin() {
    let Some(root) = support::shared("samples/otlp2parquet") else { return };
    let mut wanted = genai();
    for name in ["GET /api/users", "SELECT users", "http.request", "db.query"] {
        wanted.want_span(name);
    }
    wanted.want_attr("http.method", ingest::Keep::Always);
    wanted.want_attr("http.request.method", ingest::Keep::Always);
    wanted.want_attr("net.peer.ip", ingest::Keep::Always);
    wanted.want_attr("rpc.system", ingest::Keep::Always);
    let read = |name: &str| {
        let path = root.join(name).display().to_string();
        ingest::read(&[path], &wanted, &Options::default()).unwrap()
    };
    let (json, proto) = (read("testdata_traces.jsonl"), read("testdata_traces.pb"));
    assert!(!json.spans.spans.is_empty());
    assert_eq!(render(&json), render(&proto));
}
