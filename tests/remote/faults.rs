//! What goes wrong on the way: the server's own words, exit code 3, and no part of an answer.

use crate::support::fake_http::{Answer, Asked, Fake, answer, with_length};
use crate::{Ran, no_answer, run};

/// Columns of the collector's exporter, as `DESCRIBE TABLE` answers.
const COLUMNS: &str = "Timestamp\tDateTime64(9)\t\t\nTraceId\tString\t\t\nSpanId\tString\t\t\n\
                       SpanName\tString\nSpanKind\tString\nServiceName\tString\n\
                       SpanAttributes\tMap(String, String)\t\t\nDuration\tUInt64\t\t\n";

fn clickhouse(port: u16) -> String {
    format!("clickhouse://127.0.0.1:{port}/otel")
}

/// What a diagnosis of a table behind this server says.
fn asked_of(fake: &Fake) -> Ran {
    let input = clickhouse(fake.port);
    run(&["diagnose", &input, "--window", "2026-11-03T14:00/15m", "--format", "json"], &[])
}

/// A server that knows the table and how many calls it holds, and answers so when it is asked for
/// more.
fn with_calls(calls: u64, more: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Fake {
    Fake::start(move |_, asked| {
        if asked.body.starts_with("DESCRIBE") {
            answer("200 OK", &[], COLUMNS.as_bytes())
        } else if asked.body.starts_with("SELECT count()") {
            answer("200 OK", &[], format!("{calls}\n").as_bytes())
        } else {
            more(asked)
        }
    })
}

/// Few enough calls that the spans are asked for.
fn with_table(spans: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Fake {
    with_calls(7, spans)
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
    // Nobody listens there, and no other test can be handed the port.
    let input = clickhouse(1);
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

/// More calls than are read whole: they are counted first.
fn with_many_calls(counts: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Fake {
    with_calls(9_000_000, counts)
}

#[test]
fn counts_that_are_not_whole_are_no_counts() {
    let row = r#"["29413440", 1, "rag", "gpt", "chat", "", "5", "2", "1", 10, 20, {"3":"4"}, {}]"#;
    let cut = format!("{row}\n{}", &row[..40]);
    let fake = with_many_calls(move |_| with_length("200 OK", &[], cut.as_bytes(), 9000));
    no_answer(&asked_of(&fake), &["broke off", "not taken for the whole"]);
    // Whole as far as HTTP goes.
    let cut = format!("{row}\n{}", &row[..40]);
    let fake = with_many_calls(move |_| answer("200 OK", &[], cut.as_bytes()));
    no_answer(&asked_of(&fake), &["broke off"]);
    // Killed while it counted.
    let words = "Code: 159. DB::Exception: Timeout exceeded: elapsed 300 s. (TIMEOUT_EXCEEDED)";
    let killed = format!("{row}\n{words}");
    let fake = with_many_calls(move |_| answer("200 OK", &[], killed.as_bytes()));
    no_answer(&asked_of(&fake), &["Timeout exceeded", "&timeout="]);
    assert_eq!(fake.asked().len(), 3, "no span is asked for");
}
