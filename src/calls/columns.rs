//! Calls, one wide row each, to the table's columns.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::call::Identity;
use super::column::Column;
use super::{Call, CallTable, Cell};
use crate::ingest::Id;
use crate::schema::{Col, SEGMENT_PREFIX};

impl CallTable {
    /// The rows of these calls, in their order, each with the span that it is where it is made of
    /// one. Empty text is null, and of an attribute that a call names twice the first stands.
    pub(super) fn of<'c>(
        calls: impl ExactSizeIterator<Item = (&'c Call<'c>, Option<Identity<'c>>)>,
    ) -> Self {
        let rows = calls.len();
        let mut columns: Vec<Option<Growing<'c>>> = Col::all().map(|_| None).collect();
        let mut segments: BTreeMap<&str, Growing<'c>> = BTreeMap::new();
        // Call by call: each lies in a place of its own, and is fetched once this way.
        for (row, (call, identity)) in calls.enumerate() {
            if let Some(identity) = identity {
                identify(&mut columns, (row, rows), identity);
            }
            for (col, cell) in call.cells() {
                at(&mut columns, col, rows).put(row, cell);
            }
            for (name, value) in call.segments.iter().filter(|(_, value)| !value.is_empty()) {
                let column = segments.entry(name).or_insert_with(|| Growing::new(None, rows));
                if column.column.len() <= row {
                    column.put_text(row, value);
                }
            }
        }
        let finish = |growing: Growing<'c>| growing.finish(rows);
        Self::new(
            rows,
            columns.into_iter().map(|growing| finish(growing?)).collect(),
            segments
                .into_iter()
                .filter_map(|(name, growing)| {
                    Some((format!("{SEGMENT_PREFIX}{name}"), finish(growing)?))
                })
                .collect(),
        )
    }
}

type Columns<'c> = [Option<Growing<'c>>];

/// A column of so many rows, which is made where nothing was known of it.
fn at<'g, 'c>(columns: &'g mut Columns<'c>, col: Col, rows: usize) -> &'g mut Growing<'c> {
    columns[col as usize].get_or_insert_with(|| Growing::new(Some(col), rows))
}

/// Puts into one of so many rows which span it is.
fn identify<'c>(columns: &mut Columns<'c>, (row, rows): (usize, usize), identity: Identity<'c>) {
    let Identity { span, scope, dialect, start_ns } = identity;
    let ids = [
        (Col::TraceId, &span.trace_id),
        (Col::SpanId, &span.span_id),
        (Col::ParentSpanId, &span.parent_span_id),
    ];
    for (col, id) in ids {
        at(columns, col, rows).put_id(row, id);
    }
    let texts = [(Col::SpanName, &*span.name), (Col::ScopeName, scope), (Col::Dialect, dialect)];
    for (col, text) in texts {
        at(columns, col, rows).put_text(row, text);
    }
    at(columns, Col::Start, rows).put_plain(row, &Cell::Int(start_ns));
}

/// A column that is filled from the top; what is skipped is null.
struct Growing<'c> {
    column: Column,
    /// The codes of the values so far.
    codes: HashMap<&'c str, u32, FixedState>,
    /// The value of the row before, which most often comes again.
    last: Option<(&'c str, u32)>,
}

impl<'c> Growing<'c> {
    fn new(col: Option<Col>, rows: usize) -> Self {
        Self { column: Column::new(col, rows), codes: HashMap::default(), last: None }
    }

    /// Puts a cell into that row; a value that is not of the column's kind is null.
    fn put(&mut self, row: usize, cell: &'c Cell<'c>) {
        if let Some(text) = cell.text() {
            return self.put_text(row, text);
        }
        self.put_plain(row, cell);
    }

    /// Puts what is no text.
    fn put_plain(&mut self, row: usize, cell: &Cell<'_>) {
        self.skip_to(row);
        match (&mut self.column, cell) {
            (Column::Float(cells), Cell::Float(float)) => cells.push(*float),
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            (Column::Float(cells), Cell::Int(int)) => cells.push(*int as f64),
            (Column::Int(cells), Cell::Int(int)) => cells.push(Some(*int)),
            (Column::Flag(cells), Cell::Bool(flag)) => cells.push(Some(*flag)),
            (column, _) => column.extend_null(1),
        }
    }

    /// Puts an id; none is null.
    fn put_id(&mut self, row: usize, id: &'c Id) {
        self.skip_to(row);
        if let (Column::Text(texts), false) = (&mut self.column, id.is_none()) {
            texts.push(id.digits(&mut [0; 32]));
        }
    }

    fn put_text(&mut self, row: usize, text: &'c str) {
        self.skip_to(row);
        match &mut self.column {
            Column::Text(texts) => texts.push(text),
            Column::Coded(codes) if !text.is_empty() => {
                let code = match self.last {
                    Some((last, code)) if std::ptr::eq(last, text) || last == text => code,
                    _ => *self.codes.entry(text).or_insert_with(|| codes.add(text)),
                };
                self.last = Some((text, code));
                codes.codes.push(code);
            }
            column => column.extend_null(1),
        }
    }

    fn skip_to(&mut self, row: usize) {
        let filled = self.column.len();
        if filled < row {
            self.column.extend_null(row - filled);
        }
    }

    fn finish(mut self, rows: usize) -> Option<Column> {
        self.skip_to(rows);
        self.column.known()
    }
}
