//! What HTTP attempts tell of their call: the id to cite, the place, the time lost before it.

use crate::calls::call::{Cell, Cols};
use crate::calls::clues::says_timeout;
use crate::calls::draft::Draft;
use crate::calls::parse::seconds_between;
use crate::calls::trace::Row;
use crate::schema::Col;

/// Columns that an attempt lends to its call.
const LENT: Cols = Cols::of(&[
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
    Col::RateLimitTokens,
    Col::RateLimitTokensLeft,
    Col::RateLimitRequests,
    Col::RateLimitRequestsLeft,
]);

/// An attempt that starts this long before its call, seconds, was timed by another clock.
const OTHER_CLOCK_S: f64 = 1.0;

/// Whether an attempt failed, so that another may follow.
pub fn failed(attempt: &Draft<'_>) -> bool {
    attempt.clues.failed || attempt.call.int(Col::HttpStatus).is_some_and(|status| status >= 400)
}

/// Fills what the attempts tell of their call.
pub fn settle(row: &mut Row) {
    let draft = &mut row.draft;
    let told = match (draft.clues.resends, draft.clues.failed_before) {
        (None, 0) => None,
        (resends, before) => Some(resends.unwrap_or(0).saturating_add(before).saturating_add(1)),
    };
    let (Some(first), Some(last)) = (row.attempts.first(), row.attempts.last()) else {
        draft.call.set(Col::Attempts, told.map_or(Cell::Null, Cell::Int));
        return;
    };
    // Requests after one that succeeded are no retries: one span may hold several exchanges.
    let retried = row.attempts.windows(2).filter(|pair| failed(&pair[0]));
    // From plain zero: an empty sum of floats is minus zero.
    let lost_s = retried
        .clone()
        .map(|pair| seconds_between(pair[0].start_ns, pair[1].start_ns))
        .fold(0.0, |all, lost| all + lost);
    let seen = i64::try_from(retried.count() + 1).unwrap_or(i64::MAX);
    draft.call.set(Col::Attempts, Cell::Int(told.unwrap_or(seen).max(seen)));
    if told.is_none_or(|told| told <= seen) {
        draft.call.set(Col::RetryWaitS, Cell::Float(lost_s));
    }
    let status = |attempt: &Draft| attempt.call.int(Col::HttpStatus);
    if row.attempts.iter().any(|attempt| status(attempt).is_some()) {
        let refused = row.attempts.iter().filter(|attempt| status(attempt) == Some(429)).count();
        draft.call.set(Col::RefusedAttempts, Cell::Int(i64::try_from(refused).unwrap_or(0)));
    }
    let wait_s = seconds_between(draft.start_ns, first.start_ns);
    // An attempt outside its call was timed by another clock: what was waited is not known.
    let on_this_clock = wait_s > -OTHER_CLOCK_S && first.start_ns <= draft.last_ns();
    if on_this_clock || draft.end_ns.is_none() {
        draft.call.set(Col::ClientWaitS, Cell::Float(wait_s.max(0.0)));
    }
    if let Some(after_s) = draft.clues.ttft_after_headers_s
        && !draft.call.has(Col::TtftS)
    {
        let headers_s = seconds_between(draft.start_ns, last.last_ns());
        draft.call.set(Col::TtftS, Cell::Float(headers_s + after_s));
    }
    draft.call.fill_where(&last.call, LENT);
    draft.call.fill_segments(&last.call);
    if draft.clues.failed && last.call.text(Col::ErrorType).is_some_and(says_timeout) {
        draft.clues.timed_out = true;
    }
}
