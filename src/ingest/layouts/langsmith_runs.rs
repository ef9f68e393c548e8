//! LangSmith's runs, as its API, its SDK and its bulk export write them.

use arrow_schema::Fields;

use super::{Events, Layout, Source, first, has, under};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["id", "run_type", "start_time"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let mut span = under("langsmith.run.", fields, wanted);
    span.extend(column("first_token_time").map(|first_token| Source::Instant {
        column: first_token,
        before: None,
        name: "langsmith.run.first_token".to_owned(),
    }));
    Some(Layout {
        name: "LangSmith runs",
        trace_id: column("trace_id"),
        span_id: column("id"),
        parent_span_id: column("parent_run_id"),
        span_name: column("name"),
        status: column("status"),
        start: column("start_time"),
        end: column("end_time"),
        span,
        events: column("events").map(|column| Events::List { column }),
        ..Layout::default()
    })
}
