//! A dump written again: every byte that was there is there, and what was derived is read back.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail, and says what it skips"
)]

mod support;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use llmspan::calls::CallTable;
use llmspan::ingest::Options;
use llmspan::schema::Col;
use prost::Message;
use serde_json::Value;

fn enrich(input: &Path, output: &Path) -> (i32, String) {
    let mut command = Command::cargo_bin("llmspan").unwrap();
    let run = command.arg("enrich").arg(input).arg("-o").arg(output).output().unwrap();
    (run.status.code().unwrap(), String::from_utf8(run.stderr).unwrap())
}

fn table(path: &Path) -> CallTable {
    llmspan::read(&[path.to_string_lossy().into_owned()], &Options::default()).unwrap().0
}

/// The content behind the compression.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match bytes {
        [0x1f, 0x8b, ..] => {
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => out = zstd::decode_all(bytes).unwrap(),
        _ => out = bytes.to_vec(),
    }
    out
}

/// The messages behind 4-byte lengths; nothing where the bytes are not framed so.
fn frames(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        out.push(plain(bytes.get(4..4 + length)?));
        bytes = &bytes[4 + length..];
    }
    Some(out)
}

/// The messages behind varint lengths.
fn delimited(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let length = prost::decode_length_delimiter(&mut bytes).unwrap();
        out.push(bytes[..length].to_vec());
        bytes = &bytes[length..];
    }
    out
}

/// Whether `after` is `before` with more put in between.
fn holds(before: &[u8], after: &[u8]) -> bool {
    let mut rest = after.iter();
    before.iter().all(|byte| rest.any(|other| other == byte))
}

/// Every span, without the attributes and events that enrich adds.
fn spans_of_json(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("spans", Value::Array(spans)) => out.extend(spans.iter().cloned()),
                    _ => spans_of_json(member, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| spans_of_json(item, out)),
        _ => {}
    }
}

fn compare_json(before: &[u8], after: &[u8], place: &str) -> usize {
    assert!(holds(before, after), "{place}: a byte is gone");
    let read = |bytes: &[u8]| {
        let mut spans = Vec::new();
        for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
            spans_of_json(&value.unwrap(), &mut spans);
        }
        spans
    };
    let (before, after) = (read(before), read(after));
    assert_eq!(before.len(), after.len(), "{place}");
    let empty = Vec::new();
    for (before, mut after) in before.iter().zip(after) {
        for list in ["attributes", "events"] {
            let old = before[list].as_array().unwrap_or(&empty);
            let new = after[list].as_array().unwrap_or(&empty).clone();
            assert_eq!(&new[..old.len()], &old[..], "{place}: {list} stay in their order");
            match before.get(list) {
                Some(old) => after[list] = old.clone(),
                None => drop(after.as_object_mut().unwrap().remove(list)),
            }
        }
        assert_eq!(before, &after, "{place}");
    }
    before.len()
}

fn compare_proto(before: &[u8], after: &[u8], place: &str) -> usize {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Request;
    let (before, mut after) = (Request::decode(before).unwrap(), Request::decode(after).unwrap());
    let mut count = 0;
    for (before, after) in before.resource_spans.iter().zip(&mut after.resource_spans) {
        for (before, after) in before.scope_spans.iter().zip(&mut after.scope_spans) {
            for (before, after) in before.spans.iter().zip(&mut after.spans) {
                after.attributes.truncate(before.attributes.len());
                after.events.truncate(before.events.len());
                count += 1;
            }
        }
    }
    assert_eq!(before, after, "{place}: something that was there changed");
    count
}

fn compare_bytes(before: &[u8], after: &[u8], place: &str) -> usize {
    if before.starts_with(b"PAR1") {
        return compare_parquet(before, after, place);
    }
    let (before, after) = (plain(before), plain(after));
    if before.trim_ascii_start().starts_with(b"{") {
        return compare_json(&before, &after, place);
    }
    if place == "delimited.pb" {
        return delimited(&before)
            .iter()
            .zip(&delimited(&after))
            .map(|(before, after)| compare_proto(before, after, place))
            .sum();
    }
    match (frames(&before), frames(&after)) {
        (Some(before), Some(after)) => {
            assert_eq!(before.len(), after.len(), "{place}: frames");
            let each = before.iter().zip(&after).map(|(before, after)| {
                if before.starts_with(b"{") {
                    compare_json(before, after, place)
                } else {
                    compare_proto(before, after, place)
                }
            });
            each.sum()
        }
        _ => compare_proto(&before, &after, place),
    }
}

/// Rows as text, the columns that enrich lengthens apart.
fn compare_parquet(before: &[u8], after: &[u8], place: &str) -> usize {
    use arrow_array::cast::AsArray;
    use arrow_array::{Array, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let read = |bytes: &[u8]| -> (arrow_schema::SchemaRef, Vec<RecordBatch>) {
        let bytes = prost::bytes::Bytes::copy_from_slice(bytes);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let schema = builder.schema().clone();
        (schema, builder.with_batch_size(100_000).build().unwrap().map(Result::unwrap).collect())
    };
    let ((schema, before), (after_schema, after)) = (read(before), read(after));
    let kept = &after_schema.fields()[..schema.fields().len()];
    assert_eq!(&schema.fields()[..], kept, "{place}");
    let (before, after) = (&before[0], &after[0]);
    assert_eq!(before.num_rows(), after.num_rows(), "{place}");
    for (field, (old, new)) in
        schema.fields().iter().zip(before.columns().iter().zip(after.columns()))
    {
        for row in 0..before.num_rows() {
            let (old, new) = match field.name().as_str() {
                "SpanAttributes" => {
                    let (old, new) = (old.as_map().value(row), new.as_map().value(row));
                    let length = old.len();
                    (old, new.slice(0, length))
                }
                name if name.starts_with("Events.") => {
                    let (old, new) =
                        (old.as_list::<i32>().value(row), new.as_list::<i32>().value(row));
                    let length = old.len();
                    assert!(new.len() >= length, "{place}");
                    assert_eq!(&old.to_data(), &new.slice(0, length).to_data(), "{place}");
                    continue;
                }
                name if name.starts_with("attributes.") && old.is_null(row) => continue,
                _ => {
                    assert_eq!(old.slice(row, 1).to_data(), new.slice(row, 1).to_data(), "{place}");
                    continue;
                }
            };
            assert_eq!(format!("{old:?}"), format!("{new:?}"), "{place}: {}", field.name());
        }
    }
    before.num_rows()
}

/// What enrich adds is what the table held before, and the table is the same after.
fn read_back(before: &Path, after: &Path, place: &str) {
    let (before, after) = (table(before), table(after));
    assert_eq!(before.len(), after.len(), "{place}");
    for col in [Col::CacheHitRatio, Col::DecodeS, Col::ItlS, Col::DurationS, Col::TtftS] {
        for (old, new) in before.numbers(col).iter().zip(after.numbers(col)) {
            let same =
                (old.is_nan() && new.is_nan()) || (old - new).abs() <= 1e-9 * old.abs().max(1.0);
            assert!(same, "{place}: {}: {old} became {new}", col.name());
        }
    }
    for col in
        [Col::RequestId, Col::Region, Col::PoolId, Col::TraceId, Col::Dialect, Col::CacheMissReason]
    {
        let text = |table: &CallTable| -> Vec<Option<String>> {
            (0..table.len()).map(|row| table.text(col, row)).collect()
        };
        // More ids may be known after: where attempts were matched by elimination, those that
        // were sure leave fewer to choose from.
        for (old, new) in text(&before).into_iter().zip(text(&after)) {
            let same = old == new || (old.is_none() && col == Col::RequestId);
            assert!(same, "{place}: {}: {old:?} became {new:?}", col.name());
        }
    }
}

fn whole(input: &Path, place: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out").with_extension(input.extension().unwrap_or_default());
    let (code, err) = enrich(input, &output);
    assert_eq!(code, 0, "{place}: {err}");
    let (before, after) = (std::fs::read(input).unwrap(), std::fs::read(&output).unwrap());
    let spans = compare_bytes(&before, &after, place);
    read_back(input, &output, place);
    // A second time keeps all of the first, and adds at most ids that the first made certain.
    let again = folder.path().join("again");
    let (code, err) = enrich(&output, &again);
    assert_eq!(code, 0, "{place}: {err}");
    assert_eq!(compare_bytes(&after, &std::fs::read(&again).unwrap(), place), spans, "{place}");
    spans
}

#[test]
fn every_real_dump_keeps_every_span_in_every_form() {
    let Some(folder) = support::shared("realspans") else { return };
    let mut dumps = 0;
    let mut forms = BTreeSet::new();
    let mut spans = 0;
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders.into_iter().filter(|path| path.is_dir()) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|suffix| suffix == "txt") {
                continue;
            }
            spans += whole(&path, &path.to_string_lossy());
            dumps += 1;
            forms.insert(name);
        }
    }
    println!("{dumps} files in {} forms, {spans} spans kept", forms.len());
    assert!(dumps >= 70 && forms.len() == 6, "{dumps} {forms:?}");
}

#[test]
fn shipped_dumps_keep_every_span_and_gain_attributes() {
    let root = support::house::root();
    for name in
        ["lines.ndjson", "pretty.json", "delimited.pb", "frames.pb", "ids_base64_of_hex.ndjson"]
    {
        assert_eq!(whole(&root.join("testdata/formats").join(name), name), 7, "{name}");
    }
    let incident = root.join("testdata/incidents/010/spans.parquet");
    assert_eq!(whole(&incident, "incident 010"), 3896);
}

#[test]
fn a_derived_ratio_is_put_behind_what_the_span_had() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.json"), folder.path().join("out.json"));
    let attribute = |key: &str, kind: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"{kind}":{value}}}}}"#)
    };
    let attributes = [
        attribute("gen_ai.operation.name", "stringValue", r#""chat""#),
        attribute("gen_ai.provider.name", "stringValue", r#""openai""#),
        attribute("gen_ai.request.model", "stringValue", r#""gpt-4o""#),
        attribute("gen_ai.usage.input_tokens", "intValue", r#""1000""#),
        attribute("gen_ai.usage.output_tokens", "intValue", r#""10""#),
        attribute("gen_ai.usage.cache_read.input_tokens", "intValue", r#""250""#),
    ];
    let span = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat gpt-4o","kind":3,"startTimeUnixNano":"1790000000000000000","endTimeUnixNano":"1790000001000000000","attributes":[{}],"events":[]}}]}}]}}]}}"#,
        attributes.join(",")
    );
    std::fs::write(&input, &span).unwrap();
    let (code, err) = enrich(&input, &output);
    assert_eq!(code, 0, "{err}");
    let text = std::fs::read_to_string(&output).unwrap();
    assert!(
        text.contains(r#""gen_ai.usage.cache_hit_ratio","value":{"doubleValue":0.25}"#),
        "{text}"
    );
    assert_eq!(compare_json(span.as_bytes(), text.as_bytes(), "one span"), 1);
}

#[test]
fn what_cannot_be_written_back_says_so() {
    let root = support::house::root();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    for (input, code, says) in [
        ("testdata/formats", 2, "is no file"),
        ("testdata/formats/parquet/nested_otlp.parquet", 3, "cannot be written back"),
        ("testdata/broken/truncated.ndjson.gz", 3, ""),
        ("testdata/broken/page.html", 3, ""),
    ] {
        let (exit, err) = enrich(&root.join(input), &output);
        assert_eq!(exit, code, "{input}: {err}");
        assert!(err.contains(says), "{input}: {err}");
        assert!(!output.exists(), "{input}");
    }
}

/// A real collector takes what enrich wrote and hands it on whole, derived attributes included.
#[test]
fn a_collector_hands_on_every_enriched_span() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Request;
    use support::python::{backend_with, said};
    let Some(realspans) = support::shared("realspans") else { return };
    let Some(python) = backend_with("rotel") else { return };
    let spans = |bytes: &[u8]| {
        let request = Request::decode(bytes).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let mut spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
        spans.sort_by(|a, b| (&a.trace_id, &a.span_id).cmp(&(&b.trace_id, &b.span_id)));
        spans
    };
    let relay = std::fs::read_to_string("tests/support/rotel_relay.py").unwrap();
    for (dump, least) in [("vercel-ai", 100), ("traceloop-openai", 30), ("litellm", 30)] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let bytes = std::fs::read(realspans.join(dump).join("spans.otlp.pb.zst")).unwrap();
        std::fs::write(path("in.pb"), plain(&bytes)).unwrap();
        let (code, err) = enrich(Path::new(&path("in.pb")), Path::new(&path("out.pb")));
        assert_eq!(code, 0, "{dump}: {err}");
        said(&python, &relay, &[&path("out.pb"), &path("relayed.pb")]);
        let sent = spans(&std::fs::read(path("out.pb")).unwrap());
        let relayed = spans(&std::fs::read(path("relayed.pb")).unwrap());
        assert_eq!(sent, relayed, "{dump}");
        let derived = |key: &str| {
            matches!(key, "gen_ai.usage.cache_hit_ratio")
                || key.starts_with("gen_ai.response.") && key.ends_with("duration")
                || key == "gen_ai.provider.request_id"
        };
        let keys = relayed.iter().flat_map(|span| &span.attributes);
        let count = keys.filter(|attribute| derived(&attribute.key)).count();
        assert!(count >= least, "{dump}: {count}");
        read_back(Path::new(&path("out.pb")), Path::new(&path("relayed.pb")), dump);
        println!("{dump}: {} spans handed on, {count} derived attributes", relayed.len());
    }
}

/// DuckDB reads the enriched table: every row with every attribute that it had, and what was
/// derived beside them.
#[test]
fn a_database_reads_every_enriched_table() {
    use support::python::{backend_with, said};
    const COMPARE: &str = r#"
import duckdb, sys
before, after = (duckdb.sql(f"select * from '{path}'") for path in sys.argv[1:3])
assert before.columns == after.columns and before.types == after.types
kept = ", ".join(f'"{name}"' for name in before.columns
                 if name != "SpanAttributes" and not name.startswith("Events."))
gone = f"select count(*) from (select {kept} from before except all select {kept} from after)"
fewer = """select count(*) from before b join after a using (TraceId, SpanId)
where not list_has_all(map_entries(a.SpanAttributes), map_entries(b.SpanAttributes))"""
ratios = "select count(SpanAttributes['gen_ai.usage.cache_hit_ratio']) from "
for sql in ["select count(*) from after", gone, fewer, ratios + "before", ratios + "after"]:
    print(duckdb.sql(sql).fetchall()[0][0])
"#;
    let Some(folder) = support::shared("realspans") else { return };
    let Some(python) = backend_with("duckdb") else { return };
    let mut tables = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let input = entry.unwrap().path().join("otel_traces.parquet");
        if !input.is_file() {
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let output = out.path().join("enriched.parquet");
        let (code, err) = enrich(&input, &output);
        assert_eq!(code, 0, "{}: {err}", input.display());
        let paths = [&input, &output].map(|path| path.to_string_lossy().into_owned());
        let told = said(&python, COMPARE, &[&paths[0], &paths[1]]);
        let told: Vec<u64> = told.lines().map(|line| line.parse().unwrap()).collect();
        let [rows, gone, fewer, before, after] = told[..] else { panic!("{told:?}") };
        assert_eq!((gone, fewer, before), (0, 0, 0), "{}", input.display());
        assert!(rows > 0 && after > 10, "{}: {told:?}", input.display());
        println!("{}: DuckDB reads {rows} rows, {after} cache-hit ratios", input.display());
        tables += 1;
    }
    assert!(tables >= 7, "{tables}");
}
