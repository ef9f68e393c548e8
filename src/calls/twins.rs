//! Two records of one call in different traces, or side by side in one: told by the response id,
//! or by time where a call failed and has none.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::FixedState;

use crate::calls::draft::models_agree;
use crate::calls::streams;
use crate::calls::trace::{Row, SLACK_NS};
use crate::schema::Col;

/// Folds rows that describe one call; returns how many went, by kind.
pub fn fold(rows: Vec<Row<'_>>) -> (Vec<Row<'_>>, BTreeMap<&'static str, u64>) {
    let as_they_are: Vec<Option<&Row>> = rows.iter().map(Some).collect();
    let by_id = by_response_id(&as_they_are);
    let halves = streams::pairs(&as_they_are);
    // Most dumps have no such rows: theirs stay where they lie.
    if by_id.is_empty() && halves.is_empty() && by_time(&as_they_are).is_empty() {
        return (rows, BTreeMap::new());
    }
    let mut slots: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let mut gone = 0;
    for &(opened, ended) in &halves {
        if let (Some(open), Some(end)) = (slots[opened].take(), slots[ended].take()) {
            slots[opened] = Some(streams::joined(open, &end));
        }
    }
    for &(first, again) in &by_id {
        gone += merge(&mut slots, first, again);
    }
    let left: Vec<Option<&Row>> = slots.iter().map(Option::as_ref).collect();
    for (inner, outer) in by_time(&left) {
        gone += merge(&mut slots, inner, outer);
    }
    let twins = halves.len() as u64;
    let counts = BTreeMap::from([("double_instrumentation", gone), ("log_twin", twins)]);
    (slots.into_iter().flatten().collect(), counts)
}

/// Rows with the response id of an earlier one, beside the first of them.
fn by_response_id(rows: &[Option<&Row>]) -> Vec<(usize, usize)> {
    let mut first: HashMap<&str, usize, FixedState> =
        HashMap::with_capacity_and_hasher(rows.len(), FixedState::default());
    let mut pairs = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let Some(id) = row.and_then(|row| row.draft.call.text(Col::ResponseId)) else { continue };
        match first.entry(id) {
            Entry::Vacant(place) => {
                place.insert(at);
            }
            Entry::Occupied(other) => pairs.push((*other.get(), at)),
        }
    }
    pairs
}

/// Where one library writes inside another without being its child, a failed call has two rows
/// of which the outer one has no id: the same model, one within the other, and nothing else that
/// would fit.
fn by_time(rows: &[Option<&Row>]) -> Vec<(usize, usize)> {
    let rank = |row: &Row| row.draft.dialect.rank;
    let alone = rows.iter().enumerate().filter_map(|(at, row)| Some((at, (*row)?)));
    let alone = alone.filter(|(_, row)| !row.paired);
    let native: Vec<_> =
        alone.clone().filter(|(_, row)| rank(row) >= NATIVE && row.draft.clues.failed).collect();
    if native.is_empty() {
        return Vec::new();
    }
    let nameless = |row: &Row| !row.draft.call.has(Col::ResponseId);
    let mut library: Vec<_> =
        alone.filter(|(_, row)| rank(row) < NATIVE && nameless(row)).collect();
    library.sort_by_key(|(_, row)| row.draft.start_ns);
    let mut pairs = Vec::new();
    for (inner, row) in native {
        let start_ns = row.draft.start_ns;
        let before = |at_ns: i64| library.partition_point(|(_, row)| row.draft.start_ns < at_ns);
        let from = before(start_ns.saturating_sub(APART_NS));
        let to = before(start_ns.saturating_add(APART_NS).saturating_add(1));
        let mut around = library[from..to].iter().filter(|(_, outer)| twins(row, outer));
        if let (Some((outer, _)), None) = (around.next(), around.next()) {
            pairs.push((inner, *outer));
        }
    }
    pairs
}

/// Two records of one call begin at most this far apart.
pub const APART_NS: i64 = 10 * SLACK_NS;

/// From this rank on a dialect is written by the provider's own SDK.
pub const NATIVE: u8 = 8;

fn twins(native: &Row, library: &Row) -> bool {
    let (a, b) = (&native.draft, &library.draft);
    a.call.text(Col::ServiceName) == b.call.text(Col::ServiceName)
        && a.call.text(Col::Provider) == b.call.text(Col::Provider)
        && models_agree(a, b)
        && a.within(b, SLACK_NS)
        && a.start_ns.saturating_sub(b.start_ns).saturating_abs() <= APART_NS
}

/// Folds two rows, where both are there still; the one whose dialect ranks higher, or that lies
/// inside, is kept. Returns how many went.
fn merge(slots: &mut [Option<Row<'_>>], a: usize, b: usize) -> u64 {
    if slots[a].is_none() || slots[b].is_none() {
        return 0;
    }
    let (Some(first), Some(second)) = (slots[a].take(), slots[b].take()) else { return 0 };
    let rank = |row: &Row| row.draft.dialect.rank;
    let second_inside =
        second.draft.within(&first.draft, 0) && !first.draft.within(&second.draft, 0);
    let second_wins = match rank(&second).cmp(&rank(&first)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => second_inside,
    };
    let (mut kept, other) = if second_wins { (second, first) } else { (first, second) };
    kept.draft.fill_from(&other.draft);
    kept.paired = true;
    if kept.attempts.is_empty() {
        kept.attempts = other.attempts;
    }
    slots[a] = Some(kept);
    1
}
