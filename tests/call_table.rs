//! The canonical table on disk: what is written is what is read back, in all three forms.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use llmspan::calls::{Call, CallTable, Cell};
use llmspan::error::Error;
use llmspan::ingest::{CanonicalFormat, CanonicalInput};
use llmspan::schema::{Col, Kind};
use proptest::prelude::*;

const FORMATS: [CanonicalFormat; 3] =
    [CanonicalFormat::Parquet, CanonicalFormat::Ndjson, CanonicalFormat::Csv];

fn input(format: CanonicalFormat, bytes: impl Into<Vec<u8>>) -> CanonicalInput {
    CanonicalInput { file: "calls".to_owned(), bytes: bytes.into(), path: None, format }
}

fn written(table: &CallTable, format: CanonicalFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    table.write(format, &mut bytes).unwrap();
    bytes
}

fn read(format: CanonicalFormat, bytes: impl Into<Vec<u8>>) -> CallTable {
    let (table, losses) = CallTable::read(&input(format, bytes)).unwrap();
    assert!(losses.is_empty());
    table
}

fn refused(format: CanonicalFormat, bytes: impl Into<Vec<u8>>) -> Error {
    CallTable::read(&input(format, bytes)).unwrap_err()
}

fn cell(kind: Kind) -> BoxedStrategy<Cell<'static>> {
    let finite = || any::<f64>().prop_filter("finite", |float| float.is_finite());
    let some = match kind {
        Kind::Text => "\\PC{1,12}|[a-z\"', \r\n\\\\]{1,6}|NaN|null"
            .prop_map(|text| Cell::Text(text.into()))
            .boxed(),
        Kind::Time | Kind::Tokens | Kind::Count => any::<i64>().prop_map(Cell::Int).boxed(),
        Kind::Seconds | Kind::Ratio => finite().prop_map(Cell::Float).boxed(),
        Kind::Flag => any::<bool>().prop_map(Cell::Bool).boxed(),
    };
    prop_oneof![Just(Cell::Null), some].boxed()
}

prop_compose! {
    fn call()(
        cells in Col::all().map(|col| cell(col.info().kind)).collect::<Vec<_>>(),
        start in -5_i64..5,
        segments in proptest::collection::vec(("[a-c]", "\\PC{0,4}"), 0..3),
    ) -> Call<'static> {
        let mut call = Call::default();
        for (col, cell) in Col::all().zip(cells) {
            call.set(col, cell);
        }
        call.set(Col::Start, Cell::Int(start));
        call.segments = segments.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        call
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_read_back_is_the_table_that_was_written(
        calls in proptest::collection::vec(call(), 0..12),
    ) {
        // An attribute without a single value has no column to be read back from NDJSON.
        let mut calls = calls;
        for call in &mut calls {
            call.segments.retain(|(_, value)| !value.is_empty());
        }
        let table = CallTable::from_calls(calls);
        for format in FORMATS {
            let back = read(format, written(&table, format));
            prop_assert!(back == table || (table.is_empty() && back.is_empty()), "{format:?}");
        }
    }

    #[test]
    fn rows_are_in_one_order_however_they_were_split(
        calls in proptest::collection::vec(call(), 1..12),
        split in any::<prop::sample::Index>(),
    ) {
        let split = split.index(calls.len());
        let whole = CallTable::from_calls(calls.clone());
        let (left, right) = calls.split_at(split);
        let parts = [left, right].map(|part| CallTable::from_calls(part.to_vec()));
        prop_assert!(CallTable::concat(parts.into()) == whole);
    }
}

fn example() -> CallTable {
    let mut call = Call::default();
    call.set(Col::Start, Cell::Int(1_762_178_400_000_000_001));
    call.set_text(Col::TraceId, "5b8efff798038103d269b633813fc60c");
    call.set_text(Col::SpanName, "chat, \"quoted\"");
    call.set(Col::DurationS, Cell::Float(1.5));
    call.set(Col::InputTokens, Cell::Int(1800));
    call.set(Col::Streaming, Cell::Bool(true));
    call.segments.push(("service.version".into(), "7".into()));
    CallTable::from_calls(vec![call])
}

#[test]
fn text_forms_are_plain_to_other_tools() {
    let ndjson = String::from_utf8(written(&example(), CanonicalFormat::Ndjson)).unwrap();
    let row: serde_json::Value = serde_json::from_str(&ndjson).unwrap();
    assert_eq!(row["start"], "2025-11-03T14:00:00.000000001Z");
    assert_eq!(row["duration_s"], 1.5);
    assert_eq!(row["ttft_s"], serde_json::Value::Null);
    assert_eq!(row.as_object().unwrap().len(), Col::COUNT + 1);
    let csv = String::from_utf8(written(&example(), CanonicalFormat::Csv)).unwrap();
    let (header, row) = csv.split_once('\n').unwrap();
    assert!(header.starts_with("trace_id,span_id,"), "{header}");
    assert!(header.ends_with(",attr.service.version"), "{header}");
    assert!(row.contains(",\"chat, \"\"quoted\"\"\","), "{row}");
    assert!(row.contains(",2025-11-03T14:00:00.000000001Z,1.5,"), "{row}");
}

#[test]
fn missing_columns_are_null_and_foreign_ones_left_out() {
    let expected = Some(0.25);
    let ndjson = "\u{feff}{\"start\":\"2026-01-02T03:04:05Z\",\"ttft_s\":0.25,\"mine\":[1],\"attr.x\":7}\n\n";
    let csv =
        "\u{feff}mine,start,ttft_s,attr.x,input_tokens\n[1],2026-01-02 03:04:05,0.25,7,12.0\n";
    for table in [read(CanonicalFormat::Ndjson, ndjson), read(CanonicalFormat::Csv, csv)] {
        assert_eq!(table.starts_ns(), [1_767_323_045_000_000_000]);
        assert_eq!(table.numbers(Col::TtftS).first().copied(), expected);
        assert!(table.numbers(Col::DurationS)[0].is_nan());
        assert_eq!(table.segment_names(), ["x"]);
        assert_eq!(table.segment("x").get(0), Some("7"));
    }
    assert_eq!(read(CanonicalFormat::Csv, csv).ints(Col::InputTokens), [Some(12)]);
}

#[test]
fn a_wrong_type_is_an_error_that_names_the_column_and_not_the_value() {
    let ndjson = "{\"start\":\"2026-01-02T03:04:05Z\"}\n{\"start\":\"2026-01-02T03:04:05Z\",\"ttft_s\":\"sk-secret\"}";
    let csv = "start,ttft_s\n2026-01-02T03:04:05Z,\n2026-01-02T03:04:05Z,sk-secret\n";
    for (format, text, line) in
        [(CanonicalFormat::Ndjson, ndjson, "line 2"), (CanonicalFormat::Csv, csv, "line 3")]
    {
        let message = refused(format, text).to_string();
        assert!(message.contains("`ttft_s`") && message.contains(line), "{message}");
        assert!(!message.contains("sk-secret"), "{message}");
    }
    let fraction = "start,input_tokens\n2026-01-02T03:04:05Z,1.5\n";
    assert!(refused(CanonicalFormat::Csv, fraction).to_string().contains("`input_tokens`"));
}

#[test]
fn a_row_without_its_start_is_an_error() {
    for (format, text) in [
        (CanonicalFormat::Ndjson, "{\"ttft_s\":1}\n"),
        (CanonicalFormat::Csv, "start,ttft_s\n,1\n"),
    ] {
        assert!(refused(format, text).to_string().contains("`start`"));
    }
}

#[test]
fn a_cut_table_gives_what_it_can_or_says_where_it_is_cut() {
    let table = CallTable::concat(vec![example(), example()]);
    let ndjson = written(&table, CanonicalFormat::Ndjson);
    let cut = input(CanonicalFormat::Ndjson, &ndjson[..ndjson.len() - 9]);
    let (read, losses) = CallTable::read(&cut).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((losses[0].count, losses[0].first.as_str(), losses[0].lost), (1, "line 2", true));
    let csv = written(&table, CanonicalFormat::Csv);
    let error = refused(CanonicalFormat::Csv, &csv[..csv.len() - 40]);
    assert!(error.to_string().contains("line 3"), "{error}");
    let parquet = written(&table, CanonicalFormat::Parquet);
    let error = refused(CanonicalFormat::Parquet, &parquet[..parquet.len() - 9]);
    assert!(error.to_string().contains("without its footer"), "{error}");
}

/// So many rows, each at its own time.
fn rows(count: i64) -> CallTable {
    let calls = (0..count).map(|row| {
        let mut call = Call::default();
        call.set(Col::Start, Cell::Int(row / 3));
        call.set_text(Col::TraceId, &format!("{:032x}", row % 7));
        call
    });
    CallTable::from_calls(calls.collect())
}

#[test]
fn many_rows_keep_their_order_through_every_chunk_and_row_group() {
    let table = rows(20_000);
    for format in [CanonicalFormat::Ndjson, CanonicalFormat::Csv] {
        assert!(read(format, written(&table, format)) == table, "{format:?}");
    }
    let table = CallTable::concat(vec![table; 7]);
    let back = read(CanonicalFormat::Parquet, written(&table, CanonicalFormat::Parquet));
    assert!(back == table);
}

#[test]
fn the_same_table_is_the_same_bytes_at_one_thread_and_at_two() {
    let at = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| FORMATS.map(|format| written(&rows(17_000), format)))
    };
    assert!(at(1) == at(2));
}
