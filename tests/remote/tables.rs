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
        for table in
            ["otel_traces", "otel_traces_json", "signoz_index_v3", "otel_view", "otel_spread"]
        {
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
