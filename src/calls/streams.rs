//! A stream that two spans of different traces tell: one that ends when it opens, and a record
//! of no length, written at its end, that says how long it ran.

use std::collections::HashSet;

use crate::calls::Cell;
use crate::calls::draft::Draft;
use crate::calls::parse::s_to_ns;
use crate::calls::trace::{Row, SLACK_NS};
use crate::dialects::Part;
use crate::schema::Col;

/// Whoever opens a stream reads on within this time.
const PAUSE_NS: i64 = 1_000_000_000;

/// What a row may be of a stream that two spans tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// It opened then.
    Opened(i64),
    /// It ended, and had opened about then.
    Ended(i64),
}

/// Which half of a stream a row may be.
pub fn half(draft: &Draft) -> Option<Half> {
    let in_two = draft.dialect.spans.iter().any(|rule| rule.part == Part::Twin);
    if !in_two || draft.clues.failed {
        return None;
    }
    match draft.clues.stream_s {
        Some(length_s) => {
            let no_length = draft.end_ns.is_none_or(|end_ns| end_ns == draft.start_ns);
            no_length.then(|| Half::Ended(draft.start_ns.saturating_sub(s_to_ns(length_s))))
        }
        None => (!draft.call.has(Col::OutputTokens)).then(|| Half::Opened(draft.last_ns())),
    }
}

/// Whether a stream that opened at one time can be the one that ran from another.
pub const fn may_be_one(opened_ns: i64, ran_from_ns: i64) -> bool {
    opened_ns >= ran_from_ns.saturating_sub(PAUSE_NS)
        && opened_ns <= ran_from_ns.saturating_add(SLACK_NS)
}

/// Openings with the record of their end, where nothing else fits.
pub fn pairs(rows: &[Option<&Row>]) -> Vec<(usize, usize)> {
    let halves: Vec<(usize, &Draft<'_>, Half)> = rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| {
            let draft = &(*row)?.draft;
            Some((at, draft, half(draft)?))
        })
        .collect();
    let mut opened: Vec<(i64, usize, &Draft)> = halves
        .iter()
        .filter_map(|(at, draft, half)| match half {
            Half::Opened(opened_ns) => Some((*opened_ns, *at, *draft)),
            Half::Ended(_) => None,
        })
        .collect();
    opened.sort_by_key(|(opened_ns, at, _)| (*opened_ns, *at));
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for (ended, draft, half) in halves {
        let Half::Ended(ran_from_ns) = half else { continue };
        let from = opened.partition_point(|open| open.0 < ran_from_ns.saturating_sub(PAUSE_NS));
        let fits = opened[from..].iter().take_while(|open| may_be_one(open.0, ran_from_ns));
        let fits: Vec<_> = fits.filter(|open| alike(open.2, draft)).collect();
        // Mostly it is read at once.
        let at_once: Vec<_> =
            fits.iter().filter(|open| open.0 >= ran_from_ns.saturating_sub(SLACK_NS)).collect();
        let only = match (at_once.as_slice(), fits.as_slice()) {
            ([only], _) => Some(only.1),
            ([], [only]) => Some(only.1),
            _ => None,
        };
        if let Some(call) = only.filter(|call| taken.insert(*call)) {
            pairs.push((call, ended));
        }
    }
    pairs
}

fn alike(opened: &Draft, ended: &Draft) -> bool {
    opened.dialect.id == ended.dialect.id
        && [Col::ServiceName, Col::RequestModel]
            .iter()
            .all(|col| opened.call.text(*col) == ended.call.text(*col))
}

/// One call of both: its start from the opening, its end and usage from the record.
pub fn joined<'a>(mut opened: Row<'a>, ended: &Row<'a>) -> Row<'a> {
    let draft = &mut opened.draft;
    let end_ns = draft.last_ns().max(ended.draft.start_ns);
    draft.fill_from(&ended.draft);
    draft.end_ns = Some(end_ns);
    draft.call.set(Col::Streaming, Cell::Bool(true));
    opened
}
