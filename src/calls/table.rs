//! The canonical table itself: exactly the columns of `schema`, sorted by start.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Call;
use super::column::{Codes, Column};
use crate::schema::{Col, SEGMENT_PREFIX};

/// One row per LLM call, sorted by start, trace id, span id, and then all other columns.
///
/// Tables are equal when they hold the same rows in the same columns, null equal to null.
#[derive(Debug, Clone, PartialEq)]
pub struct CallTable {
    rows: usize,
    /// The canonical columns in table order; none where nothing is known of one, as is so of most
    /// columns of most dumps.
    columns: Vec<Option<Column>>,
    /// The kept attributes by their columns' names.
    segments: BTreeMap<String, Column>,
}

impl Default for CallTable {
    fn default() -> Self {
        Self::new(0, Col::all().map(|_| None).collect(), BTreeMap::new())
    }
}

impl CallTable {
    /// A table of these columns, in which something is known of each.
    pub(super) const fn new(
        rows: usize,
        columns: Vec<Option<Column>>,
        segments: BTreeMap<String, Column>,
    ) -> Self {
        Self { rows, columns, segments }
    }

    /// A table of these calls; they need not be sorted. Those that share start, trace id and
    /// span id are ordered by their other columns.
    ///
    /// A call under assembly is far wider than its row: where there are many, make a table of
    /// each chunk and [`CallTable::concat`] them.
    pub fn from_calls(mut calls: Vec<Call<'_>>) -> Self {
        calls.par_sort_by(|one, other| order(one).cmp(&order(other)));
        Self::of(calls.iter().map(|call| (call, None))).sorted()
    }

    /// One table of many, sorted as one; a kept attribute that a table lacks is null there.
    pub fn concat(tables: Vec<Self>) -> Self {
        Self::stacked(tables).sorted()
    }

    /// One table of many, one below the other.
    pub(super) fn stacked(tables: Vec<Self>) -> Self {
        let sizes: Vec<usize> = tables.iter().map(Self::len).collect();
        // Column by column, so that each one's parts are given up once they are joined.
        let mut columns: Vec<Vec<Option<Column>>> = Col::all().map(|_| Vec::new()).collect();
        let mut segments: BTreeMap<String, Vec<Option<Column>>> = BTreeMap::new();
        for (at, table) in tables.into_iter().enumerate() {
            for (parts, column) in columns.iter_mut().zip(table.columns) {
                parts.push(column);
            }
            for (name, column) in table.segments {
                let parts = segments.entry(name).or_default();
                parts.resize(at, None);
                parts.push(Some(column));
            }
        }
        let stacked = |col: Option<Col>, mut parts: Vec<Option<Column>>| {
            let known = parts.iter().any(Option::is_some);
            parts.resize(sizes.len(), None);
            known.then(|| Column::stacked(col, parts, &sizes))
        };
        let canonical: Vec<(Col, Vec<Option<Column>>)> = Col::all().zip(columns).collect();
        let canonical = canonical.into_par_iter().map(|(col, parts)| stacked(Some(col), parts));
        let segments =
            segments.into_iter().filter_map(|(name, parts)| Some((name, stacked(None, parts)?)));
        Self::new(sizes.iter().sum(), canonical.collect(), segments.collect())
    }

    /// The same rows with the columns of a table of them that has others.
    pub(super) fn beside(mut self, other: Self) -> Self {
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            *column = column.take().or(more);
        }
        self.segments.extend(other.segments);
        self
    }

    /// The same rows in the table's order; costs one pass where they are in it already.
    fn sorted(self) -> Self {
        let starts = self.starts_ns();
        let [traces, spans] = [Col::TraceId, Col::SpanId].map(|col| self.column(col));
        let key = |row: usize| [traces, spans].map(|column| column.and_then(|ids| ids.text(row)));
        let order = |one: usize, other: usize| {
            let times = starts[one].cmp(&starts[other]);
            let ids = times.then_with(|| key(one).cmp(&key(other)));
            ids.then_with(|| self.rest(one, other))
        };
        if (1..self.len()).all(|row| order(row - 1, row) != Ordering::Greater) {
            return self;
        }
        let rows = u32::try_from(self.len()).expect("fewer than 2^32 rows");
        let mut rows: Vec<u32> = (0..rows).collect();
        rows.par_sort_by(|one, other| order(*one as usize, *other as usize));
        self.only(&rows)
    }

    /// The rows of these places, in that order.
    pub(super) fn only(self, rows: &[u32]) -> Self {
        let columns = self.columns.into_par_iter().map(|column| column?.take(rows));
        let segments = self.segments.into_iter();
        let segments = segments.filter_map(|(name, column)| Some((name, column.take(rows)?)));
        Self::new(rows.len(), columns.collect(), segments.collect())
    }

    /// Compares two rows by every column, so that those without ids come in one order, whatever
    /// the order of the input was.
    fn rest(&self, one: usize, other: usize) -> Ordering {
        let all = self.columns.iter().flatten().chain(self.segments.values());
        all.map(|column| column.compare(one, other))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// The same calls, each started so much later.
    ///
    /// Times beyond what 64 bits of nanoseconds hold stay at the last that they do.
    #[must_use]
    pub fn later(mut self, by_ns: i64) -> Self {
        if let Some(Column::Int(starts)) = &mut self.columns[Col::Start as usize] {
            starts.values.iter_mut().for_each(|ns| *ns = ns.saturating_add(by_ns));
        }
        self
    }

    /// Every column by name: the canonical ones in table order, none where nothing is known, then
    /// the kept attributes.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<Col>, &str, Option<&Column>)> {
        let canonical = Col::all().zip(&self.columns);
        let canonical = canonical.map(|(col, column)| (Some(col), col.name(), column.as_ref()));
        let kept = self.segments.iter().map(|(name, column)| (None, name.as_str(), Some(column)));
        canonical.chain(kept)
    }

    /// The rows of these places, which ascend, alone.
    #[must_use]
    pub fn part(&self, rows: &[u32]) -> Self {
        let part = self.mapped(|_, _, column| column?.take(rows));
        Self { rows: rows.len(), ..part }
    }

    /// The same table with other columns, as `new` makes them.
    pub(super) fn mapped(
        &self,
        new: impl Fn(Option<Col>, &str, Option<&Column>) -> Option<Column>,
    ) -> Self {
        let mut table = Self { rows: self.rows, ..Self::default() };
        for (col, name, column) in self.all() {
            match (col, new(col, name, column)) {
                (Some(col), column) => table.columns[col as usize] = column,
                (None, Some(column)) => {
                    table.segments.insert(name.to_owned(), column);
                }
                (None, None) => {}
            }
        }
        table
    }

    /// How many calls.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// When each call started, nanoseconds since the epoch, ascending.
    pub fn starts_ns(&self) -> Vec<i64> {
        match self.column(Col::Start) {
            Some(Column::Int(starts)) => starts.values.clone(),
            _ => vec![0; self.rows],
        }
    }

    /// A numeric column (seconds, ratio, tokens, count, or a flag as 0 and 1); null is NaN.
    pub fn numbers(&self, col: Col) -> Vec<f64> {
        #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let number = |(value, known): (&i64, &bool)| if *known { *value as f64 } else { f64::NAN };
        match self.column(col) {
            Some(Column::Float(floats)) => floats.clone(),
            Some(Column::Int(ints)) => ints.values.iter().zip(&ints.known).map(number).collect(),
            Some(Column::Flag(flags)) => {
                let number =
                    |flag: &Option<bool>| flag.map_or(f64::NAN, |flag| f64::from(u8::from(flag)));
                flags.iter().map(number).collect()
            }
            Some(Column::Text(_) | Column::Coded(_)) | None => vec![f64::NAN; self.rows],
        }
    }

    /// A tokens, count or time column, exactly.
    pub fn ints(&self, col: Col) -> Vec<Option<i64>> {
        match self.column(col) {
            Some(Column::Int(ints)) => (0..self.rows).map(|row| ints.get(row)).collect(),
            _ => vec![None; self.rows],
        }
    }

    /// A flag column.
    pub fn flags(&self, col: Col) -> Vec<Option<bool>> {
        match self.column(col) {
            Some(Column::Flag(flags)) => flags.clone(),
            _ => vec![None; self.rows],
        }
    }

    /// In which rows anything is known of a column.
    pub fn known(&self, col: Col) -> Vec<bool> {
        match self.column(col) {
            Some(column) => (0..self.rows).map(|row| column.is_known_at(row)).collect(),
            None => vec![false; self.rows],
        }
    }

    /// A text column as codes; a column that the table lacks is all null.
    pub fn codes(&self, name: &str) -> Codes {
        let column =
            Col::from_name(name).map_or_else(|| self.segments.get(name), |col| self.column(col));
        match column {
            Some(Column::Coded(codes)) => codes.clone(),
            Some(column @ Column::Text(_)) => Codes::of((0..self.rows).map(|row| column.text(row))),
            _ => Codes { codes: vec![Codes::NULL; self.rows], values: Vec::new() },
        }
    }

    /// The text in one cell.
    pub fn text(&self, col: Col, row: usize) -> Option<String> {
        self.column(col)?.text(row).map(str::to_owned)
    }

    /// Names of the kept attributes, without their prefix.
    pub fn segment_names(&self) -> Vec<String> {
        let kept = self.segments.keys().filter_map(|name| name.strip_prefix(SEGMENT_PREFIX));
        kept.map(str::to_owned).collect()
    }

    /// A kept attribute as codes, by its name without the prefix.
    pub fn segment(&self, name: &str) -> Codes {
        self.codes(&format!("{SEGMENT_PREFIX}{name}"))
    }

    pub(super) fn column(&self, col: Col) -> Option<&Column> {
        self.columns.get(col as usize)?.as_ref()
    }
}

fn order<'c>(call: &'c Call<'_>) -> (i64, Option<&'c str>, Option<&'c str>) {
    let start = call.int(Col::Start).unwrap_or(i64::MIN);
    (start, call.text(Col::TraceId), call.text(Col::SpanId))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Cell;

    #[test]
    fn rows_come_back_sorted_with_their_nulls() {
        let call = |start: i64, service: &str, ttft: Option<f64>| -> Call<'static> {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(start));
            call.set_text(Col::ServiceName, service);
            call.set(Col::TtftS, ttft.map_or(Cell::Null, Cell::Float));
            call.segments.push(("service.version".into(), "7".into()));
            call
        };
        let table = CallTable::from_calls(vec![
            call(2, "b", None),
            call(1, "a", Some(0.5)),
            call(3, "b", None),
        ]);
        assert_eq!(table.starts_ns(), [1, 2, 3]);
        assert_eq!(table.numbers(Col::TtftS)[0], 0.5);
        assert!(table.numbers(Col::TtftS)[1].is_nan());
        let services = table.codes("service_name");
        assert_eq!(services.codes, [0, 1, 1]);
        assert_eq!(services.values, ["a", "b"]);
        assert_eq!(table.segment_names(), ["service.version"]);
        assert_eq!(table.codes("attr.service.version").get(2), Some("7"));
        assert_eq!(table.codes("attr.absent").get(2), None);
    }
    fn at(start: i64, trace: &str, span: &str) -> Call<'static> {
        let mut call = Call::default();
        call.set(Col::Start, Cell::Int(start));
        call.set_text(Col::TraceId, trace);
        call.set_text(Col::SpanId, span);
        call
    }

    #[test]
    fn concatenated_tables_are_sorted_as_one_and_keep_every_attribute() {
        let mut early = at(1, "b", "1");
        early.segments.push(("zone".into(), "x".into()));
        let mut late = at(2, "a", "2");
        late.segments.push(("app".into(), "y".into()));
        let one = CallTable::from_calls(vec![late.clone(), at(2, "a", "1")]);
        let other = CallTable::from_calls(vec![early.clone(), at(2, "", "9")]);
        let both = CallTable::concat(vec![one, other]);
        let all = vec![late, at(2, "a", "1"), early, at(2, "", "9")];
        assert_eq!(both, CallTable::from_calls(all));
        assert_eq!(both.codes("span_id").values, ["1", "9", "2"]);
        assert_eq!(both.segment_names(), ["app", "zone"]);
        assert_eq!(both.segment("zone").get(0), Some("x"));
        assert_eq!(both.segment("zone").get(1), None);
        assert!(CallTable::concat(Vec::new()).is_empty());
    }
}
