//! Calls, one wide row each, to the table's columns.

use std::collections::BTreeMap;

use polars::prelude::{
    BooleanChunked, DataType, Int64Chunked, IntoSeries, NamedFrom, NewChunkedArray, PlSmallStr,
    Series, TimeUnit, TimeZone,
};
use rayon::prelude::*;

use super::Call;
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// The canonical columns of the calls, in table order, the calls in theirs.
pub(super) fn all(calls: &[Call]) -> Vec<Series> {
    let mut known = [false; Col::COUNT];
    for (col, _) in calls.iter().flat_map(Call::cells) {
        known[*col as usize] = true;
    }
    let all: Vec<Col> = Col::all().collect();
    // Most columns of most dumps are null throughout: the calls are not asked for those.
    all.par_iter()
        .map(|col| if known[*col as usize] { of(*col, calls) } else { null(*col, calls.len()) })
        .collect()
}

/// A canonical column of which nothing is known.
fn null(col: Col, rows: usize) -> Series {
    let kind = match col.info().kind {
        Kind::Text => DataType::String,
        Kind::Seconds | Kind::Ratio => DataType::Float64,
        Kind::Tokens | Kind::Count => DataType::Int64,
        Kind::Time => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        Kind::Flag => DataType::Boolean,
    };
    Series::full_null(PlSmallStr::from_static(col.name()), rows, &kind)
}

/// One canonical column of the calls, in their order.
fn of(col: Col, calls: &[Call]) -> Series {
    match col.info().kind {
        Kind::Text => texts(col.name(), calls.iter().map(|call| call.text(col)).collect()),
        Kind::Seconds | Kind::Ratio => {
            floats(col, calls.iter().map(|call| call.number(col)).collect())
        }
        Kind::Tokens | Kind::Count | Kind::Time => {
            ints(col, calls.iter().map(|call| call.int(col)).collect())
        }
        Kind::Flag => flags(col, calls.iter().map(|call| call.flag(col)).collect()),
    }
}

/// The kept attributes of the calls, a column each, sorted by name. Empty text is null, and of
/// an attribute that a call names twice the first stands.
pub(super) fn of_segments(calls: &[Call]) -> Vec<Series> {
    let mut columns: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for (row, call) in calls.iter().enumerate() {
        for (name, value) in &call.segments {
            let column = columns.entry(name).or_insert_with(|| vec![None; calls.len()]);
            if column[row].is_none() && !value.is_empty() {
                column[row] = Some(value);
            }
        }
    }
    let columns: Vec<_> = columns.into_iter().collect();
    let named = columns.into_par_iter();
    named.map(|(name, values)| texts(&format!("{SEGMENT_PREFIX}{name}"), values)).collect()
}

/// A text column.
pub(super) fn texts(name: &str, values: Vec<Option<&str>>) -> Series {
    Series::new(PlSmallStr::from(name), values)
}

/// A seconds or ratio column.
pub(super) fn floats(col: Col, values: Vec<Option<f64>>) -> Series {
    Series::new(PlSmallStr::from_static(col.name()), values)
}

/// A tokens, count or time column.
pub(super) fn ints(col: Col, values: Vec<Option<i64>>) -> Series {
    let name = PlSmallStr::from_static(col.name());
    if col.info().kind != Kind::Time {
        return Series::new(name, values);
    }
    let ints = Int64Chunked::from_iter_options(name, values.into_iter());
    ints.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
}

/// A flag column.
pub(super) fn flags(col: Col, values: Vec<Option<bool>>) -> Series {
    let name = PlSmallStr::from_static(col.name());
    BooleanChunked::from_iter_options(name, values.into_iter()).into_series()
}
