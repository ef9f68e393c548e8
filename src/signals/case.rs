//! The figures that the causes weigh: which effects moved beyond chance and where, and what stands
//! beside them (own load, routing, cache misses, the server's own attributes).

use super::Signals;
use super::effects::{EFFECTS, Effect, SAME_WORK};
use super::frame::{Frame, Side};
use super::gained::{Gained, gained};
use super::halves::halves;
use super::load::Load;
use super::locate::{locate, surely_longer, under_a_surge};
use super::longer::confined;
use super::misses::Misses;
use super::own_work::{OwnWork, own_work};
use super::reported::{Reported, reported};
use super::routing::Routing;
use super::tails::slowest;
use super::tally::{Shift, Shifts};
use super::thinned::thinned_part;
use crate::stats::quantile::quantile;

/// An effect that moved, and the smallest slice that holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Located {
    /// Index of the slice; 0 is everything.
    pub slice: usize,
    /// How far it moved there.
    pub shift: Shift,
    /// How far it moved in all other calls; nothing where there are none.
    pub outside: Option<Shift>,
}

/// What the service itself did at the same work, in one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rest {
    /// Where.
    pub slice: usize,
    /// First token.
    pub ttft: Shift,
    /// Time per token.
    pub itl: Shift,
    /// Calls that show no first token.
    pub whole: Shift,
    /// Whether TTFT and ITL are known apart.
    pub split: bool,
    /// Whether they were inferred from whole calls.
    pub inferred: bool,
    /// Rise of the slowest first tokens at the same work, as a logarithm, where slow ones became more
    /// frequent beyond chance.
    pub slowest: f64,
}

impl Rest {
    /// The largest of its shifts of the typical call, as a logarithm.
    pub const fn most(&self) -> f64 {
        self.ttft.log.max(self.itl.log).max(self.whole.log)
    }
}

/// The case that the causes judge.
#[derive(Debug, Clone)]
pub struct Case {
    /// Effects that moved beyond chance and materially, by effect.
    pub located: Vec<Option<Located>>,
    /// The service at the same work, where it got slower.
    pub rest: Option<Rest>,
    /// The slice where prompts and answers grew together beyond chance.
    pub longer_slice: Option<usize>,
    /// Own work that grew where the service got slower.
    pub own_work: Option<OwnWork>,
    /// Whether the calls that lost their cache are those whose service got slower.
    pub loss_meets_slowness: bool,
    /// The part of the mix's move that calls which stopped coming make alone, 0 to 1.
    pub mix_thinned_part: f64,
    /// The calls that the mix moved to, where it moved.
    pub mix_gained: Option<Gained>,
    /// Everything's shifts, whatever they are.
    pub whole: [Shift; EFFECTS.len()],
    /// Own requests.
    pub load: Load,
    /// Why caches were missed, where they were.
    pub misses: Misses,
    /// Where calls were served.
    pub routing: Routing,
    /// Queue wait, seconds.
    pub queue_wait_s: Option<Reported>,
    /// Sequences in the batch.
    pub batch_size: Option<Reported>,
    /// Median gap between the chunks of a call, seconds.
    pub gap_s: Option<Reported>,
    /// Which figures the spans carry.
    pub carried: Carried,
    /// How much of the fall of tokens a step the best-drafted calls share, 0 to 1: with a worse
    /// draft all calls fall, with another workload the best stay. 1 where workload classes are known.
    pub best_fell_share: f64,
}

/// Which figures enough calls of both sides carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a list of yes and no")]
pub struct Carried {
    /// First chunk.
    pub ttft: bool,
    /// Tokens read from the cache.
    pub cache: bool,
    /// Input tokens.
    pub input: bool,
    /// Output tokens.
    pub output: bool,
    /// Acceptance.
    pub acceptance: bool,
    /// Region.
    pub region: bool,
    /// Pool or fingerprint.
    pub pool: bool,
    /// Served model.
    pub model: bool,
    /// Attempts and their waits.
    pub attempts: bool,
    /// Wait in the client.
    pub client_wait: bool,
    /// Queue wait or requests waiting on the server.
    pub queue: bool,
}

/// On a resample an effect is gone when less than this part of it is left.
const HALVED: f64 = 0.5;
/// The best-drafted calls.
const BEST_QUANTILE: f64 = 0.85;
/// Share of calls on each side that must carry a figure for it to count as carried.
const CARRIED_SHARE: f64 = 0.3;

impl Case {
    /// Reads the case off the signals.
    pub fn new(signals: &Signals) -> Self {
        let mut located: Vec<Option<Located>> =
            EFFECTS.iter().map(|(effect, _)| locate(signals, *effect)).collect();
        let longer_slice = grew_together(signals, &mut located);
        if rest(signals, &located).is_none()
            && let Some((effect, slow)) = under_a_surge(signals, &Load::new(signals, 0))
        {
            located[effect as usize] = Some(slow);
        }
        let rest = rest(signals, &located);
        let load_slice = rest.map_or(0, |rest| rest.slice);
        let load = Load::new(signals, load_slice);
        let own_work = rest.and_then(|rest| own_work(signals, rest.slice, &load));
        if let (Some(own), Some(rest)) = (own_work, rest) {
            // Together with the slowness that it brings it matters, small as it is alone.
            let shift = own.shift;
            located[own.effect as usize].get_or_insert(Located {
                slice: rest.slice,
                shift,
                outside: None,
            });
        }
        let frame = &signals.frame;
        let slice = located[Effect::Cache as usize].map_or(0, |located| located.slice);
        let loss_meets_slowness = rest.is_some() && overlap(signals, slice, load_slice);
        Self {
            whole: signals.shifts[0],
            rest,
            longer_slice,
            own_work,
            loss_meets_slowness,
            mix_gained: located[Effect::Mix as usize].and_then(|mix| gained(signals, mix.slice)),
            mix_thinned_part: located[Effect::Mix as usize]
                .map_or(0.0, |mix| thinned_part(signals, mix.slice)),
            load,
            misses: Misses::new(signals, slice),
            routing: Routing::new(signals, &located),
            queue_wait_s: reported(signals, load_slice, &frame.queue_wait_s),
            batch_size: reported(signals, load_slice, &frame.batch_size),
            gap_s: reported(signals, load_slice, &frame.itl_p50_s),
            carried: Carried::new(frame),
            best_fell_share: best_fell(signals, located[Effect::AcceptWithin as usize]),
            located,
        }
    }

    /// The same case on other shifts: a resample, with every place kept.
    pub fn under(&self, shifts: &Shifts) -> Self {
        let mut case = self.clone();
        case.whole = shifts[0];
        for (at, located) in case.located.iter_mut().enumerate() {
            if let Some(found) = located {
                let was = found.shift.log;
                found.shift = shifts[found.slice][at];
                if found.shift.log < HALVED * was {
                    *located = None;
                }
            }
        }
        if let Some(rest) = &mut case.rest {
            let of = &shifts[rest.slice];
            if !rest.inferred {
                rest.ttft = of[Effect::RestTtft as usize];
                rest.itl = of[Effect::RestItl as usize];
            }
            rest.whole = of[Effect::RestWhole as usize];
        }
        case
    }

    /// The slices that the case rests on.
    pub fn slices(&self) -> Vec<usize> {
        let mut slices: Vec<usize> = self.located.iter().flatten().map(|at| at.slice).collect();
        slices.extend(self.rest.map(|rest| rest.slice));
        slices.push(0);
        slices.sort_unstable();
        slices.dedup();
        slices
    }

    /// Where an effect moved.
    pub fn at(&self, effect: Effect) -> Option<Located> {
        self.located[effect as usize]
    }

    /// The strongest of several effects.
    pub fn strongest(&self, effects: &[Effect]) -> Option<(Effect, Located)> {
        let found = effects.iter().filter_map(|effect| Some((*effect, self.at(*effect)?)));
        found.max_by(|a, b| a.1.shift.z.total_cmp(&b.1.shift.z))
    }

    /// Whether the mix of calls changed because one slice of the own traffic grew, and with it the
    /// load of a service that slowed down.
    pub fn surge_moved_the_mix(&self) -> bool {
        self.load.surged && self.load.slice != 0 && self.rest.is_some()
    }

    /// Whether prompts and answers grew together, which speaks for requests of another kind.
    pub fn grew_at_both_ends(&self) -> bool {
        let held = |effect: Effect| {
            self.at(effect).is_some_and(|at| at.slice == 0 || Some(at.slice) == self.longer_slice)
        };
        self.longer_slice.is_some() && held(Effect::Length) && held(Effect::Output)
    }

    /// Whether nothing moved.
    pub fn quiet(&self) -> bool {
        self.located.iter().all(Option::is_none)
    }
}

impl Carried {
    fn new(frame: &Frame) -> Self {
        let numbers = |values: &[f64]| carried(frame, |row| values[row].is_finite());
        let codes = |codes: &crate::calls::Codes| {
            carried(frame, |row| codes.codes[row] != crate::calls::Codes::NULL)
        };
        Self {
            ttft: numbers(&frame.ttft_s),
            cache: numbers(&frame.cache_read_tokens),
            input: numbers(&frame.input_tokens),
            output: numbers(&frame.output_tokens),
            acceptance: numbers(&frame.spec_accepted_tokens)
                || numbers(&frame.spec_acceptance_ratio),
            region: codes(&frame.region),
            pool: codes(&frame.pool) || codes(&frame.fingerprint),
            model: codes(&frame.response_model),
            attempts: numbers(&frame.attempts),
            client_wait: numbers(&frame.client_wait_s),
            queue: numbers(&frame.queue_wait_s) || numbers(&frame.waiting_requests),
        }
    }
}

fn carried(frame: &Frame, carries: impl Fn(usize) -> bool) -> bool {
    [Side::Baseline, Side::Window].into_iter().all(|side| {
        let rows = frame.rows(side);
        let with = rows.iter().filter(|row| carries(**row)).count();
        !rows.is_empty() && with as f64 >= CARRIED_SHARE * rows.len() as f64
    })
}

/// The slice where prompts and answers grew together beyond chance, which both ends are then told of.
///
/// Answers that alone are longer beyond doubt make the next prompts of their conversations longer too:
/// of another kind are requests whose ends moved alike.
fn grew_together(signals: &Signals, located: &mut [Option<Located>]) -> Option<usize> {
    let ends = [Effect::Length, Effect::Output]
        .map(|effect| located[effect as usize].map(|located| located.slice));
    if ends[0].is_some() != ends[1].is_some() {
        return None;
    }
    let longer = confined(signals, surely_longer(signals)?, ends);
    let slice = longer.slice;
    for (effect, shift) in [(Effect::Length, longer.prompt), (Effect::Output, longer.answer)] {
        let end = &mut located[effect as usize];
        // Each alone may be chance, and both are not; of everything, the calls that stayed as they
        // were are a part.
        if end.is_none_or(|end| end.slice == 0) {
            *end = Some(Located { slice, shift, outside: None });
        }
    }
    Some(slice)
}

/// Whether most calls of the window in one slice lie in the other too.
fn overlap(signals: &Signals, of: usize, other: usize) -> bool {
    let keys = &signals.slices.slices[other].keys;
    let rows = signals.slices.slices[of].rows.iter().map(|row| *row as usize);
    let window: Vec<usize> = rows.filter(|row| signals.frame.sides[*row] == Side::Window).collect();
    let both = window.iter().filter(|row| signals.slices.holds(keys, **row)).count();
    2 * both > window.len()
}

/// The service itself, in the slice where it moved most clearly.
fn rest(signals: &Signals, located: &[Option<Located>]) -> Option<Rest> {
    let found = SAME_WORK.iter().filter_map(|effect| located[*effect as usize]);
    let main = found.max_by(|a, b| a.shift.z.total_cmp(&b.shift.z))?;
    let of = &signals.shifts[main.slice];
    let ttft = of[Effect::RestTtft as usize];
    let split = ttft.window_weight >= 4.0 && ttft.baseline_weight >= 8.0;
    let halves = if split { None } else { halves(signals, main.slice) };
    Some(Rest {
        slice: main.slice,
        ttft: halves.map_or(ttft, |halves| halves.0),
        itl: halves.map_or(of[Effect::RestItl as usize], |halves| halves.1),
        whole: of[Effect::RestWhole as usize],
        split: split || halves.is_some(),
        inferred: halves.is_some(),
        slowest: slowest(signals, main.slice),
    })
}

fn best_fell(signals: &Signals, located: Option<Located>) -> f64 {
    let Some(located) = located else { return 1.0 };
    if signals.cells.by_prompt || located.shift.log <= 0.0 {
        return 1.0;
    }
    let best = |side: Side| {
        let rows = signals.slices.slices[located.slice].rows.iter().map(|row| *row as usize);
        let told: Vec<f64> = rows
            .filter(|row| signals.frame.sides[*row] == side)
            .filter(|row| signals.frame.spec_accepted_tokens[*row].is_finite())
            .map(|row| signals.expected.per_step[row].ln())
            .collect();
        quantile(&told, BEST_QUANTILE)
    };
    match (best(Side::Baseline), best(Side::Window)) {
        (Some(before), Some(after)) => ((before - after) / located.shift.log).clamp(0.0, 1.0),
        _ => 1.0,
    }
}
