//! The fault table of `docs/reliability.md`: every row is a test of that name here.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;

const START_NS: u64 = 1_793_700_000_000_000_000;

fn llmspan(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    llmspan(arguments).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn rows(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A request of one call; `offset_s` and `length_s` place its end, and `more` are members.
fn request(id: u64, offset_s: i64, length_s: Option<i64>, more: &str) -> String {
    let start = START_NS.wrapping_add_signed(offset_s * 1_000_000_000);
    let end = length_s.map(|s| start.wrapping_add_signed(s * 1_000_000_000));
    let end = end.map_or_else(String::new, |end| format!(r#""endTimeUnixNano":"{end}","#));
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"spans":[{{"traceId":"{id:032x}","spanId":"{id:016x}","name":"chat m","kind":3,"startTimeUnixNano":"{start}",{end}"attributes":[{{"key":"gen_ai.provider.name","value":{{"stringValue":"openai"}}}},{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},{{"key":"gen_ai.request.model","value":{{"stringValue":"m"}}}}{more}]}}]}}]}}]}}"#
    )
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// What it gave, its pipes drained while it runs.
fn finished(child: Child, within: Duration) -> Output {
    let pid = child.id().to_string();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(within).map_or_else(
        |_| {
            let _ = Command::new("kill").arg(&pid).status();
            panic!("it did not end")
        },
        Result::unwrap,
    )
}

#[test]
fn a_full_disk_leaves_no_half_file() {
    let folder = Folder::new();
    let input = folder.write("spans.json", &request(1, 0, Some(1), ""));
    let target = folder.path("calls.csv");
    std::os::unix::fs::symlink("/dev/full", &target).unwrap();
    let output = run(&["normalize", &input, "-o", target.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("calls.csv: cannot write"), "{}", err(&output));
    assert_eq!(folder.names(), ["calls.csv", "spans.json"]);
    // A folder that cannot hold another file: what was there stays.
    let output = run(&["normalize", &input, "-o", "/proc/calls.csv"]);
    assert_eq!(output.status.code(), Some(3));
    let mut command = llmspan(&["normalize", &input, "-o", "-", "--format", "csv"]);
    command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("standard output"), "{}", err(&output));
}

#[test]
fn an_input_replaced_while_it_is_read_is_read_as_it_was_opened() {
    let folder = Folder::new();
    let path = folder.path("spans.json");
    pipe(&path);
    let child = llmspan(&["normalize", path.to_str().unwrap(), "-o", "-", "--format", "ndjson"])
        .spawn()
        .unwrap();
    let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
    let lines: Vec<String> = (1..=50).map(|id| request(id, 0, Some(1), "") + "\n").collect();
    writer.write_all(lines[..25].concat().as_bytes()).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, request(99, 0, Some(1), "")).unwrap();
    writer.write_all(lines[25..].concat().as_bytes()).unwrap();
    drop(writer);
    let output = finished(child, Duration::from_secs(60));
    assert_eq!(rows(&output).len(), 50, "{}", err(&output));
}

#[test]
fn an_unreadable_file_among_readable_ones_is_told_and_the_others_are_read() {
    let folder = Folder::new();
    folder.write("a.json", &request(1, 0, Some(1), ""));
    folder.write("c.json", &request(2, 0, Some(1), ""));
    // A link to itself cannot be opened by anyone, whatever the rights.
    let bad = folder.path("b.json");
    std::os::unix::fs::symlink(&bad, &bad).unwrap();
    let all = folder.0.path().display().to_string();
    let mut line = vec!["normalize", &all, "-o", "-", "--format", "ndjson"];
    let output = run(&line);
    assert_eq!(rows(&output).len(), 2, "{}", err(&output));
    assert!(err(&output).contains("b.json"), "{}", err(&output));
    line.push("--strict");
    let output = run(&line);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("b.json"), "{}", err(&output));
}

#[test]
fn a_broken_pipe_is_no_failure() {
    let folder = Folder::new();
    let lines: String = (1..=3000).map(|id| request(id, 0, Some(1), "") + "\n").collect();
    let input = folder.write("spans.ndjson", &lines);
    let mut child =
        llmspan(&["normalize", &input, "-o", "-", "--format", "ndjson"]).spawn().unwrap();
    let mut first = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = finished(child, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(err(&output), "");
}

#[test]
fn ctrl_c_ends_it_and_leaves_what_was_there() {
    use std::os::unix::process::ExitStatusExt;
    let folder = Folder::new();
    let (path, target) = (folder.path("spans.json"), folder.write("calls.csv", "before"));
    pipe(&path);
    let child = llmspan(&["normalize", path.to_str().unwrap(), "-o", &target]).spawn().unwrap();
    let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
    writer.write_all((request(1, 0, Some(1), "") + "\n").as_bytes()).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = finished(child, Duration::from_secs(20));
    assert!(output.status.signal() == Some(2) || output.status.code() == Some(130));
    assert_eq!(fs::read_to_string(&target).unwrap(), "before");
    assert_eq!(folder.names(), ["calls.csv", "spans.json"]);
}

#[test]
fn ten_thousand_small_files_are_one_dump() {
    let folder = Folder::new();
    for id in 1..=10_000 {
        folder.write(&format!("{id:05}.json"), &request(id, 0, Some(1), ""));
    }
    let all = folder.0.path().display().to_string();
    let output = run(&["normalize", &all, "-o", "-", "--format", "ndjson"]);
    assert_eq!(rows(&output).len(), 10_000, "{}", err(&output));
}

/// `LLMSPAN_LINE_MB=4096` is the size that `docs/reliability.md` tells of.
#[test]
fn a_huge_single_line_is_read_to_its_end() {
    let megabytes: usize =
        std::env::var("LLMSPAN_LINE_MB").map_or(48, |megabytes| megabytes.parse().unwrap());
    let folder = Folder::new();
    let path = folder.path("line.json");
    let mut out = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let filler = "p".repeat(1 << 20);
    out.write_all(b"{\"resourceSpans\":[").unwrap();
    for id in 1..=megabytes as u64 {
        let prompt = format!(r#",{{"key":"gen_ai.prompt","value":{{"stringValue":"{filler}"}}}}"#);
        let whole = request(id, 0, Some(1), &prompt);
        let group = whole.strip_prefix("{\"resourceSpans\":[").unwrap();
        let group = group.strip_suffix("]}").unwrap();
        out.write_all(if id == 1 { b"" } else { b"," }).unwrap();
        out.write_all(group.as_bytes()).unwrap();
    }
    out.write_all(b"]}").unwrap();
    out.into_inner().unwrap();
    let output = run(&["normalize", path.to_str().unwrap(), "-o", "-", "--format", "ndjson"]);
    if megabytes < 1024 {
        assert_eq!(rows(&output).len(), megabytes, "{}", err(&output));
    } else {
        let found = rows(&output).len();
        assert!((1000..1100).contains(&found), "{found}: {}", err(&output));
        assert!(err(&output).contains("record of more than 1024 MiB"), "{}", err(&output));
    }
    assert!(!String::from_utf8_lossy(&output.stdout).contains("pppp"));
}

/// One request whose prompt is as many MiB long, and its line's end.
fn long_line(id: u64, mebibytes: usize) -> String {
    let filler = "p".repeat(mebibytes << 20);
    let prompt = format!(r#",{{"key":"gen_ai.prompt","value":{{"stringValue":"{filler}"}}}}"#);
    request(id, 0, Some(1), &prompt) + "\n"
}

#[test]
fn a_record_beyond_the_bound_is_cut_and_told() {
    let folder = Folder::new();
    let short = |id| request(id, 0, Some(1), "") + "\n";
    let text = [short(1), long_line(2, 12), short(3), "{not json}\n".to_owned(), short(4)].concat();
    let input = folder.write("spans.ndjson", &text);
    let mut line = vec!["normalize", &input, "-o", "-", "--format", "ndjson"];
    assert_eq!(rows(&run(&line)).len(), 4);
    line.extend(["--max-record", "4"]);
    let output = run(&line);
    let spans: Vec<_> = rows(&output).iter().map(|row| row["span_id"].clone()).collect();
    let ids = [1, 3, 4].map(|id| format!("{id:016x}"));
    assert_eq!(spans, ids, "{}", err(&output));
    for part in ["record of more than 4 MiB", "--max-record", "line 4"] {
        assert!(err(&output).contains(part), "{part}: {}", err(&output));
    }
    line.push("--strict");
    assert_eq!(run(&line).status.code(), Some(3));
}

#[test]
fn a_decompression_bomb_is_named_and_its_bound_can_be_moved() {
    let folder = Folder::new();
    let text = request(1, 0, Some(1), "") + "\n" + &long_line(2, 150);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    // A frame of zstd repeats a byte for next to nothing.
    let packed = [
        ("spans.ndjson.zst", zstd::encode_all(text.as_bytes(), 1).unwrap(), "1000"),
        ("spans.ndjson.gz", gzip.finish().unwrap(), "100"),
    ];
    for (name, bytes, bound) in packed {
        assert!(bytes.len() < 1 << 20, "{name}: {} bytes", bytes.len());
        fs::write(folder.path(name), bytes).unwrap();
        let input = folder.text(name);
        let line = ["normalize", &input, "-o", "-", "--format", "ndjson", "--max-expansion", bound];
        let output = run(&line);
        assert!(err(&output).contains("decompression bomb"), "{name}: {}", err(&output));
        assert!(err(&output).contains("--max-expansion"), "{name}: {}", err(&output));
        assert_eq!(rows(&output).len(), 1, "{name}: what lies before is read");
        assert_eq!(run(&[&line[..], &["--strict"]].concat()).status.code(), Some(3));
        let wider = [&line[..line.len() - 1], &["1000000"]].concat();
        assert_eq!(rows(&run(&wider)).len(), 2, "{name}");
    }
}

#[test]
fn a_clock_skewed_by_hours_changes_no_duration() {
    let folder = Folder::new();
    let http = |id: u64, parent: u64, offset_s: i64| {
        let whole = request(id, offset_s, Some(1), "");
        let named = format!(r#""parentSpanId":"{parent:016x}","name":"POST""#);
        let whole = whole.replace(r#""name":"chat m""#, &named);
        let from = whole.find(r#""attributes":[{"key":"gen"#).unwrap();
        let until = whole.find("]}]}]}]}").unwrap();
        let attributes = r#""attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"server.address","value":{"stringValue":"api.openai.com"}}"#;
        format!("{}{attributes}{}", &whole[..from], &whole[until..])
            .replace(&format!("{id:032x}"), &format!("{parent:032x}"))
    };
    let mut lines = String::new();
    for id in 1..=3 {
        writeln!(lines, "{}", request(id, 0, Some(2), "")).unwrap();
        writeln!(lines, "{}", http(id + 100, id, 3 * 3600)).unwrap();
    }
    let input = folder.write("spans.ndjson", &lines);
    let output = run(&["normalize", &input, "-o", "-", "--format", "ndjson"]);
    let rows = rows(&output);
    assert_eq!(rows.len(), 3, "{}", err(&output));
    for row in rows {
        assert_eq!(row["duration_s"], 2.0, "{row}");
        assert!(row["client_wait_s"].as_f64().is_none_or(|wait| wait < 2.0), "{row}");
    }
}

#[test]
fn duplicate_ids_are_one_call() {
    let folder = Folder::new();
    let line = request(7, 0, Some(1), "") + "\n";
    let one = folder.write("a.ndjson", &line.repeat(3));
    let other = folder.write("b.ndjson", &line);
    let output = run(&["normalize", &one, &other, "-o", "-", "--format", "ndjson"]);
    assert_eq!(rows(&output).len(), 1, "{}", err(&output));
    let output = run(&["inspect", &one, &other, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["folded"]["duplicate_span"], 3);
}

#[test]
fn spans_without_end_and_negative_durations_have_no_duration() {
    let folder = Folder::new();
    let lines = [request(1, 0, None, ""), request(2, 0, Some(-5), ""), request(3, 0, Some(2), "")];
    let input = folder.write("spans.ndjson", &lines.join("\n"));
    let output = run(&["normalize", &input, "-o", "-", "--format", "ndjson"]);
    let durations: Vec<_> =
        rows(&output).into_iter().map(|row| row["duration_s"].as_f64()).collect();
    assert_eq!(durations, [None, None, Some(2.0)], "{}", err(&output));
    let output = run(&["inspect", &input, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let losses = found["files"][0]["losses"].to_string();
    assert!(losses.contains("span never ended"), "{losses}");
    assert!(losses.contains("span ends before it starts"), "{losses}");
}

/// A value of each kind that can hold another, a hundred thousand deep.
#[test]
fn nesting_without_end_is_read_past() {
    const DEEP: usize = 100_000;
    let nests = [
        ("[", "1", "]"),
        (r#"{"a":"#, "1", "}"),
        (r#"{"kvlistValue":{},"value":"#, "1", "}"),
        (r#"{"arrayValue":{"values":["#, r#"{"intValue":1}"#, "]}}"),
        (r#"{"kvlistValue":{"values":[{"key":"additional_headers","value":"#, "1", "}]}}"),
    ];
    let folder = Folder::new();
    for (open, inside, close) in nests {
        let deep = format!("{}{inside}{}", open.repeat(DEEP), close.repeat(DEEP));
        let text = serde_json::to_string(&"[{'a':(".repeat(DEEP / 4)).unwrap();
        for value in [deep.clone(), format!(r#"{{"stringValue":{text}}}"#)] {
            for key in ["hidden_params", "metadata.usage_object", "gen_ai.response.id", "unknown"] {
                let more = format!(r#",{{"key":"{key}","value":{value}}}"#);
                let lines = [request(1, 0, Some(1), &more), request(2, 0, Some(1), "")];
                let input = folder.write("deep.ndjson", &lines.join("\n"));
                let output = run(&["normalize", &input, "-o", "-", "--format", "ndjson"]);
                assert_eq!(output.status.code(), Some(0), "{open} in {key}: {}", err(&output));
                assert!(!rows(&output).is_empty(), "{open} in {key}");
            }
        }
        let input = folder.write("whole.json", &deep);
        let code = run(&["normalize", &input, "-o", "-", "--format", "ndjson"]).status.code();
        assert!(matches!(code, Some(0 | 3)), "{open} as a file: {code:?}");
    }
}

/// Every test of this file is a row of the page, and every row a test.
#[test]
fn the_page_names_every_row() {
    let page = fs::read_to_string("docs/reliability.md").unwrap();
    let own = include_str!("reliability.rs");
    let tests = own.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
    let tests: Vec<&str> = tests.filter(|name| *name != "the_page_names_every_row").collect();
    for name in &tests {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/reliability.md");
    }
    assert!(tests.len() >= 10);
}
