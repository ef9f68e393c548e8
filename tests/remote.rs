//! Inputs that are not on this machine: the same answer as from a file, and no answer out of a part.
#![cfg(feature = "remote")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::panic, reason = "a failed test panics")]

mod support;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use support::fake_http::{Answer, Asked, Fake, answer, file, with_length};
use support::python::{self, Server};

/// Columns of the collector's exporter, as `DESCRIBE TABLE` answers.
const COLUMNS: &str = "Timestamp\tDateTime64(9)\t\t\nTraceId\tString\t\t\nSpanId\tString\t\t\n\
                       SpanName\tString\nSpanKind\tString\nServiceName\tString\n\
                       SpanAttributes\tMap(String, String)\t\t\nDuration\tUInt64\t\t\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    for (name, _) in std::env::vars() {
        if ["AWS_", "AZURE_", "GOOGLE_", "LLMSPAN_CLICKHOUSE"].iter().any(|p| name.starts_with(p)) {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(environment.iter().copied()).env("HOME", "/nonexistent");
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn clickhouse(port: u16) -> String {
    format!("clickhouse://127.0.0.1:{port}/otel")
}

/// What a diagnosis of a table behind this server says.
fn asked_of(fake: &Fake) -> Ran {
    let input = clickhouse(fake.port);
    run(&["diagnose", &input, "--window", "2026-11-03T14:00/15m", "--format", "json"], &[])
}

/// A server that knows the table, and answers so when it is asked for spans.
fn with_table(spans: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Fake {
    Fake::start(move |_, asked| {
        if asked.body.starts_with("DESCRIBE") {
            answer("200 OK", &[], COLUMNS.as_bytes())
        } else if asked.body.starts_with("SELECT count()") {
            answer("200 OK", &[], b"7\n")
        } else {
            spans(asked)
        }
    })
}

/// Nothing but an error: exit code 3, this in the message, and not one word of a report.
fn no_answer(ran: &Ran, words: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    for words in words {
        assert!(ran.err.contains(words), "{words:?} is not in: {}", ran.err);
    }
    assert!(ran.err.contains("\nhelp: "), "{}", ran.err);
}

#[test]
fn a_server_that_goes_away_midway_gives_no_part_of_an_answer() {
    let part = [b"PAR1", [7_u8; 5000].as_slice()].concat();
    let cut = part.clone();
    let fake = with_table(move |_| with_length("200 OK", &[], &cut, 90_000));
    no_answer(&asked_of(&fake), &["broke off after 5004 bytes", "not taken for the whole"]);
    // The same in chunks, of which the last one never comes.
    let fake = with_table(move |_| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n138c\r\n";
        [head.as_bytes(), &part, b"\r\n"].concat()
    });
    no_answer(&asked_of(&fake), &["broke off after 5004 bytes"]);
    // A body that is whole as far as HTTP goes, and has no footer.
    let fake = with_table(|_| answer("200 OK", &[], b"PAR1 and no more"));
    no_answer(&asked_of(&fake), &["broke off after 16 bytes"]);
}

#[test]
fn a_query_that_the_server_kills_is_told_in_its_own_words() {
    let words = "Code: 241. DB::Exception: Query memory limit exceeded: would use 8.01 GiB. \
                 (MEMORY_LIMIT_EXCEEDED) (version 26.9.2.1)";
    let headers = [("X-ClickHouse-Exception-Code", "241")];
    let fake = with_table(move |_| answer("500 Internal Server Error", &headers, words.as_bytes()));
    let before = asked_of(&fake);
    no_answer(
        &before,
        &["the server says: Code: 241. DB::Exception: Query memory", "&max_memory="],
    );
    // Midway the status has long been 200, and the words stand behind what was sent.
    let fake = with_table(move |_| {
        let body = format!(
            "PAR1{}\r\n__exception__\r\nabcdef\r\n{words}\r\n93 abcdef\r\n__exception__\r\n",
            "x".repeat(9000)
        );
        answer("200 OK", &[], body.as_bytes())
    });
    no_answer(&asked_of(&fake), &["Query memory limit exceeded", "bytes)"]);
}

#[test]
fn a_wrong_table_user_or_host_says_which() {
    let refuse = |status: &'static str, code: &'static str, words: &'static str| {
        Fake::start(move |_, _| {
            answer(status, &[("X-ClickHouse-Exception-Code", code)], words.as_bytes())
        })
    };
    let fake = refuse(
        "404 Not Found",
        "60",
        "Code: 60. DB::Exception: Table otel.otel_traces does not exist. (UNKNOWN_TABLE)",
    );
    no_answer(&asked_of(&fake), &["Table otel.otel_traces does not exist", "?table=name"]);
    let fake =
        refuse("403 Forbidden", "516", "Code: 516. DB::Exception: me: Authentication failed");
    no_answer(&asked_of(&fake), &["Authentication failed", "LLMSPAN_CLICKHOUSE_PASSWORD"]);
    let fake = Fake::start(|_, _| answer("200 OK", &[], b"id\tUInt64\nprice\tFloat64\n"));
    no_answer(&asked_of(&fake), &["not of spans", "Found the columns id, price"]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let input = clickhouse(port);
    let ran = run(&["diagnose", &input, "--window", "2026-11-03T14:00/15m"], &[]);
    no_answer(&ran, &["no answer from the server"]);
}

#[test]
fn the_session_is_read_only_and_limited_and_the_password_stays_out_of_sight() {
    let fake = with_table(|_| answer("500 No", &[], b""));
    let input = format!("clickhouse://me@127.0.0.1:{}/otel?timeout=7&max_rows=9", fake.port);
    let environment = [("LLMSPAN_CLICKHOUSE_PASSWORD", "hunter2")];
    let arguments = ["diagnose", &input, "--window", "2026-11-03T14:00/15m"];
    let ran = run(&arguments, &environment);
    assert!(!format!("{}{}", ran.out, ran.err).contains("hunter2"));
    let asked = fake.asked();
    assert_eq!(asked.len(), 3);
    for asked in asked {
        for setting in
            ["readonly=2", "max_execution_time=7", "max_rows_to_read=9", "max_memory_usage="]
        {
            assert!(asked.path.contains(setting), "{setting}: {}", asked.path);
        }
        assert!(!asked.path.contains("hunter2"));
        assert!(asked.headers.to_ascii_lowercase().contains("x-clickhouse-key: hunter2"));
    }
}

#[test]
fn no_time_no_question() {
    let fake = with_table(|_| answer("500 No", &[], b""));
    let input = clickhouse(fake.port);
    for arguments in [vec!["timeline", &input], vec!["diagnose", &input, "--window", "14:00-14:15"]]
    {
        let ran = run(&arguments, &[]);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("since="), "{}", ran.err);
    }
    assert!(fake.asked().is_empty());
}

/// Incidents as OTLP JSON lines, unpacked, each with its window.
fn dumps(folder: &Path) -> Vec<(String, PathBuf, String)> {
    let mut dumps = Vec::new();
    for incident in ["000", "001", "006", "007", "012", "013", "018", "019"] {
        let case = Path::new("testdata/incidents").join(incident);
        let truth: Value =
            serde_json::from_slice(&std::fs::read(case.join("truth.json")).unwrap()).unwrap();
        let packed = std::fs::read(case.join(truth["file"].as_str().unwrap())).unwrap();
        let mut plain = Vec::new();
        if packed.starts_with(&[0x1f, 0x8b]) {
            std::io::copy(&mut flate2::read::MultiGzDecoder::new(&*packed), &mut plain).unwrap();
        } else {
            zstd::stream::copy_decode(&*packed, &mut plain).unwrap();
        }
        let path = folder.join(format!("d{incident}.ndjson"));
        std::fs::write(&path, plain).unwrap();
        dumps.push((format!("d{incident}"), path, dated(&truth)));
    }
    dumps
}

/// The window of an incident with its date.
fn dated(truth: &Value) -> String {
    let of = |end: &str| truth["window"][end].as_str().unwrap();
    format!("{}/{}", of("start"), of("end"))
}

/// The diagnosis of an input without its account of where it was read from.
fn diagnosis(input: &str, window: &str, environment: &[(&str, &str)]) -> String {
    let ran = run(&["diagnose", input, "--window", window, "--format", "json"], environment);
    assert_eq!(ran.code, 0, "{input}: {}", ran.err);
    let mut diagnosis: Value = serde_json::from_str(&ran.out).unwrap();
    let ingest = diagnosis.as_object_mut().unwrap().remove("ingest").unwrap();
    assert!(ingest["calls"].as_u64().unwrap() > 0);
    diagnosis["calls"] = ingest["calls"].clone();
    serde_json::to_string_pretty(&diagnosis).unwrap()
}

fn chdb(folder: &Path, dumps: &[(String, PathBuf, String)]) -> Option<Server> {
    let python = python::python_with("chdb")?;
    let mut args = vec![folder.join("store").display().to_string()];
    args.extend(dumps.iter().map(|(name, path, _)| format!("{name}={}", path.display())));
    Some(python::start(&python, "clickhouse_http.py", &args))
}

#[test]
fn a_table_of_any_layout_gives_the_diagnosis_of_its_dump() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = dumps(folder.path());
    let Some(server) = chdb(folder.path(), &dumps) else { return };
    for (name, path, window) in &dumps {
        // No table holds how many events the SDK dropped: such dumps are held against what the
        // server itself writes of its table.
        let dropped = std::fs::read_to_string(path).unwrap().contains("droppedEventsCount");
        let path = if dropped { export(server.port, name, folder.path()) } else { path.clone() };
        let of_file = diagnosis(path.to_str().unwrap(), window, &[]);
        for table in ["otel_traces", "otel_traces_json", "signoz_index_v3", "otel_view"] {
            let input = format!("clickhouse://127.0.0.1:{}/{name}?table={table}", server.port);
            let of_table = diagnosis(&input, window, &[]);
            assert!(
                of_file == of_table,
                "{name}, {table}:\n{}",
                first_difference(&of_file, &of_table)
            );
        }
    }
    faults(server.port, &dumps[0]);
}

/// The whole table as the server writes it.
fn export(port: u16, name: &str, folder: &Path) -> PathBuf {
    let query = format!("SELECT * FROM {name}.otel_traces FORMAT Parquet");
    let mut server = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = query.len();
    let asked = format!("POST / HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{query}");
    server.write_all(asked.as_bytes()).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let path = folder.join(format!("{name}.parquet"));
    std::fs::write(&path, &answer[body..]).unwrap();
    path
}

/// What the engine itself refuses.
fn faults(port: u16, (name, _, window): &(String, PathBuf, String)) {
    let ask = |more: &str, environment: &[(&str, &str)]| {
        let input = more.replace('@', &format!("127.0.0.1:{port}/{name}"));
        run(&["diagnose", &format!("clickhouse://{input}"), "--window", window], environment)
    };
    no_answer(&ask("@?table=absent", &[]), &["does not exist", "?table=name"]);
    no_answer(&ask("@?max_rows=5", &[]), &["(TOO_MANY_ROWS", "&max_rows="]);
    no_answer(&ask("@?max_spans=5", &[]), &["Code: 396", "&max_spans="]);
    let login = format!("clickhouse://reader@127.0.0.1:{port}/{name}");
    let with = |password: &str| {
        let environment = [("LLMSPAN_CLICKHOUSE_PASSWORD", password)];
        run(&["diagnose", &login, "--window", window], &environment)
    };
    no_answer(&with("wrong"), &["Authentication failed"]);
    assert_eq!(with("right").code, 0);
    let long_ago =
        format!("clickhouse://127.0.0.1:{port}/{name}?since=2001-01-01&until=2001-01-02");
    no_answer(&run(&["audit", &long_ago], &[]), &["no LLM call in this table between 2001-01-01"]);
    let shown = ask("@", &[]);
    assert_eq!(shown.code, 0);
}

fn first_difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let around =
        |text: &str| text.lines().skip(at.saturating_sub(3)).take(7).collect::<Vec<_>>().join("\n");
    format!("{}\n-- and --\n{}", around(a), around(b))
}

/// Shipped dumps in Parquet, each with its window.
const TABLES: [&str; 2] = ["003", "010"];

fn window_of(incident: &str) -> String {
    let path = Path::new("testdata/incidents").join(incident).join("truth.json");
    let truth: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    dated(&truth)
}

#[test]
fn only_pieces_of_a_parquet_object_are_read() {
    for incident in TABLES {
        let path = format!("testdata/incidents/{incident}/spans.parquet");
        let bytes = std::fs::read(&path).unwrap();
        let size = bytes.len();
        let fake = Fake::start(move |_, asked| file(asked, &bytes));
        let input = format!("http://127.0.0.1:{}/a/spans.parquet?sig=secret", fake.port);
        let window = window_of(incident);
        let ran = run(&["diagnose", &input, "--window", &window], &[]);
        assert!(!format!("{}{}", ran.out, ran.err).contains("secret"), "{}", ran.out);
        assert_eq!(diagnosis(&input, &window, &[]), diagnosis(&path, &window, &[]), "{incident}");
        let read: usize = fake
            .asked()
            .iter()
            .map(|asked| asked.range().map_or(size, |(from, to)| to + 1 - from))
            .sum();
        assert!(fake.asked().iter().all(|asked| asked.path.contains("sig=secret")));
        assert!(read / 2 < size, "{read} of {size} bytes twice");
    }
}

#[test]
fn a_store_that_fails_gives_no_part_of_an_answer() {
    let s3 = |fake: &Fake| {
        let endpoint = format!("http://127.0.0.1:{}", fake.port);
        let environment = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_REGION", "us-east-1"),
        ];
        run(&["audit", "s3://spans/traces/a.json"], &environment)
    };
    let error = |code: &str, words: &str| {
        format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
        )
    };
    let expired = error("ExpiredToken", "The provided token has expired.");
    let fake = Fake::start(move |_, asked| {
        // An answer to HEAD has no body.
        let body = if asked.method == "HEAD" { "" } else { expired.as_str() };
        answer("400 Bad Request", &[("Content-Type", "application/xml")], body.as_bytes())
    });
    let ran = s3(&fake);
    no_answer(
        &ran,
        &["s3://spans/traces/a.json", "the store says", "has expired", "renew the token"],
    );
    assert!(!ran.err.contains("hunter2"));
    // An object that is shorter than it was said to be.
    let fake = Fake::start(|_, asked| {
        let headers = [("ETag", "\"x\""), ("Last-Modified", "Tue, 03 Nov 2026 14:00:00 GMT")];
        match asked.method.as_str() {
            "HEAD" => with_length("200 OK", &headers, b"", 5000),
            _ => with_length("200 OK", &headers, b"{\"resourceSpans\":[", 5000),
        }
    });
    no_answer(&s3(&fake), &["s3://spans/traces/a.json"]);
    let fake = Fake::start(move |_, asked| {
        if asked.method == "HEAD" {
            return answer("404 Not Found", &[], b"");
        }
        let body = error("NoSuchBucket", "The specified bucket does not exist");
        answer("404 Not Found", &[("Content-Type", "application/xml")], body.as_bytes())
    });
    no_answer(&s3(&fake), &["bucket"]);
}

/// Uploads of a collector: one dump in pieces under the partition of its time, and others beside.
fn uploads(folder: &Path) -> (Vec<String>, String, String) {
    let dump = dumps(folder).remove(0);
    let text = std::fs::read_to_string(&dump.1).unwrap();
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let path = folder.join(format!("piece{number}.json"));
        std::fs::write(&path, line).unwrap();
        keys.push(format!(
            "traces/year=2026/month=10/day=20/hour=21/minute={number:02}/traces_{number}.json={}",
            path.display()
        ));
    }
    let other = folder.join("other.json");
    std::fs::write(&other, "this is no dump and would be refused").unwrap();
    keys.push(format!(
        "traces/year=2026/month=11/day=03/hour=01/minute=00/traces_9.json={}",
        other.display()
    ));
    keys.push(format!("tables/spans.parquet=testdata/incidents/{}/spans.parquet", TABLES[0]));
    (keys, dump.1.display().to_string(), dump.2)
}

fn same_from(scheme: &str, environment: &[(&str, &str)], folder: &Path) {
    let (_, dump, window) = uploads(folder);
    let partitions = diagnosis(&format!("{scheme}://spans/traces/"), &window, environment);
    assert_eq!(partitions, diagnosis(&dump, &window, &[]));
    let window = window_of(TABLES[0]);
    let table = diagnosis(&format!("{scheme}://spans/tables/spans.parquet"), &window, environment);
    let path = format!("testdata/incidents/{}/spans.parquet", TABLES[0]);
    assert_eq!(table, diagnosis(&path, &window, &[]));
    let absent = format!("{scheme}://spans/absent/");
    no_answer(&run(&["audit", &absent], environment), &["holds no object"]);
    // Without a window everything is read, and what is no dump is said to be lost.
    let all = run(
        &["normalize", &format!("{scheme}://spans/traces/"), "-o", "-", "--format", "csv"],
        environment,
    );
    assert_eq!(all.code, 0, "{}", all.err);
    assert!(all.err.contains("Lost records: 1 "), "{}", all.err);
}

#[test]
fn s3_gives_the_diagnosis_of_the_files() {
    let Some(python) = python::python_with("moto.server, boto3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut args, ..) = uploads(folder.path());
    args.insert(0, "spans".to_owned());
    let server = python::start(&python, "moto_s3.py", &args);
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "us-east-1"),
    ];
    same_from("s3", &environment, folder.path());
}

#[test]
fn azure_gives_the_diagnosis_of_the_files() {
    let Some(azurite) = python::azurite() else { return };
    let Some(python) = python::python_with("socket") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut args, ..) = uploads(folder.path());
    args.splice(0..0, [azurite, "spans".to_owned()]);
    let server = python::start(&python, "azurite_blob.py", &args);
    let endpoint = format!("http://127.0.0.1:{}/devstoreaccount1", server.port);
    let environment = [
        ("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1"),
        (
            "AZURE_STORAGE_ACCOUNT_KEY",
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        ),
        ("AZURE_STORAGE_ENDPOINT", endpoint.as_str()),
    ];
    same_from("az", &environment, folder.path());
}
