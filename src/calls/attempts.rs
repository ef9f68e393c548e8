//! HTTP attempts that no parent ties to their call: joined by time, where only one call fits.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::draft::Draft;
use crate::calls::trace::{Row, is_generating, seconds_between};
use crate::calls::Cell;
use crate::ingest::{Id, Span};
use crate::schema::Col;

/// How far an attempt may stick out of its call: the two spans are closed by different code.
const SLACK_NS: i64 = 50_000_000;

/// How closely an attempt is tied to a call, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// Same trace and same parent span.
    Sibling,
    /// Same trace.
    Trace,
    /// Same service instance only.
    Process,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    tie: Tie,
    gap_ns: i64,
    attempt: usize,
    row: usize,
}

/// Gives every loose attempt to the call that it fits. A call takes its first attempt, and
/// further ones only after failed ones.
pub fn join(rows: &mut [Row], loose: Vec<Draft>, spans: &[Span]) {
    let loose: Vec<Draft> = loose.into_iter().filter(generating).collect();
    if loose.is_empty() {
        return;
    }
    let mut pairs = pairs(rows, &loose, spans);
    pairs.sort_unstable();
    let mut owner: Vec<Option<usize>> = vec![None; loose.len()];
    let mut taken: HashMap<usize, Vec<usize>, FixedState> = HashMap::default();
    // One round a retry: the nearest attempt first, then those behind a failed one.
    for _ in 0..8 {
        let mut grown = false;
        for pair in &pairs {
            if owner[pair.attempt].is_some() {
                continue;
            }
            let have = taken.entry(pair.row).or_default();
            let fits = match have.last() {
                None => true,
                Some(last) => {
                    failed(&loose[*last]) && loose[pair.attempt].start_ns >= loose[*last].last_ns()
                }
            };
            if fits {
                owner[pair.attempt] = Some(pair.row);
                have.push(pair.attempt);
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    for (draft, row) in loose.into_iter().zip(owner) {
        if let Some(row) = row {
            rows[row].attempts.push(draft);
        }
    }
    for row in rows {
        row.attempts.sort_by_key(|attempt| (attempt.start_ns, attempt.span));
    }
}

fn generating(attempt: &Draft) -> bool {
    attempt.clues.url_path.as_deref().is_some_and(is_generating)
}

/// Whether an attempt failed, so that another may follow.
fn failed(attempt: &Draft) -> bool {
    attempt.clues.failed || attempt.call.int(Col::HttpStatus).is_some_and(|status| status >= 400)
}

/// Calls without attempts, by service instance, in order of start.
fn pairs(rows: &[Row], loose: &[Draft], spans: &[Span]) -> Vec<Pair> {
    let mut by_service: HashMap<(String, String), Vec<usize>, FixedState> = HashMap::default();
    for (at, row) in rows.iter().enumerate() {
        if row.attempts.is_empty() {
            by_service.entry(service(&row.draft)).or_default().push(at);
        }
    }
    for group in by_service.values_mut() {
        group.sort_by_key(|at| (rows[*at].draft.start_ns, *at));
    }
    // Calls are looked at backwards from the attempt's start: as far as the longest one reaches.
    let longest = rows.iter().map(|row| row.draft.last_ns() - row.draft.start_ns).max();
    let reach = longest.unwrap_or_default().saturating_add(SLACK_NS);
    let mut pairs = Vec::new();
    for (attempt, draft) in loose.iter().enumerate() {
        let Some(group) = by_service.get(&service(draft)) else { continue };
        let after = draft.start_ns.saturating_add(SLACK_NS);
        let end = group.partition_point(|at| rows[*at].draft.start_ns <= after);
        for &row in group[..end].iter().rev() {
            let call = &rows[row].draft;
            let gap_ns = draft.start_ns.saturating_sub(call.start_ns);
            if gap_ns > reach {
                break;
            }
            if fits(draft, call) {
                let tie = tie(draft, call, spans);
                pairs.push(Pair { tie, gap_ns: gap_ns.abs(), attempt, row });
            }
        }
    }
    pairs
}

fn service(draft: &Draft) -> (String, String) {
    let name = draft.call.text(Col::ServiceName).unwrap_or_default().to_owned();
    (name, String::new())
}

/// Whether an attempt can be one of a call's, by time, endpoint and outcome.
fn fits(attempt: &Draft, call: &Draft) -> bool {
    if !attempt.within(call, SLACK_NS) {
        return false;
    }
    let kinds = (attempt.clues.url_path.as_deref(), call.call.text(Col::ResponseId));
    if let (Some(path), Some(id)) = kinds
        && !endpoint_agrees(path, id)
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
    let ends = |end: &str| path.ends_with(end);
    match response_id.split(['_', '-']).next() {
        Some("resp") => ends("/responses"),
        Some("msg") => ends("/messages"),
        Some("chatcmpl") => !ends("/responses") && !path.contains("enerateContent"),
        _ => true,
    }
}

fn tie(attempt: &Draft, call: &Draft, spans: &[Span]) -> Tie {
    let span = |draft: &Draft| spans.get(usize::try_from(draft.span).unwrap_or(usize::MAX));
    let (Some(a), Some(c)) = (span(attempt), span(call)) else { return Tie::Process };
    let same_trace = a.trace_id == c.trace_id && a.trace_id != Id::None;
    match (same_trace, a.parent_span_id == c.parent_span_id && !a.parent_span_id.is_none()) {
        (true, true) => Tie::Sibling,
        (true, false) => Tie::Trace,
        _ => Tie::Process,
    }
}

/// Columns that an attempt lends to its call.
const LENT: [Col; 17] = [
    Col::RequestId,
    Col::Region,
    Col::PoolId,
    Col::EdgePop,
    Col::ServerProcessingS,
    Col::ServerTtftS,
    Col::QueueWaitS,
    Col::PrefillS,
    Col::ServerDecodeS,
    Col::RunningRequests,
    Col::SpecAcceptanceRatio,
    Col::CacheReadTokens,
    Col::CacheWriteTokens,
    Col::ServiceTier,
    Col::ServerAddress,
    Col::HttpStatus,
    Col::Streaming,
];

/// Fills what the attempts tell of their call.
pub fn settle(row: &mut Row) {
    let draft = &mut row.draft;
    let resends = draft.clues.resends;
    let (Some(first), Some(last)) = (row.attempts.first(), row.attempts.last()) else {
        if let Some(resends) = resends {
            draft.call.set(Col::Attempts, Cell::Int(resends.saturating_add(1)));
        }
        return;
    };
    let seen = i64::try_from(row.attempts.len()).unwrap_or(i64::MAX);
    let told = resends.map_or(seen, |resends| resends.saturating_add(1)).max(seen);
    draft.call.set(Col::Attempts, Cell::Int(told));
    let wait_s = seconds_between(draft.start_ns, first.start_ns);
    draft.call.set(Col::ClientWaitS, Cell::Float(wait_s.max(0.0)));
    if told == seen {
        let lost_s = seconds_between(first.start_ns, last.start_ns);
        draft.call.set(Col::RetryWaitS, Cell::Float(lost_s));
    }
    if let Some(after) = draft.clues.ttft_after_headers_s
        && !draft.call.has(Col::TtftS)
    {
        let headers_s = seconds_between(draft.start_ns, last.last_ns());
        draft.call.set(Col::TtftS, Cell::Float(headers_s + after));
    }
    draft.call.fill_where(&last.call, |col| LENT.contains(&col));
    let spilled: Vec<_> = last.call.segments.clone();
    for segment in spilled {
        if !draft.call.segments.iter().any(|(have, _)| *have == segment.0) {
            draft.call.segments.push(segment);
        }
    }
    let last_error = last.call.text(Col::ErrorType).map(str::to_owned);
    if let Some(error) = last_error {
        draft.clues.timed_out |= draft.clues.failed && super::draft::says_timeout(&error);
    }
}
