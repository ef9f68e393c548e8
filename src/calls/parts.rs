//! Spans to rows, a part of the traces at a time: rows become columns as soon as their trace is
//! folded, and those few that turn out to be tied to another trace are made once more, together.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use compact_str::CompactString;
use rayon::prelude::*;

use crate::calls::bonds::{self, Bond};
use crate::calls::call::Identity;
use crate::calls::derive;
use crate::calls::draft::{Draft, Reader};
use crate::calls::habits::{self, CacheHabits, Shown};
use crate::calls::lens::Lens;
use crate::calls::order::Order;
use crate::calls::parse::Rejection;
use crate::calls::trace::{self, Folded, Row};
use crate::calls::traces::Traces;
use crate::calls::{Call, CallTable, attempts, matching, twins};
use crate::dialects::{Tables, hosts};
use crate::ingest::Spans;
use crate::schema::Col;

/// Spans of a part, where no trace is larger: few enough that what is under way stays small.
const PART_SPANS: usize = 1 << 11;

/// Spans of one trace that are read by one thread.
const BATCH: usize = 1 << 12;

/// What the spans came to.
#[derive(Debug, Default)]
pub struct Assembled {
    /// The rows, in tables that are not sorted as one.
    pub tables: Vec<CallTable>,
    /// Spans folded away, by kind.
    pub folded: BTreeMap<&'static str, u64>,
    /// Values that could not be true, one for each of them.
    pub rejected: Vec<Told>,
}

/// A value of a row that could not be true.
#[derive(Debug)]
pub struct Told {
    trace: usize,
    /// Service of the call.
    pub service: Option<CompactString>,
    /// The table that reads it.
    pub dialect: &'static str,
    /// What was wrong with it.
    pub reason: Rejection,
}

/// What the traces of one part came to.
#[derive(Debug, Default)]
struct Part<'a> {
    /// The finished rows, and the trace of each.
    table: CallTable,
    traces: Vec<usize>,
    bonds: Vec<Bond>,
    /// What the rows show of how their libraries count cached tokens.
    shown: Shown,
    /// Rows that wait for the habits of the whole dump.
    waiting: Vec<(usize, Row<'a>)>,
    loose: Vec<Draft<'a>>,
    folded: BTreeMap<&'static str, u64>,
    rejected: Vec<Told>,
}

/// Folds and finishes every row.
pub fn assemble(spans: &Spans, tables: &Tables) -> Assembled {
    assemble_as(spans, tables, bonds::tied)
}

/// The same, with a word on which traces are tied to others.
fn assemble_as(
    spans: &Spans,
    tables: &Tables,
    tied: impl Fn(&[Vec<Bond>], &[Draft<'_>], usize) -> Vec<bool>,
) -> Assembled {
    let lens = Lens::new(tables);
    let traces = Traces::of(spans);
    let folder = Folder { spans, lens: &lens, traces: &traces };
    let mut parts: Vec<Part> = ranges(&traces)
        .into_par_iter()
        .map_init(|| folder.worker(), |worker, range| folder.part(range, worker))
        .collect();
    let mut all = Assembled::default();
    let repeated = traces.repeated.iter().filter(|again| **again).count() as u64;
    add(&mut all.folded, "duplicate_span", repeated);
    let bonds = parts.iter_mut().map(|part| std::mem::take(&mut part.bonds));
    let bonds: Vec<Vec<Bond>> = bonds.collect();
    let loose = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.loose));
    let mut loose: Vec<Draft<'_>> = loose.filter(matching::may_match).collect();
    let order = Order::of(spans);
    loose.par_sort_by(|one, other| order.compare(one.span, other.span));
    let tied = tied(&bonds, &loose, traces.len());
    drop(bonds);
    let mut last = folder.together(&tied, loose, &mut all.folded);
    let mut habits = CacheHabits::of(last.iter().map(|(_, row)| row));
    for part in &mut parts {
        part.forget(&tied);
        part.shown.add_to(&mut habits, &tied);
    }
    for part in parts {
        for (kind, count) in part.folded {
            add(&mut all.folded, kind, count);
        }
        all.rejected.extend(part.rejected);
        all.tables.push(part.table);
        last.extend(part.waiting);
    }
    if !last.is_empty() {
        let mut part = Part::default();
        last.par_iter_mut().for_each_init(hosts::Seen::default, |hosts, (_, row)| {
            derive::derive(row, &habits, hosts);
        });
        let mut calls = Vec::with_capacity(last.len());
        last.iter_mut().for_each(|(trace, row)| part.done(*trace, row, &mut calls));
        part.take(&mut calls);
        all.rejected.extend(part.rejected);
        all.tables.push(part.table);
    }
    all
}

/// The traces in ranges of about as many spans.
fn ranges(traces: &Traces) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut spans) = (0, 0);
    for trace in 0..traces.len() {
        spans += traces.members(trace).len();
        if spans >= PART_SPANS {
            ranges.push(start..trace + 1);
            (start, spans) = (trace + 1, 0);
        }
    }
    if start < traces.len() {
        ranges.push(start..traces.len());
    }
    ranges
}

fn add(counts: &mut BTreeMap<&'static str, u64>, kind: &'static str, count: u64) {
    if count > 0 {
        *counts.entry(kind).or_default() += count;
    }
}

/// What one thread uses from part to part.
struct Worker<'a> {
    reader: Reader<'a>,
    hosts: hosts::Seen,
    drafts: Vec<Draft<'a>>,
    folded: Folded<'a>,
    /// Finished rows.
    calls: Vec<Done<'a>>,
}

/// A finished row.
struct Done<'a> {
    call: Call<'a>,
    identity: Identity<'a>,
    trace: usize,
}

impl Done<'_> {
    /// The table's order, as far as identity tells it.
    fn compare(&self, other: &Self) -> Ordering {
        let (one, other) = (&self.identity, &other.identity);
        let times = one.start_ns.cmp(&other.start_ns);
        times
            .then_with(|| one.span.trace_id.compare_texts(&other.span.trace_id))
            .then_with(|| one.span.span_id.compare_texts(&other.span.span_id))
    }
}

struct Folder<'a> {
    spans: &'a Spans,
    lens: &'a Lens,
    traces: &'a Traces,
}

impl<'a> Folder<'a> {
    fn reader(&self) -> Reader<'a> {
        Reader::new(self.lens, self.spans)
    }

    fn worker(&self) -> Worker<'a> {
        let (hosts, drafts, folded, calls) = Default::default();
        Worker { reader: self.reader(), hosts, drafts, folded, calls }
    }

    /// Folds one trace.
    fn fold(&self, trace: usize, worker: &mut Worker<'a>) {
        let members = self.traces.members(trace);
        let Worker { reader, drafts, folded, .. } = worker;
        if members.len() > BATCH {
            let read = |members: &[u32]| {
                let mut drafts = Vec::new();
                self.read(members, &mut self.reader(), &mut drafts);
                drafts
            };
            drafts.extend(members.par_chunks(BATCH).map(read).collect::<Vec<_>>().concat());
        } else {
            self.read(members, reader, drafts);
        }
        trace::fold(&self.spans.spans, members, drafts, folded);
    }

    fn read(&self, members: &[u32], reader: &mut Reader<'a>, drafts: &mut Vec<Draft<'a>>) {
        for at in members {
            // What no dialect reads adds nothing.
            let _ = reader.read(*at, drafts);
        }
    }

    /// Folds the traces of one part and finishes the rows that need nothing of the others.
    fn part(&self, range: Range<usize>, worker: &mut Worker<'a>) -> Part<'a> {
        let mut part = Part::default();
        let none = CacheHabits::default();
        for trace in range {
            self.fold(trace, worker);
            let Worker { folded, hosts, calls, .. } = &mut *worker;
            for (kind, count) in std::mem::take(&mut folded.counts) {
                add(&mut part.folded, kind, count);
            }
            part.loose.append(&mut folded.loose);
            for mut row in folded.rows.drain(..) {
                part.bonds.push(Bond::of(trace, &row));
                attempts::settle(&mut row);
                part.shown.note(trace, &row);
                if habits::decide(&row) {
                    part.waiting.push((trace, row));
                } else {
                    derive::derive(&mut row, &none, hosts);
                    part.done(trace, &mut row, calls);
                }
            }
        }
        part.take(&mut worker.calls);
        part
    }

    /// The rows of the traces that are tied to others, folded and joined as one.
    fn together(
        &self,
        tied: &[bool],
        loose: Vec<Draft<'a>>,
        counts: &mut BTreeMap<&'static str, u64>,
    ) -> Vec<(usize, Row<'a>)> {
        let again: Vec<usize> = (0..tied.len()).filter(|trace| tied[*trace]).collect();
        let fold = |traces: &[usize]| {
            let mut worker = self.worker();
            traces.iter().for_each(|trace| self.fold(*trace, &mut worker));
            worker.folded.rows
        };
        let mut rows: Vec<Row<'_>> =
            again.par_chunks(BATCH).map(fold).collect::<Vec<_>>().into_iter().flatten().collect();
        let order = Order::of(self.spans);
        rows.par_sort_by(|one, other| order.compare(one.draft.span, other.draft.span));
        let (mut rows, merged) = twins::fold(rows);
        for (kind, count) in merged {
            add(counts, kind, count);
        }
        let left = matching::join(&mut rows, loose, &self.spans.spans);
        add(counts, "http_without_call", left);
        rows.par_iter_mut().for_each(attempts::settle);
        let trace = |row: &Row| usize::try_from(row.draft.span).map_or(0, |at| self.traces.of[at]);
        rows.into_iter().map(|row| (trace(&row), row)).collect()
    }
}

impl<'a> Part<'a> {
    /// Leaves of a finished row only what the table needs.
    fn done(&mut self, trace: usize, row: &mut Row<'a>, calls: &mut Vec<Done<'a>>) {
        let draft = &mut row.draft;
        let identity = draft.identity();
        for reason in draft.rejected.drain(..) {
            self.rejected.push(Told {
                trace,
                service: draft.call.text(Col::ServiceName).map(CompactString::from),
                dialect: draft.dialect.id,
                reason,
            });
        }
        calls.push(Done { call: std::mem::take(&mut draft.call), identity, trace });
    }

    /// Makes columns of finished rows.
    fn take(&mut self, calls: &mut Vec<Done<'a>>) {
        if !calls.is_sorted_by(|one, other| one.compare(other) != Ordering::Greater) {
            calls.par_sort_by(Done::compare);
        }
        self.table = CallTable::of(calls.iter().map(|done| (&done.call, Some(done.identity))));
        self.traces = calls.drain(..).map(|done| done.trace).collect();
    }

    /// Leaves out what is of traces that were made once more.
    fn forget(&mut self, tied: &[bool]) {
        if self.traces.iter().any(|trace| tied[*trace]) {
            let kept = |(_, trace): &(u32, &usize)| !tied[**trace];
            let rows: Vec<u32> = (0..).zip(&self.traces).filter(kept).map(|(row, _)| row).collect();
            self.table = std::mem::take(&mut self.table).only(&rows);
        }
        self.waiting.retain(|(trace, _)| !tied[*trace]);
        self.rejected.retain(|told| !tied[told.trace]);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ingest::{self, Options};

    /// What is told of the rows, however they came about.
    fn told(assembled: &Assembled) -> Vec<String> {
        let mut told: Vec<String> = assembled
            .rejected
            .iter()
            .map(|told| format!("{:?} {} {}", told.service, told.dialect, told.reason))
            .collect();
        told.sort_unstable();
        told
    }

    /// Both tables, that of the rows as they are found and that of all rows made together.
    fn both(spans: &Spans) -> [(CallTable, Vec<String>, BTreeMap<&'static str, u64>); 2] {
        let tables = Tables::default();
        let alone = assemble(spans, &tables);
        let together = assemble_as(spans, &tables, |_, _, traces| vec![true; traces]);
        [alone, together].map(|made| {
            let told = told(&made);
            (CallTable::concat(made.tables), told, made.folded)
        })
    }

    #[test]
    fn rows_that_are_finished_at_once_are_those_of_the_whole_dump_together() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let all = ["dialects/*/*", "formats/*/*", "incidents/00[0-7]/spans*"];
        let mut calls = 0;
        for pattern in all {
            let pattern = folder.join(pattern).display().to_string();
            for path in glob::glob(&pattern).unwrap().flatten().filter(|path| path.is_file()) {
                let inputs = [path.display().to_string()];
                let wanted = Tables::default();
                let read = ingest::read(&inputs, wanted.wanted(), &Options::default());
                let Ok(read) = read else { continue };
                let [alone, together] = both(&read.spans);
                calls += alone.0.len();
                assert!(alone == together, "{}", path.display());
            }
        }
        assert!(calls > 1000, "only {calls} calls were compared");
    }
}
