//! What moved, call by call: how far each call stands from what its kind usually does, split by
//! reason, as logarithms (for tests and ranking) and as seconds (for the waterfall).
//!
//! Every effect has a usual value near zero; a window is judged by how far the mean of an effect
//! stands from its mean in the baseline, so the mix of kinds never passes for slowness. The
//! seconds of one call add up to its duration.

use super::cells::{Cells, Moved, Places};
use super::expect::Expected;
use super::frame::{Frame, Outcome, Side, known};
use super::usual::{by_engine, by_kind, class_levels, usual_uncached};
use crate::stats::quantile::{mean, variance};

/// One reason for a call to take longer; each acts on one latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
#[allow(missing_docs, reason = "each is named in EFFECTS")]
pub enum Effect {
    Length,
    Cache,
    Output,
    AcceptWithin,
    AcceptMix,
    ClassMix,
    RouteTtft,
    RouteItl,
    RouteWhole,
    Retry,
    ClientWait,
    Stall,
    RestTtft,
    RestItl,
    RestWhole,
    Mix,
    Failure,
}

/// Every effect, in causal order, with the term of the waterfall that it belongs to.
pub const EFFECTS: [(Effect, Term); 17] = [
    (Effect::Length, Term::PromptLength),
    (Effect::Cache, Term::CacheMisses),
    (Effect::Output, Term::OutputLength),
    (Effect::AcceptWithin, Term::Acceptance),
    (Effect::AcceptMix, Term::Acceptance),
    (Effect::ClassMix, Term::Mix),
    (Effect::RouteTtft, Term::Routing),
    (Effect::RouteItl, Term::Routing),
    (Effect::RouteWhole, Term::Routing),
    (Effect::Retry, Term::Retries),
    (Effect::ClientWait, Term::ClientWait),
    (Effect::Stall, Term::ClientStall),
    (Effect::RestTtft, Term::TtftRest),
    (Effect::RestItl, Term::ItlRest),
    (Effect::RestWhole, Term::WholeRest),
    (Effect::Mix, Term::Mix),
    (Effect::Failure, Term::WholeRest),
];

/// One term of the waterfall, in causal order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
#[allow(missing_docs, reason = "each is named in TERMS")]
pub enum Term {
    Mix,
    PromptLength,
    CacheMisses,
    OutputLength,
    Acceptance,
    Routing,
    Retries,
    ClientWait,
    ClientStall,
    TtftRest,
    ItlRest,
    WholeRest,
}

/// Every term with its id and its name for a person.
pub const TERMS: [(Term, &str, &str); 12] = [
    (Term::Mix, "traffic_mix", "traffic mix"),
    (Term::PromptLength, "prompt_length", "longer prompts"),
    (Term::CacheMisses, "cache_misses", "cache misses"),
    (Term::OutputLength, "output_length", "longer answers"),
    (Term::Acceptance, "acceptance", "fewer tokens a step"),
    (Term::Routing, "routing", "served elsewhere"),
    (Term::Retries, "retries", "retries"),
    (Term::ClientWait, "client_wait", "waiting in the client"),
    (Term::ClientStall, "client_stall", "stalls in the client"),
    (Term::TtftRest, "ttft_same_work", "first token, same work"),
    (Term::ItlRest, "itl_same_work", "decoding, same work"),
    (Term::WholeRest, "duration_same_work", "whole call, same work"),
];

/// Effects and seconds of every call.
#[derive(Debug, Clone)]
pub struct Effects {
    /// Logarithmic effect of each call, by effect; NaN where the call cannot tell.
    pub logs: Vec<Vec<f64>>,
    /// Seconds of each call, by term; NaN for calls that are left out of the waterfall.
    pub seconds: Vec<Vec<f64>>,
    /// Uncached tokens that the call would have had with the baseline's cache.
    pub usual_uncached: Vec<f64>,
}

/// Bounds of a logarithmic effect: one straggler may not speak for a window.
const LEAST_LOG: f64 = -1.5;
const MOST_LOG: f64 = 2.5;
/// Fewest calls that stayed for a comparison with those that moved.
const LEAST_STAYED: usize = 5;
/// A stalled consumer leaves gaps this many times the usual median gap of its kind of call.
const STALL_GAP: f64 = 4.0;
/// And its own median gap is less than this part of the usual.
const COLLAPSED: f64 = 0.6;
/// Shorter stalls are jitter.
const LEAST_STALL_S: f64 = 0.1;

struct Usual {
    uncached: Vec<f64>,
    output: Vec<f64>,
    log_per_step: Vec<f64>,
    engine_log_per_step: Vec<f64>,
    class: Vec<f64>,
    gap: Vec<f64>,
}

impl Effects {
    /// Measures every call against its kind.
    pub fn new(frame: &Frame, cells: &Cells, places: &Places, expected: &Expected) -> Self {
        let usual_uncached = usual_uncached(frame, cells);
        let logs_per_step: Vec<f64> = expected.per_step.iter().map(|per| per.ln()).collect();
        let engine_log_per_step = by_engine(frame, cells, &logs_per_step);
        let usual = Usual {
            uncached: by_kind(frame, cells, &usual_uncached),
            output: by_kind(frame, cells, &frame.output_tokens),
            log_per_step: by_kind(frame, cells, &logs_per_step),
            engine_log_per_step,
            class: class_levels(frame, cells, expected),
            gap: by_kind(frame, cells, &frame.itl_p50_s),
        };
        let mut effects = Self {
            logs: vec![vec![f64::NAN; frame.len()]; EFFECTS.len()],
            seconds: vec![vec![f64::NAN; frame.len()]; TERMS.len()],
            usual_uncached,
        };
        for row in 0..frame.len() {
            // A call that failed counts as one that took twice as long.
            let served = frame.outcomes[row] == Outcome::Served;
            let failure = if served { 0.0 } else { std::f64::consts::LN_2 };
            effects.set(Effect::Failure, row, failure);
            if frame.outcomes[row] == Outcome::Failed || frame.duration_s[row].is_nan() {
                continue;
            }
            if expected.seen_ttft_s[row].is_finite() && expected.ttft_s[row].is_finite() {
                effects.split_call(frame, expected, &usual, row);
            } else if expected.seen_whole_s[row].is_finite() && expected.whole_s[row].is_finite() {
                effects.whole_call(frame, expected, &usual, row);
            }
        }
        effects.move_to_routing(frame, cells, places, expected);
        effects
    }

    fn set(&mut self, effect: Effect, row: usize, log: f64) {
        self.logs[effect as usize][row] = log.clamp(LEAST_LOG, MOST_LOG);
    }

    fn add(&mut self, term: Term, row: usize, seconds: f64) {
        let cell = &mut self.seconds[term as usize][row];
        *cell = known(*cell) + known(seconds);
    }

    /// A call whose first token is known.
    fn split_call(&mut self, frame: &Frame, expected: &Expected, usual: &Usual, row: usize) {
        let place = expected.ttft_place[row];
        let full = expected.ttft_s[row];
        let slope = expected.prefill_slope_s[row] / 1000.0;
        let own = frame.uncached_tokens[row];
        let at = |tokens: f64| (full + slope * known(tokens - own)).max(0.05 * full) / place;
        let (work, kept, kind) = (at(own), at(self.usual_uncached[row]), at(usual.uncached[row]));
        self.set(Effect::Length, row, (kept / kind).ln());
        self.set(Effect::Cache, row, (work / kept).ln());
        self.set(Effect::RouteTtft, row, place.ln());
        self.set(Effect::RestTtft, row, (expected.seen_ttft_s[row] / full).ln());
        self.client(frame, row, full);
        self.add(Term::PromptLength, row, kept - kind);
        self.add(Term::CacheMisses, row, work - kept);
        self.add(Term::Routing, row, full - work);
        self.add(Term::TtftRest, row, expected.seen_ttft_s[row] - full);
        if expected.itl_s[row].is_finite() && frame.output_tokens[row] >= 1.0 {
            self.decode(frame, expected, usual, row, (kind, full));
        }
        self.settle_mix(frame, row);
    }

    /// The decode part of a call whose first token is known.
    fn decode(
        &mut self,
        frame: &Frame,
        expected: &Expected,
        usual: &Usual,
        row: usize,
        ttft: (f64, f64),
    ) {
        let place = expected.itl_place[row];
        let full = expected.itl_s[row];
        let own = expected.per_step[row].ln();
        let usual_step = usual.engine_log_per_step[row];
        // The step at the engine's usual tokens per step, at the engine's usual place.
        let base = full * (own - usual_step).exp() / place;
        let (output, kind) = (frame.output_tokens[row] - 1.0, usual.output[row] - 1.0);
        self.set(Effect::AcceptWithin, row, usual.log_per_step[row] - own);
        self.set(Effect::AcceptMix, row, usual_step - usual.log_per_step[row]);
        self.set(Effect::ClassMix, row, usual.class[row]);
        self.set(Effect::RouteItl, row, place.ln());
        self.set(Effect::Output, row, ((ttft.1 + base * output) / (ttft.1 + base * kind)).ln());
        self.set(Effect::Mix, row, (ttft.0 + base * kind).ln());
        self.add(Term::OutputLength, row, base * (output - kind));
        self.add(Term::Acceptance, row, (full / place - base) * output);
        self.add(Term::Routing, row, (full - full / place) * output);
        let decode = frame.duration_s[row] - frame.ttft_s[row];
        if !decode.is_finite() || !expected.seen_itl_s[row].is_finite() {
            return;
        }
        let rest = (expected.seen_itl_s[row] / full).ln();
        let stalled = stalled(frame, expected, usual.gap[row], row);
        self.set(Effect::RestItl, row, if stalled { 0.0 } else { rest });
        self.set(Effect::Stall, row, if stalled { rest.max(0.0) } else { 0.0 });
        let term = if stalled { Term::ClientStall } else { Term::ItlRest };
        self.add(term, row, decode - full * output);
    }

    /// A call of which only the whole is known.
    fn whole_call(&mut self, frame: &Frame, expected: &Expected, usual: &Usual, row: usize) {
        let place = expected.whole_place[row];
        let full = expected.whole_s[row];
        let slope = expected.prefill_slope_s[row] / 1000.0;
        let token = expected.whole_token_s[row];
        let own = frame.uncached_tokens[row];
        let at = |uncached: f64, output: f64| {
            let moved =
                slope * known(uncached - own) + token * known(output - frame.output_tokens[row]);
            (full + moved).max(0.05 * full) / place
        };
        let work = at(own, frame.output_tokens[row]);
        let short = at(own, usual.output[row]);
        let kept = at(self.usual_uncached[row], usual.output[row]);
        let kind = at(usual.uncached[row], usual.output[row]);
        self.set(Effect::Output, row, (work / short).ln());
        self.set(Effect::Cache, row, (short / kept).ln());
        self.set(Effect::Length, row, (kept / kind).ln());
        self.set(Effect::Mix, row, kind.ln());
        self.set(Effect::RouteWhole, row, place.ln());
        self.set(Effect::RestWhole, row, (expected.seen_whole_s[row] / full).ln());
        self.client(frame, row, full);
        self.add(Term::OutputLength, row, work - short);
        self.add(Term::CacheMisses, row, short - kept);
        self.add(Term::PromptLength, row, kept - kind);
        self.add(Term::Routing, row, full - work);
        self.add(Term::WholeRest, row, expected.seen_whole_s[row] - full);
        self.settle_mix(frame, row);
    }

    fn client(&mut self, frame: &Frame, row: usize, usual_s: f64) {
        let (retry, wait) = (frame.retry_wait_s[row], frame.client_wait_s[row]);
        if retry.is_finite() {
            self.set(Effect::Retry, row, (retry / usual_s).ln_1p());
            self.add(Term::Retries, row, retry);
        }
        if wait.is_finite() {
            self.set(Effect::ClientWait, row, (wait / usual_s).ln_1p());
            self.add(Term::ClientWait, row, wait);
        }
    }

    /// What is left is what the call's kind usually takes: the mix.
    fn settle_mix(&mut self, frame: &Frame, row: usize) {
        let sum: f64 = self.seconds.iter().map(|term| known(term[row])).sum();
        for term in &mut self.seconds {
            term[row] = known(term[row]);
        }
        self.seconds[Term::Mix as usize][row] = frame.duration_s[row] - sum;
    }

    /// Calls served where their engine was not served before: what they lost beyond those that
    /// stayed, a cold cache included, is routing.
    fn move_to_routing(
        &mut self,
        frame: &Frame,
        cells: &Cells,
        places: &Places,
        expected: &Expected,
    ) {
        let stayed = |row: usize| frame.sides[row] == Side::Window && places.moved[row].is_none();
        for engine in 0..cells.engines {
            let of = |row: &usize| cells.engine[*row] == engine;
            let moved: Vec<usize> =
                (0..frame.len()).filter(|row| places.moved[*row].is_some()).filter(of).collect();
            if moved.is_empty() {
                continue;
            }
            let kept: Vec<usize> = (0..frame.len()).filter(|row| stayed(*row)).filter(of).collect();
            let usual: Vec<usize> = (0..frame.len())
                .filter(|row| frame.sides[*row] == Side::Baseline)
                .filter(of)
                .collect();
            let against = if kept.len() >= LEAST_STAYED { kept } else { usual };
            for (rest, route) in [
                (Effect::RestTtft, Effect::RouteTtft),
                (Effect::RestItl, Effect::RouteItl),
                (Effect::RestWhole, Effect::RouteWhole),
                (Effect::Cache, Effect::RouteTtft),
            ] {
                let level = self.mean_of(rest, &against);
                for &row in &moved {
                    self.shift(frame, expected, row, (rest, route), level);
                }
            }
        }
    }

    fn mean_of(&self, effect: Effect, rows: &[usize]) -> f64 {
        let values: Vec<f64> = rows
            .iter()
            .map(|row| self.logs[effect as usize][*row])
            .filter(|value| value.is_finite())
            .collect();
        let level = mean(&values).unwrap_or(0.0);
        let error = variance(&values).map_or(0.0, |spread| (spread / values.len() as f64).sqrt());
        let z = if error > 0.0 { level / error } else { 0.0 };
        // A level that chance can make is drawn to none.
        level * z * z / (z * z + 4.0)
    }

    fn shift(
        &mut self,
        frame: &Frame,
        expected: &Expected,
        row: usize,
        which: (Effect, Effect),
        level: f64,
    ) {
        let (rest, route) = which;
        let log = self.logs[rest as usize][row];
        if !log.is_finite() {
            return;
        }
        self.logs[rest as usize][row] = level;
        self.logs[route as usize][row] = known(self.logs[route as usize][row]) + log - level;
        let (term, keeps) = match rest {
            Effect::RestTtft => (Term::TtftRest, expected.ttft_s[row] * level.exp_m1()),
            Effect::RestItl => {
                let tokens = (frame.output_tokens[row] - 1.0).max(0.0);
                (Term::ItlRest, expected.itl_s[row] * level.exp_m1() * tokens)
            }
            Effect::RestWhole => (Term::WholeRest, expected.whole_s[row] * level.exp_m1()),
            _ => (Term::CacheMisses, 0.0),
        };
        let excess = self.seconds[term as usize][row] - keeps;
        if excess.is_finite() {
            self.seconds[term as usize][row] -= excess;
            self.seconds[Term::Routing as usize][row] += excess;
        }
    }
}

/// Whether the stream shows a consumer that stopped reading: its own median gap collapsed, chunks
/// having waited for it and come at once, while the longest gaps exploded. Neighbours that stall a
/// batch stretch the longest gaps too, but never shrink the others.
fn stalled(frame: &Frame, expected: &Expected, usual_gap_s: f64, row: usize) -> bool {
    let usual_itl_s = expected.itl_s[row];
    if frame.server_decode_s[row] > 0.0 && frame.ttft_s[row].is_finite() {
        let decode = frame.duration_s[row] - frame.ttft_s[row];
        let gap = decode - frame.server_decode_s[row];
        let usual = usual_itl_s * (frame.output_tokens[row] - 1.0).max(1.0);
        if gap > 0.25 * usual && gap > LEAST_STALL_S {
            return true;
        }
    }
    let (p50, p99) = (frame.itl_p50_s[row], frame.itl_p99_s[row]);
    let collapsed = p50 < COLLAPSED * usual_gap_s;
    let exploded = p99 > STALL_GAP * usual_gap_s && p99 > LEAST_STALL_S;
    collapsed && exploded && frame.itl_s[row] > usual_itl_s
}

/// What moved where routing changed: the kind that most of a set of calls shows.
pub fn prevailing(places: &Places, rows: &[usize]) -> Option<Moved> {
    let count = |kind| rows.iter().filter(|row| places.moved[**row] == Some(kind)).count();
    [Moved::Model, Moved::Region, Moved::Pool]
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .max_by_key(|kind| (count(*kind), std::cmp::Reverse(*kind)))
}
