//! What calls tell of rate limits: the pace that was reached, the limits and what was left of them
//! as response headers say, and at what pace calls were refused.

use std::collections::BTreeMap;

use crate::calls::CallTable;
use crate::diagnosis::capacity::{Limits, Quota};
use crate::schema::Col;
use crate::stats::quantile::{median, quantile};

/// Share of calls refused from which a limit, and no mishap, is at work.
const LEAST_SHARE: f64 = 0.01;
/// Providers whose limit of requests is of a day.
const DAILY: [&str; 1] = ["groq"];

/// What came in a minute.
#[derive(Default)]
struct Minute {
    tokens: f64,
    calls: f64,
    refused: bool,
}

/// Over the calls of a deployment, failed ones included; and whether a limit was reached: not a
/// few refusals at any pace, but many at a high one.
pub fn limits(table: &CallTable, rows: &[usize]) -> (Limits, bool) {
    let starts = table.starts_ns();
    let [input, output] = [Col::InputTokens, Col::OutputTokens].map(|col| table.numbers(col));
    let refusals = Refusals::of(table);
    let mut minutes: BTreeMap<i64, Minute> = BTreeMap::new();
    let (mut refused, mut retried) = (0, 0);
    for &row in rows {
        let minute = minutes.entry(starts[row].div_euclid(60_000_000_000)).or_default();
        let known = |value: f64| if value.is_finite() { value } else { 0.0 };
        minute.tokens += known(input[row]) + known(output[row]);
        minute.calls += 1.0;
        match refusals.at(row) {
            Some(true) => (refused, minute.refused) = (refused + 1, true),
            // A wait between attempts that nobody explains.
            None => (retried, minute.refused) = (retried + 1, true),
            Some(false) => {}
        }
    }
    let of = |value: fn(&Minute) -> f64| minutes.values().map(value).collect::<Vec<f64>>();
    let (tokens, calls) = (of(|minute| minute.tokens), of(|minute| minute.calls));
    let at: Vec<f64> =
        minutes.values().filter(|minute| minute.refused).map(|minute| minute.tokens).collect();
    let pace = median(&at).filter(|tokens| *tokens > 0.0);
    let busy = quantile(&tokens, 0.75);
    // A retry whose reason is not recorded may have followed any error.
    let many = refused > 0 && refused as f64 >= LEAST_SHARE * rows.len() as f64;
    let reached = many && pace.zip(busy).is_some_and(|(pace, busy)| pace > busy);
    let tokens_p99 = quantile(&tokens, 0.99).filter(|tokens| *tokens > 0.0);
    let calls_p99 = quantile(&calls, 0.99);
    let limits = Limits {
        tokens_per_minute_p99: tokens_p99,
        calls_per_minute_p99: calls_p99,
        refused_calls: refused,
        retried_calls: retried,
        tokens_per_minute_refused: pace,
        quotas: quotas(table, rows, tokens_p99, calls_p99),
    };
    (limits, reached)
}

/// Whether a call met a 429.
struct Refusals {
    status: Vec<f64>,
    attempts: Vec<f64>,
    retry: Vec<f64>,
    errors: crate::calls::Codes,
}

impl Refusals {
    fn of(table: &CallTable) -> Self {
        Self {
            status: table.numbers(Col::HttpStatus),
            attempts: table.numbers(Col::RefusedAttempts),
            retry: table.numbers(Col::RetryWaitS),
            errors: table.codes(Col::ErrorType.name()),
        }
    }

    /// None where it waited for a retry whose reason is not recorded.
    fn at(&self, row: usize) -> Option<bool> {
        let limited = self.errors.get(row).is_some_and(|error| {
            let lower = error.to_ascii_lowercase();
            lower.contains("429") || lower.contains("ratelimit") || lower.contains("rate_limit")
        });
        if limited || self.status[row] == 429.0 || self.attempts[row] > 0.0 {
            return Some(true);
        }
        let told = self.attempts[row].is_finite() || self.retry[row].is_nan();
        (told || self.retry[row] <= 0.0).then_some(false)
    }
}

/// What the headers say of the account's limits, held against the busiest minutes.
fn quotas(
    table: &CallTable,
    rows: &[usize],
    tokens_p99: Option<f64>,
    calls_p99: Option<f64>,
) -> Vec<Quota> {
    let providers = table.codes(Col::Provider.name());
    let daily = rows
        .first()
        .and_then(|row| providers.get(*row))
        .is_some_and(|provider| DAILY.contains(&provider));
    let both = [
        ("tokens_per_minute", Col::RateLimitTokens, Col::RateLimitTokensLeft, tokens_p99),
        ("calls_per_minute", Col::RateLimitRequests, Col::RateLimitRequestsLeft, calls_p99),
    ];
    let quota = |(of, limit, left, used): (&'static str, Col, Col, Option<f64>)| {
        let (limits, left) = (table.numbers(limit), table.numbers(left));
        let known: Vec<f64> = rows.iter().map(|row| limits[*row]).filter(|l| *l > 0.0).collect();
        let left: Vec<f64> = rows.iter().map(|row| left[*row]).filter(|l| *l >= 0.0).collect();
        // Where only what is left is told, the most that ever was is the least the limit can be.
        let limit = median(&known).or_else(|| left.iter().copied().reduce(f64::max))?;
        let least = quantile(&left, 0.01);
        let taken = least.map_or(0.0, |least| (limit - least).max(0.0)).max(used.unwrap_or(0.0));
        Some(Quota {
            of,
            limit,
            limit_told: !known.is_empty(),
            used_p99: used,
            left_p01: least,
            headroom_scale: (taken > 0.0 && limit > 0.0).then(|| limit / taken),
        })
    };
    let told = both.into_iter().filter(|(of, ..)| !(daily && *of == "calls_per_minute"));
    told.filter_map(quota).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, Cell};

    /// A call a minute of so many tokens; refused where `refused` says so.
    fn calls(tokens: &[i64], refused: impl Fn(usize) -> bool) -> Vec<Call<'static>> {
        let call = |(at, tokens): (usize, &i64)| {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(at as i64 * 60_000_000_000));
            call.set(Col::InputTokens, Cell::Int(*tokens));
            call.set(Col::HttpStatus, Cell::Int(if refused(at) { 429 } else { 200 }));
            call
        };
        tokens.iter().enumerate().map(call).collect()
    }

    #[test]
    fn a_limit_is_many_refusals_at_a_high_pace() {
        let tokens: Vec<i64> = (0..100).map(|at| 1000 * (1 + at % 10)).collect();
        let rows: Vec<usize> = (0..100).collect();
        let table = |refused: fn(usize) -> bool| CallTable::from_calls(calls(&tokens, refused));
        let (found, reached) = limits(&table(|at| at % 10 == 9), &rows);
        assert!(reached);
        assert_eq!(found.refused_calls, 10);
        assert_eq!(found.tokens_per_minute_refused, Some(10_000.0));
        assert!(found.quotas.is_empty(), "no header, no headroom");
        assert!(!limits(&table(|at| at % 10 == 4), &rows).1, "any pace");
        assert!(!limits(&table(|_| false), &rows).1);
    }

    #[test]
    fn a_retry_counts_as_refused_only_where_a_429_is_recorded() {
        let mut all = calls(&[1000; 4], |_| false);
        all[0].set(Col::RetryWaitS, Cell::Float(1.0));
        all[1].set(Col::RetryWaitS, Cell::Float(1.0));
        all[1].set(Col::RefusedAttempts, Cell::Int(1));
        all[2].set(Col::RetryWaitS, Cell::Float(1.0));
        all[2].set(Col::RefusedAttempts, Cell::Int(0));
        let (found, _) = limits(&CallTable::from_calls(all), &[0, 1, 2, 3]);
        assert_eq!((found.refused_calls, found.retried_calls), (1, 1));
    }

    #[test]
    fn headroom_is_the_limit_over_the_busiest_minute_or_over_what_was_taken() {
        let mut all = calls(&[1000; 50], |_| false);
        for (at, call) in all.iter_mut().enumerate() {
            call.set(Col::RateLimitTokens, Cell::Int(10_000));
            call.set(Col::RateLimitTokensLeft, Cell::Int(if at < 5 { 6000 } else { 9000 }));
            call.set(Col::RateLimitRequestsLeft, Cell::Int(99));
        }
        let rows: Vec<usize> = (0..50).collect();
        let found = limits(&CallTable::from_calls(all), &rows).0.quotas;
        assert_eq!(found[0].headroom_scale, Some(2.5), "others of the account took the rest");
        assert!(found[0].limit_told && !found[1].limit_told);
        assert_eq!(found[1].headroom_scale, Some(99.0), "one call a minute of at least 99");
    }
}
