//! What calls tell of rate limits: tokens and calls a minute, and at what pace they were refused.

use std::collections::BTreeMap;

use crate::calls::CallTable;
use crate::diagnosis::capacity::Limits;
use crate::schema::Col;
use crate::stats::quantile::{median, quantile};

/// Share of calls refused from which a limit, and no mishap, is at work.
const LEAST_SHARE: f64 = 0.01;

/// Over the calls of a deployment, failed ones included; and whether a limit was reached: not a
/// few refusals at any pace, but many at a high one.
pub fn limits(table: &CallTable, rows: &[usize]) -> (Limits, bool) {
    let starts = table.starts_ns();
    let [input, output, status, retry] =
        [Col::InputTokens, Col::OutputTokens, Col::HttpStatus, Col::RetryWaitS]
            .map(|col| table.numbers(col));
    let errors = table.codes(Col::ErrorType.name());
    let mut minutes: BTreeMap<i64, (f64, f64, bool)> = BTreeMap::new();
    let mut refused = 0;
    for &row in rows {
        let minute = minutes.entry(starts[row].div_euclid(60_000_000_000)).or_default();
        let known = |value: f64| if value.is_finite() { value } else { 0.0 };
        minute.0 += known(input[row]) + known(output[row]);
        minute.1 += 1.0;
        let limited = errors.get(row).is_some_and(|error| {
            error.contains("429") || error.to_ascii_lowercase().contains("ratelimit")
        });
        // A wait between attempts is a refusal that a retry helped.
        if status[row] == 429.0 || limited || retry[row] > 0.0 {
            refused += 1;
            minute.2 = true;
        }
    }
    let tokens: Vec<f64> = minutes.values().map(|minute| minute.0).collect();
    let calls: Vec<f64> = minutes.values().map(|minute| minute.1).collect();
    let at: Vec<f64> = minutes.values().filter(|minute| minute.2).map(|minute| minute.0).collect();
    let pace = median(&at).filter(|tokens| *tokens > 0.0);
    let busy = quantile(&tokens, 0.75);
    let many = refused as f64 >= LEAST_SHARE * rows.len() as f64;
    let reached = many && pace.zip(busy).is_some_and(|(pace, busy)| pace > busy);
    let limits = Limits {
        tokens_per_minute_p99: quantile(&tokens, 0.99).filter(|tokens| *tokens > 0.0),
        calls_per_minute_p99: quantile(&calls, 0.99),
        refused_calls: refused,
        tokens_per_minute_refused: pace,
    };
    (limits, reached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{Call, Cell};

    /// A call a minute of so many tokens; refused where `refused` says so.
    fn table(tokens: &[i64], refused: impl Fn(usize) -> bool) -> CallTable {
        let call = |(at, tokens): (usize, &i64)| {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(at as i64 * 60_000_000_000));
            call.set(Col::InputTokens, Cell::Int(*tokens));
            call.set(Col::HttpStatus, Cell::Int(if refused(at) { 429 } else { 200 }));
            call
        };
        CallTable::from_calls(tokens.iter().enumerate().map(call).collect())
    }

    #[test]
    fn a_limit_is_many_refusals_at_a_high_pace() {
        let tokens: Vec<i64> = (0..100).map(|at| 1000 * (1 + at % 10)).collect();
        let rows: Vec<usize> = (0..100).collect();
        let (found, reached) = limits(&table(&tokens, |at| at % 10 == 9), &rows);
        assert!(reached);
        assert_eq!(found.refused_calls, 10);
        assert_eq!(found.tokens_per_minute_refused, Some(10_000.0));
        assert!(!limits(&table(&tokens, |at| at % 10 == 4), &rows).1, "any pace");
        assert!(!limits(&table(&tokens, |_| false), &rows).1);
    }
}
