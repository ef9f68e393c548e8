//! SigNoz's `signoz_index_v3`: one map of attributes for each type, ids as text in fixed bytes.

use arrow_schema::Fields;

use super::{Layout, first, has, named};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["attributes_string", "duration_nano", "timestamp"]) {
        return None;
    }
    let mut layout = named::layout(fields, wanted)?;
    layout.name = "SigNoz signoz_index_v3";
    layout.service = first(fields, &["resource_string_service$$name", "serviceName"]);
    Some(layout)
}
