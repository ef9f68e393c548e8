//! The traffic as Parquet: the ClickHouse exporter's layout, and flattened columns.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, MapBuilder,
    StringBuilder, TimestampNanosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::traffic::{SERVICES, Span, Value};

type Layout = fn(&[Span]) -> RecordBatch;

/// Writes batches in one layout.
pub struct Writer {
    layout: Layout,
    file: Option<BufWriter<File>>,
    writer: Option<ArrowWriter<BufWriter<File>>>,
}

impl Writer {
    /// The collector's `otel_traces` table.
    pub fn clickhouse(file: BufWriter<File>) -> Self {
        Self { layout: clickhouse, file: Some(file), writer: None }
    }

    /// One column per attribute.
    pub fn flat(file: BufWriter<File>) -> Self {
        Self { layout: flat, file: Some(file), writer: None }
    }

    /// Appends a batch.
    pub fn write(&mut self, spans: &[Span]) {
        let batch = (self.layout)(spans);
        if let Some(file) = self.file.take() {
            let zstd = Compression::ZSTD(ZstdLevel::default());
            let properties = WriterProperties::builder()
                .set_compression(zstd)
                .set_max_row_group_row_count(Some(122_880))
                .build();
            let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties));
            self.writer = Some(writer.expect("a valid schema"));
        }
        self.writer.as_mut().expect("made above").write(&batch).expect("room on the disk");
    }

    /// Writes the footer.
    pub fn close(self) {
        self.writer.expect("at least one batch").close().expect("room on the disk");
    }
}

fn text(spans: &[Span], value: impl Fn(&Span) -> String) -> ArrayRef {
    let mut builder = StringBuilder::new();
    spans.iter().for_each(|span| builder.append_value(value(span)));
    Arc::new(builder.finish())
}

fn times(spans: &[Span], value: impl Fn(&Span) -> u64) -> ArrayRef {
    let mut builder = TimestampNanosecondBuilder::new().with_timezone("UTC");
    spans.iter().for_each(|span| builder.append_value(value(span) as i64));
    Arc::new(builder.finish())
}

fn hex(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn clickhouse(spans: &[Span]) -> RecordBatch {
    let mut resources = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut attrs = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut durations = UInt64Builder::new();
    let mut names = ListBuilder::new(StringBuilder::new());
    for span in spans {
        resources.keys().append_value("service.name");
        resources.values().append_value(SERVICES[span.service]);
        resources.append(true).expect("as many keys as values");
        for (key, value) in &span.attrs {
            attrs.keys().append_value(key);
            attrs.values().append_value(as_text(value));
        }
        attrs.append(true).expect("as many keys as values");
        durations.append_value(span.end_ns - span.start_ns);
        names.append(true);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("Timestamp", times(spans, |span| span.start_ns)),
        ("TraceId", text(spans, |span| hex(&span.trace_id))),
        ("SpanId", text(spans, |span| hex(&span.span_id))),
        ("ParentSpanId", text(spans, |span| hex(&span.parent))),
        ("TraceState", text(spans, |_| String::new())),
        ("SpanName", text(spans, |span| span.name.clone())),
        ("SpanKind", text(spans, |span| kind(span.kind).into())),
        ("ServiceName", text(spans, |span| SERVICES[span.service].into())),
        ("ResourceAttributes", Arc::new(resources.finish())),
        ("ScopeName", text(spans, |span| span.scope.into())),
        ("ScopeVersion", text(spans, |_| String::new())),
        ("SpanAttributes", Arc::new(attrs.finish())),
        ("Duration", Arc::new(durations.finish())),
        ("StatusCode", text(spans, |_| "Unset".into())),
        ("StatusMessage", text(spans, |_| String::new())),
        ("Events.Name", Arc::new(names.finish())),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn kind(kind: i32) -> &'static str {
    match kind {
        2 => "Server",
        3 => "Client",
        _ => "Internal",
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(text) => format!("[\"{text}\"]"),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Bool(flag) => flag.to_string(),
    }
}

/// Every attribute of the traffic, with the type of its column.
const FLAT: [(&str, char); 23] = [
    ("gen_ai.operation.name", 't'),
    ("gen_ai.provider.name", 't'),
    ("gen_ai.request.model", 't'),
    ("gen_ai.request.max_tokens", 'i'),
    ("gen_ai.request.stream", 'b'),
    ("server.address", 't'),
    ("server.port", 'i'),
    ("gen_ai.response.model", 't'),
    ("gen_ai.response.id", 't'),
    ("gen_ai.response.finish_reasons", 't'),
    ("gen_ai.usage.input_tokens", 'i'),
    ("gen_ai.usage.output_tokens", 'i'),
    ("gen_ai.usage.cache_read.input_tokens", 'i'),
    ("gen_ai.response.time_to_first_chunk", 'f'),
    ("gen_ai.input.messages", 't'),
    ("gen_ai.output.messages", 't'),
    ("http.request.method", 't'),
    ("url.full", 't'),
    ("http.response.status_code", 'i'),
    ("http.response.header.x_request_id", 't'),
    ("http.response.header.openai_processing_ms", 't'),
    ("http.route", 't'),
    ("db.system.name", 't'),
];

fn flat(spans: &[Span]) -> RecordBatch {
    let mut columns: Vec<(String, ArrayRef, bool)> = vec![
        ("trace_id".into(), text(spans, |span| hex(&span.trace_id)), true),
        ("span_id".into(), text(spans, |span| hex(&span.span_id)), true),
        ("parent_span_id".into(), text(spans, |span| hex(&span.parent)), true),
        ("name".into(), text(spans, |span| span.name.clone()), true),
        ("kind".into(), text(spans, |span| kind(span.kind).to_uppercase()), true),
        ("start_time".into(), times(spans, |span| span.start_ns), true),
        ("end_time".into(), times(spans, |span| span.end_ns), true),
        ("status.code".into(), text(spans, |_| "UNSET".into()), true),
        ("scope.name".into(), text(spans, |span| span.scope.into()), true),
        (
            "resource.attributes.service.name".into(),
            text(spans, |span| SERVICES[span.service].into()),
            true,
        ),
    ];
    for (name, kind) in FLAT {
        columns.push((format!("attributes.{name}"), attribute(spans, name, kind), true));
    }
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn attribute(spans: &[Span], name: &str, kind: char) -> ArrayRef {
    let values = spans.iter().map(|span| {
        let found = span.attrs.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value)
    });
    let mut builder: Box<dyn ArrayBuilder> = match kind {
        'i' => Box::new(Int64Builder::new()),
        'f' => Box::new(Float64Builder::new()),
        'b' => Box::new(BooleanBuilder::new()),
        _ => Box::new(StringBuilder::new()),
    };
    for value in values {
        let any = builder.as_any_mut();
        if let Some(ints) = any.downcast_mut::<Int64Builder>() {
            ints.append_option(
                value.and_then(|v| if let Value::Int(i) = v { Some(*i) } else { None }),
            );
        } else if let Some(floats) = any.downcast_mut::<Float64Builder>() {
            floats.append_option(
                value.and_then(|v| if let Value::Float(f) = v { Some(*f) } else { None }),
            );
        } else if let Some(flags) = any.downcast_mut::<BooleanBuilder>() {
            flags.append_option(
                value.and_then(|v| if let Value::Bool(b) = v { Some(*b) } else { None }),
            );
        } else if let Some(texts) = any.downcast_mut::<StringBuilder>() {
            texts.append_option(value.map(as_text));
        }
    }
    builder.finish()
}
