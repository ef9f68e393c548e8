//! Parquet as the ClickHouse exporter's `otel_traces` table is exported.

use std::sync::Arc;

use arrow_array::builder::{
    ListBuilder, MapBuilder, MapFieldNames, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch, TimestampNanosecondArray};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::simulate::dump::Assembled;
use crate::simulate::span::{Attrs, Span, SpanKind, Status, Value};

type Map = MapBuilder<StringBuilder, StringBuilder>;

fn map() -> Map {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// Every value as text, lists as JSON, as the exporter writes them.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Texts(texts) => serde_json::json!(texts).to_string(),
    }
}

fn put(map: &mut Map, attrs: &Attrs) -> Result<(), ArrowError> {
    for (name, value) in &attrs.0 {
        map.keys().append_value(name);
        map.values().append_value(text(value));
    }
    map.append(true)
}

#[derive(Default)]
struct Texts {
    trace_id: StringBuilder,
    span_id: StringBuilder,
    parent_id: StringBuilder,
    trace_state: StringBuilder,
    name: StringBuilder,
    kind: StringBuilder,
    service: StringBuilder,
    scope: StringBuilder,
    scope_version: StringBuilder,
    status: StringBuilder,
    message: StringBuilder,
}

impl Texts {
    fn put(&mut self, span: &Span, resource: &Attrs) {
        self.trace_id.append_value(&span.trace_id);
        self.span_id.append_value(&span.span_id);
        self.parent_id.append_value(&span.parent_id);
        self.trace_state.append_value("");
        self.name.append_value(&span.name);
        self.kind.append_value(match span.kind {
            SpanKind::Internal => "Internal",
            SpanKind::Server => "Server",
            SpanKind::Client => "Client",
        });
        let service = resource.0.iter().find(|(name, _)| name == "service.name");
        self.service.append_value(service.map_or_else(String::new, |(_, value)| text(value)));
        self.scope.append_value(span.scope.0);
        self.scope_version.append_value(span.scope.1);
        self.status.append_value(match span.status.0 {
            Status::Unset => "Unset",
            Status::Ok => "Ok",
            Status::Error => "Error",
        });
        self.message.append_value(span.status.1);
    }
}

struct Events {
    times: ListBuilder<TimestampNanosecondBuilder>,
    names: ListBuilder<StringBuilder>,
    attrs: ListBuilder<Map>,
}

impl Events {
    fn new() -> Self {
        let times = TimestampNanosecondBuilder::new().with_data_type(utc());
        Self {
            times: ListBuilder::new(times),
            names: ListBuilder::new(StringBuilder::new()),
            attrs: ListBuilder::new(map()),
        }
    }

    fn put(&mut self, span: &Span) -> Result<(), ArrowError> {
        for (at_ns, name, attrs) in &span.events {
            self.times.values().append_value(*at_ns);
            self.names.values().append_value(name);
            put(self.attrs.values(), attrs)?;
        }
        self.times.append(true);
        self.names.append(true);
        self.attrs.append(true);
        Ok(())
    }
}

/// The table.
fn table(assembled: &Assembled) -> Result<RecordBatch, ArrowError> {
    let mut texts = Texts::default();
    let (mut resources, mut spans) = (map(), map());
    let mut durations = UInt64Builder::new();
    let mut events = Events::new();
    let (mut link_traces, mut link_spans) =
        (ListBuilder::new(StringBuilder::new()), ListBuilder::new(StringBuilder::new()));
    for span in &assembled.spans {
        let resource = &assembled.resources[span.resource];
        texts.put(span, resource);
        put(&mut resources, resource)?;
        put(&mut spans, &span.attrs)?;
        durations.append_value(u64::try_from(span.end_ns - span.start_ns).unwrap_or(0));
        events.put(span)?;
        link_traces.append(true);
        link_spans.append(true);
    }
    let starts = assembled.spans.iter().map(|span| span.start_ns);
    let starts = TimestampNanosecondArray::from_iter_values(starts).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Timestamp", Arc::new(starts)),
        ("TraceId", Arc::new(texts.trace_id.finish())),
        ("SpanId", Arc::new(texts.span_id.finish())),
        ("ParentSpanId", Arc::new(texts.parent_id.finish())),
        ("TraceState", Arc::new(texts.trace_state.finish())),
        ("SpanName", Arc::new(texts.name.finish())),
        ("SpanKind", Arc::new(texts.kind.finish())),
        ("ServiceName", Arc::new(texts.service.finish())),
        ("ResourceAttributes", Arc::new(resources.finish())),
        ("ScopeName", Arc::new(texts.scope.finish())),
        ("ScopeVersion", Arc::new(texts.scope_version.finish())),
        ("SpanAttributes", Arc::new(spans.finish())),
        ("Duration", Arc::new(durations.finish())),
        ("StatusCode", Arc::new(texts.status.finish())),
        ("StatusMessage", Arc::new(texts.message.finish())),
        ("Events.Timestamp", Arc::new(events.times.finish())),
        ("Events.Name", Arc::new(events.names.finish())),
        ("Events.Attributes", Arc::new(events.attrs.finish())),
        ("Links.TraceId", Arc::new(link_traces.finish())),
        ("Links.SpanId", Arc::new(link_spans.finish())),
    ];
    RecordBatch::try_from_iter(columns)
}

/// The file's bytes.
pub fn clickhouse(assembled: &Assembled) -> Result<Vec<u8>, String> {
    let table = table(assembled).map_err(|error| error.to_string())?;
    let level = ZstdLevel::try_new(3).map_err(|error| error.to_string())?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties))
        .map_err(|error| error.to_string())?;
    writer.write(&table).map_err(|error| error.to_string())?;
    writer.close().map_err(|error| error.to_string())?;
    Ok(bytes)
}
