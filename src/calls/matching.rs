//! HTTP attempts that no parent ties to their call: matched by request id, trace and time.
//!
//! A wrong id in a ticket is worse than none. A pair stands where the two fit in time, endpoint
//! and outcome, and where no other assignment of about the same likelihood exists.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::attempts::failed;
use crate::calls::draft::Draft;
use crate::calls::endpoints::is_generating;
use crate::calls::parse::seconds_between;
use crate::calls::trace::Row;
use crate::dialects::hosts;
use crate::ingest::{Id, SpanList};
use crate::schema::Col;

/// How far an attempt may stick out of its call: the two spans are closed by different code.
const SLACK_NS: i64 = 50_000_000;

/// Gaps below this are alike: the time that client code takes between its span and the request.
const ALIKE_S: f64 = 1e-3;

/// An assignment is doubtful when another one is at least this likely beside it.
const DOUBT: f64 = 1.0 / 3.0;

/// How closely an attempt is tied to a call, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// The call's span carries the attempt's request id.
    RequestId,
    /// Same trace and same parent span.
    Sibling,
    /// Same trace.
    Trace,
    /// Same service only.
    Service,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    tie: Tie,
    /// From the call's start to the attempt's.
    gap_s: f64,
    attempt: usize,
    row: usize,
}

/// Whether an attempt that no parent ties to a call may be one's: it asks for an answer.
pub fn may_match(attempt: &Draft) -> bool {
    attempt.clues.url_path.as_deref().is_some_and(is_generating)
}

/// Gives every loose attempt that [`may_match`] to the call that it fits; those that fit none, or
/// several, are left. Returns how many were left.
pub fn join<'a>(rows: &mut [Row<'a>], loose: Vec<Draft<'a>>, spans: &SpanList) -> u64 {
    if loose.is_empty() {
        return 0;
    }
    let pairs = pairs(rows, &loose, spans);
    let owner = Matching::new(&pairs, rows, &loose).solve();
    let mut left = 0;
    for (draft, row) in loose.into_iter().zip(owner) {
        match row {
            Some(row) => rows[row].attempts.push(draft),
            None => left += 1,
        }
    }
    for row in rows {
        row.attempts.sort_by_key(|attempt| attempt.start_ns);
    }
    left
}

/// Every attempt with every call without attempts that it fits.
fn pairs(rows: &[Row], loose: &[Draft], spans: &SpanList) -> Vec<Pair> {
    let mut by_service: HashMap<&str, Vec<usize>, FixedState> = HashMap::default();
    for (at, row) in rows.iter().enumerate() {
        if row.attempts.is_empty() {
            by_service.entry(service(&row.draft)).or_default().push(at);
        }
    }
    for group in by_service.values_mut() {
        group.sort_by_key(|at| (rows[*at].draft.start_ns, *at));
    }
    // Calls are looked at backwards from the attempt's start, as far as the longest one reaches.
    let longest = rows.iter().map(|row| row.draft.last_ns() - row.draft.start_ns).max();
    let reach = longest.unwrap_or_default().saturating_add(SLACK_NS);
    let mut pairs = Vec::new();
    for (attempt, draft) in loose.iter().enumerate() {
        let Some(group) = by_service.get(service(draft)) else { continue };
        let after = draft.start_ns.saturating_add(SLACK_NS);
        let end = group.partition_point(|at| rows[*at].draft.start_ns <= after);
        for &row in group[..end].iter().rev() {
            let call = &rows[row].draft;
            if draft.start_ns.saturating_sub(call.start_ns) > reach {
                break;
            }
            if fits(draft, call) {
                let gap_s = seconds_between(call.start_ns, draft.start_ns).max(0.0);
                pairs.push(Pair { tie: tie(draft, call, spans), gap_s, attempt, row });
            }
        }
    }
    pairs.sort_by(|a, b| {
        let key = |pair: &Pair| (pair.tie, pair.attempt, pair.row);
        a.tie.cmp(&b.tie).then(a.gap_s.total_cmp(&b.gap_s)).then(key(a).cmp(&key(b)))
    });
    pairs
}

fn service<'d>(draft: &'d Draft<'_>) -> &'d str {
    draft.call.text(Col::ServiceName).unwrap_or_default()
}

/// Whether an attempt can be one of a call's, by time, id, endpoint and outcome.
fn fits(attempt: &Draft, call: &Draft) -> bool {
    if !attempt.within(call, SLACK_NS) {
        return false;
    }
    if let (Some(a), Some(b)) = (attempt.call.text(Col::RequestId), call.call.text(Col::RequestId))
        && a != b
        && !failed(attempt)
    {
        return false;
    }
    let path = attempt.clues.url_path.as_deref().unwrap_or_default();
    let host = attempt.call.text(Col::ServerAddress).and_then(hosts::provider_of);
    let id = call.call.text(Col::ResponseId);
    let provider = call.call.text(Col::Provider);
    if id.is_some_and(|id| !endpoint_agrees(path, id))
        || provider.is_some_and(|name| !provider_agrees(path, host, name))
    {
        return false;
    }
    // Headers stand before the first chunk.
    let first_chunk = call.call.number(Col::TtftS).or_else(|| {
        let chunks = call.chunks.as_ref()?;
        (chunks.dropped == 0).then_some(chunks.first_s)
    });
    let headers_s = seconds_between(call.start_ns, attempt.last_ns());
    first_chunk.is_none_or(|first| headers_s <= first + 0.05)
}

/// Whether a response id can come from an endpoint.
fn endpoint_agrees(path: &str, response_id: &str) -> bool {
    match response_id.split(['_', '-']).next() {
        Some("resp") => path.ends_with("/responses"),
        Some("msg") => path.ends_with("/messages"),
        // LiteLLM writes such ids for every provider.
        Some("chatcmpl") => !path.ends_with("/responses"),
        _ => true,
    }
}

/// Whether a provider can be behind an endpoint; hosts of compatible endpoints settle it.
fn provider_agrees(path: &str, host: Option<&str>, provider: &str) -> bool {
    if let Some(host) = host {
        return host == provider || host.starts_with("aws.") || host.starts_with("gcp.");
    }
    let gemini = path.contains("enerateContent");
    match provider {
        "gcp.gemini" | "gcp.vertex_ai" | "gcp.gen_ai" => gemini,
        "anthropic" => path.ends_with("/messages") || path.ends_with("/complete"),
        "openai" | "azure.ai.openai" => !gemini && !path.ends_with("/messages"),
        _ => true,
    }
}

fn tie(attempt: &Draft, call: &Draft, spans: &SpanList) -> Tie {
    let ids = (attempt.call.text(Col::RequestId), call.call.text(Col::RequestId));
    if ids.0.is_some() && ids.0 == ids.1 {
        return Tie::RequestId;
    }
    let span = |draft: &Draft| spans.get(usize::try_from(draft.span).unwrap_or(usize::MAX));
    let (Some(a), Some(c)) = (span(attempt), span(call)) else { return Tie::Service };
    let same_trace = a.trace_id == c.trace_id && a.trace_id != Id::None;
    match (same_trace, a.parent_span_id == c.parent_span_id && !a.parent_span_id.is_none()) {
        (true, true) => Tie::Sibling,
        (true, false) => Tie::Trace,
        _ => Tie::Service,
    }
}

struct Matching<'a> {
    pairs: &'a [Pair],
    /// Pairs of each attempt and of each row, by likelihood.
    of_attempt: Vec<Vec<usize>>,
    owner: Vec<Option<usize>>,
    /// The attempt that ended each row's call.
    last: HashMap<usize, usize, FixedState>,
    rows: &'a [Row<'a>],
    loose: &'a [Draft<'a>],
}

impl<'a> Matching<'a> {
    fn new(pairs: &'a [Pair], rows: &'a [Row<'a>], loose: &'a [Draft<'a>]) -> Self {
        let mut of_attempt = vec![Vec::new(); loose.len()];
        for (at, pair) in pairs.iter().enumerate() {
            of_attempt[pair.attempt].push(at);
        }
        let (owner, last) = (vec![None; loose.len()], HashMap::default());
        Self { pairs, of_attempt, owner, last, rows, loose }
    }

    fn solve(mut self) -> Vec<Option<usize>> {
        // The attempt that ended the call comes first: one that succeeded, for a call that did.
        self.greedy(|attempt, row| !failed(attempt) || row.draft.clues.failed);
        self.augment();
        let doubtful = self.doubtful();
        for attempt in doubtful {
            self.owner[attempt] = None;
        }
        self.retries();
        self.owner
    }

    fn may_end(&self, pair: &Pair) -> bool {
        let (attempt, row) = (&self.loose[pair.attempt], &self.rows[pair.row]);
        !failed(attempt) || row.draft.clues.failed
    }

    fn greedy(&mut self, wanted: impl Fn(&Draft, &Row) -> bool) {
        for pair in self.pairs {
            if self.owner[pair.attempt].is_none()
                && !self.last.contains_key(&pair.row)
                && wanted(&self.loose[pair.attempt], &self.rows[pair.row])
            {
                self.owner[pair.attempt] = Some(pair.row);
                self.last.insert(pair.row, pair.attempt);
            }
        }
    }

    /// An attempt that succeeded and found its calls taken makes room where another call also
    /// fits the one that took it.
    fn augment(&mut self) {
        for attempt in 0..self.loose.len() {
            if self.owner[attempt].is_some() || failed(&self.loose[attempt]) {
                continue;
            }
            let mut seen = Vec::new();
            self.find_room(attempt, &mut seen);
        }
    }

    fn find_room(&mut self, attempt: usize, seen: &mut Vec<usize>) -> bool {
        const WIDEST: usize = 64;
        for at in self.of_attempt[attempt].clone() {
            let pair = self.pairs[at];
            if seen.contains(&pair.row) || seen.len() >= WIDEST || !self.may_end(&pair) {
                continue;
            }
            seen.push(pair.row);
            let free = match self.last.get(&pair.row).copied() {
                None => true,
                Some(other) => self.find_room(other, seen),
            };
            if free {
                self.owner[attempt] = Some(pair.row);
                self.last.insert(pair.row, attempt);
                return true;
            }
        }
        false
    }

    /// Attempts for which another assignment is about as likely.
    fn doubtful(&self) -> Vec<usize> {
        let gap = |attempt: usize, row: usize| {
            let fits = self.of_attempt[attempt].iter().map(|at| &self.pairs[*at]);
            fits.clone()
                .find(|pair| pair.row == row && self.may_end(pair))
                .map(|pair| (pair.tie, pair.gap_s + ALIKE_S))
        };
        let doubt = |attempt: usize| -> bool {
            let Some(row) = self.owner[attempt] else { return false };
            let Some((tie, now)) = gap(attempt, row) else { return false };
            if tie == Tie::RequestId {
                return false;
            }
            self.of_attempt[attempt].iter().map(|at| &self.pairs[*at]).any(|other| {
                if other.row == row || other.tie > tie || !self.may_end(other) {
                    return false;
                }
                let moved = other.gap_s + ALIKE_S;
                match self.last.get(&other.row) {
                    None => now / moved >= DOUBT,
                    Some(&taken_by) => match (gap(taken_by, other.row), gap(taken_by, row)) {
                        (Some((_, theirs)), Some((_, swapped))) => {
                            (now * theirs) / (moved * swapped) >= DOUBT
                        }
                        _ => false,
                    },
                }
            })
        };
        (0..self.loose.len()).filter(|attempt| doubt(*attempt)).collect()
    }

    /// Failed attempts before the one that ended the call.
    fn retries(&mut self) {
        for pair in self.pairs.iter().rev() {
            let attempt = &self.loose[pair.attempt];
            if self.owner[pair.attempt].is_some() || !failed(attempt) {
                continue;
            }
            let Some(end) = self.last.get(&pair.row).copied() else { continue };
            let before = self.loose[end].start_ns >= attempt.last_ns();
            if before && self.owner[end] == Some(pair.row) && self.only_call_for(pair.attempt) {
                self.owner[pair.attempt] = Some(pair.row);
            }
        }
    }

    /// Whether a failed attempt precedes the end of one call only.
    fn only_call_for(&self, attempt: usize) -> bool {
        let fits = self.of_attempt[attempt].iter().map(|at| &self.pairs[*at]);
        let closest = fits.clone().map(|pair| pair.tie).min();
        let mut calls = fits.filter(|pair| {
            let end = self.last.get(&pair.row).map(|end| self.loose[*end].start_ns);
            Some(pair.tie) == closest && end.is_some_and(|end| end >= self.loose[attempt].last_ns())
        });
        calls.next().is_some() && calls.next().is_none()
    }
}
