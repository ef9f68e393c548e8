//! Every command that reads spans reads them from addresses too, and can say first what it would ask.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::fake_http::{Fake, answer, file};
use crate::{first_difference, run};

/// Command lines that read spans: IN is the input, W its window, B a baseline in it, ID a call.
const COMMANDS: [&str; 11] = [
    "diagnose IN --window W --format json",
    "ticket IN --window W",
    "timeline IN --format json",
    "audit IN --format json",
    "capacity IN --format json",
    "explain ID IN --format json",
    "inspect IN --format json",
    "check IN --window W --baseline B --format json",
    "check IN --baseline IN --format json",
    "compare IN IN --format json",
    "normalize IN -o - --format csv",
];
const FILE: &str = "testdata/incidents/010/spans.parquet";

/// What stands for W, B and ID.
struct Of {
    window: String,
    baseline: String,
    id: String,
}

impl Of {
    fn line(&self, command: &str, input: &str, more: &[&str]) -> Vec<String> {
        let word = |word| match word {
            "IN" => input,
            "W" => &self.window,
            "B" => &self.baseline,
            "ID" => &self.id,
            other => other,
        };
        command.split(' ').map(word).chain(more.iter().copied()).map(str::to_owned).collect()
    }
}

/// A span of the middle of a dump.
fn some_call(path: &str) -> String {
    let table = run(&["normalize", path, "-q", "-o", "-", "--format", "csv"], &[]);
    let rows: Vec<&str> = table.out.lines().collect();
    rows[rows.len() / 2].split(',').nth(1).unwrap().to_owned()
}

fn ran(line: &[String]) -> crate::Ran {
    run(&line.iter().map(String::as_str).collect::<Vec<_>>(), &[])
}

#[test]
fn every_command_says_of_an_object_what_it_says_of_the_file_and_keeps_the_signature() {
    let bytes = std::fs::read(FILE).unwrap();
    let fake = Fake::start(move |_, asked| file(asked, &bytes));
    let shown = format!("http://127.0.0.1:{}/spans.parquet", fake.port);
    let input = format!("{shown}?sig=secret");
    let of = Of {
        window: "2026-10-04T05:01/10m".to_owned(),
        baseline: "2026-10-04T04:00/56m".to_owned(),
        id: some_call(FILE),
    };
    for command in COMMANDS {
        let dry = ran(&of.line(command, &input, &["--dry-run"]));
        assert_eq!(dry.code, 0, "{command}: {}", dry.err);
        assert!(dry.out.contains(&format!("-- reads {shown};")), "{command}: {}", dry.out);
        assert!(fake.asked().is_empty(), "{command} asks nobody");
        assert!(!dry.out.contains("secret"), "{command}: {}", dry.out);
    }
    for command in COMMANDS {
        let of_object = ran(&of.line(command, &input, &[]));
        let of_file = ran(&of.line(command, FILE, &[]));
        assert!(of_file.code < 2, "{command}: {}", of_file.err);
        assert_eq!(of_object.code, of_file.code, "{command}: {}", of_object.err);
        let told = of_object.out.replace(&shown, FILE);
        assert!(told == of_file.out, "{command}:\n{}", first_difference(&told, &of_file.out));
        assert!(!format!("{}{}", of_object.out, of_object.err).contains("secret"), "{command}");
    }
}

/// The same of a table, whose questions can be shown; its account of what was read is left out.
pub fn of_a_table(port: u16, (name, path, window): &(String, PathBuf, String)) {
    let times = "since=2026-10-01&until=2026-11-30";
    let table = format!("clickhouse://127.0.0.1:{port}/{name}?{times}");
    let path = path.to_str().unwrap();
    let (start, _) = window.split_once('/').unwrap();
    let day = start.split_once('T').unwrap().0;
    let of = Of {
        window: window.clone(),
        baseline: format!("{day}T00:00Z/{start}"),
        id: some_call(path),
    };
    for command in COMMANDS {
        let of_table = ran(&of.line(command, &table, &["--show-queries"]));
        assert!(of_table.err.contains("FORMAT Parquet;"), "{command}: {}", of_table.err);
        let partial = of_table.err.contains("sends only the spans and attributes");
        assert_eq!(partial, command.starts_with("inspect"), "{command}: {}", of_table.err);
        let of_file = ran(&of.line(command, path, &[]));
        assert_eq!(of_table.code, of_file.code, "{command}: {}", of_table.err);
        let told = without_source(&of_table.out.replace(&table, path));
        let expected = without_source(&of_file.out);
        assert!(told == expected, "{command}:\n{}", first_difference(&told, &expected));
    }
}

/// An answer without its account of what was read: a table sends only what is understood, and says
/// so where that is the question.
fn without_source(out: &str) -> String {
    let Ok(mut told) = serde_json::from_str::<Value>(out) else { return out.to_owned() };
    for source in ["ingest", "files", "spans", "unread"] {
        told.as_object_mut().unwrap().remove(source);
    }
    serde_json::to_string_pretty(&told).unwrap()
}

#[test]
fn enrich_takes_files_alone_and_says_so() {
    let fake = Fake::start(|_, _| answer("200 OK", &[], b"{}"));
    let input = format!("http://127.0.0.1:{}/a.json?sig=secret", fake.port);
    let refused = run(&["enrich", &input, "-o", "/nonexistent/a.json"], &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("reads files only"), "{}", refused.err);
    assert!(!refused.err.contains("secret"));
    assert!(fake.asked().is_empty());
}
