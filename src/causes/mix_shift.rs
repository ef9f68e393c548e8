//! `mix_shift`: traffic moved to slower models and routes.

use super::{Constant, Finding, Judgement, Rule, found, held, percent, times, with_its_slowness};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// Plausibility where the own calls surged in one slice and the service slowed down: the mix changed
/// because that slice grew, which is the surge.
const SURGED: f64 = 0.25;
/// Plausibility where a move between prompts of one model may be hidden acceptance instead.
const SHARED: f64 = 0.45;

/// Plausibility where the mix moved because quick calls stopped coming: no call got slower, and more
/// often than not something else is the news.
const THINNED: f64 = 0.25;

/// Plausibility where prompts and answers grew together and nothing tells kinds of requests apart.
const BOTH_ENDS: f64 = 0.6;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::MixShift,
    doc: "Each model and route held its latency; traffic moved to the slower ones. Told by what each kind of \
        call usually takes: the mix of kinds changed, their own times did not. Where no prompt's name tells \
        kinds apart, prompts and answers that grow together in one service are taken for requests of another \
        kind.",
    needs: &[],
    constants: &[
        Constant {
            name: "plausibility beside a move between prompts of one model",
            value: SHARED,
            source: "an honest weight between two names of one signature",
        },
        Constant {
            name: "plausibility beside a surge of one slice that slowed its service",
            value: SURGED,
            source: "shares that move because one slice was added to are a consequence of that",
        },
        Constant {
            name: "plausibility where prompts and answers grew together",
            value: BOTH_ENDS,
            source: "two independent changes at one time are rarer than another kind of request",
        },
        Constant {
            name: "plausibility where quick calls stopped coming",
            value: THINNED,
            source: "what is left looks slower, and no call is; what stopped them is not in the latency",
        },
    ],
    judge,
};

fn judge(case: &Case) -> Judgement {
    let finding = if case.at(Effect::Mix).is_some() {
        kinds_moved(case)
    } else if case.grew_at_both_ends() {
        both_ends(case)
    } else {
        None
    };
    finding.map_or_else(
        || Judgement::RuledOut(held(case, Effect::Mix, "duration expected from the mix of calls:")),
        Judgement::Found,
    )
}

/// Calls of kinds that are told apart.
fn kinds_moved(case: &Case) -> Option<Finding> {
    let hidden_acceptance = !case.carried.acceptance && case.at(Effect::ClassMix).is_some();
    let plausibility = match (case.surge_moved_the_mix(), hidden_acceptance) {
        (true, _) => SURGED,
        (false, true) => SHARED,
        (false, false) => 1.0,
    };
    let thinned = case.mix_thinned_part;
    let plausibility = plausibility * (1.0 - thinned * (1.0 - THINNED));
    let why = if thinned > 0.5 { "quick calls stopped coming, which" } else { "the mix of calls" };
    let mix = case.at(Effect::Mix)?;
    let gained =
        case.mix_gained.as_ref().filter(|_| thinned <= 0.5).map_or_else(String::new, |of| {
            format!(
                "; {} went from {} to {} of the calls",
                of.name,
                percent(of.before),
                percent(of.after)
            )
        });
    let because = format!("{why} alone takes the duration to {}{gained}", times(&mix.shift));
    found(case, &with_its_slowness(case, Effect::Mix), plausibility, because)
}

/// Requests that are longer in and out, where nothing tells kinds apart.
fn both_ends(case: &Case) -> Option<Finding> {
    let (prompt, answer) = case.at(Effect::Length).zip(case.at(Effect::Output))?;
    let because = format!(
        "longer prompts take TTFT to {} and longer answers the duration to {}, as requests of another kind do",
        times(&prompt.shift),
        times(&answer.shift)
    );
    found(case, &[Effect::Length, Effect::Output], BOTH_ENDS, because)
}
