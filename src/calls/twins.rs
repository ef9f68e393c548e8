//! Two records of one call in different traces, or side by side in one: told by the response id,
//! or by time where a call failed and has none.

use std::collections::BTreeMap;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::trace::{Row, SLACK_NS, models_agree};
use crate::dialects::DIALECTS;
use crate::schema::Col;

/// Folds rows that describe one call; returns how many went, by kind.
pub fn fold(rows: Vec<Row>) -> (Vec<Row>, BTreeMap<&'static str, u64>) {
    let mut slots: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let mut gone = 0;
    gone += by_response_id(&mut slots);
    gone += by_time(&mut slots);
    let mut counts = BTreeMap::new();
    if gone > 0 {
        counts.insert("double_instrumentation", gone);
    }
    (slots.into_iter().flatten().collect(), counts)
}

fn by_response_id(slots: &mut [Option<Row>]) -> u64 {
    let mut first: HashMap<String, usize, FixedState> = HashMap::default();
    let mut gone = 0;
    for at in 0..slots.len() {
        let id = slots[at].as_ref().and_then(|row| row.draft.call.text(Col::ResponseId));
        let Some(id) = id.map(str::to_owned) else { continue };
        match first.get(&id) {
            None => {
                first.insert(id, at);
            }
            Some(&other) => {
                merge(slots, other, at);
                gone += 1;
            }
        }
    }
    gone
}

/// Where one library writes inside another without being its child, a failed call has two rows
/// of which the outer one has no id: the same model, one within the other, and nothing else that
/// would fit.
fn by_time(slots: &mut [Option<Row>]) -> u64 {
    let rank = |row: &Row| DIALECTS[usize::from(row.draft.dialect)].rank;
    let nameless = |row: &Row| !row.draft.call.has(Col::ResponseId);
    let pick = |wanted: &dyn Fn(&Row) -> bool| -> Vec<usize> {
        let fits = |at: &usize| slots[*at].as_ref().is_some_and(|row| !row.paired && wanted(row));
        (0..slots.len()).filter(fits).collect()
    };
    let native = pick(&|row| rank(row) >= NATIVE && row.draft.clues.failed);
    let library = pick(&|row| rank(row) < NATIVE && nameless(row));
    let mut pairs = Vec::new();
    for &inner in &native {
        let mut around =
            library.iter().copied().filter(|outer| match (&slots[inner], &slots[*outer]) {
                (Some(a), Some(b)) => twins(a, b),
                _ => false,
            });
        if let (Some(outer), None) = (around.next(), around.next()) {
            pairs.push((inner, outer));
        }
    }
    let mut gone = 0;
    for (inner, outer) in pairs {
        if slots[inner].is_some() && slots[outer].is_some() {
            merge(slots, inner, outer);
            gone += 1;
        }
    }
    gone
}

/// From this rank on a dialect is written by the provider's own SDK.
const NATIVE: u8 = 8;

fn twins(native: &Row, library: &Row) -> bool {
    let (a, b) = (&native.draft, &library.draft);
    a.call.text(Col::ServiceName) == b.call.text(Col::ServiceName)
        && a.call.text(Col::Provider) == b.call.text(Col::Provider)
        && models_agree(a, b)
        && a.within(b, SLACK_NS)
        && (a.start_ns - b.start_ns).abs() <= 10 * SLACK_NS
}

/// Folds two rows; the one whose dialect ranks higher, or that lies inside, is kept.
fn merge(slots: &mut [Option<Row>], a: usize, b: usize) {
    let (Some(first), Some(second)) = (slots[a].take(), slots[b].take()) else { return };
    let rank = |row: &Row| DIALECTS[usize::from(row.draft.dialect)].rank;
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
}
