//! Findings to a ranking: which causes the case shows, how much of the added time each explains,
//! and how often each wins when the blocks of time are drawn again.

use super::confidence;
use crate::causes::{Finding, Judgement, RULES};
use crate::diagnosis::Cause;
use crate::signals::Signals;
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::frame::{Side, known};
use crate::signals::tally::Shifts;
use crate::stats::resample::Rng;

/// A finding with its place in the ranking.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Which cause.
    pub cause: Cause,
    /// What its rule found.
    pub finding: Finding,
    /// How far it moved its latency, discounted for noise and for other names of the same thing.
    pub score: f64,
    /// Part of the added seconds that it explains, 0 to 1.
    pub share: f64,
    /// How often it came first on resampled blocks of time, 0 to 1.
    pub wins: f64,
    /// The probability that it is real and material, 0 to 1.
    pub confidence: f64,
}

/// Everything that the rules said.
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    /// Found, first the most likely.
    pub ranked: Vec<Ranked>,
    /// Spoken against, with the reason.
    pub ruled_out: Vec<(Cause, String)>,
    /// Not to be told, with the missing attributes and the reason.
    pub undecidable: Vec<(Cause, Vec<&'static str>, String)>,
}

/// A finding this many standard errors strong counts half.
const HALF_Z: f64 = 4.0;
/// Findings below this part of the first one's score are not worth a line.
const LEAST_SCORE: f64 = 0.12;
/// Nor are further ones that explain less than this part of the added time.
const LEAST_SHARE: f64 = 0.02;
/// What counts of a cause whose share is nothing.
const SHARE_BASE: f64 = 0.4;
/// Resamples of the whole decision.
const RESAMPLES: u64 = 80;
const SEED: u64 = 0x11a5_9a11;

/// Ranks.
pub fn rank(signals: &Signals, case: &Case) -> Ranking {
    let mut ranking = Ranking::default();
    for rule in &RULES {
        match (rule.judge)(case) {
            Judgement::Found(finding) => {
                let score = score(&finding);
                ranking.ranked.push(Ranked {
                    cause: rule.cause,
                    finding,
                    score,
                    share: 0.0,
                    wins: 0.0,
                    confidence: 0.0,
                });
            }
            Judgement::RuledOut(because) => ranking.ruled_out.push((rule.cause, because)),
            Judgement::Undecidable(missing, because) => {
                ranking.undecidable.push((rule.cause, missing, because));
            }
        }
    }
    ranking.ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.cause.cmp(&b.cause)));
    let least = ranking.ranked.first().map_or(0.0, |first| LEAST_SCORE * first.score);
    ranking.ranked.retain(|found| found.score >= least);
    share_out(signals, case, &mut ranking.ranked);
    let weighed = |found: &Ranked| found.score * weight(found.share);
    ranking.ranked.sort_by(|a, b| weighed(b).total_cmp(&weighed(a)).then(a.cause.cmp(&b.cause)));
    let main = ranking.ranked.first().map(|found| found.cause);
    ranking.ranked.retain(|found| Some(found.cause) == main || found.share >= LEAST_SHARE);
    count_wins(signals, case, &mut ranking.ranked);
    // What comes first on most resamples stands first.
    ranking.ranked.sort_by(|a, b| b.wins.total_cmp(&a.wins));
    say_how_sure(signals, &mut ranking.ranked);
    ranking
}

/// Gives every cause its confidence, and the places behind the first by it: no figure contradicts
/// its place.
fn say_how_sure(signals: &Signals, ranked: &mut [Ranked]) {
    let calls = |found: &Ranked| signals.slices.slices[found.finding.slice].window_calls;
    let Some((first, further)) = ranked.split_first_mut() else { return };
    first.confidence = confidence::first(first, calls(first));
    for found in further.iter_mut() {
        found.confidence = confidence::further(found, calls(found)).min(first.confidence);
    }
    further.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
}

fn score(finding: &Finding) -> f64 {
    finding.log * finding.z / (finding.z + HALF_Z) * finding.plausibility
}

/// A cause that explains little of the added time is less likely the one that was felt.
fn weight(share: f64) -> f64 {
    SHARE_BASE + (1.0 - SHARE_BASE) * share
}

/// The cause that comes first on one resample, each weighed by its share.
fn first(case: &Case, ranked: &[Ranked]) -> Option<Cause> {
    let mut best: Option<(f64, Cause)> = None;
    for rule in &RULES {
        if let Judgement::Found(finding) = (rule.judge)(case) {
            let known = ranked.iter().find(|found| found.cause == rule.cause);
            let score = score(&finding) * weight(known.map_or(0.0, |found| found.share));
            if best.is_none_or(|(have, _)| score > have) {
                best = Some((score, rule.cause));
            }
        }
    }
    best.map(|(_, cause)| cause)
}

fn count_wins(signals: &Signals, case: &Case, ranked: &mut [Ranked]) {
    let mut rng = Rng::new(SEED);
    let slices = case.slices();
    for _ in 0..RESAMPLES {
        let shifts: Shifts = signals.tally.resampled(&mut rng, &slices);
        let winner = first(&case.under(&shifts), ranked);
        for found in ranked.iter_mut().filter(|found| Some(found.cause) == winner) {
            found.wins += 1.0 / RESAMPLES as f64;
        }
    }
}

/// Shares of the added seconds: an effect's seconds are what its shift adds to the latency that it
/// acts on, over the calls of its slice; causes that name the same effect divide it.
fn share_out(signals: &Signals, case: &Case, ranked: &mut [Ranked]) {
    let seconds: Vec<f64> = ranked
        .iter()
        .map(|found| {
            let effects = found.finding.effects.iter();
            let sum: f64 = effects.map(|effect| added_s(signals, case, *effect)).sum();
            sum * found.finding.plausibility
        })
        .collect();
    let total: f64 = seconds.iter().sum();
    for (found, seconds) in ranked.iter_mut().zip(&seconds) {
        found.share = if total > 0.0 { seconds / total } else { 0.0 };
    }
}

/// Seconds that an effect added to all calls of the window.
fn added_s(signals: &Signals, case: &Case, effect: Effect) -> f64 {
    let Some(located) = case.at(effect) else { return 0.0 };
    let frame = &signals.frame;
    let on_ttft = matches!(
        effect,
        Effect::Length
            | Effect::Cache
            | Effect::RouteTtft
            | Effect::RestTtft
            | Effect::Retry
            | Effect::ClientWait
    );
    let on_decode = matches!(
        effect,
        Effect::AcceptWithin
            | Effect::AcceptMix
            | Effect::ClassMix
            | Effect::RouteItl
            | Effect::RestItl
            | Effect::Stall
    );
    let mut sum = 0.0;
    for &row in &signals.slices.slices[located.slice].rows {
        let row = row as usize;
        if frame.sides[row] != Side::Window
            || !signals.effects.logs[effect as usize][row].is_finite()
        {
            continue;
        }
        let (duration, ttft) = (known(frame.duration_s[row]), known(frame.ttft_s[row]));
        sum += match (on_ttft && ttft > 0.0, on_decode) {
            (true, _) => ttft,
            (false, true) => (duration - ttft).max(0.0),
            (false, false) => duration,
        };
    }
    sum * -(-located.shift.log.max(0.0)).exp_m1()
}
