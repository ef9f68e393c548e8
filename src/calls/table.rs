//! The canonical table itself: a polars frame with exactly the columns of `schema`, sorted by start.

use std::collections::{BTreeSet, HashMap};

use polars::prelude::{
    BooleanChunked, Column as FrameColumn, DataFrame, DataType, Int64Chunked, IntoSeries,
    NamedFrom, NewChunkedArray, PlSmallStr, Series, TimeUnit, TimeZone,
};

use super::{Call, Cell};
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// One row per LLM call, sorted by start, trace id and span id.
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

impl CallTable {
    /// A table of these calls; they need not be sorted.
    pub fn from_calls(mut calls: Vec<Call>) -> Self {
        let order = |call: &Call| {
            let text = |col| call.text(col).unwrap_or_default().to_owned();
            (call.int(Col::Start).unwrap_or(i64::MIN), text(Col::TraceId), text(Col::SpanId))
        };
        calls.sort_by_cached_key(order);
        let mut columns: Vec<FrameColumn> =
            Col::all().map(|col| series(col, &calls).into()).collect();
        let names: BTreeSet<&str> =
            calls.iter().flat_map(|call| call.segments.iter().map(|(name, _)| &**name)).collect();
        columns.extend(names.into_iter().map(|name| segment_series(name, &calls).into()));
        let frame = DataFrame::new(calls.len(), columns).expect("columns of one length");
        Self { frame }
    }

    /// A table from a frame that has the canonical columns with their types.
    pub(crate) fn from_frame(frame: DataFrame) -> Self {
        Self { frame }
    }

    /// The frame, for writing.
    pub(crate) fn frame(&self) -> &DataFrame {
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
        let series = self.series(Col::Start.name()).expect("the table has its columns");
        let ints = series.cast(&DataType::Int64).expect("a time is an integer");
        let ints = ints.i64().expect("cast to it");
        ints.iter().map(Option::unwrap_or_default).collect()
    }

    /// A numeric column (seconds, ratio, tokens, count, or a flag as 0 and 1); null is NaN.
    pub fn numbers(&self, col: Col) -> Vec<f64> {
        let series = self.series(col.name()).expect("the table has its columns");
        let floats = series.cast(&DataType::Float64).expect("numeric column");
        let floats = floats.f64().expect("cast to it");
        floats.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
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
        let series = self.series(col.name())?;
        series.str().ok()?.get(row).map(str::to_owned)
    }

    /// Names of the kept attributes, without their prefix.
    pub fn segment_names(&self) -> Vec<String> {
        let names = self.frame.get_column_names();
        let kept = names.iter().filter_map(|name| name.strip_prefix(SEGMENT_PREFIX));
        kept.map(str::to_owned).collect()
    }

    fn series(&self, name: &str) -> Option<&Series> {
        self.frame.column(name).ok().map(FrameColumn::as_materialized_series)
    }
}

fn series(col: Col, calls: &[Call]) -> Series {
    let name = PlSmallStr::from_static(col.name());
    match col.info().kind {
        Kind::Text => {
            let values: Vec<Option<&str>> = calls.iter().map(|call| call.text(col)).collect();
            Series::new(name, values)
        }
        Kind::Seconds | Kind::Ratio => {
            let values: Vec<Option<f64>> = calls.iter().map(|call| call.number(col)).collect();
            Series::new(name, values)
        }
        Kind::Tokens | Kind::Count => {
            let values: Vec<Option<i64>> = calls.iter().map(|call| call.int(col)).collect();
            Series::new(name, values)
        }
        Kind::Flag => {
            let values = calls.iter().map(|call| call.flag(col));
            BooleanChunked::from_iter_options(name, values).into_series()
        }
        Kind::Time => {
            let values = calls.iter().map(|call| match call.get(col) {
                Cell::Int(time) => Some(*time),
                _ => None,
            });
            let ints = Int64Chunked::from_iter_options(name, values);
            ints.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
        }
    }
}

fn segment_series(name: &str, calls: &[Call]) -> Series {
    let value = |call: &Call| {
        let found = call.segments.iter().find(|(have, _)| &**have == name);
        found.map(|(_, value)| value.to_string())
    };
    let values: Vec<Option<String>> = calls.iter().map(value).collect();
    Series::new(format!("{SEGMENT_PREFIX}{name}").into(), values)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
