//! Each call against its kind: the logarithm and the seconds of every reason.

use super::cells::{Cells, Places};
use super::effects::{EFFECTS, Effect, Effects, TERMS, Term};
use super::expect::Expected;
use super::frame::{Frame, Outcome, known};
use super::usual::{Usual, by_kind};

/// Bounds of a logarithmic effect: one straggler may not speak for a window.
const LEAST_LOG: f64 = -1.5;
const MOST_LOG: f64 = 2.5;
/// A stalled consumer leaves gaps this many times the usual median gap of its kind of call.
const STALL_GAP: f64 = 4.0;
/// And its own median gap is less than this part of the usual.
const COLLAPSED: f64 = 0.6;
/// Prefill that takes this much longer than its kind's, as a logarithm, is more than usual.
const MORE_PREFILL: f64 = 0.2;
/// The first token takes at least this part of a call.
const LEAST_FIRST: f64 = 0.1;
/// Shorter stalls are jitter.
const LEAST_STALL_S: f64 = 0.1;

impl Effects {
    /// Measures every call against its kind.
    pub fn new(frame: &Frame, cells: &Cells, places: &Places, expected: &Expected) -> Self {
        let usual = Usual::new(frame, cells, expected);
        let mut effects = Self {
            logs: vec![vec![f64::NAN; frame.len()]; EFFECTS.len()],
            seconds: vec![vec![f64::NAN; frame.len()]; TERMS.len()],
            usual_uncached: usual.kept.clone(),
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
        effects.settle_kinds(frame, cells);
        effects.settle_places(frame, cells);
        effects.move_to_routing(frame, cells, places, expected);
        effects
    }

    /// A ratio, bounded so that no single call decides.
    fn set(&mut self, effect: Effect, row: usize, log: f64) {
        self.logs[effect as usize][row] = log.clamp(LEAST_LOG, MOST_LOG);
    }

    /// What the call's kind usually takes; the mix compares levels, and those have no bounds.
    fn set_usual(&mut self, row: usize, seconds: f64) {
        self.logs[Effect::Mix as usize][row] = seconds.ln();
    }

    fn add(&mut self, term: Term, row: usize, seconds: f64) {
        let cell = &mut self.seconds[term as usize][row];
        *cell = known(*cell) + known(seconds);
    }

    /// TTFT expected of a call's own uncached tokens, of those that it would have had with the
    /// baseline's cache, and of those of its kind; wherever it was served.
    fn prefill(&self, frame: &Frame, expected: &Expected, usual: &Usual, row: usize) -> [f64; 3] {
        let full = expected.ttft_s[row];
        let slope = expected.ttft_slope_s[row] / 1000.0;
        let own = frame.uncached_tokens[row];
        [own, self.usual_uncached[row], usual.uncached[row]].map(|tokens| {
            (full + slope * known(tokens - own)).max(0.05 * full) / expected.ttft_place[row]
        })
    }

    /// A call whose first token is known.
    fn split_call(&mut self, frame: &Frame, expected: &Expected, usual: &Usual, row: usize) {
        let full = expected.ttft_s[row];
        let place = expected.ttft_place[row];
        let [work, kept, kind] = self.prefill(frame, expected, usual, row);
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
        let kind_step = usual.log_per_step[row];
        // The time per token at the engine's usual tokens a step and place: at the call's own
        // context, and at that of its kind.
        let (base, base_kind) = (usual.own_base_s[row], usual.base_s[row]);
        let (output, kind) = (frame.output_tokens[row] - 1.0, usual.output[row] - 1.0);
        // A kind that the baseline hardly knew has no usual acceptance of its own.
        let class_step = if kind_step.is_finite() { kind_step } else { own };
        self.set(Effect::AcceptWithin, row, class_step - own);
        self.set(Effect::AcceptMix, row, usual_step - class_step);
        self.set(Effect::ClassMix, row, usual.class[row]);
        self.set(Effect::RouteItl, row, place.ln());
        self.set(Effect::Output, row, ((ttft.1 + base * output) / (ttft.1 + base * kind)).ln());
        self.set_usual(row, ttft.0 + base_kind * kind);
        self.add(Term::PromptLength, row, (base - base_kind) * kind);
        self.add(Term::OutputLength, row, base * (output - kind));
        self.add(Term::Acceptance, row, (full / place - base) * output);
        self.add(Term::Routing, row, (full - full / place) * output);
        let decode = frame.duration_s[row] - frame.ttft_s[row];
        if !decode.is_finite() || !expected.seen_itl_s[row].is_finite() {
            return;
        }
        let rest = (expected.seen_itl_s[row] / full).ln();
        let stalled = stalled(frame, expected, usual.gap_s[row], row);
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
        let own = frame.uncached_tokens[row];
        let (output, own_step) = (frame.output_tokens[row], expected.per_step[row]);
        let step_s = expected.whole_token_s[row] * own_step;
        // At those uncached tokens, and an answer of so many tokens at so many a step.
        let at = |uncached: f64, output_tokens: f64, per_step: f64| {
            let steps = output_tokens / per_step - output / own_step;
            (full + slope * known(uncached - own) + step_s * known(steps)).max(0.05 * full) / place
        };
        let engine_step = usual.engine_log_per_step[row].exp();
        let kind_step = usual.log_per_step[row];
        let kind_step = if kind_step.is_finite() { kind_step.exp() } else { own_step };
        let work = at(own, output, own_step);
        let class = at(own, output, kind_step);
        let long = at(own, output, engine_step);
        let short = at(own, usual.output[row], engine_step);
        let kept = at(self.usual_uncached[row], usual.output[row], engine_step);
        let kind = at(usual.uncached[row], usual.output[row], engine_step);
        if frame.spec_accepted_tokens[row].is_finite() {
            self.set(Effect::AcceptWithin, row, (work / class).ln());
            self.set(Effect::AcceptMix, row, (class / long).ln());
        }
        self.set(Effect::Output, row, (long / short).ln());
        // Prompts and caches act on TTFT, also where only its neighbours show it, or none: then it
        // is what the whole call takes without its answer.
        let [first, first_kept, first_kind] = if expected.ttft_s[row].is_finite() {
            self.prefill(frame, expected, usual, row)
        } else {
            let decode = step_s * output / own_step;
            let rest = |whole: f64| (whole - decode / place).max(LEAST_FIRST * whole);
            [
                work,
                at(self.usual_uncached[row], output, own_step),
                at(usual.uncached[row], output, own_step),
            ]
            .map(rest)
        };
        self.set(Effect::Cache, row, (first / first_kept).ln());
        self.set(Effect::Length, row, (first_kept / first_kind).ln());
        self.waited(frame, expected, (row, first * place, usual.queue_s[row]));
        self.set_usual(row, kind);
        self.set(Effect::RouteWhole, row, place.ln());
        self.set(Effect::RestWhole, row, (expected.seen_whole_s[row] / full).ln());
        self.client(frame, row, full);
        self.add(Term::Acceptance, row, work - long);
        self.add(Term::OutputLength, row, long - short);
        self.add(Term::CacheMisses, row, short - kept);
        self.add(Term::PromptLength, row, kept - kind);
        self.add(Term::Routing, row, full - work);
        self.add(Term::WholeRest, row, expected.seen_whole_s[row] - full);
        self.settle_mix(frame, row);
    }

    /// A call that shows no first token, but the wait before it as the server reports it: what it
    /// waited beyond its kind is TTFT's, and the rest of its excess the answer's.
    fn waited(
        &mut self,
        frame: &Frame,
        expected: &Expected,
        (row, first_s, usual_queue_s): (usize, f64, f64),
    ) {
        let added = frame.queue_wait_s[row] - usual_queue_s;
        if !added.is_finite() {
            return;
        }
        let answer = expected.whole_s[row] - first_s;
        let seen = expected.seen_whole_s[row] - first_s - added;
        self.set(Effect::RestTtft, row, (added / first_s).max(LEAST_FIRST - 1.0).ln_1p());
        // What more prefill than usual takes is known too roughly to say what the answer took.
        let more = [Effect::Cache, Effect::Length].map(|work| known(self.logs[work as usize][row]));
        let usual_work = more[0] + more[1] < MORE_PREFILL;
        if usual_work && answer > 0.0 && frame.output_tokens[row] >= 1.0 {
            self.set(Effect::RestItl, row, (seen / answer).max(LEAST_FIRST).ln());
        }
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

    /// Served elsewhere is elsewhere than its kind usually is: calls of kinds that are always served
    /// at slower places come from the mix and not from routing.
    fn settle_places(&mut self, frame: &Frame, cells: &Cells) {
        for effect in [Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole] {
            let route = &mut self.logs[effect as usize];
            let usual = by_kind(frame, cells, route);
            for (own, usual) in route.iter_mut().zip(usual) {
                *own -= usual;
            }
        }
    }

    /// The mix is a matter of kinds: every call of a kind counts as its kind usually does.
    fn settle_kinds(&mut self, frame: &Frame, cells: &Cells) {
        let mix = &mut self.logs[Effect::Mix as usize];
        let usual = by_kind(frame, cells, mix);
        for (own, usual) in mix.iter_mut().zip(usual) {
            if own.is_finite() {
                *own = usual;
            }
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
