//! Snowflake's event table: `TIMESTAMP` is the end of a span, and ids and names are members of
//! objects, which an unload to CSV or Parquet writes as JSON text.

use arrow_schema::Fields;

use super::{Layout, Source, first};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    // Exports by way of other tools write the names in lower case.
    let column = |name: &str| first(fields, &[name, &name.to_ascii_lowercase()]);
    let start = column("START_TIMESTAMP")?;
    let (record_type, attributes) = (column("RECORD_TYPE")?, column("RECORD_ATTRIBUTES")?);
    let lower = start.starts_with('s');
    let member = |object: &str, path: &str| {
        let object = if lower { object.to_ascii_lowercase() } else { object.to_owned() };
        let there = fields.iter().any(|field| {
            let rest = field.name().strip_prefix(object.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        there.then(|| format!("{object}.{path}"))
    };
    Some(Layout {
        name: "Snowflake event table",
        only: Some((record_type, "SPAN")),
        objects: ["TRACE", "RECORD", "SCOPE"].into_iter().filter_map(column).collect(),
        trace_id: Some(member("TRACE", "trace_id")?),
        span_id: member("TRACE", "span_id"),
        parent_span_id: member("RECORD", "parent_span_id"),
        span_name: member("RECORD", "name"),
        kind: member("RECORD", "kind"),
        status: member("RECORD", "status.code"),
        start: Some(start),
        end: column("TIMESTAMP"),
        scope_name: member("SCOPE", "name"),
        scope_version: member("SCOPE", "version"),
        span: vec![Source::Bag { column: attributes }],
        resource: column("RESOURCE_ATTRIBUTES")
            .map(|column| Source::Bag { column })
            .into_iter()
            .collect(),
        ..Layout::default()
    })
}
