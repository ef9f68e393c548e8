//! Signals to findings: one file per cause, and the registry that lists them.
//!
//! A cause holds its documentation, the attributes that it needs, its constants with their source,
//! and its rule. It sees the [`Case`] and nothing else; ranking is the verdict's work.

mod acceptance_drop_draft_swap;
mod acceptance_drop_traffic_shift;
mod cache_miss_cold;
mod cache_miss_evicted;
mod cache_miss_prompt_changed;
mod capacity_event;
mod client_retries;
mod client_stall;
mod crowding;
mod decode_contention;
mod load_surge;
mod lost_cache;
mod mix_shift;
mod model_change;
mod output_growth;
mod page;
mod pool_change;
mod prefill_queueing;
mod prompt_growth;
mod region_change;
mod tree;

pub use page::{page, pages};

use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::{Effect, SAME_WORK};
use crate::signals::tally::Shift;

/// One cause: what it is, what it needs, and how it is told.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Which cause.
    pub cause: Cause,
    /// How it shows, what it is mistaken for, and how it is told apart (Markdown).
    pub doc: &'static str,
    /// Attributes without which it cannot be decided, by the field's names.
    pub needs: &'static [&'static str],
    /// The constants of its rule.
    pub constants: &'static [Constant],
    /// The rule.
    pub judge: fn(&Case) -> Judgement,
}

/// A constant of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Constant {
    /// What it bounds.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Where it comes from.
    pub source: &'static str,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// The case shows it.
    Found(Finding),
    /// The case speaks against it; why, with the figure.
    RuledOut(String),
    /// The spans cannot tell; the attributes that would, and what stands in the way.
    Undecidable(Vec<&'static str>, String),
}

/// A cause that the case shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The slice that holds it; 0 is everything.
    pub slice: usize,
    /// The effects that speak for it, strongest first.
    pub effects: Vec<Effect>,
    /// How far the latency that it acts on moved, as a logarithm; summed over latencies.
    pub log: f64,
    /// Standard errors of the strongest effect.
    pub z: f64,
    /// How well this cause rather than another explains those effects, 0 to 1.
    pub plausibility: f64,
    /// Why, in one sentence with figures.
    pub because: String,
}

/// Every cause, in the contract's order.
pub const RULES: [Rule; 17] = [
    prompt_growth::RULE,
    cache_miss_prompt_changed::RULE,
    cache_miss_evicted::RULE,
    cache_miss_cold::RULE,
    prefill_queueing::RULE,
    decode_contention::RULE,
    capacity_event::RULE,
    load_surge::RULE,
    acceptance_drop_traffic_shift::RULE,
    acceptance_drop_draft_swap::RULE,
    region_change::RULE,
    pool_change::RULE,
    model_change::RULE,
    client_retries::RULE,
    client_stall::RULE,
    output_growth::RULE,
    mix_shift::RULE,
];

/// Of longer prompts and of longer answers, where the other end of the requests grew with them.
const ONE_END: Constant = Constant {
    name: "plausibility where the other end of the requests grew with it",
    value: 0.4,
    source: "two independent changes at one time are rarer than another kind of request",
};

/// A finding from those of these effects that moved, in the slice of the strongest.
fn found(case: &Case, effects: &[Effect], plausibility: f64, because: String) -> Option<Finding> {
    let (_, main) = case.strongest(effects)?;
    let mut moved: Vec<(Effect, Shift)> =
        effects.iter().filter_map(|effect| Some((*effect, case.at(*effect)?.shift))).collect();
    moved.sort_by(|a, b| weight(&b.1).total_cmp(&weight(&a.1)));
    Some(Finding {
        slice: main.slice,
        log: moved.iter().map(|(_, shift)| shift.log).sum(),
        z: main.shift.z,
        effects: moved.into_iter().map(|(effect, _)| effect).collect(),
        plausibility,
        because,
    })
}

/// An effect of own work, with the slowness of the service where that work brought it.
fn with_its_slowness(case: &Case, effect: Effect) -> Vec<Effect> {
    let mut effects = vec![effect];
    if case.own_work.is_some_and(|own| own.effect == effect) {
        effects.extend(SAME_WORK);
    }
    effects
}

/// How much an effect weighs among those of one finding: its size, as far as it is
/// sure, and how many calls tell it.
fn weight(shift: &Shift) -> f64 {
    shift.log * shift.z.min(8.0) * shift.window_weight.sqrt()
}

/// A ratio with its interval: `×1.45 [1.38, 1.52]`.
fn times(shift: &Shift) -> String {
    let (low, high) = shift.interval();
    format!("×{:.2} [{low:.2}, {high:.2}]", shift.ratio())
}

/// What an effect did everywhere: `held at ×1.01 [0.98, 1.04]`, or that it is not known.
fn held(case: &Case, effect: Effect, what: &str) -> String {
    let shift = &case.whole[effect as usize];
    if shift.window_weight < 1.0 {
        return format!("no call shows {what}");
    }
    format!("{what} {} against the baseline", times(shift))
}

/// A share for a person: `41 %`.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_rule_in_the_contracts_order() {
        let listed: Vec<Cause> = RULES.iter().map(|rule| rule.cause).collect();
        assert_eq!(listed, Cause::ALL);
    }
}
