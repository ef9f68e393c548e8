//! LiteLLM's `LiteLLM_SpendLogs`, as its API, CSV and database dumps write it: one row a call.

use arrow_schema::Fields;

use super::{Layout, Source, first, has, under};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["request_id", "call_type", "startTime", "endTime"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let mut span = under("litellm.spend_logs.", fields, wanted);
    // Of a call that did not stream, the first chunk is written as the end.
    span.extend(column("completionStartTime").map(|first_chunk| Source::Instant {
        column: first_chunk,
        before: column("endTime"),
        name: "litellm.spend_logs.first_chunk".to_owned(),
    }));
    Some(Layout {
        name: "LiteLLM spend logs",
        trace_id: first(fields, &["trace_id", "session_id"]),
        span_id: column("request_id"),
        span_name: column("call_type"),
        status: column("status"),
        start: column("startTime"),
        end: column("endTime"),
        span,
        ..Layout::default()
    })
}
