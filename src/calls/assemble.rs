//! The entry of the stage: everything that ingest kept, to one row a call.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::calls::derive::{self, CacheHabits};
use crate::calls::draft::{Draft, Reader};
use crate::calls::lens::Lens;
use crate::calls::parse::{Rejection, ZERO_USAGE};
use crate::calls::trace::{self, Folded, Row};
use crate::calls::traces::Traces;
use crate::calls::{Call, CallTable, Codes, attempts, matching, table, twins};
use crate::diagnosis::{Ingest, Rejected};
use crate::dialects::Tables;
use crate::error::{Error, Result};
use crate::ingest::{CanonicalInput, Ingested, Span, Spans};
use crate::schema::Col;

/// Spans read by one thread at a time.
const BATCH: usize = 4096;

/// Rows made into columns at a time: a row under assembly is wider than in the table.
const TABLE_ROWS: usize = 1 << 14;

/// Assembles the canonical table out of what ingest kept, together with the inputs that are
/// such tables already.
///
/// # Errors
/// A table that cannot be read; under `strict`, one that lost a record.
pub fn assemble(
    ingested: Ingested,
    dialects_of: &Tables,
    strict: bool,
) -> Result<(CallTable, Ingest)> {
    let Ingested { spans, tables, mut ingest } = ingested;
    let stored = stored(&tables, strict, &mut ingest)?;
    drop(tables);
    let rows = rows(spans, dialects_of, &mut ingest);
    let mut calls: Vec<Call> = rows.into_iter().map(|row| row.draft.call).collect();
    table::sort(&mut calls);
    let parts = calls.into_par_iter().chunks(TABLE_ROWS);
    let mut all: Vec<CallTable> = parts.map(CallTable::from_calls).collect();
    all.extend(stored);
    let table = CallTable::concat(all);
    ingest.calls = table.len() as u64;
    ingest.dialects = dialects(&table);
    Ok((table, ingest))
}

/// Reads the inputs that are call tables.
fn stored(inputs: &[CanonicalInput], strict: bool, ingest: &mut Ingest) -> Result<Vec<CallTable>> {
    let mut tables = Vec::new();
    for input in inputs {
        let (table, losses) = CallTable::read(input)?;
        if let Some(loss) = losses.iter().find(|loss| strict && loss.lost) {
            return Err(Error::input(
                format!("{}, {}", input.file, loss.first),
                format!("a record of the call table was lost: {}", loss.reason),
                "leave out `--strict` to go on with what can be read",
            ));
        }
        if let Some(file) = ingest.files.iter_mut().find(|file| file.file == input.file) {
            file.losses.extend(losses);
        }
        tables.push(table);
    }
    Ok(tables)
}

/// Calls by dialect, most first.
fn dialects(table: &CallTable) -> Vec<(String, u64)> {
    let codes = table.codes(Col::Dialect.name());
    let mut counts = vec![0_u64; codes.values.len()];
    for code in codes.codes.into_iter().filter(|code| *code != Codes::NULL) {
        if let Some(count) = usize::try_from(code).ok().and_then(|code| counts.get_mut(code)) {
            *count += 1;
        }
    }
    let mut counts: Vec<(String, u64)> = codes.values.into_iter().zip(counts).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// One row a call, in order of the spans.
fn rows(mut spans: Spans, tables: &Tables, ingest: &mut Ingest) -> Vec<Row> {
    let mut folded = BTreeMap::new();
    let traces = Traces::of(&spans.spans);
    add(&mut folded, "duplicate_span", traces.repeated.iter().filter(|gone| **gone).count() as u64);
    let drafts = read(&mut spans, tables, &traces.repeated);
    let (rows, loose) = fold(&spans.spans, &traces, drafts, &mut folded);
    let (mut rows, counts) = twins::fold(rows);
    for (kind, count) in counts {
        add(&mut folded, kind, count);
    }
    let left = matching::join(&mut rows, loose, &spans.spans);
    add(&mut folded, "http_without_call", left);
    drop(spans);
    rows.par_iter_mut().for_each(attempts::settle);
    let habits = CacheHabits::of(&rows);
    rows.par_iter_mut().for_each(|row| derive::derive(row, &habits));
    report(&rows, folded, ingest);
    rows
}

fn add(counts: &mut BTreeMap<&'static str, u64>, kind: &'static str, count: u64) {
    if count > 0 {
        *counts.entry(kind).or_default() += count;
    }
}

/// Reads the spans that dialects know. What a span carries is in its draft then, and is given up
/// here: the two together would double the peak of memory.
fn read(spans: &mut Spans, tables: &Tables, repeated: &[bool]) -> Vec<Vec<Draft>> {
    let lens = Lens::new(tables);
    let Spans { spans, resources, scopes } = spans;
    let batches = spans.par_chunks_mut(BATCH).zip(repeated.par_chunks(BATCH)).enumerate();
    batches
        .map(|(batch, (spans, repeated))| {
            let mut reader = Reader::new(&lens, resources, scopes);
            let mut drafts = Vec::new();
            for (at, (span, repeated)) in spans.iter_mut().zip(repeated).enumerate() {
                if !repeated {
                    drafts.extend(reader.read(batch * BATCH + at, span));
                }
                span.attrs = Vec::new();
                span.events = Vec::new();
            }
            drafts
        })
        .collect()
}

/// Folds every trace; gives the rows in order of their spans, and the attempts that no call owns.
fn fold(
    spans: &[Span],
    traces: &Traces,
    drafts: Vec<Vec<Draft>>,
    counts: &mut BTreeMap<&'static str, u64>,
) -> (Vec<Row>, Vec<Draft>) {
    let trace = |draft: &Draft| usize::try_from(draft.span).ok().map(|at| traces.of[at]);
    let mut sizes = vec![0_usize; traces.len()];
    drafts.iter().flatten().filter_map(trace).for_each(|trace| sizes[trace] += 1);
    // Drafts are wide and traces many: no more room is made than is needed.
    let mut by_trace: Vec<Vec<Draft>> = sizes.into_iter().map(Vec::with_capacity).collect();
    for draft in drafts.into_iter().flatten() {
        if let Some(trace) = trace(&draft) {
            by_trace[trace].push(draft);
        }
    }
    let fold = |(trace, drafts)| trace::fold(spans, traces.members(trace), drafts);
    let mut by_trace = by_trace.into_iter().enumerate();
    let mut all = Folded::default();
    // In parts, so that few drafts and rows stand beside each other.
    loop {
        let part: Vec<_> = by_trace.by_ref().take(BATCH).collect();
        if part.is_empty() {
            break;
        }
        let folded: Vec<Folded> = part.into_par_iter().map(fold).collect();
        for trace in folded {
            all.rows.extend(trace.rows);
            all.loose.extend(trace.loose);
            for (kind, count) in trace.counts {
                add(counts, kind, count);
            }
        }
    }
    let Folded { mut rows, loose, .. } = all;
    rows.sort_by_key(|row| row.draft.span);
    (rows, loose)
}

fn report(rows: &[Row], folded: BTreeMap<&'static str, u64>, ingest: &mut Ingest) {
    for (kind, count) in folded {
        *ingest.folded.entry(kind.to_owned()).or_default() += count;
    }
    let mut rejected: BTreeMap<(Option<&str>, &str, Rejection), u64> = BTreeMap::new();
    for row in rows {
        for reason in &row.draft.rejected {
            let service = row.draft.call.text(Col::ServiceName);
            *rejected.entry((service, row.draft.dialect.id, *reason)).or_default() += 1;
            if *reason != ZERO_USAGE {
                *ingest.rejected.entry((*reason).to_owned()).or_default() += 1;
            }
        }
    }
    let told = rejected.into_iter().map(|((service, dialect, reason), calls)| Rejected {
        service: service.map(str::to_owned),
        dialect: dialect.to_owned(),
        reason,
        calls,
    });
    ingest.rejected_of.extend(told);
}
