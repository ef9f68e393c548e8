//! Phoenix: the data frames of both clients, and the spans of its REST API. Their `span_kind` is
//! OpenInference's, not OpenTelemetry's.

use arrow_schema::Fields;

use super::{Layout, Source, has, named};
use crate::ingest::wanted::Wanted;

const OPENINFERENCE_KIND: &str = "openinference.span.kind";

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["context.span_id", "span_kind"]) {
        return None;
    }
    let mut layout = named::layout(fields, wanted)?;
    layout.name = "Phoenix spans";
    layout.kind = None;
    if !has(fields, &[&format!("attributes.{OPENINFERENCE_KIND}")]) {
        let name = OPENINFERENCE_KIND.to_owned();
        // First, so that the attribute itself stands above it.
        layout.span.insert(0, Source::Attr { column: "span_kind".to_owned(), name });
    }
    Some(layout)
}
