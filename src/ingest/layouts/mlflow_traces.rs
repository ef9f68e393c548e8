//! MLflow's `search_traces` frame: a row is a trace, which one column holds whole as JSON text.

use arrow_schema::Fields;

use super::{Layout, first, has};
use crate::ingest::wanted::Wanted;

/// Columns of which the frame has one, by MLflow's version.
const OF_A_TRACE: [&str; 3] = ["execution_duration", "execution_time_ms", "trace_metadata"];

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    let known = has(fields, &["trace", "spans"]) && first(fields, &OF_A_TRACE).is_some();
    known.then(|| Layout {
        name: "MLflow traces",
        documents: Some("trace".to_owned()),
        ..Layout::default()
    })
}
