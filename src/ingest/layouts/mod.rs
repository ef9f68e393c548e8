//! Which columns of a table of spans play which part: one file per format, and their registry.
//!
//! A layout knows names alone, so one serves Parquet, rows of JSON and CSV alike.

mod clickhouse;
mod column_names;
mod datadog;
mod go_stdouttrace;
mod greptimedb;
mod helicone;
mod jaeger;
mod js_readable_span;
mod langfuse;
mod langsmith_runs;
mod layout;
mod litellm_spend_logs;
pub(super) mod mapper;
mod mlflow_traces;
mod named;
mod openobserve;
mod phoenix;
mod rotel;
mod signoz;
mod signoz_api;
mod snowflake;
mod zipkin;

use arrow_schema::Fields;

pub(super) use self::layout::{Events, Layout, Source, Unit};
use super::wanted::Wanted;

/// A format that is a table of spans, or of calls.
pub(super) struct Format {
    /// Its layout, where these are its columns.
    pub layout: fn(&Fields, &Wanted) -> Option<Layout>,
}

/// Every format, the most particular first.
static FORMATS: [Format; 18] = [
    Format { layout: clickhouse::layout },
    Format { layout: langfuse::layout },
    Format { layout: langsmith_runs::layout },
    Format { layout: litellm_spend_logs::layout },
    Format { layout: helicone::layout },
    Format { layout: mlflow_traces::layout },
    Format { layout: snowflake::layout },
    Format { layout: datadog::layout },
    Format { layout: jaeger::layout },
    Format { layout: zipkin::layout },
    Format { layout: go_stdouttrace::layout },
    Format { layout: js_readable_span::layout },
    Format { layout: signoz_api::layout },
    Format { layout: signoz::layout },
    Format { layout: greptimedb::layout },
    Format { layout: rotel::layout },
    Format { layout: openobserve::layout },
    Format { layout: phoenix::layout },
];

/// The layout of a table with these columns, whoever wrote it.
pub(super) fn recognise(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    let known = FORMATS.iter().find_map(|format| (format.layout)(fields, wanted));
    known.or_else(|| named::layout(fields, wanted))
}

fn names(fields: &Fields) -> Vec<&str> {
    fields.iter().map(|field| field.name().as_str()).collect()
}

/// Whether all of these are columns.
fn has(fields: &Fields, required: &[&str]) -> bool {
    required.iter().all(|name| fields.iter().any(|field| field.name() == name))
}

/// The first of these that is a column.
fn first(fields: &Fields, spellings: &[&str]) -> Option<String> {
    spellings.iter().find(|name| has(fields, &[name])).map(|name| (*name).to_owned())
}

/// Every column as the attribute of that name behind a prefix, where it is wanted.
fn under(prefix: &str, fields: &Fields, wanted: &Wanted) -> Vec<Source> {
    let source = |name: &str| {
        let attribute = format!("{prefix}{name}");
        wanted.attr(&attribute)?;
        Some(Source::Attr { column: name.to_owned(), name: attribute })
    };
    fields.iter().filter_map(|field| source(field.name())).collect()
}
