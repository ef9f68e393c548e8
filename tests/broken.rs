//! Bad input: what can be read is used, what is lost is counted and placed, nothing panics.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is a failed test")]

mod support;

use std::path::{Path, PathBuf};

use llmspan::error::Result;
use llmspan::ingest::{self, Ingested, Options};
use support::wanted::{genai, render_spans};

fn read_with(path: &Path, options: &Options) -> Result<Ingested> {
    ingest::read(&[path.display().to_string()], &genai(), options)
}

fn fixture(name: &str) -> PathBuf {
    Path::new("testdata/broken").join(name)
}

#[test]
fn what_was_read_before_the_damage_is_used_and_the_loss_is_placed() {
    let table = [
        ("truncated.ndjson.gz", 2, &[("gzip cut short", 1), ("JSON cut short", 1)][..]),
        ("truncated.ndjson.zst", 0, &[]),
        ("cut_line.ndjson", 4, &[("JSON cut short", 1)]),
        ("cut_pretty.json", 5, &[("JSON cut short", 1)]),
        ("cut_frame.pb", 5, &[("protobuf message cut short", 1)]),
        ("cut_bare.pb", 5, &[("protobuf message cut short", 1)]),
        ("bad_line_between.ndjson", 6, &[("not JSON", 2)]),
        ("first_line_cut.ndjson", 4, &[("not JSON", 1)]),
    ];
    for (name, at_least, losses) in table {
        let read = match read_with(&fixture(name), &Options::default()) {
            Ok(read) => read,
            Err(error) if at_least == 0 => {
                assert!(error.to_string().contains("cut short"), "{name}: {error}");
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(read.spans.spans.len() >= at_least, "{name}: {}", read.spans.spans.len());
        for (reason, count) in losses {
            let told = read.ingest.files[0].losses.iter().find(|loss| loss.reason == *reason);
            let told = told.unwrap_or_else(|| panic!("{name}: {:?}", read.ingest.files));
            assert!(told.count == *count && told.lost, "{name}: {told:?}");
            assert!(told.first.starts_with("line ") || told.first.starts_with("byte "));
        }
        let strict = Options { strict: true, ..Options::default() };
        let error = read_with(&fixture(name), &strict).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains(name) && error.help().contains("--strict"));
    }
}

#[test]
fn a_bad_line_is_placed_by_its_number() {
    let read = read_with(&fixture("bad_line_between.ndjson"), &Options::default()).unwrap();
    assert_eq!(read.ingest.files[0].losses[0].first, "line 2");
}

#[test]
fn what_holds_no_spans_is_refused_by_its_name_and_what_was_looked_for() {
    let table = [
        ("empty.json", "is empty"),
        ("white_space.json", "nothing but white space"),
        ("logs_only.ndjson", "no spans found: logs"),
        ("logs_only.pb", "no spans found: logs"),
        ("metrics_only.pb", "no spans found: metrics"),
        ("random.bin", "binary content"),
        ("page.html", "text that is not JSON"),
        ("rows.csv", "CSV that is neither llmspan's own table nor one whose columns make a call"),
        ("console_dump.txt", "JavaScript console dump"),
        ("console_dump_js.txt", "export with OTLPTraceExporter"),
        ("arrow.ipc", "Arrow IPC"),
        ("avro.bin", "Avro"),
        ("sqlite.db", "SQLite"),
    ];
    for (name, message) in table {
        let error = read_with(&fixture(name), &Options::default()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(message), "{text}");
        assert!(text.contains("looked for OTLP spans"), "{text}");
        assert!(!error.help().is_empty());
        assert_eq!(error.exit_code(), 3);
    }
}

#[test]
fn one_bad_file_among_good_ones_is_a_loss_and_no_error() {
    let good = "testdata/formats/lines.ndjson".to_owned();
    let bad = fixture("page.html").display().to_string();
    let options = Options::default();
    let read = ingest::read(&[bad.clone(), good.clone()], &genai(), &options).unwrap();
    assert_eq!(read.spans.spans.len(), 6);
    let loss = &read.ingest.files[0].losses[0];
    assert!(loss.lost && loss.reason == "holds text that is not JSON", "{loss:?}");
    let strict = Options { strict: true, ..options };
    assert!(ingest::read(&[bad, good], &genai(), &strict).is_err());
}

#[test]
fn a_directory_may_hold_other_things_than_spans() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy("testdata/formats/lines.ndjson", dir.path().join("spans")).unwrap();
    std::fs::write(dir.path().join("README.md"), "# Notes\n\nhello\n").unwrap();
    std::fs::write(dir.path().join("truth.json"), "{\"cause\": \"none\"}").unwrap();
    let strict = Options { strict: true, ..Options::default() };
    let read = read_with(dir.path(), &strict).unwrap();
    assert_eq!(read.spans.spans.len(), 6);
    assert!(read.ingest.files.iter().all(|file| file.losses.iter().all(|loss| !loss.lost)));
}

#[test]
fn times_that_cannot_be_true_are_counted_and_never_become_durations() {
    let read = read_with(&fixture("odd_times.ndjson"), &Options::default()).unwrap();
    let ends: Vec<_> = read.spans.spans.iter().map(|span| span.end_ns.is_some()).collect();
    assert_eq!(ends, [false, false, true, true]);
    let starts = read.spans.spans.iter().map(|span| span.start_ns);
    assert!(starts.into_iter().all(|start| start / 1_000_000_000_000_000_000 == 1));
    let events = read.spans.spans.iter().flat_map(|span| &span.events);
    assert!(events.into_iter().all(|event| event.time_ns > 1_000_000_000_000_000_000));
    let told: Vec<_> =
        read.ingest.files[0].losses.iter().map(|l| (l.reason.as_str(), l.count, l.lost)).collect();
    let want = [
        ("span never ended", 1, false),
        ("span ends before it starts", 1, false),
        ("times read as milliseconds by their size", 2, false),
    ];
    assert_eq!(told, want);
}

/// Found by fuzzing: it makes the Parquet library panic.
#[test]
fn a_panic_inside_a_library_is_a_loss_of_that_file_and_the_others_are_read() {
    let inputs = [fixture("definition_levels.parquet"), "testdata/formats/lines.ndjson".into()];
    let inputs = inputs.map(|path: PathBuf| path.display().to_string());
    let read = ingest::read(&inputs, &genai(), &Options::default()).unwrap();
    assert!(read.spans.spans.len() >= 6);
    let losses = &read.ingest.files[0].losses;
    assert!(losses.iter().any(|loss| loss.lost && loss.reason == "row in a damaged page"));
}

/// What was read of content that is cut there.
fn read_cut(dir: &Path, content: &[u8], cut: usize) -> Vec<String> {
    let path = dir.join("cut");
    std::fs::write(&path, &content[..cut]).unwrap();
    match read_with(&path, &Options::default()) {
        Ok(read) => render_spans(&read).lines().skip(1).map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

#[test]
fn cutting_a_file_at_any_byte_loses_no_span_before_the_cut() {
    let dir = tempfile::tempdir().unwrap();
    let forms = ["lines.ndjson", "frames.pb", "delimited.pb", "bare.pb", "frames_zstd_json.bin"];
    for (form, step) in forms.into_iter().zip([97, 41, 41, 41, 17]) {
        let content = std::fs::read(Path::new("testdata/formats").join(form)).unwrap();
        let whole = read_cut(dir.path(), &content, content.len());
        assert_eq!(whole.len(), 6, "{form}");
        let mut last = 0;
        for cut in (1..content.len()).step_by(step) {
            let read = read_cut(dir.path(), &content, cut);
            assert!(whole.starts_with(&read), "{form} cut at {cut} invents spans");
            assert!(read.len() >= last, "{form} cut at {cut} loses spans");
            last = read.len();
        }
        assert!(last >= 4, "{form}: {last}");
    }
}
