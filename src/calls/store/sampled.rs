//! Of stored tables that hold very many calls, what is judged: the row groups of the time that is
//! needed, and of these one trace in so many beside the counts of every call.

use std::collections::BTreeSet;

use parquet::arrow::arrow_reader::RowSelection;
use rayon::prelude::*;

use super::parquet::Stored;
use crate::calls::sample::{COUNTED, OTHER_IDS, Sampled};
use crate::calls::{Asked, CallTable, Sample};
use crate::diagnosis::ServerCell;
use crate::error::Result;
use crate::ingest::{CanonicalFormat, CanonicalInput};
use crate::schema::Col;

/// A row group of one of the tables.
type Group<'s> = (&'s Stored, usize);

/// Reads what is judged of the tables; nothing where all that they hold is, or where they are not
/// all Parquet.
pub fn read(inputs: &[CanonicalInput], asked: &Asked<'_>) -> Result<Option<Sampled>> {
    let parquet = inputs.iter().all(|input| input.format == CanonicalFormat::Parquet);
    let Some(most) = asked.max_calls.filter(|_| parquet && !inputs.is_empty()) else {
        return Ok(None);
    };
    let stored: Vec<Stored> = inputs.iter().map(Stored::new).collect::<Result<_>>()?;
    let rows = |groups: &[Group<'_>]| -> u64 {
        groups.iter().filter_map(|(stored, group)| stored.row_groups().get(*group).copied()).sum()
    };
    let groups_of = |stored: &'_ Stored| 0..stored.row_groups().len();
    let all: Vec<Group<'_>> = stored
        .iter()
        .flat_map(|stored| groups_of(stored).map(move |group| (stored, group)))
        .collect();
    if rows(&all) <= most {
        return Ok(None);
    }
    let needed = needed(&all, asked);
    let untold = rows(&all) - rows(&needed);
    let calls = rows(&needed);
    let bins = asked.bins.over(span_ns(&needed));
    let sample = Sample::of(calls, Some(most), bins);
    let read = needed.into_par_iter().map(|(stored, group)| match &sample {
        Some(sample) => of_group(stored, group, sample, asked.columns),
        None => {
            let all: Vec<Col> = Col::all().collect();
            let columns = asked.columns.unwrap_or(&all);
            Ok((stored.group(group, (columns, &stored.segments()), None)?, Vec::new()))
        }
    });
    let read: Vec<(Vec<CallTable>, Vec<ServerCell>)> = read.collect::<Result<_>>()?;
    let (tables, cells): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let table = CallTable::concat(tables.into_iter().flatten().collect());
    let cells = cells.into_iter().flatten().collect();
    Ok(Some(Sampled::new(table, calls, untold, sample.map(|sample| (sample, cells)))))
}

/// The judged calls of a row group, and the counts of all of its calls: first the columns that are
/// counted, then of the judged calls the others.
fn of_group(
    stored: &Stored,
    group: usize,
    sample: &Sample,
    columns: Option<&[Col]>,
) -> Result<(Vec<CallTable>, Vec<ServerCell>)> {
    let none = BTreeSet::new();
    let mut counted = COUNTED.to_vec();
    let mut parts = stored.group(group, (&counted, &none), None)?;
    if parts.iter().any(|part| part.known(Col::TraceId).contains(&false)) {
        counted.extend(OTHER_IDS);
        parts = stored.group(group, (&counted, &none), None)?;
    }
    let (mut kept, mut ranges, mut cells, mut before) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for part in parts {
        let (rows, of_part) = sample.of_table(&part);
        cells.extend(of_part);
        ranges.extend(rows.iter().map(|row| before + *row as usize..before + *row as usize + 1));
        before += part.len();
        kept.push(part.only(&rows));
    }
    if ranges.is_empty() {
        return Ok((Vec::new(), cells));
    }
    let rows = RowSelection::from_consecutive_ranges(ranges.into_iter(), before);
    let asked = Col::all().filter(|col| columns.is_none_or(|columns| columns.contains(col)));
    let others: Vec<Col> = asked.filter(|col| !counted.contains(col)).collect();
    let others = stored.group(group, (&others, &stored.segments()), Some(rows))?;
    let [kept, others] = [kept, others].map(CallTable::stacked);
    Ok((vec![kept.beside(others)], cells))
}

/// The row groups that the asked stretches of time touch; all of them where the file does not say
/// when its calls started, or where none lies in the window itself.
fn needed<'s>(all: &[Group<'s>], asked: &Asked<'_>) -> Vec<Group<'s>> {
    let touches = |(stored, group): &Group<'s>, from: i64, to: i64| {
        stored.starts(*group).is_none_or(|(first, last)| first < to && from <= last)
    };
    let window = asked.bins.window;
    let seen = window.is_some_and(|window| {
        all.iter().any(|group| touches(group, window.start_ns, window.end_ns))
    });
    let Some(times) = asked.times.filter(|_| seen) else { return all.to_vec() };
    let within =
        |group: &&Group<'s>| times.iter().any(|time| touches(group, time.start_ns, time.end_ns));
    all.iter().filter(within).copied().collect()
}

/// From the first start of some row groups to the last; none where one does not say.
fn span_ns(groups: &[Group<'_>]) -> Option<i64> {
    let starts: Option<Vec<(i64, i64)>> =
        groups.iter().map(|(stored, group)| stored.starts(*group)).collect();
    let starts = starts?;
    let first = starts.iter().map(|starts| starts.0).min()?;
    let last = starts.iter().map(|starts| starts.1).max()?;
    Some(last.saturating_sub(first))
}
