//! OpenObserve's trace streams: attributes as flat columns whose dots have become underscores.

use arrow_schema::Fields;

use super::{Events, Layout, Source, Unit, first, has};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["trace_id", "span_id", "operation_name", "start_time", "duration"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let mut layout = Layout {
        name: "OpenObserve",
        trace_id: column("trace_id"),
        span_id: column("span_id"),
        parent_span_id: column("reference_parent_span_id"),
        span_name: column("operation_name"),
        kind: column("span_kind"),
        status: column("span_status"),
        start: column("start_time"),
        end: column("end_time"),
        duration: Some(("duration".to_owned(), Unit::Microseconds)),
        service: column("service_name"),
        span: undotted(fields, wanted, ""),
        resource: undotted(fields, wanted, "service_"),
        events: column("events").map(|column| Events::List { column }),
        ..Layout::default()
    };
    if wanted.counts_unread() {
        let others = unread(fields, &layout);
        layout.span.extend(others);
    }
    Some(layout)
}

/// The columns that are neither read nor the stream's own, so that they can be told.
fn unread(fields: &Fields, layout: &Layout) -> Vec<Source> {
    const OWN: [&str; 6] = [
        "_timestamp",
        "flags",
        "links",
        "reference_parent_trace_id",
        "reference_ref_type",
        "_o2_id",
    ];
    let read = layout.columns();
    let other = |name: &&String| !read.contains(&name.as_str()) && !OWN.contains(&name.as_str());
    let names = fields.iter().map(|field| field.name()).filter(other);
    names.map(|name| Source::Attr { column: name.clone(), name: name.clone() }).collect()
}

/// The columns that hold wanted attributes, found by the name that their dots make of them.
fn undotted(fields: &Fields, wanted: &Wanted, prefix: &str) -> Vec<Source> {
    let source = |name: &str| {
        let flat = format!("{prefix}{}", name.replace(['.', '-'], "_").to_lowercase());
        let column = first(fields, &[&flat])?;
        // What the stream names itself is no attribute.
        let own = ["name", "service_name", "duration", "start_time", "end_time", "span_kind"];
        (!own.contains(&flat.as_str())).then(|| Source::Attr { column, name: name.to_owned() })
    };
    wanted.attr_names().into_iter().filter_map(source).collect()
}
