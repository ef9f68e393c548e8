//! What ties rows of different traces: which of them other rows or attempts may still change.
//!
//! Most rows are settled within their trace. A row of which another trace may hold a second
//! record, or whose HTTP attempt may stand outside its trace, is found here by figures that are
//! kept for every row; the decision itself is taken on the whole rows.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::calls::draft::Draft;
use crate::calls::streams::{self, Half};
use crate::calls::trace::{Row, SLACK_NS};
use crate::calls::twins::{APART_NS, NATIVE};
use crate::schema::Col;

/// What is kept of a row to tell what it is tied to.
#[derive(Debug, Clone, Copy)]
pub struct Bond {
    /// Its trace.
    pub trace: usize,
    start_ns: i64,
    last_ns: i64,
    /// Hash of its service.
    service: u64,
    /// Hash of its response id; zero where it has none.
    response: u64,
    /// Whether it has no attempt.
    alone: bool,
    record: Record,
    /// Which half of a stream it may be.
    half: Option<Half>,
}

/// Which half of a pair a row may be that only time tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// A call that failed, written by the provider's SDK.
    FailedNative,
    /// A call without a response id, written by another library.
    Nameless,
    /// Neither.
    Other,
}

impl Bond {
    /// That of a row as it came out of its trace.
    pub fn of(trace: usize, row: &Row) -> Self {
        let draft = &row.draft;
        let response = draft.call.text(Col::ResponseId).map_or(0, |id| hash(id).max(1));
        let native = draft.dialect.rank >= NATIVE;
        let record = match (native, draft.clues.failed, response) {
            (true, true, _) => Record::FailedNative,
            (false, _, 0) => Record::Nameless,
            _ => Record::Other,
        };
        Self {
            trace,
            start_ns: draft.start_ns,
            last_ns: draft.last_ns(),
            service: service(draft),
            response,
            alone: row.attempts.is_empty(),
            record,
            half: streams::half(draft),
        }
    }
}

fn hash(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}

fn service(draft: &Draft) -> u64 {
    hash(draft.call.text(Col::ServiceName).unwrap_or_default())
}

/// The traces of which a row may be changed by another row or by an attempt that no call owns.
pub fn tied(bonds: &[Vec<Bond>], loose: &[Draft<'_>], traces: usize) -> Vec<bool> {
    let mut tied = vec![false; traces];
    let mut tie = |bond: &Bond| tied[bond.trace] = true;
    same_response(bonds).for_each(&mut tie);
    near_in_time(bonds).for_each(&mut tie);
    halves(bonds).for_each(&mut tie);
    around_attempts(bonds, loose).for_each(&mut tie);
    tied
}

/// Rows that share their response id with another one.
fn same_response(bonds: &[Vec<Bond>]) -> impl Iterator<Item = &Bond> {
    let bonds = bonds.iter().flatten();
    let mut ids: Vec<u64> = bonds.clone().map(|bond| bond.response).filter(|id| *id != 0).collect();
    ids.sort_unstable();
    let mut twice: Vec<u64> =
        ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    twice.dedup();
    let is_twice =
        move |bond: &&Bond| !twice.is_empty() && twice.binary_search(&bond.response).is_ok();
    bonds.filter(is_twice)
}

/// Failed calls of a provider's SDK, and what another library may have written of them.
fn near_in_time(bonds: &[Vec<Bond>]) -> impl Iterator<Item = &Bond> {
    let bonds = bonds.iter().flatten();
    let native = bonds.clone().filter(|bond| bond.record == Record::FailedNative);
    let mut starts: Vec<i64> = native.map(|bond| bond.start_ns).collect();
    starts.sort_unstable();
    let may = move |bond: &&Bond| match bond.record {
        Record::FailedNative => true,
        Record::Nameless => any_within(
            &starts,
            bond.start_ns.saturating_sub(APART_NS),
            bond.start_ns.saturating_add(APART_NS),
        ),
        Record::Other => false,
    };
    bonds.filter(may)
}

/// Records of the end of a stream, and the rows that may be its opening.
fn halves(bonds: &[Vec<Bond>]) -> impl Iterator<Item = &Bond> {
    let bonds = bonds.iter().flatten();
    let ended = bonds.clone().filter_map(|bond| match bond.half {
        Some(Half::Ended(ran_from_ns)) => Some(ran_from_ns),
        _ => None,
    });
    let mut ran_from: Vec<i64> = ended.collect();
    ran_from.sort_unstable();
    let may = move |bond: &&Bond| match bond.half {
        Some(Half::Ended(_)) => true,
        Some(Half::Opened(opened_ns)) => {
            let at = ran_from.partition_point(|from| *from < opened_ns.saturating_sub(SLACK_NS));
            ran_from[at..].first().is_some_and(|from| streams::may_be_one(opened_ns, *from))
        }
        None => false,
    };
    bonds.filter(may)
}

/// Rows without attempts around the start of an attempt of their service that has no call.
fn around_attempts<'b>(
    bonds: &'b [Vec<Bond>],
    loose: &[Draft<'_>],
) -> impl Iterator<Item = &'b Bond> {
    let bonds = bonds.iter().flatten();
    let mut starts: HashMap<u64, Vec<i64>, FixedState> = HashMap::default();
    for attempt in loose {
        starts.entry(service(attempt)).or_default().push(attempt.start_ns);
    }
    starts.values_mut().for_each(|starts| starts.sort_unstable());
    let may = move |bond: &&Bond| {
        bond.alone
            && starts.get(&bond.service).is_some_and(|starts| {
                let from = bond.start_ns.saturating_sub(SLACK_NS);
                any_within(starts, from, bond.last_ns.saturating_add(SLACK_NS))
            })
    };
    bonds.filter(may)
}

/// Whether one of the sorted times lies between these, both included.
fn any_within(sorted: &[i64], from: i64, to: i64) -> bool {
    let at = sorted.partition_point(|time| *time < from);
    sorted.get(at).is_some_and(|time| *time <= to)
}
