//! The sentences that say how the answer was made, suppositions included.

use super::answer::{CapacityArgs, MOST_HIDDEN, MOST_HIDDEN_TTFT, MOST_MISFIT, Studied};
use super::words::count;
use crate::diagnosis::capacity::Capacity;

/// How an engine was looked for and judged, whatever came of it.
pub fn judged(studied: &Studied) -> Vec<String> {
    let response = &studied.response;
    vec![
        format!(
            "A batching engine was fitted: {} structures (scheduler, replicas, routing, caps) with four costs each, by \
             replaying the recorded requests at their own times until TTFT, ITL and duration came out as recorded. The \
             best leaves {:.2} sampling errors squared ({MOST_MISFIT} is the most that is accepted).",
            studied.tried.len(),
            studied.misfit()
        ),
        format!(
            "Own load on that engine leaves unexplained {:.0} % of how ITL and {:.0} % of how TTFT vary over time at \
             equal work, beyond the luck of routing; from {:.0} % and {:.0} % on, others must share it.",
            100.0 * response.hidden_share(),
            100.0 * response.hidden_ttft_share(),
            100.0 * MOST_HIDDEN,
            100.0 * MOST_HIDDEN_TTFT
        ),
    ]
}

/// How figures came of it.
pub fn predicted(answer: &Capacity, args: &CapacityArgs) -> Vec<String> {
    let mut list = vec![
        "More traffic is the recording's own sessions, as many times as asked, copies within 12 s of the original: bursts \
         stay bursts. Eight engines that fit about alike are given it, and stretches of it drawn anew; a figure is \
         their median."
            .to_owned(),
        "The 90 % interval adds to their spread the errors that were measured on simulated deployments \
         (docs/capacity.md); a figure whose interval is too wide is withheld and its interval is not."
            .to_owned(),
    ];
    list.extend(supposed(answer, args));
    list
}

/// What each supposition changed.
fn supposed(answer: &Capacity, args: &CapacityArgs) -> Vec<String> {
    let (what_if, recorded) = (&args.what_if, &answer.recorded);
    let now = |ratio: Option<f64>| {
        ratio.map_or("not recorded".to_owned(), |ratio| format!("{:.0} % recorded", 100.0 * ratio))
    };
    let mut list = Vec::new();
    if what_if.cache_hit_ratio.is_some() {
        list.push(format!(
            "Cache ({}): fewer hits are prompts that lose their session's past, more hits prompts that find it or what the \
             best-cached of their kind find, and then less of every prompt left to compute.",
            now(recorded.cache_hit_ratio)
        ));
    }
    if what_if.acceptance_ratio.is_some() {
        list.push(format!(
            "Drafts ({}): each decode iteration yields one token and the accepted ones of its draft.",
            now(recorded.acceptance_ratio)
        ));
    }
    if what_if.prompt_factor.is_some() {
        list.push(
            "Prompts: every one, and what of it is cached, is that many times as long.".to_owned(),
        );
    }
    if what_if.output_factor.is_some() {
        list.push(
            "Answers: every one, and its iterations, is that many times as long, and so are the pasts that later calls \
             of its session read again."
                .to_owned(),
        );
    }
    if let Some(replicas) = answer.engine.as_ref().map(|engine| engine.replicas)
        && let Some(more) = what_if.more_replicas
    {
        let after = i64::try_from(replicas).unwrap_or(1) + i64::from(more);
        list.push(format!(
            "Replicas: {} of the fitted engine instead of {}, with calls spread and caching as recorded.",
            count(after as f64),
            count(replicas as f64)
        ));
    }
    if what_if.mix.is_some() {
        list.push(
            "Mix: more of that service's sessions and fewer of the others', as many calls in all."
                .to_owned(),
        );
    }
    list
}
