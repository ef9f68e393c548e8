//! The sentences of a capacity: how it was made, what it rests on, what would make it wrong.

use super::answer::{CapacityArgs, MOST_HIDDEN, MOST_MISFIT, Studied};
use crate::diagnosis::capacity::{Bound, Capacity, Identifiable, Objective};
use crate::slo::{Metric, Slo};

/// An objective without an answer.
pub fn unanswered(slo: &Slo) -> Objective {
    let nothing = Bound { value: None, low: None, high: None };
    Objective { slo: slo.text.clone(), max_scale: nothing, holds_now: None }
}

const LOAD_TEST: &str = "The test that settles it: send this traffic's own mix at 1.0, 1.25 and 1.5 times \
    its rate for ten minutes each, with streaming and token usage recorded, and run this again on that dump.";

/// Too few calls, or too short.
pub fn too_little(answer: &mut Capacity, calls: usize, length_s: f64) {
    answer.because = format!(
        "an engine cannot be told from so little: at least {calls} streamed calls with token counts, \
         time to first chunk and duration are needed, over {length_s:.0} s or more; here are {} calls in {:.0} s",
        answer.recorded.calls, answer.recorded.length_s
    );
    answer.next_steps.push(
        "`llmspan audit` names the attributes that are missing; record a longer stretch."
            .to_owned(),
    );
    answer.next_steps.push(LOAD_TEST.to_owned());
    limits(answer);
}

/// Own load does not explain what moved latency.
pub fn not_own_load(answer: &mut Capacity, studied: &Studied, args: &CapacityArgs) {
    let hidden = studied.response.hidden_share();
    answer.because = if hidden >= MOST_HIDDEN {
        format!(
            "what moves latency here is not your own load: it explains {:.0} % of how ITL varies over time at \
             equal work, and on an engine of your own it would explain nearly all. Others share it, or something \
             unrecorded drives it, so these spans cannot tell what twice your traffic would do",
            100.0 * (1.0 - hidden)
        )
    } else {
        format!(
            "no batching engine reproduces this recording: what the best of {} structures leaves is {:.1} times \
             the sampling error (up to {MOST_MISFIT} is accepted), so it may not be extrapolated. Routing by \
             prefix, cache reads that are not recorded and several engines behind one name do this",
            studied.tried.len(),
            studied.misfit()
        )
    };
    if args.known.replicas.is_none() && hidden < MOST_HIDDEN {
        answer.next_steps.push(
            "If the deployment is your own, say what you know of it: --replicas-now, --max-sequences, --kv-tokens."
                .to_owned(),
        );
    }
    answer.next_steps.push(LOAD_TEST.to_owned());
    limits(answer);
}

/// What a shared API leaves to say: the pace that was reached, and where it was refused.
fn limits(answer: &mut Capacity) {
    let limits = &answer.limits;
    if let Some(tokens) = limits.tokens_per_minute_p99 {
        answer.rests_on.push(format!(
            "The busiest minutes took {tokens:.0} tokens and {:.0} calls (99th percentile of minutes): hold that, \
             times the scale, against the account's limits.",
            limits.calls_per_minute_p99.unwrap_or(0.0)
        ));
    }
    answer.rests_on.push(match limits.tokens_per_minute_refused {
        Some(tokens) => format!(
            "{} calls met a refusal or waited for a retry, in minutes of {tokens:.0} tokens (median).",
            limits.refused_calls
        ),
        None => "No call is recorded as refused (429): the rate limit was not reached.".to_owned(),
    });
}

/// What an answer rests on.
pub fn answered(answer: &mut Capacity, args: &CapacityArgs) {
    let Some(engine) = &answer.engine else { return };
    let unsure = answer.scales.iter().any(|scaled| {
        scaled.beyond_cliff
            || scaled.predicted.all()[..].iter().flatten().any(|bound| bound.value.is_none())
    });
    answer.identifiable = if unsure { Identifiable::Partly } else { Identifiable::Yes };
    answer.because = format!(
        "own load explains {:.0} % of how ITL varies over time at equal work, beyond the luck of routing, and a \
         batching engine fitted to the recording reproduces it (misfit {:.2}){}",
        100.0 * (1.0 - engine.hidden_share),
        engine.misfit,
        if unsure {
            "; some figures are withheld, where queues make the latency or engines that fit alike disagree"
        } else {
            ""
        }
    );
    rests_on(answer);
    wrong_if(answer, args);
    answer.next_steps.push(
        "Before relying on a figure outside the recorded range, replay the traffic at that scale for ten minutes \
         and run this on the dump."
            .to_owned(),
    );
}

fn rests_on(answer: &mut Capacity) {
    let Some(engine) = &answer.engine else { return };
    let recorded = &answer.recorded;
    let mut list = vec![
        format!(
            "{} calls over {:.0} min, {:.1} in flight on average and {:.0} at most.",
            recorded.calls,
            recorded.length_s / 60.0,
            recorded.in_flight,
            recorded.in_flight_peak
        ),
        format!(
            "An engine of {} replica(s), {} scheduling, {:.1} ms per iteration at least and {:.3} ms per prompt \
             token, found by replaying the recorded requests until time to first token, ITL and duration came out \
             as recorded.",
            engine.replicas,
            engine.scheduler.replace('_', "-"),
            engine.step_floor_s * 1e3,
            engine.prompt_token_s * 1e3
        ),
        "The recording's own sessions, as many times as asked, copies within 12 s of the original: bursts stay \
         bursts. Intervals come from engines that fit alike, from stretches of the recording drawn anew, and from \
         the errors measured in docs/capacity.md."
            .to_owned(),
    ];
    if let Some(ratio) = recorded.little_ratio.filter(|ratio| (ratio - 1.0).abs() > 0.1) {
        list.push(format!(
            "Calls in flight are {ratio:.2} times what Little's law makes of rate and duration: the recording \
             begins or ends within long calls, or spans are missing."
        ));
    }
    answer.rests_on = list;
}

fn wrong_if(answer: &mut Capacity, args: &CapacityArgs) {
    let Some(engine) = &answer.engine else { return };
    let mut list = Vec::new();
    if engine.max_sequences.is_none() || engine.kv_tokens.is_none() {
        list.push(
            "A cap on running sequences or KV memory that the recording never reached would break this sooner: \
             give --max-sequences and --kv-tokens, as the engine prints them when it starts."
                .to_owned(),
        );
    }
    if args.known.replicas.is_none() {
        list.push(
            "Replicas were not given (--replicas-now): their number is traded against their speed, and the figure \
             shown is the one that fits."
                .to_owned(),
        );
    }
    if answer.recorded.cache_hit_ratio.is_none() {
        list.push(
            "Cache reads are not recorded: what prompts of one name share was taken for cached."
                .to_owned(),
        );
    }
    list.push(
        "Cache hits, drafts accepted and lengths are taken to stay as recorded; more traffic can raise hits (fewer \
         expire) or lower them (more are thrown out)."
            .to_owned(),
    );
    list.push("Calls of others on the same engine, retries of timed-out calls and autoscaling are not in it.".to_owned());
    if args.slos.iter().any(|slo| matches!(slo.metric, Metric::ErrorRate | Metric::TimeoutRate)) {
        list.push(
            "Error and timeout rates are not predicted: those objectives have no answer."
                .to_owned(),
        );
    }
    answer.wrong_if = list;
}
