//! Suppositions about the prefix cache: a prefix is there or it is not, so more or fewer hits come
//! as whole prompts that find theirs or do not, and not as every prompt finding a little less.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::recording::{Recording, Request};
use crate::simulate::rng::Rng;
use crate::stats::quantile::quantile;

/// Brings the share of cached prompt tokens to `ratio`. Fewer hits: prompts drawn at random lose
/// their session's past and keep the beginning that all of their head share, as under eviction;
/// where that is not enough, they lose all. More hits: prompts drawn at random find their session's
/// past, or what the best-cached of their head find; where that is not enough, what is left to
/// compute shrinks in proportion.
pub fn supposed(recording: &mut Recording, ratio: f64) {
    let ends = Ends::of(recording);
    let order = order(recording.requests.len());
    let prompt: f64 = recording.requests.iter().map(|request| request.prompt_tokens).sum();
    let now: f64 = recording.requests.iter().map(|request| request.cached_tokens).sum();
    let wanted = ratio * prompt;
    if wanted < now {
        let left = draw(recording, &order, now - wanted, |at, _| ends.least[at]);
        draw(recording, &order, left, |_, _| 0.0);
    } else {
        draw(recording, &order, now - wanted, |at, request| {
            ends.most[at].max(request.cached_tokens)
        });
        rehit(recording, ratio);
    }
}

/// Brings the share of cached prompt tokens to `ratio`: every prompt gains or loses in proportion.
pub fn rehit(recording: &mut Recording, ratio: f64) {
    let prompt: f64 = recording.requests.iter().map(|request| request.prompt_tokens).sum();
    let cached: f64 = recording.requests.iter().map(|request| request.cached_tokens).sum();
    let now = cached / prompt.max(1.0);
    for request in &mut recording.requests {
        let uncached = request.prompt_tokens - request.cached_tokens;
        let wanted = if ratio >= now {
            request.prompt_tokens - uncached * (1.0 - ratio) / (1.0 - now).max(1e-9)
        } else {
            request.cached_tokens * ratio / now.max(1e-9)
        };
        request.cached_tokens = wanted.round().min(request.prompt_tokens - 1.0).max(0.0);
    }
}

/// Changes one request after another until `tokens` fewer (where negative, more) are cached; what
/// is left of them.
fn draw(
    recording: &mut Recording,
    order: &[usize],
    tokens: f64,
    to: impl Fn(usize, &Request) -> f64,
) -> f64 {
    let mut left = tokens;
    for &at in order {
        let request = &mut recording.requests[at];
        let wanted = to(at, request).min(request.prompt_tokens - 1.0).max(0.0);
        let fewer = request.cached_tokens - wanted;
        // The last one goes as far as is needed.
        if left * fewer > 0.0 {
            let part = fewer.abs().min(left.abs()).copysign(left);
            request.cached_tokens -= part;
            left -= part;
        }
    }
    left
}

/// What each prompt would find in a cache that lost its session, and in one that lost nothing.
struct Ends {
    least: Vec<f64>,
    most: Vec<f64>,
}

impl Ends {
    fn of(recording: &Recording) -> Self {
        let mut first: HashMap<u64, Vec<f64>, FixedState> = HashMap::default();
        for request in recording.requests.iter().filter(|request| !request.follows) {
            first.entry(request.head).or_default().push(request.cached_tokens);
        }
        let at = |request: &Request, q: f64| {
            first.get(&request.head).and_then(|cached| quantile(cached, q)).unwrap_or(0.0)
        };
        let mut ends = Self {
            // The rare ones that found less were the first of all.
            least: recording.requests.iter().map(|request| at(request, 0.1)).collect(),
            most: recording.requests.iter().map(|request| at(request, 0.95)).collect(),
        };
        for before in &recording.requests {
            if let Some((next, _)) = before.next
                && before.carried_by(&recording.requests[next])
            {
                ends.most[next] = ends.most[next].max(before.prompt_tokens + before.output_tokens);
            }
        }
        ends
    }
}

/// Every index once, shuffled, always alike.
fn order(count: usize) -> Vec<usize> {
    let mut rng = Rng::keyed(&[count as u64, 331]);
    let mut keyed: Vec<(f64, usize)> = (0..count).map(|at| (rng.range(0.0, 1.0), at)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    keyed.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::super::recording::request;
    use super::*;

    /// Forty sessions of two calls: the first finds 100 of 200 tokens, the second all but 100 of 400.
    fn sessions() -> Recording {
        let pair = |at: usize| {
            let mut first = request(at as f64, 200.0, 100.0, 50.0);
            first.next = Some((2 * at + 1, 1.0));
            let mut second = request(at as f64 + 0.5, 400.0, 300.0, 50.0);
            second.follows = true;
            [first, second]
        };
        Recording::of_requests((0..40).flat_map(pair).collect())
    }

    fn ratio(recording: &Recording) -> f64 {
        let sum = |of: fn(&Request) -> f64| recording.requests.iter().map(of).sum::<f64>();
        sum(|request| request.cached_tokens) / sum(|request| request.prompt_tokens)
    }

    #[test]
    fn fewer_hits_are_sessions_that_lost_their_past() {
        let mut found = sessions();
        supposed(&mut found, 0.5);
        assert!((ratio(&found) - 0.5).abs() < 1e-9);
        let second: Vec<f64> =
            found.requests.iter().skip(1).step_by(2).map(|request| request.cached_tokens).collect();
        let whole = second.iter().filter(|cached| **cached == 300.0).count();
        let lost = second.iter().filter(|cached| **cached == 100.0).count();
        assert!(whole >= 19 && lost >= 19 && whole + lost >= 39, "{second:?}");
        assert!(found.requests.iter().step_by(2).all(|request| request.cached_tokens == 100.0));
    }

    #[test]
    fn a_ratio_below_what_all_share_takes_that_too() {
        let mut found = sessions();
        supposed(&mut found, 0.1);
        assert!((ratio(&found) - 0.1).abs() < 1e-9);
        supposed(&mut found, 0.0);
        assert!(ratio(&found) == 0.0);
    }

    #[test]
    fn more_hits_are_what_a_better_cache_kept_and_then_less_left_to_compute() {
        let mut found = sessions();
        supposed(&mut found, 0.5);
        supposed(&mut found, 2.0 / 3.0);
        assert!((ratio(&found) - 2.0 / 3.0).abs() < 0.005);
        let least = found.requests.iter().skip(1).step_by(2).map(|request| request.cached_tokens);
        assert!(least.fold(f64::INFINITY, f64::min) >= 250.0, "all found their past again");
        supposed(&mut found, 0.95);
        assert!((ratio(&found) - 0.95).abs() < 0.005);
    }
}
