//! Every format that is read, who writes it, and by which file that was shown: the page
//! `docs/formats.md` is written from this.

mod page;

pub use page::page;

/// Where the file that shows a format comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The tool itself wrote it.
    Real,
    /// It was made after the tool's documented schema.
    Made,
}

/// A format, or one form of it.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it is and who writes it.
    pub title: &'static str,
    /// In which containers it comes.
    pub forms: &'static str,
    /// What the report calls it.
    pub named: &'static str,
    /// The file in `testdata/` by which it was shown.
    pub shown: &'static str,
    /// Where that comes from.
    pub origin: Origin,
    /// What to know.
    pub note: &'static str,
}

const fn format(
    title: &'static str,
    forms: &'static str,
    named: &'static str,
    shown: &'static str,
    origin: Origin,
    note: &'static str,
) -> Format {
    Format { title, forms, named, shown, origin, note }
}

use Origin::{Made, Real};

/// Every format, most used first.
pub static FORMATS: &[Format] = &[
    format(
        "OTLP JSON: SDK exporters, collector file, S3, blob and Kafka exporters",
        "JSON, lines, arrays, concatenated, gzip, zstd",
        "otlp_json",
        "formats/lines.ndjson",
        Real,
        "ids as hex, base64, base64 of hex or `0x`; camel and snake case; nanoseconds as text or number",
    ),
    format(
        "Collector file exporter, compressed or protobuf",
        "4-byte lengths, one zstd frame a message or one around all",
        "otlp frames",
        "formats/frames_zstd_json.bin",
        Made,
        "`zstd -d` cannot read the first form; llmspan does",
    ),
    format(
        "OTLP protobuf",
        "bare requests, also concatenated",
        "otlp_proto",
        "formats/bare.pb",
        Made,
        "field 1000 of 2021 is read",
    ),
    format(
        "OTLP protobuf with varint lengths",
        "`writeDelimitedTo`, protodelim",
        "otlp_proto delimited",
        "formats/delimited.pb",
        Made,
        "",
    ),
    format(
        "Tempo API, Jaeger v3 API",
        "JSON",
        "otlp_json",
        "formats/tempo_batches.json",
        Made,
        "`batches`, `trace` and `result` are looked through",
    ),
    format(
        "Langfuse blob export, second generation",
        "Parquet",
        "parquet: Langfuse observations",
        "formats/parquet/langfuse_v2.parquet",
        Made,
        "`latency` and `time_to_first_token` in seconds where they are floats, in milliseconds where integers, unless start and end say otherwise",
    ),
    format(
        "Langfuse blob export, milliseconds",
        "Parquet",
        "parquet: Langfuse observations",
        "formats/parquet/langfuse_milliseconds.parquet",
        Made,
        "",
    ),
    format(
        "Langfuse trace download",
        "JSON",
        "json rows: Langfuse observations",
        "formats/rows/langfuse_trace.json",
        Made,
        "twenty real ones of langfuse/langfuse are read where they are at hand; attributes that Langfuse received are read out of `metadata`",
    ),
    format(
        "Langfuse API: traces, observations",
        "JSON",
        "json rows: Langfuse observations",
        "formats/rows/langfuse_api_observations.json",
        Made,
        "",
    ),
    format(
        "Langfuse batch export",
        "CSV, JSON, lines",
        "csv: Langfuse observations",
        "formats/rows/langfuse_batch_export.csv",
        Made,
        "times without a zone are UTC",
    ),
    format(
        "LangSmith runs: API, SDK, bulk export",
        "JSON, lines, Parquet",
        "json rows: LangSmith runs",
        "formats/rows/langsmith_runs.jsonl",
        Made,
        "the run is real (langchain-core's tracer), the columns of the export are made; `first_token_time`, or the first event `new_token`",
    ),
    format(
        "LiteLLM spend logs",
        "JSON",
        "json rows: LiteLLM spend logs",
        "formats/rows/litellm_spend_logs.json",
        Real,
        "LiteLLM's own payload of a made-up response; a first chunk at the end is none",
    ),
    format(
        "LiteLLM spend logs, database dump",
        "CSV, Parquet",
        "csv: LiteLLM spend logs",
        "formats/rows/litellm_spend_logs.csv",
        Real,
        "",
    ),
    format(
        "Helicone requests",
        "JSON, lines",
        "json rows: Helicone requests",
        "formats/rows/helicone.jsonl",
        Made,
        "milliseconds; Anthropic's prompt counts are without the cached part",
    ),
    format(
        "Helicone requests",
        "CSV",
        "csv: Helicone requests",
        "formats/rows/helicone.csv",
        Made,
        "",
    ),
    format(
        "Phoenix data frames of both clients",
        "Parquet",
        "parquet: Phoenix spans",
        "formats/parquet/phoenix_client.parquet",
        Made,
        "counts as floats, NaN is null; the first token is an event",
    ),
    format(
        "Phoenix REST",
        "JSON",
        "json rows: Phoenix spans",
        "formats/rows/phoenix_rest.json",
        Made,
        "",
    ),
    format(
        "ClickHouse `otel_traces`, also HyperDX",
        "Parquet: Map",
        "parquet: ClickHouse otel_traces",
        "formats/parquet/clickhouse_vercel_ai.parquet",
        Real,
        "",
    ),
    format(
        "ClickHouse `otel_traces`",
        "Parquet: JSON columns",
        "parquet: ClickHouse otel_traces",
        "formats/parquet/clickhouse_json.parquet",
        Made,
        "",
    ),
    format(
        "ClickHouse `otel_traces`",
        "Parquet: strings of old servers",
        "parquet: ClickHouse otel_traces",
        "formats/parquet/clickhouse_binary.parquet",
        Made,
        "",
    ),
    format(
        "ClickHouse `otel_traces`",
        "JSONEachRow, JSON",
        "json rows: ClickHouse otel_traces",
        "formats/rows/clickhouse.jsonl",
        Real,
        "",
    ),
    format(
        "ClickHouse `otel_traces`",
        "CSVWithNames",
        "csv: ClickHouse otel_traces",
        "formats/rows/clickhouse.csv",
        Real,
        "",
    ),
    format(
        "Jaeger UI and query API",
        "JSON",
        "json rows: Jaeger",
        "formats/rows/jaeger_ui.json",
        Made,
        "microseconds",
    ),
    format(
        "Jaeger in Elasticsearch",
        "lines",
        "json rows: Jaeger",
        "formats/rows/jaeger_elasticsearch.jsonl",
        Made,
        "",
    ),
    format(
        "Zipkin v2",
        "JSON",
        "json rows: Zipkin v2",
        "formats/rows/zipkin.json",
        Made,
        "microseconds; real ones of openzipkin/zipkin are read where they are at hand",
    ),
    format(
        "Python SDK, `ConsoleSpanExporter` and `to_json`",
        "concatenated JSON",
        "json rows: spans with an attributes column",
        "formats/rows/python_console.json",
        Real,
        "",
    ),
    format(
        "Go SDK, `stdouttrace`",
        "lines, pretty",
        "json rows: Go stdouttrace",
        "formats/rows/go_stdouttrace.jsonl",
        Real,
        "",
    ),
    format(
        "JavaScript SDK, `ReadableSpan` by `JSON.stringify`",
        "JSON, lines",
        "json rows: JavaScript ReadableSpan",
        "formats/rows/js_readable_span.jsonl",
        Real,
        "pairs of seconds and nanoseconds; a console dump is no JSON and is refused with the exporter that helps",
    ),
    format(
        "SigNoz query API",
        "JSON",
        "json rows: SigNoz query API",
        "formats/rows/signoz_api.json",
        Made,
        "",
    ),
    format(
        "SigNoz `signoz_index_v3`",
        "Parquet",
        "parquet: SigNoz signoz_index_v3",
        "formats/parquet/signoz.parquet",
        Made,
        "ids are text in fixed bytes, counts are floats",
    ),
    format(
        "otlp2parquet, first schema",
        "Parquet",
        "parquet: otlp2parquet",
        "formats/parquet/otlp2parquet.parquet",
        Real,
        "microseconds: the nanoseconds are lost before; the file holds spans of a shop, no LLM call",
    ),
    format(
        "otlp2parquet, second schema; DuckDB's `otlp`",
        "Parquet",
        "parquet: spans with an attributes column",
        "formats/parquet/otlp2records.parquet",
        Made,
        "ids are raw bytes",
    ),
    format("Rotel", "Parquet", "parquet: Rotel", "formats/parquet/rotel.parquet", Made, ""),
    format(
        "GreptimeDB `opentelemetry_traces`",
        "Parquet",
        "parquet: GreptimeDB opentelemetry_traces",
        "formats/parquet/greptimedb.parquet",
        Made,
        "one column an attribute",
    ),
    format(
        "OpenObserve trace streams",
        "Parquet",
        "parquet: OpenObserve",
        "formats/parquet/openobserve.parquet",
        Made,
        "dots of attribute names have become underscores; duration in microseconds",
    ),
    format(
        "Grafana Tempo blocks, vParquet3",
        "Parquet",
        "parquet: Tempo block",
        "formats/parquet/tempo_vparquet3/data.parquet",
        Made,
        "attributes with a column of their own are named by the `meta.json` beside the block; real blocks of grafana/tempo were read (570 spans)",
    ),
    format(
        "Grafana Tempo blocks, vParquet4",
        "Parquet",
        "parquet: Tempo block",
        "formats/parquet/tempo_vparquet4/data.parquet",
        Made,
        "",
    ),
    format(
        "Grafana Tempo blocks, vParquet5",
        "Parquet",
        "parquet: Tempo block",
        "formats/parquet/tempo_vparquet5/data.parquet",
        Made,
        "",
    ),
    format(
        "OTAP directories: OpenTelemetry Arrow's Parquet exporter",
        "folder of Parquet tables",
        "parquet: OTAP spans",
        "formats/parquet/otap/spans",
        Made,
        "give the folder that holds `spans`, `span_attrs` and the others; ids count within a partition",
    ),
    format(
        "polars frame of OTLP spans",
        "Parquet",
        "parquet: spans with an attributes column",
        "formats/parquet/nested_otlp.parquet",
        Made,
        "",
    ),
    format(
        "pandas `json_normalize`",
        "Parquet, JSON, CSV",
        "parquet: flattened attributes",
        "formats/parquet/flattened_python_sdk.parquet",
        Made,
        "",
    ),
    format(
        "Tables whose columns are named as the attributes: Honeycomb, Parseable, others",
        "CSV, JSON, lines, Parquet",
        "csv: flattened attributes",
        "formats/rows/honeycomb.csv",
        Made,
        "`trace.trace_id`, `duration_ms`, `gen_ai.request.model` and so on, one column each",
    ),
    format(
        "Any table with a time, a duration or first token, and a model or counts",
        "lines, JSON, CSV, Parquet",
        "json rows: mapped columns",
        "formats/rows/homemade_ms.jsonl",
        Made,
        "columns are chosen by name, units by name or values; the choice is printed, `--map part=column:unit` says otherwise",
    ),
];
