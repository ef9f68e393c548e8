//! Values that are written and yet not to be believed: a first chunk at the end, zeros for
//! unknown, a cached count that never moves.

use super::measure::{Group, Rows};
use crate::diagnosis::Ingest;
use crate::schema::Col;

/// Fewest calls on which a pattern is more than chance.
const FEWEST: usize = 20;
/// A stream whose first chunk came after this part of it was handed over at once.
const AT_THE_END: f64 = 0.98;
/// An answer of so many tokens takes time after its first.
const LONG_ANSWER: f64 = 16.0;
/// From so many tokens on a prompt is cached by the providers that do it unasked.
const CACHEABLE: f64 = 1024.0;
/// Providers that cache without being asked.
const CACHE_UNASKED: [&str; 4] = ["openai", "azure.ai.openai", "deepseek", "gcp.gemini"];

/// Why the values of a column on the calls that carry it cannot be believed.
pub(super) fn doubt(rows: &Rows, col: Col, carry: &[usize]) -> Option<String> {
    match col {
        Col::TtftS => at_the_end(rows, carry),
        Col::CacheReadTokens => constant_cache(rows, carry),
        Col::OutputTokens
        | Col::InputTokens
        | Col::QueueWaitS
        | Col::ServerProcessingS
        | Col::ItlP95S
        | Col::BatchSize => all_zero(rows, col, carry),
        _ => None,
    }
}

/// A first chunk that comes with the last: the whole answer was handed over at once.
fn at_the_end(rows: &Rows, carry: &[usize]) -> Option<String> {
    let (ttft, duration, output) =
        (rows.column(Col::TtftS), rows.column(Col::DurationS), rows.column(Col::OutputTokens));
    let long: Vec<usize> = carry
        .iter()
        .copied()
        .filter(|row| output[*row] >= LONG_ANSWER && duration[*row] > 0.0)
        .collect();
    let late = long.iter().filter(|row| ttft[**row] >= AT_THE_END * duration[**row]).count();
    (late >= 3 && late * 2 >= long.len()).then(|| {
        format!(
            "it equals the duration on {late} of {} answers of {LONG_ANSWER} tokens or more",
            long.len()
        )
    })
}

fn all_zero(rows: &Rows, col: Col, carry: &[usize]) -> Option<String> {
    let values = rows.column(col);
    let zero = carry.iter().all(|row| values[*row] == 0.0);
    (carry.len() >= FEWEST && zero)
        .then(|| format!("it is zero on all {} calls: zero stands for unknown", carry.len()))
}

/// A count that never moves tells nothing, where others would.
fn constant_cache(rows: &Rows, carry: &[usize]) -> Option<String> {
    let (read, input) = (rows.column(Col::CacheReadTokens), rows.column(Col::InputTokens));
    let first = read[*carry.first()?];
    if carry.len() < FEWEST || carry.iter().any(|row| read[*row] != first) {
        return None;
    }
    if first > 0.0 {
        return (rows.models(carry) >= 2)
            .then(|| format!("it is {first} on all {} calls, whatever the model", carry.len()));
    }
    let unasked = |row: &&usize| {
        input[**row] >= CACHEABLE
            && rows.provider_of(**row).is_some_and(|name| CACHE_UNASKED.contains(&name))
    };
    let long = carry.iter().filter(unasked).count();
    (long >= FEWEST).then(|| {
        format!(
            "it is zero on all {} calls, {long} of them with prompts of {CACHEABLE} tokens or \
             more to a provider that caches unasked",
            carry.len()
        )
    })
}

/// Values of the group that reading refused already, where hardly any is left.
pub(super) fn refused(
    col: Col,
    group: &Group<'_>,
    known: usize,
    ingest: &Ingest,
) -> Option<String> {
    let of_here = ingest.rejected_of.iter().filter(|entry| {
        entry.service.as_deref() == group.service
            && entry.dialect == group.dialect
            && about(entry.reason) == Some(col)
    });
    let worst = of_here.max_by_key(|entry| entry.calls)?;
    let known = u64::try_from(known).unwrap_or(u64::MAX);
    (worst.calls > known).then(|| {
        let calls = if worst.calls == 1 { "call" } else { "calls" };
        format!("{} on {} {calls}", worst.reason, worst.calls)
    })
}

/// The column that a refusal tells of.
fn about(reason: &str) -> Option<Col> {
    match reason {
        "first chunk counted from the headers"
        | "first chunk on a call that did not stream"
        | "first chunk after the end of the call"
        | "time before the call's start" => Some(Col::TtftS),
        "decode time beyond the end of the call" => Some(Col::DecodeS),
        "cached tokens above the prompt" => Some(Col::CacheReadTokens),
        "zeros where the usage is not known" => Some(Col::InputTokens),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::audit;
    use crate::calls::{Call, CallTable, Cell};
    use crate::diagnosis::Ingest;
    use crate::diagnosis::audit::{AttributeAudit, State};
    use crate::schema::Col;

    fn attribute(change: impl Fn(i64, &mut Call<'_>), column: &str) -> AttributeAudit {
        let calls = (0..40).map(|at| {
            let mut call = Call::default();
            call.set(Col::Start, Cell::Int(at));
            for (col, text) in [
                (Col::ServiceName, "rag"),
                (Col::Dialect, "semconv"),
                (Col::Status, "ok"),
                (Col::Provider, "openai"),
            ] {
                call.set_text(col, text);
            }
            call.set_text(Col::RequestModel, if at % 2 == 0 { "a" } else { "b" });
            call.set(Col::Streaming, Cell::Bool(true));
            call.set(Col::DurationS, Cell::Float(2.0));
            call.set(Col::TtftS, Cell::Float(0.5));
            call.set(Col::InputTokens, Cell::Int(2000 + at));
            call.set(Col::OutputTokens, Cell::Int(100));
            call.set(Col::CacheReadTokens, Cell::Int(128 * (at % 5)));
            change(at, &mut call);
            call
        });
        let audit = audit(&CallTable::from_calls(calls.collect()), &Ingest::default());
        let found = audit.services.into_iter().flat_map(|service| service.dialects);
        let mut all = found.flat_map(|dialect| dialect.attributes);
        all.find(|entry| entry.column == column).unwrap()
    }

    #[test]
    fn a_first_chunk_at_the_end_of_every_call_is_not_believed() {
        assert_eq!(attribute(|_, _| {}, "ttft_s").state, State::Present);
        let late = attribute(|_, call| call.set(Col::TtftS, Cell::Float(1.999)), "ttft_s");
        assert_eq!(late.state, State::NotCredible);
        assert!(late.because.unwrap().contains("40 of 40"));
    }

    #[test]
    fn a_few_answers_handed_over_at_once_are_no_pattern() {
        let one = |at: i64, call: &mut Call| {
            if at < 10 {
                call.set(Col::TtftS, Cell::Float(1.999));
            }
        };
        assert_eq!(attribute(one, "ttft_s").state, State::Present);
    }

    #[test]
    fn a_cached_count_that_never_moves_is_not_believed() {
        assert_eq!(attribute(|_, _| {}, "cache_read_tokens").state, State::Present);
        for count in [0, 1024] {
            let same = |_, call: &mut Call| call.set(Col::CacheReadTokens, Cell::Int(count));
            assert_eq!(attribute(same, "cache_read_tokens").state, State::NotCredible, "{count}");
        }
        let short = |_, call: &mut Call| {
            call.set(Col::CacheReadTokens, Cell::Int(0));
            call.set(Col::InputTokens, Cell::Int(300));
        };
        let short = attribute(short, "cache_read_tokens");
        assert_eq!(short.state, State::Present, "prompts too short to be cached");
    }

    #[test]
    fn zeros_for_unknown_are_not_believed() {
        let zero = |_, call: &mut Call| call.set(Col::QueueWaitS, Cell::Float(0.0));
        assert_eq!(attribute(zero, "queue_wait_s").state, State::NotCredible);
        assert_eq!(attribute(|_, _| {}, "queue_wait_s").state, State::Absent);
    }

    #[test]
    fn an_attribute_on_a_part_of_the_calls_is_there_sometimes() {
        let some = |at: i64, call: &mut Call| {
            if at % 2 == 0 {
                call.set(Col::TtftS, Cell::Null);
            }
        };
        let found = attribute(some, "ttft_s");
        assert_eq!((found.state, found.known, found.of), (State::Sometimes, 20, 40));
        assert!(!found.costs.is_empty() && found.loses.is_some());
    }
}
