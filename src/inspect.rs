//! What a dump is, from what was read of it: formats, dialects, time span, and what was not read.

use chrono::DateTime;

use crate::calls::CallTable;
use crate::diagnosis::Ingest;
use crate::diagnosis::inspection::{
    AttributeFound, ColumnFound, DialectFound, INSPECTION_SCHEMA, Inspection, Started,
};
use crate::dialects::Tables;
use crate::ingest::Unread;
use crate::schema::Col;

/// Puts together what was read, and what a census found beside it.
pub fn inspect(table: &CallTable, ingest: Ingest, unread: Unread, tables: &Tables) -> Inspection {
    let starts_ns = table.starts_ns();
    let ends = starts_ns.first().zip(starts_ns.last());
    let time = |ns: &i64| DateTime::from_timestamp_nanos(*ns);
    let title = |id: &str| {
        let found = tables.all().iter().find(|dialect| dialect.id == id);
        found.map_or(id, |dialect| dialect.title).to_owned()
    };
    let dialects = ingest.dialects.into_iter();
    let dialects =
        dialects.map(|(dialect, calls)| DialectFound { title: title(&dialect), dialect, calls });
    let names = unread.names.into_iter();
    Inspection {
        schema: INSPECTION_SCHEMA,
        files: ingest.files,
        spans: ingest.spans,
        calls: ingest.calls,
        started: ends.map(|(first, last)| Started { first: time(first), last: time(last) }),
        dialects: dialects.collect(),
        folded: ingest.folded,
        joined: known(table, Col::Attempts),
        rejected: ingest.rejected,
        columns: columns(table),
        unread: names.map(|(attribute, count)| AttributeFound { attribute, count }).collect(),
        untold: unread.untold,
    }
}

fn columns(table: &CallTable) -> Vec<ColumnFound> {
    let fixed = Col::all().map(|col| (col.name().to_owned(), known(table, col)));
    let kept = table.segment_names().into_iter().map(|name| {
        let codes = table.segment(&name).codes;
        let calls = codes.iter().filter(|code| **code != crate::calls::Codes::NULL).count();
        (format!("{}{name}", crate::schema::SEGMENT_PREFIX), calls as u64)
    });
    let filled = fixed.chain(kept).filter(|(_, calls)| *calls > 0);
    filled.map(|(column, calls)| ColumnFound { column, calls }).collect()
}

fn known(table: &CallTable, col: Col) -> u64 {
    table.known(col).into_iter().filter(|known| *known).count() as u64
}
