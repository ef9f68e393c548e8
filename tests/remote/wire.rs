//! The wire: TLS with a certificate that this machine does or does not trust.

use crate::support::fake_http::{Fake, answer, file};
use crate::support::python;
use crate::{diagnosis, no_answer, run};

#[test]
fn a_certificate_is_trusted_when_its_authority_is_named_and_refused_otherwise() {
    let Some(python) = python::python_with("cryptography") else { return };
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(|_, _| {
        let words = "Code: 60. DB::Exception: Table otel.otel_traces does not exist.";
        answer("404 Not Found", &[("X-ClickHouse-Exception-Code", "60")], words.as_bytes())
    });
    let args = [folder.path().display().to_string(), fake.port.to_string()];
    let server = python::start(&python, "tls_front.py", &args);
    let input = format!("clickhouses://localhost:{}/otel", server.port);
    let ask = |input: &str, environment: &[(&str, &str)]| {
        run(&["diagnose", input, "--window", "2026-11-03T14:00/15m"], environment)
    };
    no_answer(&ask(&input, &[]), &["certificate", "UnknownIssuer", "ca=", "SSL_CERT_FILE"]);
    assert!(fake.asked().is_empty(), "nothing is said to a stranger");
    let ca = folder.path().join("ca.pem").display().to_string();
    let named = format!("{input}?ca={ca}");
    no_answer(&ask(&named, &[]), &["the server says: Code: 60", "does not exist"]);
    no_answer(&ask(&input, &[("SSL_CERT_FILE", &ca)]), &["the server says: Code: 60"]);
    // A certificate of that authority for another host.
    let other = format!("clickhouses://127.0.0.1:{}/otel?ca={ca}", server.port);
    no_answer(&ask(&other, &[]), &["certificate", "not valid for name"]);
    let absent = format!("{input}?ca={ca}.absent");
    assert!(ask(&absent, &[]).err.contains("ca.pem.absent"));
}

#[test]
fn an_object_behind_tls_is_read_where_its_authority_is_known() {
    let Some(python) = python::python_with("cryptography") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = "testdata/incidents/010/spans.parquet";
    let bytes = std::fs::read(path).unwrap();
    let fake = Fake::start(move |_, asked| file(asked, &bytes));
    let args = [folder.path().display().to_string(), fake.port.to_string()];
    let server = python::start(&python, "tls_front.py", &args);
    let input = format!("https://localhost:{}/spans.parquet", server.port);
    let window = crate::objects::window_of("010");
    let refused = run(&["diagnose", &input, "--window", &window], &[]);
    no_answer(&refused, &["certificate", "SSL_CERT_FILE"]);
    let ca = folder.path().join("ca.pem").display().to_string();
    let of_object = diagnosis(&input, &window, &[("SSL_CERT_FILE", &ca)]);
    assert_eq!(of_object, diagnosis(path, &window, &[]));
}

/// Debian's server is of 2018: it has no maps, so that no table of the exporter can be in it. What it
/// shows is the wire: who may ask, and that its refusal is told in its own words.
#[test]
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
fn a_server_of_its_own_is_asked_with_its_password_and_told_to_be_too_old() {
    if std::process::Command::new("clickhouse-server").arg("--help").output().is_err() {
        eprintln!("skipped: there is no clickhouse-server (apt-get install clickhouse-server)");
        return;
    }
    let Some(python) = python::python_with("socket") else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = [folder.path().display().to_string()];
    let server = python::start(&python, "clickhouse_server.py", &args);
    let input = format!("clickhouse://reader@127.0.0.1:{}/default", server.port);
    let with = |password: &str| {
        let environment = [("LLMSPAN_CLICKHOUSE_PASSWORD", password)];
        run(&["diagnose", &input, "--window", "2026-11-03T14:00/15m"], &environment)
    };
    no_answer(&with("wrong"), &["the server says: Code: ", "LLMSPAN_CLICKHOUSE_PASSWORD"]);
    no_answer(&with("right"), &["the server says: Code: 115", "too old"]);
    // Nothing that a shorter question could mend: it has no place for spans of an exporter.
    let lacks = [
        ("CREATE TABLE default.t (m Map(String, String)) ENGINE = Memory", "family: Map"),
        ("SELECT toDateTime64(1, 9)", "Unknown function toDateTime64"),
        ("SELECT JSONExtractRaw('{}', 'a')", "Unknown function JSONExtractRaw"),
        ("SELECT 1 FORMAT Parquet", "Unknown format Parquet"),
    ];
    for (question, words) in lacks {
        let told = crate::tables::posted(server.port, "&user=reader&password=right", question);
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains(words), "{question}: {told}");
    }
}
