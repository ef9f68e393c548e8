//! The tree as it was walked: what was asked, what was read, what followed.

use super::rank::Ranking;
use crate::diagnosis::Step;
use crate::signals::case::{Case, Located};
use crate::signals::effects::Effect;
use crate::signals::tally::Shift;

/// The questions, in the order in which they are asked, and the effects that answer them.
const QUESTIONS: [(&str, &[Effect]); 9] = [
    ("Did traffic move to slower kinds of calls?", &[Effect::Mix]),
    ("Did prompts get longer?", &[Effect::Length]),
    ("Were cached tokens lost?", &[Effect::Cache]),
    ("Did answers get longer?", &[Effect::Output]),
    ("Did decode steps yield fewer tokens?", &[Effect::AcceptWithin, Effect::AcceptMix]),
    (
        "Were calls served elsewhere, and slower there?",
        &[Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole],
    ),
    (
        "Was time lost in the client or in failed attempts?",
        &[Effect::Retry, Effect::ClientWait, Effect::Stall],
    ),
    ("Did TTFT rise at the same uncached tokens?", &[Effect::RestTtft]),
    ("Did time per token rise at the same context?", &[Effect::RestItl]),
];

/// Walks.
pub fn path(case: &Case, ranking: &Ranking) -> Vec<Step> {
    let mut steps: Vec<Step> = QUESTIONS
        .iter()
        .map(|(question, effects)| {
            let (shift, found) = answer(case, effects);
            Step {
                question: (*question).to_owned(),
                reading: reading(shift),
                answer: said(shift, found),
            }
        })
        .collect();
    if case.rest.is_some() {
        let load = &case.load;
        steps.push(Step {
            question: "Did the own traffic rise?".to_owned(),
            reading: format!(
                "{:.1} → {:.1} calls a minute; the baseline reached ×{:.2}",
                load.baseline_per_minute, load.window_per_minute, load.usual_ratio
            ),
            answer: match load {
                load if load.surged => "yes, beyond the usual",
                load if load.ratio > load.usual_ratio => "a little more than usual",
                _ => "no more than usual",
            }
            .to_owned(),
        });
    }
    if let Some(first) = ranking.ranked.first() {
        steps.push(Step {
            question: "Which cause explains most?".to_owned(),
            reading: first.finding.because.clone(),
            answer: first.cause.label().to_owned(),
        });
    }
    steps
}

fn answer(case: &Case, effects: &[Effect]) -> (Option<Shift>, Option<Located>) {
    if let Some((_, located)) = case.strongest(effects) {
        return (Some(located.shift), Some(located));
    }
    let told = effects.iter().map(|effect| case.whole[*effect as usize]);
    (told.filter(|shift| shift.window_weight >= 1.0).max_by(|a, b| a.z.total_cmp(&b.z)), None)
}

fn reading(shift: Option<Shift>) -> String {
    shift.map_or_else(
        || "no call tells".to_owned(),
        |shift| {
            let (low, high) = shift.interval();
            let usual = if shift.usual.is_finite() {
                format!(", usual to ×{:.2}", shift.usual.exp())
            } else {
                String::new()
            };
            format!("×{:.2} [{low:.2}, {high:.2}]{usual}", shift.ratio())
        },
    )
}

fn said(shift: Option<Shift>, found: Option<Located>) -> String {
    match (shift, found) {
        (None, _) => "not known".to_owned(),
        (_, Some(located)) if located.slice == 0 => "yes, everywhere".to_owned(),
        (_, Some(_)) => "yes, in one slice".to_owned(),
        (Some(shift), None) if shift.interval().1 < 1.1 => "no, it held".to_owned(),
        (Some(_), None) => "not beyond chance".to_owned(),
    }
}
