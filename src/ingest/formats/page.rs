//! The page of the formats, written from their list.

use std::fmt::Write as _;

use super::FORMATS;
use super::Origin::{Made, Real};

/// The page `docs/formats.md`.
pub fn page() -> String {
    let mut page = String::from(INTRO);
    for format in FORMATS {
        let origin = match format.origin {
            Real => "the tool's own",
            Made => "made after its schema",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {} | {} | `{}` | [`{}`](../testdata/{}): {origin} | {} |",
            format.title, format.forms, format.named, format.shown, format.shown, format.note
        );
    }
    page.push_str(OUTRO);
    page
}

const INTRO: &str = "\
# Formats

What a file is shows in its content and never in its name; each may lie in gzip or zstd. This page
is written from `src/ingest/formats.rs`, and `tests/layouts.rs` reads every file that it names.
\"Shown by\" says whether the tool itself wrote the file, or whether it was made after the tool's
documented schema.

| what, and who writes it | forms | in the report | shown by | to know |
|---|---|---|---|---|
";

const OUTRO: &str = "
Spans that appear twice, in rotated files or by a retry, count once: they are told by trace and span id.

## A table of your own

    llmspan normalize calls.csv -o calls.parquet
    llmspan normalize calls.csv -o calls.parquet --map ttft=first:ms --map status=outcome

A part is `start`, `end`, `duration`, `trace_id`, `span_id`, `parent_span_id`, or a column of
[the call table](schema.md); a unit is `s`, `ms`, `us` or `ns`. A lone time is taken as the start of
the call; where it is the end, say `--map end=column`. A length whose name tells no unit is judged
by the middle of its values, and the note that names the mapping says so.

## What is refused

A table without any length of time (requests with counts alone), logs and metrics, and a JavaScript
console dump, which is no JSON: export with the OTLP exporter instead. Arrow IPC, Avro, SQLite,
archives and encrypted Parquet are named and refused, and so is OTAP as it travels (`.bar`, Arrow
inside protobuf): its Parquet directories are read.

| not read | because | give instead |
|---|---|---|
| Databricks' `VARIANT` columns | binary inside Parquet | `to_json(attributes)`, or a map |
| Datadog's APM spans | they carry no tokens of a call | the export of LLM Observability |
| MLflow's traces of before version 3 | a schema of their own | export them with a newer client |
| NeMo Guardrails' file traces | times relative to no known clock | its OpenTelemetry adapter |
| traces of requests without lengths (Azure, Mooncake) | nothing in them took time | the engine's own spans or logs |
| a database file, an archive, Arrow IPC, Avro | named and refused | Parquet, or unpacked |
";
