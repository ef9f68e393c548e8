//! The canonical table itself: a polars frame with exactly the columns of `schema`, sorted by start.

use std::cmp::Ordering;
use std::collections::HashMap;

use polars::prelude::{
    AnyValue, Column as FrameColumn, DataFrame, DataType, IdxSize, NamedFrom, PlSmallStr, Series,
};
use rayon::prelude::*;

use super::Call;
use super::columns::{self, Stretch};
use crate::schema::{Col, SEGMENT_PREFIX};

/// One row per LLM call, sorted by start, trace id, span id, and then all other columns.
#[derive(Debug, Clone)]
pub struct CallTable {
    frame: DataFrame,
}

/// A text column as codes into its distinct values, in order of first appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// One code a row; [`Codes::NULL`] where the cell is null.
    pub codes: Vec<u32>,
    /// The distinct values.
    pub values: Vec<String>,
}

impl Codes {
    /// The code of a null cell.
    pub const NULL: u32 = u32::MAX;

    /// The value in a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.codes[row];
        (code != Self::NULL).then(|| self.values[code as usize].as_str())
    }
}

/// Tables are equal when they hold the same rows in the same columns, null equal to null.
impl PartialEq for CallTable {
    fn eq(&self, other: &Self) -> bool {
        self.frame.equals_missing(&other.frame)
    }
}

impl CallTable {
    /// A table of these calls; they need not be sorted. Those that share start, trace id and
    /// span id are ordered by their other columns.
    ///
    /// A call under assembly is far wider than its row: where there are many, make a table of
    /// each chunk and [`CallTable::concat`] them.
    pub fn from_calls(mut calls: Vec<Call>) -> Self {
        sort(&mut calls, |call| call);
        Self::stack(vec![Stretch::of(calls.iter())])
    }

    /// One table of many, sorted as one; a kept attribute that a table lacks is null there.
    pub fn concat(tables: Vec<Self>) -> Self {
        Self::stack(tables.into_iter().map(Stretch::from).collect())
    }

    /// One table of stretches of rows, sorted as one.
    pub(super) fn stack(stretches: Vec<Stretch>) -> Self {
        let sizes: Vec<usize> = stretches.iter().map(|stretch| stretch.rows).collect();
        let rows = sizes.iter().sum();
        // Column by column, so that each one's parts are given up once they are joined.
        let mut parts: HashMap<String, Vec<Option<Series>>> = HashMap::new();
        for (at, stretch) in stretches.into_iter().enumerate() {
            for series in stretch.series {
                let column = parts.entry(series.name().to_string());
                column.or_insert_with(|| vec![None; sizes.len()])[at] = Some(series);
            }
        }
        let canonical: Vec<(Col, _)> =
            Col::all().map(|col| (col, parts.remove(col.name()))).collect();
        let mut kept: Vec<(String, _)> = parts.into_iter().collect();
        kept.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let canonical = canonical.into_par_iter().map(|(col, parts)| match parts {
            Some(parts) => stacked(parts, &sizes, |rows| columns::null(col, rows)),
            None => columns::null(col, rows),
        });
        let kept = kept.into_par_iter().map(|(name, parts)| {
            let name = PlSmallStr::from(name);
            let null = |rows| Series::full_null(name.clone(), rows, &DataType::String);
            stacked(parts, &sizes, null)
        });
        Self::from_series(rows, canonical.chain(kept).collect()).sorted()
    }

    /// A table of series that are the canonical columns with their types, in table order, then
    /// the kept attributes by name.
    pub(super) fn from_series(rows: usize, series: Vec<Series>) -> Self {
        let columns = series.into_iter().map(FrameColumn::from).collect();
        let frame = DataFrame::new(rows, columns).expect("distinct columns of one length");
        Self { frame }
    }

    /// The same rows in the table's order; costs one pass where they are in it already.
    pub(super) fn sorted(self) -> Self {
        let starts = self.starts_ns();
        let [traces, spans] = [Col::TraceId, Col::SpanId].map(|col| {
            let series = self.column(col);
            series.str().expect("an id is text").rechunk().into_owned()
        });
        let key = |row: usize| (traces.get(row), spans.get(row));
        let order = |one: usize, other: usize| {
            let times = starts[one].cmp(&starts[other]);
            let ids = times.then_with(|| key(one).cmp(&key(other)));
            ids.then_with(|| self.rest(one, other))
        };
        if (1..self.len()).all(|row| order(row - 1, row) != Ordering::Greater) {
            return self;
        }
        let mut rows: Vec<usize> = (0..self.len()).collect();
        rows.par_sort_by(|one, other| order(*one, *other));
        let rows: Vec<IdxSize> =
            rows.iter().map(|row| IdxSize::try_from(*row).expect("fewer than 2^32 rows")).collect();
        let take = |column: FrameColumn| {
            let series = column.take_materialized_series();
            // Most columns of most dumps are null throughout.
            if series.null_count() == rows.len() {
                return series;
            }
            series.take_slice(&rows).expect("rows of the table")
        };
        let series = self.frame.into_columns().into_par_iter().map(take).collect();
        Self::from_series(rows.len(), series)
    }

    /// Compares two rows by every column, so that those without ids come in one order, whatever
    /// the order of the input was.
    fn rest(&self, one: usize, other: usize) -> Ordering {
        let all = self.frame.columns().iter().map(FrameColumn::as_materialized_series);
        let compare = |series: &Series| {
            let cell = |row| series.get(row).unwrap_or(AnyValue::Null);
            cell(one).partial_cmp(&cell(other)).unwrap_or(Ordering::Equal)
        };
        let known = all.filter(|series| columns::is_known(series));
        known.map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// The same calls, each started so much later.
    ///
    /// Times beyond what 64 bits of nanoseconds hold stay at the last that they do.
    #[must_use]
    pub fn later(mut self, by_ns: i64) -> Self {
        let start = self.column(Col::Start);
        let kind = start.dtype().clone();
        let later: Vec<i64> =
            self.starts_ns().into_iter().map(|ns| ns.saturating_add(by_ns)).collect();
        let moved = Series::new(start.name().clone(), later).cast(&kind);
        let moved = moved.expect("a time is an integer");
        self.frame.with_column(moved.into()).expect("a column of the same length");
        self
    }

    /// The frame, for writing.
    pub(super) fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// How many calls.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When each call started, nanoseconds since the epoch, ascending.
    pub fn starts_ns(&self) -> Vec<i64> {
        let series = self.column(Col::Start).cast(&DataType::Int64).expect("a time is an integer");
        let ints = series.i64().expect("cast to it");
        ints.iter().map(Option::unwrap_or_default).collect()
    }

    /// A numeric column (seconds, ratio, tokens, count, or a flag as 0 and 1); null is NaN.
    pub fn numbers(&self, col: Col) -> Vec<f64> {
        let floats = self.column(col).cast(&DataType::Float64).expect("numeric column");
        let floats = floats.f64().expect("cast to it");
        floats.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
    }

    /// A tokens, count or time column, exactly.
    pub fn ints(&self, col: Col) -> Vec<Option<i64>> {
        let ints = self.column(col).cast(&DataType::Int64).expect("integer column");
        ints.i64().expect("cast to it").iter().collect()
    }

    /// A flag column.
    pub fn flags(&self, col: Col) -> Vec<Option<bool>> {
        self.column(col).bool().expect("flag column").iter().collect()
    }

    /// A text column as codes; a column that the table lacks is all null.
    pub fn codes(&self, name: &str) -> Codes {
        let mut codes = Codes { codes: Vec::with_capacity(self.len()), values: Vec::new() };
        let Some(series) = self.series(name) else {
            codes.codes.resize(self.len(), Codes::NULL);
            return codes;
        };
        let mut known: HashMap<&str, u32, foldhash::fast::FixedState> = HashMap::default();
        for text in series.str().expect("text column").iter() {
            let code = text.map_or(Codes::NULL, |text| {
                *known.entry(text).or_insert_with(|| {
                    codes.values.push(text.to_owned());
                    u32::try_from(codes.values.len() - 1).expect("fewer rows than 2^32")
                })
            });
            codes.codes.push(code);
        }
        codes
    }

    /// The text in one cell.
    pub fn text(&self, col: Col, row: usize) -> Option<String> {
        self.column(col).str().ok()?.get(row).map(str::to_owned)
    }

    /// Names of the kept attributes, without their prefix.
    pub fn segment_names(&self) -> Vec<String> {
        let names = self.frame.get_column_names();
        let kept = names.iter().filter_map(|name| name.strip_prefix(SEGMENT_PREFIX));
        kept.map(str::to_owned).collect()
    }

    /// A kept attribute as codes, by its name without the prefix.
    pub fn segment(&self, name: &str) -> Codes {
        self.codes(&format!("{SEGMENT_PREFIX}{name}"))
    }

    fn column(&self, col: Col) -> &Series {
        self.series(col.name()).expect("the table has its columns")
    }

    fn series(&self, name: &str) -> Option<&Series> {
        self.frame.column(name).ok().map(FrameColumn::as_materialized_series)
    }
}

impl From<CallTable> for Stretch {
    fn from(table: CallTable) -> Self {
        let rows = table.len();
        let series = table.frame.columns().iter().map(FrameColumn::as_materialized_series);
        let series = series.filter(|series| columns::is_known(series)).cloned();
        Self { rows, series: series.collect() }
    }
}

/// Brings calls into the table's order, with what belongs to them.
pub(super) fn sort<T: Send>(calls: &mut [T], call: impl Fn(&T) -> &Call + Sync) {
    if !calls.is_sorted_by(|one, other| order(call(one)) <= order(call(other))) {
        calls.par_sort_by(|one, other| order(call(one)).cmp(&order(call(other))));
    }
}

fn order(call: &Call) -> (i64, Option<&str>, Option<&str>) {
    let start = call.int(Col::Start).unwrap_or(i64::MIN);
    (start, call.text(Col::TraceId), call.text(Col::SpanId))
}

/// The parts of a column, one below the other; where one is missing it is null.
fn stacked(parts: Vec<Option<Series>>, sizes: &[usize], null: impl Fn(usize) -> Series) -> Series {
    let parts = parts.into_iter().zip(sizes);
    let parts = parts.map(|(part, rows)| part.unwrap_or_else(|| null(*rows)));
    let stack = parts.reduce(|mut stack, part| {
        stack.append_owned(part).expect("a column has one type in every stretch");
        stack
    });
    stack.expect("at least one stretch").rechunk()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Cell;

    #[test]
    fn rows_come_back_sorted_with_their_nulls() {
        let call = |start: i64, service: &str, ttft: Option<f64>| {
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
    fn at(start: i64, trace: &str, span: &str) -> Call {
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
