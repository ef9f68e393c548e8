//! Tables in the current engine: every layout gives the diagnosis of the dump that it holds.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::support::python::{self, Server};
use crate::{diagnosis, dumps, first_difference, no_answer, run};

pub fn chdb(folder: &Path, dumps: &[(String, PathBuf, String)]) -> Option<Server> {
    let python = python::python_with("chdb")?;
    let mut args = vec![folder.join("store").display().to_string()];
    args.extend(dumps.iter().map(|(name, path, _)| format!("{name}={}", path.display())));
    Some(python::start(&python, "clickhouse_http.py", &args))
}

/// Every layout, a view, and each layout spread over two shards.
const TABLES: [&str; 7] = [
    "otel_traces",
    "otel_traces_json",
    "signoz_index_v3",
    "otel_view",
    "otel_traces_spread",
    "otel_traces_json_spread",
    "signoz_index_v3_spread",
];

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
        for table in TABLES {
            let input = format!("clickhouse://127.0.0.1:{}/{name}?table={table}", server.port);
            let of_table = diagnosis(&input, window, &[]);
            assert!(
                of_file == of_table,
                "{name}, {table}:\n{}",
                first_difference(&of_file, &of_table)
            );
        }
    }
    crate::commands::of_a_table(server.port, &dumps[0]);
    shards(server.port, &dumps[0]);
    faults(server.port, &dumps[0]);
}

/// The spread tables are what they are taken for: both shards hold spans of the same traces, and the
/// engine refuses the question for the spans as soon as its subquery is not asked of all of them.
fn shards(port: u16, (name, _, window): &(String, PathBuf, String)) {
    let spread = format!("{name}.otel_traces_spread");
    let apart = format!(
        "SELECT countIf(s = 2), countIf(s = 1) FROM (SELECT uniqExact(_shard_num) AS s FROM \
         {spread} GROUP BY TraceId) FORMAT TabSeparated"
    );
    let told = String::from_utf8(posted(port, "", &apart)).unwrap();
    let (apart, whole) = told.trim().split_once('\t').unwrap();
    let (apart, whole): (u32, u32) = (apart.parse().unwrap(), whole.parse().unwrap());
    assert!(apart > whole / 2, "{apart} traces lie on two shards, {whole} on one");
    let input = format!("clickhouse://127.0.0.1:{port}/{name}?table=otel_traces_spread");
    let dry = run(&["diagnose", &input, "--window", window, "--dry-run"], &[]);
    let question = dry.out[dry.out.find("SELECT\n").unwrap()..].trim_end().trim_end_matches(';');
    assert!(posted(port, "", question).starts_with(b"PAR1"), "{question}");
    assert_eq!(question.matches("GLOBAL IN").count(), 1);
    let refused = posted(port, "", &question.replace("GLOBAL IN", "IN"));
    let refused = String::from_utf8_lossy(&refused);
    assert!(refused.contains("DISTRIBUTED_IN_JOIN_SUBQUERY_DENIED"), "{refused}");
}

/// The whole table as the server writes it.
fn export(port: u16, name: &str, folder: &Path) -> PathBuf {
    let bytes = posted(port, "", &format!("SELECT * FROM {name}.otel_traces FORMAT Parquet"));
    let path = folder.join(format!("{name}.parquet"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The body of the server's answer to a question of the test's own.
pub fn posted(port: u16, settings: &str, query: &str) -> Vec<u8> {
    let mut server = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = query.len();
    let asked = format!(
        "POST /?max_query_size=1048576{settings} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{query}"
    );
    server.write_all(asked.as_bytes()).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
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
